//! The engine against a list: random requests, seals, restarts, faults and questions must behave like
//! [`docket_event::Filter::matches`] over a `Vec`.

#![expect(clippy::panic, reason = "a test that fails panics")]

mod counts;
mod coverage;
mod events;
mod oracle;
mod prunes;
mod questions;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use docket_event::{Event, Field, Query, Recorded, each_value};

use crate::block::{BlockReader, Dir, is_hashes};
use crate::environment::{Clock, Environment};
use crate::params::Params;
use crate::request::{AppendError, Appended, Request};
use crate::store::Store;
use crate::terms::{Terms, hashed};
use crate::{Engine, Log, check};

use super::random::{Dice, TestClock, TestRandom};
pub use coverage::Coverage;
use oracle::Oracle;
use prunes::Gone;

/// A store that can be opened again, and can be told to fail.
pub trait Subject {
    /// Opens what there is, as a process does that starts.
    fn open(&mut self) -> Arc<dyn Store>;
    /// Arms a fault for one of the next calls, if the subject can.
    fn arm(&mut self, dice: &mut Dice);
    /// Takes all faults back.
    fn disarm(&mut self);
    /// Whether events are recorded by the engine's clock; if not, the list believes the store.
    fn recorded_by_our_clock(&self) -> bool {
        true
    }
    /// How many engines have it open at a time, as if each were a process.
    fn processes(&self) -> usize {
        1
    }
}

/// Sizes that make everything happen within a few hundred events.
pub fn tiny(dice: &mut Dice) -> Params {
    Params {
        block_events: [64, 64, 40, 16].get(dice.below(4)).copied().unwrap_or(64),
        frame_events: [4, 3, 16].get(dice.below(3)).copied().unwrap_or(4),
        tile_height: 2,
        // Sometimes tails are sealed because they are old, or small while others grow, or all take too much.
        batch_age: Duration::from_secs([1, 600].get(dice.below(2)).copied().unwrap_or(1)),
        younger_bytes: [2_000, 1 << 20]
            .get(dice.below(2))
            .copied()
            .unwrap_or(2_000),
        tail_bytes_max: [40_000, 1 << 20]
            .get(dice.below(2))
            .copied()
            .unwrap_or(1 << 20),
        merge_blocks: [2, 3, 8].get(dice.below(3)).copied().unwrap_or(2),
        term_bits: [6, 6, 48].get(dice.below(3)).copied().unwrap_or(6),
        page_bytes: 64,
        scanned_events: [0, 10, 256].get(dice.below(3)).copied().unwrap_or(0),
        cache_bytes: [0, 10_000, 1 << 20]
            .get(dice.below(3))
            .copied()
            .unwrap_or(0),
        retry_pause: Duration::from_micros(100),
        ..Params::default()
    }
}

const ORGS: [&str; 3] = ["acme", "bolt", "core"];

/// One sequence under way.
struct Run<'r> {
    subject: &'r mut dyn Subject,
    params: Params,
    environment: Environment,
    clock: Arc<TestClock>,
    engines: Vec<Engine>,
    /// Which of them does what comes next.
    turn: usize,
    oracles: BTreeMap<&'static str, Oracle>,
    /// What is known of events that were pruned.
    gone: Vec<Gone>,
    dice: Dice,
    coverage: Coverage,
    seed: u64,
}

/// Runs the sequence of a seed; panics where the engine differs from the list.
pub fn run(subject: &mut dyn Subject, seed: u64, params: &dyn Fn(&mut Dice) -> Params) -> Coverage {
    let mut dice = Dice::new(seed);
    let clock = Arc::new(TestClock::at(1_700_000_000_000_000));
    let environment = Environment {
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        random: Arc::new(TestRandom::default()),
    };
    let params = params(&mut dice);
    let mut run = Run {
        subject,
        params,
        environment,
        clock,
        engines: Vec::new(),
        turn: 0,
        oracles: ORGS.iter().map(|org| (*org, Oracle::default())).collect(),
        gone: Vec::new(),
        dice,
        coverage: Coverage::default(),
        seed,
    };
    run.start();
    let steps = 20 + run.dice.below(30);
    for _ in 0..steps {
        run.step();
    }
    run.finish()
}

impl Run<'_> {
    fn step(&mut self) {
        let jump = [0, 1, 7, 1_000_000, -5_000_000]
            .get(self.dice.below(5))
            .copied()
            .unwrap_or(0);
        self.clock.move_by(jump);
        self.take_turns();
        match self.dice.below(13) {
            12 => self.prune(),
            0 => self.restart(),
            1 => {
                let sealed = self.engine().seal_all();
                self.coverage.failures += u64::from(sealed.is_err());
            }
            2 => self.subject.arm(&mut self.dice),
            3..7 => self.append(),
            _ => self.ask(),
        }
    }

    fn engine(&self) -> Engine {
        let engine = self.engines.get(self.turn).cloned();
        engine.expect("a run begins with a start")
    }

    fn log(&self, org: &str) -> Log {
        let log = self.engine().log(org);
        let log = log.unwrap_or_else(|error| panic!("seed {}: {error}", self.seed));
        log.expect("every log was made")
    }

    /// Whoever comes next does what comes next.
    fn take_turns(&mut self) {
        self.turn = self.dice.below(self.engines.len().max(1));
    }

    fn start(&mut self) {
        for _ in 0..self.subject.processes() {
            let engine = self.opened();
            self.engines.push(engine);
        }
    }

    /// Whose turn it is starts anew.
    fn restart(&mut self) {
        let engine = self.engines.remove(self.turn);
        engine.close();
        drop(engine);
        self.coverage.restarts += 1;
        let opened = self.opened();
        self.engines.insert(self.turn, opened);
    }

    fn opened(&mut self) -> Engine {
        self.subject.disarm();
        let store = self.subject.open();
        let engine = Engine::open(store, self.params, self.environment.clone());
        let engine = engine.unwrap_or_else(|error| panic!("seed {}: open: {error}", self.seed));
        for org in ORGS {
            engine
                .create_log(org)
                .unwrap_or_else(|error| panic!("seed {}: {error}", self.seed));
        }
        engine
    }

    /// Some requests at once, then their answers.
    fn append(&mut self) {
        let engine = self.engine();
        let requests = 1 + self.dice.below(4);
        let mut tickets = Vec::new();
        for _ in 0..requests {
            let org = self.dice.pick(&ORGS).copied().unwrap_or("acme");
            let log = self.log(org);
            let count = [1, 2, 5, 30, 90]
                .get(self.dice.below(5))
                .copied()
                .unwrap_or(1);
            let now = self.clock.now_micros();
            let known = self
                .oracles
                .get(org)
                .map_or(&[][..], |oracle| &oracle.events);
            let events = events::batch(&mut self.dice, now, known, count);
            let request = Request {
                events: events.clone(),
                ..Request::default()
            };
            match log.append(request) {
                Ok(ticket) => tickets.push((org, events, ticket)),
                Err(error) => self.refused(&error),
            }
        }
        let tickets = tickets.into_iter();
        let answered = tickets.map(|(org, events, ticket)| (org, events, ticket.wait()));
        let answered: Vec<_> = answered.collect();
        let unclear = |outcome: &Result<Appended, AppendError>| {
            matches!(outcome, Err(AppendError::Unavailable(_)))
        };
        if answered.iter().any(|(_, _, outcome)| unclear(outcome)) {
            self.restart();
        }
        // In the order of the log: what nobody knows of may stand in front of what was acknowledged.
        for (org, events, outcome) in answered {
            match outcome {
                Ok(answer) => self.accept(org, events, &answer),
                Err(AppendError::Unavailable(_)) => self.settle(org, events),
                Err(error) => self.refused(&error),
            }
        }
        if engine.halted().is_some() {
            self.restart();
        }
    }

    fn refused(&mut self, error: &AppendError) {
        self.coverage.failures += 1;
        assert!(
            !matches!(error, AppendError::Stale(_) | AppendError::KeyReused),
            "seed {}: {error}",
            self.seed
        );
    }

    fn accept(&mut self, org: &'static str, events: Vec<Event>, answer: &Appended) {
        let log = self.log(org);
        let key = *log.id_key();
        let mut now = self.clock.now_micros();
        if !self.subject.recorded_by_our_clock() {
            let newest = answer.positions.iter().max();
            let found = newest.and_then(|newest| log.get(*newest).expect("the store reads"));
            now = found.map_or(now, |found| found.recorded_micros);
        }
        let oracle = self.oracles.entry(org).or_default();
        let duplicates = oracle.accept(events, answer, now, &key);
        assert_eq!(
            duplicates, answer.duplicates,
            "seed {}: duplicates",
            self.seed
        );
        self.coverage.duplicates += duplicates;
    }

    /// A request whose fate nobody knows: all of it is there, or nothing.
    fn settle(&mut self, org: &'static str, events: Vec<Event>) {
        self.coverage.failures += 1;
        let log = self.log(org);
        let oracle = self.oracles.entry(org).or_default();
        let known = oracle.size();
        let answer = oracle.as_if_new(&events, known);
        let at = |position: &u64| log.get(*position).ok().flatten();
        let found: Vec<Recorded> = answer.positions.iter().filter_map(at).collect();
        // Other requests of unknown fate may stand where these events would: what is there must be these.
        if !found.iter().map(|found| &found.event).eq(&events) {
            return;
        }
        let ids = found.iter().map(|found| found.id).collect();
        self.accept(org, events, &Appended { ids, ..answer });
    }

    fn ask(&mut self) {
        for _ in 0..6 {
            self.take_turns();
            let org = self.dice.pick(&ORGS).copied().unwrap_or("acme");
            let Some(oracle) = self.oracles.get(org) else {
                continue;
            };
            let question = questions::question(&mut self.dice, &oracle.events);
            let log = self.log(org);
            match log.query(&question) {
                Ok(page) => {
                    let expected = oracle.page(&question);
                    self.compare(&question, &page.events, &expected.events);
                    assert_eq!(
                        page.has_more, expected.has_more,
                        "seed {}: {question:?}",
                        self.seed
                    );
                    self.coverage.questions += 1;
                    let some = !page.events.is_empty() && page.events.len() < oracle.events.len();
                    self.coverage.searches += u64::from(some && questions::searches(&question));
                    if self.dice.once_in(3) {
                        self.count(&log, &question, org);
                    }
                }
                Err(error) => {
                    self.coverage.failures += 1;
                    self.subject.disarm();
                    let again = log.query(&question);
                    assert!(again.is_ok(), "seed {}: {error}, then {again:?}", self.seed);
                }
            }
        }
    }

    fn compare(&self, question: &Query, found: &[Recorded], expected: &[Recorded]) {
        let places = |events: &[Recorded]| {
            events
                .iter()
                .map(|event| event.position)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            places(found),
            places(expected),
            "seed {}: {question:?}",
            self.seed
        );
        assert_eq!(found, expected, "seed {}: {question:?}", self.seed);
    }

    /// Everything is there, in order, and the store has nothing to complain of.
    fn finish(mut self) -> Coverage {
        self.engines.iter().for_each(Engine::close);
        self.engines.truncate(1);
        self.turn = 0;
        self.restart();
        for (org, oracle) in &self.oracles {
            let log = self.log(org);
            // Whoever has read knows how much there is.
            log.get(0).expect("the store reads");
            assert_eq!(
                log.size(),
                oracle.size(),
                "seed {}: size of {org}",
                self.seed
            );
            for event in &oracle.events {
                let found = log.by_id(event.id).expect("the store reads");
                assert_eq!(found.as_ref(), Some(event), "seed {}: by id", self.seed);
            }
        }
        self.look_for_gone();
        let engine = self.engine();
        engine
            .seal_all()
            .unwrap_or_else(|error| panic!("seed {}: {error}", self.seed));
        // A check looks at one state of a store: no blocks may be merged under it.
        engine
            .settle()
            .unwrap_or_else(|error| panic!("seed {}: {error}", self.seed));
        let report = check(&**engine.store(), &self.params, &mut |_| {});
        let report = report.unwrap_or_else(|error| panic!("seed {}: {error}", self.seed));
        assert!(
            report.problems.is_empty(),
            "seed {}: {:?}",
            self.seed,
            report.problems
        );
        self.look_at_blocks(&engine);
        self.count_collisions(&engine);
        engine.close();
        self.coverage
    }

    fn look_at_blocks(&mut self, engine: &Engine) {
        let store = engine.store();
        for log in store.logs().expect("the store reads") {
            let blocks = store.blocks(log.id).expect("the store reads");
            self.coverage.seals += blocks.len() as u64;
            // A block that others were merged into has a higher number than those behind it.
            let merged = blocks.windows(2).filter(|pair| match pair {
                [one, next] => one.id > next.id,
                _ => false,
            });
            self.coverage.merges += merged.count() as u64;
            let overlaps = blocks.windows(2).filter(|pair| match pair {
                [one, next] => one.max_micros > next.min_micros,
                _ => false,
            });
            self.coverage.overlaps += overlaps.count() as u64;
            for row in blocks.iter().filter(|row| !is_hashes(row)) {
                let cache = crate::cache::Cache::new(0);
                let key = docket_event::IdKey(log.id_key);
                let reader = BlockReader {
                    row,
                    store: &**store,
                    cache: &cache,
                    key: &key,
                };
                let dir: Arc<Dir> = reader.dir().expect("the store reads");
                self.coverage.perms += u64::from(dir.perm.len() > 1);
            }
        }
    }

    fn count_collisions(&mut self, engine: &Engine) {
        let terms = Terms::new(&engine.store().identity().term_key, self.params.term_bits);
        let mut values: HashMap<u64, (Field, String)> = HashMap::new();
        for event in self.oracles.values().flat_map(|oracle| &oracle.events) {
            for field in Field::ALL.into_iter().filter(|field| hashed(*field)) {
                each_value(&event.event, field, |value| {
                    let known = values
                        .entry(terms.of(field, value))
                        .or_insert((field, value.to_owned()));
                    self.coverage.collisions += u64::from(*known != (field, value.to_owned()));
                });
            }
        }
    }
}
