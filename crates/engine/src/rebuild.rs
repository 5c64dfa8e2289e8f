//! Works out anew what an index knows of events, from the frames that hold them.

use std::sync::Arc;

use docket_event::{IdKey, Timestamp};

use crate::batch::Batch;
use crate::block::{BlockReader, Dir, place};
use crate::codec::Malformed;
use crate::columns::Columns;
use crate::encode::{Parts, SALT_BYTES, begin_leaf, finish_leaf, merge};
use crate::frame::{self, Frame, FrameEncoder};
use crate::grams::GramMaker;
use crate::store::{BatchRow, StoreError};
use crate::tail::Joining;
use crate::terms::{Pair, Terms, sort_pairs};

/// Works out the columns of a stretch of a log, event by event.
struct Rebuilder<'r> {
    terms: &'r Terms,
    key: &'r IdKey,
    first: u64,
    joining: Joining,
    pairs: Vec<Pair>,
    grams: GramMaker,
    /// Events of the group of grams that is under way.
    in_group: u32,
    /// How many events the groups to come have; where nothing is said, each frame is taken for one.
    groups: std::vec::IntoIter<u32>,
}

/// What is stored of an event beside its frame.
#[derive(Clone, Copy)]
struct Beside {
    salt: [u8; SALT_BYTES],
    recorded_micros: i64,
}

impl<'r> Rebuilder<'r> {
    fn new(terms: &'r Terms, key: &'r IdKey, first: u64) -> Self {
        Rebuilder {
            terms,
            key,
            first,
            joining: Joining::default(),
            pairs: Vec::new(),
            grams: GramMaker::new(usize::MAX),
            in_group: 0,
            groups: Vec::new().into_iter(),
        }
    }

    /// Makes groups of grams that have so many events each.
    fn in_groups(mut self, sizes: Vec<u32>) -> Self {
        self.groups = sizes.into_iter();
        self
    }

    /// Adds a frame; `beside` tells of each of its slots what is stored beside it.
    fn frame(
        &mut self,
        frame: Frame,
        mut beside: impl FnMut(usize) -> Option<Beside>,
    ) -> Result<(), Malformed> {
        let all = frame::decode(&frame.bytes)?;
        if all.len() != frame.events {
            return Err(Malformed("a frame has another number of events"));
        }
        for parts in &all {
            let slot = self.joining.columns.len();
            let beside = beside(slot).ok_or(Malformed("a salt is missing"))?;
            self.event(parts, slot, beside)?;
        }
        if self.groups.as_slice().is_empty() && self.in_group > 0 {
            let events = std::mem::take(&mut self.in_group);
            self.joining.columns.grams.push(events, self.grams.take());
        }
        self.joining.frames.push(frame);
        Ok(())
    }

    fn event(&mut self, parts: &Parts, slot: usize, beside: Beside) -> Result<(), Malformed> {
        let Beside {
            salt,
            recorded_micros,
        } = beside;
        let number = u16::try_from(slot).map_err(|_| Malformed("there are too many events"))?;
        let event = merge(parts)?;
        let micros = event.occurred_at.map_or(recorded_micros, Timestamp::micros);
        self.terms.add(&event, number, &mut self.pairs);
        self.grams.event(&event);
        self.in_group += 1;
        let columns = &mut self.joining.columns;
        if self.groups.as_slice().first() == Some(&self.in_group) {
            columns
                .grams
                .push_group(std::mem::take(&mut self.in_group), self.grams.take());
            self.groups.next();
        }
        match columns.types.get_mut(event.event_type.as_str()) {
            Some(slots) => slots.push(number),
            None => {
                let name: Arc<str> = event.event_type.as_str().into();
                columns.types.insert(name, vec![number]);
            }
        }
        let recorded = place(event, recorded_micros, self.first + slot as u64, self.key);
        let leaf = finish_leaf(begin_leaf(parts, &salt), recorded.id, recorded_micros);
        columns.push(micros, recorded_micros, salt, leaf);
        Ok(())
    }

    fn finish(mut self) -> Joining {
        sort_pairs(&mut self.pairs);
        self.joining.columns.terms.push(self.pairs);
        self.joining
    }
}

/// The events of a batch, indexed as append does it.
///
/// # Errors
/// The row is not what append makes.
pub fn read_batch(row: &BatchRow, key: &IdKey, terms: &Terms) -> Result<Joining, Malformed> {
    let Batch {
        recorded_micros,
        times,
        salts,
        frames,
    } = Batch::decode(row)?;
    let mut rebuilder = Rebuilder::new(terms, key, row.first);
    let beside = |slot: usize| {
        let salt = *salts.get(slot)?;
        Some(Beside {
            salt,
            recorded_micros,
        })
    };
    for frame in frames.into_owned() {
        rebuilder.frame(frame, beside)?;
    }
    let joining = rebuilder.finish();
    if joining.columns.micros != *times {
        return Err(Malformed("an event has another time than its batch says"));
    }
    Ok(joining)
}

/// The events of a stretch of a log from slot `from` on, indexed as if a stretch began with them; the first of all stands
/// at `first`. A frame with events of both is cut.
///
/// # Errors
/// A frame is not one.
pub fn behind(
    (columns, frames): (&Columns, &[Frame]),
    (first, from): (u64, usize),
    key: &IdKey,
    terms: &Terms,
    encoder: &mut FrameEncoder,
) -> Result<Joining, Malformed> {
    let mut rebuilder = Rebuilder::new(terms, key, first + from as u64);
    let beside = |slot: usize| {
        let slot = from + slot;
        Some(Beside {
            salt: *columns.salts.get(slot)?,
            recorded_micros: columns.recorded(u32::try_from(slot).ok()?),
        })
    };
    let mut begins = 0;
    for frame in frames {
        let ends = begins + frame.events;
        let cut = from.saturating_sub(begins);
        if cut == 0 {
            rebuilder.frame(frame.clone(), beside)?;
        } else if from < ends {
            let parts = frame::decode(&frame.bytes)?;
            let rest = parts.get(cut..).unwrap_or_default();
            rebuilder.frame(encoder.encode(rest), beside)?;
        }
        begins = ends;
    }
    Ok(rebuilder.finish())
}

/// The events of a block, indexed anew; leaves must be the stored ones.
///
/// # Errors
/// The store fails, or the block is not what was stored.
pub fn read_block(
    reader: &BlockReader<'_>,
    dir: &Dir,
    body: &[u8],
    terms: &Terms,
) -> Result<Joining, StoreError> {
    let salts = reader.salts(dir)?;
    let leaves = reader.leaves(dir)?;
    let corrupt = |error: Malformed| reader.corrupt(error);
    let rebuilder = Rebuilder::new(terms, reader.key, reader.row.first);
    let mut rebuilder = rebuilder.in_groups(dir.groups.clone());
    let beside = |slot: usize| {
        let salt = *salts.get(slot)?;
        Some(Beside {
            salt,
            recorded_micros: dir.recorded(u32::try_from(slot).ok()?),
        })
    };
    let ends = dir.frames.iter().skip(1).map(|(first, _)| *first);
    for ((first, piece), end) in dir.frames.iter().zip(ends.chain([dir.count])) {
        if *first as usize != rebuilder.joining.columns.len() || end < *first {
            return Err(corrupt(Malformed("its frames do not follow each other")));
        }
        let range = piece.range();
        let at = |end: u64| usize::try_from(end).unwrap_or(usize::MAX);
        let data = body.get(at(range.start)..at(range.end));
        let data = data.ok_or_else(|| corrupt(Malformed("a frame lies outside the body")))?;
        let frame = Frame {
            events: (end - first) as usize,
            bytes: data.into(),
        };
        rebuilder.frame(frame, beside).map_err(corrupt)?;
    }
    let joining = rebuilder.finish();
    if joining.columns.leaves != leaves {
        return Err(corrupt(Malformed("a leaf is not that of its event")));
    }
    if joining.columns.len() != dir.count as usize {
        let what = Malformed("its frames hold another number of events");
        return Err(corrupt(what));
    }
    Ok(joining)
}
