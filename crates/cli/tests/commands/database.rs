//! Databases instead of folders: how they are named, and what is never shown of that.

use std::process::Stdio;

use crate::place::Place;

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
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
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
