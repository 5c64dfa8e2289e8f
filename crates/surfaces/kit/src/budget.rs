//! A bound on the bytes of all bodies that are in memory at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::Refusal;

/// Bytes that are free.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    free: Arc<AtomicUsize>,
}

/// Bytes that are taken; they are free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    budget: Budget,
    bytes: usize,
}

impl Budget {
    pub fn new(bytes: usize) -> Self {
        Budget {
            free: Arc::new(AtomicUsize::new(bytes)),
        }
    }

    /// A share of nothing, to grow.
    pub fn share(&self) -> Share {
        Share {
            budget: self.clone(),
            bytes: 0,
        }
    }
}

impl Share {
    /// Takes `more` bytes.
    pub fn grow(&mut self, more: usize) -> Result<(), Refusal> {
        let take = |free: usize| free.checked_sub(more);
        let free = &self.budget.free;
        match free.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) {
            Ok(_) => {
                self.bytes += more;
                Ok(())
            }
            Err(_) => Err(Refusal::busy("the bodies under way fill their memory")),
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.free.fetch_add(self.bytes, Ordering::Relaxed);
    }
}
