//! The snippets of the demo's banner: one that writes an event, and others that have to show it.

use anyhow::{Context, ensure};
use serde_json::Value;

use super::shell::{Place, Shell};

/// The programs that a banner's snippet begins with, and how often.
const PROGRAMS: [(&str, usize); 3] = [("curl", 2), ("python3", 3), ("node", 1)];
/// What the first snippet writes.
const TYPE: &str = "project.created";
const PROJECT: &str = "proj_hello";

/// The token that the banner shows.
pub fn token(banner: &str) -> anyhow::Result<&str> {
    let line = banner
        .lines()
        .find_map(|line| line.trim().strip_prefix("token "));
    Ok(line.context("the demo's banner shows no token")?.trim())
}

/// Runs the snippets in order, and says of each how it went.
pub fn run(
    shell: &Shell<'_>,
    banner: &str,
    mut add: impl FnMut(&str, anyhow::Result<()>),
) -> anyhow::Result<()> {
    let snippets = snippets(banner)?;
    let place = shell.place("banner")?;
    let mut written = None;
    for (number, text) in snippets.iter().enumerate() {
        let program = text.split(' ').next().unwrap_or_default();
        let name = format!("{} ({program})", number + 1);
        let done = match &written {
            None => write(shell, text, &place).map(|id| written = Some(id)),
            Some(id) => read(shell, text, &place, id),
        };
        let failed = done.is_err();
        add(&name, done);
        if failed && written.is_none() {
            // There is nothing that the others could show.
            break;
        }
    }
    Ok(())
}

/// The paragraphs that begin with a program.
fn snippets(banner: &str) -> anyhow::Result<Vec<&str>> {
    let begins = |text: &&str, program: &str| text.split(' ').next() == Some(program);
    let snippets: Vec<&str> = banner
        .split("\n\n")
        .map(|paragraph| paragraph.trim_start_matches('\n'))
        .filter(|text| PROGRAMS.iter().any(|(program, _)| begins(text, program)))
        .collect();
    for (program, times) in PROGRAMS {
        let found = snippets.iter().filter(|text| begins(text, program)).count();
        ensure!(
            found == times,
            "the demo's banner has {found} snippets of {program}, not {times}:\n{banner}"
        );
    }
    Ok(snippets)
}

/// Writes, and gives the id under which the vendor's API shows the event.
fn write(shell: &Shell<'_>, text: &str, place: &Place) -> anyhow::Result<String> {
    ensure!(
        text.contains(TYPE) && text.contains(PROJECT),
        "the first snippet does not write {TYPE} of {PROJECT}"
    );
    let printed = shell.paste(text, place)?;
    let answer: Value = serde_json::from_str(&printed).with_context(|| printed.clone())?;
    let id = answer["ids"][0]
        .as_str()
        .with_context(|| format!("it was answered with {printed}"))?;
    Ok(format!("audit_log-{}", id.replace('-', "")))
}

/// Reads, and looks for the event. A listing of whole entries has to show the project, too.
fn read(shell: &Shell<'_>, text: &str, place: &Place, id: &str) -> anyhow::Result<()> {
    let printed = shell.paste(text, place)?;
    // Of the vendors, one shows the id that the event got; the others show what it is about.
    let is_it = |line: &str| line.contains(id) && line.contains(TYPE) || line.contains(PROJECT);
    ensure!(
        printed.lines().any(is_it),
        "it shows neither {TYPE} {id} nor {PROJECT}:\n{printed}"
    );
    ensure!(
        !text.starts_with("curl") || printed.contains(PROJECT),
        "it does not show {PROJECT}:\n{printed}"
    );
    Ok(())
}
