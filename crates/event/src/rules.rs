//! What an event must keep to, besides its shape.

use crate::event::Event;
use crate::fault::{Fault, Faults};
use crate::vocabulary::{Surface, vocabulary};

/// Most bytes of an event as it is stored: body and personal part together, before compression.
pub const EVENT_BYTES_MAX: usize = 60 * 1024;
/// Most bytes of a batch after decompression.
pub const BATCH_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most events in a batch.
pub const BATCH_EVENTS_MAX: usize = 10_000;
/// Most targets of an event.
pub const TARGETS_MAX: usize = 64;
/// Most bytes of an id, a name, an address.
pub const TEXT_BYTES_MAX: usize = 4 * 1024;
/// Most bytes of an event type.
pub const TYPE_BYTES_MAX: usize = 256;
/// Most faults that are reported at once.
pub const FAULTS_MAX: usize = 100;
/// How far ahead of the server's clock an event without an origin may lie.
pub const SKEW_MAX_MICROS: i64 = 5 * 60 * 1_000_000;

/// Who hands the event in; decides which names are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writer {
    /// A program with a token, or an entry in a vendor's dialect.
    Client,
    /// An import of what another Docket exported: reserved names are history there.
    Import,
    /// Docket itself.
    Docket,
}

/// Checks what the shape alone does not say.
///
/// `now_micros` is the server's clock.
///
/// # Errors
/// Every fault, with its path.
pub fn check_event(event: &Event, writer: Writer, now_micros: i64) -> Result<(), Faults> {
    let mut faults = Faults::new();
    check_type(event, writer, &mut faults);
    check_outcome(event, &mut faults);
    check_time(event, now_micros, &mut faults);
    check_origin(event, writer, &mut faults);
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults)
    }
}

fn check_type(event: &Event, writer: Writer, faults: &mut Faults) {
    let name = event.event_type.as_str();
    if name.len() > TYPE_BYTES_MAX {
        let reason = format!(
            "has {} bytes; at most {TYPE_BYTES_MAX} are kept",
            name.len()
        );
        faults.push(Fault::new("type", reason));
        return;
    }
    // What a vendor calls its own, unlisted types is the vendor's business.
    let vendor = event.origin.as_ref().is_some_and(|origin| {
        let word = name
            .strip_prefix("x.")
            .and_then(|rest| rest.strip_prefix(&*origin.surface));
        word.is_some_and(|word| word.starts_with('.')) && Surface::parse(&origin.surface).is_some()
    });
    if vendor {
        return;
    }
    if !dotted(name) {
        let reason =
            format!("`{name}` is no event type; write a dotted name such as `project.created`");
        faults.push(Fault::new("type", reason));
        return;
    }
    if writer == Writer::Client
        && let Some(prefix) = vocabulary().reserved_prefix(name)
    {
        let reason =
            format!("types that begin with `{prefix}` are Docket's own; choose another name");
        faults.push(Fault::new("type", reason));
    }
}

/// Lower-case words of letters, digits and `_`, at least two of them, joined by dots.
fn dotted(name: &str) -> bool {
    let word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
    };
    name.contains('.') && name.split('.').all(word)
}

fn check_outcome(event: &Event, faults: &mut Faults) {
    if let Some(fixed) = vocabulary().fixed_outcome(&event.event_type)
        && fixed != event.outcome
    {
        let reason = format!(
            "is {}, but {} is always a {}",
            event.outcome.word(),
            event.event_type,
            fixed.word()
        );
        faults.push(Fault::new("outcome", reason));
    }
    if event.error.is_some() && !event.failed() {
        let reason = "stands beside a success; write \"outcome\":\"failure\" or leave it out";
        faults.push(Fault::new("error", reason));
    }
}

fn check_time(event: &Event, now_micros: i64, faults: &mut Faults) {
    let ahead = |time: crate::Timestamp| time.micros() > now_micros.saturating_add(SKEW_MAX_MICROS);
    if event.origin.is_none() && event.occurred_at.is_some_and(ahead) {
        let reason = "lies more than 5 minutes ahead of the server's clock";
        faults.push(Fault::new("occurred_at", reason));
    }
}

fn check_origin(event: &Event, writer: Writer, faults: &mut Faults) {
    let docket = event
        .origin
        .as_ref()
        .is_some_and(|origin| origin.surface == "docket");
    if docket && writer != Writer::Docket {
        let reason = "`docket` marks what Docket records of itself, and nobody else can write it";
        faults.push(Fault::new("origin.surface", reason));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::read_event;

    fn check(text: &str, writer: Writer, expected: &[&str]) {
        let event = read_event(text).unwrap();
        let faults = check_event(&event, writer, 1_000_000)
            .err()
            .unwrap_or_default();
        let paths: Vec<&str> = faults.iter().map(|fault| fault.path.as_str()).collect();
        assert_eq!(paths, expected, "{text}: {faults:?}");
    }

    #[test]
    fn rules_name_the_member() {
        check(
            r#"{"type":"x.openai.brand.new","origin":{"surface":"o","id":"1"}}"#,
            Writer::Client,
            &["type"],
        );
        check(r#"{"type":"shop.opened"}"#, Writer::Client, &[]);
        for bad in [
            "shop",
            "Shop.opened",
            "shop..opened",
            ".opened",
            "shop.",
            "shop.öffnen",
            "a b.c",
        ] {
            check(&format!(r#"{{"type":"{bad}"}}"#), Writer::Client, &["type"]);
        }
        for reserved in [
            "docket.events.read",
            "ingest.rejected",
            "x.openai.brand.new",
        ] {
            check(
                &format!(r#"{{"type":"{reserved}"}}"#),
                Writer::Client,
                &["type"],
            );
            check(&format!(r#"{{"type":"{reserved}"}}"#), Writer::Import, &[]);
        }
        check(
            r#"{"type":"x.openai.Brand new","origin":{"surface":"openai","id":"1"}}"#,
            Writer::Client,
            &[],
        );
        check(
            r#"{"type":"login.failed","outcome":"success"}"#,
            Writer::Client,
            &["outcome"],
        );
        check(
            r#"{"type":"a.b","error":{"code":"1"}}"#,
            Writer::Client,
            &["error"],
        );
        check(
            r#"{"type":"a.b","occurred_at":"1970-01-01T00:05:01Z"}"#,
            Writer::Client,
            &[],
        );
        check(
            r#"{"type":"a.b","occurred_at":"1970-01-01T00:05:01.000001Z"}"#,
            Writer::Client,
            &["occurred_at"],
        );
        check(
            r#"{"type":"a.b","occurred_at":"9999-01-01T00:00:00Z","origin":{"surface":"native"}}"#,
            Writer::Client,
            &[],
        );
        check(
            r#"{"type":"a.b","origin":{"surface":"docket"}}"#,
            Writer::Client,
            &["origin.surface"],
        );
        check(
            r#"{"type":"a.b","origin":{"surface":"docket"}}"#,
            Writer::Docket,
            &[],
        );
    }
}
