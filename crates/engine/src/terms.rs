//! Terms: what an event can be found by, hashed to a number.

use std::hash::Hasher;
use std::ops::RangeInclusive;

use docket_event::{Event, Field, each_value};
use siphasher::sip::SipHasher13;

/// A term: the low bits of a keyed hash of field and value. Different values may share one.
pub type Term = u64;

/// Most bits of a term.
pub const TERM_BITS_MAX: u32 = 48;

/// Makes terms with the key of one store.
#[derive(Clone, Debug)]
pub struct Terms {
    hasher: SipHasher13,
    mask: u64,
}

impl Terms {
    /// Terms of `bits` bits, at most [`TERM_BITS_MAX`].
    pub fn new(key: &[u8; 16], bits: u32) -> Self {
        let mask = (1 << bits.min(TERM_BITS_MAX)) - 1;
        Terms {
            hasher: SipHasher13::new_with_key(key),
            mask,
        }
    }

    /// The term of one value of a field.
    pub fn of(&self, field: Field, value: &str) -> Term {
        let mut hasher = self.hasher;
        hasher.write(&[field.code()]);
        hasher.write(value.as_bytes());
        hasher.finish() & self.mask
    }

    /// Whether a term is long enough to stand for one value: within a block, a value shares its term with
    /// another one of a field that is indexed with a probability of less than 10⁻⁹.
    pub fn tell_apart(&self) -> bool {
        self.mask == (1 << TERM_BITS_MAX) - 1
    }

    /// Adds the terms of an event that stands at `slot`, in no order; a term may come twice. Types are not among
    /// them: they are indexed by name.
    pub fn add(&self, event: &Event, slot: u16, pairs: &mut Vec<Pair>) {
        for field in Field::ALL {
            if hashed(field) {
                each_value(event, field, |value| {
                    pairs.push(pair(self.of(field, value), slot));
                });
            }
        }
    }
}

/// A term and the slot of an event that has it, as one number: sorted numbers are sorted by term, then slot.
pub type Pair = u64;

/// Bits of a slot in a pair.
const SLOT_BITS: u32 = 16;

/// The pair of a term and a slot.
pub fn pair(term: Term, slot: u16) -> Pair {
    debug_assert!(
        term >> TERM_BITS_MAX == 0,
        "a term leaves room for the slot"
    );
    term << SLOT_BITS | Pair::from(slot)
}

/// The term of a pair.
pub fn pair_term(pair: Pair) -> Term {
    pair >> SLOT_BITS
}

/// The slot of a pair.
pub fn pair_slot(pair: Pair) -> u16 {
    u16::try_from(pair & 0xffff).unwrap_or_default()
}

/// The pairs that a term can have.
pub fn pairs_of(term: Term) -> RangeInclusive<Pair> {
    pair(term, 0)..=pair(term, u16::MAX)
}

/// Sorts pairs and drops those that come twice.
pub fn sort_pairs(pairs: &mut Vec<Pair>) {
    pairs.sort_unstable();
    pairs.dedup();
}

/// Whether the field's values are indexed as terms.
pub fn hashed(field: Field) -> bool {
    field.indexed() && field != Field::Type
}

/// The bit of the set of fields that stands for grams of texts, which no field has.
const TEXTS: u32 = 1 << 31;

/// The set of fields that this program indexes, as stored in a block's row.
pub fn indexed_fields() -> u32 {
    Field::ALL
        .iter()
        .filter(|field| field.indexed())
        .fold(TEXTS, |set, field| set | 1 << field.code())
}
