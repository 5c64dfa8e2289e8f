//! Bodies that are wrong: each is refused as a whole, with the reason where it lies, and nothing is stored.

use std::io::Write;

use axum::body::Body;
use docket_event::Value;

use crate::world::World;

const EVENTS: &str = "/api/v1/events";
const GZIP: (&str, &str) = ("content-encoding", "gzip");
const ZSTD: (&str, &str) = ("content-encoding", "zstd");
const LINES: (&str, &str) = ("content-type", "application/x-ndjson");

/// A body, its status, and words of the first fault.
type Case<'c> = (&'c str, u16, &'c str);

async fn check(world: &World, headers: &[(&str, &str)], cases: &[Case<'_>]) {
    for (body, status, words) in cases {
        let before = world.size();
        let answer = world.post(EVENTS, headers, (*body).to_owned()).await;
        let shown: String = body.chars().take(80).collect();
        assert_eq!(answer.status, *status, "{shown}: {}", answer.text);
        answer.is_problem(*status, words);
        assert_eq!(world.size(), before, "{shown}");
    }
}

#[tokio::test]
async fn what_is_no_json_is_refused() {
    let world = World::new();
    check(
        &world,
        &[],
        &[
            (
                "",
                422,
                "event 0: the text ends where a value should stand (byte 0)",
            ),
            ("{", 422, "event 0: "),
            (
                "{\"type\":\"a.b\"",
                422,
                "event 0: expected `,` or `}` (byte 13)",
            ),
            (
                "{\"type\":\"a.b\"}x",
                422,
                "something stands behind the value (byte 14)",
            ),
            ("[{\"type\":\"a.b\"}", 400, "(byte 15)"),
            ("[{\"type\":\"a.b\"},]", 400, "[1]: "),
            ("[,]", 400, "[0]: "),
            ("{'type':'a.b'}", 422, "member name"),
            ("{\"type\":\"a.b\",}", 422, "member name"),
            (
                "{\"type\":\"a.b\",\"data\":NaN}",
                422,
                "data: expected a JSON value",
            ),
            ("{\"type\":\"a.b\",\"data\":01}", 422, "expected `,` or `}`"),
            (
                "{\"type\":\"a.b\",\"data\":\"\u{1}\"}",
                422,
                "control character",
            ),
            (
                "{\"type\":\"a.b\",\"type\":\"a.c\"}",
                422,
                "type: the same member name twice",
            ),
            (
                "{\"type\":\"a.b\",\"data\":{\"x\":1,\"\\u0078\":2}}",
                422,
                "data.x: the same member",
            ),
            (
                "{\"type\":\"a.b\",\"data\":\"\\ud800\"}",
                422,
                "data: half a surrogate pair",
            ),
            (
                "{\"type\":\"a.b\",\"data\":\"\\udc00\\ud800\"}",
                422,
                "half a surrogate pair",
            ),
            ("null", 422, "the event is null; write an object"),
            ("7", 422, "the event is a number"),
            ("\"text\"", 422, "the event is a string"),
            ("[null]", 422, "event 0: the event is null"),
            (
                "{\"events\":[{\"type\":\"a.b\"}],\"foo\":1}",
                400,
                "foo: is no member of a batch",
            ),
            (
                "{\"events\":[],\"events\":[]}",
                400,
                "events: the same member name twice",
            ),
        ],
    )
    .await;
    let lines = [
        ("{\"type\":\"a.b\"}\nnonsense", 422, "event 1: "),
        (
            "\n\n{\"type\":\"a.b\"} {\"type\":\"a.b\"}\n",
            422,
            "event 0: something stands behind",
        ),
        (
            "[{\"type\":\"a.b\"}]",
            422,
            "event 0: the event is an array",
        ),
        ("{\"type\":\n\"a.b\"}", 422, "event 0: "),
    ];
    check(&world, &[LINES], &lines).await;
    for bytes in [
        &b"\xff"[..],
        b"{\"type\":\"\xc3\x28\"}",
        b"{\"type\":\"a.b\",\"data\":\"\xed\xa0\x80\"}",
    ] {
        let answer = world.post(EVENTS, &[], bytes).await;
        answer.is_problem(400, "the body is not UTF-8 (byte ");
    }
}

#[tokio::test]
async fn members_that_are_wrong_are_named_by_index_and_path() {
    let world = World::new();
    let deep = format!(
        "{{\"type\":\"a.b\",\"data\":{}1{}}}",
        "[".repeat(65),
        "]".repeat(65)
    );
    let number = format!("{{\"type\":\"a.b\",\"data\":{}}}", "1".repeat(65));
    let targets = format!(
        "{{\"type\":\"a.b\",\"targets\":[{}{{}}]}}",
        "{\"kind\":\"k\"},".repeat(64)
    );
    let id = format!(
        "{{\"type\":\"a.b\",\"actor\":{{\"id\":\"{}\"}}}}",
        "x".repeat(4_097)
    );
    let long_type = format!("{{\"type\":\"a.{}\"}}", "b".repeat(300));
    let large = format!("{{\"type\":\"a.b\",\"data\":\"{}\"}}", "x".repeat(61_440));
    let huge = format!("{{\"type\":\"a.b\",\"data\":\"{}\"}}", "x".repeat(2 << 20));
    check(
        &world,
        &[],
        &[
            ("{}", 422, "event 0: type: is missing"),
            ("{\"type\":7}", 422, "type: is a number; write a string"),
            ("{\"type\":\"\"}", 422, "type: is empty"),
            (
                "{\"type\":\"login\"}",
                422,
                "type: `login` is no event type",
            ),
            (
                "{\"type\":\"docket.events.read\"}",
                422,
                "type: types that begin with `docket.`",
            ),
            (
                "{\"type\":\"x.openai.new\"}",
                422,
                "type: types that begin with `x.`",
            ),
            ("{\"type\":\"ingest.rejected\"}", 422, "type: "),
            (
                "{\"type\":\"a.b\",\"actr\":{}}",
                422,
                "actr: is no member of an event",
            ),
            (
                "{\"type\":\"a.b\",\"actor\":\"me\"}",
                422,
                "actor: is a string; write an object",
            ),
            (
                "{\"type\":\"a.b\",\"actor\":{\"kind\":\"robot\"}}",
                422,
                "actor.kind: `robot` is no kind",
            ),
            (
                "{\"type\":\"a.b\",\"targets\":{}}",
                422,
                "targets: is an object; write an array",
            ),
            (
                "{\"type\":\"a.b\",\"targets\":[{\"id\":\"1\"}]}",
                422,
                "targets[0].kind: is missing",
            ),
            ("{\"type\":\"a.b\",\"outcome\":\"maybe\"}", 422, "outcome: "),
            (
                "{\"type\":\"login.failed\",\"outcome\":\"success\"}",
                422,
                "outcome: ",
            ),
            (
                "{\"type\":\"a.b\",\"error\":{\"code\":\"1\"}}",
                422,
                "error: ",
            ),
            (
                "{\"type\":\"a.b\",\"occurred_at\":5}",
                422,
                "occurred_at: is a number",
            ),
            (
                "{\"type\":\"a.b\",\"occurred_at\":\"2026-11-20\"}",
                422,
                "occurred_at: ",
            ),
            (
                "{\"type\":\"a.b\",\"occurred_at\":\"2026-02-30T00:00:00Z\"}",
                422,
                "occurred_at: ",
            ),
            (
                "{\"type\":\"a.b\",\"occurred_at\":\"1969-12-31T23:59:59Z\"}",
                422,
                "occurred_at: ",
            ),
            (
                "{\"type\":\"a.b\",\"occurred_at\":\"2016-12-31T23:59:60Z\"}",
                422,
                "occurred_at: ",
            ),
            (
                "{\"type\":\"a.b\",\"occurred_at\":\"9999-12-31T23:59:59Z\"}",
                422,
                "5 minutes ahead",
            ),
            (
                "{\"type\":\"a.b\",\"origin\":{\"surface\":\"docket\"}}",
                422,
                "origin.surface: `docket`",
            ),
            (
                "{\"type\":\"a.b\",\"origin\":{}}",
                422,
                "origin.surface: is missing",
            ),
            (
                "{\"type\":\"a.b\",\"id\":7}",
                422,
                "id: is a number; write a string",
            ),
            (
                "{\"type\":\"a.b\",\"recorded_at\":\"soon\"}",
                422,
                "recorded_at: soon is not",
            ),
            (&deep, 422, "nested deeper than 64"),
            (&number, 422, "data: a number longer than 64 characters"),
            (&targets, 422, "targets: has 65 elements; at most 64"),
            (&id, 422, "actor.id: has 4097 bytes"),
            (&long_type, 422, "type: has 302 bytes"),
            (&large, 422, "event 0: "),
            (
                &huge,
                422,
                "event 0: has 2097176 bytes; at most 1048576 are read",
            ),
            (
                "[{\"type\":\"a.b\"},{\"type\":\"a.b\",\"x\":1}]",
                422,
                "event 1: x: is no member",
            ),
        ],
    )
    .await;
    let batch = format!("[{{\"type\":\"a.b\"}}{}]", ",{\"x\":1}".repeat(300));
    let answer = world.post(EVENTS, &[], batch).await;
    answer.is_problem(422, "event 1: type: is missing (and 99 more)");
    let json = answer.json();
    let errors = json.get("errors").and_then(Value::as_array).unwrap();
    assert_eq!(errors.len(), 100);
    assert_eq!(
        errors[1].to_text(),
        r#"{"index":1,"path":"x","reason":"is no member of an event"}"#
    );
}

#[tokio::test]
async fn batches_that_are_too_large_are_refused() {
    let world = World::new();
    let many = |count: usize| vec!["{\"type\":\"a.b\"}"; count].join(",");
    let too_many = format!("[{}]", many(10_001));
    let paged = format!("{{\"events\":[{}]}}", many(10_001));
    let cases = [
        (&*too_many, 413, "more than 10000 events"),
        (&paged, 413, "more than 10000"),
    ];
    check(&world, &[], &cases).await;
    check(
        &world,
        &[LINES],
        &[(&many(10_001).replace(',', "\n"), 413, "more than 10000")],
    )
    .await;
    let answer = world.post(EVENTS, &[], format!("[{}]", many(10_000))).await;
    assert_eq!(
        (answer.status.as_u16(), answer.strings("ids").len()),
        (200, 10_000)
    );

    let large = vec![b' '; (16 << 20) + 1];
    let answer = world.post(EVENTS, &[], large.clone()).await;
    answer.is_problem(413, "more than 16777216 bytes");
    let length = [("content-length", "16777217")];
    world
        .post(EVENTS, &length, large)
        .await
        .is_problem(413, "more than 16777216 bytes");
    let mut fits = b"[{\"type\":\"a.b\"}]".to_vec();
    fits.resize(16 << 20, b' ');
    assert_eq!(world.post(EVENTS, &[], fits).await.status, 200);
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn compressed_bodies_are_bounded_and_whole() {
    let world = World::new();
    let event = b"{\"type\":\"a.b\"}";
    let zstd = |data: &[u8]| zstd::encode_all(data, 3).unwrap();
    for (header, body) in [
        (GZIP, gzip(event)),
        (("content-encoding", "X-GZIP"), gzip(event)),
        (GZIP, [gzip(b"{\"type\":"), gzip(b"\"a.b\"}")].concat()),
        (ZSTD, zstd(event)),
        (ZSTD, [zstd(b"{\"type\":"), zstd(b"\"a.b\"}")].concat()),
        (("content-encoding", "identity"), event.to_vec()),
    ] {
        let answer = world.post(EVENTS, &[header], body).await;
        assert_eq!(answer.status, 200, "{header:?}: {}", answer.text);
    }
    let before = world.size();
    let bomb = vec![b' '; 128 << 20];
    let bombs = [(GZIP, gzip(&bomb)), (ZSTD, zstd(&bomb))];
    drop(bomb);
    for (header, body) in bombs {
        assert!(body.len() < 2 << 20);
        world
            .post(EVENTS, &[header], body)
            .await
            .is_problem(413, "more than 16777216 bytes");
    }
    for (header, body) in [
        (GZIP, gzip(event)[..20].to_vec()),
        (GZIP, event.to_vec()),
        (GZIP, Vec::new()),
        (ZSTD, zstd(event)[..10].to_vec()),
        (ZSTD, event.to_vec()),
        (ZSTD, gzip(event)),
    ] {
        let answer = world.post(EVENTS, &[header], body).await;
        answer.is_problem(400, "the body cannot be decompressed as");
    }
    for encoding in ["br", "deflate", "gzip, gzip", "gzip,zstd", "\u{e9}"] {
        let answer = world
            .post(EVENTS, &[("content-encoding", encoding)], gzip(event))
            .await;
        answer.is_problem(415, "send gzip, zstd or none");
        assert_eq!(answer.headers["accept-encoding"], "gzip, zstd");
    }
    assert_eq!(world.size(), before);
}

#[tokio::test]
async fn idempotency_keys_that_are_none_are_refused() {
    let world = World::new();
    for key in ["", "a b", "\u{e9}", &"k".repeat(256), "a\tb"] {
        let headers = [("idempotency-key", key)];
        let answer = world
            .post(EVENTS, &headers, Body::from("{\"type\":\"a.b\"}"))
            .await;
        answer.is_problem(
            400,
            "idempotency-key: must be one value of 1 to 255 visible ASCII",
        );
    }
    let twice = [("idempotency-key", "a"), ("idempotency-key", "a")];
    world
        .post(EVENTS, &twice, "{\"type\":\"a.b\"}")
        .await
        .is_problem(400, "must be one value");
}
