//! Runs a snippet as somebody who pastes it would, in a bounded time.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

use super::document::Language;
use crate::clients::{Server, docket};
use crate::command::root;
use crate::tools::Tools;

/// How long a snippet may take; ten seconds later it is killed.
const SNIPPET_TIME: [&str; 2] = ["--kill-after=10s", "60s"];
/// Beginnings of the variables that change what a snippet does.
const VARIABLES: [&str; 3] = ["DOCKET_", "OPENAI_", "CLARIFAI_"];
/// How `timeout` ends when the time was up.
const STATUS_TIME_UP: i32 = 124;

/// Where the snippets are pasted.
#[derive(Debug)]
pub struct Shell<'a> {
    folder: &'a Path,
    url: String,
    /// Where it speaks TLS, as one of the vendors' clients is told, and what that one must trust.
    tls: String,
    authority: PathBuf,
    token: String,
    path: OsString,
}

/// The working directories of a document's snippets.
#[derive(Debug)]
pub struct Place {
    /// Empty at first, and the same for all of them.
    pub usual: PathBuf,
    /// Where Node finds the vendor's package.
    pub node: PathBuf,
    /// Prefix of the files that keep the snippets.
    label: String,
}

impl<'a> Shell<'a> {
    /// Snippets find `docket` and the Python of the tests first.
    pub fn new(
        tools: &Tools,
        folder: &'a Path,
        server: &Server,
        token: &str,
    ) -> anyhow::Result<Self> {
        let program = docket();
        let ours = [Path::new(program.get_program()), &tools.python].map(Path::parent);
        let theirs = std::env::var_os("PATH").unwrap_or_default();
        let all = ours.into_iter().flatten().map(Path::to_owned);
        let path = std::env::join_paths(all.chain(std::env::split_paths(&theirs)))
            .context("making the PATH of the snippets")?;
        Ok(Shell {
            folder,
            url: server.url(),
            tls: server.url_tls().replace("https://127.0.0.1", "localhost"),
            authority: server.authority()?,
            token: token.to_owned(),
            path,
        })
    }

    /// Makes the working directory of a document.
    pub fn place(&self, document: &str) -> anyhow::Result<Place> {
        let label = document.replace(['/', ' '], "-");
        let usual = self.folder.join(format!("{label}.d"));
        std::fs::create_dir(&usual).with_context(|| format!("making {}", usual.display()))?;
        let node = root().join("clients/tests/node");
        Ok(Place { usual, node, label })
    }

    /// Runs a snippet of a document and gives what it printed.
    pub fn run(
        &self,
        language: Language,
        name: &str,
        text: &str,
        place: &Place,
    ) -> anyhow::Result<String> {
        let mut command = self.command(place);
        match language {
            Language::Shell => command.args(["bash", "-e", "-o", "pipefail", "-c", text]),
            Language::Python => command.args(["python3", "-"]),
            Language::JavaScript => command
                .args(["node", "--input-type=module", "-"])
                .current_dir(&place.node),
        };
        if language != Language::Shell {
            let file = self.folder.join(format!("{}-{name}", place.label));
            std::fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
            let file = File::open(&file).with_context(|| format!("opening {}", file.display()))?;
            command.stdin(file);
        }
        printed(&mut command)
    }

    /// Runs a snippet of the banner, which is pasted where Node finds the vendor's package.
    pub fn paste(&self, text: &str, place: &Place) -> anyhow::Result<String> {
        let mut command = self.command(place);
        command.args(["bash", "-c", text]).current_dir(&place.node);
        // The banner brings address and token.
        command.env_remove("DOCKET_URL").env_remove("DOCKET_TOKEN");
        printed(&mut command)
    }

    fn command(&self, place: &Place) -> Command {
        let mut command = Command::new("timeout");
        command.args(SNIPPET_TIME);
        for (name, _) in std::env::vars_os() {
            let shown = name.to_string_lossy();
            if VARIABLES.iter().any(|begins| shown.starts_with(begins)) {
                command.env_remove(&name);
            }
        }
        command
            .env("PATH", &self.path)
            .env("DOCKET_URL", &self.url)
            .env("DOCKET_TOKEN", &self.token)
            .env("CLARIFAI_GRPC_BASE", &self.tls)
            .env("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", &self.authority)
            .current_dir(&place.usual)
            .stdin(Stdio::null());
        command
    }
}

fn printed(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().context("starting timeout")?;
    let (out, errors) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    ensure!(
        output.status.code() != Some(STATUS_TIME_UP),
        "it did not end in time:\n{out}{errors}"
    );
    ensure!(
        output.status.success(),
        "it failed: {}\n{out}{errors}",
        output.status
    );
    Ok(out.into_owned())
}
