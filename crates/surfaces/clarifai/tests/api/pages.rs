//! Pages, orders and filters through the whole server; both transports say the same.

use docket_event::{Value, json::parse, read_event};

use crate::world::{World, of_user};
use docket_surfaces_clarifai::proto::{self, Pagination};

fn entry(second: u32, req_id: u32, more: &str) -> String {
    format!(
        r#"{{"timestamp":"2025-01-01T00:00:{second:02}Z","operation":600,"success":true,"req_id":"{req_id}"{more}}}"#
    )
}

#[tokio::test]
async fn pages_are_numbered_in_both_orders() {
    let world = World::new();
    // Three at each second, recorded one after the other.
    let entries: Vec<String> = (0..30).map(|n| entry(n / 3, n, "")).collect();
    let entries: Vec<&str> = entries.iter().map(String::as_str).collect();
    world.store(&entries).await;
    let times = r#""query":{"timestamp_to":"2025-01-02T00:00:00Z"}"#;
    let whole = world
        .listed("me", &world.auditor, &format!("{{{times}}}"))
        .await;
    let expected: Vec<String> = (0..30).rev().map(|n: u32| n.to_string()).collect();
    assert_eq!(whole, expected);
    for ascending in [false, true] {
        let mut found = Vec::new();
        for page in 1..=5 {
            let body = format!(
                r#"{{{times},"sort_ascending":{ascending},"pagination":{{"page":{page},"per_page":7}}}}"#
            );
            let listed = world.listed("me", &world.auditor, &body).await;
            let mut request = of_user("me");
            request.sort_ascending = ascending;
            request.query = Some(proto::AuditLogQuery {
                timestamp_to: Some(prost_types::Timestamp {
                    seconds: 1_735_776_000,
                    nanos: 0,
                }),
                ..Default::default()
            });
            request.pagination = Some(Pagination { page, per_page: 7 });
            let reply = world.post(&world.auditor, &request).await;
            let sent: Vec<String> = reply
                .is(10_000)
                .entries
                .iter()
                .map(|one| one.req_id.clone())
                .collect();
            assert_eq!(sent, listed);
            found.extend(listed);
        }
        if ascending {
            found.reverse();
        }
        assert_eq!(found, expected);
    }
    for page in ["4294967295", "31"] {
        let body = format!(r#"{{{times},"pagination":{{"page":{page},"per_page":1}}}}"#);
        assert!(world.listed("me", &world.auditor, &body).await.is_empty());
    }
    let none = r#"{"query":{"timestamp_from":"2025-01-02T00:00:00Z","timestamp_to":"2025-01-01T00:00:00Z"}}"#;
    assert!(world.listed("me", &world.auditor, none).await.is_empty());
}

#[tokio::test]
async fn an_entry_is_the_same_over_both_transports() {
    let world = World::new();
    let more = r#","user":{"id":"u","first_name":"F","visibility":{"gettable":50}},"targets":[{"model":{"id":"m"}},{"role":{"id":"r","type":1}}],"details":["d"],"source_ip":"::1","future":{"x":1}"#;
    world.store(&[&entry(1, 7, more)]).await;
    let answer = world
        .search("me", &world.auditor, r#"{"query":{"source_ips":["0::1"]}}"#)
        .await;
    answer.is(200, 10_000);
    let expected = r#","entries":[{"timestamp":"2025-01-01T00:00:01Z","user":{"id":"u","first_name":"F","visibility":{"gettable":50}},"operation":600,"description":"Applications created","targets":[{"model":{"id":"m","app_id":"","toolkits":[],"use_cases":[],"languages":[],"languages_full":[],"check_consents":[]}},{"role":{"id":"r","type":1}}],"details":["d"],"success":true,"req_id":"7","source_ip":"::1","future":{"x":1}}]}"#;
    assert!(answer.text.ends_with(expected), "{}", answer.text);
    let mut request = of_user("me");
    request.query = Some(proto::AuditLogQuery {
        source_ips: vec!["::1".to_owned()],
        ..Default::default()
    });
    let reply = world.post(&world.auditor, &request).await;
    let [sent] = &reply.is(10_000).entries[..] else {
        panic!("{reply:?}");
    };
    let user = sent.user.as_ref().unwrap();
    assert_eq!((user.id.as_str(), user.first_name.as_str()), ("u", "F"));
    assert_eq!(
        (sent.operation, sent.success, sent.source_ip.as_str()),
        (600, true, "::1")
    );
    assert_eq!(sent.description, "Applications created");
    assert_eq!(
        sent.timestamp.as_ref().map(|time| time.seconds),
        Some(1_735_689_601)
    );
    assert_eq!(sent.targets.len(), 2);
}

#[tokio::test]
async fn accounts_at_other_vendors_show_when_the_view_says_so() {
    let world = World::new();
    let event = |origin: &str, id: u32| {
        let text = format!(
            r#"{{"type":"project.created","occurred_at":"2025-01-01T00:00:0{id}Z","request_id":"{id}"{origin}}}"#
        );
        read_event(&text).unwrap()
    };
    let events = vec![
        event("", 1),
        event(r#","origin":{"surface":"openai","id":"a"}"#, 2),
        event(
            r#","origin":{"surface":"openai","account":"org-x","id":"b"}"#,
            3,
        ),
        event(
            r#","origin":{"surface":"clarifai","account":"x","id":"c"}"#,
            4,
        ),
    ];
    world.append(events).await;
    let only = r#"{"query":{"operations":["APPLICATION_CREATE"]}}"#;
    assert_eq!(
        world.listed("me", &world.auditor, only).await,
        ["4", "2", "1"]
    );
    assert_eq!(
        world.listed("me", &world.crossing, only).await,
        ["4", "3", "2", "1"]
    );
}

#[tokio::test]
async fn the_prefix_of_a_request_stands_before_its_id() {
    let world = World::new();
    let key = format!("Key {}", world.auditor);
    let path = "/v2/users/me/audit_log/searches";
    let long = "p".repeat(64);
    let too_long = "p".repeat(65);
    for (prefix, kept) in [
        ("sdk-python-12.5.0", true),
        (long.as_str(), true),
        (too_long.as_str(), false),
        ("a b", false),
        ("", false),
    ] {
        let headers = [
            ("authorization", key.as_str()),
            ("x-clarifai-request-id-prefix", prefix),
        ];
        let answer = world.ask("POST", path, &headers, "{}").await;
        answer.is(200, 10_000);
        let json = parse(&answer.text).unwrap();
        let id = json
            .at(&["status", "req_id"])
            .and_then(Value::as_str)
            .unwrap();
        let ours = id
            .strip_prefix(&format!("{prefix}-"))
            .filter(|_| kept)
            .unwrap_or(id);
        assert_eq!(ours, answer.headers["x-request-id"], "{prefix}");
        assert!(
            ours.bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        );
        assert_eq!(ours.len() == id.len(), !kept);
    }
}
