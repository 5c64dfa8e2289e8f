//! Brings the logs of a store into memory: on start, and after a commit whose fate is unknown.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use docket_event::IdKey;
use docket_merkle::Frontier;
use parking_lot::{Mutex, RwLock};

use crate::block::is_hashes;
use crate::params::Params;
use crate::rebuild::read_batch;
use crate::state::{LogState, SealHead, View, WriteHead};
use crate::store::{BlockRow, Contents, Head, LogRow, StoreError};
use crate::tail::{Joining, Tail};
use crate::terms::Terms;

/// A log as the store has it.
#[derive(Debug)]
pub struct Replayed {
    /// Where the writer goes on.
    pub write: WriteHead,
    /// Where the sealer goes on.
    pub seal: SealHead,
    /// What readers read.
    pub view: View,
    /// Which change of the list of blocks that is.
    version: u64,
}

/// Where the sealer of a log goes on whose blocks are these.
///
/// # Errors
/// They do not fit together.
pub fn seal_head(log: &LogRow, blocks: &[BlockRow]) -> Result<SealHead, StoreError> {
    let corrupt = |what: &str| StoreError::corrupt(format!("log {}", log.org), what);
    if end_of_blocks(blocks) != Some(log.sealed) {
        return Err(corrupt("its blocks do not cover what is sealed"));
    }
    let frontier = match log.frontier.as_slice() {
        [] => Frontier::new(),
        stored => Frontier::from_bytes(stored).map_err(|error| corrupt(&error.to_string()))?,
    };
    if frontier.size() != log.sealed {
        return Err(corrupt("its frontier is of another size"));
    }
    if !blocks.is_sorted_by_key(|block| !is_hashes(block)) {
        return Err(corrupt("it is pruned behind events that are there"));
    }
    let head = Head {
        size: log.sealed,
        recorded_micros: log.recorded_micros,
    };
    Ok(SealHead { head, frontier })
}

impl Replayed {
    /// Reads a log: its list of blocks, and its tails out of the batches.
    ///
    /// # Errors
    /// What the store has does not fit together.
    pub fn of(contents: Contents, params: &Params, terms: &Terms) -> Result<Self, StoreError> {
        let log = contents.log;
        let blocks = contents.blocks.unwrap_or_default();
        let seal = seal_head(&log, &blocks)?;
        let mut replayed = Replayed {
            write: WriteHead {
                head: seal.head,
                frontier: seal.frontier.clone(),
            },
            seal,
            view: View::of(blocks, vec![Arc::new(Tail::new(log.sealed))]),
            version: contents.standing.version,
        };
        for row in contents.batches {
            if row.first != replayed.write.head.size {
                let what = "its batches have a gap";
                return Err(StoreError::corrupt(format!("log {}", log.org), what));
            }
            let joining = read_batch(&row, &IdKey(log.id_key), terms).map_err(|error| {
                StoreError::corrupt(format!("batch {} of log {}", row.first, log.org), error.0)
            })?;
            replayed.join(joining, params);
        }
        Ok(replayed)
    }

    /// The state of a log in memory.
    pub fn into_state(self, log: &LogRow) -> Arc<LogState> {
        let state = LogState {
            id: log.id,
            org: log.org.as_str().into(),
            key: IdKey(log.id_key),
            size: AtomicU64::new(self.write.head.size),
            head: Mutex::new(self.write),
            sealed: Mutex::new(self.seal),
            view: RwLock::new(Arc::new(self.view)),
            version: AtomicU64::new(self.version),
            changing: Mutex::new(()),
            merging: Mutex::new(()),
        };
        Arc::new(state)
    }

    /// Replaces what is held of a log.
    pub fn restore(self, state: &LogState) {
        let size = self.write.head.size;
        *state.view.write() = Arc::new(self.view);
        *state.head.lock() = self.write;
        *state.sealed.lock() = self.seal;
        state.version.store(self.version, Ordering::Release);
        state.size.store(size, Ordering::Release);
    }

    fn join(&mut self, joining: Joining, params: &Params) {
        let events = joining.columns.len();
        let bytes: usize = joining.frames.iter().map(|frame| frame.bytes.len()).sum();
        for leaf in &joining.columns.leaves {
            self.write.frontier.append(*leaf);
        }
        self.write.head.size += events as u64;
        if let Some((_, recorded_micros)) = joining.columns.recorded.last() {
            self.write.head.recorded_micros = *recorded_micros;
        }
        let Some(active) = self.view.tails.last().cloned() else {
            return;
        };
        if active.has_room(events, bytes, params.block_events, params.block_bytes) {
            active.join(joining);
        } else {
            let next = Tail::new(active.end());
            next.join(joining);
            self.view.tails.push(Arc::new(next));
        }
    }
}

/// Where the blocks end, if they follow each other from 0.
fn end_of_blocks(blocks: &[BlockRow]) -> Option<u64> {
    blocks.iter().try_fold(0, |end, block| {
        (block.first == end).then(|| end + u64::from(block.count))
    })
}
