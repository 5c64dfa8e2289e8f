//! The file of settings.

use std::process::{Command, Stdio};

use crate::place::Place;
use crate::server::Server;

#[test]
fn the_command_line_counts_before_the_environment_and_that_before_the_file() {
    let place = Place::with_acme();
    let is_json = |command: &mut Command| {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        output.stdout.starts_with(b"[")
    };
    let list = || place.command("member list --org acme");
    assert!(!is_json(&mut list()));
    place.file("data/docket.toml", "json = true\norg = \"nobody\"\n");
    assert!(is_json(&mut list()));
    assert!(!is_json(list().env("DOCKET_JSON", "0")));
    assert!(is_json(
        place
            .command("member list --org acme --json")
            .env("DOCKET_JSON", "0")
    ));

    // What an option must have may come from the file, too.
    let told = place.fails("member list", 1);
    assert!(told.contains("nobody"), "{told}");
    assert!(is_json(
        place.command("member list").env("DOCKET_ORG", "acme")
    ));

    place.file("other.toml", "org = \"acme\"\ndata = \"elsewhere\"\n");
    let told = place.fails(
        "member list --config other.toml --data data --org nobody",
        1,
    );
    assert!(told.contains("nobody"), "{told}");
    let other = place.text("member list --config other.toml");
    assert!(
        other.starts_with("ID"),
        "the data folder's file counts beside another: {other}"
    );
    let mut elsewhere = place.command("member list");
    elsewhere
        .env("DOCKET_CONFIG", "other.toml")
        .env_remove("DOCKET_DATA");
    let told = String::from_utf8(elsewhere.output().unwrap().stderr).unwrap();
    assert!(told.contains("there is no store in elsewhere"), "{told}");
}

#[test]
fn options_of_one_verb_leave_others_alone() {
    let place = Place::with_acme();
    let text = "[export]\ntype = [\"api_key.*\", \"no.such\"]\n[token]\nexpires = \"1h\"\nowner = \"ada@example.com\"\n";
    place.file("data/docket.toml", text);
    assert_eq!(place.types(), ["api_key.created"]);
    assert_eq!(place.export("--type organization.created").len(), 1);
    place.text("token create --org acme");
    let tokens = place.json("token list --org acme --json");
    let expiring = |token: &&serde_json::Value| token["expires_at"].is_string();
    assert_eq!(
        tokens.as_array().unwrap().iter().filter(expiring).count(),
        1
    );
}

#[test]
fn a_server_takes_its_settings_from_the_file() {
    let place = Place::with_acme();
    let text = "[listen]\naddresses = [\"127.0.0.1:0\", \"[::1]:0\"]\n\
                [log]\nformat = \"json\"\n[limits]\ntoken_rate = 1\ntoken_burst = 1\n";
    place.file("data/docket.toml", text);
    // The address of the command line replaces those of the file; its form of log lines stays.
    let told = place.fails("serve --listen 192.0.2.1:80", 1);
    assert!(!told.contains("::1"), "{told}");
    let server = Server::start(&place, "--log-format text");
    let token = place.json("token create --org acme --owner ada@example.com");
    let ask = || {
        let header = format!("Authorization: Bearer {}", token["token"].as_str().unwrap());
        let url = format!("{}/api/v1/events", server.url);
        let mut curl = Command::new("curl");
        curl.args([
            "-s",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            "-H",
            &header,
            &url,
        ]);
        String::from_utf8(curl.stdout(Stdio::piped()).output().unwrap().stdout).unwrap()
    };
    let answers = [ask(), ask(), ask()];
    assert!(answers.contains(&"429".to_owned()), "{answers:?}");
    server.stop();
}

#[test]
fn a_bad_file_is_wrong_use_and_says_what_to_write() {
    let place = Place::with_acme();
    for (text, parts) in [
        (
            "[listen]\nadresses = []",
            ["`listen.adresses`", "`listen.addresses`"],
        ),
        ("[exprot]\nformat = \"csv\"", ["`exprot`", "nearest"]),
        ("[export]\nformat = \"xml\"", ["`export.format`", "jsonl"]),
        ("[token]\nexpires = \"soon\"", ["`token.expires`", "90d"]),
        ("json = \"perhaps\"", ["`json`", "true or false"]),
        ("[serve]\ndemo = 3", ["`serve.demo`", "true or false"]),
        ("[limits]\ntoken_rate = 0", ["`limits.token_rate`", "0"]),
        ("org = [\"a\", \"b\"]", ["`org`", "list"]),
        ("data = \"elsewhere\"", ["`data`", "--config"]),
        ("json = true\njson = false", ["line 2", "docket.toml"]),
    ] {
        place.file("data/docket.toml", text);
        let told = place.fails("member list --org acme", 2);
        let named = told.contains("data/docket.toml") && told.lines().count() == 1;
        assert!(
            named && parts.iter().all(|part| told.contains(part)),
            "{text}: {told}"
        );
    }
    let secret = "database_url = \"postgres://docket:hunter2@db\"\nport 5432\n";
    place.file("data/docket.toml", secret);
    let told = place.fails("check", 2);
    assert!(!told.contains("hunter2"), "{told}");
    place.file("data/docket.toml", "");
    place.text("check");
    let told = place.fails("check --config nowhere.toml", 2);
    assert!(told.contains("nowhere.toml"), "{told}");
    // Help needs no file.
    place.file("data/docket.toml", "nonsense");
    assert!(place.text("serve --help").contains("DOCKET_LISTEN"));
}
