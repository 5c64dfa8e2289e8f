//! Sets of local ids, as bits.

/// A set of the numbers below a fixed end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bits {
    words: Vec<u64>,
    end: u32,
}

impl Bits {
    /// No number below `end`.
    pub fn none(end: u32) -> Self {
        Bits {
            words: vec![0; end.div_ceil(64) as usize],
            end,
        }
    }

    /// Every number below `end`.
    pub fn all(end: u32) -> Self {
        let mut bits = Bits {
            words: vec![u64::MAX; end.div_ceil(64) as usize],
            end,
        };
        bits.trim();
        bits
    }

    /// The set whose words are given as little-endian bytes; numbers of `end` and more are dropped.
    pub fn from_bytes(bytes: &[u8], end: u32) -> Self {
        let mut bits = Bits::none(end);
        for (word, chunk) in bits.words.iter_mut().zip(bytes.chunks(8)) {
            *word = chunk
                .iter()
                .rev()
                .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        }
        bits.trim();
        bits
    }

    /// The set of the `end` bits that follow the first `skipped` ones of `bytes`.
    pub fn from_bits(bytes: &[u8], skipped: usize, end: u32) -> Self {
        let bytes = bytes.get(skipped / 8..).unwrap_or_default();
        let (skipped, mut bits) = (skipped % 8, Bits::none(end));
        for (word, nine) in bits.words.iter_mut().zip((0..).step_by(8)) {
            let nine = bytes.get(nine..).unwrap_or_default().iter().take(9);
            let all = nine.rev().fold(0, |sum, byte| sum << 8 | u128::from(*byte));
            *word = u64::try_from(all >> skipped & u128::from(u64::MAX)).unwrap_or_default();
        }
        bits.trim();
        bits
    }

    /// One more than the largest number that fits.
    pub fn end(&self) -> u32 {
        self.end
    }

    /// Adds a number; those that do not fit are ignored.
    pub fn set(&mut self, number: u32) {
        if number < self.end
            && let Some(word) = self.words.get_mut(number as usize / 64)
        {
            *word |= 1 << (number % 64);
        }
    }

    /// Adds the numbers from `from` and below `to`, as far as they fit.
    pub fn set_range(&mut self, from: u32, to: u32) {
        let to = to.min(self.end);
        let mut at = from;
        while at < to {
            let (bit, next) = (at % 64, (at / 64 + 1) * 64);
            let count = next.min(to) - at;
            if let Some(word) = self.words.get_mut(at as usize / 64) {
                *word |= u64::MAX >> (64 - count) << bit;
            }
            at = next;
        }
    }

    /// Whether the number is in the set.
    pub fn has(&self, number: u32) -> bool {
        self.words
            .get(number as usize / 64)
            .is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    /// Keeps what `other` has too.
    pub fn and(&mut self, other: &Bits) {
        self.words
            .iter_mut()
            .zip(&other.words)
            .for_each(|(word, other)| *word &= other);
    }

    /// Adds what `other` has.
    pub fn or(&mut self, other: &Bits) {
        self.words
            .iter_mut()
            .zip(&other.words)
            .for_each(|(word, other)| *word |= other);
    }

    /// Drops what `other` has.
    pub fn and_not(&mut self, other: &Bits) {
        self.words
            .iter_mut()
            .zip(&other.words)
            .for_each(|(word, other)| *word &= !other);
    }

    /// Keeps the numbers from `from` and below `to`.
    pub fn clamp(&mut self, from: u32, to: u32) {
        for (index, word) in (0_u32..).step_by(64).zip(&mut self.words) {
            if index + 64 <= from || index >= to {
                *word = 0;
                continue;
            }
            if index < from {
                *word &= u64::MAX << (from - index);
            }
            if to - index < 64 {
                *word &= (1 << (to - index)) - 1;
            }
        }
    }

    /// How many numbers are in the set.
    pub fn count(&self) -> u32 {
        self.words.iter().map(|word| word.count_ones()).sum()
    }

    /// How many numbers the set has below `below`.
    pub fn count_below(&self, below: u32) -> u32 {
        let whole = below as usize / 64;
        let words = self.words.iter().take(whole);
        let part = self.words.get(whole).copied().unwrap_or_default();
        words.map(|word| word.count_ones()).sum::<u32>()
            + (part & ((1 << (below % 64)) - 1)).count_ones()
    }

    /// How many numbers both sets have.
    pub fn count_common(&self, other: &Bits) -> u32 {
        let both = self.words.iter().zip(&other.words);
        both.map(|(word, other)| (word & other).count_ones()).sum()
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// The smallest number of `from` or more.
    pub fn next(&self, from: u32) -> Option<u32> {
        let mut index = from as usize / 64;
        let mut word = self.words.get(index)? & (u64::MAX << (from % 64));
        loop {
            if word != 0 {
                return Some(u32::try_from(index).ok()? * 64 + word.trailing_zeros());
            }
            index += 1;
            word = *self.words.get(index)?;
        }
    }

    /// The largest number below `below`.
    pub fn previous(&self, below: u32) -> Option<u32> {
        let last = below.min(self.end).checked_sub(1)?;
        let mut index = last as usize / 64;
        let mut word = self.words.get(index)? & (u64::MAX >> (63 - last % 64));
        loop {
            if word != 0 {
                return Some(u32::try_from(index).ok()? * 64 + 63 - word.leading_zeros());
            }
            index = index.checked_sub(1)?;
            word = *self.words.get(index)?;
        }
    }

    /// All numbers, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        let mut at = Some(0);
        std::iter::from_fn(move || {
            let found = self.next(at?)?;
            at = found.checked_add(1);
            Some(found)
        })
    }

    fn trim(&mut self) {
        if let (Some(last), used @ 1..) = (self.words.last_mut(), self.end % 64) {
            *last &= (1 << used) - 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    proptest::proptest! {
        #[test]
        fn like_a_set(
            end in 1_u32..300,
            left in proptest::collection::btree_set(0_u32..300, 0..40),
            right in proptest::collection::btree_set(0_u32..300, 0..40),
            from in 0_u32..320,
            to in 0_u32..320,
        ) {
            let fits = |set: &BTreeSet<u32>| set.iter().copied().filter(|n| *n < end).collect();
            let (left, right): (BTreeSet<u32>, BTreeSet<u32>) = (fits(&left), fits(&right));
            let bits = |set: &BTreeSet<u32>| {
                let mut bits = Bits::none(end);
                set.iter().for_each(|number| bits.set(*number));
                bits
            };
            let list = |bits: &Bits| bits.iter().collect::<BTreeSet<u32>>();
            let mut and = bits(&left);
            and.and(&bits(&right));
            proptest::prop_assert_eq!(list(&and), &left & &right);
            let mut or = bits(&left);
            or.or(&bits(&right));
            proptest::prop_assert_eq!(list(&or), &left | &right);
            let mut not = bits(&left);
            not.and_not(&bits(&right));
            proptest::prop_assert_eq!(list(&not), &left - &right);
            let mut cut = bits(&left);
            cut.clamp(from, to);
            proptest::prop_assert_eq!(list(&cut), left.iter().copied().filter(|n| *n >= from && *n < to).collect());
            let packed: Vec<u8> = (0_u32..48)
                .map(|byte| (0..8).map(|bit| u8::from(left.contains(&(byte * 8 + bit))) << bit).sum())
                .collect();
            let cut = Bits::from_bits(&packed, from as usize, end);
            proptest::prop_assert_eq!(list(&cut), left.range(from..).map(|n| n - from).collect());
            let mut filled = bits(&left);
            filled.set_range(from, to);
            let added = (0..end).filter(|n| left.contains(n) || (from..to).contains(n));
            proptest::prop_assert_eq!(list(&filled), added.collect());
            proptest::prop_assert_eq!(bits(&left).count_below(to) as usize, left.range(..to).count());
            proptest::prop_assert_eq!(
                bits(&left).count_common(&bits(&right)) as usize,
                left.intersection(&right).count()
            );
            proptest::prop_assert_eq!(bits(&left).next(from), left.range(from..).next().copied());
            proptest::prop_assert_eq!(bits(&left).previous(to), left.range(..to).next_back().copied());
            proptest::prop_assert_eq!(bits(&left).count() as usize, left.len());
            proptest::prop_assert_eq!(list(&Bits::all(end)).len(), end as usize);
        }
    }
}
