//! Terms: what an event can be found by, hashed to a number.

use std::hash::Hasher;

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

    /// The terms of an event, each once, ascending. Types are not among them: they are indexed by name.
    pub fn of_event(&self, event: &Event) -> Vec<Term> {
        let mut terms = Vec::with_capacity(16);
        for field in Field::ALL {
            if hashed(field) {
                each_value(event, field, |value| terms.push(self.of(field, value)));
            }
        }
        terms.sort_unstable();
        terms.dedup();
        terms
    }
}

/// Whether the field's values are indexed as terms.
pub fn hashed(field: Field) -> bool {
    field.indexed() && field != Field::Type
}

/// The set of fields that this program indexes, as stored in a block's row.
pub fn indexed_fields() -> u32 {
    Field::ALL
        .iter()
        .filter(|field| field.indexed())
        .fold(0, |set, field| set | 1 << field.code())
}
