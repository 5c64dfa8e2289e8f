//! Pruning: what is old is gone from every read, whatever happens on the way, and the tree is what it was.

use std::sync::Arc;
use std::time::Duration;

use docket_engine::store::{BlockId, Store, StoreError};
use docket_engine::testing::memory::{Memory, Piece, WriteFault};
use docket_engine::testing::random::{Dice, TestClock, TestRandom};
use docket_engine::{Engine, Environment, Log, Params, Pruned, Request, WhatIsSealed, check};
use docket_event::{Direction, Event, Field, Filter, Order, Origin, Query};
use docket_merkle::{Hash, LeafIndex, verify_inclusion};

const START_MICROS: i64 = 1_700_000_000_000_000;
/// The format of blocks whose events were pruned.
const HASHES: u32 = 3;

fn params() -> Params {
    Params {
        block_events: 40,
        merge_blocks: 3,
        frame_events: 8,
        tile_height: 2,
        page_bytes: 100,
        scanned_events: 10,
        retry_pause: Duration::from_micros(100),
        ..Params::default()
    }
}

fn open_with(store: &Memory, params: Params) -> (Engine, Arc<TestClock>) {
    let clock = Arc::new(TestClock::at(START_MICROS));
    let environment = Environment {
        clock: Arc::clone(&clock) as Arc<_>,
        random: Arc::new(TestRandom::default()),
    };
    let store = Arc::new(store.clone()) as Arc<dyn Store>;
    let engine = Engine::open(store, params, environment).expect("it opens");
    (engine, clock)
}

fn open(store: &Memory) -> (Engine, Log) {
    let (engine, _) = open_with(store, params());
    let log = engine.create_log("acme").expect("the log is there");
    (engine, log)
}

fn append(log: &Log, dice: &mut Dice, count: usize) {
    let event = |_| Event {
        event_type: format!("shop.t{}", dice.below(3)),
        request_id: Some(format!("r{}", dice.below(50))),
        ..Event::default()
    };
    let events = (0..count).map(event).collect();
    write(log, events);
}

fn write(log: &Log, events: Vec<Event>) -> docket_engine::Appended {
    let ticket = log.append(Request {
        events,
        ..Request::default()
    });
    let answer = ticket.and_then(docket_engine::Ticket::wait);
    answer.expect("it is written")
}

/// A log of 150 events, all of them sealed, and 30 that are not.
fn filled(store: &Memory) -> (Engine, Log) {
    let (engine, log) = open(store);
    let mut dice = Dice::new(3);
    (0..30).for_each(|_| append(&log, &mut dice, 5));
    engine.seal_all().expect("it seals");
    engine.settle().expect("it merges");
    append(&log, &mut dice, 30);
    (engine, log)
}

fn leaves(log: &Log) -> Vec<Hash> {
    let leaf = |position| log.leaf(position).expect("reads").expect("it is there");
    (0..log.size()).map(leaf).collect()
}

/// The log begins at `first`, whichever way it is asked, and its tree is over `leaves`.
fn begins_at(log: &Log, first: u64, leaves: &[Hash]) {
    assert_eq!(log.first().expect("reads"), first);
    assert_eq!(log.size(), leaves.len() as u64);
    let positions: Vec<u64> = (first..log.size()).collect();
    for order in [Order::Occurred, Order::Recorded] {
        for direction in [Direction::Ascending, Direction::Descending] {
            let question = Query {
                order,
                direction,
                limit: 1_000,
                ..Query::default()
            };
            let page = log.query(&question).expect("it answers");
            let mut found: Vec<u64> = page.events.iter().map(|event| event.position).collect();
            found.sort_unstable();
            assert_eq!(found, positions);
        }
    }
    let count = log.count(&Filter::default()).expect("it counts").events;
    assert_eq!(count, positions.len() as u64);
    let head = log.head();
    assert_eq!(log.root(head.size).expect("reads"), Some(head.root));
    for (position, leaf) in (0..).zip(leaves) {
        let there = log.get(position).expect("reads").is_some();
        assert_eq!(there, position >= first, "{position}");
        let proof = log.inclusion_proof(position, head.size);
        let proof = proof.expect("reads").expect("it is there");
        verify_inclusion(*leaf, LeafIndex(position), &proof, &head).expect("it proves");
    }
}

fn is_clean(store: &Memory, (events, pruned): (u64, u64)) {
    let report = check(store, &params(), &mut |_| {}).expect("it is read");
    assert_eq!(report.problems, []);
    assert_eq!((report.events, report.pruned), (events, pruned));
}

#[test]
fn a_log_is_cut_to_the_event() {
    let store = Memory::new(300);
    let (engine, log) = filled(&store);
    let leaves = leaves(&log);
    let mut before = 0;
    for up_to in [0, 1, 2, 39, 40, 41, 100, 149, 150, 163, 180, 180] {
        let expected = Pruned {
            first: up_to,
            events: up_to - before,
        };
        assert_eq!(log.prune(up_to), Ok(expected));
        before = up_to;
        begins_at(&log, up_to, &leaves);
        engine.settle().expect("it merges");
        is_clean(&store, (180 - up_to, up_to));
    }
    let nothing = Pruned {
        first: 180,
        events: 0,
    };
    assert_eq!((log.prune(3), log.prune(500)), (Ok(nothing), Ok(nothing)));
    append(&log, &mut Dice::new(9), 7);
    engine.close();
    let (_, log) = open(&store);
    assert_eq!((log.size(), log.first()), (187, Ok(180)));
    is_clean(&store, (7, 180));
}

#[test]
fn neighbouring_blocks_of_hashes_become_one() {
    let store = Memory::new(300);
    let (_engine, log) = filled(&store);
    (1..=150).for_each(|up_to| assert!(log.prune(up_to).is_ok()));
    let row = store.log_of("acme").expect("reads").expect("it is there");
    let blocks = store.blocks(row.id).expect("reads");
    let hashes = blocks.iter().filter(|block| block.format == HASHES);
    let counts: Vec<u32> = hashes.map(|block| block.count).collect();
    assert_eq!(counts, [40, 40, 40, 30]);
}

#[test]
fn an_age_is_a_position() {
    let store = Memory::new(300);
    let (engine, clock) = open_with(&store, params());
    let log = engine.create_log("acme").expect("a log is made");
    let mut dice = Dice::new(3);
    for _ in 0..30 {
        append(&log, &mut dice, 5);
        clock.move_by(10);
    }
    for hour in 0..30 {
        let micros = START_MICROS + hour * 10;
        let position = u64::try_from(hour).expect("it is small") * 5;
        assert_eq!(log.first_recorded_from(micros), Ok(position));
        assert_eq!(log.first_recorded_from(micros + 1), Ok(position + 5));
    }
    log.prune(62).expect("it prunes");
    assert_eq!(log.first_recorded_from(0), Ok(62));
    assert_eq!(log.first_recorded_from(START_MICROS + 120), Ok(62));
    assert_eq!(log.first_recorded_from(START_MICROS + 121), Ok(65));
    assert_eq!(log.first_recorded_from(i64::MAX), Ok(150));
}

#[test]
fn whatever_breaks_in_the_middle_it_is_gone_on_with() {
    let writes = {
        let store = Memory::new(300);
        let (_engine, log) = filled(&store);
        let before = store.writes();
        log.prune(133).expect("it prunes");
        store.writes() - before
    };
    assert!(writes > 10, "{writes}");
    for fault in [
        WriteFault::Busy,
        WriteFault::Unavailable,
        WriteFault::Lost,
        WriteFault::DieBefore,
        WriteFault::DieAfter,
    ] {
        for nth in 0..writes {
            let store = Memory::new(300);
            let (engine, log) = filled(&store);
            let leaves = leaves(&log);
            store.fail_write(nth, fault);
            let failed = log.prune(133);
            assert!(failed.is_err(), "{nth}, {fault:?}: {failed:?}");
            drop(log);
            engine.close();
            drop(engine);
            store.revive();
            let (engine, log) = open(&store);
            let first = log.first().expect("reads");
            assert!(first <= 133, "{nth}, {fault:?}: {first}");
            begins_at(&log, first, &leaves);
            is_clean(&store, (180 - first, first));
            let done = log.prune(133).expect("it is gone on with");
            assert_eq!((done.first, done.events), (133, 133 - first));
            begins_at(&log, 133, &leaves);
            engine.settle().expect("it merges");
            is_clean(&store, (47, 133));
            engine.close();
        }
    }
}

#[test]
fn damage_of_what_is_left_is_found() {
    let store = Memory::new(300);
    let (engine, log) = filled(&store);
    log.prune(90).expect("it prunes");
    engine.close();
    let row = store.log_of("acme").expect("reads").expect("it is there");
    let blocks = store.blocks(row.id).expect("reads");
    let hashes = blocks.iter().filter(|block| block.format == HASHES);
    let hashes: Vec<BlockId> = hashes.map(|block| block.id).collect();
    let mut dice = Dice::new(5);
    let mut damaged = 0;
    for (piece, bytes) in store.pieces() {
        let of_hashes = match &piece {
            Piece::Dir(block) | Piece::Part { block, .. } => hashes.contains(block),
            Piece::Batch { .. } | Piece::Tile { .. } => false,
        };
        for _ in 0..if of_hashes { 20 } else { 0 } {
            let (byte, bit) = (dice.below(bytes), 1);
            assert!(store.flip(&piece, byte, bit));
            let report = check(&store, &params(), &mut |_| {}).expect("it is read");
            assert!(!report.problems.is_empty(), "{piece:?}, byte {byte}");
            assert!(store.flip(&piece, byte, bit));
            damaged += 1;
        }
    }
    assert!(damaged > 100, "{damaged}");
    is_clean(&store, (90, 90));
}

#[test]
fn an_origin_is_forgotten_with_its_event() {
    let store = Memory::new(300);
    let (_engine, log) = open(&store);
    let event = |number: u64| Event {
        event_type: "shop.opened".to_owned(),
        origin: Some(Origin {
            surface: "openai".to_owned(),
            id: Some(format!("id-{number}")),
            ..Origin::default()
        }),
        ..Event::default()
    };
    write(&log, (0..100).map(event).collect());
    log.prune(50).expect("it prunes");
    assert_eq!(log.by_origin_id("id-49", 5), Ok(Vec::new()));
    let again = write(&log, vec![event(50), event(49)]);
    assert_eq!((again.positions, again.duplicates), (vec![50, 100], 1));
    let found = log.by_origin_id("id-49", 5).expect("reads");
    assert_eq!(found.first().map(|event| event.position), Some(100));
}

#[test]
fn everybody_sees_it_at_once() {
    let store = Memory::shared(300);
    let (_engine, log) = filled(&store);
    let (_other, theirs) = open(&store);
    assert_eq!(
        theirs.get(0).expect("reads").map(|event| event.position),
        Some(0)
    );
    let leaves = leaves(&log);
    let one = Filter::default().with(Field::Type, ["shop.t1"]);
    assert!(theirs.count(&one).expect("it counts").events > 0);
    for (log, other, up_to) in [(&log, &theirs, 77), (&theirs, &log, 170)] {
        log.prune(up_to).expect("it prunes");
        begins_at(other, up_to, &leaves);
    }
    theirs.prune(180).expect("it prunes");
    assert_eq!(log.count(&one).expect("it counts").events, 0);
}

#[test]
fn whoever_only_reads_does_not_prune() {
    let store = Memory::new(300);
    let (engine, _) = filled(&store);
    engine.close();
    let (reader, _) = open_with(
        &store,
        Params {
            sealing: WhatIsSealed::Nothing,
            ..params()
        },
    );
    let log = reader.log("acme").expect("reads").expect("it is there");
    assert!(matches!(log.prune(10), Err(StoreError::Unavailable(_))));
    assert_eq!(log.first(), Ok(0));
}
