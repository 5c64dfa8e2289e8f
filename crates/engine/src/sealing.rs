//! The sealer: one thread that seals frozen tails and merges small blocks, and the queue in front of it.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::engine::Inner;
use crate::seal::{Frozen, take_together};
use crate::state::LogState;
use crate::store::{Alone, Claim, LogId, StoreError};
use crate::tail::Tail;

/// Logs whose blocks are merged in one commit, at most.
const MERGES_TOGETHER: usize = 32;
/// Logs of more events are merged in a commit of their own.
const SMALL_MERGE_EVENTS: u64 = 4_096;

/// Tails of about so many bytes are sealed in one commit.
const TOGETHER_BYTES: usize = 1 << 20;

/// What waits for the sealer.
#[derive(Debug, Default)]
pub struct Sealing {
    queue: Mutex<Queue>,
    /// Something was queued, or it is time to end.
    wake: Condvar,
    /// Something was done, or sealing is stuck.
    moved: Condvar,
    /// Held while blocks are made and while logs are replayed.
    work: Mutex<()>,
}

#[derive(Debug, Default)]
struct Queue {
    tails: VecDeque<Frozen>,
    /// Logs that may have blocks to merge, each once.
    merges: VecDeque<Arc<LogState>>,
    merge_ids: HashSet<LogId>,
    /// Bytes of the tails that wait or are being sealed.
    bytes: usize,
    /// Tails that are being sealed, or logs whose blocks are being merged.
    working: usize,
    stuck: Option<StoreError>,
    /// Nothing goes on until the logs are replayed.
    failed: bool,
    closing: bool,
}

impl Queue {
    /// Logs from the front whose merges can share a commit: small ones, or a single one.
    fn take_merges(&mut self) -> Vec<Arc<LogState>> {
        let small = |log: &Arc<LogState>| log.sealed.lock().head.size <= SMALL_MERGE_EVENTS;
        let count = self
            .merges
            .iter()
            .take(MERGES_TOGETHER)
            .take_while(|log| small(log))
            .count();
        let taken: Vec<_> = self
            .merges
            .drain(..count.max(1).min(self.merges.len()))
            .collect();
        taken.iter().for_each(|log| {
            self.merge_ids.remove(&log.id);
        });
        taken
    }
}

enum Task {
    Seal(Vec<Frozen>),
    Merge(Vec<Arc<LogState>>),
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// That no tail waits any more.
    Seals,
    /// That no block is to be merged any more either.
    All,
}

impl Sealing {
    /// Held by whoever changes which tails and blocks a log has.
    pub fn work(&self) -> MutexGuard<'_, ()> {
        self.work.lock()
    }

    /// Asks for a frozen tail to be sealed.
    pub fn push(&self, log: &Arc<LogState>, tail: Arc<Tail>) {
        let mut queue = self.queue.lock();
        queue.bytes += tail.bytes();
        queue.tails.push_back((Arc::clone(log), tail));
        self.wake.notify_one();
    }

    /// Asks for a log's small blocks to be merged, if any are due.
    pub fn push_merge(&self, log: &Arc<LogState>) {
        let mut queue = self.queue.lock();
        if queue.merge_ids.insert(log.id) {
            queue.merges.push_back(Arc::clone(log));
        }
        self.wake.notify_one();
    }

    /// Bytes of the tails that wait or are being sealed.
    pub fn bytes(&self) -> usize {
        self.queue.lock().bytes
    }

    /// Waits while tails of more than `bytes_max` wait, so that memory stays bounded; not when sealing is stuck.
    pub fn wait_for_room(&self, bytes_max: usize) {
        let mut queue = self.queue.lock();
        while queue.bytes > bytes_max && queue.stuck.is_none() && !queue.closing {
            self.moved.wait(&mut queue);
        }
    }

    /// Waits until nothing is due any more, or sealing is stuck.
    pub fn wait_until_done(&self, due: Due) -> Result<(), StoreError> {
        let mut queue = self.queue.lock();
        loop {
            if let Some(stuck) = &queue.stuck {
                return Err(stuck.clone());
            }
            let waits = !queue.tails.is_empty()
                || queue.working > 0
                || due == Due::All && !queue.merges.is_empty();
            if !waits || queue.closing {
                return Ok(());
            }
            self.moved.wait(&mut queue);
        }
    }

    /// Waits until `done` holds, at most for `longest`; not when sealing is stuck or ends.
    pub fn wait_until(&self, done: impl Fn() -> bool, longest: Duration) -> Result<(), StoreError> {
        let mut queue = self.queue.lock();
        while !done() && !queue.closing {
            if let Some(stuck) = &queue.stuck {
                return Err(stuck.clone());
            }
            if self.moved.wait_for(&mut queue, longest).timed_out() {
                break;
            }
        }
        Ok(())
    }

    /// Whether it is time to end.
    pub fn is_closing(&self) -> bool {
        self.queue.lock().closing
    }

    /// Why nothing can be taken in: sealing is stuck, and tails of more than `bytes_max` wait.
    pub fn refuses(&self, bytes_max: usize) -> Option<String> {
        let queue = self.queue.lock();
        let stuck = queue.stuck.as_ref()?;
        (queue.bytes > bytes_max).then(|| stuck.to_string())
    }

    /// Forgets what waits: logs are replayed, and their frozen tails come anew.
    pub fn reset(&self) {
        let mut queue = self.queue.lock();
        queue.tails.clear();
        queue.merges.clear();
        queue.merge_ids.clear();
        queue.bytes = 0;
        queue.stuck = None;
        queue.failed = false;
        self.wake.notify_one();
        self.moved.notify_all();
    }

    /// Lets the sealer end when no tail waits any more, and nobody wait for it.
    pub fn close(&self) {
        self.queue.lock().closing = true;
        self.wake.notify_all();
        self.moved.notify_all();
    }

    /// What to do next; `None` when no tail waits and it is time to end.
    fn next(&self) -> Option<Task> {
        let mut queue = self.queue.lock();
        loop {
            if queue.failed {
                if queue.closing {
                    return None;
                }
                self.wake.wait(&mut queue);
                continue;
            }
            let together = take_together(&mut queue.tails, TOGETHER_BYTES);
            if !together.is_empty() {
                queue.working = together.len();
                return Some(Task::Seal(together));
            }
            if queue.closing {
                return None;
            }
            let together = queue.take_merges();
            if !together.is_empty() {
                queue.working = together.len();
                return Some(Task::Merge(together));
            }
            self.wake.wait(&mut queue);
        }
    }

    /// Notes what became of some tails: those that are `left` wait once more.
    fn done(&self, taken: &[Frozen], left: Vec<Frozen>) {
        let bytes = |tails: &[Frozen]| tails.iter().map(|(_, tail)| tail.bytes()).sum::<usize>();
        let mut queue = self.queue.lock();
        queue.bytes = queue.bytes.saturating_sub(bytes(taken)) + bytes(&left);
        queue.tails.extend(left);
        queue.working = 0;
        queue.stuck = None;
        self.moved.notify_all();
    }

    /// Notes that sealing does not go on until the logs are replayed.
    fn fail(&self, error: StoreError) {
        let mut queue = self.queue.lock();
        queue.working = 0;
        queue.stuck = Some(error);
        queue.failed = true;
        self.moved.notify_all();
    }

    /// Rests while others seal what is left here; `false` when it is time to end.
    fn rest_for_others(&self, pause: Duration) -> bool {
        let mut queue = self.queue.lock();
        if !queue.closing {
            self.wake.wait_for(&mut queue, pause);
        }
        !queue.closing
    }

    /// Notes that there is no room, puts the task back, and rests; `false` when it is time to end.
    fn rest(&self, task: Task, error: StoreError, pause: Duration) -> bool {
        let mut queue = self.queue.lock();
        queue.working = 0;
        queue.stuck = Some(error);
        match task {
            Task::Seal(tails) => {
                for frozen in tails.into_iter().rev() {
                    queue.tails.push_front(frozen);
                }
            }
            Task::Merge(logs) => {
                for log in logs {
                    if queue.merge_ids.insert(log.id) {
                        queue.merges.push_front(log);
                    }
                }
            }
        }
        self.moved.notify_all();
        if !queue.closing {
            self.wake.wait_for(&mut queue, pause);
        }
        !queue.closing
    }
}

/// Seals and merges until it is told to end.
pub fn run(inner: &Inner) {
    while let Some(task) = inner.sealing.next() {
        let work = inner.sealing.work();
        let outcome = if inner.halted().is_some() {
            Ok(Vec::new())
        } else {
            perform(inner, &task)
        };
        drop(work);
        match (outcome, task) {
            (Ok(left), Task::Seal(tails)) => {
                for (log, _) in &tails {
                    inner.queue_merge(log);
                }
                let waits = left.len() == tails.len();
                inner.sealing.done(&tails, left);
                if waits && !inner.sealing.rest_for_others(inner.params.retry_pause) {
                    return;
                }
            }
            (Ok(_), Task::Merge(_)) => inner.sealing.done(&[], Vec::new()),
            (Err(error @ StoreError::Busy(_)), task) => {
                tracing::warn!(%error, "sealing waits");
                if !inner.sealing.rest(task, error, inner.params.retry_pause) {
                    return;
                }
            }
            (Err(StoreError::Unavailable(reason)), _) => {
                // The writer may be waiting for room; it has to hear that there is something else to do.
                inner.sealing.fail(StoreError::Unavailable(reason.clone()));
                inner.ask_to_recover(reason);
            }
            (Err(StoreError::Corrupt(problem)), _) => {
                inner.halt(&problem.to_string());
            }
        }
    }
}

/// Does what is due, and gives the tails that have to wait for others.
fn perform(inner: &Inner, task: &Task) -> Result<Vec<Frozen>, StoreError> {
    match task {
        Task::Seal(tails) => seal(inner, tails),
        Task::Merge(logs) => {
            let claim = claim(inner, logs)?;
            let ours: Vec<Arc<LogState>> = ours(logs, &*claim);
            ours.iter().try_for_each(|log| inner.catch_up(log))?;
            for log in inner.sealer().merge(&ours)? {
                inner.queue_merge(&log);
            }
            Ok(Vec::new())
        }
    }
}

fn seal(inner: &Inner, tails: &[Frozen]) -> Result<Vec<Frozen>, StoreError> {
    let logs: Vec<Arc<LogState>> = tails.iter().map(|(log, _)| Arc::clone(log)).collect();
    let claim = claim(inner, &logs)?;
    ours(&logs, &*claim)
        .iter()
        .try_for_each(|log| inner.catch_up(log))?;
    // The logs may have been replayed since, or sealed by others: then other tails stand there.
    let due = |(log, tail): &&Frozen| claim.has(log.id) && log.oldest_tail_is(tail);
    let due: Vec<Frozen> = tails.iter().filter(due).cloned().collect();
    let bytes = inner.sealer().seal(&due)?;
    inner.forget_tails(bytes);
    let waits = |(log, tail): &&Frozen| log.has_tail(tail);
    Ok(tails.iter().filter(waits).cloned().collect())
}

/// Takes the right to change what blocks some logs have.
pub fn claim<'i>(
    inner: &'i Inner,
    logs: &[Arc<LogState>],
) -> Result<Box<dyn Claim + 'i>, StoreError> {
    if !inner.store.shared() {
        return Ok(Box::new(Alone));
    }
    let ids: BTreeSet<LogId> = logs.iter().map(|log| log.id).collect();
    inner.store.claim(&Vec::from_iter(ids))
}

fn ours(logs: &[Arc<LogState>], claim: &dyn Claim) -> Vec<Arc<LogState>> {
    let ours = logs.iter().filter(|log| claim.has(log.id));
    ours.cloned().collect()
}
