//! The surface: entries in and out without a server, and what a server answers.

#![cfg(test)]

mod api;
mod golden;
mod ingest;
mod random;
mod types;
mod world;

use docket_event::json::parse;
use docket_event::{Event, EventId, IdKey, Recorded, Value, read_event, write_event};

/// The organization that entries are printed for.
const ORG: &str = "acme";

/// The event at a place of a log, as a store gives it back.
fn stored(event: &Event, recorded_micros: i64) -> Recorded {
    let mut text = String::new();
    write_event(&mut text, event);
    let read = read_event(&text).unwrap_or_else(|faults| panic!("{text}: {faults:?}"));
    assert_eq!(&read, event, "a store must give back what it was given");
    let micros = event
        .occurred_at
        .map_or(recorded_micros, docket_event::Timestamp::micros);
    Recorded {
        event: read,
        id: EventId::new(micros, 5, &IdKey([7; 16])),
        position: 5,
        recorded_micros,
    }
}

fn value(text: &str) -> Value<'static> {
    parse(text)
        .unwrap_or_else(|error| panic!("{text}: {error}"))
        .into_owned()
}

/// The document with the members of every object in one order, so that equal documents have equal texts.
fn sorted(value: &Value<'_>) -> String {
    fn sort(value: &Value<'_>) -> Value<'static> {
        match value {
            Value::Array(all) => Value::Array(all.iter().map(sort).collect()),
            Value::Object(all) => {
                let mut members: Vec<_> = all
                    .iter()
                    .map(|(name, value)| (name.clone().into_owned(), sort(value)))
                    .collect();
                members.sort_by(|one, other| one.0.cmp(&other.0));
                Value::object(members)
            }
            other => other.clone().into_owned(),
        }
    }
    sort(value).to_text()
}
