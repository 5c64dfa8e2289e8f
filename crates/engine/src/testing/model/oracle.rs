//! The list that the engine must behave like.

use docket_event::{Direction, Event, EventId, IdKey, Page, Place, Query, Recorded, Timestamp};

use crate::request::Appended;

/// A log as a list.
#[derive(Debug, Default)]
pub(super) struct Oracle {
    /// The events that are there, by position.
    pub events: Vec<Recorded>,
    /// How many stood in front of them and were pruned.
    pub pruned: u64,
    /// When the last event was recorded, whether it is still there or not.
    recorded_micros: i64,
}

impl Oracle {
    /// How many events the log has had.
    pub fn size(&self) -> u64 {
        self.pruned + self.events.len() as u64
    }

    /// Drops the events in front of a position, and gives them.
    pub fn prune(&mut self, first: u64) -> Vec<Recorded> {
        let count = first
            .saturating_sub(self.pruned)
            .min(self.events.len() as u64);
        self.pruned += count;
        let count = usize::try_from(count).expect("it is no more than there are");
        self.events.drain(..count).collect()
    }

    /// Takes in what was acknowledged, checks the places, and counts what was there already.
    pub fn accept(&mut self, events: Vec<Event>, answer: &Appended, now: i64, key: &IdKey) -> u64 {
        assert_eq!(
            answer.positions.len(),
            events.len(),
            "each event has a position"
        );
        assert_eq!(answer.ids.len(), events.len(), "each event has an id");
        let recorded_micros = now.max(self.recorded_micros);
        let mut duplicates = 0;
        for ((event, position), id) in events.into_iter().zip(&answer.positions).zip(&answer.ids) {
            let size = self.size();
            if *position < size {
                let known = position.checked_sub(self.pruned);
                let known = known
                    .and_then(|at| usize::try_from(at).ok())
                    .and_then(|at| self.events.get(at));
                assert_eq!(
                    known.map(|known| known.id),
                    Some(*id),
                    "a duplicate has the first id"
                );
                assert_eq!(
                    known.map(|known| &known.event),
                    Some(&event),
                    "a duplicate says the same"
                );
                duplicates += 1;
                continue;
            }
            assert_eq!(*position, size, "positions are dense and in order");
            let micros = event.occurred_at.map_or(recorded_micros, Timestamp::micros);
            assert_eq!(
                *id,
                EventId::new(micros, *position, key),
                "an id carries its place"
            );
            self.recorded_micros = recorded_micros;
            self.events.push(Recorded {
                event,
                id: *id,
                position: *position,
                recorded_micros,
            });
        }
        assert!(
            answer.tree_size >= self.size(),
            "the tree has the events in it"
        );
        duplicates
    }

    /// The answer that a request would have had if its events had been written behind `size` others.
    pub fn as_if_new(&self, events: &[Event], size: u64) -> Appended {
        let mut answer = Appended {
            tree_size: size,
            ..Appended::default()
        };
        let mut seen: Vec<(&Event, u64)> = Vec::new();
        let key = |event: &Event| {
            event.origin.as_ref().map(|origin| {
                (
                    origin.surface.clone(),
                    origin.account.clone(),
                    origin.id.clone(),
                )
            })
        };
        for event in events {
            let known = self
                .events
                .iter()
                .map(|known| (&known.event, known.position))
                .chain(seen.iter().copied());
            let mut known =
                known.filter(|(known, _)| event.origin.is_some() && key(known) == key(event));
            let position = known
                .next()
                .map_or(answer.tree_size, |(_, position)| position);
            if position == answer.tree_size {
                answer.tree_size += 1;
            } else {
                answer.duplicates += 1;
            }
            answer.positions.push(position);
            seen.push((event, position));
        }
        answer
    }

    /// The page that answers a question, by the definition.
    pub fn page(&self, query: &Query) -> Page {
        self.page_behind(query, 0)
    }

    /// The same, without the first events in the direction of reading.
    pub fn page_behind(&self, query: &Query, skip: usize) -> Page {
        let mut listing: Vec<&Recorded> = self
            .events
            .iter()
            .filter(|event| query.filter.matches(event))
            .collect();
        listing.sort_by(|a, b| {
            let ascending = Place::of(a).compare(&Place::of(b), query.order);
            match query.direction {
                Direction::Ascending => ascending,
                Direction::Descending => ascending.reverse(),
            }
        });
        let behind = |event: &Recorded, place: &Place| {
            let ascending = Place::of(event).compare(place, query.order);
            match query.direction {
                Direction::Ascending => ascending,
                Direction::Descending => ascending.reverse(),
            }
        };
        listing.retain(|event| {
            query
                .after
                .is_none_or(|after| behind(event, &after).is_gt())
                && query
                    .before
                    .is_none_or(|before| behind(event, &before).is_lt())
        });
        let from = match (query.after, query.before) {
            (None, Some(_)) => {
                listing.truncate(listing.len().saturating_sub(skip));
                listing.len().saturating_sub(query.limit)
            }
            _ => {
                listing.drain(..skip.min(listing.len()));
                0
            }
        };
        let has_more = listing.len() > query.limit;
        let events = listing
            .into_iter()
            .skip(from)
            .take(query.limit)
            .cloned()
            .collect();
        Page {
            events,
            has_more,
            log_size: self.size(),
        }
    }
}
