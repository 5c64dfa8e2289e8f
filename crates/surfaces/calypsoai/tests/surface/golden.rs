//! Golden pairs: `tests/golden/<name>.json` holds what is asked or stored, and what is answered to it.

use docket_event::Value;
use docket_surfaces_calypsoai::wire::Listing;
use docket_surfaces_calypsoai::{entry::render, ingest::ingest};

use docket_surfaces_kit::testing::{event, pairs};

use crate::{ORG, stored};

const RECORDED: i64 = 1_795_132_800_123_456;

#[test]
fn events_from_elsewhere_are_printed_by_the_vocabulary() {
    pairs(include_str!("../golden/elsewhere.json"), |name, pair| {
        let recorded = stored(&event(pair.get("event").unwrap()), RECORDED);
        let printed = render(&recorded, ORG).to_text();
        assert_eq!(printed, pair.get("entry").unwrap().to_text(), "{name}");
    });
}

/// The documents of `ingest.json` are entries as the vendor prints them, so they come back byte for byte.
#[test]
fn entries_become_events_and_come_back_in_the_vendors_order() {
    pairs(include_str!("../golden/ingest.json"), |name, pair| {
        let entry = pair.get("entry").unwrap();
        let found = ingest(entry, None).unwrap();
        assert_eq!(found, event(pair.get("event").unwrap()), "{name}");
        let printed = render(&stored(&found, RECORDED), ORG).to_text();
        let expected = pair.get("printed").unwrap_or(entry).to_text();
        assert_eq!(printed, expected, "{name}");
    });
}

#[test]
fn queries_are_refused_in_the_vendors_words() {
    pairs(include_str!("../golden/refused.json"), |name, pair| {
        let asked = pair.get("query").and_then(Value::as_str).unwrap();
        let error = Listing::parse(asked).unwrap_err();
        let refused = pair.get("refused").unwrap().to_text();
        assert_eq!(error.body(), refused, "{name}");
    });
}
