//! The event that stands for an entry that was set aside.

use docket_access::Caller;
use docket_event::{Event, Fault, Value};
use sha2::{Digest, Sha256};

use super::Entry;
use crate::operations::ImportInto;

/// Entries up to this many bytes are kept as they are.
const RAW_BYTES_MAX: usize = 32 << 10;
/// Most bytes of such an entry as a JSON string, where escapes make it longer.
const RAW_ESCAPED_BYTES_MAX: usize = 48 << 10;
/// Most faults that are told.
const FAULTS_MAX: usize = 10;
/// Most characters of a fault.
const FAULT_CHARS_MAX: usize = 300;

/// The event for an entry that these faults keep from being stored. Its origin's id is made from the entry,
/// so that the same entry is set aside once, however often it comes.
pub(super) fn event(into: &ImportInto, entry: &Entry, faults: &[Fault], by: &Caller) -> Event {
    let (sha256, bytes, raw) = match entry {
        Entry::Text(text) => (
            sha256_hex(text.as_bytes()),
            text.len() as u64,
            fitting(text),
        ),
        Entry::Unreadable { sha256, bytes, .. } => (sha256.clone(), *bytes, None),
    };
    let reasons = faults.iter().take(FAULTS_MAX).map(|fault| {
        Value::string(
            fault
                .to_string()
                .chars()
                .take(FAULT_CHARS_MAX)
                .collect::<String>(),
        )
    });
    let mut data = Value::object([
        ("format", Value::string(into.format.as_str())),
        ("reasons", Value::Array(reasons.collect())),
        ("sha256", Value::string(sha256.as_str())),
        ("bytes", Value::Number(bytes.to_string().into())),
    ]);
    if let Some(account) = &into.account {
        data.set("account", Value::string(account.as_str()));
    }
    if let Some(raw) = raw {
        data.set("raw", Value::string(raw));
    }
    let mut event = by.event("ingest.rejected", Vec::new(), &data);
    if let Some(origin) = &mut event.origin {
        let account = into
            .account
            .as_deref()
            .map_or(String::new(), |account| format!("{account}:"));
        origin.id = Some(format!("{}:{account}{sha256}", into.format));
    }
    event
}

/// SHA-256 in lower-case hex.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The text, if an event has room for it.
fn fitting(text: &str) -> Option<&str> {
    let short = text.len() <= RAW_BYTES_MAX;
    (short && Value::string(text).to_text().len() <= RAW_ESCAPED_BYTES_MAX).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use docket_event::{EVENT_BYTES_MAX, write_event};

    fn rejected(text: &str) -> (Event, String) {
        let into = ImportInto {
            org: "o".into(),
            format: "openai".into(),
            account: None,
        };
        let faults = vec![Fault::new("x", "ü".repeat(1_000)); 50];
        let by = Caller::command_line(Some("ada"));
        let event = event(&into, &Entry::Text(text.into()), &faults, &by);
        let mut written = String::new();
        write_event(&mut written, &event);
        (event, written)
    }

    #[test]
    fn raw_text_is_kept_if_it_fits() {
        for (text, kept) in [
            ("{".to_owned(), true),
            ("x".repeat(RAW_BYTES_MAX), true),
            ("x".repeat(RAW_BYTES_MAX + 1), false),
            ("\u{1}".repeat(RAW_BYTES_MAX), false),
        ] {
            let (event, written) = rejected(&text);
            let data = event.data.unwrap();
            assert_eq!(data.value().get("raw").is_some(), kept);
            assert!(written.len() < EVENT_BYTES_MAX, "{}", written.len());
        }
    }

    #[test]
    fn one_entry_has_one_id() {
        let id = |text| rejected(text).0.origin.unwrap().id.unwrap();
        assert_eq!(id("{"), id("{"));
        assert_ne!(id("{"), id("["));
        assert!(id("{").starts_with("openai:"));
    }
}
