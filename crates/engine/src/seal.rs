//! Frozen tails → immutable blocks.

use std::collections::HashSet;
use std::sync::Arc;

use crate::block::{BlockInput, Built, build};
use crate::cache::Cache;
use crate::encode::Parts;
use crate::encoders::Encoders;
use crate::frame::{self, Frame, FrameEncoder};
use crate::params::Params;
use crate::state::{LogState, SealHead};
use crate::store::{Head, LogRow, Part, Seal, Store, StoreError, TileRow};
use crate::tail::{Content, Tail};
use crate::terms::Terms;
use crate::tiles::{Tiler, tile_height};

/// What sealing and merging need.
#[derive(Debug)]
pub struct Sealer<'s> {
    /// Where blocks go.
    pub store: &'s dyn Store,
    /// What was read before.
    pub cache: &'s Cache,
    /// Sizes.
    pub params: &'s Params,
    /// Makes terms.
    pub terms: &'s Terms,
    /// Make frames.
    pub encoders: &'s Encoders,
}

/// A tail to seal: the oldest one of its log, frozen.
pub type Frozen = (Arc<LogState>, Arc<Tail>);

/// A block whose parts are stored and that no list names yet.
struct Ready {
    built: Built,
    log: LogRow,
    next: SealHead,
    tiles: Vec<TileRow>,
}

impl Sealer<'_> {
    /// Seals tails of different logs in one commit. When it returns, their blocks are durable and readers see
    /// them in the tails' places. Gives the bytes of memory that the tails took.
    ///
    /// # Errors
    /// The store fails. What was written of the blocks is not named by any list; the tails stay.
    pub fn seal(&self, tails: &[Frozen]) -> Result<usize, StoreError> {
        if tails.is_empty() {
            return Ok(0);
        }
        let mut parts = Parting::new(self.store);
        let mut ready = Vec::with_capacity(tails.len());
        for (state, tail) in tails {
            ready.push(self.ready(state, tail, &mut parts)?);
        }
        parts.flush()?;
        let seals: Vec<Seal<'_>> = ready
            .iter()
            .map(|one| Seal {
                blocks: std::slice::from_ref(&one.built.row),
                replaces: &[],
                log: &one.log,
                tiles: &one.tiles,
            })
            .collect();
        self.store.finish_seals(&seals)?;
        let mut bytes = 0;
        for ((state, tail), one) in tails.iter().zip(ready) {
            let _changing = state.changing.lock();
            if !state.oldest_tail_is(tail) {
                // A reader has found the block already.
                continue;
            }
            *state.sealed.lock() = one.next;
            let mut row = one.built.row;
            row.dir = Vec::new();
            state.replace_tail(tail.first(), row);
            state.moved_on(self.store);
            bytes += tail.bytes();
        }
        Ok(bytes)
    }

    fn ready(
        &self,
        state: &LogState,
        tail: &Tail,
        parts: &mut Parting<'_>,
    ) -> Result<Ready, StoreError> {
        let stands = state.sealed.lock().clone();
        if stands.head.size != tail.first() {
            let reason = "others have sealed a part of it".to_owned();
            return Err(StoreError::Busy(reason));
        }
        let id = self.store.new_block(state.id)?;
        let (mut built, next, tiles) = tail.content(|content| {
            let Content { columns, order, .. } = content;
            let frames = self.repack(&content.frames)?;
            let built = build(&BlockInput {
                id,
                log: state.id,
                first: tail.first(),
                columns,
                order,
                frames: &frames,
                page_bytes: self.params.page_bytes,
                scanned_events: self.params.scanned_events,
            });
            let tiler = Tiler {
                store: self.store,
                cache: self.cache,
                state,
                height: tile_height(self.params.tile_height),
            };
            let tiles = tiler.completed(tail.first(), &columns.leaves)?;
            Ok::<_, StoreError>((built, sealed_head(stands, content), tiles))
        })?;
        parts.put(&mut built)?;
        let log = log_row(state, &next);
        Ok(Ready {
            built,
            log,
            next,
            tiles,
        })
    }

    /// Packs small frames into full ones; frames that are at least half full are kept as they are.
    pub(crate) fn repack(&self, frames: &[Frame]) -> Result<Vec<Frame>, StoreError> {
        let half = |frame: &Frame| frame.events * 2 >= self.params.frame_events;
        if frames.iter().all(half) || frames.len() == 1 {
            return Ok(frames.to_vec());
        }
        self.encoders
            .with(|encoder| repack(frames, self.params.frame_events, encoder))
    }
}

fn repack(
    frames: &[Frame],
    whole: usize,
    encoder: &mut FrameEncoder,
) -> Result<Vec<Frame>, StoreError> {
    let wrong = |error: crate::codec::Malformed| StoreError::corrupt("a frame", error.0);
    let mut packed = Vec::with_capacity(frames.len());
    let mut loose: Vec<Parts> = Vec::new();
    let mut flush = |loose: &mut Vec<Parts>, packed: &mut Vec<Frame>, least: usize| {
        while loose.len() >= least.max(1) {
            let rest = loose.split_off(whole.min(loose.len()));
            packed.push(encoder.encode(loose));
            *loose = rest;
        }
    };
    for frame in frames {
        if frame.events * 2 >= whole {
            flush(&mut loose, &mut packed, 1);
            packed.push(frame.clone());
        } else {
            loose.extend(frame::decode(&frame.bytes).map_err(wrong)?);
            flush(&mut loose, &mut packed, whole);
        }
    }
    flush(&mut loose, &mut packed, 1);
    Ok(packed)
}

/// The log's row when it is sealed up to `head`.
pub fn log_row(state: &LogState, head: &SealHead) -> LogRow {
    LogRow {
        id: state.id,
        org: state.org.to_string(),
        id_key: state.key.0,
        sealed: head.head.size,
        recorded_micros: head.head.recorded_micros,
        frontier: head.frontier.to_bytes(),
    }
}

fn sealed_head(stands: SealHead, content: &Content) -> SealHead {
    let mut frontier = stands.frontier;
    let columns = &content.columns;
    columns
        .leaves
        .iter()
        .for_each(|leaf| frontier.append(*leaf));
    let last = columns.recorded.last();
    let recorded_micros = last.map_or(stands.head.recorded_micros, |(_, time)| *time);
    SealHead {
        head: Head {
            size: frontier.size(),
            recorded_micros,
        },
        frontier,
    }
}

/// Puts the bodies of blocks into the store, in commits of about one part, so that no append waits long for one.
#[derive(Debug)]
pub struct Parting<'p> {
    store: &'p dyn Store,
    /// Last parts of bodies, which wait for company.
    rest: Vec<(crate::store::BlockId, u32, Vec<u8>)>,
    rest_bytes: usize,
}

impl<'p> Parting<'p> {
    /// Puts bodies into `store`.
    pub fn new(store: &'p dyn Store) -> Self {
        Parting {
            store,
            rest: Vec::new(),
            rest_bytes: 0,
        }
    }

    /// Takes the body of a block; its last part is stored by [`Parting::flush`] at the latest.
    pub fn put(&mut self, built: &mut Built) -> Result<(), StoreError> {
        let body = std::mem::take(&mut built.body);
        let full = self.store.part_bytes();
        for (part, data) in (0..).zip(body.chunks(full)) {
            let block = built.row.id;
            if data.len() == full {
                self.store.put_parts(&[Part { block, part, data }])?;
                continue;
            }
            if self.rest_bytes + data.len() > full {
                self.flush()?;
            }
            self.rest_bytes += data.len();
            self.rest.push((block, part, data.to_vec()));
        }
        Ok(())
    }

    /// Stores what waits.
    pub fn flush(&mut self) -> Result<(), StoreError> {
        let rest = std::mem::take(&mut self.rest);
        self.rest_bytes = 0;
        let parts = rest.iter().map(|(block, part, data)| Part {
            block: *block,
            part: *part,
            data,
        });
        let parts: Vec<Part<'_>> = parts.collect();
        if parts.is_empty() {
            return Ok(());
        }
        self.store.put_parts(&parts)
    }
}

/// The tails from the front that can be sealed in one commit: at most one of each log, of about `bytes` together.
pub fn take_together(
    waiting: &mut std::collections::VecDeque<Frozen>,
    bytes: usize,
) -> Vec<Frozen> {
    let mut logs = HashSet::new();
    let (mut taken, mut sum) = (Vec::new(), 0);
    while let Some((state, tail)) = waiting.front() {
        let more = sum + tail.bytes();
        if !taken.is_empty() && (more > bytes || logs.contains(&state.id)) {
            break;
        }
        sum = more;
        logs.insert(state.id);
        taken.extend(waiting.pop_front());
    }
    taken
}
