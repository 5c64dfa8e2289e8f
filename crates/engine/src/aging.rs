//! Which tails have waited longest: none waits for ever, however small its log is.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::params::Params;
use crate::state::LogState;
use crate::tail::Tail;

/// Tails that take new events and have some, oldest first event first. Those that became full meanwhile are
/// passed over.
#[derive(Debug, Default)]
pub struct Aging {
    queue: VecDeque<Young>,
    /// Bytes of all batch rows so far.
    written: u64,
}

#[derive(Debug)]
struct Young {
    log: Arc<LogState>,
    first: u64,
    since_micros: i64,
    /// Bytes that had been written when its first row came.
    written: u64,
}

impl Young {
    fn stands(&self) -> bool {
        self.log.active().first() == self.first
    }
}

impl Aging {
    /// Batch rows were written.
    pub fn written(&mut self, bytes: usize) {
        self.written += bytes as u64;
    }

    /// The tail of a log that takes new events has got its first ones.
    pub fn begun(&mut self, log: &Arc<LogState>, tail: &Tail) {
        self.queue.push_back(Young {
            log: Arc::clone(log),
            first: tail.first(),
            since_micros: tail.content(|content| content.columns.recorded(0)),
            written: self.written,
        });
    }

    /// The log whose tail should be sealed now, if there is one; `bytes` is what all tails take that take new events.
    pub fn due(&mut self, now_micros: i64, bytes: usize, params: &Params) -> Option<Arc<LogState>> {
        while self.queue.front().is_some_and(|young| !young.stands()) {
            self.queue.pop_front();
        }
        let oldest = self.queue.front()?;
        let age = i64::try_from(params.batch_age.as_micros()).unwrap_or(i64::MAX);
        let old = now_micros.saturating_sub(oldest.since_micros) >= age;
        let behind = self.written - oldest.written >= params.younger_bytes;
        if old || behind || bytes > params.tail_bytes_max / 2 {
            return self.queue.pop_front().map(|young| young.log);
        }
        None
    }

    /// Whether any tail grows older.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Forgets everything: the logs are read anew.
    pub fn reset(&mut self) {
        self.queue.clear();
    }
}
