//! Every published type with every subject field of it.

use docket_event::Value;
use docket_event::vocabulary::{Surface, vocabulary};
use docket_surfaces_calypsoai::{entry::render, ingest::ingest};

use crate::{ORG, sorted, stored, value};

const WORDS: &str = include_str!("../../../../event/testdata/vocabulary/calypsoai.json");

/// Types with their required and optional subject fields.
fn words() -> Vec<(String, Vec<String>)> {
    let file = value(WORDS);
    let texts = |row: &Value<'_>, name: &str| -> Vec<String> {
        let all = row.get(name).and_then(Value::as_array).unwrap();
        all.iter()
            .map(|one| one.as_str().unwrap().to_owned())
            .collect()
    };
    let word = |row: &Value<'_>| {
        let word = row.get("type").and_then(Value::as_str).unwrap().to_owned();
        (
            word,
            [texts(row, "required"), texts(row, "optional")].concat(),
        )
    };
    file.as_array().unwrap().iter().map(word).collect()
}

const USER: &str = r#"{"admin":null,"blocked":false,"createdAt":null,"email":"a@example.com","id":"u","lastInvitationSentAt":null,"name":"A","org":"org_1","permissions":["project:p:use_project"],"roleIds":[],"roles":["basic"],"social":false,"teams":[],"verified":true}"#;

#[test]
fn all_types_come_back_in_order_and_name_their_targets() {
    let words = words();
    assert_eq!(words.len(), 107);
    for (word, fields) in words {
        let mut members: Vec<(String, Value<'_>)> = vec![
            (
                "createdAt".to_owned(),
                Value::string("2025-01-02T03:04:05.678901Z"),
            ),
            ("data".to_owned(), Value::Null),
            (
                "id".to_owned(),
                Value::string("01942500-aaaa-7000-8000-000000000001"),
            ),
            ("type".to_owned(), Value::string(word.clone())),
            ("user".to_owned(), value(USER)),
        ];
        members.extend(
            fields
                .iter()
                .map(|field| (field.clone(), Value::string(format!("id of {field}")))),
        );
        members.sort_by(|one, other| one.0.cmp(&other.0));
        let entry = Value::object(members);
        let event = ingest(&entry, None).unwrap();
        let listed = vocabulary().by_word(Surface::CalypsoAi, &word).unwrap();
        assert_eq!(event.event_type, listed.name);
        assert_eq!(event.origin.as_ref().unwrap().extra, None, "{word}");
        assert_eq!(event.targets.len(), fields.len(), "{word}");
        let printed = render(&stored(&event, 0), ORG).to_text();
        assert_eq!(printed, entry.to_text(), "{word}");
        for target in &event.targets {
            let kind = vocabulary().kind(&target.kind).unwrap();
            let field = kind.calypsoai.as_deref().unwrap();
            assert_eq!(target.id, Some(format!("id of {field}")), "{word}");
        }
    }
}

#[test]
fn any_other_type_goes_out_as_it_came() {
    for word in [
        "brand-new",
        "Brand New",
        "project_created",
        "x.calypsoai.y",
        "ü",
    ] {
        let entry = Value::object([
            ("createdAt", Value::string("2025-01-02T03:04:05.678901Z")),
            ("deep", value(r#"{"a":[1.0,null,{"b":1e400}]}"#)),
            ("id", Value::string("1")),
            ("tokenId", Value::string("t")),
            ("type", Value::string(word)),
            ("user", value(r#"{"id":"u","org":"o"}"#)),
        ]);
        let event = ingest(&entry, None).unwrap();
        assert!(event.event_type.starts_with("x.calypsoai."), "{word}");
        assert_eq!(event.targets, []);
        let printed = render(&stored(&event, 0), ORG).to_text();
        assert_eq!(printed, entry.to_text());
        assert_eq!(sorted(&value(&printed)), sorted(&entry));
    }
}
