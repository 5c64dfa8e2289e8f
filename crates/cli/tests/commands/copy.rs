//! Organizations that move from one store into another.

use docket_testkit::postgres::Cluster;
use serde_json::Value;

use crate::place::Place;
use crate::server::Server;

/// Events of the organization `acme`, in blocks and not yet in blocks.
const EVENTS: usize = 4_000;

/// A place with two organizations, one of them with some events.
fn world() -> Place {
    let place = Place::with_acme();
    place.text("init --org other --owner ada@example.com");
    place.text("member add --org acme --email grace@example.com --role auditor");
    let line = |number: usize| {
        format!(
            "{{\"id\":\"n{number}\",\"type\":\"shop.t{}\",\"occurred_at\":\"2026-01-01T00:{:02}:{:02}Z\",\
             \"actor\":{{\"id\":\"u{}\",\"email\":\"u{}@example.com\"}},\"request_id\":\"r{number}\"}}\n",
            number % 7,
            number * 13 % 60,
            number % 60,
            number % 31,
            number % 31,
        )
    };
    place.file("log.jsonl", (0..EVENTS).map(line).collect::<String>());
    place.text("import --org acme --format native log.jsonl");
    place
}

fn export(place: &Place, data: &str) -> String {
    place.text(&format!(
        "export --org acme --data {data} --from 2000-01-01T00:00:00Z"
    ))
}

/// The events of an export but for the notes of exports.
fn events(place: &Place, data: &str) -> Vec<String> {
    let noted = |line: &&str| !line.contains("docket.events.exported");
    export(place, data)
        .lines()
        .filter(noted)
        .map(str::to_owned)
        .collect()
}

#[test]
fn an_organization_moves_with_all_that_it_has() {
    let place = world();
    let copied = place.json("copy --from data --to there --org acme");
    assert_eq!(copied["orgs"], 1);
    assert_eq!(copied["logs"][0]["root"], copied["root"]);
    let checked = place.json("check --data there --json");
    assert_eq!(checked["events"], copied["events"]);
    assert_eq!(events(&place, "data"), events(&place, "there"));
    let members = |data: &str| place.text(&format!("member list --org acme --data {data} --json"));
    assert_eq!(members("data"), members("there"));
    let told = place.fails("member list --org other --data there", 1);
    assert!(told.contains("other"), "{told}");
    let again = place.fails("copy --from data --to there --org acme", 1);
    assert!(again.contains("`acme` already"), "{again}");
    let nobody = place.fails("copy --from data --to there --org nobody", 1);
    assert!(nobody.contains("no organization `nobody`"), "{nobody}");
    // It can be gone on with.
    place.text("member add --org acme --email eve@example.com --data there");
    place.text("check --data there");
}

#[test]
fn everything_moves_from_a_served_folder() {
    let place = world();
    let token = place.json("token create --org acme --owner ada@example.com");
    let server = Server::start(&place, "--block-events 512");
    place.text("import --org other --format native log.jsonl");
    let copied = place.json("copy --from data --to there --all");
    assert_eq!(copied["orgs"], 2);
    assert!(copied["root"].is_null());
    let busy = place.fails("copy --from there --to data --all", 1);
    assert!(busy.contains("in use"), "{busy}");
    // What is there already is left alone.
    let again = place.json("copy --from data --to there --all");
    assert_eq!(again, copied);
    server.stop();
    let served = place.command("serve --listen 127.0.0.1:0 --data there");
    let server = Server::spawn(&mut { served });
    let asked = std::process::Command::new("curl")
        .args(["-sf", "-H"])
        .arg(format!(
            "Authorization: Bearer {}",
            token["token"].as_str().unwrap()
        ))
        .arg(format!(
            "{}/api/v1/events?limit=1000&actor_id=u3&type=shop.t4",
            server.url
        ))
        .output()
        .unwrap();
    let page: Value = serde_json::from_slice(&asked.stdout).unwrap();
    let expected = (0..EVENTS).filter(|n| n % 31 == 3 && n % 7 == 4).count();
    assert_eq!(page["events"].as_array().unwrap().len(), expected);
    server.stop();
}

#[test]
fn a_copy_that_is_killed_is_gone_on_with() {
    let place = world();
    // Several blocks, so that there is something in between.
    let server = Server::start(&place, "--block-events 256");
    place.text("import --org other --format native log.jsonl");
    server.stop();
    for pause_ms in [1, 20, 40, 60, 80, 120] {
        let mut child = place
            .command("copy --from data --to there --org acme")
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(pause_ms));
        child.kill().unwrap();
        if child.wait().unwrap().success() {
            break;
        }
    }
    let ended = place.run("copy --from data --to there --org acme");
    assert!(
        ended.code == 0 || ended.err.contains("already"),
        "{ended:?}"
    );
    place.text("check --data there");
    assert_eq!(events(&place, "data"), events(&place, "there"));
}

#[test]
fn a_damaged_source_is_told_and_not_copied() {
    let place = world();
    let file = place.path("data/docket.db");
    let mut bytes = std::fs::read(&file).unwrap();
    let half = bytes.len() / 2;
    for at in (half..bytes.len()).step_by(4_099) {
        bytes[at] ^= 4;
    }
    std::fs::write(&file, bytes).unwrap();
    let problem = place.run("check --json");
    assert_eq!(problem.code, 1, "{problem:?}");
    let told = place.fails("copy --from data --to there --all", 1);
    assert!(told.contains("corrupt"), "{told}");
    let listed = place.fails("member list --org acme --data there", 1);
    assert!(listed.contains("acme"), "{listed}");
}

#[test]
fn what_to_copy_must_be_said() {
    let place = Place::with_acme();
    for (words, part) in [
        ("copy --from data --to there", "--org ID or --all"),
        ("copy --from data --to there --org acme --all", "exclude"),
        ("copy --from data --to data --all", "same store"),
        ("copy --to there --all", "--from"),
    ] {
        let told = place.fails(words, 2);
        assert!(told.contains(part), "{words}: {told}");
    }
    let told = place.fails("copy --from nowhere --to there --all", 1);
    assert!(told.contains("no store in nowhere"), "{told}");
    assert!(!place.path("there").exists());
}

#[test]
fn everything_moves_into_a_database_and_out_again() {
    let (place, cluster) = (world(), Cluster::shared());
    let url = cluster.create_database();
    // Blocks of a server, and what it has not sealed.
    let server = Server::start(&place, "--block-events 256");
    place.text("import --org other --format native log.jsonl");
    let into = place.json(&format!("copy --from data --to {url} --all"));
    server.stop();
    assert_eq!(into["orgs"], 2);
    let at = |words: &str| format!("{words} --database-url {url}");
    assert_eq!(place.json(&at("check --json"))["events"], into["events"]);
    let out = place.json(&format!("copy --from {url} --to again --all"));
    assert_eq!(out, into);
    let one = place.json(&format!("copy --from {url} --to one --org acme"));
    assert_eq!(one["logs"][0], into["logs"][0]);
    for data in ["again", "one"] {
        place.text(&format!("check --data {data}"));
        assert_eq!(events(&place, "data"), events(&place, data));
    }
    let taken = place.fails(&format!("copy --from one --to {url} --org acme"), 1);
    assert!(taken.contains("`acme` already"), "{taken}");
    let refused = place.fails(&at("restore one"), 2);
    assert!(refused.contains("docket copy"), "{refused}");

    let report = place.json(&at("backup copy --json"));
    assert_eq!(report["logs"], 2);
    let restored = place.json("restore copy --data restored --json");
    assert_eq!(restored["events"], report["events"]);
    place.text("check --data restored");
    let last = place.text("export --org acme --data restored --type docket.backup.*");
    assert_eq!(last.lines().count(), 2, "{last}");
}
