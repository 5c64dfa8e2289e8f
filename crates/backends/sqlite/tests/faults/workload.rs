//! What the process under the shim does: it appends, seals, checkpoints, removes, restarts, makes backups, and
//! notes what it was told.

use std::error::Error;
use std::fs::{self, File};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use docket_backends_sqlite::{Options, Sqlite, backup};
use docket_engine::store::{Expect, Idempotency, RecordChange, RecordKey, Rider, Store};
use docket_engine::testing::random::Dice;
use docket_engine::{AppendError, Engine, Environment, Params, Request, Ticket};
use docket_event::{Event, Json, Timestamp};

use crate::shim;

pub(crate) const ORGS: [&str; 2] = ["acme", "bolt"];

/// Cuts must fall into each of these.
pub(crate) const PHASES: [&str; 8] = [
    "open",
    "append",
    "seal",
    "checkpoint",
    "merge",
    "remove",
    "close",
    "backup",
];

const PLAN: &str = "DOCKET_SHIM_PLAN";

/// Pages between checkpoints.
const CHECKPOINT_PAGES: u32 = 48;

/// Backups that a run makes at most: each one is looked at after each cut.
const BACKUPS_MAX: usize = 3;

/// Bytes of noise that an event carries at most.
const NOISE_BYTES_MAX: usize = 1_500;

/// How long another thread may take to start a process.
const LOCKED_TRIES: usize = 200;
const LOCKED_PAUSE: Duration = Duration::from_millis(5);

const START_MICROS: i64 = 1_700_000_000_000_000;

/// What to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub rounds: u64,
    /// Number of the first request.
    pub first: u64,
    pub faults: Faults,
}

/// Whether calls fail meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Faults {
    None,
    /// Syncs, writes and reads fail now and then.
    Some,
}

impl Plan {
    /// As a variable of the process under the shim.
    pub(crate) fn variable(self) -> (&'static str, String) {
        let faults = u64::from(self.faults == Faults::Some);
        (PLAN, format!("{} {} {faults}", self.rounds, self.first))
    }

    fn of(text: &str) -> Self {
        let numbers: Vec<u64> = text.split(' ').map(|word| word.parse().unwrap()).collect();
        Plan {
            rounds: numbers[0],
            first: numbers[1],
            faults: [Faults::None, Faults::Some][numbers[2] as usize],
        }
    }
}

/// Sizes that make everything happen within a few hundred events.
pub(crate) fn params() -> Params {
    Params {
        block_events: 64,
        merge_blocks: 2,
        frame_events: 4,
        tile_height: 2,
        term_bits: 16,
        page_bytes: 64,
        scanned_events: 0,
        cache_bytes: 10_000,
        retry_pause: Duration::from_millis(1),
        ..Params::default()
    }
}

/// Opens what there is, as every start does. A process that another thread is starting has the folder's lock,
/// too, until it is another program.
pub(crate) fn open(folder: &Path) -> Result<Engine, String> {
    let open = || open_store(folder).map(|(engine, _)| engine);
    for _ in 0..LOCKED_TRIES {
        match open() {
            Err(error) if error.contains("is in use") => thread::sleep(LOCKED_PAUSE),
            opened => return opened,
        }
    }
    open()
}

/// Opens what there is, and gives the store under the engine, too.
pub(crate) fn open_store(folder: &Path) -> Result<(Engine, Arc<Sqlite>), String> {
    let options = Options {
        checkpoint_pages: CHECKPOINT_PAGES,
        ..Options::default()
    };
    let store = Sqlite::open(folder, &options).map_err(|error| format!("open: {error}"))?;
    let store = Arc::new(store);
    let shared = Arc::clone(&store) as Arc<dyn Store>;
    let engine = Engine::open(shared, params(), Environment::system());
    let engine = engine.map_err(|error| format!("replay: {error}"))?;
    Ok((engine, store))
}

/// The request of a number: always the same one.
pub(crate) fn request(org: &str, number: u64) -> Request {
    let mut dice = Dice::new(number);
    let count = [1, 1, 2, 5, 17][dice.below(5)];
    let events = (0..count).map(|index| event(&mut dice, number, index));
    let mut rider = Rider::default();
    if number.is_multiple_of(3) {
        rider.records.push(RecordChange {
            key: record(org, number),
            expect: Expect::Absent,
            value: Some(number.to_be_bytes().to_vec()),
        });
    }
    if number.is_multiple_of(4) {
        rider.idempotency = Some(Idempotency {
            token: "token".to_owned(),
            key: number.to_string(),
            body_hash: [7; 32],
            at_micros: START_MICROS,
        });
    }
    Request {
        events: events.collect(),
        rider,
        ..Request::default()
    }
}

/// The record that rides with a request, if one does.
pub(crate) fn record(org: &str, number: u64) -> RecordKey {
    RecordKey {
        org: org.to_owned(),
        kind: "request".to_owned(),
        name: number.to_string(),
    }
}

fn event(dice: &mut Dice, number: u64, index: u64) -> Event {
    let noise: String = (0..dice.below(NOISE_BYTES_MAX) / 16)
        .map(|_| format!("{:016x}", dice.roll()))
        .collect();
    Event {
        event_type: ["login.failed", "project.created", "shop.opened"][dice.below(3)].to_owned(),
        occurred_at: Timestamp::from_micros(START_MICROS + (dice.roll() % 1_000_000_000) as i64),
        request_id: Some(format!("{number}/{index}")),
        data: Json::read(&format!(r#"{{"noise":"{noise}"}}"#)).ok(),
        ..Event::default()
    }
}

/// A run under way.
struct Run {
    engine: Engine,
    dice: Dice,
    next: u64,
    faults: Faults,
    /// A reader that keeps checkpoints from finishing. There is none while calls fail: reopening waits for it.
    reader: Option<Sqlite>,
    failing: bool,
    backups: usize,
}

#[test]
fn under_the_shim() {
    let Ok(plan) = std::env::var(PLAN) else {
        // This is the process of another test.
        return;
    };
    let plan = Plan::of(&plan);
    let folder = shim::watched().unwrap().join("data");
    shim::note("phase open");
    let mut run = Run {
        engine: open(&folder).unwrap(),
        dice: Dice::new(plan.first),
        next: plan.first,
        faults: plan.faults,
        reader: None,
        failing: false,
        backups: 0,
    };
    for org in ORGS {
        run.engine.create_log(org).unwrap();
        shim::note(&format!("log {org}"));
    }
    for _ in 0..plan.rounds {
        run.append();
        run.step(&folder);
    }
    run.restart(&folder);
    shim::note("phase close");
}

impl Run {
    /// Some requests at once, then their answers.
    fn append(&mut self) {
        shim::note("phase append");
        let mut tickets: Vec<(&str, u64, Ticket)> = Vec::new();
        for _ in 0..1 + self.dice.below(3) {
            let (org, number) = (ORGS[self.dice.below(2)], self.next);
            self.next += 1;
            shim::note(&format!("sent {org} {number}"));
            let log = self.engine.log(org).unwrap().unwrap();
            match log.append(request(org, number)) {
                Ok(ticket) => tickets.push((org, number, ticket)),
                Err(error) => self.refused(org, number, &error),
            }
        }
        for (org, number, ticket) in tickets {
            match ticket.wait() {
                Ok(answer) => {
                    let places = answer.positions.iter().zip(&answer.ids);
                    let places: Vec<String> = places
                        .map(|(position, id)| format!("{position} {id}"))
                        .collect();
                    shim::note(&format!("done {org} {number} {}", places.join(" ")));
                }
                Err(error) => self.refused(org, number, &error),
            }
        }
    }

    fn refused(&self, org: &str, number: u64, error: &AppendError) {
        assert_eq!(self.faults, Faults::Some, "{error}");
        match error {
            AppendError::Busy(_) | AppendError::Halted(_) => {
                shim::note(&format!("nothing {org} {number} {error}"));
            }
            AppendError::Unavailable(_) => shim::note(&format!("unclear {org} {number} {error}")),
            AppendError::Invalid(_) | AppendError::KeyReused | AppendError::Stale(_) => {
                panic!("request {number} of {org}: {error}")
            }
        }
    }

    /// What else happens to a store.
    fn step(&mut self, folder: &Path) {
        match self.dice.below(16) {
            0 => {
                shim::note("phase seal");
                let sealed = self.engine.seal_all();
                shim::note("phase merge");
                let merged = sealed.and_then(|()| self.engine.settle());
                assert!(merged.is_ok() || self.faults == Faults::Some, "{merged:?}");
            }
            1 => self.restart(folder),
            2..5 if !self.failing => {
                self.reader = match self.reader.take() {
                    None => Sqlite::open_snapshot(folder).ok(),
                    Some(_) => None,
                };
            }
            5..8 if self.faults == Faults::Some => self.fail(),
            8..10 => self.heal(),
            10 if self.backups < BACKUPS_MAX => self.back_up(folder),
            _ => {}
        }
        if self.faults == Faults::Some && self.engine.halted().is_some() {
            self.restart(folder);
        }
    }

    /// As `docket backup` does it: under another name until it is complete.
    fn back_up(&mut self, folder: &Path) {
        shim::note("phase backup");
        self.backups += 1;
        let root = shim::watched().unwrap();
        let name = format!("backup-{}", self.next);
        let (dest, part) = (root.join(&name), root.join(format!("{name}.part")));
        shim::note(&format!("copying {name}"));
        let sync = |folder: &Path| File::open(folder).and_then(|folder| folder.sync_all());
        let make = || -> Result<(), Box<dyn Error>> {
            fs::create_dir(&part)?;
            backup(folder, &part, &mut |_| ControlFlow::Continue(()))?;
            sync(&part)?;
            fs::rename(&part, &dest)?;
            Ok(sync(&root)?)
        };
        match make() {
            Ok(()) => shim::note(&format!("copied {name}")),
            Err(error) => assert_eq!(self.faults, Faults::Some, "{error}"),
        }
    }

    /// The next calls of some kind fail.
    fn fail(&mut self) {
        // It has kept checkpoints from finishing; now one may, or fail to.
        self.reader = None;
        self.failing = true;
        let call = ["sync", "sync", "sync", "write", "read"][self.dice.below(5)];
        let file = ["-wal", "docket.db", "docket.db", "-shm", "*"][self.dice.below(5)];
        let error = [5, 5, 28][self.dice.below(3)];
        let pass = [0, 0, 1, 3][self.dice.below(4)];
        let fail = [1, 1, 2, 9, -1][self.dice.below(5)];
        shim::rules(&[&format!("{call} {file} {error} {pass} {fail}")]);
    }

    fn heal(&mut self) {
        self.failing = false;
        shim::rules(&[]);
    }

    fn restart(&mut self, folder: &Path) {
        shim::note("phase close");
        self.reader = None;
        self.engine.close();
        let store = Arc::downgrade(self.engine.store());
        self.engine = {
            self.heal();
            // The folder is this engine's until it is dropped.
            let closed = std::mem::replace(&mut self.engine, idle());
            drop(closed);
            assert!(store.upgrade().is_none(), "the store is closed");
            shim::note("phase open");
            open(folder).unwrap()
        };
    }
}

/// An engine over nothing, to hold the place of one that is being closed.
fn idle() -> Engine {
    let memory = docket_engine::testing::memory::Memory::new(500);
    Engine::open(Arc::new(memory), params(), Environment::system()).unwrap()
}
