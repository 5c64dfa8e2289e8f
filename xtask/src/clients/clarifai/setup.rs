//! The organizations, people, tokens and entries that Clarifai's clients are run against.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use super::super::{Place, json, text};
use crate::command::{self, root};
use crate::tools::Tools;

const ORG: &str = "acme";
const OTHER_ORG: &str = "other";
/// The member who has entries of their own: the model's users have one of this id.
const MEMBER: &str = "alice";
/// One of the model's applications.
const PROJECT: &str = "main";
/// What is in the other organization's log.
const FOREIGN: &str = r#"[{"timestamp":"2024-05-01T00:00:00Z","operation":600,"description":"Applications created","success":true,"req_id":"foreign"}]"#;

/// A place with the model in it, and the tokens.
pub struct Setup {
    pub place: Place,
    model: PathBuf,
    /// Variables of the client programs, by name.
    variables: Vec<(&'static str, String)>,
}

impl Setup {
    /// Makes the organizations, imports the model in every form that it can have, and makes the tokens. No
    /// server runs.
    pub fn make(tools: &Tools, place: Place) -> anyhow::Result<Self> {
        let model = place.beside().join("model.json");
        let make_model = root().join("clients/tests/python/make_clarifai_model.py");
        command::run(Command::new(&tools.python).arg(make_model).arg(&model))?;
        let owner = init(&place, ORG)?;
        let other = init(&place, OTHER_ORG)?;
        import_all(&place, &model)?;
        let foreign = place.beside().join("foreign.json");
        std::fs::write(&foreign, FOREIGN).context("writing the foreign entry")?;
        import(&place, OTHER_ORG, &foreign, (1, 0))?;
        let variables = vec![
            ("DOCKET_ORG", ORG.to_owned()),
            ("DOCKET_OTHER_ORG", OTHER_ORG.to_owned()),
            ("DOCKET_MEMBER", MEMBER.to_owned()),
            ("DOCKET_TOKEN_MEMBER", member(&place, MEMBER, "member")?),
            ("DOCKET_TOKEN_AUDITOR", member(&place, "audrey", "auditor")?),
            ("DOCKET_TOKEN_WRITER", member(&place, "walter", "writer")?),
            ("DOCKET_TOKEN_OTHER", other),
            (
                "DOCKET_TOKEN_PROJECT",
                owned(&place, &["--project", PROJECT])?,
            ),
            ("DOCKET_TOKEN_EXPIRED", owned(&place, &["--expires", "1s"])?),
            ("DOCKET_TOKEN_REVOKED", revoked(&place)?),
            ("DOCKET_TOKEN_BLOCKED", blocked(&place)?),
            ("DOCKET_TOKEN", owner),
        ];
        Ok(Setup {
            place,
            model,
            variables,
        })
    }

    /// An import and a new member beside the running server.
    pub fn while_serving(&self) -> anyhow::Result<()> {
        import(&self.place, ORG, &self.model, (0, entries_in(&self.model)?))?;
        member(&self.place, "norma", "member").map(drop)
    }

    /// What the programs read about people and entries.
    pub fn environment(&self, command: &mut Command) {
        command.env("DOCKET_MODEL", &self.model);
        for (name, value) in &self.variables {
            command.env(name, value);
        }
    }
}

fn init(place: &Place, org: &str) -> anyhow::Result<String> {
    let owner = format!("owner@{org}.example");
    let made = json(&["init", "--org", org, "--owner", &owner], place)?;
    text(&made, "token")
}

/// A new member and their token.
fn member(place: &Place, id: &str, role: &str) -> anyhow::Result<String> {
    let email = format!("{id}@example.com");
    let add = ["member", "add", "--org", ORG, "--email", &email];
    json(&[&add[..], &["--id", id, "--role", role]].concat(), place)?;
    let create = ["token", "create", "--org", ORG, "--owner", id];
    text(&json(&create, place)?, "token")
}

/// Another token of the owner's.
fn owned(place: &Place, more: &[&str]) -> anyhow::Result<String> {
    let owner = format!("owner@{ORG}.example");
    let create = ["token", "create", "--org", ORG, "--owner", &owner];
    text(&json(&[&create[..], more].concat(), place)?, "token")
}

fn revoked(place: &Place) -> anyhow::Result<String> {
    let owner = format!("owner@{ORG}.example");
    let made = json(&["token", "create", "--org", ORG, "--owner", &owner], place)?;
    let id = text(&made, "id")?;
    json(&["token", "revoke", "--org", ORG, &id], place)?;
    text(&made, "token")
}

fn blocked(place: &Place) -> anyhow::Result<String> {
    let token = member(place, "bertha", "auditor")?;
    json(&["member", "block", "--org", ORG, "bertha"], place)?;
    Ok(token)
}

/// The model as an array; then again, as an answer page and as JSON lines, which adds nothing.
fn import_all(place: &Place, model: &Path) -> anyhow::Result<()> {
    let folder = place.beside();
    let entries = entries_in(model)?;
    import(place, ORG, model, (entries, 0))?;
    import(place, ORG, model, (0, entries))?;
    let written = std::fs::read_to_string(model).context("reading the model")?;
    let status = r#"{"code":10000,"description":"Ok","req_id":"0"}"#;
    let page = folder.join("page.json");
    std::fs::write(
        &page,
        format!("{{\"status\":{status},\"entries\":{written}}}"),
    )
    .context("writing the answer page")?;
    import(place, ORG, &page, (0, entries))?;
    let lines: Vec<&str> = entry_lines(&written).collect();
    let file = folder.join("model.jsonl");
    std::fs::write(&file, lines.join("\n")).context("writing the lines")?;
    import(place, ORG, &file, (0, entries))
}

/// Imports a file, which must count so many stored and so many duplicate entries.
fn import(place: &Place, org: &str, file: &Path, counts: (usize, usize)) -> anyhow::Result<()> {
    let file = file.to_string_lossy();
    let import = ["import", "--org", org, "--format", "clarifai", &file];
    let found = json(&import, place)?;
    let (stored, duplicates) = counts;
    let expected = serde_json::json!({"stored": stored, "duplicates": duplicates, "rejected": 0});
    ensure!(found == expected, "import printed {found}, not {expected}");
    Ok(())
}

fn entries_in(model: &Path) -> anyhow::Result<usize> {
    let written = std::fs::read_to_string(model).context("reading the model")?;
    let entries = entry_lines(&written).count();
    ensure!(entries > 0, "the model has no entries");
    Ok(entries)
}

/// The entries of the model, which stand one on each line.
fn entry_lines(written: &str) -> impl Iterator<Item = &str> {
    let lines = written.lines().filter(|line| line.starts_with('{'));
    lines.map(|line| line.trim_end_matches(','))
}
