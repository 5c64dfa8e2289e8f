//! Every published type with every published member of its payload.

use std::collections::BTreeSet;

use docket_event::{
    Value,
    vocabulary::{Surface, vocabulary},
};
use docket_surfaces_openai::{entry::render, ingest::ingest};

use crate::{sorted, stored, value};

const WORDS: &str = include_str!("../../../../event/testdata/vocabulary/openai.json");

/// A payload with a text at each of `paths` that is not the parent of another.
fn payload(paths: &[String]) -> Value<'static> {
    let mut payload = Value::Object(Vec::new());
    for path in paths {
        let parent = |other: &String| {
            other
                .strip_prefix(path.as_str())
                .is_some_and(|rest| rest.starts_with(['.', '[']))
        };
        if !paths.iter().any(parent) {
            put(&mut payload, path, path);
        }
    }
    payload
}

fn put(object: &mut Value<'static>, path: &str, text: &str) {
    let (name, rest) = path
        .split_once('.')
        .map_or((path, None), |(name, rest)| (name, Some(rest)));
    let Some(rest) = rest else {
        let text = text.trim_start_matches("data.").to_owned();
        return object.set(path, Value::string(text));
    };
    let list = name.strip_suffix("[]");
    let name = list.unwrap_or(name);
    let mut inner = match object.get(name).cloned() {
        Some(Value::Array(mut all)) => all.remove(0),
        Some(other) => other,
        None => Value::Object(Vec::new()),
    };
    put(&mut inner, rest, text);
    object.set(
        name,
        if list.is_some() {
            Value::Array(vec![inner])
        } else {
            inner
        },
    );
}

fn words() -> Vec<(String, Vec<String>)> {
    let file = value(WORDS);
    let text = |value: &Value<'_>| value.as_str().unwrap().to_owned();
    let word = |row: &Value<'_>| {
        let paths = row.get("payload").and_then(Value::as_array).unwrap();
        (
            text(row.get("type").unwrap()),
            paths.iter().map(text).collect(),
        )
    };
    file.as_array().unwrap().iter().map(word).collect()
}

#[test]
fn all_types_come_back_and_name_their_targets() {
    let words = words();
    assert_eq!(words.len(), 149);
    for (word, paths) in words {
        let payload = payload(&paths);
        let entry = Value::object([
            ("id", Value::string("audit_log-1")),
            ("object", Value::string("organization.audit_log")),
            ("type", Value::string(word.clone())),
            ("effective_at", Value::integer(1_722_461_446)),
            ("actor", Value::Null),
            (word.as_str(), payload.clone()),
        ]);
        let event = ingest(&entry, None).unwrap();
        assert_eq!(event.event_type, word);
        assert_eq!(event.origin.as_ref().unwrap().extra, None, "{word}");
        assert_eq!(
            sorted(&render(&stored(&event, 0))),
            sorted(&entry),
            "{word}"
        );
        let rules = &vocabulary()
            .by_word(Surface::OpenAi, &word)
            .unwrap()
            .targets;
        let expected: BTreeSet<&str> = rules
            .iter()
            .filter(|rule| rule.openai.is_some() && rule.openai_when.is_none())
            .map(|rule| rule.kind.as_str())
            .collect();
        let found: BTreeSet<&str> = event
            .targets
            .iter()
            .map(|target| target.kind.as_str())
            .collect();
        let published = !paths.is_empty();
        assert!(
            !published || expected.is_subset(&found),
            "{word}: {expected:?} {found:?}"
        );
    }
}

#[test]
fn targets_depend_on_what_stands_beside_them() {
    let check = |word: &str, payload: &str, expected: &[(&str, &str)]| {
        let entry = value(&format!(r#"{{"type":"{word}","{word}":{payload}}}"#));
        let event = ingest(&entry, None).unwrap();
        let found: Vec<(&str, &str)> = event
            .targets
            .iter()
            .map(|target| {
                (
                    target.kind.as_str(),
                    target.id.as_deref().unwrap_or_default(),
                )
            })
            .collect();
        assert_eq!(found, expected, "{word} {payload}");
    };
    let given = "role.assignment.created";
    check(
        given,
        r#"{"id":"ra","principal_id":"u","principal_type":"user","resource_id":"p","resource_type":"api.project"}"#,
        &[("role_assignment", "ra"), ("user", "u"), ("project", "p")],
    );
    check(
        given,
        r#"{"principal_id":"g","principal_type":"group","resource_id":"o","resource_type":"api.organization"}"#,
        &[("group", "g"), ("organization", "o")],
    );
    check(
        given,
        r#"{"principal_id":"g","resource_id":"r"}"#,
        &[("resource", "r")],
    );
    check(given, r#"{"principal_type":"user","principal_id":7}"#, &[]);
    let bound = "role.bound_to_resource";
    check(
        bound,
        r#"{"id":"w__c","resource_id":"w__c","role_id":"r"}"#,
        &[("resource", "w__c"), ("role", "r")],
    );
    check(
        bound,
        r#"{"id":"a","resource_id":"b"}"#,
        &[("resource", "a"), ("resource", "b")],
    );
    let certificates = "certificates.activated";
    check(
        certificates,
        r#"{"certificates":[{"id":"c1","name":"n"},7,{},{"id":"c2"}]}"#,
        &[("certificate", "c1"), ("certificate", "c2")],
    );
    check(certificates, r#"{"certificates":{"id":"c1"}}"#, &[]);
    check(
        "invite.sent",
        r#"{"data":{"email":"a@b.c"}}"#,
        &[("invite", "")],
    );
    check("project.created", r#""p""#, &[]);
    check("brand.new", r#"{"id":"x"}"#, &[]);
}
