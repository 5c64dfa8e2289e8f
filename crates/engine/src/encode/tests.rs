//! Golden bytes of body, personal part, entry and leaf, and that splitting loses nothing.

use docket_event::{EventId, IdKey, read_event};

use super::*;

const EVENT: &str = include_str!("../../testdata/v1/event.json");

#[test]
fn splitting_loses_nothing() {
    for text in [
        EVENT.trim_end(),
        r#"{"type":"a.b"}"#,
        r#"{"type":"login.failed","outcome":"failure","error":{"code":"c","message":"m"},"data":{"error_message":"m","z":1}}"#,
        r#"{"type":"invite.sent","details":["d"],"data":{"id":"1","data":{"email":"a@b.c","role":"owner"},"after":{"email":null},"before":7}}"#,
        r#"{"type":"user_account.created","details":["d"],"data":[1,{"a":2}]}"#,
        r#"{"type":"x.openai.new","data":{"a":1},"targets":[{"kind":"a","name":"n"},{"kind":"b"}]}"#,
    ] {
        let event = read_event(text).unwrap();
        let parts = split(event.clone());
        assert_eq!(merge(&parts).unwrap(), event, "{text}\n{parts:?}");
    }
}

#[test]
fn what_is_personal_leaves_the_body() {
    let text = r#"{"type":"invite.sent","actor":{"id":"u","email":"SECRET"},"source":{"ip":"SECRET"},
        "targets":[{"kind":"user","name":"SECRET"}],"details":["SECRET"],
        "data":{"id":"1","data":{"email":"SECRET","role":"owner"}},"origin":{"surface":"openai","extra":{"SECRET":1}}}"#;
    let parts = split(read_event(text).unwrap());
    assert!(!parts.body.contains("SECRET"), "{}", parts.body);
    let erased = Parts {
        personal: Personal::Erased([0; 32]),
        ..parts
    };
    assert_eq!(merge(&erased).unwrap().event_type, "invite.sent");
}

#[test]
fn golden_bytes() {
    let parts = split(read_event(EVENT.trim_end()).unwrap());
    let salt = *b"sixteen salt byt";
    let id = EventId::new(1_795_132_800_123_456, 65_537, &IdKey(*b"0123456789abcdef"));
    let recorded = 1_795_132_801_000_000;
    let Personal::Kept(personal) = &parts.personal else {
        panic!("nothing was erased")
    };
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let entry = entry(&parts, &salt, id, recorded);
    let leaf = finish_leaf(begin_leaf(&parts, &salt), id, recorded);
    assert_eq!(leaf, docket_merkle::leaf_hash(&entry));
    let found = format!(
        "body {}\npersonal {personal}\nentry {}\nleaf {leaf}\n",
        parts.body,
        hex(&entry)
    );
    assert_eq!(
        found,
        include_str!("../../testdata/v1/entry.txt"),
        "found:\n{found}"
    );
}
