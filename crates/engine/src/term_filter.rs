//! A Bloom filter over the terms of a block: about 10 bits a term, one false answer in a hundred.

use crate::codec::{Bytes, Malformed, put_varint};
use crate::terms::Term;

const BITS_PER_TERM: u64 = 10;
const PROBES: u64 = 7;
const BYTES_MAX: usize = 64 << 20;

/// Tells which terms are certainly not in a set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TermFilter {
    bytes: Vec<u8>,
}

impl TermFilter {
    /// The filter of `count` terms, each given once.
    pub fn of(count: usize, terms: impl Iterator<Item = Term>) -> Self {
        let bits = (count as u64 * BITS_PER_TERM).next_multiple_of(8);
        let mut filter = TermFilter {
            bytes: vec![0; usize::try_from(bits / 8).unwrap_or(0)],
        };
        for term in terms {
            for bit in probes(term, bits) {
                if let Some(byte) = filter.bytes.get_mut(usize::try_from(bit / 8).unwrap_or(0)) {
                    *byte |= 1 << (bit % 8);
                }
            }
        }
        filter
    }

    /// Whether the term may be in the set.
    pub fn may_have(&self, term: Term) -> bool {
        let bits = self.bytes.len() as u64 * 8;
        bits > 0
            && probes(term, bits).all(|bit| {
                let byte = self.bytes.get(usize::try_from(bit / 8).unwrap_or(0));
                byte.is_some_and(|byte| byte >> (bit % 8) & 1 == 1)
            })
    }

    /// Appends the filter.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_varint(out, self.bytes.len() as u64);
        out.extend(&self.bytes);
    }

    /// Reads a filter.
    pub fn decode(bytes: &mut Bytes<'_>) -> Result<Self, Malformed> {
        let length = bytes.length(BYTES_MAX)?;
        Ok(TermFilter {
            bytes: bytes.take(length)?.to_vec(),
        })
    }

    /// Bytes in memory.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }
}

/// Double hashing over two mixes of the term.
fn probes(term: Term, bits: u64) -> impl Iterator<Item = u64> {
    let first = mix(term);
    let second = mix(first) | 1;
    (0..PROBES).map(move |probe| first.wrapping_add(probe.wrapping_mul(second)) % bits)
}

/// The finaliser of SplitMix64.
fn mix(value: u64) -> u64 {
    let value = (value ^ 0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 30)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_denies_and_seldom_lies() {
        let filter = TermFilter::of(10_000, (0..10_000).map(|n| n * 7919));
        assert!((0..10_000_u64).all(|n| filter.may_have(n * 7919)));
        let lies = (0..10_000_u64)
            .filter(|n| filter.may_have(n * 7919 + 1))
            .count();
        assert!(lies < 200, "{lies} of 10,000");
        assert!(!TermFilter::default().may_have(1));
    }
}
