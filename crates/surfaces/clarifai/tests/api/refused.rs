//! What is asked wrongly, over both transports.

use crate::world::{METHOD, World, of_user};
use docket_surfaces_clarifai::proto::{self, Pagination};
use docket_surfaces_clarifai::wire::REQUEST_BYTES_MAX;
use prost::Message as _;

const PATH: &str = "/v2/users/me/audit_log/searches";

#[tokio::test]
async fn keys_are_asked_for_in_one_form() {
    let world = World::new();
    let token = &world.auditor;
    let malformed = [
        String::new(),
        token.clone(),
        format!("key {token}"),
        format!("KEY {token}"),
        format!("Key  {token}"),
        format!("Bearer {token}"),
        "Key ".to_owned(),
        "Key".to_owned(),
        format!("Key {token} x"),
    ];
    for header in &malformed {
        let headers = [("authorization", header.as_str())];
        let answer = world.ask("POST", PATH, &headers, "{").await;
        answer.is(401, 11_102);
        assert!(
            answer
                .details()
                .starts_with("Empty or malformed authorization header.")
        );
        assert!(answer.text.ends_with(r#""entries":[]}"#));
        let reply = world
            .call(METHOD, &headers, &of_user("me").encode_to_vec())
            .await;
        assert!(reply.is(11_102).entries.is_empty());
    }
    let session = [("x-clarifai-session-token", token.as_str())];
    world.ask("POST", PATH, &session, "").await.is(401, 11_102);
    world.ask("POST", PATH, &[], "").await.is(401, 11_102);
    let key = format!("Key {token}");
    let twice = [
        ("authorization", key.as_str()),
        ("authorization", key.as_str()),
    ];
    world.ask("POST", PATH, &twice, "").await.is(401, 11_102);
    for unknown in ["x", "docket_x", &"k".repeat(9_000)] {
        let answer = world.search("me", unknown, "").await;
        answer.is(401, 11_008);
        assert!(!answer.text.contains(unknown) || unknown == "x");
        world.post(unknown, &of_user("me")).await.is(11_008);
    }
}

#[tokio::test]
async fn bodies_that_are_no_request_are_refused_before_the_method() {
    let world = World::new();
    let deep = format!("{}{}", "[".repeat(70), "]".repeat(70));
    for body in [
        "{",
        "[]",
        "7",
        "null",
        "nonsense",
        "{}{}",
        "{\"query\":{\"x\":1}}",
        "{\"a\":1}",
        r#"{"query":{"operations":["NOPE"]}}"#,
        r#"{"query":{"operations":300}}"#,
        r#"{"query":{"timestamp_from":1}}"#,
        r#"{"query":{"timestamp_from":"2024-13-01T00:00:00Z"}}"#,
        r#"{"query":{"success":"yes"}}"#,
        r#"{"query":{},"query":{}}"#,
        r#"{"pagination":{"page":-1}}"#,
        r#"{"pagination":{"page":4294967296}}"#,
        r#"{"sort_ascending":1}"#,
        "{\"a\u{0}\":1}",
        &deep,
        r#"{"query":{"user_ids":["\ud800"]}}"#,
    ] {
        let answer = world.search("me", &world.auditor, body).await;
        answer.is(400, 11_100);
        assert!(!answer.text.contains("entries"), "{body}: {}", answer.text);
        assert!(!answer.details().is_empty());
    }
    for body in ["", " \n", "{}", r#"{"query":null,"pagination":null}"#] {
        world
            .search("me", &world.auditor, body)
            .await
            .is(200, 10_000);
    }
    for body in [
        r#"{"pagination":{"per_page":1001}}"#,
        r#"{"query":{"targets":[{}]}}"#,
        r#"{"query":{"targets":[{"app":{"id":""}}]}}"#,
    ] {
        let answer = world.search("me", &world.auditor, body).await;
        answer.is(400, 11_102);
        assert!(answer.text.ends_with(r#""entries":[]}"#));
    }
}

#[tokio::test]
async fn the_content_type_is_not_looked_at() {
    let world = World::new();
    let key = format!("Key {}", world.auditor);
    for content_type in [
        "text/plain;charset=UTF-8",
        "application/xml",
        "x",
        "application/grpc-web+proto",
    ] {
        let headers = [
            ("authorization", key.as_str()),
            ("content-type", content_type),
        ];
        world
            .ask("POST", PATH, &headers, "{}")
            .await
            .is(200, 10_000);
    }
    let encoded = [("authorization", key.as_str()), ("content-encoding", "br")];
    world
        .ask("POST", PATH, &encoded, "{}")
        .await
        .is(400, 11_100);
}

#[tokio::test]
async fn paths_and_methods_that_are_not_there() {
    let world = World::new();
    for path in [
        "/v2",
        "/v2/",
        "/v2/users",
        "/v2/users/me/audit_log",
        "/v2/users/me/audit_log/searches/",
        "/v2/x",
    ] {
        let answer = world.ask("POST", path, &[], "").await;
        answer.is(404, 11_101);
        assert!(!answer.text.contains("entries"));
    }
    for method in ["GET", "PUT", "DELETE", "PATCH"] {
        let answer = world.ask(method, PATH, &[], "").await;
        answer.is(405, 11_103);
        assert_eq!(answer.details(), "Method Not Allowed");
        assert!(answer.headers["allow"].to_str().unwrap().contains("POST"));
    }
    let json = world
        .ask(
            "POST",
            METHOD,
            &[("content-type", "application/json")],
            "{}",
        )
        .await;
    json.is(404, 11_101);
    world.ask("GET", METHOD, &[], "").await.is(405, 11_103);
    let methods = world.ask("GET", "/v2/auth/methods", &[], "").await;
    methods.is(200, 10_000);
    let preflight = world
        .ask("OPTIONS", PATH, &[("origin", "https://app.example")], "")
        .await;
    assert_eq!(preflight.status, 204);
    for (name, words) in [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", "POST"),
        ("access-control-allow-headers", "Authorization"),
        ("x-clarifai-request-id", ""),
    ] {
        assert!(
            preflight.headers[name].to_str().unwrap().contains(words),
            "{name}"
        );
    }
}

#[tokio::test]
async fn grpc_has_statuses_for_the_transport_alone() {
    let world = World::new();
    let key = format!("Key {}", world.auditor);
    let key = [("authorization", key.as_str())];
    let good = of_user("me").encode_to_vec();
    world.call(METHOD, &key, &good).await.is(10_000);
    for method in ["PostAuditLogSearch", "ListApps", "x"] {
        let path = format!("/clarifai.api.V2/{method}");
        assert_eq!(world.call(&path, &key, &good).await.code, 12);
    }
    for broken in [
        &[0x0a, 0xff][..],
        &[0xff; 12],
        &[0x0a, 3, 0xff, 0xfe, 0xfd],
        &[0x12, 2, 0x1a, 9],
    ] {
        assert_eq!(world.call(METHOD, &key, broken).await.code, 3, "{broken:?}");
    }
    for raw in [
        vec![],
        vec![0],
        vec![0, 0, 0, 0, 9, 1],
        vec![1, 0, 0, 0, 0],
        vec![7, 0, 0, 0, 0],
    ] {
        assert_eq!(
            world.call_raw(METHOD, &key, raw.clone()).await.code,
            3,
            "{raw:?}"
        );
    }
    // A field that the proto file does not have is no fault.
    let unknown = [&good[..], &[0xa2, 0x06, 1, b'x']].concat();
    world.call(METHOD, &key, &unknown).await.is(10_000);
    let compressed = [key[0], ("grpc-encoding", "gzip")];
    assert_eq!(world.call(METHOD, &compressed, &good).await.code, 12);
    let announced = vec![0, 0xff, 0xff, 0xff, 0xff, 0];
    assert_eq!(world.call_raw(METHOD, &key, announced).await.code, 8);
}

#[tokio::test]
async fn requests_have_a_largest_size() {
    let world = World::new();
    let fill = |bytes: usize| format!(r#"{{"query":{{"user_ids":["{}"]}}}}"#, "u".repeat(bytes));
    let around = fill(0).len();
    let most = fill(REQUEST_BYTES_MAX - around);
    world
        .search("me", &world.auditor, &most)
        .await
        .is(200, 10_000);
    let more = fill(REQUEST_BYTES_MAX - around + 1);
    let answer = world.search("me", &world.auditor, &more).await;
    answer.is(413, 40_033);
    assert!(!answer.text.contains("entries"));
    let key = format!("Key {}", world.auditor);
    let key = [("authorization", key.as_str())];
    let mut request = of_user("me");
    let mut query = proto::AuditLogQuery {
        user_ids: vec![String::new()],
        ..Default::default()
    };
    for (spare, code) in [(32, 0), (0, 8)] {
        query.user_ids = vec!["u".repeat(REQUEST_BYTES_MAX - spare)];
        request.query = Some(query.clone());
        assert_eq!(
            world
                .call(METHOD, &key, &request.encode_to_vec())
                .await
                .code,
            code
        );
    }
    request.query = None;
    request.pagination = Some(Pagination {
        page: 0,
        per_page: u32::MAX,
    });
    world.post(&world.auditor, &request).await.is(11_102);
}
