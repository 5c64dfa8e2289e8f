//! Golden pairs: `tests/golden/<name>.json` holds what is stored, and what is printed of it.

use docket_event::{Page, Value};
use docket_surfaces_clarifai::entry::render;
use docket_surfaces_clarifai::ingest::ingest;
use docket_surfaces_clarifai::query::answer;
use docket_surfaces_clarifai::status::{Code, Status};

use docket_surfaces_kit::testing::{event, pairs};

use crate::{stored, value};

const RECORDED: i64 = 1_795_132_800_123_456;

#[test]
fn the_vendors_documented_answer_comes_back_to_the_byte() {
    let documented = value(include_str!("../golden/documented-answer.json"));
    let entries = documented.get("entries").and_then(Value::as_array).unwrap();
    assert_eq!(entries.len(), 10);
    let events = entries.iter().map(|entry| {
        let event = ingest(entry, None).unwrap();
        assert_eq!(event.origin.as_ref().unwrap().extra, None);
        stored(&event, RECORDED)
    });
    let page = Page {
        events: events.collect(),
        has_more: false,
        log_size: 10,
    };
    let req_id = documented.at(&["status", "req_id"]).and_then(Value::as_str);
    let status = Status {
        code: Code::Success,
        details: String::new(),
        req_id: req_id.unwrap().to_owned(),
    };
    assert_eq!(answer(&status, &page).to_text(), documented.to_text());
}

#[test]
fn events_from_elsewhere_are_printed_by_the_vocabulary() {
    pairs(include_str!("../golden/elsewhere.json"), |name, pair| {
        let recorded = stored(&event(pair.get("event").unwrap()), RECORDED);
        let printed = render(&recorded).to_text();
        assert_eq!(printed, pair.get("entry").unwrap().to_text(), "{name}");
    });
}

#[test]
fn entries_become_events() {
    pairs(include_str!("../golden/ingest.json"), |name, pair| {
        let entry = pair.get("entry").unwrap();
        let found = ingest(entry, None).unwrap();
        let mut written = String::new();
        docket_event::write_event(&mut written, &found);
        assert_eq!(written, pair.get("event").unwrap().to_text(), "{name}");
        let printed = pair.get("printed").unwrap_or(entry);
        let recorded = stored(&found, RECORDED);
        assert_eq!(render(&recorded).to_text(), printed.to_text(), "{name}");
    });
}

#[test]
fn what_is_no_entry_is_refused_by_its_path() {
    pairs(include_str!("../golden/refused.json"), |name, pair| {
        let faults = ingest(pair.get("entry").unwrap(), None).unwrap_err();
        let told: Vec<Value<'_>> = faults
            .iter()
            .map(|fault| Value::string(fault.to_string()))
            .collect();
        let expected = pair.get("refused").unwrap();
        assert_eq!(Value::Array(told).to_text(), expected.to_text(), "{name}");
    });
}
