//! A data folder of its own, and the command run on it.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

pub struct Place {
    folder: TempDir,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Place {
    pub fn new() -> Self {
        Place {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A place with the organization `acme`.
    pub fn with_acme() -> Self {
        let place = Place::new();
        place.json("init --org acme --owner ada@example.com");
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn file(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        std::fs::write(self.path(name), text).unwrap();
        name.to_owned()
    }

    pub fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_docket"));
        let docket = |(name, _): &(std::ffi::OsString, std::ffi::OsString)| {
            name.to_string_lossy().starts_with("DOCKET_")
        };
        for (name, _) in std::env::vars_os().filter(docket) {
            command.env_remove(name);
        }
        command
            .args(words.split_whitespace())
            .current_dir(self.folder.path());
        command.env("DOCKET_DATA", self.path("data"));
        command
    }

    pub fn run(&self, words: &str) -> Ended {
        self.run_with(words, b"")
    }

    /// Runs with this on standard input.
    pub fn run_with(&self, words: &str, input: &[u8]) -> Ended {
        let mut command = self.command(words);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child: Child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        Ended {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs what must succeed; its answer.
    pub fn text(&self, words: &str) -> String {
        let ended = self.run(words);
        assert_eq!(ended.code, 0, "{words}: {ended:?}");
        ended.out
    }

    pub fn json(&self, words: &str) -> Value {
        serde_json::from_str(&self.text(words)).unwrap()
    }

    /// Runs what must not succeed; what it says.
    pub fn fails(&self, words: &str, code: i32) -> String {
        let ended = self.run(words);
        assert_eq!(
            (ended.code, ended.out.as_str()),
            (code, ""),
            "{words}: {ended:?}"
        );
        ended.err
    }

    pub fn export(&self, filter: &str) -> Vec<Value> {
        let text = self.text(&format!("export --org acme {filter}"));
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    pub fn types(&self) -> Vec<String> {
        self.export("")
            .iter()
            .map(|event| event["type"].as_str().unwrap().to_owned())
            .collect()
    }
}
