//! How long the bodies of blocks are, for those that were read: blocks never change, and their numbers are never used
//! again.

use std::collections::HashMap;

use docket_engine::store::BlockId;
use parking_lot::Mutex;

/// Lengths that are kept at most; with more, all are forgotten.
const LENGTHS_MAX: usize = 1 << 16;

/// Lengths of bodies, bytes.
#[derive(Debug, Default)]
pub(crate) struct Bodies(Mutex<HashMap<BlockId, u64>>);

impl Bodies {
    /// The length of a body that was read before.
    pub(crate) fn length(&self, block: BlockId) -> Option<u64> {
        self.0.lock().get(&block).copied()
    }

    /// A body was read.
    pub(crate) fn learn(&self, block: BlockId, bytes: u64) {
        let mut lengths = self.0.lock();
        if lengths.len() >= LENGTHS_MAX {
            lengths.clear();
        }
        lengths.insert(block, bytes);
    }
}
