//! Databases instead of folders: how they are named, and what is never shown of that.

use std::process::{Command, Stdio};

use docket_testkit::postgres::Cluster;

use crate::place::Place;
use crate::server::Server;

/// Nobody listens there.
const NOWHERE: &str = "postgres://docket:hunter2@127.0.0.1:1/docket";

#[test]
fn a_password_is_never_shown() {
    let place = Place::new();
    place.file("pw", "hunter2\n");
    place.file("file.toml", format!("database_url = \"{NOWHERE}\"\n"));
    for words in [
        format!("check --database-url {NOWHERE}"),
        format!("check --database-url={NOWHERE} --data data"),
        "check --config file.toml".to_owned(),
        format!("member list --org acme --database-url {NOWHERE}"),
        format!("backup there --database-url {NOWHERE}"),
        format!("serve --listen 127.0.0.1:0 --database-url {NOWHERE}"),
        format!("copy --from {NOWHERE} --to data --all"),
        format!("copy --from {NOWHERE}?port=hunter2 --to data --all"),
    ] {
        let mut command = place.command(&words);
        let ended = command.env_remove("DOCKET_DATA").output().unwrap();
        let told = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{words}: {told}");
        assert!(!told.contains("hunter2"), "{words}: {told}");
        assert!(told.contains("database"), "{words}: {told}");
    }
    let mut help = place.command("serve --help");
    let help = help.env("DOCKET_DATABASE_URL", NOWHERE).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    assert!(help.contains("DOCKET_DATABASE_URL") && !help.contains("hunter2"));
}

#[test]
fn a_password_is_in_no_process_title() {
    let place = Place::new();
    // It waits for the file, which is a pipe that nobody writes to.
    let pipe = place.path("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let words = format!("check --database-url {NOWHERE} --config pipe");
    let mut command = place.command(&words);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let title = format!("/proc/{}/cmdline", child.id());
    let is_concealed = || {
        let title = std::fs::read(&title).unwrap();
        let title = String::from_utf8_lossy(&title);
        title.contains("check") && !title.contains("hunter2")
    };
    let concealed = (0..1_000).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(5));
        is_concealed()
    });
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(concealed);
}

#[test]
fn what_a_database_cannot_be_asked_is_wrong_use() {
    let place = Place::new();
    let at = |words: &str| format!("{words} --database-url {NOWHERE}");
    for (words, part) in [
        (
            "check --database-url mysql://docket:hunter2@db".to_owned(),
            "postgres://",
        ),
        (at("serve --demo"), "DOCKET_DATABASE_URL"),
        (at("bench"), "--data"),
        (at("restore there"), "docket copy --from"),
        (
            "check --database-password-file pw".to_owned(),
            "--database-url",
        ),
        (at("serve --dev-tls"), "--data"),
    ] {
        let mut command = place.command(&words);
        let ended = command.env_remove("DOCKET_DATA").output().unwrap();
        let told = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(2), "{words}: {told}");
        assert!(
            told.contains(part) && !told.contains("hunter2"),
            "{words}: {told}"
        );
    }
}

#[test]
fn commands_work_on_a_database_beside_its_servers() {
    let (place, cluster) = (Place::new(), Cluster::shared());
    let url = cluster.create_database();
    // The password stands in a file, and the rest in the file of settings.
    let (before, rest) = url.split_once("://docket:").unwrap();
    let (password, rest) = rest.split_once('@').unwrap();
    place.file("pass word", format!("{password}\n"));
    let text = format!(
        "database_url = \"{before}://docket@{rest}\"\ndatabase_password_file = \"pass word\"\n"
    );
    place.file("docket.toml", text);
    let at = |words: &str| format!("{words} --config docket.toml");
    let command = |words: &str| {
        let mut command = place.command(&at(words));
        command.env_remove("DOCKET_DATA");
        command
    };
    let run = |words: &str| {
        let ended = command(words).output().unwrap();
        let told = String::from_utf8(ended.stderr).unwrap();
        assert!(ended.status.success(), "{words}: {told}");
        assert!(!told.contains(password), "{words}: {told}");
        String::from_utf8(ended.stdout).unwrap()
    };
    let empty = command("member list --org acme").output().unwrap();
    let told = String::from_utf8(empty.stderr).unwrap();
    assert!(told.contains("there is no store"), "{told}");
    run("init --org acme --owner ada@example.com");
    let servers: Vec<Server> = (0..2)
        .map(|_| Server::on_database(&mut command("serve --listen 127.0.0.1:0")))
        .collect();
    run("member add --org acme --email grace@example.com --role auditor");
    let made = run("token create --org acme --owner grace@example.com");
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    place.file("one.jsonl", "{\"type\":\"shop.opened\",\"id\":\"n1\"}\n");
    run("import --org acme --format native one.jsonl");
    let lines = run("export --org acme");
    assert!(lines.contains("shop.opened"), "{lines}");
    assert!(!lines.contains(password), "{lines}");
    for server in &servers {
        let events = server.ask("/api/v1/events", made["token"].as_str().unwrap());
        assert!(events.contains("shop.opened"), "{events}");
        assert_eq!(server.ask("/readyz", ""), "ready\n");
    }
    run("check");
    servers.into_iter().for_each(Server::stop);
    assert!(
        !place.path("docket-data").exists(),
        "a database needs no folder"
    );
}

#[test]
fn a_server_is_not_ready_while_its_database_is_gone() {
    let (place, mut cluster) = (Place::new(), Cluster::start());
    let url = cluster.create_database();
    let words = format!("serve --listen 127.0.0.1:0 --database-url {url}");
    let server = Server::on_database(&mut place.command(&words));
    cluster.stop_hard();
    let unready = (0..200).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        server.ask("/readyz", "") == "the database cannot be reached\n"
    });
    assert!(unready);
    assert_eq!(server.ask("/healthz", ""), "ok\n");
    server.stop();
}
