//! What is taken in, in which forms, and what comes back of it.

use std::sync::Arc;

use docket_event::Value;
use docket_event::json::parse;

use crate::world::World;

const EVENTS: &str = "/api/v1/events";
const LINES: (&str, &str) = ("content-type", "application/x-ndjson; charset=utf-8");

/// Headers, a body, and how many events it has.
type Form<'f> = (&'f [(&'f str, &'f str)], String, usize);

#[tokio::test]
async fn every_form_of_a_batch_is_taken() {
    let world = World::new();
    let (one, two) = (r#"{"type":"a.b"}"#, r#"{"type":"a.c"}"#);
    let forms: [Form<'_>; 9] = [
        (&[], one.to_owned(), 1),
        (&[], format!(" \u{feff}{one}").trim_start().to_owned(), 1),
        (&[], format!("[{one}, {two}]"), 2),
        (&[], format!("{{\"events\":[{one},{two}]}}"), 2),
        (
            &[],
            format!("{{\"events\":[{one}],\"next\":null,\"has_more\":false}}"),
            1,
        ),
        (&[LINES], format!("{one}\n\n{two}\r\n"), 2),
        (
            &[("content-type", "application/x-www-form-urlencoded")],
            one.to_owned(),
            1,
        ),
        (&[], "[]".to_owned(), 0),
        (&[LINES], "\n".to_owned(), 0),
    ];
    for (headers, body, count) in forms {
        let before = world.size();
        let answer = world.post(EVENTS, headers, body.clone()).await;
        assert_eq!(answer.status, 200, "{body}: {}", answer.text);
        assert_eq!(answer.headers["content-type"], "application/json");
        let added = u64::try_from(count).unwrap();
        let positions: Vec<String> = (before..before + added).map(|at| at.to_string()).collect();
        assert_eq!(answer.strings("ids").len(), count);
        assert_eq!(
            answer.member("positions"),
            format!("[{}]", positions.join(","))
        );
        assert_eq!(answer.member("tree_size"), (before + added).to_string());
        assert_eq!(answer.member("duplicates"), "0");
    }
}

#[tokio::test]
async fn an_event_reads_back_as_it_was_written() {
    let world = World::new();
    let numbers = "[8.533e+68,12345678901234567890123,1e400,-0,0.10,1E5]";
    let event = format!(
        "{{\"type\":\"shop.opened\",\"occurred_at\":\"2026-11-20T01:02:03.123456789Z\",\
         \"actor\":{{\"kind\":\"agent\",\"id\":\"ü\u{1f600}\"}},\"data\":{{\"n\":{numbers},\"nul\":\"\\u0000\"}}}}"
    );
    let id = world.store(&event).await;
    let answer = world.get(&format!("{EVENTS}/{id}"), &world.owner).await;
    let json = answer.json();
    let sent = parse(&event).unwrap();
    for (name, value) in sent.as_object().unwrap() {
        assert_eq!(json.get(name), Some(value), "{name}");
    }
    assert_eq!(json.get("id").and_then(Value::as_str), Some(&*id));
    assert_eq!(json.at(&["data", "n"]).unwrap().to_text(), numbers);
    let listed = world
        .get(&format!("{EVENTS}?type=shop.opened"), &world.owner)
        .await;
    assert_eq!(
        listed.json().get("events").unwrap().to_text(),
        format!("[{}]", answer.text)
    );
    let without = world.store(r#"{"type":"a.b","data":null}"#).await;
    let answer = world
        .get(&format!("{EVENTS}/{without}"), &world.owner)
        .await;
    assert_eq!(answer.member("occurred_at"), answer.member("recorded_at"));
}

#[tokio::test]
async fn an_id_that_was_brought_finds_the_event_and_is_taken_once() {
    let world = World::new();
    let event = r#"{"type":"a.b","id":"mine/1","recorded_at":"2026-01-01T00:00:00Z"}"#;
    let first = world.post(EVENTS, &[], event).await;
    let second = world
        .post(
            EVENTS,
            &[],
            format!("[{event},{{\"type\":\"a.c\"}},{event}]"),
        )
        .await;
    assert_eq!(second.member("duplicates"), "2");
    let id = first.strings("ids").remove(0);
    let ids = second.strings("ids");
    assert_eq!((&ids[0], &ids[2]), (&id, &id));
    assert_ne!(ids[1], id);
    let found = world.get(&format!("{EVENTS}/mine%2F1"), &world.owner).await;
    assert_eq!(found.member("id"), id);
    let origin =
        r#"{"surface":"native","id":"mine/1","extra":{"recorded_at":"2026-01-01T00:00:00Z"}}"#;
    assert_eq!(found.member("origin"), origin);
    let before = world.size();
    let other = r#"[{"type":"a.d"},{"type":"a.c","id":"mine/1"}]"#;
    let refused = world.post(EVENTS, &[], other).await;
    refused.is_problem(422, "event 1: ");
    assert_eq!(world.size(), before);
    let listed = world
        .get(
            &format!("{EVENTS}?origin=native&origin_id=mine/1"),
            &world.owner,
        )
        .await;
    assert_eq!(listed.events("id"), [id]);
}

#[tokio::test]
async fn a_repeated_request_is_answered_as_the_first() {
    let world = World::new();
    let key = [("idempotency-key", "k-1")];
    let first = world.post(EVENTS, &key, r#"{"type":"a.b"}"#).await;
    let size = world.size();
    let again = world.post(EVENTS, &key, r#"{"type":"a.b"}"#).await;
    assert_eq!(
        (first.status.as_u16(), &again.text, world.size()),
        (200, &first.text, size)
    );
    let other = world.post(EVENTS, &key, r#"{"type":"a.c"}"#).await;
    other.is_problem(409, "used with another body");
    let of_owner = world
        .post_as(&world.owner, EVENTS, &key, r#"{"type":"a.c"}"#)
        .await;
    assert_eq!((of_owner.status.as_u16(), world.size()), (200, size + 1));
    let zstd = zstd::encode_all(&br#"{"type":"a.b"}"#[..], 3).unwrap();
    let headers = [key[0], ("content-encoding", "zstd")];
    assert_eq!(world.post(EVENTS, &headers, zstd).await.text, first.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn repeats_in_flight_wait_for_the_first() {
    let world = Arc::new(World::new());
    let size = world.size();
    let asking = (0..8).map(|_| {
        let world = world.clone();
        tokio::spawn(async move {
            world
                .post(EVENTS, &[("idempotency-key", "k")], r#"{"type":"a.b"}"#)
                .await
        })
    });
    let asking: Vec<_> = asking.collect();
    let mut texts = Vec::new();
    for one in asking {
        let answer = one.await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text);
        texts.push(answer.text);
    }
    texts.dedup();
    assert_eq!((texts.len(), world.size()), (1, size + 1));
}

#[tokio::test]
async fn a_token_of_a_project_writes_and_reads_that_project_only() {
    let world = World::new();
    let token = &world.project_writer;
    for (event, words) in [
        (
            r#"{"type":"a.b"}"#,
            "project.id: is missing; the token is for p1",
        ),
        (
            r#"{"type":"a.b","project":{"id":"p2"}}"#,
            "project.id: is p2, but the token is for p1",
        ),
    ] {
        world
            .post_as(token, EVENTS, &[], event)
            .await
            .is_problem(422, words);
        world.store(event).await;
    }
    for event in [
        r#"{"type":"in.project","project":{"id":"p1"}}"#,
        r#"{"type":"in.target","targets":[{"kind":"project","id":"p1"}]}"#,
    ] {
        assert_eq!(world.post_as(token, EVENTS, &[], event).await.status, 200);
    }
    let listed = world
        .get(&format!("{EVENTS}?type=in.*&type=a.b"), token)
        .await;
    assert_eq!(listed.events("type"), ["in.target", "in.project"]);
}
