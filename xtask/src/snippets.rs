//! What README, the reference and `docket serve --demo` tell people to paste, pasted.

mod banner;
mod document;
mod shape;
mod shell;

use anyhow::{Context, ensure};

use crate::clients::{Server, fresh_folder};
use crate::command::root;
use crate::tools::Tools;
use document::Snippet;
use shell::Shell;

/// Where snippets stand, below the workspace's folder.
const DOCUMENTS: [&str; 5] = [
    "README.md",
    "docs/openai.md",
    "docs/clarifai.md",
    "docs/calypsoai.md",
    "docs/api.md",
];
/// What stands for the banner in messages.
const BANNER: &str = "demo banner";

/// Runs the snippets of the demo's banner, then those of the documents, against one demo.
pub fn run(tools: &Tools) -> anyhow::Result<()> {
    let folder = fresh_folder("snippets")?;
    let (server, printed) = Server::demo(&folder)?;
    let token = banner::token(&printed)?;
    let shell = Shell::new(tools, &folder, &server, token)?;
    let mut tally = Tally::default();
    banner::run(&shell, &printed, |name, done| tally.add(BANNER, name, done))?;
    for name in DOCUMENTS {
        run_document(&shell, name, &mut tally)?;
    }
    server.stop()?;
    tally.finish()
}

fn run_document(shell: &Shell<'_>, document: &str, tally: &mut Tally) -> anyhow::Result<()> {
    let path = root().join(document);
    let text = std::fs::read_to_string(path).with_context(|| format!("reading {document}"))?;
    let snippets = document::snippets(&text).with_context(|| format!("in {document}"))?;
    ensure!(!snippets.is_empty(), "{document} has no snippets");
    let place = shell.place(document)?;
    for snippet in snippets {
        tally.add(
            document,
            &snippet.name,
            run_snippet(shell, &place, &snippet),
        );
    }
    Ok(())
}

fn run_snippet(shell: &Shell<'_>, place: &shell::Place, snippet: &Snippet) -> anyhow::Result<()> {
    let printed = shell.run(snippet.language, &snippet.name, &snippet.text, place)?;
    match &snippet.expected {
        Some(expected) => shape::check(expected, &printed),
        None => Ok(()),
    }
}

/// How it went.
#[derive(Debug, Default)]
struct Tally {
    passed: u32,
    failed: u32,
}

impl Tally {
    fn add(&mut self, document: &str, name: &str, done: anyhow::Result<()>) {
        match done {
            Ok(()) => self.passed += 1,
            Err(error) => {
                self.failed += 1;
                eprintln!("{document}: snippet {name}: {error:#}");
            }
        }
    }

    fn finish(&self) -> anyhow::Result<()> {
        println!("{} passed, {} failed", self.passed, self.failed);
        ensure!(self.failed == 0, "{} snippets failed", self.failed);
        Ok(())
    }
}
