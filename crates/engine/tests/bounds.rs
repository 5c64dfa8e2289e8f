//! What keeps unsealed events and small blocks few.

use std::sync::Arc;
use std::time::Duration;

use docket_engine::store::Store;
use docket_engine::testing::memory::Memory;
use docket_engine::testing::random::{TestClock, TestRandom};
use docket_engine::{Engine, Environment, Log, Params, Request};
use docket_event::{Event, Query};

const MINUTE_MICROS: i64 = 60_000_000;

struct World {
    engine: Engine,
    store: Arc<Memory>,
    clock: Arc<TestClock>,
}

fn world(params: Params) -> World {
    let store = Arc::new(Memory::new(1_000));
    let clock = Arc::new(TestClock::at(1_700_000_000_000_000));
    let environment = Environment {
        clock: Arc::clone(&clock) as Arc<_>,
        random: Arc::new(TestRandom::default()),
    };
    let engine = Engine::open(Arc::clone(&store) as Arc<dyn Store>, params, environment);
    World {
        engine: engine.expect("an empty store opens"),
        store,
        clock,
    }
}

impl World {
    fn log(&self, org: &str) -> Log {
        self.engine.create_log(org).expect("a log is made")
    }

    /// Of each log, how many events are sealed. The writer looks for old tails behind each group, so what a request
    /// has made due is frozen when the next one is answered.
    fn sealed(&self) -> Vec<u64> {
        self.engine.settle().expect("nothing is stuck");
        let logs = self.store.logs().expect("the store reads");
        logs.iter().map(|log| log.sealed).collect()
    }
}

fn append(log: &Log, count: usize) {
    let event = Event {
        event_type: "shop.opened".to_owned(),
        ..Event::default()
    };
    let ticket = log.append(Request {
        events: vec![event; count],
        ..Request::default()
    });
    ticket
        .and_then(docket_engine::Ticket::wait)
        .expect("it is written");
}

#[test]
fn no_tail_waits_longer_than_ten_minutes() {
    let world = world(Params::default());
    let (quiet, busy) = (world.log("quiet"), world.log("busy"));
    append(&quiet, 1);
    world.clock.move_by(10 * MINUTE_MICROS - 1);
    append(&busy, 1);
    append(&busy, 1);
    assert_eq!(world.sealed(), [0, 0]);
    world.clock.move_by(1);
    append(&busy, 1);
    append(&busy, 1);
    assert_eq!(world.sealed(), [1, 0]);
}

#[test]
fn a_small_log_does_not_keep_its_rows_while_others_grow() {
    let world = world(Params {
        younger_bytes: 10_000,
        ..Params::default()
    });
    let (quiet, busy) = (world.log("quiet"), world.log("busy"));
    append(&quiet, 1);
    for _ in 0..10 {
        append(&busy, 10);
    }
    assert_eq!(world.sealed(), [0, 0]);
    for _ in 0..100 {
        append(&busy, 10);
    }
    assert_eq!(world.sealed().first(), Some(&1));
}

#[test]
fn all_tails_together_stay_within_their_bytes() {
    let world = world(Params {
        tail_bytes_max: 100_000,
        batch_age: Duration::from_secs(86_400),
        ..Params::default()
    });
    let logs: Vec<Log> = (0..400)
        .map(|number| world.log(&format!("org-{number}")))
        .collect();
    for log in &logs {
        append(log, 2);
    }
    // Half of the bytes are for tails that take new events, and such an event takes 90 of them at least.
    let waiting: u64 = 800 - world.sealed().iter().sum::<u64>();
    assert!((1..556).contains(&waiting), "{waiting} events wait");
    let found = logs.iter().map(|log| {
        let page = log.query(&Query {
            limit: 10,
            ..Query::default()
        });
        page.expect("the store reads").events.len()
    });
    assert_eq!(found.sum::<usize>(), 800);
}

#[test]
fn eight_small_blocks_become_one() {
    let world = world(Params::default());
    let log = world.log("acme");
    for round in 1..=64 {
        append(&log, 3);
        world.engine.seal_all().expect("the store writes");
        assert_eq!(world.sealed(), [3 * round]);
    }
    let row = world.store.logs().expect("the store reads").remove(0);
    let blocks = world.store.blocks(row.id).expect("the store reads");
    let counts: Vec<u32> = blocks.iter().map(|block| block.count).collect();
    assert!(counts.len() <= 15, "{counts:?}");
    assert_eq!(counts.iter().sum::<u32>(), 192);
    let page = log.query(&Query {
        limit: 1_000,
        ..Query::default()
    });
    assert_eq!(page.expect("the store reads").events.len(), 192);
}
