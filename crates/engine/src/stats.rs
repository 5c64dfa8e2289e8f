//! Counts and statistics of the events that a filter wants.
//!
//! All of it is made of the sets of [`crate::matching`]: what postings and times do not answer is decoded, up to
//! limits; where they are reached, the answer says so.

use docket_event::vocabulary::Surface;
use docket_event::{Field, Filter, Page, Query, each_value};

use crate::engine::Log;
use crate::histogram::{self, Buckets, Histogram};
use crate::matching::{Budget, Matching, matching, take};
use crate::query::{self, Reading};
use crate::request::QueryError;
use crate::tops::{Known, Top, top};

/// Intervals of a histogram whose width nobody gave: as many as that, or fewer.
pub const BUCKETS_AUTO: i64 = 100;

/// How many events there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// So many; if not complete, at least so many.
    pub events: u64,
    /// Whether all were counted.
    pub complete: bool,
}

/// What is asked of the events that a filter wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatsQuery {
    /// Which events.
    pub filter: Filter,
    /// Width of the histogram's intervals in microseconds; `None`: what makes at most [`BUCKETS_AUTO`] of them.
    pub width: Option<i64>,
    /// How many values each top has at most.
    pub most: usize,
}

/// What there is to say of some events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// How many they are.
    pub count: Count,
    /// When they happened.
    pub histogram: Histogram,
    /// The types that most of them have.
    pub types: Top,
    /// The ids of actors that most of them have.
    pub actors: Top,
    /// The ids of projects that most of them have.
    pub projects: Top,
    /// How many of them each surface shows; one for each of [`Surface::ALL`].
    pub surfaces: Vec<SurfaceCount>,
}

/// How many of some events a surface shows. To nobody it shows the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SurfaceCount {
    /// The surface.
    pub surface: Surface,
    /// To everyone.
    pub everyone: u64,
    /// Only to views that include facts about accounts at other vendors.
    pub cross_vendor_only: u64,
    /// Whether all were counted.
    pub complete: bool,
}

impl Log {
    /// How many events a filter wants. Blocks.
    ///
    /// # Errors
    /// The store fails, or what it has cannot be right.
    pub fn count(&self, filter: &Filter) -> Result<Count, QueryError> {
        self.ask(filter, Budget::default(), |_, found| Ok(count(found)))
    }

    /// How many events a filter wants in each of some intervals. Blocks.
    ///
    /// # Errors
    /// The store fails, or what it has cannot be right.
    pub fn histogram(&self, filter: &Filter, buckets: &Buckets) -> Result<Histogram, QueryError> {
        let mut filter = filter.clone();
        filter.occurred = filter.occurred.and(buckets.span());
        self.ask(&filter, Budget::default(), |_, found| {
            Ok(histogram::histogram(found, buckets, Budget::default())?)
        })
    }

    /// The values of a field that most of the events have that a filter wants. Blocks.
    ///
    /// # Errors
    /// The store fails, or what it has cannot be right.
    pub fn top(&self, filter: &Filter, field: Field, most: usize) -> Result<Top, QueryError> {
        self.top_within(filter, (field, most), Budget::default())
    }

    pub(crate) fn top_within(
        &self,
        filter: &Filter,
        (field, most): (Field, usize),
        budget: Budget,
    ) -> Result<Top, QueryError> {
        self.ask(filter, budget, |reading, found| {
            let known = &mut Known::default();
            top(reading.terms, found, (field, most), known, budget)
        })
    }

    /// Everything at once, of one state of the log. Blocks.
    ///
    /// # Errors
    /// The store fails, or what it has cannot be right.
    pub fn stats(&self, asked: &StatsQuery) -> Result<Stats, QueryError> {
        self.stats_within(asked, Budget::default())
    }

    pub(crate) fn stats_within(
        &self,
        asked: &StatsQuery,
        budget: Budget,
    ) -> Result<Stats, QueryError> {
        self.ask(&asked.filter, budget, |reading, found| {
            stats(reading, asked, found, budget)
        })
    }

    /// Answers a question without the first `skip` events of its answer. They are counted rather than read, however
    /// many they are, unless that would need too much to be decoded. Blocks.
    ///
    /// # Errors
    /// The store fails, or what it has cannot be right.
    pub fn query_behind(&self, query: &Query, skip: u64) -> Result<Page, QueryError> {
        self.query_behind_within(query, skip, Budget::default())
    }

    pub(crate) fn query_behind_within(
        &self,
        query: &Query,
        skip: u64,
        budget: Budget,
    ) -> Result<Page, QueryError> {
        let reading = self.reading()?;
        query::page_behind(&reading, &self.state, query, skip, budget)
    }

    /// Finds what a filter wants in the log as it is now, and asks something of it.
    fn ask<T>(
        &self,
        filter: &Filter,
        budget: Budget,
        question: impl Fn(&Reading<'_>, &Matching<'_>) -> Result<T, QueryError>,
    ) -> Result<T, QueryError> {
        let reading = self.reading()?;
        query::over_view(&reading, &self.state, |size, view| {
            let found = matching(&reading, &self.state, (size, view), filter, budget)?;
            question(&reading, &found)
        })
    }
}

fn count(found: &Matching<'_>) -> Count {
    Count {
        events: found.count(),
        complete: found.complete,
    }
}

fn stats(
    reading: &Reading<'_>,
    asked: &StatsQuery,
    found: &Matching<'_>,
    budget: Budget,
) -> Result<Stats, QueryError> {
    let terms = reading.terms;
    let mut known = Known::default();
    let mut top = |field| top(terms, found, (field, asked.most), &mut known, budget);
    Ok(Stats {
        count: count(found),
        types: top(Field::Type)?,
        actors: top(Field::ActorId)?,
        projects: top(Field::ProjectId)?,
        histogram: histogram_of(asked, found, budget)?,
        surfaces: surfaces(reading, found, budget)?,
    })
}

/// From the first to the last event, or to the bounds of the filter where it has them.
fn histogram_of(
    asked: &StatsQuery,
    found: &Matching<'_>,
    budget: Budget,
) -> Result<Histogram, QueryError> {
    let Some((first, last)) = histogram::extent(found)? else {
        return Ok(Histogram {
            complete: found.complete,
            ..Histogram::default()
        });
    };
    let from = asked.filter.occurred.from.unwrap_or(first);
    let to = asked.filter.occurred.to.unwrap_or(last.saturating_add(1));
    let width = asked.width.unwrap_or_else(|| usual_width(from, to));
    let buckets = Buckets::covering(from, to, width);
    Ok(histogram::histogram(found, &buckets, budget)?)
}

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// Widths that people expect.
const WIDTHS: [i64; 16] = [
    SECOND,
    5 * SECOND,
    15 * SECOND,
    MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
    30 * DAY,
    90 * DAY,
    365 * DAY,
];

/// The smallest width that people expect and that makes at most [`BUCKETS_AUTO`] intervals of a span.
fn usual_width(from: i64, to: i64) -> i64 {
    let most = u64::try_from(BUCKETS_AUTO).unwrap_or(1);
    let few = |width: &i64| Buckets::covering(from, to, *width).count <= most;
    let years = to.saturating_sub(from) / (BUCKETS_AUTO - 1) / (365 * DAY) + 1;
    let usual = WIDTHS.into_iter().find(few);
    usual.unwrap_or(years.saturating_mul(365 * DAY))
}

/// How many of the events each surface shows: from postings, or by decoding them where the index does not tell what
/// this program means by it.
fn surfaces(
    reading: &Reading<'_>,
    found: &Matching<'_>,
    mut budget: Budget,
) -> Result<Vec<SurfaceCount>, QueryError> {
    let mut counts = Surface::ALL.map(|surface| SurfaceCount {
        surface,
        everyone: 0,
        cross_vendor_only: 0,
        complete: found.complete,
    });
    for part in &found.parts {
        if !take(&mut budget.opened) {
            counts.iter_mut().for_each(|count| count.complete = false);
            break;
        }
        if found.terms_tell_apart && part.has_field(Field::ShownOn)? {
            for count in &mut counts {
                let name = count.surface.name();
                let names = [name.to_owned(), format!("{name}+")];
                let terms = names.map(|name| reading.terms.of(Field::ShownOn, &name));
                let shown = part.term_counts(&terms)?;
                count.everyone += shown.first().copied().unwrap_or_default();
                count.cross_vendor_only += shown.get(1).copied().unwrap_or_default();
            }
            continue;
        }
        let all = part.decode(&part.ids(), &mut budget, &mut |_, event| {
            each_value(&event.event, Field::ShownOn, |value| {
                for count in &mut counts {
                    let name = count.surface.name();
                    count.everyone += u64::from(value == name);
                    count.cross_vendor_only += u64::from(value.strip_suffix('+') == Some(name));
                }
            });
        })?;
        counts.iter_mut().for_each(|count| count.complete &= all);
    }
    Ok(counts.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_gets_a_width_that_people_expect() {
        let check = |from: i64, to: i64, width: i64| {
            assert_eq!(usual_width(from, to), width, "{from} to {to}");
            let buckets = Buckets::covering(from, to, width);
            assert!(buckets.count <= u64::try_from(BUCKETS_AUTO).unwrap());
        };
        check(0, 1, SECOND);
        check(0, 100 * SECOND, SECOND);
        check(1, 100 * SECOND + 1, 5 * SECOND);
        check(0, DAY, 15 * MINUTE);
        check(DAY / 2, 91 * DAY, DAY);
        check(0, 8_030 * 365 * DAY, 82 * 365 * DAY);
        check(0, 253_402_300_800_000_000, 82 * 365 * DAY);
    }
}
