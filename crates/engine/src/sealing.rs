//! The sealer: one thread that seals tails as they fill, and the queue in front of it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::engine::Inner;
use crate::state::LogState;
use crate::store::StoreError;

/// Full tails that may wait; beyond them the writer waits, or, when sealing is stuck, callers get Busy.
const TAILS_WAITING_MAX: usize = 4;

/// What waits for the sealer.
#[derive(Debug, Default)]
pub struct Sealing {
    queue: Mutex<Queue>,
    /// Something was queued, or it is time to end.
    wake: Condvar,
    /// A tail was sealed, or sealing is stuck.
    moved: Condvar,
    /// Held while a log is sealed and while logs are replayed.
    work: Mutex<()>,
}

#[derive(Debug, Default)]
struct Queue {
    logs: VecDeque<Arc<LogState>>,
    /// The log that is being sealed.
    current: Option<Arc<LogState>>,
    stuck: Option<String>,
    closing: bool,
}

impl Queue {
    /// How many full tails wait. Counted anew each time, as tails are sealed in other ways, too.
    fn tails(&self) -> usize {
        let logs = self.logs.iter().chain(&self.current);
        logs.map(|log| log.full_tails()).sum()
    }
}

impl Sealing {
    /// Held by whoever changes which tails and blocks a log has.
    pub fn work(&self) -> MutexGuard<'_, ()> {
        self.work.lock()
    }

    /// Asks for a log's full tails to be sealed.
    pub fn push(&self, log: &Arc<LogState>) {
        let mut queue = self.queue.lock();
        if !queue.logs.iter().any(|known| known.id == log.id) {
            queue.logs.push_back(Arc::clone(log));
        }
        self.wake.notify_one();
    }

    /// Waits while the sealer is behind, so that memory stays bounded; not when it is stuck.
    pub fn wait_for_room(&self) {
        let mut queue = self.queue.lock();
        while queue.tails() > TAILS_WAITING_MAX && queue.stuck.is_none() && !queue.closing {
            self.moved.wait(&mut queue);
        }
    }

    /// Why nothing can be taken in: sealing is stuck, and as many tails wait as memory allows.
    pub fn refuses(&self) -> Option<String> {
        let queue = self.queue.lock();
        let reason = queue.stuck.clone()?;
        (queue.tails() > TAILS_WAITING_MAX).then_some(reason)
    }

    /// Forgets what waits: logs are replayed, and their full tails come anew.
    pub fn reset(&self) {
        let mut queue = self.queue.lock();
        queue.logs.clear();
        queue.stuck = None;
        self.moved.notify_all();
    }

    /// Lets the sealer end when nothing waits any more, and nobody wait for it.
    pub fn close(&self) {
        self.queue.lock().closing = true;
        self.wake.notify_all();
        self.moved.notify_all();
    }

    /// The next log; `None` when nothing waits and it is time to end.
    fn next(&self) -> Option<Arc<LogState>> {
        let mut queue = self.queue.lock();
        loop {
            match queue.logs.pop_front() {
                Some(log) => {
                    queue.current = Some(Arc::clone(&log));
                    return Some(log);
                }
                None if queue.closing => return None,
                None => self.wake.wait(&mut queue),
            }
        }
    }

    fn sealed(&self) {
        let mut queue = self.queue.lock();
        queue.current = None;
        queue.stuck = None;
        self.moved.notify_all();
    }

    /// Notes that sealing does not go on until the logs are replayed.
    fn fail(&self, reason: &str) {
        let mut queue = self.queue.lock();
        queue.current = None;
        queue.stuck = Some(reason.to_owned());
        self.moved.notify_all();
    }

    /// Notes that there is no room, puts the log back, and rests; `false` when it is time to end.
    fn rest(&self, log: &Arc<LogState>, reason: String, pause: Duration) -> bool {
        let mut queue = self.queue.lock();
        queue.current = None;
        queue.stuck = Some(reason);
        self.moved.notify_all();
        if !queue.logs.iter().any(|known| known.id == log.id) {
            queue.logs.push_front(Arc::clone(log));
        }
        if !queue.closing {
            self.wake.wait_for(&mut queue, pause);
        }
        !queue.closing
    }
}

/// Seals until it is told to end.
pub fn run(inner: &Inner) {
    while let Some(log) = inner.sealing.next() {
        let work = inner.sealing.work();
        let sealed = if inner.halted().is_some() {
            Ok(())
        } else {
            inner.seal_full_tails(&log)
        };
        drop(work);
        match sealed {
            Ok(()) => inner.sealing.sealed(),
            Err(StoreError::Busy(reason)) => {
                tracing::warn!(reason, "sealing waits");
                if !inner.sealing.rest(&log, reason, inner.params.retry_pause) {
                    return;
                }
            }
            Err(StoreError::Unavailable(reason)) => {
                // The writer may be waiting for room; it has to hear that there is something else to do.
                inner.sealing.fail(&reason);
                inner.ask_to_recover(reason);
            }
            Err(StoreError::Corrupt(problem)) => {
                inner.halt(&problem.to_string());
            }
        }
    }
}
