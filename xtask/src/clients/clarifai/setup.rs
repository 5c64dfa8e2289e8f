//! The organizations, people, tokens and entries that Clarifai's clients are run against.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use super::super::{docket, json, text};
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

/// A data folder with the model in it, and the tokens.
pub struct Setup {
    pub data: PathBuf,
    model: PathBuf,
    /// Variables of the client programs, by name.
    variables: Vec<(&'static str, String)>,
}

impl Setup {
    /// Makes the organizations, imports the model in every form that it can have, and makes the tokens. No
    /// server runs.
    pub fn make(tools: &Tools, folder: &Path) -> anyhow::Result<Self> {
        let (data, model) = (folder.join("data"), folder.join("model.json"));
        let make_model = root().join("clients/tests/python/make_clarifai_model.py");
        command::run(Command::new(&tools.python).arg(make_model).arg(&model))?;
        let owner = init(&data, ORG)?;
        let other = init(&data, OTHER_ORG)?;
        import_all(&data, folder, &model)?;
        let foreign = folder.join("foreign.json");
        std::fs::write(&foreign, FOREIGN).context("writing the foreign entry")?;
        import(&data, OTHER_ORG, &foreign, (1, 0))?;
        let variables = vec![
            ("DOCKET_ORG", ORG.to_owned()),
            ("DOCKET_OTHER_ORG", OTHER_ORG.to_owned()),
            ("DOCKET_MEMBER", MEMBER.to_owned()),
            ("DOCKET_TOKEN_MEMBER", member(&data, MEMBER, "member")?),
            ("DOCKET_TOKEN_AUDITOR", member(&data, "audrey", "auditor")?),
            ("DOCKET_TOKEN_WRITER", member(&data, "walter", "writer")?),
            ("DOCKET_TOKEN_OTHER", other),
            (
                "DOCKET_TOKEN_PROJECT",
                owned(&data, &["--project", PROJECT])?,
            ),
            ("DOCKET_TOKEN_EXPIRED", owned(&data, &["--expires", "1s"])?),
            ("DOCKET_TOKEN_REVOKED", revoked(&data)?),
            ("DOCKET_TOKEN_BLOCKED", blocked(&data)?),
            ("DOCKET_TOKEN", owner),
        ];
        Ok(Setup {
            data,
            model,
            variables,
        })
    }

    /// An import and a new member beside the running server.
    pub fn while_serving(&self) -> anyhow::Result<()> {
        import(&self.data, ORG, &self.model, (0, entries_in(&self.model)?))?;
        member(&self.data, "norma", "member").map(drop)
    }

    /// What the programs read about people and entries.
    pub fn environment(&self, command: &mut Command) {
        command.env("DOCKET_MODEL", &self.model);
        for (name, value) in &self.variables {
            command.env(name, value);
        }
    }

    /// Nothing is wrong with the store after all of it.
    pub fn check(&self) -> anyhow::Result<()> {
        command::run(docket().args(["check", "--data"]).arg(&self.data))
    }
}

fn init(data: &Path, org: &str) -> anyhow::Result<String> {
    let owner = format!("owner@{org}.example");
    let made = json(&["init", "--org", org, "--owner", &owner], data)?;
    text(&made, "token")
}

/// A new member and their token.
fn member(data: &Path, id: &str, role: &str) -> anyhow::Result<String> {
    let email = format!("{id}@example.com");
    let add = ["member", "add", "--org", ORG, "--email", &email];
    json(&[&add[..], &["--id", id, "--role", role]].concat(), data)?;
    let create = ["token", "create", "--org", ORG, "--owner", id];
    text(&json(&create, data)?, "token")
}

/// Another token of the owner's.
fn owned(data: &Path, more: &[&str]) -> anyhow::Result<String> {
    let owner = format!("owner@{ORG}.example");
    let create = ["token", "create", "--org", ORG, "--owner", &owner];
    text(&json(&[&create[..], more].concat(), data)?, "token")
}

fn revoked(data: &Path) -> anyhow::Result<String> {
    let owner = format!("owner@{ORG}.example");
    let made = json(&["token", "create", "--org", ORG, "--owner", &owner], data)?;
    let id = text(&made, "id")?;
    json(&["token", "revoke", "--org", ORG, &id], data)?;
    text(&made, "token")
}

fn blocked(data: &Path) -> anyhow::Result<String> {
    let token = member(data, "bertha", "auditor")?;
    json(&["member", "block", "--org", ORG, "bertha"], data)?;
    Ok(token)
}

/// The model as an array; then again, as an answer page and as JSON lines, which adds nothing.
fn import_all(data: &Path, folder: &Path, model: &Path) -> anyhow::Result<()> {
    let entries = entries_in(model)?;
    import(data, ORG, model, (entries, 0))?;
    import(data, ORG, model, (0, entries))?;
    let written = std::fs::read_to_string(model).context("reading the model")?;
    let status = r#"{"code":10000,"description":"Ok","req_id":"0"}"#;
    let page = folder.join("page.json");
    std::fs::write(
        &page,
        format!("{{\"status\":{status},\"entries\":{written}}}"),
    )
    .context("writing the answer page")?;
    import(data, ORG, &page, (0, entries))?;
    let lines: Vec<&str> = entry_lines(&written).collect();
    let file = folder.join("model.jsonl");
    std::fs::write(&file, lines.join("\n")).context("writing the lines")?;
    import(data, ORG, &file, (0, entries))
}

/// Imports a file, which must count so many stored and so many duplicate entries.
fn import(data: &Path, org: &str, file: &Path, counts: (usize, usize)) -> anyhow::Result<()> {
    let file = file.to_string_lossy();
    let import = ["import", "--org", org, "--format", "clarifai", &file];
    let found = json(&import, data)?;
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
