//! Which three and four bytes in a row the texts of a few events have, as bits: what lets a text search leave most
//! events unread.
//!
//! A *gram* is three or four bytes of a text in lower case. It is hashed to one of [`BUCKETS`] numbers, and of every
//! group of at most [`GROUP_EVENTS`] events a bit for each number says whether one of its texts has such a gram. Events
//! of a group that lacks one gram of a needle do not contain the needle. Three bytes alone would say little of numbers:
//! a group has most of the thousand that digits make.

use docket_event::{Event, each_text, lower_case};

use crate::bits::Bits;

/// Numbers that a gram can have, those of three bytes first; part of the format of blocks.
pub const BUCKETS: usize = THREES + FOURS;
const THREES: usize = 1 << THREE_BITS;
const THREE_BITS: u32 = 13;
const FOURS: usize = 1 << FOUR_BITS;
const FOUR_BITS: u32 = 12;
/// Most events of a group. Where the first and the last of two neighbours fit into one group, they become one.
pub const GROUP_EVENTS: u32 = 80;
/// From so many events on, packing bytes costs less than setting bits.
const PACKED_EVENTS: usize = 4;
const WORDS: usize = BUCKETS / 64;
/// Bytes that are read at once, and how many grams of each kind begin in them and end in them.
const STEP: usize = 8;
const STEP_GRAMS: usize = 5;

/// The grams of some events.
#[derive(Clone, PartialEq, Eq)]
pub struct Grams(Box<[u64; WORDS]>);

impl std::fmt::Debug for Grams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let count: u32 = self.0.iter().map(|word| word.count_ones()).sum();
        write!(f, "Grams({count})")
    }
}

impl Default for Grams {
    fn default() -> Self {
        Grams(Box::new([0; WORDS]))
    }
}

impl Grams {
    /// Bytes of memory.
    pub const BYTES: usize = BUCKETS / 8;

    /// Adds those of other events.
    pub fn or(&mut self, other: &Grams) {
        let words = self.0.iter_mut().zip(other.0.iter());
        words.for_each(|(word, other)| *word |= other);
    }

    /// Adds one.
    pub fn set(&mut self, bucket: usize) {
        mark_bit(&mut *self.0, bucket);
    }

    /// Whether it is among them.
    pub fn has(&self, bucket: usize) -> bool {
        let word = self.0.get(bucket / 64);
        word.is_some_and(|word| word >> (bucket % 64) & 1 == 1)
    }

    /// Calls `found` with all of them, ascending.
    #[inline]
    pub fn each(&self, mut found: impl FnMut(usize)) {
        for (first, word) in (0..).step_by(64).zip(self.0.iter()) {
            let mut left = *word;
            while left != 0 {
                found(first + left.trailing_zeros() as usize);
                left &= left - 1;
            }
        }
    }

    /// All of them, ascending.
    #[cfg(test)]
    fn buckets(&self) -> impl Iterator<Item = usize> {
        let mut all = Vec::new();
        self.each(|bucket| all.push(bucket));
        all.into_iter()
    }
}

/// Collects the grams of events.
pub struct GramMaker {
    seen: Seen,
    lower: Vec<u8>,
}

/// What was seen so far.
enum Seen {
    /// A byte for each number: setting one costs less than setting a bit, and all are packed at the end.
    Bytes {
        threes: Box<[u8; THREES]>,
        fours: Box<[u8; FOURS]>,
    },
    /// For a few events, of which packing would cost more.
    Bits(Grams),
}

impl std::fmt::Debug for GramMaker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GramMaker")
    }
}

impl GramMaker {
    /// A maker for about so many events at a time.
    pub fn new(events: usize) -> Self {
        let seen = match events < PACKED_EVENTS {
            true => Seen::Bits(Grams::default()),
            false => Seen::Bytes {
                threes: Box::new([0; THREES]),
                fours: Box::new([0; FOURS]),
            },
        };
        GramMaker {
            seen,
            lower: Vec::new(),
        }
    }

    /// Adds those of an event.
    pub fn event(&mut self, event: &Event) {
        each_text(event, |text| self.text(text));
    }

    /// Adds those of a text.
    pub fn text(&mut self, text: &str) {
        self.lower.clear();
        if text.is_ascii() {
            self.lower.extend(text.as_bytes());
            self.lower.make_ascii_lowercase();
        } else {
            self.lower.extend(lower_case(text).as_bytes());
        }
        let lower = &self.lower;
        match &mut self.seen {
            Seen::Bytes { threes, fours } => each_gram(
                lower,
                |gram| mark(threes, three(gram)),
                |gram| mark(fours, four(gram)),
            ),
            Seen::Bits(grams) => {
                let (threes, fours) = grams.0.split_at_mut(THREES / 64);
                each_gram(
                    lower,
                    |gram| mark_bit(threes, three(gram)),
                    |gram| mark_bit(fours, four(gram)),
                );
            }
        }
    }

    /// Hands out what was collected, and begins anew.
    pub fn take(&mut self) -> Grams {
        let mut grams = Grams::default();
        match &mut self.seen {
            Seen::Bits(seen) => std::mem::swap(seen, &mut grams),
            Seen::Bytes { threes, fours } => {
                let seen = threes.as_chunks::<8>().0.chunks(8);
                let seen = seen.chain(fours.as_chunks::<8>().0.chunks(8));
                for (word, seen) in grams.0.iter_mut().zip(seen) {
                    let bytes = seen.iter().map(|eight| packed(u64::from_le_bytes(*eight)));
                    *word = bytes.rev().fold(0, |word, byte| word << 8 | byte);
                }
                threes.fill(0);
                fours.fill(0);
            }
        }
        grams
    }
}

fn mark_bit(words: &mut [u64], number: usize) {
    if let Some(word) = words.get_mut(number / 64) {
        *word |= 1 << (number % 64);
    }
}

fn mark<const N: usize>(seen: &mut [u8; N], number: usize) {
    if let Some(seen) = seen.get_mut(number) {
        *seen = 1;
    }
}

/// Eight bytes that are 0 or 1 as the bits of one, the first one lowest.
fn packed(eight: u64) -> u64 {
    eight.wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// Calls `three` with each three bytes in a row, the lowest ones of a number whose others are anything, and `four`
/// with each four.
#[inline]
fn each_gram(lower: &[u8], mut three: impl FnMut(u32), mut four: impl FnMut(u32)) {
    let mut rest = lower;
    while let Some((eight, _)) = rest.split_first_chunk::<STEP>() {
        let eight = u64::from_le_bytes(*eight);
        for at in 0..STEP_GRAMS {
            let gram = low(eight >> (8 * at));
            three(gram);
            four(gram);
        }
        rest = rest.get(STEP_GRAMS..).unwrap_or_default();
    }
    // Fewer than eight bytes are left, which are behind all grams that were seen.
    let bytes = rest.iter().rev();
    let eight = bytes.fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    for at in 0..rest.len().saturating_sub(2) {
        let gram = low(eight >> (8 * at));
        three(gram);
        if at + 4 <= rest.len() {
            four(gram);
        }
    }
}

fn low(bytes: u64) -> u32 {
    (bytes & u64::from(u32::MAX)) as u32
}

/// The number of the lowest three bytes: the fourth falls out of the product.
fn three(gram: u32) -> usize {
    (gram.wrapping_mul(0x9e37_79b1 << 8) >> (u32::BITS - THREE_BITS)) as usize
}

/// The number of four bytes, counted from 0.
fn four(gram: u32) -> usize {
    (gram.wrapping_mul(0x85eb_ca6b) >> (u32::BITS - FOUR_BITS)) as usize
}

/// The numbers of the grams that every text has which contains `lower`, each once; none if that is too short.
pub fn needed(lower: &str) -> Vec<usize> {
    let (mut threes, mut all) = (Vec::new(), Vec::new());
    each_gram(
        lower.as_bytes(),
        |gram| threes.push(three(gram)),
        |gram| all.push(THREES + four(gram)),
    );
    all.extend(threes);
    all.sort_unstable();
    all.dedup();
    all
}

/// The grams of a stretch of events, by groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GramGroups {
    groups: Vec<(u32, Grams)>,
}

impl GramGroups {
    /// Appends events that follow those that are there.
    pub fn push(&mut self, events: u32, grams: Grams) {
        match self.groups.last_mut() {
            Some((known, all)) if *known + events <= GROUP_EVENTS => {
                *known += events;
                all.or(&grams);
            }
            Some(_) | None => self.groups.push((events, grams)),
        }
    }

    /// Appends a group as it is.
    pub fn push_group(&mut self, events: u32, grams: Grams) {
        self.groups.push((events, grams));
    }

    /// Appends those of other events, which follow these.
    pub fn append(&mut self, other: GramGroups) {
        for (events, grams) in other.groups {
            self.push(events, grams);
        }
    }

    /// The groups: how many events, and their grams.
    pub fn groups(&self) -> &[(u32, Grams)] {
        &self.groups
    }

    /// Bytes of memory, as if all groups were full. A log whose only group has few events takes up to
    /// [`Grams::BYTES`] more: to count them would have thousands of small tails sealed before they have grown.
    pub fn bytes(&self) -> usize {
        let events: u32 = self.groups.iter().map(|(events, _)| *events).sum();
        events as usize * (Grams::BYTES / GROUP_EVENTS as usize)
    }

    /// Adds the slots of the groups that have all of some grams to `bits`, as far as they fit.
    pub fn add_slots(&self, needed: &[usize], bits: &mut Bits) {
        let mut first = 0;
        for (events, grams) in &self.groups {
            if needed.iter().all(|bucket| grams.has(*bucket)) {
                bits.set_range(first, first + events);
            }
            first += events;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use docket_event::Needle;

    fn grams(texts: &[&str]) -> Grams {
        let [few, many] = [1, PACKED_EVENTS].map(|events| {
            let mut maker = GramMaker::new(events);
            maker.text("something else");
            maker.take();
            texts.iter().for_each(|text| maker.text(text));
            maker.take()
        });
        assert_eq!(few, many);
        many
    }

    #[test]
    fn short_texts_have_none() {
        assert_eq!(grams(&["", "a", "ab"]), Grams::default());
        assert_eq!(grams(&["abc"]).buckets().count(), 1);
        assert_eq!(grams(&["abcd"]).buckets().count(), 3);
        assert!(needed("ab").is_empty());
    }

    #[test]
    fn few_texts_pass_that_are_not_there() {
        let grams = grams(&["The quick brown fox jumps over the lazy dog"; 2]);
        let words = ["quack", "fax", "jump over", "zebra", "lazy fox"];
        let passing = words.map(|word| needed(word).iter().all(|bucket| grams.has(*bucket)));
        assert_eq!(passing, [false; 5]);
    }

    proptest::proptest! {
        #[test]
        fn what_a_text_contains_is_never_denied(
            texts in proptest::collection::vec("\\PC{0,40}", 1..5),
            (from, count) in (0_usize..40, 1_usize..40),
        ) {
            let part: String = texts[0].chars().skip(from).take(count).collect();
            if let Ok(needle) = Needle::new(&part) {
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                let grams = grams(&texts);
                proptest::prop_assert!(needed(needle.text()).iter().all(|bucket| grams.has(*bucket)));
            }
        }

        #[test]
        fn every_gram_of_a_text_is_seen(text in "[a-z ]{0,40}") {
            let mut expected = Vec::new();
            for (count, kind) in [(3, 0), (4, THREES)] {
                for window in text.as_bytes().windows(count) {
                    let gram = window.iter().rev().fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
                    expected.push(kind + if count == 3 { three(gram | 0xff00_0000) } else { four(gram) });
                }
            }
            expected.sort_unstable();
            expected.dedup();
            proptest::prop_assert_eq!(grams(&[&text]).buckets().collect::<Vec<_>>(), expected.clone());
            proptest::prop_assert_eq!(needed(&text), expected);
        }

        #[test]
        fn bits_are_what_was_set(buckets in proptest::collection::btree_set(0_usize..BUCKETS, 0..200)) {
            let mut grams = Grams::default();
            buckets.iter().for_each(|bucket| grams.set(*bucket));
            proptest::prop_assert_eq!(grams.buckets().collect::<Vec<_>>(), buckets.into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn groups_say_where(counts in proptest::collection::vec(1_u32..70, 1..20)) {
            let mut groups = GramGroups::default();
            let mut first = 0;
            let mut expected = Vec::new();
            for (bucket, count) in counts.iter().enumerate() {
                let mut grams = Grams::default();
                grams.set(bucket);
                groups.push(*count, grams);
                expected.push((bucket, first..first + count));
                first += count;
            }
            for (bucket, slots) in expected {
                let mut bits = Bits::none(first);
                groups.add_slots(&[bucket], &mut bits);
                proptest::prop_assert!(slots.clone().all(|slot| bits.has(slot)));
                proptest::prop_assert!(bits.count() <= GROUP_EVENTS.max(slots.end - slots.start));
            }
        }
    }
}
