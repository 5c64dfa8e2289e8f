//! Look-up by the names of the built-in list, with a hasher for keys that nobody can choose.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Entries by name.
pub(super) type NameMap<V> = HashMap<&'static str, V, BuildHasherDefault<NameHasher>>;

/// Odd, with its bits in no order: the golden ratio's.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// Mixes eight bytes at a time. Who looks names up cannot make the table slow: its keys are fixed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct NameHasher(u64);

impl NameHasher {
    fn mix(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(FACTOR);
    }
}

impl Hasher for NameHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, tail) = bytes.as_chunks::<8>();
        words
            .iter()
            .for_each(|word| self.mix(u64::from_le_bytes(*word)));
        let rest = tail
            .iter()
            .fold(0, |word, byte| word << 8 | u64::from(*byte));
        self.mix(rest);
    }

    fn write_u8(&mut self, byte: u8) {
        self.0 ^= u64::from(byte);
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
}
