//! Entries come back member for member, whatever they hold.

use docket_event::{Event, Value, Writer, check_event};
use docket_surfaces_openai::{entry::render, ingest::ingest};
use proptest::prelude::*;

use crate::{random, sorted, stored, value};

/// Takes the entry in, and gives it back as a store would show it, without what was filled in.
fn back(entry: &Value<'_>) -> (Event, Value<'static>) {
    let event = ingest(entry, None).unwrap_or_else(|faults| panic!("{entry:?}: {faults:?}"));
    assert_eq!(check_event(&event, Writer::Client, 0), Ok(()), "{entry:?}");
    let recorded = stored(&event, 1_000_000);
    let mut rendered = render(&recorded).into_owned();
    if let Value::Object(members) = &mut rendered {
        let filled_in =
            |name: &str| matches!(name, "id" | "effective_at") && entry.get(name).is_none();
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
fn what_the_vendor_publishes_needs_nothing_beside_the_fields() {
    for entry in [
        r#"{"id":"audit_log-01","object":"organization.audit_log","type":"project.archived","effective_at":1722461446,"project":{"id":"proj_abc","name":"Shop"},"actor":{"type":"api_key","api_key":{"id":"key_1","type":"user","user":{"id":"user-1","email":"a@example.com"}}},"project.archived":{"id":"proj_abc"}}"#,
        r#"{"id":"audit_log-00","object":"organization.audit_log","type":"api_key.updated","effective_at":1720804190,"actor":{"type":"session","session":{"user":{"id":"user-1","email":"a@example.com"},"ip_address":"203.0.113.9","user_agent":"Mozilla/5.0","ja3":"a","ja4":"b","ip_address_details":{"country":"US","city":"San Francisco","region":"California","region_code":"CA","asn":"1234","latitude":"37.77490","longitude":"-122.41940"}}},"api_key.updated":{"id":"key_1","changes_requested":{"scopes":["api.model.request"]}}}"#,
        r#"{"id":"1","object":"organization.audit_log","type":"brand.new","effective_at":0,"actor":{"type":"api_key","api_key":{"id":"key_1","type":"service_account","service_account":{"id":"sa"}}},"brand.new":7}"#,
        r#"{"id":"1","object":"organization.audit_log","type":"login.succeeded","effective_at":0,"actor":null}"#,
    ] {
        assert_eq!(extra(entry), None);
        assert_eq!(
            back(&value(entry)).1.to_text(),
            entry,
            "and in the same order"
        );
    }
}

#[test]
fn what_the_fields_cannot_hold_stands_beside_them() {
    let check = |members: &str, expected: &str| {
        let entry = format!(
            r#"{{"object":"organization.audit_log","actor":null,"effective_at":5,{members}}}"#
        );
        assert_eq!(extra(&entry).as_deref(), Some(expected), "{members}");
        assert_eq!(
            sorted(&back(&value(&entry)).1),
            sorted(&value(&entry)),
            "{members}"
        );
    };
    check(
        r#""type":"a.b","x":{"y":[1]}"#,
        r#"{"set":[[["x"],{"y":[1]}]]}"#,
    );
    check(
        r#""type":"a.b","project":null"#,
        r#"{"set":[[["project"],null]]}"#,
    );
    check(r#""type":"a.b","a.b":null"#, r#"{"set":[[["a.b"],null]]}"#);
    check(
        r#""type":"a.b","project":{"id":7,"name":""}"#,
        r#"{"set":[[["project"],{"id":7,"name":""}]]}"#,
    );
    check(r#""type":"A b","A b":{"id":"x"}"#, r#"{"type":"A b"}"#);
    check(
        r#""type":"a.b","id":"sha256:ab""#,
        r#"{"set":[[["id"],"sha256:ab"]]}"#,
    );
    let bare = r#"{"type":"a.b"}"#;
    assert_eq!(
        extra(bare).as_deref(),
        Some(r#"{"cut":[["object"],["actor"]]}"#)
    );
}

#[test]
fn older_names_of_types_become_todays() {
    let old = r#"{"id":"1","type":"checkpoint_permission.created","effective_at":5,"checkpoint_permission.created":{"id":"cp","data":{"project_id":"p"}}}"#;
    let (event, rendered) = back(&value(old));
    assert_eq!(event.event_type, "checkpoint.permission.created");
    assert_eq!(event.targets.len(), 2);
    let today = old.replace("checkpoint_permission", "checkpoint.permission");
    assert_eq!(sorted(&rendered), sorted(&value(&today)));
    let extra = extra(old).unwrap();
    assert!(
        extra.starts_with(r#"{"type":"checkpoint_permission.created","cut""#),
        "{extra}"
    );
}

#[test]
fn entries_are_told_apart_by_id_or_hash() {
    let id = |entry: &str| {
        ingest(&value(entry), Some("org-1"))
            .unwrap()
            .origin
            .unwrap()
            .id
    };
    let hash = id(r#"{"type":"a.b", "effective_at":5}"#).unwrap();
    assert_eq!(
        hash,
        "sha256:251c596aa52eacffdb2354479e5e5eb155e13adf10d603cb1850e2552286022d"
    );
    assert_eq!(
        id(r#"{"type":"a.b","effective_at":5,"id":"req_1"}"#).as_deref(),
        Some("req_1")
    );
    assert_eq!(id(r#"{"type":"a.b"}"#), None);
    assert_eq!(id(r#"{"type":"a.b","id":null,"effective_at":null}"#), None);
    assert!(
        id(r#"{"type":"a.b","id":"","effective_at":5}"#)
            .unwrap()
            .starts_with("sha256:")
    );
    let event = ingest(&value(r#"{"type":"a.b"}"#), Some("org-1")).unwrap();
    assert_eq!(event.occurred_at, None);
    let origin = event.origin.unwrap();
    assert_eq!(
        (origin.surface.as_str(), origin.account.as_deref()),
        ("openai", Some("org-1"))
    );
}

#[test]
fn failures_are_those_whose_names_say_so() {
    let entry = |word: &str| {
        let text =
            format!(r#"{{"type":"{word}","{word}":{{"error_code":"c","error_message":"m"}}}}"#);
        ingest(&value(&text), None).unwrap()
    };
    for word in ["login.failed", "logout.failed"] {
        let event = entry(word);
        let error = event.error.clone().unwrap();
        assert!(event.failed());
        assert_eq!(
            (error.code.as_deref(), error.message.as_deref()),
            (Some("c"), Some("m"))
        );
    }
    for word in ["login.succeeded", "project.created", "brand.new"] {
        assert!(!entry(word).failed() && entry(word).error.is_none());
    }
}

#[test]
fn what_is_no_entry_is_refused_by_path() {
    let check = |entry: &str, expected: &[&str]| {
        let faults = ingest(&value(entry), None).unwrap_err();
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(faults, expected, "{entry}");
    };
    let hint = "write Unix seconds, such as 1722461446";
    check("[]", &["the entry is an array; write an object"]);
    check(
        "{}",
        &["type: is missing; write an event type such as project.created"],
    );
    check(
        r#"{"type":""}"#,
        &["type: is empty; write an event type such as project.created"],
    );
    check(
        r#"{"type":7,"id":8,"effective_at":"9"}"#,
        &[
            "type: is a number; write a string",
            "id: is a number; write a string, or leave it out",
            "effective_at: is a string; write Unix seconds as a number, such as 1722461446",
        ],
    );
    for late in [
        "-1",
        "1722461446000",
        "253402300800",
        "8.533e+68",
        "99999999999999999999999",
    ] {
        let says = format!("effective_at: {late} is outside the years 1970 to 9999; {hint}");
        check(
            &format!(r#"{{"type":"a.b","effective_at":{late}}}"#),
            &[&says],
        );
    }
    for broken in ["1.5", "1e-3"] {
        let says = format!("effective_at: {broken} is no whole number; {hint}");
        check(
            &format!(r#"{{"type":"a.b","effective_at":{broken}}}"#),
            &[&says],
        );
    }
}

#[test]
fn more_targets_than_an_event_may_have_stay_in_the_payload() {
    let each: Vec<String> = (0..100)
        .map(|n| format!(r#"{{"id":"cert_{n}"}}"#))
        .collect();
    let entry = format!(
        r#"{{"type":"certificates.activated","certificates.activated":{{"certificates":[{}]}}}}"#,
        each.join(",")
    );
    let (event, rendered) = back(&value(&entry));
    assert_eq!(event.targets.len(), 64);
    assert_eq!(sorted(&rendered), sorted(&value(&entry)));
}

#[test]
fn deep_nesting_comes_back() {
    for levels in [40, 55, 58, 62, 63] {
        let deep = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let entry = value(&format!(r#"{{"type":"a.b","a.b":{deep},"x":{deep}}}"#));
        assert_eq!(sorted(&back(&entry).1), sorted(&entry), "{levels}");
    }
}

#[test]
fn types_named_like_members_hide_nothing() {
    for word in ["id", "object", "type", "effective_at", "project", "actor"] {
        for rest in [
            "",
            r#","id":"1","effective_at":5,"project":{"id":"p"},"actor":"x","object":[]"#,
        ] {
            let entry = value(&format!(r#"{{"type":"{word}"{rest}}}"#));
            assert_eq!(sorted(&back(&entry).1), sorted(&entry), "{word} {rest}");
        }
    }
}
