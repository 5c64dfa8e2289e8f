//! The right to seal logs, in memory.

use super::Shared;
use crate::store::{Claim, LogId};

/// What one engine has claimed.
#[derive(Debug)]
pub(super) struct MemoryClaim<'a> {
    shared: &'a Shared,
    logs: Vec<LogId>,
}

impl<'a> MemoryClaim<'a> {
    /// Claims those that nobody else has.
    pub(super) fn take(shared: &'a Shared, logs: &[LogId]) -> Self {
        let mut claimed = shared.claimed.lock();
        let logs = logs.iter().copied();
        let logs = logs.filter(|log| claimed.insert(*log)).collect();
        MemoryClaim { shared, logs }
    }
}

impl Claim for MemoryClaim<'_> {
    fn has(&self, log: LogId) -> bool {
        self.logs.contains(&log)
    }
}

impl Drop for MemoryClaim<'_> {
    fn drop(&mut self) {
        let mut claimed = self.shared.claimed.lock();
        self.logs.iter().for_each(|log| {
            claimed.remove(log);
        });
    }
}
