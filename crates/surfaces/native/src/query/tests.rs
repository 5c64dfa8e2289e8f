//! Listings, from query strings.

use super::*;
use docket_event::{Place, Side};

const KEY: IdKey = IdKey([3; 16]);

fn parsed(query: &str) -> Result<Listing, Vec<String>> {
    let mut parameters = Parameters::read(query).map_err(|fault| vec![fault.to_string()])?;
    let listing = listing(&mut parameters, &KEY);
    match parameters.faults() {
        faults if faults.is_empty() => Ok(listing),
        faults => Err(faults.iter().map(ToString::to_string).collect()),
    }
}

fn refused(query: &str, expected: &[&str]) {
    assert_eq!(parsed(query).unwrap_err(), expected, "{query}");
}

fn is(field: Field, value: &str) -> Test {
    Test::Is(field, value.to_owned())
}

#[test]
fn nothing_said_is_the_latest_page() {
    let listing = parsed("").unwrap();
    assert_eq!(
        listing.query,
        Query {
            limit: LIMIT,
            ..Query::default()
        }
    );
    assert_eq!(listing.cursor, None);
}

#[test]
fn texts_are_searched_in_events_and_types() {
    let needle = |text| Needle::new(text).unwrap();
    let both = |text| {
        [
            Test::Contains(needle(text)),
            Test::TypeContains(needle(text)),
        ]
    };
    assert_eq!(
        parsed("q=Ann&q=b%20c&not.q=d").unwrap().query.filter.groups,
        [
            Group::any([both("ann"), both("b c")].concat()),
            Group::none(both("d")),
        ]
    );
    refused("q=", &["q: is empty; give it a value or leave it out"]);
    let long = format!("q={}", "a".repeat(257));
    refused(&long, &["q: has more than 256 bytes"]);
    let many = ["q=a"; 8].join("&") + &"&not.q=b".repeat(3);
    refused(&many, &["q: 11 texts to search for; at most 10 are taken"]);
}

#[test]
fn filters_repeat_and_turn_round() {
    let filter = |query: &str| parsed(query).unwrap().query.filter;
    assert_eq!(
        filter("type=a.b&type=api_key.*&not.outcome=failure&actor_email=A%40b.C").groups,
        [
            Group::any([
                is(Field::Type, "a.b"),
                Test::TypeStartsWith("api_key.".to_owned())
            ]),
            Group::any([is(Field::ActorEmail, "a@b.c")]),
            Group::none([is(Field::Outcome, "failure")]),
        ]
    );
    assert_eq!(
        filter("ip=2001:DB8::0:1&not.ip=10.0.0.1").groups,
        [
            Group::any([is(Field::SourceIp, "2001:db8::1")]),
            Group::none([is(Field::SourceIp, "10.0.0.1")]),
        ]
    );
    let span = filter("from=2026-11-20T00:00:00.0000001Z&to=2026-11-20T01:00:00%2B01:00").occurred;
    let midnight = 1_795_132_800_000_000;
    assert_eq!(
        span,
        Span {
            from: Some(midnight + 1),
            to: Some(midnight)
        }
    );
    let recorded = filter("recorded_from=2026-11-20T01:00:00+01:00").recorded;
    assert_eq!(
        recorded,
        Span {
            from: Some(midnight),
            to: None
        }
    );
}

#[test]
fn wrong_parameters_are_told_what_to_be() {
    refused(
        "from=2026-11-20T00:00:00",
        &["from: 2026-11-20T00:00:00 has no time zone; write 2026-11-20T00:00:00Z"],
    );
    for (query, known) in [
        ("actorId=1", "actor_id"),
        ("typ=1", "type"),
        ("not.typo=1", "not.type"),
        ("limits=1", "limit"),
    ] {
        let name = query.trim_end_matches("=1");
        refused(
            query,
            &[&format!(
                "{name}: is no parameter here; the nearest one is `{known}`"
            )],
        );
    }
    for star in ["*", "a*", ".*", "a.*.b", "*.*", "a.b*"] {
        let reason = "type: has a star that is not behind the last dot; write api_key.*";
        refused(&format!("type={star}"), &[reason]);
    }
    for limit in [
        "0",
        "1001",
        "-1",
        "+5",
        "5.0",
        "99999999999999999999",
        "ten",
    ] {
        let limit = limit.replace('+', "%2B");
        refused(
            &format!("limit={limit}"),
            &["limit: is no number from 1 to 1000"],
        );
    }
    refused("limit=1&limit=2", &["limit: stands more than once"]);
    refused(
        "limit=",
        &["limit: is empty; give it a value or leave it out"],
    );
    refused(
        "actor_id=",
        &["actor_id: is empty; give it a value or leave it out"],
    );
    refused(
        "order=x",
        &["order: is no order; write recorded or occurred"],
    );
    for word in ["", "1", "TRUE"] {
        assert!(parsed(&format!("count={word}")).is_err(), "{word}");
    }
    refused(
        "count=yes",
        &["count: is neither yes nor no; write true or false"],
    );
    refused(
        "direction=up",
        &["direction: is no direction; write desc or asc"],
    );
    refused(
        "outcome=maybe",
        &["outcome: `maybe` is no outcome; write one of success failure"],
    );
    refused("type=%ff", &["`%ff` is not UTF-8"]);
    refused(
        "to=1999-13-01T00:00:00Z&from=0000-01-01T00:00:00Z",
        &[
            "from: 0000-01-01T00:00:00Z is outside the years 1970 to 9999",
            "to: 1999-13-01T00:00:00Z is not an RFC 3339 time; write 2026-11-20T00:00:00Z",
        ],
    );
    refused(
        &"type=a&".repeat(VALUES_MAX + 1),
        &["501 filter values; at most 500 are taken"],
    );
}

#[test]
fn a_cursor_brings_its_order_and_fits_no_other() {
    let cursor = Cursor {
        order: Order::Occurred,
        direction: Direction::Ascending,
        side: Side::After,
        place: Place {
            micros: 5,
            position: 7,
        },
    };
    let text = cursor.encode(&KEY);
    let listing = parsed(&format!("cursor={text}")).unwrap();
    assert_eq!(listing.cursor, Some(cursor));
    assert_eq!(
        (listing.query.order, listing.query.direction),
        (Order::Occurred, Direction::Ascending)
    );
    assert!(parsed(&format!("cursor={text}&order=occurred&direction=asc")).is_ok());
    let other = "cursor: belongs to another order or direction; leave those out";
    refused(&format!("cursor={text}&order=recorded"), &[other]);
    refused(&format!("cursor={text}&direction=desc"), &[other]);
    let none = "cursor: is no cursor of this log; take `next` or `prev` of an answer";
    for hostile in ["x", "%00", &"f".repeat(42), &cursor.encode(&IdKey([4; 16]))] {
        refused(&format!("cursor={hostile}"), &[none]);
    }
}
