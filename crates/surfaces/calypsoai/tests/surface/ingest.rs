//! Entries come back member for member, whatever they hold.

use docket_event::{Event, Value, Writer, check_event};
use docket_surfaces_calypsoai::{entry::render, ingest::ingest};
use proptest::prelude::*;

use crate::{ORG, random, sorted, stored, value};

/// Takes the entry in, and gives it back as a store would show it, without what was filled in.
fn back(entry: &Value<'_>) -> (Event, Value<'static>) {
    let event = ingest(entry, None).unwrap_or_else(|faults| panic!("{entry:?}: {faults:?}"));
    assert_eq!(check_event(&event, Writer::Client, 0), Ok(()), "{entry:?}");
    let recorded = stored(&event, 1_000_000);
    let mut rendered = render(&recorded, ORG).into_owned();
    if let Value::Object(members) = &mut rendered {
        let filled_in =
            |name: &str| matches!(name, "id" | "createdAt") && entry.get(name).is_none();
        members.retain(|(name, _)| !filled_in(name));
    }
    (event, rendered)
}

fn extra(entry: &str) -> Option<String> {
    let origin = back(&value(entry)).0.origin.unwrap();
    origin.extra.map(|extra| extra.text().to_owned())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn entries_come_back_member_for_member(entry in random::entry()) {
        prop_assert_eq!(sorted(&back(&entry).1), sorted(&entry));
    }
}

#[test]
fn a_null_id_counts_as_absent_and_a_null_time_does_not() {
    let entry = value(r#"{"id":null,"createdAt":null,"type":"task-created","data":null}"#);
    let event = ingest(&entry, None).unwrap();
    assert_eq!(
        (
            event.occurred_at,
            event.origin.as_ref().unwrap().id.as_ref()
        ),
        (None, None)
    );
    let recorded = stored(&event, 1_000_000);
    let printed = render(&recorded, ORG);
    let id = recorded.id.to_string();
    assert_eq!(printed.get("id").and_then(Value::as_str), Some(&*id));
    assert_eq!(printed.get("createdAt"), Some(&Value::Null));
}

#[test]
fn a_time_that_is_missing_is_that_of_the_id() {
    let check = |entry: &str, seconds: Option<&str>| {
        let event = ingest(&value(entry), None).unwrap();
        let time = event.occurred_at.map(|time| time.to_string());
        assert_eq!(time.as_deref(), seconds, "{entry}");
    };
    let id = "01942500-aaaa-7000-8000-000000000004";
    let time = Some("2025-01-02T03:13:08.266Z");
    check(&format!(r#"{{"type":"a","id":"{id}"}}"#), time);
    check(
        &format!(r#"{{"type":"a","id":"{id}","createdAt":null}}"#),
        time,
    );
    check(
        &format!(r#"{{"type":"a","id":"{id}","createdAt":"2020-01-01 00:00:00"}}"#),
        Some("2020-01-01T00:00:00Z"),
    );
    for other in [
        "01942500-aaaa-4000-8000-000000000004",
        "01942500aaaa70008000000000000004",
        "ffffffff-ffff-7fff-8000-000000000004",
        "x",
    ] {
        check(&format!(r#"{{"type":"a","id":"{other}"}}"#), None);
    }
}

#[test]
fn what_the_fields_cannot_hold_stands_beside_them() {
    let check = |members: &str, expected: &str| {
        let entry = format!(r#"{{"data":null,"user":null,"createdAt":null,{members}}}"#);
        let rest = r#""set":[[["user"],null],[["createdAt"],null]"#;
        let expected = format!("{{{}}}", expected.replace("…", rest));
        assert_eq!(extra(&entry), Some(expected), "{members}");
        assert_eq!(sorted(&back(&value(&entry)).1), sorted(&value(&entry)));
    };
    check(r#""type":"task-created","x":1.0"#, r#"…,[["x"],1.0]]"#);
    check(
        r#""type":"task-created","taskId":null"#,
        r#"…,[["taskId"],null]]"#,
    );
    check(
        r#""type":"task-created","taskId":7"#,
        r#"…,[["taskId"],7]]"#,
    );
    check(r#""type":"task-created","taskId":"t""#, "…]");
    check(
        r#""type":"a-b","requestId":"""#,
        r#""type":"a-b",…,[["requestId"],""]]"#,
    );
    check(r#""type":"organization-enabled""#, "…]");
    check(
        r#""type":"a_b","id":"sha256:ab""#,
        r#"…,[["id"],"sha256:ab"]]"#,
    );
}

#[test]
fn entries_are_told_apart_by_id_or_hash() {
    let id = |entry: &str| {
        let event = ingest(&value(entry), Some("org-1")).unwrap();
        let origin = event.origin.unwrap();
        assert_eq!(origin.account.as_deref(), Some("org-1"));
        origin.id
    };
    let hash = id(r#"{"type":"a","createdAt":"2026-01-01T00:00:00Z"}"#).unwrap();
    assert!(hash.starts_with("sha256:") && hash.len() == 71, "{hash}");
    assert_eq!(id(r#"{"type":"a","id":"1"}"#).as_deref(), Some("1"));
    assert_eq!(id(r#"{"type":"a"}"#), None);
    assert_eq!(id(r#"{"type":"a","id":"","createdAt":null}"#), None);
}

#[test]
fn what_is_no_entry_is_refused_by_path() {
    let check = |entry: &str, expected: &[&str]| {
        let faults = ingest(&value(entry), None).unwrap_err();
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(faults, expected, "{entry}");
    };
    check("[]", &["the entry is an array; write an object"]);
    check(
        "{}",
        &["type: is missing; write an event type such as project-created"],
    );
    check(
        r#"{"type":""}"#,
        &["type: is empty; write an event type such as project-created"],
    );
    check(
        r#"{"type":7,"id":8,"createdAt":9}"#,
        &[
            "type: is a number; write a string",
            "id: is a number; write a string, or leave it out",
            "createdAt: is a number; write a time such as 2026-11-20T00:00:00.000000Z",
        ],
    );
    for bad in ["", "soon", "2026-11-20", "1969-12-31T23:59:59Z"] {
        let entry = value(&format!(r#"{{"type":"a","createdAt":"{bad}"}}"#));
        let faults = ingest(&entry, None).unwrap_err();
        assert_eq!(faults[0].path, "createdAt", "{bad}");
    }
}

#[test]
fn deep_nesting_comes_back() {
    for levels in [30, 31, 32, 33, 40, 55, 58, 61, 62, 63] {
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let (one, inner) = (deep(levels), deep(levels - 1));
        let entry =
            format!(r#"{{"type":"a-b","data":{one},"x":{one},"user":{{"id":"u","x":{inner}}}}}"#);
        let entry = value(&entry);
        assert_eq!(sorted(&back(&entry).1), sorted(&entry), "{levels}");
    }
}

#[test]
fn members_stand_in_the_vendors_order() {
    let entry = value(
        r#"{"user":{"x":1,"org":"o","id":"u","aa":2},"zz":1,"type":"user-created","userId":"u2","aa":1,"id":"7"}"#,
    );
    let printed = render(&stored(&ingest(&entry, None).unwrap(), 5), ORG).to_text();
    let expected = r#"{"aa":1,"createdAt":"1970-01-01T00:00:00.000005Z","id":"7","type":"user-created","user":{"aa":2,"id":"u","org":"o","x":1},"userId":"u2","zz":1}"#;
    assert_eq!(printed, expected);
}
