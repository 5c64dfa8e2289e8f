//! Counts, histograms, tops and far pages over more events than are decoded for them.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use docket_engine::store::Store;
use docket_engine::testing::memory::Memory;
use docket_engine::testing::random::Dice;
use docket_engine::{Buckets, Count, DECODED_MAX, Engine, Environment, Log, Params, Request, Top};
use docket_event::{
    Actor, Direction, Event, Field, Filter, Group, Order, Outcome, Place, Project, Query, Recorded,
    Span, Test, Timestamp, each_value,
};

const EVENTS: usize = 60_000;
/// 2026-01-01.
const START: i64 = 1_767_225_600_000_000;

/// 300 actors, the first ones far more often than the last; 6 projects, half of the events without; some late.
fn event(dice: &mut Dice, number: usize) -> Event {
    let (few, fewer) = (1 + dice.below(300), 1 + dice.below(20));
    let actor = dice.below(few);
    let late = if dice.once_in(50) {
        dice.below(40_000_000)
    } else {
        0
    };
    let micros = START + (number as i64) * 1_000_000 - late as i64;
    let project = dice.once_in(2).then(|| Project {
        id: Some(format!("p{}", dice.below(6))),
        ..Project::default()
    });
    Event {
        event_type: format!("shop.t{}", dice.below(fewer)),
        occurred_at: Timestamp::from_micros(micros),
        actor: Some(Actor {
            id: Some(format!("a{actor}")),
            ..Actor::default()
        }),
        outcome: match dice.once_in(10) {
            true => Outcome::Failure,
            false => Outcome::Success,
        },
        request_id: Some(format!("r{number}")),
        project,
        ..Event::default()
    }
}

/// A log of [`EVENTS`] events in seven blocks and a tail, and the events as they are in it.
fn filled() -> (Engine, Log, Vec<Recorded>) {
    let params = Params {
        block_events: 8_192,
        ..Params::default()
    };
    let store = Arc::new(Memory::new(1 << 20)) as Arc<dyn Store>;
    let engine = Engine::open(store, params, Environment::system()).expect("an empty store opens");
    let log = engine.create_log("acme").expect("a log is made");
    let mut dice = Dice::new(7);
    let mut all = Vec::with_capacity(EVENTS);
    for first in (0..EVENTS).step_by(4_096) {
        let numbers = first..EVENTS.min(first + 4_096);
        let events: Vec<Event> = numbers.map(|number| event(&mut dice, number)).collect();
        if first == EVENTS / 4_096 * 4_096 {
            engine.seal_all().expect("the store takes blocks");
        }
        let request = Request {
            events: events.clone(),
            ..Request::default()
        };
        let ticket = log.append(request).expect("there is room");
        let answer = ticket.wait().expect("it is written");
        let places = answer.ids.into_iter().zip(answer.positions);
        all.extend(
            events
                .into_iter()
                .zip(places)
                .map(|(event, (id, position))| Recorded {
                    event,
                    id,
                    position,
                    recorded_micros: 0,
                }),
        );
    }
    (engine, log, all)
}

fn filters() -> Vec<Filter> {
    let is = |field, value: &str| Test::Is(field, value.to_owned());
    let not = |test| Filter {
        groups: vec![Group::none([test])],
        ..Filter::default()
    };
    let late = Filter {
        occurred: Span {
            from: Some(START + 9_000_000_000),
            to: Some(START + 45_000_500_000),
        },
        ..Filter::default()
    };
    vec![
        Filter::default(),
        Filter::default().with(Field::Type, ["shop.t0", "shop.t3"]),
        Filter::default().with(Field::Outcome, ["success"]),
        not(is(Field::Outcome, "success")),
        not(is(Field::ActorId, "a0")).with(Field::ProjectId, ["p1", "p2", "p3"]),
        late.clone(),
        late.with(Field::Outcome, ["success"]),
        Filter::default().with(Field::RequestId, ["r7", "r59999"]),
        Filter::default().with(Field::ActorId, ["nobody"]),
    ]
}

fn expected_top(wanted: &[&Recorded], field: Field, most: usize) -> Vec<(String, u64)> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for event in wanted {
        each_value(&event.event, field, |value| {
            *counts.entry(value.to_owned()).or_default() += 1;
        });
    }
    let mut all: Vec<(String, u64)> = counts.into_iter().collect();
    all.sort_by_key(|(_, count)| Reverse(*count));
    all.truncate(most);
    all
}

#[test]
fn what_postings_tell_is_complete_and_right() {
    let (_engine, log, all) = filled();
    for filter in filters() {
        let wanted: Vec<&Recorded> = all.iter().filter(|event| filter.matches(event)).collect();
        let count = Count {
            events: wanted.len() as u64,
            complete: true,
        };
        assert_eq!(log.count(&filter), Ok(count), "{filter:?}");
        for (field, most) in [
            (Field::Type, 10),
            (Field::ActorId, 10),
            (Field::ActorId, 3),
            (Field::Outcome, 1),
        ] {
            let values = expected_top(&wanted, field, most);
            let complete = true;
            let top = log.top(&filter, field, most);
            assert_eq!(top, Ok(Top { values, complete }), "{field:?} of {filter:?}");
        }
        let buckets = Buckets::covering(START, START + 60_000_000_000, 3_600_000_000);
        let mut expected = vec![0; 17];
        for event in &wanted {
            if let Some(count) = buckets
                .index(event.micros())
                .and_then(|at| expected.get_mut(at))
            {
                *count += 1;
            }
        }
        let histogram = log.histogram(&filter, &buckets).expect("the store reads");
        assert_eq!(histogram.counts, expected, "{filter:?}");
        assert!(histogram.complete);
    }
}

#[test]
fn a_top_says_when_it_cannot_know() {
    let (_engine, log, all) = filled();
    // Half of the events have no project: more than are decoded to see whether they have rare ones.
    let top = log
        .top(&Filter::default(), Field::ProjectId, 10)
        .expect("the store reads");
    let wanted: Vec<&Recorded> = all.iter().collect();
    assert!(EVENTS / 2 > DECODED_MAX as usize);
    assert_eq!(top.values, expected_top(&wanted, Field::ProjectId, 10));
    assert!(!top.complete);
    let top = log
        .top(&Filter::default(), Field::ProjectId, 5)
        .expect("the store reads");
    assert_eq!(top.values, expected_top(&wanted, Field::ProjectId, 5));
    assert!(
        top.complete,
        "the fifth has more than all unknown ones can have"
    );
}

#[test]
fn pages_far_behind_the_start_are_those_that_turning_pages_finds() {
    let (_engine, log, all) = filled();
    for filter in filters() {
        let mut wanted: Vec<&Recorded> = all.iter().filter(|event| filter.matches(event)).collect();
        for order in [Order::Recorded, Order::Occurred] {
            wanted.sort_by(|a, b| Place::of(a).compare(&Place::of(b), order));
            for direction in [Direction::Ascending, Direction::Descending] {
                for skip in [
                    51,
                    5_000,
                    8_192,
                    30_001,
                    wanted.len().saturating_sub(3),
                    EVENTS,
                ] {
                    let query = Query {
                        filter: filter.clone(),
                        order,
                        direction,
                        limit: 5,
                        ..Query::default()
                    };
                    let page = log
                        .query_behind(&query, skip as u64)
                        .expect("the store reads");
                    let found = page.events.iter().map(|event| event.position);
                    let forth = wanted.iter().map(|event| event.position);
                    let expected: Vec<u64> = match direction {
                        Direction::Ascending => forth.skip(skip).take(5).collect(),
                        Direction::Descending => forth.rev().skip(skip).take(5).collect(),
                    };
                    assert!(found.eq(expected), "{skip} of {query:?}");
                    assert_eq!(page.has_more, wanted.len() > skip + 5);
                }
            }
        }
    }
}
