//! What the tests of every dialect need: events as a store gives them back, documents, golden pairs.

#![expect(clippy::panic, reason = "for tests alone, which fail by panicking")]

use docket_event::json::parse;
use docket_event::{
    Event, EventId, IdKey, Recorded, Timestamp, Value, read_event, read_value, write_event,
};

use crate::lossless;

/// The event at a place of a log, as a store gives it back.
///
/// # Panics
/// When it would not come back as it is.
pub fn stored(event: &Event, recorded_micros: i64) -> Recorded {
    let mut text = String::new();
    write_event(&mut text, event);
    let read = read_event(&text).unwrap_or_else(|faults| panic!("{text}: {faults:?}"));
    assert_eq!(&read, event, "a store must give back what it was given");
    let micros = event.occurred_at.map_or(recorded_micros, Timestamp::micros);
    Recorded {
        event: read,
        id: EventId::new(micros, 5, &IdKey([7; 16])),
        position: 5,
        recorded_micros,
    }
}

/// The document that a text holds.
///
/// # Panics
/// When it holds none.
pub fn value(text: &str) -> Value<'static> {
    parse(text)
        .unwrap_or_else(|error| panic!("{text}: {error}"))
        .into_owned()
}

/// The event that a document holds.
///
/// # Panics
/// When it holds none.
pub fn event(value: &Value<'_>) -> Event {
    read_value(value).unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// The document's text with the members of every object in one order, so that equal documents have equal texts.
pub fn sorted(value: &Value<'_>) -> String {
    lossless::sorted(value).to_text()
}

/// Calls `check` with each pair of a golden file, an array of objects with a `name`.
///
/// # Panics
/// When it is no such file.
pub fn pairs(text: &str, check: impl Fn(&str, &Value<'_>)) {
    let file = value(text);
    let Some(all) = file.as_array() else {
        panic!("a golden file is an array");
    };
    for pair in all {
        match pair.get("name").and_then(Value::as_str) {
            Some(name) => check(name, pair),
            None => panic!("a golden pair without a name: {}", pair.to_text()),
        }
    }
}
