//! Which events a filter wants, as a set for each block and tail: what counts, histograms and tops are made of.
//!
//! The sets come from postings. Only events of which the indexes cannot tell are decoded, up to a limit.

use std::sync::Arc;

use docket_event::{Field, Filter, IdKey, Place, Recorded};

use crate::ahead::read_indexes;
use crate::bits::Bits;
use crate::block::{BlockIndex, BlockReader, Dir, Looked};
use crate::look::{Looker, Search};
use crate::plan::{Bounds, Looks, Plan, index_has};
use crate::query::Reading;
use crate::request::QueryError;
use crate::search::{Allowance, SEARCHED_BYTES_MAX};
use crate::state::{LogState, View};
use crate::store::{BlockRow, StoreError};
use crate::tail::{Tail, TailCandidate};
use crate::terms::Term;

/// Most events that one question decodes because no index answers it.
pub const DECODED_MAX: u32 = 20_000;
/// Most terms of which one question learns what they stand for.
const LEARNED_MAX: u32 = 2_000;
/// Most blocks that one question opens. Blocks that are wanted as a whole need not be opened to be counted.
pub const OPENED_MAX: u32 = 2_048;
/// Most postings that one question reads besides those that its filter names.
pub const POSTINGS_MAX: u32 = 20_000;
/// Most events that are decoded at once.
const DECODED_AT_ONCE: usize = 1_024;
/// Of the bytes that a text search may look through, counting has this part.
const COUNTED_SHARE: u64 = 4;

/// So few events are decoded rather than looked up in postings.
const DECODED_FIRST: u64 = 2_048;
/// So few events in front of a page are read rather than counted.
const SKIPPED_FIRST: u64 = 50;

/// How much work a question may still make, and where one kind of work gives way to another.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Events to decode.
    pub decoded: u32,
    /// Events to decode, one for each term of which it is to be learned what it stands for.
    pub learned: u32,
    /// Blocks to open.
    pub opened: u32,
    /// Postings to read.
    pub postings: u32,
    /// Bytes of events to look through for a text.
    pub searched: u64,
    /// So few events are decoded rather than looked up in postings.
    pub decoded_first: u64,
    /// So few events in front of a page are read rather than counted.
    pub skipped_first: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Budget {
            decoded: DECODED_MAX,
            learned: LEARNED_MAX,
            opened: OPENED_MAX,
            postings: POSTINGS_MAX,
            searched: SEARCHED_BYTES_MAX,
            decoded_first: DECODED_FIRST,
            skipped_first: SKIPPED_FIRST,
        }
    }
}

/// Takes one of what is left; `false` when nothing is.
pub fn take(left: &mut u32) -> bool {
    let more = left.checked_sub(1);
    *left = more.unwrap_or(0);
    more.is_some()
}

/// The events that a filter wants.
#[derive(Debug)]
pub struct Matching<'v> {
    /// Blocks and tails with events that are wanted, newest first.
    pub parts: Vec<Part<'v>>,
    /// Whether these are all: the budget did not run out.
    pub complete: bool,
    /// Whether terms tell values apart; if not, only types and events themselves are to be trusted.
    pub terms_tell_apart: bool,
}

/// A block or a tail with events that are wanted.
#[derive(Debug)]
pub struct Part<'v> {
    /// Where they are.
    pub place: PartPlace<'v>,
    /// The ids that are wanted: local ids of a block, slots of a tail; `None`: all of a block.
    pub wanted: Option<Bits>,
}

/// Where wanted events are.
#[derive(Debug)]
pub enum PartPlace<'v> {
    /// In a block.
    Block(BlockReader<'v>),
    /// In a tail.
    Tail(&'v Tail, &'v IdKey),
}

/// What of a view `filter` wants, among the first `size` events of the log.
pub fn matching<'v>(
    reading: &Reading<'v>,
    state: &'v LogState,
    (size, view): (u64, &'v View),
    filter: &Filter,
    mut budget: Budget,
) -> Result<Matching<'v>, QueryError> {
    let mut plan = Plan::of(filter, reading.terms);
    plan.to_position = size;
    budget.searched /= COUNTED_SHARE;
    let mut found = Matching {
        parts: Vec::new(),
        complete: true,
        terms_tell_apart: reading.terms.tell_apart(),
    };
    for tail in view.tails.iter().rev().filter(|tail| tail.first() < size) {
        let bounds = tail.bounds(&plan, size, &state.key);
        let place = PartPlace::Tail(tail, &state.key);
        found.decide(place, bounds, (filter, &plan), &mut budget)?;
    }
    let rows = view.blocks.iter().rev().map(|row| &**row);
    let met = rows.filter(|row| row.first < size && meets(&plan, row));
    let reader = |row: &'v BlockRow| BlockReader {
        row,
        store: reading.store,
        cache: reading.cache,
        key: &state.key,
    };
    let readers: Vec<BlockReader<'_>> = met.map(reader).collect();
    let opened = readers.iter().filter(|one| !is_whole(&plan, one.row));
    let opened: Vec<BlockReader<'_>> = opened.copied().collect();
    let mut next = opened.chunks(reading.store.blocks_at_once());
    let mut ready = 0;
    for reader in readers {
        if is_whole(&plan, reader.row) {
            let place = PartPlace::Block(reader);
            found.parts.push(Part {
                place,
                wanted: None,
            });
        } else if take(&mut budget.opened) {
            if ready == 0 {
                let some = next.next().unwrap_or_default();
                read_indexes(some, reading.store, &plan)?;
                ready = some.len();
            }
            ready -= 1;
            let bounds = block_bounds(&reader, &plan)?;
            found.decide(
                PartPlace::Block(reader),
                bounds,
                (filter, &plan),
                &mut budget,
            )?;
        } else {
            found.complete = false;
        }
    }
    Ok(found)
}

fn meets(plan: &Plan, row: &BlockRow) -> bool {
    let occurred = plan.occurred;
    occurred.from.is_none_or(|from| row.max_micros >= from)
        && occurred.to.is_none_or(|to| row.min_micros < to)
}

/// Whether the row alone says that every event of the block is wanted.
fn is_whole(plan: &Plan, row: &BlockRow) -> bool {
    plan.is_open()
        && plan.occurred.contains(row.min_micros)
        && plan.occurred.contains(row.max_micros)
        && plan.recorded == docket_event::Span::default()
        && row.first + u64::from(row.count) <= plan.to_position
}

/// The local ids that a plan wants for certain, and those that it may want.
fn block_bounds(reader: &BlockReader<'_>, plan: &Plan) -> Result<Bounds, StoreError> {
    let row = reader.row;
    let dir = reader.dir()?;
    let mut index = BlockIndex { reader, dir: &dir };
    let mut bounds = plan.bounds(row.count, &mut index)?;
    if bounds.maybe.is_empty() {
        return Ok(bounds);
    }
    let bound = |micros: Option<i64>, open: u32| match micros {
        Some(micros) => reader.lower_bound(&dir, micros, 0),
        None => Ok(open),
    };
    let (from, to) = (
        bound(plan.occurred.from, 0)?,
        bound(plan.occurred.to, row.count)?,
    );
    let slots = plan.slots(row.first, row.count, &mut |micros| {
        dir.first_recorded_from(micros)
    });
    let allowed = (slots != (0..row.count)).then(|| locals_of(&dir, &slots));
    for bits in [&mut bounds.sure, &mut bounds.maybe] {
        bits.clamp(from, to);
        if let Some(allowed) = &allowed {
            bits.and(allowed);
        }
    }
    Ok(bounds)
}

/// The local ids of a range of slots.
fn locals_of(dir: &Dir, slots: &std::ops::Range<u32>) -> Bits {
    let mut wanted = Bits::none(dir.count);
    wanted.set_range(slots.start, slots.end);
    dir.locals_of(&wanted)
}

impl<'v> Matching<'v> {
    /// How many events there are.
    pub fn count(&self) -> u64 {
        self.parts.iter().map(Part::count).sum()
    }

    /// Adds a part, with those of its possible events that turn out to be wanted.
    fn decide(
        &mut self,
        place: PartPlace<'v>,
        bounds: Bounds,
        (filter, plan): (&Filter, &Plan),
        budget: &mut Budget,
    ) -> Result<(), QueryError> {
        let Bounds {
            sure,
            mut maybe,
            looks,
        } = bounds;
        maybe.and_not(&sure);
        let mut part = Part {
            place,
            wanted: Some(sure),
        };
        let mut passing = Vec::new();
        if !looks.is_empty() {
            self.complete &= part.sift(&mut maybe, &looks, &plan.searches, &mut budget.searched)?;
        }
        let all = part.decode(&maybe, budget, &mut |id, event| {
            if filter.matches(&event) {
                passing.push(id);
            }
        })?;
        self.complete &= all;
        if let Some(wanted) = &mut part.wanted {
            passing.into_iter().for_each(|id| wanted.set(id));
        }
        if part.count() > 0 {
            self.parts.push(part);
        }
        Ok(())
    }
}

impl Part<'_> {
    /// How many events are wanted.
    pub fn count(&self) -> u64 {
        match (&self.wanted, &self.place) {
            (Some(wanted), _) => wanted.count().into(),
            (None, PartPlace::Block(reader)) => reader.row.count.into(),
            (None, PartPlace::Tail(tail, _)) => tail.len().into(),
        }
    }

    /// The wanted ids.
    pub fn ids(&self) -> Bits {
        match (&self.wanted, &self.place) {
            (Some(wanted), _) => wanted.clone(),
            (None, PartPlace::Block(reader)) => Bits::all(reader.row.count),
            (None, PartPlace::Tail(tail, _)) => Bits::all(tail.len()),
        }
    }

    /// A set of its ids that has none yet.
    pub fn none(&self) -> Bits {
        match (&self.wanted, &self.place) {
            (Some(wanted), _) => Bits::none(wanted.end()),
            (None, PartPlace::Block(reader)) => Bits::none(reader.row.count),
            (None, PartPlace::Tail(tail, _)) => Bits::none(tail.len()),
        }
    }

    /// Whether postings tell of a field.
    pub fn has_field(&self, field: Field) -> Result<bool, StoreError> {
        Ok(match &self.place {
            PartPlace::Block(reader) => {
                index_has(reader.row.fields, reader.dir()?.vocabulary, field)
            }
            PartPlace::Tail(..) => true,
        })
    }

    /// How many of the wanted events have each of some terms.
    pub fn term_counts(&self, terms: &[Term]) -> Result<Vec<u64>, StoreError> {
        if let (None, PartPlace::Block(reader)) = (&self.wanted, &self.place) {
            let dir = reader.dir()?;
            let counts = terms.iter().map(|term| reader.term_count(&dir, *term));
            return counts.map(|count| Ok(count?.into())).collect();
        }
        let wanted = self.ids();
        let mut counts = Vec::with_capacity(terms.len());
        self.each_term(terms, &mut |ids| {
            counts.push(ids.count_common(&wanted).into());
        })?;
        Ok(counts)
    }

    /// The ids of some terms together, wanted or not.
    pub fn having(&self, terms: &[Term]) -> Result<Bits, StoreError> {
        let mut all = self.none();
        self.each_term(terms, &mut |ids| all.or(ids))?;
        Ok(all)
    }

    /// Calls `found` with the ids of each term, one by one; the directory is looked for once.
    fn each_term(&self, terms: &[Term], found: &mut dyn FnMut(&Bits)) -> Result<(), StoreError> {
        let dir = match &self.place {
            PartPlace::Block(reader) => Some((reader, reader.dir()?)),
            PartPlace::Tail(..) => None,
        };
        for term in terms {
            let mut ids = self.none();
            match (&self.place, &dir) {
                (PartPlace::Tail(tail, _), _) => tail.add_term(*term, &mut ids),
                (PartPlace::Block(_), Some((reader, dir))) => {
                    reader.add_term(dir, *term, &mut ids)?;
                }
                (PartPlace::Block(_), None) => {}
            }
            found(&ids);
        }
        Ok(())
    }

    /// The terms that have more than a few ids, and how many, wanted or not.
    pub fn heavy_terms(&self) -> Result<Arc<Vec<(Term, u32)>>, StoreError> {
        match &self.place {
            PartPlace::Block(reader) => reader.heavy_terms(&*reader.dir()?),
            PartPlace::Tail(tail, _) => Ok(Arc::new(tail.heavy_terms())),
        }
    }

    /// The places of all wanted events of a tail, in no order; of a block, none.
    pub fn places(&self) -> Vec<Place> {
        let PartPlace::Tail(tail, _) = &self.place else {
            return Vec::new();
        };
        let place = |(slot, micros): (u32, i64)| Place {
            micros,
            position: tail.first() + u64::from(slot),
        };
        tail.micros(&self.ids()).into_iter().map(place).collect()
    }

    /// Decodes the events of some ids, as far as the budget goes; whether it went to the end.
    pub fn decode(
        &self,
        ids: &Bits,
        budget: &mut Budget,
        found: &mut dyn FnMut(u32, Recorded),
    ) -> Result<bool, QueryError> {
        let mut ids = ids.iter().peekable();
        while ids.peek().is_some() {
            let most = DECODED_AT_ONCE.min(budget.decoded as usize);
            let some: Vec<u32> = ids.by_ref().take(most).collect();
            if some.is_empty() {
                return Ok(false);
            }
            budget.decoded -= u32::try_from(some.len()).unwrap_or(budget.decoded);
            let events = self.events(&some)?;
            some.into_iter()
                .zip(events)
                .for_each(|(id, event)| found(id, event));
        }
        Ok(true)
    }

    /// Drops the ids whose stored events lack what `looks` demands, as far as `bytes` may be looked through; those
    /// behind that are dropped as well. Whether it went to the end.
    fn sift(
        &self,
        ids: &mut Bits,
        looks: &Looks,
        searches: &[Search],
        bytes: &mut u64,
    ) -> Result<bool, QueryError> {
        let mut allowance = Allowance::bytes_of(*bytes);
        let mut looker = Looker::new(searches);
        let mut passing = Bits::none(ids.end());
        let all: Vec<u32> = ids.iter().collect();
        let mut complete = true;
        for some in all.chunks(DECODED_AT_ONCE) {
            match self.sifted(some, looks, (&mut looker, &mut allowance)) {
                Ok(found) => found.into_iter().for_each(|id| passing.set(id)),
                Err(QueryError::TooBroad(_)) => {
                    complete = false;
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        *bytes = if complete { allowance.left() } else { 0 };
        *ids = passing;
        Ok(complete)
    }

    fn sifted(
        &self,
        ids: &[u32],
        looks: &Looks,
        (looker, allowance): (&mut Looker<'_>, &mut Allowance),
    ) -> Result<Vec<u32>, QueryError> {
        match &self.place {
            PartPlace::Block(reader) => {
                let dir = reader.dir()?;
                let looked: Vec<Looked> = ids
                    .iter()
                    .map(|id| (dir.slot(*id), looks.needs(*id)))
                    .collect();
                let slots = reader.sift(&dir, &looked, looker, allowance)?;
                // In the order given, so the ids can be found again.
                let mut slots = slots.into_iter().peekable();
                let kept = ids
                    .iter()
                    .zip(looked)
                    .filter(|(_, (slot, _))| slots.next_if_eq(slot).is_some());
                Ok(kept.map(|(id, _)| *id).collect())
            }
            PartPlace::Tail(tail, _) => {
                let candidate = |slot: &u32| TailCandidate {
                    place: Place {
                        micros: 0,
                        position: tail.first() + u64::from(*slot),
                    },
                    needs: looks.needs(*slot),
                };
                let candidates: Vec<TailCandidate> = ids.iter().map(candidate).collect();
                let (_, positions) = tail.sift(&candidates, ids.len(), (looker, allowance))?;
                let slot = |position: u64| u32::try_from(position - tail.first()).ok();
                Ok(positions.into_iter().filter_map(slot).collect())
            }
        }
    }

    fn events(&self, ids: &[u32]) -> Result<Vec<Recorded>, QueryError> {
        match &self.place {
            PartPlace::Block(reader) => {
                let dir = reader.dir()?;
                let slots: Vec<u32> = ids.iter().map(|id| dir.slot(*id)).collect();
                Ok(reader.events(&dir, &slots)?)
            }
            PartPlace::Tail(tail, key) => {
                let position = |slot: &u32| tail.first() + u64::from(*slot);
                let positions: Vec<u64> = ids.iter().map(position).collect();
                let events = tail.events(&positions, key);
                events.map_err(|error| QueryError::Corrupt(error.0.to_owned()))
            }
        }
    }
}
