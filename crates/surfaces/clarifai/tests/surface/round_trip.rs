//! What comes in as an entry goes out as it came, whatever it looks like.

use docket_event::Value;
use docket_surfaces_clarifai::entry::render;
use docket_surfaces_clarifai::ingest::ingest;
use docket_surfaces_clarifai::proto::AuditLogEntry;
use docket_surfaces_clarifai::protobuf::encode;
use docket_surfaces_clarifai::schema::{ENTRY, usual};
use docket_surfaces_clarifai::wire::description;
use proptest::prelude::*;
use proptest::sample::select;
use prost::Message as _;

use crate::events::entry;
use crate::{sorted, stored, value};

/// Any JSON.
fn json() -> impl Strategy<Value = Value<'static>> {
    const NUMBERS: &[&str] = &[
        "0",
        "-0",
        "1.50",
        "300",
        "8.5e+68",
        "12345678901234567890123",
    ];
    const TEXTS: &[&str] = &[
        "",
        "a",
        "\"\\ü\u{1}",
        "MODEL_CREATE",
        "PRIVATE",
        "2025-01-17T12:04:55Z",
    ];
    const NAMES: &[&str] = &[
        "",
        "id",
        "set",
        "cut",
        "type",
        "app",
        "targets",
        "firstName",
        "first_name",
        "ü",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        select(NUMBERS).prop_map(|text| Value::Number(text.into())),
        select(TEXTS).prop_map(Value::string),
        Just(Value::string("l".repeat(4_097))),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let name = select(NAMES).prop_map(str::to_owned);
        let members = proptest::collection::btree_map(name, inner.clone(), 0..4);
        prop_oneof![
            proptest::collection::vec(inner, 0..4).prop_map(Value::Array),
            members.prop_map(Value::object),
        ]
    })
}

/// An entry in which any member but operation and time may be anything.
fn odd_entry() -> impl Strategy<Value = Value<'static>> {
    const MEMBERS: &[&str] = &[
        "user",
        "description",
        "targets",
        "details",
        "success",
        "req_id",
        "reqId",
        "source_ip",
        "new",
        "set",
        "cut",
        "type",
    ];
    let odd = proptest::collection::btree_map(select(MEMBERS), json(), 0..5);
    let operation = prop_oneof![
        4 => Just(None),
        1 => "[A-Z_a-z. !ü]{1,5}".prop_map(|name| Some(Value::string(name))),
        1 => any::<i32>().prop_map(|number| Some(Value::integer(number.into()))),
    ];
    (entry(), odd, operation).prop_map(|(mut entry, odd, operation)| {
        for (name, value) in odd {
            entry.set(name, value);
        }
        if let Some(operation) = operation {
            entry.set("operation", operation);
        }
        entry
    })
}

/// The entry with what is printed of it in any case.
fn completed(mut entry: Value<'static>) -> Value<'static> {
    let operation = match entry.get("operation") {
        Some(Value::Number(number)) => number.parse().ok(),
        _ => None,
    };
    let always = [
        ("timestamp", Some(Value::string("1970-01-01T00:00:01Z"))),
        ("success", Some(Value::Bool(false))),
        (
            "description",
            operation.and_then(description).map(Value::string),
        ),
    ];
    for (name, value) in always {
        if let Some(value) = value.filter(|_| entry.get(name).is_none()) {
            entry.set(name, value);
        }
    }
    if let Some(Value::Array(mut targets)) = entry.get("targets").cloned() {
        for target in &mut targets {
            for (kind, name, empty) in EMPTY {
                if let Some(mut inner) = target.get(kind).cloned()
                    && inner.as_object().is_some()
                    && inner.get(name).is_none()
                {
                    inner.set(name, value(empty));
                    target.set(kind, inner);
                }
            }
        }
        entry.set("targets", Value::Array(targets));
    }
    entry
}

const EMPTY: [(&str, &str, &str); 8] = [
    ("workflow", "use_cases", "[]"),
    ("workflow", "check_consents", "[]"),
    ("model", "app_id", "\"\""),
    ("model", "toolkits", "[]"),
    ("model", "use_cases", "[]"),
    ("model", "languages", "[]"),
    ("model", "languages_full", "[]"),
    ("model", "check_consents", "[]"),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn entries_come_back_member_for_member(entry in odd_entry(), account in proptest::option::of(Just("acct"))) {
        let event = ingest(&entry, account).unwrap();
        let recorded = stored(&event, 1_000_000);
        let printed = render(&recorded);
        prop_assert_eq!(sorted(&printed), sorted(&completed(usual(&entry, *ENTRY))));
        // Printed again it is the same event, and every message of it can be read.
        prop_assert_eq!(usual(&printed, *ENTRY).to_text(), printed.to_text());
        let mut bytes = Vec::new();
        encode(&printed, *ENTRY, &mut bytes);
        prop_assert!(AuditLogEntry::decode(&*bytes).is_ok());
    }
}
