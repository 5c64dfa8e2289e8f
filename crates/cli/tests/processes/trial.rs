//! What the threads of one trial share: organizations, what was acknowledged, what happened.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

use crate::ledger::Ledger;
use crate::servers::Servers;

pub const PROCESSES: usize = 4;
const ORGS: usize = 20;
/// Pause between two looks at whether something has happened.
const LOOK: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub struct Trial {
    pub seed: u64,
    pub ports: Vec<u16>,
    pub orgs: Vec<Org>,
    pub counts: Counts,
    wanted: u64,
    claimed: AtomicU64,
    beyond: AtomicBool,
    failed: AtomicBool,
    ended: AtomicBool,
    begun: Instant,
    written: OnceLock<Duration>,
    promoted: OnceLock<Instant>,
    /// When each process acknowledged something first after the promotion.
    resumed: Vec<OnceLock<Duration>>,
}

#[derive(Debug)]
pub struct Org {
    pub token: String,
    ledger: Mutex<Ledger>,
}

/// What happened how often.
#[derive(Debug, Default)]
pub struct Counts {
    pub batches: AtomicU64,
    pub reads: AtomicU64,
    pub walks: AtomicU64,
    pub pages: AtomicU64,
    pub lost: AtomicU64,
    pub busy: AtomicU64,
    pub hung_up: AtomicU64,
    pub kills: AtomicU64,
    pub cuts: AtomicU64,
}

impl Org {
    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap()
    }
}

impl Trial {
    /// Makes the organizations beside the running servers, which know them at once.
    pub fn new(seed: u64, wanted: u64, servers: &Servers) -> Self {
        let org = |number| Org {
            token: servers.init(&format!("org-{number}")),
            ledger: Mutex::default(),
        };
        Trial {
            seed,
            ports: servers.ports(),
            orgs: (0..ORGS).map(org).collect(),
            counts: Counts::default(),
            wanted,
            claimed: AtomicU64::new(0),
            beyond: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            begun: now(),
            written: OnceLock::new(),
            promoted: OnceLock::new(),
            resumed: (0..PROCESSES).map(|_| OnceLock::new()).collect(),
        }
    }

    /// The number of the first of so many events that are to be written; `None` when there are enough.
    pub fn claim(&self, count: u64) -> Option<u64> {
        if self.has_failed() {
            return None;
        }
        let first = self.claimed.fetch_add(count, Ordering::Relaxed);
        (first < self.wanted || self.beyond.load(Ordering::Relaxed)).then_some(first)
    }

    /// Has writers go on until [`Trial::wait_resumed`], however much that is.
    pub fn go_on_beyond(&self) {
        self.beyond.store(true, Ordering::Relaxed);
    }

    /// Waits until a part of what is wanted is on its way.
    pub fn wait_written(&self, part: u64) {
        while self.claimed.load(Ordering::Relaxed) < self.wanted / part && !self.has_failed() {
            std::thread::sleep(LOOK);
        }
    }

    pub fn acknowledged(&self, process: usize) {
        self.counts.batches.fetch_add(1, Ordering::Relaxed);
        if let Some(promoted) = self.promoted.get() {
            self.resumed[process].get_or_init(|| promoted.elapsed());
        }
    }

    /// From now on, writers are expected to succeed.
    pub fn promoted(&self) {
        self.promoted.set(now()).unwrap();
    }

    /// Waits until every process has acknowledged something since the promotion, which must not take too long.
    pub fn wait_resumed(&self, longest: Duration) {
        let promoted = self.promoted.get().unwrap();
        while self.resumed.iter().any(|resumed| resumed.get().is_none()) && !self.has_failed() {
            assert!(
                promoted.elapsed() < longest,
                "not all write again: {:?}",
                self.resumed
            );
            std::thread::sleep(LOOK);
        }
        self.beyond.store(false, Ordering::Relaxed);
    }

    /// Everything is written.
    pub fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
        self.written.set(self.begun.elapsed()).unwrap();
    }

    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed) || self.has_failed()
    }

    pub fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// Runs a thread's part; when it panics, the others end, too.
    pub fn guarded(&self, part: impl FnOnce()) {
        struct Alarm<'t>(&'t AtomicBool);
        impl Drop for Alarm<'_> {
            fn drop(&mut self) {
                if std::thread::panicking() {
                    self.0.store(true, Ordering::Relaxed);
                }
            }
        }
        let _alarm = Alarm(&self.failed);
        part();
    }

    pub fn troubles(&self) -> u64 {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        of(&self.counts.kills) + of(&self.counts.cuts)
    }
}

impl fmt::Display for Trial {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let events: u64 = self.orgs.iter().map(|org| org.ledger().count()).sum();
        let seconds = self.written.get().unwrap_or(&Duration::ZERO).as_secs_f64();
        let rate = events as f64 / seconds;
        writeln!(
            to,
            "{events} events in {seconds:.1} s, {rate:.0} events/s, by {PROCESSES} processes"
        )?;
        writeln!(to, "{:?}", self.counts)?;
        match self.promoted.get() {
            Some(_) => writeln!(to, "wrote again after the promotion: {:?}", self.resumed),
            None => Ok(()),
        }
    }
}

/// A number that the environment may set.
pub fn wish(name: &str, otherwise: u64) -> u64 {
    let wish = std::env::var(name).ok();
    wish.map_or(otherwise, |text| text.parse().unwrap())
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a failover takes is a promise"
)]
pub fn now() -> Instant {
    Instant::now()
}
