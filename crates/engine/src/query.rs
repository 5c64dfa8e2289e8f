//! Filter, order and cursor → page: the one read path.
//!
//! Every block and tail is a *segment* that yields its wanted events in the order of the walk. A segment is
//! opened only when it may hold the next event, and an event is given only when no unopened segment may
//! hold an earlier one, so back-dated events and blocks that overlap in time come out exactly in order.

use docket_event::{Direction, EventId, Field, Filter, Order, Page, Place, Query, Recorded};

use crate::ahead::Ahead;
use crate::cache::Cache;
use crate::engine::Inner;
use crate::matching::{Budget, matching};
use crate::offset::skipped;
use crate::plan::Plan;
use crate::request::QueryError;
use crate::search::Allowance;
use crate::segment::{Segment, Walk};
use crate::state::{LogState, View};
use crate::store::{BlockId, Store};
use crate::terms::Terms;

/// What reading needs.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'r> {
    /// The engine.
    pub inner: &'r Inner,
    /// Where blocks are.
    pub store: &'r dyn Store,
    /// What was read before.
    pub cache: &'r Cache,
    /// Makes terms.
    pub terms: &'r Terms,
}

/// Answers a question.
///
/// # Errors
/// The store fails, or what it has cannot be right.
pub fn page(reading: &Reading<'_>, state: &LogState, query: &Query) -> Result<Page, QueryError> {
    page_behind(reading, state, query, 0, Budget::default())
}

/// Answers a question, without the first `skip` events of the answer. They are counted instead of read, unless
/// there are few or counting them would need too much to be decoded.
///
/// # Errors
/// The store fails, or what it has cannot be right.
pub fn page_behind(
    reading: &Reading<'_>,
    state: &LogState,
    query: &Query,
    skip: u64,
    budget: Budget,
) -> Result<Page, QueryError> {
    over_view(reading, state, |size, view| {
        page_of(reading, state, (size, view), query, skip, budget)
    })
}

fn page_of(
    reading: &Reading<'_>,
    state: &LogState,
    (size, view): (u64, &View),
    query: &Query,
    mut skip: u64,
    budget: Budget,
) -> Result<Page, QueryError> {
    let limit = query.limit.clamp(1, docket_event::LIMIT_MAX);
    let backwards = query.after.is_none() && query.before.is_some();
    let mut walk = Walk {
        order: query.order,
        direction: if backwards {
            query.direction.reversed()
        } else {
            query.direction
        },
        after: if backwards { query.before } else { query.after },
    };
    let until = if backwards { None } else { query.before };
    if skip > budget.skipped_first {
        let found = matching(reading, state, (size, view), &query.filter, budget)?;
        if found.complete {
            walk = skipped(&found, &walk, skip)?;
            skip = 0;
        }
    }
    let most = limit + 1;
    let wanted = Wanted {
        filter: &query.filter,
        walk,
        until,
        skip,
        most,
        searched: budget.searched,
    };
    let mut events = collect(reading, state, (size, view), &wanted)?;
    let has_more = events.len() > limit;
    events.truncate(limit);
    if backwards {
        events.reverse();
    }
    Ok(Page {
        events,
        has_more,
        log_size: size,
    })
}

/// Most tries of a read that misses blocks because they were merged meanwhile.
const TRIES_MAX: usize = 8;

/// Works something out over the pieces of a log. Blocks that are merged meanwhile may be missed; then it is worked
/// out anew over the pieces that stand there now.
///
/// # Errors
/// Those of `work`.
pub fn over_view<T>(
    reading: &Reading<'_>,
    state: &LogState,
    work: impl Fn(u64, &View) -> Result<T, QueryError>,
) -> Result<T, QueryError> {
    let (mut size, mut view) = state.snapshot();
    for _ in 1..TRIES_MAX {
        match work(size, &view) {
            Err(error @ QueryError::Corrupt(_)) => {
                // A merge whose commit has hidden the old blocks is over when this is to be had.
                drop(state.merging.lock());
                reading.inner.freshen_again(state)?;
                let (now_size, now) = state.snapshot();
                if blocks_of(&now).eq(blocks_of(&view)) {
                    return Err(error);
                }
                (size, view) = (now_size, now);
            }
            outcome => return outcome,
        }
    }
    work(size, &view)
}

fn blocks_of(view: &View) -> impl Iterator<Item = BlockId> {
    view.all_blocks().map(|block| block.id)
}

/// Some events of a walk.
#[derive(Clone, Copy, Debug)]
struct Wanted<'w> {
    filter: &'w Filter,
    walk: Walk,
    /// Only what stands in front of this place.
    until: Option<Place>,
    /// How many are left out at first.
    skip: u64,
    /// Most of them.
    most: usize,
    /// Bytes that may be looked through for a text.
    searched: u64,
}

/// The wanted events.
fn collect(
    reading: &Reading<'_>,
    state: &LogState,
    (size, view): (u64, &View),
    wanted: &Wanted<'_>,
) -> Result<Vec<Recorded>, QueryError> {
    let Wanted {
        filter,
        walk,
        until,
        mut skip,
        most,
        searched,
    } = *wanted;
    let walk = &walk;
    let mut allowance = Allowance::of(filter, searched);
    let mut plan = Plan::of(filter, reading.terms);
    plan.to_position = size;
    let mut closed: Vec<Segment<'_>> = Segment::all(reading, state, view, &plan, walk, size);
    closed.sort_by(|a, b| walk.compare(&b.earliest(walk), &a.earliest(walk)));
    let mut ahead = Ahead::of(reading.store, &plan);
    let mut open: Vec<Segment<'_>> = Vec::new();
    let mut found = Vec::new();
    while found.len() < most {
        let skipping = usize::try_from(skip).unwrap_or(usize::MAX);
        let need = (most - found.len()).saturating_add(skipping.min(docket_event::LIMIT_MAX));
        let next = earliest_head(&mut open, walk, (filter, need), &mut allowance)?;
        let may_be_earlier = |segment: &Segment<'_>| match &next {
            None => true,
            Some((_, place)) => walk.compare(&segment.earliest(walk), place).is_le(),
        };
        if closed.last().is_some_and(may_be_earlier) {
            ahead.before_open(&mut closed, need)?;
            open.extend(closed.pop());
            continue;
        }
        let Some((index, place)) = next else { break };
        if until.is_some_and(|until| walk.compare(&place, &until).is_ge()) {
            break;
        }
        let taken = open.get_mut(index).and_then(Segment::take);
        if skip > 0 {
            skip -= 1;
        } else {
            found.extend(taken);
        }
    }
    Ok(found)
}

/// The open segment whose next event comes first, and that event's place.
fn earliest_head(
    open: &mut Vec<Segment<'_>>,
    walk: &Walk,
    (filter, need): (&Filter, usize),
    allowance: &mut Allowance,
) -> Result<Option<(usize, Place)>, QueryError> {
    let mut best: Option<(usize, Place)> = None;
    let mut exhausted = Vec::new();
    for (index, segment) in open.iter_mut().enumerate() {
        match segment.head(filter, need, allowance)? {
            Some(place) => {
                if best.is_none_or(|(_, best)| walk.compare(&place, &best).is_lt()) {
                    best = Some((index, place));
                }
            }
            None => exhausted.push(index),
        }
    }
    if exhausted.is_empty() {
        return Ok(best);
    }
    // Indexes move when segments go, so look again; that is rare.
    let mut index = 0;
    open.retain(|_| {
        index += 1;
        !exhausted.contains(&(index - 1))
    });
    earliest_head(open, walk, (filter, need), allowance)
}

/// The events at some positions, in the order given; positions that the log does not have are left out.
///
/// # Errors
/// The store fails, or what it has cannot be right.
pub fn at(
    reading: &Reading<'_>,
    state: &LogState,
    positions: &[u64],
) -> Result<Vec<Recorded>, QueryError> {
    let mut events = Vec::with_capacity(positions.len());
    for position in positions {
        let before = position.checked_sub(1);
        let after = before.map(|position| Place {
            micros: 0,
            position,
        });
        let walk = Walk {
            order: Order::Recorded,
            direction: Direction::Ascending,
            after,
        };
        let wanted = Wanted {
            filter: &Filter::default(),
            walk,
            until: None,
            skip: 0,
            most: 1,
            searched: 0,
        };
        let found = over_view(reading, state, |size, view| {
            collect(reading, state, (size, view), &wanted)
        })?;
        events.extend(
            found
                .into_iter()
                .filter(|event| event.position == *position),
        );
    }
    Ok(events)
}

/// The event with this id.
///
/// # Errors
/// The store fails, or what it has cannot be right.
pub fn by_id(
    reading: &Reading<'_>,
    state: &LogState,
    id: EventId,
) -> Result<Option<Recorded>, QueryError> {
    if !id.belongs(&state.key) || id.position() >= state.snapshot().0 {
        return Ok(None);
    }
    let found = at(reading, state, &[id.position()])?.pop();
    Ok(found.filter(|event| event.id == id))
}

/// The first events whose origin gives them this id.
///
/// # Errors
/// The store fails, or what it has cannot be right.
pub fn by_origin_id(
    reading: &Reading<'_>,
    state: &LogState,
    id: &str,
    limit: usize,
) -> Result<Vec<Recorded>, QueryError> {
    if id.is_empty() {
        return Ok(Vec::new());
    }
    let filter = Filter::default().with(Field::OriginId, [id]);
    let direction = Direction::Ascending;
    let question = Query {
        filter,
        direction,
        limit,
        ..Query::default()
    };
    page(reading, state, &question).map(|page| page.events)
}
