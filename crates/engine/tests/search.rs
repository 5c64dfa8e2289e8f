//! Text searches over tails, small blocks, merged blocks and after a restart, against the definition.

#![expect(clippy::unwrap_used, reason = "a test that fails panics")]

use std::sync::Arc;

use docket_engine::store::Store;
use docket_engine::testing::corpus::Corpus;
use docket_engine::testing::memory::Memory;
use docket_engine::testing::random::{Dice, TestClock, TestRandom};
use docket_engine::{Engine, Environment, Log, Params, QueryError, Request, check};
use docket_event::{
    Direction, Event, Filter, Group, Needle, Order, Query, Recorded, Test, each_text, read_event,
};

const EVENTS: usize = 6_000;
const BLOCK: u32 = 1_500;

fn params() -> Params {
    Params {
        block_events: BLOCK,
        merge_blocks: 2,
        ..Params::default()
    }
}

fn engine(store: &Arc<Memory>) -> Engine {
    let environment = Environment {
        clock: Arc::new(TestClock::at(1_795_132_800_123_456)),
        random: Arc::new(TestRandom::default()),
    };
    Engine::open(Arc::clone(store) as Arc<dyn Store>, params(), environment).unwrap()
}

fn question(needle: &Needle, direction: Direction, limit: usize) -> Query {
    let filter = Filter {
        groups: vec![Group::any([Test::Contains(needle.clone())])],
        ..Filter::default()
    };
    Query {
        filter,
        direction,
        limit,
        ..Query::default()
    }
}

fn all(log: &Log) -> Vec<Recorded> {
    let mut query = Query {
        direction: Direction::Ascending,
        limit: 1_000,
        ..Query::default()
    };
    let mut events: Vec<Recorded> = Vec::new();
    loop {
        let page = log.query(&query).unwrap();
        query.after = page.events.last().map(docket_event::Place::of);
        events.extend(page.events);
        if !page.has_more {
            return events;
        }
    }
}

/// Parts of what events say, and texts that none has.
fn needles(events: &[Recorded], dice: &mut Dice) -> Vec<Needle> {
    let mut needles = vec![
        "nowhere to be found",
        "zqxj",
        "\u{416}\u{443}\u{43a}",
        "cafe",
        "0000-",
    ];
    let mut parts = Vec::new();
    for _ in 0..60 {
        let recorded = dice.pick(events).unwrap();
        let mut texts = vec![recorded.id.to_string()];
        each_text(&recorded.event, |text| texts.push(text.to_owned()));
        let text = dice.pick(&texts).unwrap();
        let from = dice.below(text.len());
        let to = (from + 3 + dice.below(12)).min(text.len());
        parts.push(text.get(from..to).unwrap_or("e").to_uppercase());
    }
    needles.extend(parts.iter().map(String::as_str));
    needles
        .iter()
        .filter_map(|text| Needle::new(text).ok())
        .collect()
}

fn compare(log: &Log, events: &[Recorded], needle: &Needle) {
    let question = question(needle, Direction::Ascending, 1_000);
    let wanted: Vec<u64> = events
        .iter()
        .filter(|event| question.filter.matches(event))
        .map(|event| event.position)
        .collect();
    let count = log.count(&question.filter).unwrap();
    assert!(count.events <= wanted.len() as u64, "{needle:?}");
    assert!(
        !count.complete || count.events == wanted.len() as u64,
        "{needle:?}"
    );
    for order in [Order::Recorded, Order::Occurred] {
        for direction in [Direction::Ascending, Direction::Descending] {
            let page = log
                .query(&Query {
                    order,
                    direction,
                    ..question.clone()
                })
                .unwrap();
            assert_eq!(page.has_more, wanted.len() > 1_000, "{needle:?}");
            assert_eq!(page.events.len(), wanted.len().min(1_000), "{needle:?}");
            assert!(
                page.events
                    .iter()
                    .all(|event| wanted.contains(&event.position))
            );
        }
    }
}

#[test]
fn every_state_of_a_log_finds_the_same() {
    let mut corpus = Corpus::new(7);
    let events: Vec<Event> = (0..EVENTS)
        .map(|_| read_event(&corpus.event()).unwrap())
        .collect();
    let store = Arc::new(Memory::new(100_000));
    let mut running = engine(&store);
    let mut log = running.create_log("acme").unwrap();
    let mut dice = Dice::new(3);
    let mut rest = events.as_slice();
    while !rest.is_empty() {
        let count = dice.pick(&[1, 3, 16, 50, 64, 100, 700]).copied().unwrap();
        let (some, more) = rest.split_at(count.min(rest.len()));
        rest = more;
        let request = Request {
            events: some.to_vec(),
            ..Request::default()
        };
        log.append(request).unwrap().wait().unwrap();
        if dice.once_in(20) {
            running.seal_all().unwrap();
        }
        if dice.once_in(40) {
            running.close();
            running = engine(&store);
            log = running.log("acme").unwrap().unwrap();
        }
    }
    let recorded = all(&log);
    let needles = needles(&recorded, &mut dice);
    needles
        .iter()
        .for_each(|needle| compare(&log, &recorded, needle));
    running.seal_all().unwrap();
    running.settle().unwrap();
    needles
        .iter()
        .for_each(|needle| compare(&log, &recorded, needle));
    let report = check(&*store, &params(), &mut |_| {}).unwrap();
    assert_eq!((report.events, report.problems), (EVENTS as u64, vec![]));
    running.close();
}

/// A text whose parts stand in every event and which is in none, so that nothing excludes any.
#[test]
fn what_would_look_through_too_much_says_so() {
    let store = Arc::new(Memory::new(1 << 20));
    let running = engine(&store);
    let log = running.create_log("acme").unwrap();
    // Each four letters of the needle are there, the whole is not.
    let payload = "xabcy. zabcw. ".repeat(3_430);
    let text = format!(r#"{{"type":"shop.opened","data":"{payload}"}}"#);
    let event = read_event(&text).unwrap();
    for _ in 0..24 {
        let request = Request {
            events: vec![event.clone(); 1_000],
            ..Request::default()
        };
        log.append(request).unwrap().wait().unwrap();
    }
    let needle = Needle::new("xabcw").unwrap();
    let asked = question(&needle, Direction::Descending, 10);
    match log.query(&asked) {
        Err(QueryError::TooBroad(reason)) => assert!(reason.contains("span of time"), "{reason}"),
        other => panic!("{other:?}"),
    }
    assert!(!log.count(&asked.filter).unwrap().complete);
    let common = Needle::new("A").unwrap();
    let page = log
        .query(&question(&common, Direction::Descending, 10))
        .unwrap();
    assert_eq!(page.events.len(), 10);
    running.close();
}
