//! A group commit in memory.

use super::{Shared, State};
use crate::store::{BatchRow, Group, Head, LogId, RiderRows, StoreError, Verdict};

/// The open group of a store; the only one.
#[derive(Debug)]
pub(super) struct MemoryGroup<'a> {
    shared: &'a Shared,
    logs: Vec<LogId>,
    heads: Vec<Head>,
    verdicts: Vec<Verdict>,
}

impl<'a> MemoryGroup<'a> {
    pub(super) fn new(
        shared: &'a Shared,
        logs: Vec<LogId>,
        heads: Vec<Head>,
        verdicts: Vec<Verdict>,
    ) -> Self {
        MemoryGroup {
            shared,
            logs,
            heads,
            verdicts,
        }
    }
}

impl Drop for MemoryGroup<'_> {
    fn drop(&mut self) {
        self.shared.state.lock().group = None;
        self.shared.ended.notify_all();
    }
}

impl Group for MemoryGroup<'_> {
    fn heads(&self) -> &[Head] {
        &self.heads
    }

    fn now_micros(&self) -> Option<i64> {
        None
    }

    fn verdicts(&self) -> &[Verdict] {
        &self.verdicts
    }

    fn commit(
        self: Box<Self>,
        batches: &[BatchRow],
        riders: &[RiderRows<'_>],
        heads: &[Head],
    ) -> Result<(), StoreError> {
        let mut state = self.shared.state.lock();
        let State { rows, plan, .. } = &mut *state;
        plan.write(|| rows.commit(&self.logs, batches, riders, heads))
        // The state is unlocked before the group is dropped: it was locked later.
    }
}
