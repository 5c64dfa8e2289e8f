//! How often a walk over many blocks asks the store: a few times, however many blocks there are.

use std::sync::Arc;

use docket_engine::store::Store;
use docket_engine::testing::memory::Memory;
use docket_engine::{Engine, Environment, Log, Params, Request};
use docket_event::{Actor, Direction, Event, Field, Filter, Order, Query, Timestamp};

/// 2026-01-01.
const START: i64 = 1_767_225_600_000_000;
const BLOCKS: i64 = 20;
const IN_BLOCK: i64 = 200;

/// The event of each block whose actor is rare.
fn is_rare(number: i64) -> bool {
    number % IN_BLOCK == 77
}

fn event(number: i64) -> Event {
    let actor = if is_rare(number) {
        "rare".to_owned()
    } else {
        format!("a{}", number % 5)
    };
    Event {
        event_type: "shop.sold".to_owned(),
        occurred_at: Timestamp::from_micros(START + number),
        actor: Some(Actor {
            id: Some(actor),
            ..Actor::default()
        }),
        request_id: Some(format!("r{number}")),
        ..Event::default()
    }
}

/// A log of [`BLOCKS`] blocks, in an engine that has read nothing of them.
fn opened(memory: &Memory) -> (Engine, Log) {
    let params = Params {
        merge_blocks: usize::MAX,
        ..Params::default()
    };
    let open = || {
        let store = Arc::new(memory.clone()) as Arc<dyn Store>;
        Engine::open(store, params, Environment::system()).expect("the store opens")
    };
    let engine = open();
    let log = engine.create_log("acme").expect("a log is made");
    for block in 0..BLOCKS {
        let numbers = block * IN_BLOCK..(block + 1) * IN_BLOCK;
        let request = Request {
            events: numbers.map(event).collect(),
            ..Request::default()
        };
        let ticket = log.append(request).expect("there is room");
        ticket.wait().expect("it is written");
        engine.seal_all().expect("the store takes blocks");
    }
    engine.close();
    let engine = open();
    let log = engine.create_log("acme").expect("a log is there");
    (engine, log)
}

/// How often the store is asked for a page, and the positions of its events.
fn asked(memory: &Memory, log: &Log, query: &Query) -> (u64, Vec<u64>) {
    let before = memory.reads();
    let page = log.query(query).expect("the store has it");
    let positions = page.events.iter().map(|event| event.position);
    (memory.reads() - before, positions.collect())
}

fn of(field: Field, value: &str, order: Order, limit: usize) -> Query {
    Query {
        filter: Filter::default().with(field, [value]),
        order,
        direction: Direction::Descending,
        limit,
        ..Query::default()
    }
}

#[test]
fn a_rare_value_in_many_blocks_is_found_in_a_few_reads() {
    let memory = Memory::new(1 << 20);
    let (_engine, log) = opened(&memory);
    // What is looked for is nowhere; afterwards only directories are known.
    let (_, nothing) = asked(&memory, &log, &of(Field::ActorId, "x", Order::Occurred, 20));
    assert!(nothing.is_empty());
    let all: Vec<u64> = (0..BLOCKS * IN_BLOCK)
        .filter(|number| is_rare(*number))
        .map(|number| number.cast_unsigned())
        .rev()
        .collect();
    let query = of(Field::ActorId, "rare", Order::Occurred, 30);
    let (reads, found) = asked(&memory, &log, &query);
    assert_eq!(found, all);
    // Pages of terms of one block and of four, then their frames; after that both of four at a time.
    assert!(reads <= 1 + 2 * 19_u64.div_ceil(4), "{reads} reads");
    assert_eq!(asked(&memory, &log, &query), (0, all.clone()));
    let query = of(Field::ActorId, "rare", Order::Recorded, 30);
    assert_eq!(asked(&memory, &log, &query).1, all);
}

#[test]
fn a_page_that_a_block_fills_reads_no_other() {
    let memory = Memory::new(1 << 20);
    let (_engine, log) = opened(&memory);
    let latest = Query {
        limit: 20,
        direction: Direction::Descending,
        ..Query::default()
    };
    let (reads, found) = asked(&memory, &log, &latest);
    let all = 0..(BLOCKS * IN_BLOCK).cast_unsigned();
    assert!(found.iter().copied().eq(all.rev().take(20)));
    assert_eq!(reads, 2, "a directory and frames");
    // A directory is there; a page of terms, a posting, frames.
    let query = of(Field::ActorId, "a1", Order::Occurred, 20);
    assert!(asked(&memory, &log, &query).0 <= 3);
}
