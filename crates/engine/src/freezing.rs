//! When tails are frozen: full ones, old ones, and the oldest while all take too much memory.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::engine::Inner;
use crate::params::WhatIsSealed;
use crate::seal::Sealer;
use crate::sealing::Due;
use crate::state::LogState;
use crate::store::StoreError;
use crate::tail::Tail;

impl Inner {
    /// Asks for a frozen tail to be sealed.
    pub(crate) fn queue_seal(&self, state: &Arc<LogState>, tail: Arc<Tail>) {
        if self.params.sealing == WhatIsSealed::FullTails {
            self.sealing.push(state, tail);
        }
    }

    /// Asks for a log's blocks to be merged, if it has enough of them.
    pub(crate) fn queue_merge(&self, state: &Arc<LogState>) {
        let enough = state.view.read().blocks.len() >= self.params.merge_blocks;
        if enough && self.params.sealing == WhatIsSealed::FullTails {
            self.sealing.push_merge(state);
        }
    }

    /// What makes blocks.
    pub(crate) fn sealer(&self) -> Sealer<'_> {
        Sealer {
            store: &*self.store,
            cache: &self.cache,
            params: &self.params,
            terms: &self.terms,
            encoders: &self.encoders,
        }
    }

    /// Takes note of events that joined a tail.
    pub(crate) fn tails_grew(&self, bytes: usize) {
        self.tail_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Takes note of tails that are blocks now.
    pub(crate) fn forget_tails(&self, bytes: usize) {
        self.tail_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Freezes the tails that have waited too long, or take too much memory together. Only the writer may, as nobody
    /// else knows that no events join a tail meanwhile.
    pub(crate) fn freeze_old_tails(&self) {
        if self.params.sealing == WhatIsSealed::Nothing {
            return;
        }
        loop {
            let waiting = self.sealing.bytes();
            let active = self
                .tail_bytes
                .load(Ordering::Relaxed)
                .saturating_sub(waiting);
            let now_micros = self.environment.now_micros();
            let due = self.aging.lock().due(now_micros, active, &self.params);
            let Some(state) = due else { return };
            if let Some(tail) = self.freeze(&state) {
                self.queue_seal(&state, tail);
            }
        }
    }

    /// An error once the engine has stopped writing.
    pub(crate) fn still_writes(&self) -> Result<(), StoreError> {
        match self.halted() {
            None => Ok(()),
            Some(reason) => Err(StoreError::Unavailable(reason)),
        }
    }

    /// Seals everything. Only the writer may freeze tails.
    pub(crate) fn seal_everything(&self) -> Result<(), StoreError> {
        let logs: Vec<Arc<LogState>> = self.logs.read().values().cloned().collect();
        for state in logs {
            if let Some(tail) = self.freeze(&state) {
                self.sealing.push(&state, tail);
            }
        }
        self.sealing.wait_until_done(Due::Seals)?;
        self.still_writes()
    }
}
