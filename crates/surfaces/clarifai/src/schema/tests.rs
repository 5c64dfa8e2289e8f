//! Checks of the tables against what they are made from.

use docket_event::json::parse;
use docket_event::vocabulary::{Surface, vocabulary};

use super::*;

#[test]
fn every_target_kind_is_a_message_of_the_vocabulary() {
    let declared: Vec<&str> = message("AuditLogTarget")
        .fields
        .iter()
        .map(|field| field.name.as_str())
        .collect();
    assert_eq!(declared.len(), 13);
    assert!(message("AuditLogTarget").is_choice);
    for kind in &declared {
        assert!(vocabulary().kind_by_clarifai(kind).is_some(), "{kind}");
    }
    let listed = vocabulary().kinds().filter(|kind| kind.clarifai.is_some());
    assert_eq!(listed.count(), declared.len());
}

#[test]
fn every_operation_is_a_word_of_the_vocabulary() {
    let operations = named_numbers("EventType");
    let mut words = 0;
    for (name, number) in operations
        .numbers
        .iter()
        .filter(|(_, number)| **number != 0)
    {
        let entry = vocabulary().by_word(Surface::Clarifai, &number.to_string());
        let word = entry.and_then(|entry| entry.own_word(Surface::Clarifai));
        assert_eq!(word.map(|word| word.text.as_str()), Some(name.as_str()));
        words += 1;
    }
    assert_eq!(words, vocabulary().surface(Surface::Clarifai).words);
}

#[test]
fn both_spellings_of_a_field_are_known() {
    let entry = *ENTRY;
    for name in ["req_id", "reqId", "source_ip", "sourceIp", "success"] {
        assert!(entry.field(name).is_some(), "{name}");
    }
    for name in ["reqid", "Success", "req-id", ""] {
        assert!(entry.field(name).is_none(), "{name}");
    }
    let user = message("User");
    for name in ["primary_email", "primaryEmail", "image"] {
        assert!(user.ignores(name), "{name}");
    }
    for name in ["PrimaryEmail", "primaryemail_", "id", "primary__email"] {
        assert!(!user.ignores(name), "{name}");
    }
}

#[test]
fn entries_get_the_vendors_spelling() {
    let check = |entry: &str, expected: &str| {
        let value = parse(entry).unwrap();
        assert_eq!(usual(&value, *ENTRY).to_text(), expected);
        assert_eq!(ordered(usual(&value, *ENTRY), *ENTRY).to_text(), expected);
    };
    check(
        r#"{"x":1,"sourceIp":"a","operation":"MODEL_CREATE","user":{"visibility":{"gettable":"PRIVATE"},"firstName":"f","id":"i"}}"#,
        r#"{"user":{"id":"i","first_name":"f","visibility":{"gettable":10}},"operation":300,"source_ip":"a","x":1}"#,
    );
    check(
        r#"{"reqId":"a","req_id":"b","operation":"NEW_THING"}"#,
        r#"{"operation":"NEW_THING","req_id":"b","reqId":"a"}"#,
    );
    check(
        r#"{"targets":[{"workflowVersion":{"workflowId":"w","id":"v"}},7]}"#,
        r#"{"targets":[{"workflow_version":{"id":"v","workflow_id":"w"}},7]}"#,
    );
    check(r#"{"operation":"600"}"#, r#"{"operation":600}"#);
    check(r#"{"operation":3e2}"#, r#"{"operation":300}"#);
    check(r#"{"operation":600.5}"#, r#"{"operation":600.5}"#);
    check(
        r#"{"timestamp":{"seconds":"1737115495","nanos":449860000},"user":{"created_at":{"seconds":1}}}"#,
        r#"{"timestamp":"2025-01-17T12:04:55.449860Z","user":{"created_at":"1970-01-01T00:00:01Z"}}"#,
    );
    check(
        r#"{"timestamp":{"seconds":1,"zone":2}}"#,
        r#"{"timestamp":{"seconds":1,"zone":2}}"#,
    );
    check("[1]", "[1]");
}
