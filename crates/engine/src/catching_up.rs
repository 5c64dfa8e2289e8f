//! Brings a log up to what other processes have done to it.
//!
//! What a log holds in memory is always something that was committed: whole batches, in order. So it is enough to
//! ask where the log stands, and to fetch what came since. Blocks of others take the place of tails of ours; a tail
//! that reaches beyond them keeps what they lack.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use docket_event::IdKey;

use crate::engine::Inner;
use crate::rebuild::{behind, read_batch};
use crate::replay::{Replayed, seal_head};
use crate::state::{LogState, View};
use crate::store::{BatchRow, BlockRow, LogRow, Standing, StoreError};
use crate::tail::{Joining, Tail};

/// What becomes of the tails of a log when others have sealed some of it.
#[derive(Debug, Default)]
struct Tails {
    stay: Vec<Arc<Tail>>,
    /// Those among them that were made for this.
    new: Vec<Arc<Tail>>,
    gone_bytes: usize,
}

impl Inner {
    /// Makes sure that whatever any process was told is written can be read here. One round trip to the store when
    /// nobody else has written; nothing at all when nobody else may.
    ///
    /// # Errors
    /// The store fails, or what it has cannot be right.
    pub(crate) fn freshen(&self, state: &Arc<LogState>) -> Result<(), StoreError> {
        if !self.store.shared() {
            return Ok(());
        }
        let before = state.standing();
        let now = self.store.standing(state.id)?;
        if now == before {
            return Ok(());
        }
        let _changing = state.changing.lock();
        if now.size < before.size || now.version < before.version {
            return self.read_anew(state);
        }
        let known = state.standing();
        if now.size <= known.size && now.version <= known.version {
            return Ok(());
        }
        self.fetch(state)
    }

    /// The same for a reader who misses what it has seen: somebody else may have merged it.
    ///
    /// # Errors
    /// The store fails, or what it has cannot be right.
    pub(crate) fn freshen_again(&self, state: &LogState) -> Result<(), StoreError> {
        let known = self.logs.read().get(&state.org).cloned();
        known.map_or(Ok(()), |state| self.freshen(&state))
    }

    /// The same for whoever is about to write, or to seal.
    ///
    /// # Errors
    /// The store fails, or what it has cannot be right.
    pub(crate) fn catch_up(&self, state: &Arc<LogState>) -> Result<(), StoreError> {
        if !self.store.shared() {
            return Ok(());
        }
        let _changing = state.changing.lock();
        self.fetch(state)
    }

    /// Freezes the tail that takes new events, if it has any.
    pub(crate) fn freeze(&self, state: &Arc<LogState>) -> Option<Arc<Tail>> {
        let _changing = state.changing.lock();
        state.freeze()
    }

    /// Only for who holds [`LogState::changing`].
    fn fetch(&self, state: &Arc<LogState>) -> Result<(), StoreError> {
        let known = state.standing();
        let contents = self.store.contents(state.id, Some(known))?;
        if contents.standing.size < known.size || contents.standing.version < known.version {
            return self.read_anew(state);
        }
        if let Some(blocks) = contents.blocks {
            self.adopt(state, &contents.log, blocks)?;
            state
                .version
                .store(contents.standing.version, Ordering::Release);
        }
        for row in &contents.batches {
            self.take_in(state, row)?;
        }
        if state.standing().size == contents.standing.size {
            return Ok(());
        }
        let what = "its batches do not lead to its head";
        Err(StoreError::corrupt(format!("log {}", state.org), what))
    }

    /// Reads a log anew that has lost something: a database that was put back to an earlier time, or a standby that
    /// took over without what was promised.
    fn read_anew(&self, state: &Arc<LogState>) -> Result<(), StoreError> {
        let contents = self.store.contents(state.id, None)?;
        let (known, now) = (state.standing(), contents.standing);
        if now.size >= known.size && now.version >= known.version {
            return self.fetch(state);
        }
        tracing::error!(
            org = &*state.org,
            known = known.size,
            now = now.size,
            "the database has less of a log than it had before"
        );
        let gone = state
            .view
            .read()
            .tails
            .iter()
            .map(|tail| tail.bytes())
            .sum();
        Replayed::of(contents, &self.params, &self.terms)?.restore(state);
        self.forget_tails(gone);
        self.found(state);
        Ok(())
    }

    /// Puts the blocks that there are now in the place of those that there were, and of tails.
    fn adopt(
        &self,
        state: &Arc<LogState>,
        log: &LogRow,
        blocks: Vec<BlockRow>,
    ) -> Result<(), StoreError> {
        let seal = seal_head(log, &blocks)?;
        let sealed = seal.head.size;
        let mut tails = Tails::default();
        for tail in &state.view.read().tails {
            tails.keep(tail, sealed, &state.key, self)?;
        }
        if tails.stay.is_empty() {
            tails.stay.push(Arc::new(Tail::new(sealed)));
        }
        *state.view.write() = Arc::new(View::of(blocks, tails.stay));
        if sealed > state.standing().size {
            let mut head = state.head.lock();
            head.head = seal.head;
            head.frontier = seal.frontier.clone();
            state.size.store(sealed, Ordering::Release);
        }
        *state.sealed.lock() = seal;
        self.forget_tails(tails.gone_bytes);
        self.tails_grew(tails.new.iter().map(|tail| tail.bytes()).sum());
        let now_active = state.active();
        for tail in tails.new {
            if Arc::ptr_eq(&tail, &now_active) {
                self.aging.lock().begun(state, &tail);
            } else {
                self.queue_seal(state, tail);
            }
        }
        Ok(())
    }

    /// Lets the events of a batch that somebody else wrote join the log.
    fn take_in(&self, state: &Arc<LogState>, row: &BatchRow) -> Result<(), StoreError> {
        let wrong = |what: &str| {
            StoreError::corrupt(format!("batch {} of log {}", row.first, state.org), what)
        };
        let size = state.standing().size;
        if row.first < size {
            return Ok(());
        }
        if row.first > size {
            return Err(wrong("does not follow the one in front of it"));
        }
        let joining = read_batch(row, &state.key, &self.terms).map_err(|error| wrong(error.0))?;
        self.aging.lock().written(row.data.len());
        self.join(state, joining);
        Ok(())
    }

    fn join(&self, state: &Arc<LogState>, joining: Joining) {
        let events = joining.columns.len();
        let bytes: usize = joining.frames.iter().map(|frame| frame.bytes.len()).sum();
        let leaves = joining.columns.leaves.clone();
        let recorded_micros = joining.columns.recorded.last().map(|(_, time)| *time);
        self.tails_grew(joining.bytes());
        let (most, most_bytes) = (self.params.block_events, self.params.block_bytes);
        if !state.active().has_room(events, bytes, most, most_bytes)
            && let Some(full) = state.freeze()
        {
            self.queue_seal(state, full);
        }
        let active = state.active();
        let was_empty = active.is_empty();
        active.join(joining);
        if was_empty {
            self.aging.lock().begun(state, &active);
        }
        let mut head = state.head.lock();
        leaves.iter().for_each(|leaf| head.frontier.append(*leaf));
        head.head.size += events as u64;
        head.head.recorded_micros = recorded_micros.unwrap_or(head.head.recorded_micros);
        state.size.store(head.head.size, Ordering::Release);
    }
}

impl Tails {
    /// Keeps of a tail what is not sealed.
    fn keep(
        &mut self,
        tail: &Arc<Tail>,
        sealed: u64,
        key: &IdKey,
        inner: &Inner,
    ) -> Result<(), StoreError> {
        if tail.first() >= sealed {
            self.stay.push(Arc::clone(tail));
            return Ok(());
        }
        self.gone_bytes += tail.bytes();
        if tail.end() > sealed {
            let from = usize::try_from(sealed - tail.first()).unwrap_or(usize::MAX);
            let rest = inner.encoders.with(|encoder| {
                tail.content(|content| {
                    let stretch = (&content.columns, content.frames.as_slice());
                    behind(stretch, (tail.first(), from), key, &inner.terms, encoder)
                })
            });
            let place = || format!("the tail at {}", tail.first());
            let rest = rest.map_err(|error| StoreError::corrupt(place(), error.0))?;
            let next = Arc::new(Tail::new(sealed));
            next.join(rest);
            self.new.push(Arc::clone(&next));
            self.stay.push(next);
        }
        Ok(())
    }
}

impl LogState {
    /// What of the log is in memory.
    pub fn standing(&self) -> Standing {
        Standing {
            size: self.size.load(Ordering::Acquire),
            version: self.version.load(Ordering::Acquire),
        }
    }
}
