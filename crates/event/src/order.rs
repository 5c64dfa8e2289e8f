//! In which order, from where, and how many: the rest of a question, and the page that answers it.

use std::cmp::Ordering;
use std::hash::Hasher;

use siphasher::sip::SipHasher24;

use crate::event::Recorded;
use crate::filter::Filter;
use crate::id::IdKey;

/// Most events of one page.
pub const LIMIT_MAX: usize = 1_000;

/// What events are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Order {
    /// The log's own order: position. Nothing is ever inserted in front of what was read.
    #[default]
    Recorded,
    /// Event time, then position.
    Occurred,
}

/// Which end comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Newest first.
    #[default]
    Descending,
    /// Oldest first.
    Ascending,
}

impl Direction {
    /// The other one.
    #[must_use]
    pub fn reversed(self) -> Self {
        match self {
            Direction::Descending => Direction::Ascending,
            Direction::Ascending => Direction::Descending,
        }
    }
}

/// Where an event stands in both orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// When it happened, Unix microseconds.
    pub micros: i64,
    /// Position in the log.
    pub position: u64,
}

impl Place {
    /// Where this event stands.
    pub fn of(recorded: &Recorded) -> Self {
        Place {
            micros: recorded.micros(),
            position: recorded.position,
        }
    }

    /// Compares two places in `order`, ascending.
    pub fn compare(&self, other: &Place, order: Order) -> Ordering {
        match order {
            Order::Recorded => self.position.cmp(&other.position),
            Order::Occurred => (self.micros, self.position).cmp(&(other.micros, other.position)),
        }
    }
}

/// A question: the listing of all events that `filter` wants, in `order` and `direction`, cut by `after` and
/// `before` and to `limit` events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Which events.
    pub filter: Filter,
    /// Sorted by what.
    pub order: Order,
    /// Which end first.
    pub direction: Direction,
    /// Only what follows this place in the listing; it need not match the filter.
    pub after: Option<Place>,
    /// Only what stands in front of this place. Without `after`: the events nearest to it.
    pub before: Option<Place>,
    /// Most events to give, 1 to [`LIMIT_MAX`].
    pub limit: usize,
}

/// A page of the listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The events, in the order asked for.
    pub events: Vec<Recorded>,
    /// Whether more lie in the direction of reading: behind the page, or, with `before` alone, in front.
    pub has_more: bool,
    /// Size of the log when the page was read: everything below this position was seen.
    pub log_size: u64,
}

/// A place in a listing that a client hands back: opaque, URL-safe, and tied to one log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The order that it belongs to.
    pub order: Order,
    /// The direction that it belongs to.
    pub direction: Direction,
    /// Whether the page continues behind the place or ends in front of it.
    pub side: Side,
    /// The place.
    pub place: Place,
}

/// On which side of its place a cursor's page lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The page begins behind the place.
    After,
    /// The page ends in front of the place.
    Before,
}

const CURSOR_VERSION: u8 = 1;
const CURSOR_BYTES: usize = 21;

impl Cursor {
    /// The cursor as text: 42 lower-case hex digits.
    pub fn encode(&self, key: &IdKey) -> String {
        let mut bytes = Vec::with_capacity(CURSOR_BYTES);
        bytes.push(CURSOR_VERSION << 4 | self.flags());
        bytes.extend(self.place.micros.to_be_bytes());
        bytes.extend(self.place.position.to_be_bytes());
        let check = check(&bytes, key);
        bytes.extend(check);
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Reads a cursor; `None` for anything that [`Cursor::encode`] did not make for this log.
    pub fn decode(text: &str, key: &IdKey) -> Option<Self> {
        if text.len() != 2 * CURSOR_BYTES || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let byte = |index: usize| u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok();
        let bytes: Vec<u8> = (0..CURSOR_BYTES).map(byte).collect::<Option<_>>()?;
        let (signed, sum) = bytes.split_last_chunk::<4>()?;
        if check(signed, key) != *sum {
            return None;
        }
        let (first, rest) = signed.split_first()?;
        let (micros, rest) = rest.split_first_chunk::<8>()?;
        let (position, _) = rest.split_first_chunk::<8>()?;
        let place = Place {
            micros: i64::from_be_bytes(*micros),
            position: u64::from_be_bytes(*position),
        };
        let cursor = Cursor {
            order: if first & 1 == 0 {
                Order::Recorded
            } else {
                Order::Occurred
            },
            direction: if first & 2 == 0 {
                Direction::Descending
            } else {
                Direction::Ascending
            },
            side: if first & 4 == 0 {
                Side::After
            } else {
                Side::Before
            },
            place,
        };
        (first >> 4 == CURSOR_VERSION).then_some(cursor)
    }

    fn flags(&self) -> u8 {
        u8::from(self.order == Order::Occurred)
            | u8::from(self.direction == Direction::Ascending) << 1
            | u8::from(self.side == Side::Before) << 2
    }
}

fn check(bytes: &[u8], key: &IdKey) -> [u8; 4] {
    let mut hasher = SipHasher24::new_with_key(&key.0);
    hasher.write(b"cursor");
    hasher.write(bytes);
    let [a, b, c, d, ..] = hasher.finish().to_be_bytes();
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_cursor() {
        let cursor = Cursor {
            order: Order::Occurred,
            direction: Direction::Ascending,
            side: Side::Before,
            place: Place {
                micros: 1_795_132_800_123_456,
                position: 65_537,
            },
        };
        let key = IdKey(*b"0123456789abcdef");
        let text = "17000660a9ece042400000000000010001185dfffb";
        assert!(
            cursor.encode(&key).starts_with(text),
            "{}",
            cursor.encode(&key)
        );
    }

    proptest::proptest! {
        #[test]
        fn cursors_come_back_and_fit_one_log_only(
            micros: i64,
            position: u64,
            flags in 0_u8..8,
            at in 0_usize..42,
            junk in "[0-9a-zA-Z_%é-]{0,60}",
        ) {
            let cursor = Cursor {
                order: if flags & 1 == 0 { Order::Recorded } else { Order::Occurred },
                direction: if flags & 2 == 0 { Direction::Descending } else { Direction::Ascending },
                side: if flags & 4 == 0 { Side::After } else { Side::Before },
                place: Place { micros, position },
            };
            let (key, other) = (IdKey([1; 16]), IdKey([2; 16]));
            let text = cursor.encode(&key);
            proptest::prop_assert_eq!(Cursor::decode(&text, &key), Some(cursor));
            proptest::prop_assert_eq!(Cursor::decode(&text, &other), None);
            proptest::prop_assert_eq!(Cursor::decode(&junk, &key), None);
            let mut changed = text.into_bytes();
            changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
            proptest::prop_assert_eq!(Cursor::decode(std::str::from_utf8(&changed).unwrap(), &key), None);
        }
    }
}
