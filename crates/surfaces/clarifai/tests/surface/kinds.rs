//! Every operation with every kind of target: in and out, as JSON and as a message.

use docket_event::Value;
use docket_event::vocabulary::{Surface, vocabulary};
use docket_surfaces_clarifai::entry::render;
use docket_surfaces_clarifai::ingest::ingest;
use docket_surfaces_clarifai::proto::AuditLogEntry;
use docket_surfaces_clarifai::protobuf::encode;
use docket_surfaces_clarifai::schema::{ENTRY, message};
use docket_surfaces_clarifai::wire::{OPERATIONS, shown_when_empty};
use prost::Message as _;

use crate::stored;

fn target(kind: &str) -> Value<'static> {
    let empty = shown_when_empty(kind).iter();
    let empty = empty.map(|(name, empty)| (*name, empty.value()));
    let id = ("id", Value::string(format!("{kind}-1")));
    let inner = Value::object(std::iter::once(id).chain(empty));
    Value::object([(kind.to_owned(), inner)])
}

#[test]
fn all_operations_and_targets_come_back() {
    let kinds = &message("AuditLogTarget").fields;
    for (operation, description) in OPERATIONS {
        let targets = kinds.iter().map(|field| target(&field.name)).collect();
        let entry = Value::object([
            ("timestamp", Value::string("2025-01-17T12:04:55.449860Z")),
            ("operation", Value::integer(operation.into())),
            ("description", Value::string(description)),
            ("targets", Value::Array(targets)),
            ("success", Value::Bool(operation % 2 == 0)),
        ]);
        let event = ingest(&entry, Some("acct")).unwrap();
        let word = vocabulary().word(Surface::Clarifai, &event.event_type);
        assert_eq!(word.and_then(|word| word.code), Some(operation));
        assert_eq!(event.origin.as_ref().unwrap().extra, None, "{operation}");
        assert_eq!(event.targets.len(), 13);
        let recorded = stored(&event, 0);
        let printed = render(&recorded);
        assert_eq!(printed.to_text(), entry.to_text());
        let mut bytes = Vec::new();
        encode(&printed, *ENTRY, &mut bytes);
        let sent = AuditLogEntry::decode(&*bytes).unwrap();
        assert_eq!(u32::try_from(sent.operation), Ok(operation));
        assert_eq!(sent.success, operation % 2 == 0);
        assert!(sent.targets.iter().all(|target| target.target.is_some()));
        assert_eq!(sent.targets.len(), 13);
    }
}
