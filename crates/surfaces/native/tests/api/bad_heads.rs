//! Requests that are wrong before their body counts: tokens, paths, methods, parameters.

use axum::body::Body;
use axum::http::Request;
use docket_event::{Cursor, Direction, IdKey, Order, Place, Side};

use crate::world::World;

const EVENTS: &str = "/api/v1/events";

#[tokio::test]
async fn without_a_valid_token_nothing_is_told() {
    let world = World::new();
    let long = format!("Bearer {}", "x".repeat(2_000));
    let headers: [(&[&str], &str); 11] = [
        (&[], "send the header"),
        (&[""], "send the header"),
        (&["Bearer"], "send the header"),
        (&["Bearer "], "send the header"),
        (&["Basic abc"], "send the header"),
        (&["Key abc"], "send the header"),
        (&["Bearer a b"], "send the header"),
        (&["Bearer a", "Bearer a"], "send the header"),
        (&["Bearer abc"], "unknown, expired or revoked"),
        (&["Bearer docket_\u{e9}"], "send the header"),
        (&[&long], "unknown, expired or revoked"),
    ];
    for path in [EVENTS, "/api/v1/events/x", "/api/v1/stats"] {
        for (values, words) in &headers {
            let request = values.iter().fold(Request::get(path), |request, value| {
                request.header("authorization", value.as_bytes())
            });
            let answer = world.send(request.body(Body::empty()).unwrap()).await;
            answer.is_problem(401, words);
            assert!(
                answer.headers["www-authenticate"]
                    .to_str()
                    .unwrap()
                    .starts_with("Bearer ")
            );
        }
    }
    let spelled = Request::get(EVENTS).header("authorization", format!("bEaReR  {}", world.owner));
    assert_eq!(
        world
            .send(spelled.body(Body::empty()).unwrap())
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_token_that_may_not_is_told_which_permission_it_lacks() {
    let world = World::new();
    world
        .get(EVENTS, &world.writer)
        .await
        .is_problem(403, "audit:read");
    world
        .get("/api/v1/events/x", &world.writer)
        .await
        .is_problem(403, "audit:read");
    for token in [&world.auditor, &world.member] {
        let answer = world.post_as(token, EVENTS, &[], r#"{"type":"a.b"}"#).await;
        answer.is_problem(403, "audit:write");
    }
    assert_eq!(world.get(EVENTS, &world.member).await.status, 200);
}

#[tokio::test]
async fn unknown_paths_and_methods_are_answered_by_whoever_has_the_prefix() {
    let world = World::new();
    for path in [
        "/",
        "/api/v1/event",
        "/api/v1/events/a/b",
        "/v10",
        "/favicon.ico",
    ] {
        world
            .get(path, "x")
            .await
            .is_problem(404, "nothing at this path");
    }
    for path in ["/v1", "/v1/x", "/v1/deeper/x"] {
        let answer = world.get(path, "x").await;
        assert_eq!(
            (answer.status.as_u16(), &answer.text[..7]),
            (404, "vendor:")
        );
    }
    let answer = world.post("/api/v1/events/x", &[], "").await;
    answer.is_problem(405, "method");
    assert_eq!(answer.headers["allow"], "GET,HEAD");
    let delete = Request::delete(EVENTS).body(Body::empty()).unwrap();
    assert_eq!(world.send(delete).await.headers["allow"], "GET,HEAD,POST");
    let answer = world.post("/v1/slow", &[], "").await;
    assert_eq!(
        answer.text,
        "vendor: this path does not take this method (POST /v1/slow)"
    );
}

#[tokio::test]
async fn parameters_that_are_wrong_are_named() {
    let world = World::new();
    let (other, ours) = (
        IdKey([9; 16]),
        *world.engine.log("acme").unwrap().unwrap().id_key(),
    );
    let cursor = |key: &IdKey, order| {
        let place = Place {
            micros: -7,
            position: u64::MAX - 1,
        };
        Cursor {
            order,
            direction: Direction::Descending,
            side: Side::After,
            place,
        }
        .encode(key)
    };
    let (foreign, occurred) = (
        cursor(&other, Order::Recorded),
        cursor(&ours, Order::Occurred),
    );
    let table = [
        (
            "from=2026-11-20T00:00:00",
            "from: 2026-11-20T00:00:00 has no time zone; write 2026-11-20T00:00:00Z",
        ),
        ("from=yesterday", "from: "),
        ("to=2016-12-31T23:59:60Z", "to: "),
        ("to=99999-01-01T00:00:00Z", "to: "),
        ("recorded_from=", "recorded_from: is empty"),
        ("recorded_to=1", "recorded_to: "),
        ("limit=0", "limit: "),
        ("limit=1001", "limit: "),
        ("limit=1e2", "limit: "),
        ("limit=%D9%A3", "limit: "),
        ("limit=5&limit=5", "limit: stands more than once"),
        ("order=random", "order: "),
        ("direction=descending", "direction: "),
        ("outcome=ok", "outcome: "),
        ("type=*", "type: "),
        ("type=a*b", "type: "),
        ("not.type=*.created", "not.type: "),
        (
            "actor=x",
            "actor: is no parameter here; the nearest one is `actor_id`",
        ),
        (
            "Type=x",
            "Type: is no parameter here; the nearest one is `type`",
        ),
        ("count=yes", "count: is neither yes nor no"),
        (
            "not.from=2026-11-20T00:00:00Z",
            "not.from: is no parameter here",
        ),
        ("type=%FF", "not UTF-8"),
        ("cursor=%FF", "not UTF-8"),
        ("cursor=0", "cursor: is no cursor of this log"),
        ("cursor='%3BDROP TABLE", "cursor: is no cursor of this log"),
        (
            &format!("cursor={foreign}"),
            "cursor: is no cursor of this log",
        ),
        (
            &format!("cursor={occurred}&order=recorded"),
            "cursor: belongs to another order",
        ),
        (
            &format!("cursor={occurred}&direction=asc"),
            "cursor: belongs to another order",
        ),
    ];
    for (query, words) in table {
        let query = query.replace(' ', "%20");
        let answer = world.get(&format!("{EVENTS}?{query}"), &world.owner).await;
        answer.is_problem(400, words);
    }
    let both = world
        .get(&format!("{EVENTS}?limit=0&typ=1"), &world.owner)
        .await;
    both.is_problem(400, "(and 1 more)");
    assert!(
        both.member("errors")
            .contains(r#"{"path":"limit","reason":"#)
    );
    world
        .get("/api/v1/events/x?limit=1", &world.owner)
        .await
        .is_problem(400, "takes none");
    let answer = world
        .post(&format!("{EVENTS}?fromat=native"), &[], "")
        .await;
    answer.is_problem(400, "the nearest one is `format`");
    let answer = world
        .post(&format!("{EVENTS}?format=splunk"), &[], "")
        .await;
    answer.is_problem(400, "format: `splunk` is no format; write one of native");
    let far = world
        .get(&format!("{EVENTS}?cursor={occurred}"), &world.owner)
        .await;
    assert_eq!((far.status.as_u16(), far.events("id").len()), (200, 0));
}

#[tokio::test]
async fn ids_that_name_nothing_are_404() {
    let world = World::new();
    let event = world.store(r#"{"type":"a.b"}"#).await;
    let mut forged = event.clone();
    let last = if forged.ends_with('0') { "1" } else { "0" };
    forged.replace_range(forged.len() - 1.., last);
    let long = "x".repeat(5_000);
    let nil = "00000000-0000-0000-0000-000000000000";
    let max = "ffffffff-ffff-ffff-ffff-ffffffffffff";
    for id in [
        &*forged, nil, max, "x", "%00", "%2F..%2F", "%FF", "'", &long,
    ] {
        world
            .get(&format!("{EVENTS}/{id}"), &world.owner)
            .await
            .is_problem(404, "no event has");
    }
    world
        .get(&format!("{EVENTS}/{event}"), &world.stranger)
        .await
        .is_problem(404, "no event");
    assert_eq!(
        world
            .get(&format!("{EVENTS}/{event}"), &world.owner)
            .await
            .status,
        200
    );
    let simple = event.replace('-', "").to_uppercase();
    assert_eq!(
        world
            .get(&format!("{EVENTS}/{simple}"), &world.owner)
            .await
            .status,
        200
    );
}
