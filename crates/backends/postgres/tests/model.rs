//! The engine's random sequences over PostgreSQL, against a list.

#![expect(clippy::unwrap_used, reason = "a test that fails panics")]

use std::sync::Arc;

use docket_backends_postgres::{Options, Postgres};
use docket_engine::store::Store;
use docket_engine::testing::model::{Coverage, Subject, run, tiny};
use docket_engine::testing::random::Dice;
use docket_testkit::postgres::Cluster;

/// How many sequences a run has; a twentieth of what `DOCKET_SEQUENCES` says, if it says anything.
const SEQUENCES: u64 = 60;

struct InDatabase {
    url: String,
    /// Engines that have it open at a time, as processes do.
    processes: usize,
}

impl Subject for InDatabase {
    fn open(&mut self) -> Arc<dyn Store> {
        Arc::new(Postgres::open(&self.url, &Options::default()).unwrap())
    }

    fn arm(&mut self, _: &mut Dice) {}

    fn disarm(&mut self) {}

    fn recorded_by_our_clock(&self) -> bool {
        false
    }

    fn processes(&self) -> usize {
        self.processes
    }
}

#[test]
fn the_engine_over_postgres_is_a_list() {
    let wish = std::env::var("DOCKET_SEQUENCES")
        .ok()
        .and_then(|text| text.parse::<u64>().ok());
    let sequences = wish.map_or(SEQUENCES, |wish| (wish / 20).max(1));
    let first = std::env::var("DOCKET_SEED")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1);
    println!("seeds {first} to {}", first + sequences - 1);
    let cluster = Cluster::shared();
    let mut coverage = Coverage::default();
    for seed in first..first + sequences {
        let mut subject = InDatabase {
            url: cluster.create_database(),
            processes: if seed % 2 == 0 { 1 } else { 3 },
        };
        coverage.add(&run(&mut subject, seed, &tiny));
    }
    println!("{coverage:?}");
    assert!(
        coverage.complete() || sequences < 50,
        "not everything happened: {coverage:?}"
    );
}
