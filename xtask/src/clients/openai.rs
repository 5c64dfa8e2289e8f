//! OpenAI's clients.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use super::{Place, Server, Stores, docket, json, program, text};
use crate::command::{self, root};
use crate::tools::Tools;

/// Runs every client program, then looks at what the server left.
pub fn run(tools: &Tools, stores: Stores<'_>) -> anyhow::Result<()> {
    let setup = Setup::make(tools, stores.place("openai")?)?;
    let second = setup.place.second()?;
    let server = Server::start(&setup.place, &[])?;
    setup.while_serving()?;
    let limited = Server::start(&second, &["--token-rate", "1", "--token-burst", "2"])?;
    let programs: [(&str, &[&str]); 4] = [
        ("python", &["python/test_openai.py"]),
        ("node", &["node/test_openai.mjs"]),
        ("perl", &["perl/test_openai.pl"]),
        ("python3", &["spellings/test_spellings.py"]),
    ];
    for (name, arguments) in programs {
        let mut command = match name {
            "python" => program(&tools.python, arguments),
            other => program(Path::new(other), arguments),
        };
        setup.environment(&mut command, &server, &limited);
        command::run(&mut command)?;
    }
    limited.stop()?;
    server.stop()?;
    setup.place.check()
}

/// A place with the model in it.
struct Setup {
    place: Place,
    model: PathBuf,
    token: String,
    token_no_read: String,
    other_id: String,
}

impl Setup {
    /// Makes an organization, imports the model twice, and makes what the clients need. No server runs.
    fn make(tools: &Tools, place: Place) -> anyhow::Result<Self> {
        let model = place.beside().join("model.json");
        let make_model = root().join("clients/tests/python/make_model.py");
        command::run(Command::new(&tools.python).arg(make_model).arg(&model))?;
        let made = json(
            &["init", "--org", "acme", "--owner", "a@example.com"],
            &place,
        )?;
        let token = text(&made, "token")?;
        let written = std::fs::read_to_string(&model).context("reading the model")?;
        // An entry a line; not read as JSON, for it has numbers beyond what `Value` holds.
        let entries = written.lines().filter(|line| line.starts_with('{'));
        let entries = entries.count();
        ensure!(entries > 0, "the model has no entries");
        import(&place, &model, entries, 0)?;
        import(&place, &model, 0, entries)?;
        import_forms(&place, entries)?;
        json(
            &["init", "--org", "other", "--owner", "o@example.com"],
            &place,
        )?;
        let other = place.beside().join("other.json");
        let foreign =
            r#"[{"id":"audit_log-foreign","type":"project.created","effective_at":1700000000}]"#;
        std::fs::write(&other, foreign).context("writing the foreign entry")?;
        json(
            &[
                "import",
                "--org",
                "other",
                "--format",
                "openai",
                &other.to_string_lossy(),
            ],
            &place,
        )?;
        json(
            &[
                "member",
                "add",
                "--org",
                "acme",
                "--email",
                "m@example.com",
                "--role",
                "member",
            ],
            &place,
        )?;
        let weak = [
            "token",
            "create",
            "--org",
            "acme",
            "--owner",
            "m@example.com",
        ];
        let token_no_read = text(&json(&weak, &place)?, "token")?;
        let other_id = "audit_log-foreign".to_owned();
        Ok(Setup {
            place,
            model,
            token,
            token_no_read,
            other_id,
        })
    }

    /// The same commands work beside a running server.
    fn while_serving(&self) -> anyhow::Result<()> {
        json(
            &["member", "add", "--org", "acme", "--email", "n@example.com"],
            &self.place,
        )?;
        let created = [
            "token",
            "create",
            "--org",
            "acme",
            "--owner",
            "n@example.com",
        ];
        let created = json(&created, &self.place)?;
        ensure!(
            created["id"].is_string() && created["token"].is_string(),
            "token create prints {created}"
        );
        let again = json(
            &[
                "import",
                "--org",
                "acme",
                "--format",
                "openai",
                &self.model.to_string_lossy(),
            ],
            &self.place,
        )?;
        ensure!(
            again["stored"] == 0 && again["rejected"] == 0,
            "a third import prints {again}"
        );
        Ok(())
    }

    fn environment(&self, command: &mut Command, server: &Server, limited: &Server) {
        command
            .env("DOCKET_URL", server.url())
            .env("DOCKET_TOKEN", &self.token)
            .env("DOCKET_TOKEN_NO_READ", &self.token_no_read)
            .env("DOCKET_MODEL", &self.model)
            .env("DOCKET_OTHER_ID", &self.other_id)
            .env("DOCKET_ORG", "acme")
            .env("DOCKET_URL_LIMITED", limited.url());
    }
}

fn import(place: &Place, file: &Path, stored: usize, duplicates: usize) -> anyhow::Result<()> {
    let found = json(
        &[
            "import",
            "--org",
            "acme",
            "--format",
            "openai",
            &file.to_string_lossy(),
        ],
        place,
    )?;
    let expected = serde_json::json!({"stored": stored, "duplicates": duplicates, "rejected": 0});
    ensure!(found == expected, "import printed {found}, not {expected}");
    Ok(())
}

/// The same entries as an answer page and as JSON lines add nothing.
fn import_forms(place: &Place, entries: usize) -> anyhow::Result<()> {
    let folder = place.beside();
    let raw = std::fs::read_to_string(folder.join("model.json")).context("reading the model")?;
    let page = folder.join("page.json");
    std::fs::write(
        &page,
        format!("{{\"object\":\"list\",\"data\":{raw},\"has_more\":false}}"),
    )
    .context("writing the answer page")?;
    import(place, &page, 0, entries)?;
    let exported = folder.join("export.jsonl");
    let mut export = docket();
    export
        .args(["export", "--org", "acme", "-o"])
        .arg(&exported);
    command::run(place.name(&mut export))?;
    let lines = std::fs::read_to_string(&exported).context("reading the export")?;
    ensure!(
        lines.lines().count() > entries,
        "the export has {} lines",
        lines.lines().count()
    );
    Ok(())
}
