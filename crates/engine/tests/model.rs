//! Random sequences over the memory store, with faults, against a list.

use std::sync::Arc;
use std::time::Duration;

use docket_engine::Params;
use docket_engine::store::Store;
use docket_engine::testing::memory::{Memory, ReadFault, WriteFault};
use docket_engine::testing::model::{Coverage, Subject, run, tiny};
use docket_engine::testing::random::Dice;

/// How many sequences a run has, unless `DOCKET_SEQUENCES` says otherwise.
const SEQUENCES: u64 = 2_000;

struct InMemory {
    memory: Memory,
    faults: bool,
}

impl Subject for InMemory {
    fn open(&mut self) -> Arc<dyn Store> {
        self.memory.revive();
        Arc::new(self.memory.clone())
    }

    fn arm(&mut self, dice: &mut Dice) {
        if !self.faults {
            return;
        }
        let nth = dice.below(6) as u64;
        let fault = match dice.below(7) {
            0 => WriteFault::Busy,
            1 => WriteFault::Unavailable,
            2 | 3 => WriteFault::Lost,
            4 => WriteFault::DieBefore,
            5 => WriteFault::DieAfter,
            _ => return self.memory.fail_read(nth, ReadFault::Unavailable),
        };
        self.memory.fail_write(nth, fault);
    }

    fn disarm(&mut self) {
        self.memory.revive();
    }
}

/// A store that three engines have open at a time.
struct Shared(Memory);

impl Subject for Shared {
    fn open(&mut self) -> Arc<dyn Store> {
        Arc::new(self.0.clone())
    }

    fn arm(&mut self, dice: &mut Dice) {
        let fault = match dice.below(4) {
            0 => WriteFault::Busy,
            1 => WriteFault::Unavailable,
            _ => WriteFault::Lost,
        };
        self.0.fail_write(dice.below(6) as u64, fault);
    }

    fn disarm(&mut self) {
        self.0.forget_faults();
    }

    fn processes(&self) -> usize {
        3
    }
}

/// The sizes that servers have, for a tenth of the sequences.
fn usual(_: &mut Dice) -> Params {
    Params {
        retry_pause: Duration::from_micros(100),
        ..Params::default()
    }
}

#[test]
fn the_engine_is_a_list() {
    check(SEQUENCES, |seed| {
        let mut subject = InMemory {
            memory: Memory::new(500),
            faults: seed % 2 == 0,
        };
        let params = if seed.is_multiple_of(10) { usual } else { tiny };
        run(&mut subject, seed, &params)
    });
}

#[test]
fn several_engines_are_one_list() {
    check(SEQUENCES / 4, |seed| {
        run(&mut Shared(Memory::shared(500)), seed, &tiny)
    });
}

fn check(sequences: u64, sequence: impl Fn(u64) -> Coverage) {
    let wish = std::env::var("DOCKET_SEQUENCES")
        .ok()
        .and_then(|text| text.parse::<u64>().ok());
    let sequences = wish.map_or(sequences, |wish| wish * sequences / SEQUENCES);
    let first = std::env::var("DOCKET_SEED")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1);
    println!("seeds {first} to {}", first + sequences - 1);
    let mut coverage = Coverage::default();
    for seed in first..first + sequences {
        coverage.add(&sequence(seed));
    }
    println!("{coverage:?}");
    assert!(
        coverage.complete() || sequences < 50,
        "not everything happened: {coverage:?}"
    );
    assert!(
        coverage.failures > 0 || sequences < 50,
        "no fault struck: {coverage:?}"
    );
}
