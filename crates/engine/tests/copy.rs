//! Copies of logs: the same events under the same ids and root, whatever happens on the way.

use std::ops::ControlFlow;
use std::sync::Arc;

use docket_engine::store::{
    Expect, Idempotency, LogRow, Record, RecordChange, RecordKey, Rider, Store, StoreError,
};
use docket_engine::testing::memory::{Memory, Piece, WriteFault};
use docket_engine::testing::random::{Dice, TestClock, TestRandom};
use docket_engine::{
    CopyError, Copying, Engine, Environment, Log, Params, Request, check, tree_head,
};
use docket_event::{Direction, Event, Field, Filter, Order, Query, Recorded};
use docket_merkle::Head;

const START_MICROS: i64 = 1_700_000_000_000_000;

fn params() -> Params {
    Params {
        block_events: 40,
        merge_blocks: 3,
        frame_events: 8,
        tile_height: 2,
        page_bytes: 100,
        scanned_events: 10,
        ..Params::default()
    }
}

fn environment() -> Environment {
    Environment {
        clock: Arc::new(TestClock::at(START_MICROS)),
        random: Arc::new(TestRandom::default()),
    }
}

fn open(store: &Memory, params: Params) -> Engine {
    let store = Arc::new(store.clone()) as Arc<dyn Store>;
    Engine::open(store, params, environment()).expect("it opens")
}

fn append(log: &Log, dice: &mut Dice, requests: usize) {
    for _ in 0..requests {
        let count = 1 + dice.below(9);
        let event = |_| Event {
            event_type: format!("shop.t{}", dice.below(3)),
            request_id: Some(format!("r{}", dice.below(50))),
            description: Some(format!("what happened {}", dice.roll())),
            ..Event::default()
        };
        let events = (0..count).map(event).collect();
        let ticket = log.append(Request {
            events,
            ..Request::default()
        });
        ticket
            .and_then(docket_engine::Ticket::wait)
            .expect("it is written");
    }
}

fn member(name: &str) -> RecordKey {
    RecordKey {
        org: "acme".to_owned(),
        kind: "member".to_owned(),
        name: name.to_owned(),
    }
}

/// A store with a log of blocks of several sizes, a tail, a record, and an answer.
fn source() -> Memory {
    let store = Memory::new(600);
    let engine = open(&store, params());
    let log = engine.create_log("acme").expect("a log is made");
    let mut dice = Dice::new(7);
    append(&log, &mut dice, 40);
    engine.seal_all().expect("it seals");
    engine.settle().expect("it merges");
    append(&log, &mut dice, 6);
    let rider = Rider {
        idempotency: Some(Idempotency {
            token: "token".to_owned(),
            key: "key".to_owned(),
            body_hash: [3; 32],
            at_micros: START_MICROS,
        }),
        records: vec![RecordChange {
            key: member("ann"),
            expect: Expect::Absent,
            value: Some(b"secret".to_vec()),
        }],
    };
    let ticket = log.append(Request {
        rider,
        ..request("shop.opened")
    });
    ticket
        .and_then(docket_engine::Ticket::wait)
        .expect("it is written");
    engine.close();
    store
}

fn request(event_type: &str) -> Request {
    Request {
        events: vec![Event {
            event_type: event_type.to_owned(),
            ..Event::default()
        }],
        ..Request::default()
    }
}

fn row(store: &Memory) -> LogRow {
    store.log_of("acme").expect("reads").expect("it is there")
}

fn copy(from: &Memory, to: &Memory) -> Result<Head, CopyError> {
    copy_until(from, to, u64::MAX)
}

fn copy_until(from: &Memory, to: &Memory, end: u64) -> Result<Head, CopyError> {
    let records: Vec<Record> = from.records("acme", "member").expect("reads");
    let job = Copying {
        from,
        to,
        params: &params(),
        environment: &environment(),
    };
    job.copy(&row(from), &records, &mut |done| match done < end {
        true => ControlFlow::Continue(()),
        false => ControlFlow::Break(()),
    })
}

fn pages(store: &Memory, order: Order, filter: Filter) -> Vec<Recorded> {
    let engine = open(store, params());
    let log = engine
        .log("acme")
        .expect("reads")
        .expect("the log is there");
    let mut query = Query {
        filter,
        order,
        direction: Direction::Descending,
        limit: 23,
        ..Query::default()
    };
    let mut all = Vec::new();
    loop {
        let page = log.query(&query).expect("it answers");
        all.extend(page.events);
        match all.last() {
            Some(last) if page.has_more => query.after = Some(docket_event::Place::of(last)),
            Some(_) | None => break,
        }
    }
    engine.close();
    all
}

/// All of it is there, and right, and can be gone on with.
fn same(from: &Memory, to: &Memory) {
    let head = |store: &Memory| tree_head(store, &row(store), &params()).expect("reads");
    assert_eq!(head(from), head(to));
    let report = check(to, &params(), &mut |_| {}).expect("it is read");
    assert_eq!(report.problems, []);
    assert_eq!(report.events + report.pruned, head(from).size);
    let one = || Filter::default().with(Field::Type, ["shop.t1"]);
    let two = || one().with(Field::RequestId, ["r3", "r4", "r5", "r6"]);
    for order in [Order::Occurred, Order::Recorded] {
        for filter in [Filter::default(), one(), two()] {
            let found = pages(to, order, filter.clone());
            assert_eq!(found, pages(from, order, filter));
            assert!(!found.is_empty());
        }
    }
    let id = row(from).id;
    assert_eq!(to.answers(row(to).id), from.answers(id));
    let ann = to.record(&member("ann")).expect("reads");
    assert_eq!(ann.expect("it came along").value, b"secret");
}

#[test]
fn a_copy_is_the_same_log() {
    let (from, to) = (source(), Memory::new(100));
    to.create_log("other", [1; 16]).expect("makes");
    let head = copy(&from, &to).expect("it is copied");
    assert_eq!(row(&to).id_key, row(&from).id_key);
    assert_ne!(row(&to).id, row(&from).id);
    same(&from, &to);
    let engine = open(&to, params());
    let log = engine
        .log("acme")
        .expect("reads")
        .expect("the log is there");
    append(&log, &mut Dice::new(1), 40);
    assert!(log.size() > head.size);
    engine.close();
    let report = check(&to, &params(), &mut |_| {}).expect("it is read");
    assert_eq!(report.problems, []);
}

#[test]
fn an_empty_log_is_copied() {
    let (from, to) = (Memory::new(600), Memory::new(64));
    from.create_log("acme", [5; 16]).expect("makes");
    for _ in 0..2 {
        assert_eq!(copy(&from, &to).expect("it is copied").size, 0);
    }
    assert_eq!(row(&to).id_key, [5; 16]);
}

#[test]
fn whoever_is_there_already_is_not_touched() {
    let from = source();
    let to = Memory::new(600);
    copy(&from, &to).expect("it is copied");
    let before = row(&to);
    let again = copy(&from, &to).expect_err("it is there");
    assert!(matches!(again, CopyError::Taken(_)), "{again}");
    assert!(again.to_string().contains("acme"), "{again}");
    assert_eq!(row(&to), before);

    let stranger = Memory::new(600);
    let engine = open(&stranger, params());
    let log = engine.create_log("acme").expect("a log is made");
    append(&log, &mut Dice::new(2), 3);
    engine.close();
    let refused = copy(&from, &stranger).expect_err("it is another log");
    assert!(matches!(refused, CopyError::Taken(_)), "{refused}");
    assert_eq!(stranger.record(&member("ann")), Ok(None));
}

#[test]
fn a_copy_that_stopped_is_gone_on_with() {
    let from = source();
    let size = tree_head(&from, &row(&from), &params())
        .expect("reads")
        .size;
    for end in (0..size).step_by(7) {
        let to = Memory::new(77);
        let stopped = copy_until(&from, &to, end).expect_err("it stops");
        assert!(matches!(stopped, CopyError::Stopped), "{stopped}");
        assert_eq!(to.record(&member("ann")), Ok(None));
        to.revive();
        copy(&from, &to).expect("it is copied");
        same(&from, &to);
    }
}

#[test]
fn a_copy_is_gone_on_with_over_other_blocks() {
    let from = source();
    // What was sealed in small blocks has become large ones since.
    let small = || {
        let to = Memory::new(77);
        assert!(copy_until(&from, &to, 50).is_err());
        to
    };
    let engine = open(
        &from,
        Params {
            block_events: 10_000,
            merge_blocks: 2,
            ..params()
        },
    );
    let to = small();
    let before = row(&to).sealed;
    engine.seal_all().expect("it seals");
    engine.settle().expect("it merges");
    engine.close();
    let blocks = from.blocks(row(&from).id).expect("reads");
    let inside = |first: u64, count: u32| first < before && before < first + u64::from(count);
    assert!(
        blocks.iter().any(|block| inside(block.first, block.count)),
        "{blocks:?}"
    );
    copy(&from, &to).expect("it is copied");
    same(&from, &to);
}

#[test]
fn a_copy_survives_every_fault_of_the_target() {
    let from = source();
    let whole = Memory::new(600);
    copy(&from, &whole).expect("it is copied");
    for fault in [
        WriteFault::Busy,
        WriteFault::Unavailable,
        WriteFault::Lost,
        WriteFault::DieBefore,
        WriteFault::DieAfter,
    ] {
        for nth in 0..whole.writes() {
            let to = Memory::new(600);
            to.fail_write(nth, fault);
            let failed = copy(&from, &to).expect_err("a planned fault");
            assert!(matches!(failed, CopyError::Target(_)), "{failed}");
            to.revive();
            match copy(&from, &to) {
                Ok(_) => {}
                // The last answer was lost.
                Err(CopyError::Taken(_)) => assert!(nth + 1 == whole.writes(), "{nth}, {fault:?}"),
                Err(error) => panic!("{nth}, {fault:?}: {error}"),
            }
            same(&from, &to);
        }
    }
}

fn prune(store: &Memory, up_to: u64) {
    let engine = open(store, params());
    let log = engine.log("acme").expect("reads");
    let log = log.expect("the log is there");
    log.prune(up_to).expect("it prunes");
    engine.close();
}

#[test]
fn a_pruned_log_is_copied() {
    let from = source();
    prune(&from, 70);
    for end in (0..200).step_by(30) {
        let to = Memory::new(77);
        assert!(copy_until(&from, &to, end).is_err());
        to.revive();
        copy(&from, &to).expect("it is copied");
        same(&from, &to);
    }
}

#[test]
fn what_is_pruned_meanwhile_is_pruned_in_the_copy() {
    let whole = source();
    let size = tree_head(&whole, &row(&whole), &params())
        .expect("reads")
        .size;
    for end in (0..size).step_by(23) {
        let (from, to) = (source(), Memory::new(77));
        assert!(copy_until(&from, &to, end).is_err());
        prune(&from, 70);
        copy(&from, &to).expect("it is copied");
        same(&from, &to);
    }
}

#[test]
fn what_is_damaged_is_not_copied() {
    let from = source();
    let mut dice = Dice::new(3);
    for (piece, bytes) in from.pieces() {
        let byte = dice.below(bytes);
        assert!(from.flip(&piece, byte, 3));
        let to = Memory::new(600);
        match copy(&from, &to) {
            Err(CopyError::Source(StoreError::Corrupt(_))) => {
                assert_eq!(to.record(&member("ann")), Ok(None), "{piece:?}");
            }
            // What is made anew for the target need not be read: tiles and the index.
            Ok(_) => {
                let report = check(&to, &params(), &mut |_| {}).expect("it is read");
                assert_eq!(report.problems, [], "{piece:?}");
                assert!(!matches!(piece, Piece::Batch { .. }), "{piece:?}");
            }
            Err(error) => panic!("{piece:?}: {error}"),
        }
        assert!(from.flip(&piece, byte, 3));
    }
    same(&from, &{
        let to = Memory::new(600);
        copy(&from, &to).expect("it is copied");
        to
    });
}
