//! Pruning: the oldest events of a log go for good, and their leaf hashes stay.
//!
//! A block whose events are all old becomes a block of hashes; one that is old in part becomes two, of which the second
//! is sealed anew from the events that stay. One commit puts both in the old one's place, so whatever dies in between
//! leaves a log that is pruned up to some block, and the same call goes on from there. Neighbouring blocks of hashes
//! become one, up to the size of a block.
//!
//! A log is pruned up to where its blocks of hashes end; nothing else is noted. Every process that reads sees the list of
//! blocks change, as it does when others seal or merge.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::MutexGuard;
use tokio::sync::oneshot;

use crate::block::{
    BLOCK_EVENTS_MAX, BlockInput, Built, HashesInput, build, build_hashes, time_order, unpack,
};
use crate::codec::Malformed;
use crate::engine::{Inner, Log};
use crate::params::WhatIsSealed;
use crate::query::over_view;
use crate::rebuild::behind;
use crate::request::QueryError;
use crate::seal::{Parting, Sealer, log_row};
use crate::sealing::claim;
use crate::state::{LogState, View, end_of};
use crate::store::{BlockId, BlockRow, Seal, StoreError};
use crate::writer::Command;

/// Blocks that one commit prunes at most.
const BLOCKS_TOGETHER: usize = 64;
/// How often it is looked whether what is to be pruned is sealed.
const SEALED_LOOKS_MAX: u32 = 60;
/// How long one of these looks waits.
const SEALED_WAIT: Duration = Duration::from_secs(1);
/// How often a log is tried to be claimed that another process works on, with a pause of [`crate::Params::retry_pause`]
/// between two tries.
const CLAIMS_MAX: u32 = 300;

/// What pruning has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Position of the first event that is left. The log's size, if none is.
    pub first: u64,
    /// How many events this call has removed.
    pub events: u64,
}

impl Log {
    /// Position of the first event that was not pruned: 0, or where the last [`Log::prune`] has ended. Blocks.
    ///
    /// # Errors
    /// The store fails, or what it has cannot be right.
    pub fn first(&self) -> Result<u64, StoreError> {
        self.engine.inner.freshen(&self.state)?;
        Ok(self.state.snapshot().1.first())
    }

    /// The first position that is not pruned and was recorded at `micros` (Unix microseconds) or later; the log's size
    /// when there is none. Reads a few directories of blocks and no event. Blocks.
    ///
    /// # Errors
    /// The store fails, or what it has cannot be right.
    pub fn first_recorded_from(&self, micros: i64) -> Result<u64, QueryError> {
        let reading = self.reading()?;
        over_view(&reading, &self.state, |size, view| {
            first_recorded_from(
                &self.engine.inner.sealer(),
                &self.state,
                (size, view),
                micros,
            )
        })
    }

    /// Drops the events at positions below `up_to` for good: no read of any process that begins after this has returned
    /// gives or counts them, and what they took on the disk is free for what is written next (a file of SQLite does not
    /// get shorter by that, and bytes in free pages stay until they are overwritten). Their leaf hashes stay, so root,
    /// tiles and proofs are what they were. What `up_to` has beyond the log's size is left out.
    ///
    /// Tails that begin below `up_to` are sealed first. Requests, seals and merges go on meanwhile; what is done is
    /// durable block by block from the oldest on, so a call that ended early is simply made again. It is best called
    /// seldom, such as once a day: a block that `up_to` falls into is sealed anew each time.
    ///
    /// An event that was pruned is forgotten: if its origin sends it again it is a new one, under a new position. An
    /// answer that is remembered under an idempotency key has no ids for it any more. Blocks the calling thread.
    ///
    /// # Errors
    /// [`StoreError::Busy`]: try again later, such as when another process works on the log, or there is no room.
    /// Otherwise the store fails, the engine has stopped, or what is stored cannot be right. Some of the events may be
    /// gone: the oldest ones.
    pub fn prune(&self, up_to: u64) -> Result<Pruned, StoreError> {
        let inner = &self.engine.inner;
        if inner.params.sealing == WhatIsSealed::Nothing {
            let what = "whoever only reads cannot prune";
            return Err(StoreError::Unavailable(what.to_owned()));
        }
        inner.freshen(&self.state)?;
        let up_to = up_to.min(self.size());
        let mut pruned = Pruned::default();
        if self.first()? < up_to {
            inner.seal_up_to(&self.state, up_to)?;
            loop {
                match inner.prune_some(&self.state, up_to)? {
                    0 => break,
                    events => pruned.events += events,
                }
            }
        }
        pruned.first = self.first()?;
        Ok(pruned)
    }
}

impl Inner {
    /// Has everything sealed that stands below `up_to`.
    fn seal_up_to(&self, state: &Arc<LogState>, up_to: u64) -> Result<(), StoreError> {
        let is_sealed = || state.sealed.lock().head.size >= up_to;
        for _ in 0..SEALED_LOOKS_MAX {
            if is_sealed() {
                return Ok(());
            }
            let (answer, told) = oneshot::channel();
            self.tell(Command::Freeze(Arc::clone(state), up_to, answer));
            told.blocking_recv().map_err(|_| closing())?;
            self.sealing.wait_until(is_sealed, SEALED_WAIT)?;
            self.still_writes()?;
        }
        let what = "what is to be pruned could not be sealed in time; try again";
        Err(StoreError::Busy(what.to_owned()))
    }

    /// Freezes the tail that takes new events if it begins below `up_to`, and has it sealed. Only the writer may.
    pub(crate) fn freeze_below(&self, state: &Arc<LogState>, up_to: u64) {
        if state.active().first() < up_to
            && let Some(tail) = self.freeze(state)
        {
            self.sealing.push(state, tail);
        }
    }

    /// Prunes what goes into one commit, once nobody else works on the log. How many events; 0 when nothing is left.
    fn prune_some(&self, state: &Arc<LogState>, up_to: u64) -> Result<u64, StoreError> {
        for _ in 0..CLAIMS_MAX {
            let work = self.sealing.work();
            self.still_writes()?;
            if self.sealing.is_closing() {
                return Err(closing());
            }
            let outcome = self.prune_claimed(state, up_to);
            // Whoever waits to seal comes first.
            MutexGuard::unlock_fair(work);
            match outcome {
                Ok(Some(events)) => return Ok(events),
                Ok(None) => std::thread::sleep(self.params.retry_pause),
                Err(StoreError::Unavailable(reason)) => {
                    self.ask_to_recover(reason.clone());
                    return Err(StoreError::Unavailable(reason));
                }
                Err(error) => return Err(error),
            }
        }
        let what = format!(
            "another process works on the log of `{}`; try again",
            state.org
        );
        Err(StoreError::Busy(what))
    }

    /// The same, if nobody else has claimed the log.
    fn prune_claimed(&self, state: &Arc<LogState>, up_to: u64) -> Result<Option<u64>, StoreError> {
        let claim = claim(self, std::slice::from_ref(state))?;
        if !claim.has(state.id) {
            return Ok(None);
        }
        self.catch_up(state)?;
        self.sealer().prune(state, up_to).map(Some)
    }
}

fn closing() -> StoreError {
    StoreError::Unavailable("the engine is closing".to_owned())
}

/// What is pruned in one commit.
#[derive(Debug)]
struct Stretch<'v> {
    /// The block of hashes in front of it, if both become one.
    known: Option<&'v Arc<BlockRow>>,
    /// The blocks whose events go; of the last one, all or some.
    rows: &'v [Arc<BlockRow>],
    /// Position of the first leaf of the block of hashes.
    first: u64,
    /// Position behind the last event that goes.
    end: u64,
}

impl<'v> Stretch<'v> {
    /// The oldest blocks with events below `up_to` whose leaves fit into one block of at most `leaves_max`; `None` when
    /// there are none.
    fn of(view: &'v View, up_to: u64, leaves_max: u64) -> Option<Self> {
        let oldest = view.blocks.first().filter(|row| row.first < up_to)?;
        let end = |row: &BlockRow| end_of(row).min(up_to);
        let fits = |first: u64, row: &BlockRow| end(row) - first <= leaves_max;
        let known = view.pruned.last().filter(|row| fits(row.first, oldest));
        let first = known.map_or(oldest.first, |row| row.first);
        let more = view.blocks.iter().skip(1).take(BLOCKS_TOGETHER - 1);
        let more = more.take_while(|row| row.first < up_to && fits(first, row));
        let rows = view.blocks.get(..=more.count())?;
        Some(Stretch {
            known,
            rows,
            first,
            end: end(rows.last()?),
        })
    }

    fn replaces(&self) -> Vec<BlockId> {
        let replaced = self.known.into_iter().chain(self.rows);
        replaced.map(|row| row.id).collect()
    }
}

impl Sealer<'_> {
    /// Prunes the oldest blocks of a log with events below `up_to`, as many as fit into one commit; says how many events
    /// these were. When it returns, their events are gone and readers do not see them any more.
    ///
    /// # Errors
    /// The store fails. What was written is not named by any list; the old blocks stay.
    pub(crate) fn prune(&self, state: &LogState, up_to: u64) -> Result<u64, StoreError> {
        let version = state.standing().version;
        let (_, view) = state.snapshot();
        let leaves_max = self.params.block_events.min(BLOCK_EVENTS_MAX);
        let Some(stretch) = Stretch::of(&view, up_to, leaves_max.into()) else {
            return Ok(0);
        };
        let mut parts = Parting::new(self.store);
        let mut hashes = self.hashes(state, &stretch)?;
        parts.put(&mut hashes)?;
        let mut rest = self.rest(state, &stretch)?;
        if let Some(rest) = &mut rest {
            parts.put(rest)?;
        }
        parts.flush()?;
        let mut blocks = vec![hashes.row];
        blocks.extend(rest.map(|rest| rest.row));
        let seal = Seal {
            blocks: &blocks,
            replaces: &stretch.replaces(),
            log: &log_row(state, &state.sealed.lock().clone()),
            tiles: &[],
        };
        // Readers who miss a replaced block wait for this, and then find what is left.
        let merging = state.merging.lock();
        self.store.finish_seals(std::slice::from_ref(&seal))?;
        let changing = state.changing.lock();
        // Unless a reader has found the blocks already.
        if state.standing().version == version {
            blocks.iter_mut().for_each(|row| row.dir = Vec::new());
            let mut rows = blocks.into_iter();
            if let Some(hashes) = rows.next() {
                state.prune(hashes, rows.next());
            }
            state.moved_on(self.store);
        }
        drop((changing, merging));
        let before = stretch.rows.first().map_or(stretch.end, |row| row.first);
        Ok(stretch.end - before)
    }

    fn hashes(&self, state: &LogState, stretch: &Stretch<'_>) -> Result<Built, StoreError> {
        let positions = stretch.first..stretch.end;
        let mut leaves = Vec::new();
        for row in stretch.known.into_iter().chain(stretch.rows) {
            leaves.extend(self.reader(state, row).leaves_within(&positions)?);
        }
        if leaves.len() as u64 != positions.end - positions.start {
            let what = "its blocks have other leaves than events";
            return Err(StoreError::corrupt(format!("log {}", state.org), what));
        }
        let mut recorded_micros = 0;
        if let Some(last) = stretch.rows.last() {
            let slot = u32::try_from(stretch.end - 1 - last.first).unwrap_or(u32::MAX);
            recorded_micros = self.reader(state, last).dir()?.recorded(slot);
        }
        Ok(build_hashes(&HashesInput {
            id: self.store.new_block(state.id)?,
            log: state.id,
            first: stretch.first,
            leaves: &leaves,
            recorded_micros,
        }))
    }

    /// The block of the events that stay of the last block, if any do.
    fn rest(&self, state: &LogState, stretch: &Stretch<'_>) -> Result<Option<Built>, StoreError> {
        let last = stretch.rows.last().filter(|row| end_of(row) > stretch.end);
        let Some(row) = last else { return Ok(None) };
        let reader = self.reader(state, row);
        let all = unpack(&reader, &*reader.dir()?)?;
        let from = usize::try_from(stretch.end - row.first).unwrap_or(usize::MAX);
        let rest = self.encoders.with(|encoder| {
            let block = (&all.columns, all.frames.as_slice());
            behind(block, (row.first, from), &state.key, self.terms, encoder)
        });
        let rest = rest.map_err(|error| reader.corrupt(error))?;
        if all.columns.leaves.get(from..) != Some(&rest.columns.leaves) {
            return Err(reader.corrupt(Malformed("a leaf is not that of its event")));
        }
        Ok(Some(build(&BlockInput {
            id: self.store.new_block(state.id)?,
            log: state.id,
            first: stretch.end,
            columns: &rest.columns,
            order: &time_order(&rest.columns.micros),
            frames: &rest.frames,
            page_bytes: self.params.page_bytes,
            scanned_events: self.params.scanned_events,
        })))
    }
}

/// Times of recording never decrease, so the blocks are searched by halves.
fn first_recorded_from(
    sealer: &Sealer<'_>,
    state: &LogState,
    (size, view): (u64, &View),
    micros: i64,
) -> Result<u64, QueryError> {
    let (mut from, mut to) = (0, view.blocks.len());
    // Where the block in front of `from` ends, or the first event from `micros` on inside it.
    let mut place = view.first();
    while from < to {
        let middle = usize::midpoint(from, to);
        let Some(row) = view.blocks.get(middle) else {
            break;
        };
        let dir = sealer.reader(state, row).dir()?;
        match dir.first_recorded_from(micros) {
            0 => to = middle,
            slot => {
                place = row.first + u64::from(slot);
                from = middle + 1;
                if slot < row.count {
                    break;
                }
            }
        }
    }
    let sealed = view.blocks.last().map_or(view.first(), |row| end_of(row));
    for tail in &view.tails {
        if place < sealed.max(tail.first()) {
            break;
        }
        place = tail.content(|content| {
            tail.first() + u64::from(content.columns.first_recorded_from(micros))
        });
    }
    Ok(place.min(size))
}
