//! How many events happened in each interval, from sets of events and the times of blocks.

use docket_event::Span;

use crate::bits::Bits;
use crate::block::{BlockReader, TIMES_CHUNK};
use crate::matching::{Budget, Matching, Part, PartPlace, take};
use crate::store::StoreError;

/// Most intervals of a histogram.
pub const BUCKETS_MAX: u64 = 1_000;

/// Intervals of one width that follow each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Buckets {
    /// Where the first one begins, Unix microseconds.
    pub from: i64,
    /// Microseconds that each one has, at least 1.
    pub width: i64,
    /// How many, at most [`BUCKETS_MAX`].
    pub count: u64,
}

impl Buckets {
    /// The intervals that cover a span, which is not empty and open at no end. They begin at multiples of `width`,
    /// so that the same width always gives the same ones.
    pub fn covering(from: i64, to: i64, width: i64) -> Self {
        let width = width.max(1);
        let (first, last) = (from.div_euclid(width), (to - 1).max(from).div_euclid(width));
        Buckets {
            from: first.saturating_mul(width),
            width,
            count: u64::try_from(last - first).unwrap_or(0) + 1,
        }
    }

    /// The index of the interval that holds a time.
    pub fn index(&self, micros: i64) -> Option<usize> {
        let since = u64::try_from(micros.checked_sub(self.from)?).ok()?;
        let index = since / u64::try_from(self.width.max(1)).unwrap_or(1);
        usize::try_from(index).ok().filter(|_| index < self.count)
    }

    /// Where an interval begins.
    pub fn start(&self, index: usize) -> i64 {
        let index = i64::try_from(index).unwrap_or(i64::MAX);
        self.from.saturating_add(index.saturating_mul(self.width))
    }

    /// All of them together.
    pub fn span(&self) -> Span {
        let to = self.start(usize::try_from(self.count).unwrap_or(usize::MAX));
        Span {
            from: Some(self.from),
            to: Some(to),
        }
    }
}

/// How many events happened in each interval.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// The intervals.
    pub buckets: Buckets,
    /// How many events each one has; empty if there would be more than [`BUCKETS_MAX`] of them.
    pub counts: Vec<u64>,
    /// Whether all were counted.
    pub complete: bool,
}

/// How many wanted events happened in each interval.
pub fn histogram(
    matching: &Matching<'_>,
    buckets: &Buckets,
    mut budget: Budget,
) -> Result<Histogram, StoreError> {
    if buckets.count > BUCKETS_MAX {
        return Ok(Histogram {
            buckets: *buckets,
            ..Histogram::default()
        });
    }
    let mut counts = vec![0; usize::try_from(buckets.count).unwrap_or(0)];
    let mut complete = matching.complete;
    let mut add = |index: Option<usize>, more: u64| {
        if let Some(count) = index.and_then(|index| counts.get_mut(index)) {
            *count += more;
        }
    };
    for part in &matching.parts {
        match &part.place {
            PartPlace::Block(reader) => {
                let index = buckets.index(reader.row.min_micros);
                if index.is_some() && index == buckets.index(reader.row.max_micros) {
                    add(index, part.count());
                } else if take(&mut budget.opened) {
                    add_block(reader, part.wanted.as_ref(), buckets, &mut add)?;
                } else {
                    complete = false;
                }
            }
            PartPlace::Tail(..) => {
                for place in part.places() {
                    add(buckets.index(place.micros), 1);
                }
            }
        }
    }
    Ok(Histogram {
        buckets: *buckets,
        counts,
        complete,
    })
}

/// Local ids are in order of time: of a piece of times whose ends lie in one interval, so does the rest, and it
/// need not be read.
fn add_block(
    reader: &BlockReader<'_>,
    wanted: Option<&Bits>,
    buckets: &Buckets,
    add: &mut dyn FnMut(Option<usize>, u64),
) -> Result<(), StoreError> {
    let count = |from: u32, to: u32| match wanted {
        Some(wanted) => wanted.count_below(to) - wanted.count_below(from),
        None => to - from,
    };
    let dir = reader.dir()?;
    let later = dir.times.iter().skip(1).map(|(first, _)| *first);
    let ends = later.chain([reader.row.max_micros]);
    for (chunk, ((first, _), last)) in dir.times.iter().zip(ends).enumerate() {
        let start = u32::try_from(chunk * TIMES_CHUNK).unwrap_or(u32::MAX);
        let end = start + u32::try_from(dir.times_in(chunk)).unwrap_or(0);
        if count(start, end) == 0 {
            continue;
        }
        let index = buckets.index(*first);
        if index.is_some() && index == buckets.index(last) {
            add(index, count(start, end).into());
            continue;
        }
        let times = reader.times(&dir, chunk)?;
        let mut rest = times.as_slice();
        let mut at = start;
        while let Some(time) = rest.first() {
            let index = buckets.index(*time);
            let bound = match index {
                Some(index) => buckets.start(index + 1),
                None if *time < buckets.from => buckets.from,
                None => i64::MAX,
            };
            let together = rest.partition_point(|other| *other < bound);
            let next = at + u32::try_from(together).unwrap_or(u32::MAX);
            add(index, count(at, next).into());
            at = next;
            rest = rest.get(together.max(1)..).unwrap_or_default();
        }
    }
    Ok(())
}

/// The earliest and the latest time of all wanted events.
pub fn extent(matching: &Matching<'_>) -> Result<Option<(i64, i64)>, StoreError> {
    let mut whole: Option<(i64, i64)> = None;
    for part in &matching.parts {
        if let Some((first, last)) = extent_of(part)? {
            whole = Some(whole.map_or((first, last), |(from, to)| (from.min(first), to.max(last))));
        }
    }
    Ok(whole)
}

fn extent_of(part: &Part<'_>) -> Result<Option<(i64, i64)>, StoreError> {
    match (&part.place, &part.wanted) {
        (PartPlace::Block(reader), None) => {
            Ok(Some((reader.row.min_micros, reader.row.max_micros)))
        }
        (PartPlace::Block(reader), Some(wanted)) => {
            let ends = wanted.next(0).zip(wanted.previous(wanted.end()));
            let time = |local| time_of(reader, local);
            ends.map(|(first, last)| Ok((time(first)?, time(last)?)))
                .transpose()
        }
        (PartPlace::Tail(..), _) => {
            let places = part.places();
            let micros = || places.iter().map(|place| place.micros);
            Ok(micros().min().zip(micros().max()))
        }
    }
}

fn time_of(reader: &BlockReader<'_>, local: u32) -> Result<i64, StoreError> {
    let local = local as usize;
    let times = reader.times(&*reader.dir()?, local / TIMES_CHUNK)?;
    Ok(times.get(local % TIMES_CHUNK).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_cover_what_they_are_asked_to() {
        let check = |from: i64, to: i64, width: i64, first: i64, count: u64| {
            let buckets = Buckets::covering(from, to, width);
            assert_eq!(
                (buckets.from, buckets.count),
                (first, count),
                "{from} to {to}"
            );
            assert_eq!(buckets.index(from), Some(0));
            let last = usize::try_from(count).unwrap() - 1;
            assert_eq!(buckets.index((to - 1).max(from)), Some(last));
            assert!(buckets.span().contains(from));
            assert_eq!(buckets.index(first - 1), None);
            assert_eq!(buckets.index(buckets.start(last + 1)), None);
        };
        check(0, 10, 10, 0, 1);
        check(9, 11, 10, 0, 2);
        check(25, 25, 10, 20, 1);
        check(-5, 5, 10, -10, 2);
        check(7, 1_000, 1, 7, 993);
    }
}
