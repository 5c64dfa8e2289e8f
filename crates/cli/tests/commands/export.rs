//! Exports: their forms, their compression, and what is left when they fail.

use std::fmt::Write as _;
use std::fs;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::place::Place;

/// A place with so many events of type `shop.opened` beside its own.
fn shop(events: usize) -> Place {
    let place = Place::with_acme();
    let lines = (0..events).fold(String::new(), |mut text, number| {
        let _ = writeln!(
            text,
            "{{\"type\":\"shop.opened\",\"request_id\":\"r-{number}\"}}"
        );
        text
    });
    place.file("shop.jsonl", lines);
    place.text("import --org acme --format native shop.jsonl");
    place
}

#[test]
fn csv_can_be_opened_without_danger() {
    let place = Place::with_acme();
    let events = [
        json!({"type": "shop.opened", "occurred_at": "2026-11-20T10:00:00Z",
            "description": "=HYPERLINK(\"http://evil.example\")", "actor": {"id": "@ada"}}),
        json!({"type": "shop.closed", "occurred_at": "2026-11-20T11:00:00.5Z", "outcome": "failure",
            "error": {"code": "late", "message": "-1 minute,\nor so"}, "actor": {"id": "u, v"},
            "data": {"till": 12.50}}),
    ];
    let lines = events.map(|event| event.to_string()).join("\n");
    // A number keeps its characters all the way.
    place.file("events.jsonl", lines.replace("12.5", "12.50"));
    place.text("import --org acme --format native events.jsonl");
    let text = place.text("export --org acme --format csv --type shop.*");
    let rows: Vec<&str> = text.split_terminator("\r\n").collect();
    assert_eq!(rows.len(), 3, "{text}");
    assert!(rows[0].starts_with("id,type,occurred_at,recorded_at,outcome,actor.kind,actor.id,"));
    let behind = |row: usize, column: usize| rows[row].splitn(column + 1, ',').last().unwrap();
    let opened = behind(1, 4);
    assert!(opened.starts_with("success,user,'@ada,,"), "{opened}");
    assert!(
        opened.contains(",\"'=HYPERLINK(\"\"http://evil.example\"\")\","),
        "{opened}"
    );
    assert!(
        rows[2].contains(",shop.closed,2026-11-20T11:00:00.500Z,"),
        "{}",
        rows[2]
    );
    let closed = behind(2, 4);
    assert!(closed.starts_with("failure,user,\"u, v\",,"), "{closed}");
    assert!(
        closed.contains(",late,\"'-1 minute,\nor so\",,,,\"{\"\"till\"\":12.50}\",native,"),
        "{closed}"
    );
    let notes = place.export("--type docket.events.exported");
    assert_eq!(notes[0]["data"]["format"], "csv");
}

#[test]
fn a_compressed_export_can_be_imported() {
    let place = shop(3_000);
    place.text("export --org acme -o all.jsonl.zst");
    place.text("export --org acme -o all.jsonl");
    let (small, plain) = (place.path("all.jsonl.zst"), place.path("all.jsonl"));
    let packed = fs::read(&small).unwrap();
    assert!(packed.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]));
    let unpacked = String::from_utf8(zstd::decode_all(packed.as_slice()).unwrap()).unwrap();
    // The second one has the first one's note, too.
    assert!(fs::read_to_string(&plain).unwrap().starts_with(&unpacked));
    place.text("init --org copy --owner ada@example.com");
    let counts = place.json("import --org copy --format native all.jsonl.zst");
    assert_eq!(counts["stored"], 3_003);
    // The option counts before the name, and works without one.
    place.text("export --org acme --compress none -o plain.zst");
    assert!(fs::read(place.path("plain.zst")).unwrap().starts_with(b"{"));
    let mut piped = place.command("export --org acme --format csv --compress zstd");
    let output = piped.output().unwrap();
    let csv = zstd::decode_all(output.stdout.as_slice()).unwrap();
    assert!(csv.starts_with(b"id,type,"));
    // What is cut off does not pass for the whole.
    assert!(zstd::decode_all(&packed[..packed.len() - 5]).is_err());
}

#[test]
fn who_goes_away_is_an_error() {
    let place = shop(3_000);
    for form in ["", "--format csv"] {
        let docket = place.command(&format!("export --org acme {form}"));
        let mut piped = Command::new("bash");
        piped
            .args([
                "-c",
                "\"$@\" | head -c 10 >/dev/null; exit ${PIPESTATUS[0]}",
                "bash",
            ])
            .arg(docket.get_program())
            .args(docket.get_args())
            .env("DOCKET_DATA", place.path("data"));
        let ended = piped.stderr(Stdio::piped()).output().unwrap();
        let told = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(
            (ended.status.code(), told.as_str()),
            (Some(1), ""),
            "{form}"
        );
    }
    let full = place.run("export --org acme -o /dev/full");
    assert!(full.code == 1 && full.err.contains("/dev/full"), "{full:?}");
    let full = place.run("export --org acme --compress zstd -o /dev/full");
    assert!(full.code == 1 && full.err.contains("No space"), "{full:?}");
}

#[test]
fn a_file_is_complete_or_as_it_was() {
    let place = shop(3_000);
    place.file("out.jsonl", "what was there\n");
    // Files of this process have at most 64 KiB; the server's do not.
    let server = crate::server::Server::start(&place, "");
    let docket = place.command("export --org acme -o out.jsonl");
    let mut limited = Command::new("bash");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$@\"", "bash"])
        .arg(docket.get_program())
        .args(docket.get_args())
        .current_dir(place.path("."))
        .env("DOCKET_DATA", place.path("data"));
    let ended = limited.output().unwrap();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    server.stop();
    assert_eq!(
        fs::read_to_string(place.path("out.jsonl")).unwrap(),
        "what was there\n"
    );
    let mut names: Vec<String> = fs::read_dir(place.path("."))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["data", "out.jsonl", "shop.jsonl"]);
}
