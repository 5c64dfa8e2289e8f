//! A block or a tail on a walk: yields its wanted events one by one, reading only the frames that it needs.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::sync::Arc;

use docket_event::{Direction, Filter, IdKey, Order, Place, Recorded};

use crate::bits::Bits;
use crate::block::{BlockIndex, BlockReader, Dir, Lacking, Looked};
use crate::codec::Malformed;
use crate::look::Looker;
use crate::plan::{Candidates, Plan};
use crate::query::Reading;
use crate::request::QueryError;
use crate::search::Allowance;
use crate::state::{LogState, View};
use crate::store::{BlockRow, StoreError};
use crate::tail::{Tail, TailWalk};

/// Events that are decoded at first. Of a segment that goes on giving events, more are decoded each time: where many
/// segments overlap, few of each are wanted.
const FETCH_FIRST: usize = 32;
/// How many times as many the next time.
const FETCH_GROWTH: usize = 4;
/// Most stored events that are looked into for a text at once.
const LOOK_MAX: usize = 4_096;

/// A walk through a log.
#[derive(Clone, Copy, Debug)]
pub struct Walk {
    /// The order.
    pub order: Order,
    /// The direction.
    pub direction: Direction,
    /// Only what lies behind this place.
    pub after: Option<Place>,
}

impl Walk {
    /// Compares two places: the one that the walk meets first is less.
    pub fn compare(&self, one: &Place, other: &Place) -> Ordering {
        let ascending = one.compare(other, self.order);
        match self.direction {
            Direction::Ascending => ascending,
            Direction::Descending => ascending.reverse(),
        }
    }

    /// Whether the walk, begun behind its start, still meets the place.
    fn meets(&self, place: &Place) -> bool {
        self.after
            .is_none_or(|after| self.compare(place, &after).is_gt())
    }
}

/// A block or a tail on a walk.
#[derive(Debug)]
pub struct Segment<'s> {
    part: Part<'s>,
    walk: Walk,
    plan: &'s Plan,
    lowest: Place,
    highest: Place,
    fetch: usize,
    ready: VecDeque<Recorded>,
}

#[derive(Debug)]
enum Part<'s> {
    Block {
        reader: BlockReader<'s>,
        cursor: Option<BlockCursor>,
    },
    Tail {
        tail: &'s Tail,
        key: &'s IdKey,
        end: u64,
        after: Option<Place>,
        done: bool,
    },
}

/// Where a walk stands in a block.
#[derive(Debug)]
struct BlockCursor {
    dir: Arc<Dir>,
    /// Local ids in occurred order, slots in recorded order.
    candidates: Candidates,
    /// Next id to look at, ascending, or one more than it, descending.
    at: u32,
}

impl<'s> Segment<'s> {
    /// All segments of a view that the walk may meet.
    pub fn all(
        reading: &Reading<'s>,
        state: &'s LogState,
        view: &'s View,
        plan: &'s Plan,
        walk: &Walk,
        size: u64,
    ) -> Vec<Self> {
        let blocks = view
            .blocks
            .iter()
            .map(|row| Segment::block(reading, state, row, plan, walk));
        let tails = view.tails.iter().filter(|tail| tail.first() < size);
        let tails = tails.filter_map(|tail| Segment::tail(state, tail, plan, walk, size));
        let met = |segment: &Segment<'_>| {
            let last = match walk.direction {
                Direction::Ascending => segment.highest,
                Direction::Descending => segment.lowest,
            };
            walk.meets(&last) && segment.overlaps(plan)
        };
        blocks.chain(tails).filter(met).collect()
    }

    fn block(
        reading: &Reading<'s>,
        state: &'s LogState,
        row: &'s BlockRow,
        plan: &'s Plan,
        walk: &Walk,
    ) -> Self {
        let reader = BlockReader {
            row,
            store: reading.store,
            cache: reading.cache,
            key: &state.key,
        };
        let last = row.first + u64::from(row.count.saturating_sub(1));
        Segment {
            part: Part::Block {
                reader,
                cursor: None,
            },
            walk: *walk,
            plan,
            lowest: Place {
                micros: row.min_micros,
                position: row.first,
            },
            highest: Place {
                micros: row.max_micros,
                position: last,
            },
            fetch: FETCH_FIRST,
            ready: VecDeque::new(),
        }
    }

    fn tail(
        state: &'s LogState,
        tail: &'s Tail,
        plan: &'s Plan,
        walk: &Walk,
        size: u64,
    ) -> Option<Self> {
        let (earliest, latest) = tail.times()?;
        let end = tail.end().min(size);
        Some(Segment {
            part: Part::Tail {
                tail,
                key: &state.key,
                end,
                after: walk.after,
                done: false,
            },
            walk: *walk,
            plan,
            lowest: Place {
                micros: earliest,
                position: tail.first(),
            },
            highest: Place {
                micros: latest,
                position: end.checked_sub(1)?,
            },
            fetch: FETCH_FIRST,
            ready: VecDeque::new(),
        })
    }

    fn overlaps(&self, plan: &Plan) -> bool {
        plan.occurred
            .from
            .is_none_or(|from| self.highest.micros >= from)
            && plan.occurred.to.is_none_or(|to| self.lowest.micros < to)
    }

    /// No event of the segment comes before this place on the walk.
    pub fn earliest(&self, walk: &Walk) -> Place {
        match walk.direction {
            Direction::Ascending => self.lowest,
            Direction::Descending => self.highest,
        }
    }

    /// The block, if it is one.
    pub fn block_reader(&self) -> Option<BlockReader<'s>> {
        match &self.part {
            Part::Block { reader, .. } => Some(*reader),
            Part::Tail { .. } => None,
        }
    }

    /// How many events will be decoded first, at most `need` of which will be taken, and the frames that this lacks.
    pub fn first_frames(
        &mut self,
        need: usize,
    ) -> Result<(usize, Option<Lacking<'s>>), StoreError> {
        let Part::Block { reader, cursor } = &mut self.part else {
            return Ok((0, None));
        };
        let cursor = match cursor {
            Some(cursor) => cursor,
            None => cursor.insert(BlockCursor::open(reader, self.plan, &self.walk)?),
        };
        let at = cursor.at;
        let next = cursor.next(&self.walk, self.plan, reader, first_fetch(need, self.fetch));
        cursor.at = at;
        let slots = next.iter().map(|(slot, _)| *slot);
        Ok((
            next.len(),
            Some(Lacking::of_frames(reader, &cursor.dir, slots)),
        ))
    }

    /// The place of the next wanted event; `None` when there are no more. At most `need` more will be taken.
    pub fn head(
        &mut self,
        filter: &Filter,
        need: usize,
        allowance: &mut Allowance,
    ) -> Result<Option<Place>, QueryError> {
        while self.ready.is_empty() {
            let most = first_fetch(need, self.fetch);
            self.fetch = self.fetch.saturating_mul(FETCH_GROWTH);
            if !self.fetch(filter, most, allowance)? {
                return Ok(None);
            }
        }
        Ok(self.ready.front().map(Place::of))
    }

    /// Takes the event whose place [`Segment::head`] gave.
    pub fn take(&mut self) -> Option<Recorded> {
        self.ready.pop_front()
    }

    /// Decodes the next candidates and keeps the wanted ones; `false` when there are no candidates left.
    fn fetch(
        &mut self,
        filter: &Filter,
        most: usize,
        allowance: &mut Allowance,
    ) -> Result<bool, QueryError> {
        let (plan, walk) = (self.plan, self.walk);
        let mut looker = Looker::new(&plan.searches);
        let (any, fetched) = match &mut self.part {
            Part::Block { reader, cursor } => {
                let cursor = match cursor {
                    Some(cursor) => cursor,
                    None => cursor.insert(BlockCursor::open(reader, plan, &walk)?),
                };
                let (any, slots) =
                    cursor.sifted((&walk, plan), reader, most, (&mut looker, allowance))?;
                allowance.events(slots.len())?;
                (any, reader.events(&cursor.dir, &slots)?)
            }
            Part::Tail { done: true, .. } => (false, Vec::new()),
            Part::Tail {
                tail,
                key,
                end,
                after,
                done,
            } => {
                let searching = !plan.searches.is_empty();
                let look = TailWalk {
                    order: walk.order,
                    direction: walk.direction,
                    after: *after,
                    most: if searching { LOOK_MAX } else { most },
                    end: *end,
                };
                let found = tail.candidates(plan, &look, key);
                *done = found.len() < look.most;
                let malformed = |error: Malformed| QueryError::Corrupt(error.0.to_owned());
                let (looked, positions) = tail.sift(&found, most, (&mut looker, allowance))?;
                *done &= looked == found.len();
                let last = looked.checked_sub(1).and_then(|last| found.get(last));
                *after = last.map(|found| found.place).or(*after);
                allowance.events(positions.len())?;
                (looked > 0, tail.events(&positions, key).map_err(malformed)?)
            }
        };
        self.ready
            .extend(fetched.into_iter().filter(|event| filter.matches(event)));
        Ok(any)
    }
}

/// How many events are decoded at once when `need` will be taken.
fn first_fetch(need: usize, most: usize) -> usize {
    need.clamp(FETCH_FIRST, most)
}

impl BlockCursor {
    fn open(reader: &BlockReader<'_>, plan: &Plan, walk: &Walk) -> Result<Self, StoreError> {
        let row = reader.row;
        let dir = reader.dir()?;
        let mut index = BlockIndex { reader, dir: &dir };
        let mut candidates = plan.evaluate(row.count, &mut index)?;
        let wanted = &mut candidates.wanted;
        if let Some(from) = plan.occurred.from {
            wanted.clamp(reader.lower_bound(&dir, from, 0)?, row.count);
        }
        if let Some(to) = plan.occurred.to {
            wanted.clamp(0, reader.lower_bound(&dir, to, 0)?);
        }
        match (walk.order, walk.after) {
            (Order::Occurred, Some(after)) => clamp_by_time(reader, &dir, walk, after, wanted)?,
            (Order::Occurred, None) => {}
            (Order::Recorded, after) => {
                candidates = Candidates {
                    wanted: by_slot(&dir, wanted),
                    looks: candidates.looks.renumbered(|ids| by_slot(&dir, ids)),
                };
                if let Some(after) = after {
                    clamp_by_position(row, walk, after, &mut candidates.wanted);
                }
            }
        }
        let at = match walk.direction {
            Direction::Ascending => 0,
            Direction::Descending => row.count,
        };
        Ok(BlockCursor {
            dir,
            candidates,
            at,
        })
    }

    /// The slots of the next candidates that pass a look into what is stored: at least `most` if there are so many.
    /// Whether there was any candidate.
    fn sifted(
        &mut self,
        (walk, plan): (&Walk, &Plan),
        reader: &BlockReader<'_>,
        most: usize,
        (looker, allowance): (&mut Looker<'_>, &mut Allowance),
    ) -> Result<(bool, Vec<u32>), QueryError> {
        let mut at_once = most;
        let mut passing = Vec::new();
        let mut any = false;
        while passing.len() < most {
            let next = self.next(walk, plan, reader, at_once);
            if next.is_empty() {
                break;
            }
            any = true;
            passing.extend(reader.sift(&self.dir, &next, looker, allowance)?);
            at_once = at_once.saturating_mul(FETCH_GROWTH).min(LOOK_MAX);
        }
        Ok((any, passing))
    }

    /// The slots of the next candidates, and what they need to pass.
    fn next(
        &mut self,
        walk: &Walk,
        plan: &Plan,
        reader: &BlockReader<'_>,
        most: usize,
    ) -> Vec<Looked> {
        let allowed = plan.slots(reader.row.first, reader.row.count, &mut |micros| {
            self.dir.first_recorded_from(micros)
        });
        let Candidates { wanted, looks } = &self.candidates;
        let mut slots = Vec::with_capacity(most);
        while slots.len() < most {
            let id = match walk.direction {
                Direction::Ascending => wanted.next(self.at),
                Direction::Descending => wanted.previous(self.at),
            };
            let Some(id) = id else { break };
            self.at = match walk.direction {
                Direction::Ascending => id + 1,
                Direction::Descending => id,
            };
            let slot = match walk.order {
                Order::Occurred => self.dir.slot(id),
                Order::Recorded => id,
            };
            if allowed.contains(&slot) {
                slots.push((slot, looks.needs(id)));
            }
        }
        slots
    }
}

/// The slots of local ids.
pub fn by_slot(dir: &Dir, locals: &Bits) -> Bits {
    if let [only] = dir.perm.as_slice()
        && only.slot == 0
    {
        return locals.clone();
    }
    let mut slots = Bits::none(locals.end());
    locals.iter().for_each(|local| slots.set(dir.slot(local)));
    slots
}

/// Keeps the local ids that lie behind a place on the walk.
fn clamp_by_time(
    reader: &BlockReader<'_>,
    dir: &Dir,
    walk: &Walk,
    after: Place,
    wanted: &mut Bits,
) -> Result<(), StoreError> {
    let row = reader.row;
    match walk.direction {
        Direction::Ascending => {
            let (micros, slot) = slot_bound(
                row,
                Place {
                    position: after.position.saturating_add(1),
                    ..after
                },
            );
            wanted.clamp(reader.lower_bound(dir, micros, slot)?, row.count);
        }
        Direction::Descending => {
            let (micros, slot) = slot_bound(row, after);
            wanted.clamp(0, reader.lower_bound(dir, micros, slot)?);
        }
    }
    Ok(())
}

/// A place as time and slot: positions in front of the block have slot 0, those behind it a slot that no
/// event has.
pub fn slot_bound(row: &BlockRow, place: Place) -> (i64, u32) {
    let slot = place.position.saturating_sub(row.first);
    (place.micros, u32::try_from(slot).unwrap_or(u32::MAX))
}

fn clamp_by_position(row: &BlockRow, walk: &Walk, after: Place, wanted: &mut Bits) {
    let slot =
        |position: u64| u32::try_from(position.saturating_sub(row.first)).unwrap_or(u32::MAX);
    match walk.direction {
        Direction::Ascending => {
            wanted.clamp(slot(after.position.saturating_add(1)), row.count);
        }
        Direction::Descending => wanted.clamp(0, slot(after.position).min(row.count)),
    }
}
