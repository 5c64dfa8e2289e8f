//! Decoded pieces of blocks, kept in memory up to a number of bytes. Blocks never change, so neither do these.

use std::sync::Arc;

use crate::block::{Dir, FrameEvents};
use crate::store::BlockId;
use crate::terms::Term;

/// The offset that stands for a block's [`Cached::Heavy`].
pub const HEAVY: u64 = u64::MAX - 1;

/// A piece as it is kept.
#[derive(Clone, Debug)]
pub enum Cached {
    /// The directory, under offset `u64::MAX`.
    Dir(Arc<Dir>),
    /// Event times.
    Times(Arc<Vec<i64>>),
    /// The events of a frame.
    Frame(Arc<FrameEvents>),
    /// The terms of far postings, under offset [`HEAVY`].
    Heavy(Arc<Vec<(Term, u32)>>),
    /// A term page or far posting.
    Raw(Arc<Vec<u8>>),
}

/// Pieces by block and offset.
pub struct Cache {
    pieces: quick_cache::sync::Cache<(BlockId, u64), Cached, ByBytes>,
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cache({} bytes)", self.pieces.weight())
    }
}

#[derive(Clone)]
struct ByBytes;

impl quick_cache::Weighter<(BlockId, u64), Cached> for ByBytes {
    fn weight(&self, _: &(BlockId, u64), piece: &Cached) -> u64 {
        let bytes = match piece {
            Cached::Dir(dir) => {
                dir.filter.len()
                    + 24 * (dir.frames.len() + dir.pages.len())
                    + 16 * dir.perm.len()
                    + 4 * dir.groups.len()
            }
            Cached::Times(times) => 8 * times.len(),
            Cached::Heavy(terms) => 16 * terms.len(),
            Cached::Frame(events) => events.bytes(),
            Cached::Raw(data) => data.len(),
        };
        bytes as u64 + 100
    }
}

impl Cache {
    /// A cache of at most `bytes`.
    pub fn new(bytes: u64) -> Self {
        let pieces = usize::try_from(bytes / 4_096).unwrap_or(usize::MAX).max(16);
        Cache {
            pieces: quick_cache::sync::Cache::with_weighter(pieces, bytes, ByBytes),
        }
    }

    /// What is kept of a piece.
    pub fn get(&self, block: BlockId, offset: u64) -> Option<Cached> {
        self.pieces.get(&(block, offset))
    }

    /// Keeps a piece.
    pub fn put(&self, block: BlockId, offset: u64, piece: Cached) {
        self.pieces.insert((block, offset), piece);
    }
}
