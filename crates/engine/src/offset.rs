//! Where the n-th event of a listing stands, found by counting instead of reading.
//!
//! Counted is how many wanted events of every block and tail lie in front of a place; the place itself is found
//! by halving, so blocks that overlap in time make no difference.

use std::cell::OnceCell;

use docket_event::{Direction, Order, Place};

use crate::bits::Bits;
use crate::block::BlockReader;
use crate::matching::{Matching, Part, PartPlace};
use crate::segment::{Walk, by_slot, slot_bound};
use crate::store::StoreError;

/// `walk`, begun behind the first `skip` events that it meets.
pub fn skipped(matching: &Matching<'_>, walk: &Walk, skip: u64) -> Result<Walk, StoreError> {
    let ranks = Ranks::of(matching, walk.order);
    let rank = match walk.direction {
        Direction::Ascending => {
            let behind = walk
                .after
                .map_or(Ok(0), |after| ranks.of_place(&next(after)));
            behind?
                .checked_add(skip)
                .filter(|rank| *rank <= ranks.total)
        }
        Direction::Descending => {
            let ahead = walk
                .after
                .map_or(Ok(ranks.total), |after| ranks.of_place(&after));
            ahead?.checked_sub(skip)
        }
    };
    let after = match (rank, walk.direction) {
        (Some(rank), Direction::Ascending) => previous(ranks.place(rank)?),
        (Some(rank), Direction::Descending) => ranks.place(rank)?,
        (None, Direction::Ascending) => LAST,
        (None, Direction::Descending) => FIRST,
    };
    Ok(Walk {
        after: Some(after),
        ..*walk
    })
}

const FIRST: Place = Place {
    micros: i64::MIN,
    position: 0,
};
const LAST: Place = Place {
    micros: i64::MAX,
    position: u64::MAX,
};

/// The place behind this one in either order.
fn next(place: Place) -> Place {
    match place.position.checked_add(1) {
        Some(position) => Place { position, ..place },
        None => Place {
            micros: place.micros.saturating_add(1),
            position: 0,
        },
    }
}

/// The place in front of this one in either order.
fn previous(place: Place) -> Place {
    match place.position.checked_sub(1) {
        Some(position) => Place { position, ..place },
        None => Place {
            micros: place.micros.saturating_sub(1),
            position: u64::MAX,
        },
    }
}

/// Wanted events, ready to be counted along an order.
struct Ranks<'m> {
    parts: Vec<Sorted<'m>>,
    order: Order,
    total: u64,
}

enum Sorted<'m> {
    Block {
        reader: BlockReader<'m>,
        /// Local ids; `None`: all.
        wanted: Option<&'m Bits>,
        /// The same as slots, once they are needed.
        slots: OnceCell<Bits>,
        count: u64,
    },
    /// In the order asked for.
    Tail(Vec<Place>),
}

impl<'m> Ranks<'m> {
    fn of(matching: &'m Matching<'_>, order: Order) -> Self {
        let sorted = matching.parts.iter().map(|part| Sorted::of(part, order));
        Ranks {
            parts: sorted.collect(),
            order,
            total: matching.count(),
        }
    }

    /// How many wanted events lie in front of a place.
    fn of_place(&self, place: &Place) -> Result<u64, StoreError> {
        let ranks = self.parts.iter().map(|part| part.rank(place, self.order));
        ranks.sum()
    }

    /// The first place that has `rank` wanted events in front of it.
    fn place(&self, rank: u64) -> Result<Place, StoreError> {
        if rank == 0 {
            return Ok(FIRST);
        }
        let enough = |place: Place| Ok::<bool, StoreError>(self.of_place(&place)? >= rank);
        let micros = match self.order {
            Order::Recorded => 0,
            Order::Occurred => {
                let position = u64::MAX;
                let (from, to) = self.times();
                first_where(from, to, |micros| enough(Place { micros, position }))?
            }
        };
        let to = self.end();
        // Positions fit in 40 bits, as ids carry them.
        let position = first_where(0, to, |position| {
            let position = u64::try_from(position).unwrap_or(0);
            enough(Place { micros, position })
        })?;
        let position = u64::try_from(position).unwrap_or(0);
        Ok(Place { micros, position })
    }

    /// The earliest and the latest event time of the parts.
    fn times(&self) -> (i64, i64) {
        let times = self.parts.iter().filter_map(Sorted::times);
        let merged = times.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)));
        merged.unwrap_or_default()
    }

    /// The position behind all of them.
    fn end(&self) -> i64 {
        let end = self.parts.iter().map(Sorted::end).max().unwrap_or_default();
        i64::try_from(end).unwrap_or(i64::MAX)
    }
}

impl<'m> Sorted<'m> {
    fn of(part: &'m Part<'_>, order: Order) -> Self {
        match &part.place {
            PartPlace::Block(reader) => Sorted::Block {
                reader: *reader,
                wanted: part.wanted.as_ref(),
                slots: OnceCell::new(),
                count: part.count(),
            },
            PartPlace::Tail(..) => {
                let mut places = part.places();
                places.sort_unstable_by(|one, other| one.compare(other, order));
                Sorted::Tail(places)
            }
        }
    }

    /// How many of its events lie in front of a place.
    fn rank(&self, place: &Place, order: Order) -> Result<u64, StoreError> {
        let (reader, wanted, slots, count) = match self {
            Sorted::Tail(places) => {
                let before = places.partition_point(|one| one.compare(place, order).is_lt());
                return Ok(before as u64);
            }
            Sorted::Block {
                reader,
                wanted,
                slots,
                count,
            } => (reader, *wanted, slots, *count),
        };
        let (row, (micros, slot)) = (reader.row, slot_bound(reader.row, *place));
        let (none, all) = match order {
            Order::Recorded => (slot == 0, slot >= row.count),
            Order::Occurred => (micros < row.min_micros, micros > row.max_micros),
        };
        if none || all {
            return Ok(if all { count } else { 0 });
        }
        let below = match order {
            Order::Recorded => slot,
            Order::Occurred => reader.lower_bound(&*reader.dir()?, micros, slot)?,
        };
        let Some(wanted) = wanted else {
            return Ok(u64::from(below).min(count));
        };
        if order == Order::Occurred {
            return Ok(wanted.count_below(below).into());
        }
        let slots = match slots.get() {
            Some(slots) => slots,
            None => {
                let dir = reader.dir()?;
                slots.get_or_init(|| by_slot(&dir, wanted))
            }
        };
        Ok(slots.count_below(below).into())
    }

    fn times(&self) -> Option<(i64, i64)> {
        match self {
            Sorted::Block { reader, .. } => Some((reader.row.min_micros, reader.row.max_micros)),
            Sorted::Tail(places) => {
                let micros = || places.iter().map(|place| place.micros);
                Some((micros().min()?, micros().max()?))
            }
        }
    }

    fn end(&self) -> u64 {
        match self {
            Sorted::Block { reader, .. } => reader.row.first + u64::from(reader.row.count),
            Sorted::Tail(places) => {
                let positions = places.iter().map(|place| place.position + 1);
                positions.max().unwrap_or_default()
            }
        }
    }
}

/// The first number of `from..=to` for which `holds`; it holds for every number behind it, and for `to`.
fn first_where<E>(
    mut from: i64,
    mut to: i64,
    holds: impl Fn(i64) -> Result<bool, E>,
) -> Result<i64, E> {
    while from < to {
        let middle = from.midpoint(to);
        // The midpoint rounds towards zero, which for negative numbers may be `to`.
        let middle = middle.min(to - 1);
        if holds(middle)? {
            to = middle;
        } else {
            from = middle + 1;
        }
    }
    Ok(to)
}
