//! The id of an event: a UUIDv7 (RFC 9562 §5.7) that carries the event's place in its log.

mod part;

use std::fmt;
use std::hash::Hasher;

use siphasher::sip::SipHasher24;

pub use part::IdPart;

const POSITION_BITS: u32 = 40;
const CHECK_BITS: u32 = 22;
/// One more than the last position that an id can carry.
pub(crate) const POSITION_END: u64 = 1 << POSITION_BITS;

/// 128-bit key of one log; ids that were not made with it are recognised with high probability.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct IdKey(pub [u8; 16]);

impl fmt::Debug for IdKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdKey(..)")
    }
}

/// 48 bits of milliseconds, version 7, 10 bits of microseconds within the millisecond, 2 zero bits, variant,
/// 40 bits of log position, 22 bits of a check keyed per log.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(u128);

impl EventId {
    /// The id of the event that occurred at `micros` (0 or later) and stands at `position` of its log.
    ///
    /// `micros` and `position` are cut to the bits that they have: years beyond 9999 and positions beyond
    /// 2^40 are refused long before an id is made.
    pub fn new(micros: i64, position: u64, key: &IdKey) -> Self {
        debug_assert!(
            micros >= 0 && position < POSITION_END,
            "an id carries neither"
        );
        let unchecked = EventId::unchecked(micros, position);
        EventId(unchecked | check_bits(unchecked, key))
    }

    /// The bits of an id, but for its check.
    fn unchecked(micros: i64, position: u64) -> u128 {
        let micros = u128::from(micros.unsigned_abs());
        let (millis, within) = ((micros / 1000) & ((1 << 48) - 1), micros % 1000);
        let position = position & (POSITION_END - 1);
        (millis << 80)
            | (7 << 76)
            | (within << 66)
            | (0b10 << 62)
            | (u128::from(position) << CHECK_BITS)
    }

    /// The id from its 16 bytes; whether it belongs to a log is another question: [`EventId::belongs`].
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        EventId(u128::from_be_bytes(bytes))
    }

    /// The 16 bytes, as they stand in the tree's entry.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// Reads a UUID, with dashes or without, in either case. `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        if !matches!(text.len(), 32 | 36) {
            return None;
        }
        uuid::Uuid::try_parse(text)
            .ok()
            .map(|uuid| EventId(uuid.as_u128()))
    }

    /// Microseconds since 1970 that the id carries.
    pub fn micros(self) -> i64 {
        let millis = (self.0 >> 80) & ((1 << 48) - 1);
        let within = (self.0 >> 66) & ((1 << 10) - 1);
        i64::try_from(millis * 1000 + within).unwrap_or(i64::MAX)
    }

    /// Position in the log that the id carries.
    pub fn position(self) -> u64 {
        u64::try_from((self.0 >> CHECK_BITS) & u128::from(POSITION_END - 1)).unwrap_or(u64::MAX)
    }

    /// Whether the id was made with `key`: true for every id of that log, false for all but one in four
    /// million others.
    pub fn belongs(self, key: &IdKey) -> bool {
        self == EventId::new(self.micros(), self.position(), key)
    }

    /// The 32 hex digits without dashes.
    pub fn simple(self) -> String {
        uuid::Uuid::from_u128(self.0).simple().to_string()
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
        let uuid = uuid::Uuid::from_u128(self.0).hyphenated();
        f.write_str(uuid.encode_lower(&mut text))
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventId({self})")
    }
}

fn check_bits(unchecked: u128, key: &IdKey) -> u128 {
    let mut hasher = SipHasher24::new_with_key(&key.0);
    hasher.write(&unchecked.to_be_bytes());
    u128::from(hasher.finish() >> (64 - CHECK_BITS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_id() {
        let id = EventId::new(1_795_132_800_123_456, 65_537, &IdKey(*b"0123456789abcdef"));
        assert_eq!(id.to_string(), "01a1f640-bc7b-7720-8000-004000575b6f");
        assert_eq!(
            (id.micros(), id.position()),
            (1_795_132_800_123_456, 65_537)
        );
    }

    proptest::proptest! {
        #[test]
        fn carries_place_and_knows_its_log(
            micros in 0_i64..253_402_300_800_000_000,
            position in 0_u64..POSITION_END,
            bit in 0_u32..128,
        ) {
            let key = IdKey([7; 16]);
            let id = EventId::new(micros, position, &key);
            proptest::prop_assert_eq!((id.micros(), id.position()), (micros, position));
            proptest::prop_assert_eq!(EventId::parse(&id.to_string()), Some(id));
            proptest::prop_assert_eq!(EventId::parse(&id.simple()), Some(id));
            proptest::prop_assert_eq!(uuid::Uuid::from_bytes(id.to_bytes()).get_version_num(), 7);
            proptest::prop_assert!(id.belongs(&key));
            // A changed bit is noticed save with a probability of 2^-22 per change.
            let flipped = EventId(id.0 ^ (1 << bit));
            if flipped.belongs(&key) {
                proptest::prop_assert!(bit >= CHECK_BITS);
            }
        }
    }
}
