//! Who read events, counted by token, surface and hour.

use std::collections::BTreeMap;

use docket_access::{Caller, Owner};
use docket_event::{Event, Timestamp, Value};
use parking_lot::Mutex;

use super::denials::{actor, credential};

/// Counts (of a token, on a surface, in an hour) at which all are written before their hour is over.
pub const READS_EARLY: usize = 10_000;
/// Most counts in memory: writing them has fallen behind by then, and what comes besides is lost to all but the metric.
pub const READS_MAX: usize = 2 * READS_EARLY;

const HOUR_MICROS: i64 = 3_600 * 1_000_000;

/// What was read in the last hour, and not yet written down.
#[derive(Debug, Default)]
pub(super) struct Reads {
    counts: Mutex<BTreeMap<Key, Count>>,
}

/// Whose reads are counted together; those of the oldest hour come first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub hour_micros: i64,
    pub org: String,
    pub token_id: String,
    pub surface: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Count {
    pub owner: Owner,
    pub requests: u64,
}

/// Whether there is room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    Enough,
    /// It is time to write.
    Scarce,
    /// It was not counted.
    None,
}

impl Key {
    pub fn new(org: &str, token_id: &str, surface: &'static str, now_micros: i64) -> Self {
        Key {
            hour_micros: hour_of(now_micros),
            org: org.to_owned(),
            token_id: token_id.to_owned(),
            surface,
        }
    }
}

impl Reads {
    /// Counts requests.
    pub fn add(&self, key: Key, owner: &Owner, requests: u64) -> Room {
        let mut counts = self.counts.lock();
        let is_full = counts.len() >= READS_MAX;
        match counts.get_mut(&key) {
            Some(count) => count.requests += requests,
            None if is_full => return Room::None,
            None => {
                let owner = owner.clone();
                counts.insert(key, Count { owner, requests });
            }
        }
        match counts.len() < READS_EARLY {
            true => Room::Enough,
            false => Room::Scarce,
        }
    }

    /// Takes the counts whose hour is over, or all when it is time to write all.
    pub fn take(&self, now_micros: i64) -> BTreeMap<Key, Count> {
        let mut counts = self.counts.lock();
        if counts.len() >= READS_EARLY {
            return std::mem::take(&mut *counts);
        }
        let younger = counts.split_off(&Key::new("", "", "", now_micros));
        std::mem::replace(&mut *counts, younger)
    }

    /// Takes all counts.
    pub fn take_all(&self) -> BTreeMap<Key, Count> {
        std::mem::take(&mut *self.counts.lock())
    }
}

fn hour_of(micros: i64) -> i64 {
    micros - micros.rem_euclid(HOUR_MICROS)
}

/// The event that tells of reads.
pub(super) fn event(key: &Key, count: &Count) -> Event {
    let time = |micros: i64| {
        let time = Timestamp::from_micros(micros);
        time.map_or(Value::Null, |time| Value::string(time.to_string()))
    };
    let requests = i64::try_from(count.requests).unwrap_or(i64::MAX);
    let data = Value::object([
        ("surface", Value::string(key.surface)),
        ("count", Value::integer(requests)),
        ("from", time(key.hour_micros)),
        ("to", time(key.hour_micros.saturating_add(HOUR_MICROS))),
    ]);
    let caller = Caller {
        actor: actor(&count.owner),
        credential: Some(credential(&key.token_id)),
        ..Caller::default()
    };
    caller.event("docket.events.read", Vec::new(), &data)
}

#[cfg(test)]
mod tests {
    use docket_event::ActorKind;

    use super::*;

    const HOUR: i64 = 1_699_999_200_000_000;

    fn owner() -> Owner {
        Owner {
            id: "u-1".to_owned(),
            kind: ActorKind::User,
            email: None,
            name: None,
        }
    }

    fn add(reads: &Reads, token: &str, at: i64) -> Room {
        reads.add(Key::new("acme", token, "native", at), &owner(), 1)
    }

    #[test]
    fn counts_are_taken_when_their_hour_is_over() {
        let reads = Reads::default();
        for (token, at) in [
            ("b", 0),
            ("a", 1),
            ("b", HOUR_MICROS - 1),
            ("b", HOUR_MICROS),
        ] {
            assert_eq!(add(&reads, token, HOUR + at), Room::Enough);
        }
        assert!(reads.take(HOUR + HOUR_MICROS - 1).is_empty());
        let counts = |taken: BTreeMap<Key, Count>| {
            let counts = taken.into_iter();
            let counts = counts.map(|(key, count)| (key.token_id, count.requests));
            counts.collect::<Vec<_>>()
        };
        let taken = counts(reads.take(HOUR + HOUR_MICROS));
        assert_eq!(taken, [("a".to_owned(), 1), ("b".to_owned(), 2)]);
        assert_eq!(counts(reads.take_all()), [("b".to_owned(), 1)]);
        assert!(reads.take_all().is_empty());
    }

    #[test]
    fn the_memory_of_counts_is_bounded() {
        let reads = Reads::default();
        for number in 1..READS_EARLY {
            assert_eq!(add(&reads, &number.to_string(), HOUR), Room::Enough);
        }
        for number in READS_EARLY..=READS_MAX {
            assert_eq!(add(&reads, &number.to_string(), HOUR), Room::Scarce);
        }
        assert_eq!(add(&reads, "more", HOUR), Room::None);
        assert_eq!(add(&reads, "1", HOUR), Room::Scarce);
        assert_eq!(reads.take(HOUR).len(), READS_MAX);
        assert_eq!(add(&reads, "more", HOUR), Room::Enough);
    }
}
