//! Requests and what is understood of them.

use docket_event::json::parse;
use prost::Message as _;

use super::*;
use crate::schema::REQUEST;
use crate::{json, protobuf};

fn search(text: &str) -> Result<Search, Unusable> {
    let value = json::read(&parse(text).unwrap(), *REQUEST).map_err(Unusable::Malformed)?;
    let mut bytes = Vec::new();
    protobuf::encode(&value, *REQUEST, &mut bytes);
    Search::read(
        proto::PostAuditLogSearchesRequest::decode(&*bytes).unwrap(),
        Some("acme".to_owned()),
    )
}

fn nothing() -> Search {
    search("{}").unwrap()
}

#[test]
fn nothing_asked_is_the_newest_page() {
    let expected = Search {
        user_id: "acme".to_owned(),
        occurred: Span::default(),
        user_ids: Vec::new(),
        operations: None,
        targets: Vec::new(),
        success: None,
        source_ips: None,
        ascending: false,
        skip: 0,
        limit: 128,
    };
    assert_eq!(nothing(), expected);
    assert_eq!(
        search(r#"{"query":{"user_ids":[],"operations":[0,"EVENT_TYPE_NOT_SET"],"targets":[]}}"#),
        Ok(expected)
    );
}

#[test]
fn filters_are_understood() {
    let found = search(
        r#"{"user_app_id":{"user_id":"other"},"query":{"timestamp_from":"1960-01-01T00:00:00Z",
            "timestamp_to":"2024-05-31T23:59:59.0000005Z","user_ids":["me"],"operations":[0,300,-7,99999],
            "targets":[{"moduleVersion":{"id":"m"}}],"success":false,"source_ips":["::1","x","1.2.3.4"]},
            "sort_ascending":true,"pagination":{"page":4294967295,"per_page":1000}}"#,
    );
    let expected = Search {
        occurred: Span {
            from: Some(0),
            to: Some(1_717_199_999_000_001),
        },
        user_ids: vec!["me".to_owned()],
        operations: Some(vec![300, -7, 99_999]),
        targets: vec![AskedTarget {
            kind: "module_version",
            id: "m".to_owned(),
        }],
        success: Some(false),
        source_ips: Some(vec!["::1".parse().unwrap(), "1.2.3.4".parse().unwrap()]),
        ascending: true,
        skip: 4_294_967_294_000,
        limit: 1_000,
        ..nothing()
    };
    assert_eq!(found, Ok(expected));
    let none = search(r#"{"query":{"source_ips":["10.0.0.0/8"]}}"#);
    assert_eq!(none.unwrap().source_ips, Some(Vec::new()));
}

#[test]
fn what_is_not_given_is_refused() {
    let check = |text: &str, path: &str| match search(text) {
        Err(Unusable::Invalid(fault)) => assert_eq!(fault.path, path, "{text}"),
        other => panic!("{text}: {other:?}"),
    };
    check(r#"{"pagination":{"per_page":1001}}"#, "pagination.per_page");
    check(
        r#"{"pagination":{"per_page":4294967295}}"#,
        "pagination.per_page",
    );
    check(r#"{"query":{"targets":[{}]}}"#, "query.targets[0]");
    check(
        r#"{"query":{"targets":[{"app":{"id":"a"}},{"team":{"name":"t"}}]}}"#,
        "query.targets[1].team.id",
    );
    let many = |value: &str| vec![value; VALUES_MAX + 1].join(",");
    for (name, value) in [
        ("user_ids", r#""u""#),
        ("operations", "0"),
        ("targets", r#"{"app":{"id":"a"}}"#),
        ("source_ips", r#""::1""#),
    ] {
        let text = format!(r#"{{"query":{{"{name}":[{}]}}}}"#, many(value));
        check(&text, &format!("query.{name}"));
    }
    let nobody = Search::read(proto::PostAuditLogSearchesRequest::default(), None);
    assert!(matches!(nobody, Err(Unusable::Invalid(fault)) if fault.path == "user_app_id.user_id"));
}

#[test]
fn times_off_the_calendar_are_malformed() {
    let read = |seconds, nanos| {
        let query = proto::AuditLogQuery {
            timestamp_to: Some(Timestamp { seconds, nanos }),
            ..Default::default()
        };
        let request = proto::PostAuditLogSearchesRequest {
            query: Some(query),
            ..Default::default()
        };
        Search::read(request, Some("u".to_owned())).map(|search| search.occurred.to)
    };
    assert_eq!(read(0, 0), Ok(Some(1)));
    assert_eq!(read(-1, 0), Ok(Some(0)));
    for (seconds, nanos) in [(i64::MAX, 0), (i64::MIN, 0), (0, -1), (0, i32::MAX)] {
        assert!(matches!(read(seconds, nanos), Err(Unusable::Malformed(_))));
    }
}
