//! The stand-in for CalypsoAI's client: its own tests, then against a started server.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use super::{Place, Server, Stores, json, program, text};
use crate::command::{self, root};
use crate::tools::Tools;

const ORG: &str = "acme";
const OTHER_ORG: &str = "other";
/// The member who has entries of their own: one of the model's users has this id.
const MEMBER: &str = "u-ann";

/// Runs the package's own tests.
pub fn test_package(tools: &Tools) -> anyhow::Result<()> {
    let mut package = Command::new(&tools.python);
    package
        .args(["-m", "unittest"])
        .current_dir(root().join("clients/python/calypsoai/tests"));
    command::run(&mut package)
}

/// Runs the client program, then looks at what the servers left.
pub fn run(tools: &Tools, stores: Stores<'_>) -> anyhow::Result<()> {
    let setup = Setup::make(tools, stores.place("calypsoai")?)?;
    let second = setup.place.second()?;
    let server = Server::start(&setup.place, &[])?;
    let limited = Server::start(&second, &["--token-rate", "1", "--token-burst", "2"])?;
    import(&setup.place, &setup.model, (0, setup.entries))?;
    let mut client = program(&tools.python, &["python/test_calypsoai.py"]);
    client
        .env("DOCKET_URL", server.url())
        .env("DOCKET_URL_LIMITED", limited.url())
        .env("DOCKET_MODEL", &setup.model);
    for (name, value) in &setup.variables {
        client.env(name, value);
    }
    command::run(&mut client)?;
    limited.stop()?;
    server.stop()?;
    setup.place.check()
}

/// A place with the model in it, and the tokens.
struct Setup {
    place: Place,
    model: PathBuf,
    /// How many entries the model has.
    entries: usize,
    /// Variables of the client program, by name.
    variables: Vec<(&'static str, String)>,
}

impl Setup {
    /// Makes the organizations, imports the model in every form that it can have, and makes the tokens. No
    /// server runs.
    fn make(tools: &Tools, place: Place) -> anyhow::Result<Self> {
        let model = place.beside().join("model.json");
        let make_model = root().join("clients/tests/python/make_calypsoai_model.py");
        command::run(Command::new(&tools.python).arg(make_model).arg(&model))?;
        init(&place, ORG)?;
        let other = init(&place, OTHER_ORG)?;
        let entries = import_all(&place, &model)?;
        member(&place, MEMBER, "ann@example.com", "auditor")?;
        member(&place, "walter", "walter@example.com", "writer")?;
        let revoked = create(&place, MEMBER, "auditor")?;
        json(&["token", "revoke", "--org", ORG, &revoked.id], &place)?;
        let variables = vec![
            ("DOCKET_ORG", ORG.to_owned()),
            ("DOCKET_MEMBER", MEMBER.to_owned()),
            ("DOCKET_TOKEN", create(&place, MEMBER, "auditor")?.secret),
            (
                "DOCKET_TOKEN_MEMBER",
                create(&place, MEMBER, "member")?.secret,
            ),
            (
                "DOCKET_TOKEN_WRITER",
                create(&place, "walter", "writer")?.secret,
            ),
            ("DOCKET_TOKEN_OTHER", other),
            ("DOCKET_TOKEN_REVOKED", revoked.secret),
        ];
        Ok(Setup {
            place,
            model,
            entries,
            variables,
        })
    }
}

fn init(place: &Place, org: &str) -> anyhow::Result<String> {
    let owner = format!("owner@{org}.example");
    let made = json(&["init", "--org", org, "--owner", &owner], place)?;
    text(&made, "token")
}

fn member(place: &Place, id: &str, email: &str, role: &str) -> anyhow::Result<()> {
    let add = ["member", "add", "--org", ORG, "--email", email, "--id", id];
    json(&[&add[..], &["--role", role]].concat(), place).map(drop)
}

struct Token {
    id: String,
    secret: String,
}

fn create(place: &Place, owner: &str, role: &str) -> anyhow::Result<Token> {
    let create = ["token", "create", "--org", ORG, "--owner", owner];
    let made = json(&[&create[..], &["--role", role]].concat(), place)?;
    Ok(Token {
        id: text(&made, "id")?,
        secret: text(&made, "token")?,
    })
}

/// The model as an array; then as an answer page and as JSON lines, which adds nothing.
fn import_all(place: &Place, model: &Path) -> anyhow::Result<usize> {
    let folder = place.beside();
    let written = std::fs::read_to_string(model).context("reading the model")?;
    // An entry a line; not read as JSON, for it has numbers beyond what `Value` holds.
    let lines: Vec<&str> = written
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| line.trim_end_matches(','))
        .collect();
    let entries = lines.len();
    ensure!(entries > 0, "the model has no entries");
    import(place, model, (entries, 0))?;
    let page = folder.join("page.json");
    let answer = format!("{{\"events\":{written},\"next\":null,\"prev\":null}}");
    std::fs::write(&page, answer).context("writing the answer page")?;
    import(place, &page, (0, entries))?;
    let file = folder.join("model.jsonl");
    std::fs::write(&file, lines.join("\n")).context("writing the lines")?;
    import(place, &file, (0, entries))?;
    Ok(entries)
}

/// Imports a file, which must count so many stored and so many duplicate entries.
fn import(place: &Place, file: &Path, counts: (usize, usize)) -> anyhow::Result<()> {
    let file = file.to_string_lossy();
    let import = ["import", "--org", ORG, "--format", "calypsoai", &file];
    let found = json(&import, place)?;
    let (stored, duplicates) = counts;
    let expected = serde_json::json!({"stored": stored, "duplicates": duplicates, "rejected": 0});
    ensure!(found == expected, "import printed {found}, not {expected}");
    Ok(())
}
