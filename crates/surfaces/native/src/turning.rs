//! Turns pages: from a cursor to the question for its page, and from the page to the cursors beside it.

use docket_event::{Cursor, Direction, Order, Page, Place, Query, Side};

/// Position that stands for the start of an empty log, where no event is to continue behind.
const BEGINNING: u64 = u64::MAX;

/// The cursors that an answer gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// The page behind. In recorded ascending order always there: keep it, and nothing is ever missed.
    pub next: Option<Cursor>,
    /// The page in front.
    pub prev: Option<Cursor>,
    /// Whether `next` has events now.
    pub has_more: bool,
}

/// `listing` cut to the page that the cursor means.
pub fn question(listing: &Query, cursor: Option<Cursor>) -> Query {
    let mut query = listing.clone();
    match cursor.map(|cursor| (cursor.side, cursor.place)) {
        Some((Side::After, place)) if place.position == BEGINNING => {}
        Some((Side::After, place)) => query.after = Some(place),
        Some((Side::Before, place)) => query.before = Some(place),
        None => {}
    }
    query
}

/// The question whose answer, empty or not, [`turn`] needs besides the page: whether anything lies on the
/// side of the page from which its cursor came.
pub fn other_side(asked: &Query, page: &Page) -> Option<Query> {
    let mut query = Query {
        after: None,
        before: None,
        limit: 1,
        ..asked.clone()
    };
    match (asked.after, asked.before) {
        (Some(after), _) => query.before = Some(front_edge(asked, page, after)?),
        (None, Some(before)) => {
            query.after = place_or_start(back_edge(asked, page, before));
        }
        (None, None) => return None,
    }
    Some(query)
}

/// The cursors of a page. `beyond`: whether [`other_side`] found something.
pub fn turn(asked: &Query, page: &Page, beyond: bool) -> Turn {
    let to = |side: Side| {
        let (order, direction) = (asked.order, asked.direction);
        move |place: Place| Cursor {
            order,
            direction,
            side,
            place,
        }
    };
    let follows = asked.order == Order::Recorded && asked.direction == Direction::Ascending;
    let last = page.events.last().map(Place::of);
    match (asked.after, asked.before) {
        (None, Some(before)) => {
            let first = page.events.first().map(Place::of);
            let behind = Some(back_edge(asked, page, before));
            Turn {
                next: behind.filter(|_| beyond || follows).map(to(Side::After)),
                prev: first.filter(|_| page.has_more).map(to(Side::Before)),
                has_more: beyond,
            }
        }
        (after, _) => {
            let seen = follows.then(|| seen(page, after));
            let front = after.and_then(|after| front_edge(asked, page, after));
            Turn {
                next: last.filter(|_| page.has_more).or(seen).map(to(Side::After)),
                prev: front.filter(|_| beyond).map(to(Side::Before)),
                has_more: page.has_more,
            }
        }
    }
}

/// The last place that a reader in recorded order has behind it when there is no more.
fn seen(page: &Page, after: Option<Place>) -> Place {
    let end = page.log_size.checked_sub(1).map(|position| Place {
        micros: 0,
        position,
    });
    let latest = end
        .into_iter()
        .chain(after)
        .max_by_key(|place| place.position);
    latest.unwrap_or(Place {
        micros: 0,
        position: BEGINNING,
    })
}

/// The place in front of which the page before this one ends.
fn front_edge(asked: &Query, page: &Page, after: Place) -> Option<Place> {
    let first = page.events.first().map(Place::of);
    first.or_else(|| beside(after, asked.direction))
}

/// The place behind which the page after this one begins.
fn back_edge(asked: &Query, page: &Page, before: Place) -> Place {
    let last = page.events.last().map(Place::of);
    let last = last.or_else(|| beside(before, asked.direction.reversed()));
    last.unwrap_or(Place {
        micros: 0,
        position: BEGINNING,
    })
}

fn place_or_start(place: Place) -> Option<Place> {
    Some(place).filter(|place| place.position != BEGINNING)
}

/// The place next to this one, further on in `direction`; `None` where no position is left.
fn beside(place: Place, direction: Direction) -> Option<Place> {
    let position = match direction {
        Direction::Ascending => place.position.checked_add(1),
        Direction::Descending => place.position.checked_sub(1),
    };
    position.map(|position| Place { position, ..place })
}

#[cfg(test)]
mod tests {
    use super::*;
    use docket_event::{Event, EventId, IdKey, Recorded};

    fn at(position: u64) -> Place {
        Place {
            micros: i64::try_from(position).unwrap(),
            position,
        }
    }

    /// The pages of a log of `size` events, by the definition of [`Query`].
    fn page(query: &Query, size: u64) -> Page {
        let mut all: Vec<u64> = (0..size).collect();
        if query.direction == Direction::Descending {
            all.reverse();
        }
        let beyond = |a: u64, b: Place| match query.direction {
            Direction::Ascending => a > b.position,
            Direction::Descending => a < b.position,
        };
        all.retain(|at| query.after.is_none_or(|after| beyond(*at, after)));
        all.retain(|at| {
            query
                .before
                .is_none_or(|before| *at != before.position && !beyond(*at, before))
        });
        let has_more = all.len() > query.limit;
        if query.before.is_some() && query.after.is_none() {
            all.drain(..all.len().saturating_sub(query.limit));
        } else {
            all.truncate(query.limit);
        }
        let recorded = |position: u64| Recorded {
            event: Event::default(),
            id: EventId::new(0, position, &IdKey([0; 16])),
            position,
            recorded_micros: at(position).micros,
        };
        Page {
            events: all.into_iter().map(recorded).collect(),
            has_more,
            log_size: size,
        }
    }

    fn ask(listing: &Query, cursor: Option<Cursor>, size: u64) -> (Vec<u64>, Turn) {
        let asked = question(listing, cursor);
        let found = page(&asked, size);
        let beyond = other_side(&asked, &found).is_some_and(|q| !page(&q, size).events.is_empty());
        let positions = found.events.iter().map(|event| event.position).collect();
        (positions, turn(&asked, &found, beyond))
    }

    #[test]
    fn pages_turn_both_ways_in_every_order() {
        for order in [Order::Recorded, Order::Occurred] {
            for direction in [Direction::Ascending, Direction::Descending] {
                let listing = Query {
                    order,
                    direction,
                    limit: 2,
                    ..Query::default()
                };
                let mut forth = Vec::new();
                let (mut pages, mut cursor) = (Vec::new(), None);
                loop {
                    let (positions, turn) = ask(&listing, cursor, 5);
                    assert_eq!(turn.prev.is_some(), !pages.is_empty());
                    forth.extend(positions.clone());
                    pages.push((positions, turn));
                    cursor = turn.next;
                    if !turn.has_more {
                        break;
                    }
                }
                assert_eq!((forth.len(), pages.len()), (5, 3));
                let mut prev = pages.last().unwrap().1.prev;
                for (positions, _) in pages.iter().rev().skip(1) {
                    let (found, turn) = ask(&listing, prev, 5);
                    assert_eq!((&found, turn.has_more), (positions, true));
                    let behind = forth
                        .iter()
                        .position(|at| at == found.last().unwrap())
                        .unwrap();
                    assert_eq!(ask(&listing, turn.next, 5).0[0], forth[behind + 1]);
                    prev = turn.prev;
                }
                assert_eq!(prev, None);
            }
        }
    }

    #[test]
    fn a_follower_misses_nothing_from_an_empty_log_on() {
        let listing = Query {
            direction: Direction::Ascending,
            limit: 2,
            ..Query::default()
        };
        let (mut read, mut cursor) = (Vec::new(), None);
        for size in [0, 0, 1, 1, 4, 4, 4, 5] {
            let (positions, turn) = ask(&listing, cursor, size);
            read.extend(positions);
            cursor = Some(turn.next.unwrap());
        }
        assert_eq!(read, [0, 1, 2, 3, 4]);
        let (none, turn) = ask(&listing, cursor, 5);
        assert!(none.is_empty());
        assert_eq!(ask(&listing, turn.prev, 5).0, [3, 4]);
    }
}
