//! Golden pairs: `tests/golden/<name>.json` holds what is asked or stored, and what is answered to it.

use docket_event::{Page, Value};
use docket_surfaces_openai::query::{entries, list, printed_id};
use docket_surfaces_openai::wire::Listing;
use docket_surfaces_openai::{entry::render, ingest::ingest};

use docket_surfaces_kit::testing::{event, pairs};

use crate::{stored, value};

const RECORDED: i64 = 1_795_132_800_123_456;

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
        let found = ingest(pair.get("entry").unwrap(), None).unwrap();
        assert_eq!(found, event(pair.get("event").unwrap()), "{name}");
    });
}

#[test]
fn queries_are_refused_in_the_vendors_words() {
    pairs(include_str!("../golden/refused.json"), |name, pair| {
        let asked = pair.get("query").and_then(Value::as_str).unwrap();
        let error = Listing::parse(asked).unwrap_err();
        assert_eq!(
            error.body(),
            pair.get("refused").unwrap().to_text(),
            "{name}"
        );
    });
}

#[test]
fn a_page_is_a_list_object() {
    let texts = [
        r#"{"type":"project.archived","project":{"id":"p"}}"#,
        r#"{"type":"login.succeeded"}"#,
    ];
    let events: Vec<_> = texts
        .iter()
        .map(|text| stored(&event(&value(text)), RECORDED))
        .collect();
    let page = Page {
        events,
        has_more: true,
        log_size: 9,
    };
    let entries = entries(&page);
    let first = entries.first().map(printed_id);
    let answer = list(&entries, first, Some("x\"y"), page.has_more);
    let id = "audit_log-01a1f640bc7b77208000000001";
    assert!(
        answer.starts_with(&format!(r#"{{"object":"list","data":[{{"id":"{id}"#)),
        "{answer}"
    );
    assert!(
        answer.ends_with(r#""last_id":"x\"y","has_more":true}"#),
        "{answer}"
    );
    value(&answer);
    let nothing = r#"{"object":"list","data":[],"first_id":null,"last_id":null,"has_more":false}"#;
    assert_eq!(list(&[], None, None, true), nothing);
}
