//! Imports and exports.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::place::Place;

const START_S: i64 = 1_722_461_446;

fn entry(number: i64) -> Value {
    json!({
        "id": format!("audit_log-{number}"),
        "object": "organization.audit_log",
        "type": "project.archived",
        "effective_at": START_S + number,
        "actor": {"type": "session", "session": {"user": {"id": "u", "email": "a@example.com"}}},
        "project.archived": {"id": "proj_1"},
    })
}

fn lines(numbers: impl Iterator<Item = i64>) -> String {
    numbers.fold(String::new(), |mut text, number| {
        let _ = writeln!(text, "{}", entry(number));
        text
    })
}

/// Ids of the imported entries, in recorded order.
fn ids(place: &Place) -> Vec<String> {
    let events = place.export("--type project.archived");
    events
        .iter()
        .map(|event| event["origin"]["id"].as_str().unwrap().to_owned())
        .collect()
}

fn import(place: &Place, file: &str) -> Value {
    place.json(&format!(
        "import --org acme --format openai --account org-1 {file}"
    ))
}

fn counts(stored: u64, duplicates: u64, rejected: u64) -> Value {
    json!({"stored": stored, "duplicates": duplicates, "rejected": rejected})
}

#[test]
fn every_layout_gives_the_same_events_once() {
    let place = Place::with_acme();
    let newest_first: Vec<Value> = (0..2_100).rev().map(entry).collect();
    let page = json!({"object": "list", "data": newest_first, "has_more": false});
    place.file("page.json", page.to_string());
    place.file("pretty.json", serde_json::to_vec_pretty(&page).unwrap());
    place.file("array.json", json!(newest_first).to_string());
    place.file("lines.jsonl", lines(0..2_100));
    assert_eq!(import(&place, "page.json"), counts(2_100, 0, 0));
    for again in ["page.json", "pretty.json", "array.json", "lines.jsonl"] {
        assert_eq!(import(&place, again), counts(0, 2_100, 0), "{again}");
    }
    let ids = ids(&place);
    assert_eq!((ids[0].as_str(), ids.len()), ("audit_log-0", 2_100));
    let ended = place.run_with(
        "import --org acme --format openai --account org-1 -",
        lines(2_100..2_103).as_bytes(),
    );
    assert_eq!(
        serde_json::from_str::<Value>(&ended.out).unwrap(),
        counts(3, 0, 0),
        "{ended:?}"
    );
    let notes = place.export("--type docket.events.imported");
    assert_eq!(notes.len(), 6);
    assert_eq!(notes[0]["data"]["stored"], 2_100);
    assert_eq!(notes[0]["data"]["account"], "org-1");
    place.text("check");
}

#[test]
fn newest_first_is_appended_from_its_end() {
    let place = Place::with_acme();
    place.file("newest-first.jsonl", lines((0..2_500).rev()));
    import(&place, "newest-first.jsonl");
    let expected: Vec<String> = (0..2_500)
        .map(|number| format!("audit_log-{number}"))
        .collect();
    assert_eq!(ids(&place), expected);

    let place = Place::with_acme();
    place.file("mixed.jsonl", lines([5, 3, 9, 1].into_iter()));
    import(&place, "mixed.jsonl");
    assert_eq!(
        ids(&place),
        ["audit_log-5", "audit_log-3", "audit_log-9", "audit_log-1"]
    );
}

#[test]
fn bad_entries_are_set_aside_once() {
    let place = Place::with_acme();
    import(&place, &place.file("good.jsonl", lines(0..3)));
    let changed = json!({"id": "audit_log-1", "type": "project.archived", "effective_at": 7});
    let mut text = lines(0..3).into_bytes();
    text.extend(format!("{{\"cut\":\n7\n{changed}\n{{\"id\":\"x\",\"id\":\"y\"}}\n").bytes());
    text.extend(b"\xff\xfe\n");
    text.extend(format!("{{\"id\":\"{}\"}}\n", "x".repeat(2 << 20)).bytes());
    text.extend(lines(3..4).bytes());
    place.file("bad.jsonl", text);
    assert_eq!(import(&place, "bad.jsonl"), counts(1, 3, 6));
    assert_eq!(import(&place, "bad.jsonl"), counts(0, 4, 6));

    let set_aside = place.export("--type ingest.rejected");
    assert_eq!(set_aside.len(), 6);
    assert_eq!(set_aside[0]["data"]["raw"], "{\"cut\":");
    let conflict = set_aside[2]["data"]["reasons"][0].as_str().unwrap();
    assert!(conflict.contains("origin.id"), "{conflict}");
    assert_eq!(set_aside[5]["data"]["raw"], Value::Null);
    for event in &set_aside {
        assert_eq!(event["origin"]["surface"], "docket");
        assert_eq!(event["data"]["sha256"].as_str().unwrap().len(), 64);
    }
    assert_eq!(ids(&place).len(), 4);
    place.text("check");
}

#[test]
fn what_is_no_json_changes_nothing() {
    let place = Place::with_acme();
    place.file("csv", "a,b\n1,2\n");
    let told = place.fails("import --org acme --format openai csv", 1);
    assert!(told.contains("nothing was stored"), "{told}");
    assert_eq!(place.types(), ["organization.created", "api_key.created"]);
    place.file("empty", "");
    assert_eq!(import(&place, "empty"), counts(0, 0, 0));
}

#[test]
fn native_entries_without_an_id_are_known_by_their_content() {
    let place = Place::with_acme();
    let text = "{\"type\":\"shop.opened\"}\n{\"type\":\"shop.closed\",\"request_id\":\"r\"}\n";
    place.file("native.jsonl", text);
    let import = || place.json("import --org acme --format native native.jsonl");
    assert_eq!(import(), counts(2, 0, 0));
    assert_eq!(import(), counts(0, 2, 0));
    let opened = place.export("--type shop.*");
    assert_eq!(opened.len(), 2);
    assert_eq!(opened[0]["type"], "shop.opened");
}

#[test]
fn an_export_can_be_imported_elsewhere() {
    let place = Place::with_acme();
    import(&place, &place.file("some.jsonl", lines(0..10)));
    place.text("export --org acme -o all.jsonl");
    let exported = std::fs::read_to_string(place.path("all.jsonl")).unwrap();
    assert_eq!(exported.lines().count(), 13);
    place.text("init --org copy --owner ada@example.com");
    let import = || place.json("import --org copy --format native all.jsonl");
    assert_eq!(import(), counts(13, 0, 0));
    assert_eq!(import(), counts(0, 13, 0));
    place.text("check");
}

#[test]
fn exports_are_limited_by_what_is_asked() {
    let place = Place::with_acme();
    import(&place, &place.file("some.jsonl", lines(0..10)));
    for (filter, count) in [
        ("--type project.*", 10),
        ("--type project.archived --type api_key.created", 11),
        ("--actor A@example.com", 10),
        ("--actor u --target proj_1", 10),
        ("--actor u --target proj_2", 0),
        ("--origin openai --outcome success", 10),
        ("--origin openai --outcome failure", 0),
        ("--origin openai --from 2024-07-31T21:30:50Z", 6),
        (
            "--origin openai --from 2024-07-31T21:30:50Z --to 2024-07-31T21:30:51Z",
            1,
        ),
    ] {
        assert_eq!(place.export(filter).len(), count, "{filter}");
    }
    let notes = place.export("--type docket.events.exported --recorded-from 2026-01-01T00:00:00Z");
    assert_eq!(notes.len(), 9);
    assert_eq!(notes[0]["data"]["filter"], json!([{"type": "project.*"}]));
}
