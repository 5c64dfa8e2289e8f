//! Brings the logs of a store into memory: on start, and after a commit whose fate is unknown.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use docket_event::{Event, IdKey, Timestamp};
use docket_merkle::Frontier;
use parking_lot::{Mutex, RwLock};

use crate::batch::Batch;
use crate::block::{Slot, place};
use crate::codec::Malformed;
use crate::encode::{begin_leaf, finish_leaf, merge};
use crate::frame;
use crate::params::Params;
use crate::state::{LogState, SealHead, View, WriteHead};
use crate::store::{BatchRow, BlockRow, Head, LogRow, Store, StoreError};
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
}

/// Reads a log: its list of blocks, and its tails out of the batches.
///
/// # Errors
/// The store fails, or what it has does not fit together.
pub fn replay(
    store: &dyn Store,
    log: &LogRow,
    params: &Params,
    terms: &Terms,
) -> Result<Replayed, StoreError> {
    let corrupt = |what: &str| StoreError::corrupt(format!("log {}", log.org), what);
    let blocks = store.blocks(log.id)?;
    if end_of_blocks(&blocks) != Some(log.sealed) {
        return Err(corrupt("its blocks do not cover what is sealed"));
    }
    let frontier = match log.frontier.as_slice() {
        [] => Frontier::new(),
        stored => Frontier::from_bytes(stored).map_err(|error| corrupt(&error.to_string()))?,
    };
    if frontier.size() != log.sealed {
        return Err(corrupt("its frontier is of another size"));
    }
    let head = Head {
        size: log.sealed,
        recorded_micros: log.recorded_micros,
    };
    let seal = SealHead {
        head,
        frontier: frontier.clone(),
    };
    let mut replayed = Replayed {
        write: WriteHead { head, frontier },
        seal,
        view: View {
            blocks: blocks.into_iter().map(Arc::new).collect(),
            tails: vec![Arc::new(Tail::new(log.sealed))],
        },
    };
    for row in store.batches(log.id, log.sealed)? {
        if row.first != replayed.write.head.size {
            return Err(corrupt("its batches have a gap"));
        }
        let joining = read_batch(&row, &IdKey(log.id_key), terms).map_err(|error| {
            StoreError::corrupt(format!("batch {} of log {}", row.first, log.org), error.0)
        })?;
        replayed.join(joining, params);
    }
    Ok(replayed)
}

impl Replayed {
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
        };
        Arc::new(state)
    }

    /// Replaces what is held of a log.
    pub fn restore(self, state: &LogState) {
        let size = self.write.head.size;
        *state.view.write() = Arc::new(self.view);
        *state.head.lock() = self.write;
        *state.sealed.lock() = self.seal;
        state.size.store(size, std::sync::atomic::Ordering::Release);
    }

    fn join(&mut self, joining: Vec<Joining>, params: &Params) {
        let events: usize = joining.iter().map(|frame| frame.slots.len()).sum();
        let bytes: usize = joining.iter().map(|frame| frame.frame.len()).sum();
        for slot in joining.iter().flat_map(|frame| &frame.slots) {
            self.write.frontier.append(slot.leaf);
            self.write.head.size += 1;
            self.write.head.recorded_micros = slot.recorded_micros;
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

/// The events of a batch, indexed as append does it.
pub fn read_batch(row: &BatchRow, key: &IdKey, terms: &Terms) -> Result<Vec<Joining>, Malformed> {
    let batch = Batch::decode(row)?;
    let mut places = (row.first..).zip(batch.times.iter().zip(&batch.salts));
    let mut all = Vec::with_capacity(batch.frames.len());
    for (events, frame) in batch.frames {
        let parts = frame::decode(&frame)?;
        if parts.len() != events {
            return Err(Malformed("a frame has another number of events"));
        }
        let mut slots = Vec::with_capacity(events);
        for (parts, (position, (micros, salt))) in parts.iter().zip(places.by_ref()) {
            let event: Event = merge(parts)?;
            if event
                .occurred_at
                .map_or(batch.recorded_micros, Timestamp::micros)
                != *micros
            {
                return Err(Malformed("an event has another time than its batch says"));
            }
            let of_event = terms.of_event(&event).into_boxed_slice();
            let event_type = event.event_type.as_str().into();
            let recorded = place(event, batch.recorded_micros, position, key);
            let leaf = finish_leaf(begin_leaf(parts, salt), recorded.id, batch.recorded_micros);
            slots.push(Slot {
                micros: *micros,
                recorded_micros: batch.recorded_micros,
                event_type,
                terms: of_event,
                salt: *salt,
                leaf,
            });
        }
        all.push(Joining { slots, frame });
    }
    Ok(all)
}
