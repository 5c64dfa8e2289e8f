//! Commands while a server has the folder open.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::place::Place;
use crate::server::Server;

fn get(url: &str, token: &str) -> Value {
    let output = Command::new("curl")
        .args(["-sS", "-H", &format!("Authorization: Bearer {token}"), url])
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn commands_go_through_the_server() {
    let place = Place::with_acme();
    let server = Server::start(&place, "");
    place.text("member add --org acme --email m@example.com --role auditor");
    let token = place.json("token create --org acme --owner m@example.com");
    let events = get(
        &format!("{}/api/v1/events", server.url),
        token["token"].as_str().unwrap(),
    );
    assert_eq!(events["events"][0]["type"], "api_key.created");
    place.file("some.jsonl", "{\"type\":\"shop.opened\"}\n{\"cut\n");
    let counts = place.json("import --org acme --format native some.jsonl");
    assert_eq!(counts["stored"], 1);
    assert_eq!(counts["rejected"], 1);
    assert_eq!(
        place
            .fails("init --org acme --owner a@b.c", 1)
            .lines()
            .count(),
        1
    );
    place.text("init --org other --owner a@b.c");
    assert_eq!(place.export("").len(), 7);
    place.text("check");
    let id = token["id"].as_str().unwrap();
    place.text(&format!("token revoke --org acme {id}"));
    let refused = get(
        &format!("{}/api/v1/events", server.url),
        token["token"].as_str().unwrap(),
    );
    assert_eq!(refused["status"], 401, "{refused}");
    server.stop();
    assert!(!place.path("data/control.sock").exists());
    // Behind the revocation: the refused request, and the one that was answered before.
    let last = ["docket.request.denied", "docket.events.read"];
    assert_eq!(place.types()[9..], last);
}

#[test]
fn a_second_server_is_told_who_is_there() {
    let place = Place::with_acme();
    let server = Server::start(&place, "");
    let told = place.fails("serve --listen 127.0.0.1:0 --log error", 1);
    assert!(told.contains("in use"), "{told}");
    server.stop();
}

#[test]
fn a_server_goes_on_when_nobody_reads_its_log() {
    let place = Place::with_acme();
    let mut command = place.command("serve --listen 127.0.0.1:0 --log debug");
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let (mut url, mut ready) = (String::new(), false);
    while !ready || url.is_empty() {
        let line = lines.next().unwrap().unwrap();
        if let Some((_, found)) = line.split_once("listening on ") {
            url = format!("{found}/api/v1/events");
        }
        ready |= line.contains("taking orders");
    }
    drop(lines);
    for _ in 0..2 {
        assert_eq!(get(&url, "docket_nothing")["status"], 401);
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").arg(&id).status().unwrap().success());
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_demo_can_be_pasted() {
    let place = Place::new();
    let mut server = Server::start(&place, "--demo");
    let mut out = BufReader::new(server.child.stdout.take().unwrap());
    let mut banner = String::new();
    while !banner.contains("Ctrl-C") {
        assert_ne!(out.read_line(&mut banner).unwrap(), 0, "{banner}");
    }
    let snippets: Vec<&str> = banner
        .split("\n\n")
        .filter(|part| part.starts_with("curl "))
        .collect();
    assert_eq!(snippets.len(), 2, "{banner}");
    let mut answers = snippets.iter().map(|snippet| {
        let output = Command::new("sh").args(["-c", snippet]).output().unwrap();
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    });
    let written = answers.next().unwrap();
    assert_eq!(written["duplicates"], 0, "{written}");
    let shown = answers.next().unwrap();
    assert_eq!(shown["data"][0]["type"], "project.created", "{shown}");
    server.stop();
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
}
