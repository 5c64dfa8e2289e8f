//! Which three bytes in a row the texts of a few events have, as bits: what lets a text search leave most events unread.
//!
//! A *gram* is three bytes of a text in lower case. It is hashed to one of [`BUCKETS`] numbers, and of every group of
//! at most [`GROUP_EVENTS`] events a bit for each number says whether one of its texts has such a gram. Events of a
//! group that lacks one gram of a needle do not contain the needle.

use docket_event::{Event, each_text, lower_case};

use crate::bits::Bits;

/// Numbers that a gram can have; part of the format of blocks.
pub const BUCKETS: usize = 1 << BUCKET_BITS;
const BUCKET_BITS: u32 = 13;
/// Most events of a group. Where the first and the last of two neighbours fit into one group, they become one.
pub const GROUP_EVENTS: u32 = 64;
const WORDS: usize = BUCKETS / 64;
const GRAM_BYTES: usize = 3;

/// The grams of some events.
#[derive(Clone, PartialEq, Eq)]
pub struct Grams(Box<[u64; WORDS]>);

impl std::fmt::Debug for Grams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Grams({})", self.buckets().count())
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
        if let Some(word) = self.0.get_mut(bucket / 64) {
            *word |= 1 << (bucket % 64);
        }
    }

    /// Whether it is among them.
    pub fn has(&self, bucket: usize) -> bool {
        let word = self.0.get(bucket / 64);
        word.is_some_and(|word| word >> (bucket % 64) & 1 == 1)
    }

    /// All of them, ascending.
    pub fn buckets(&self) -> impl Iterator<Item = usize> {
        let each = |(at, word): (usize, &u64)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros() as usize;
                left = (left != 0).then(|| left & (left - 1))?;
                Some(at * 64 + bit)
            })
        };
        self.0.iter().enumerate().flat_map(each)
    }
}

/// Collects the grams of events.
pub struct GramMaker {
    /// A byte for each number: setting one costs less than setting a bit.
    seen: Box<[u8; BUCKETS]>,
    lower: Vec<u8>,
}

impl std::fmt::Debug for GramMaker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GramMaker")
    }
}

impl Default for GramMaker {
    fn default() -> Self {
        GramMaker {
            seen: Box::new([0; BUCKETS]),
            lower: Vec::new(),
        }
    }
}

impl GramMaker {
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
        for bucket in buckets(&mut self.lower) {
            if let Some(seen) = self.seen.get_mut(bucket) {
                *seen = 1;
            }
        }
    }

    /// Hands out what was collected, and begins anew.
    pub fn take(&mut self) -> Grams {
        let mut grams = Grams::default();
        let seen = self.seen.as_chunks::<8>().0.chunks(8);
        for (word, seen) in grams.0.iter_mut().zip(seen) {
            let bytes = seen.iter().map(|eight| packed(u64::from_le_bytes(*eight)));
            *word = bytes.rev().fold(0, |word, byte| word << 8 | byte);
        }
        self.seen.fill(0);
        grams
    }
}

/// Eight bytes that are 0 or 1 as the bits of one, the first one lowest.
fn packed(eight: u64) -> u64 {
    eight.wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// The numbers of the grams of a text in lower case, to which a byte may be added.
fn buckets(lower: &mut Vec<u8>) -> impl Iterator<Item = usize> {
    // Four bytes are read at once, of which the last one does not count.
    if lower.len() >= GRAM_BYTES {
        lower.push(0);
    }
    let fours = lower.windows(GRAM_BYTES + 1);
    fours.filter_map(|four| Some(bucket(u32::from_le_bytes(*four.first_chunk()?))))
}

/// The number of the lower three bytes.
fn bucket(gram: u32) -> usize {
    ((gram << 8).wrapping_mul(0x9e37_79b1) >> (u32::BITS - BUCKET_BITS)) as usize
}

/// The numbers of the grams that every text has which contains `lower`, each once; none if that is too short.
pub fn needed(lower: &str) -> Vec<usize> {
    let mut all: Vec<usize> = buckets(&mut lower.as_bytes().to_vec()).collect();
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

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        self.groups.len() * Grams::BYTES
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
        let mut maker = GramMaker::default();
        maker.text("something else");
        maker.take();
        texts.iter().for_each(|text| maker.text(text));
        maker.take()
    }

    #[test]
    fn short_texts_have_none() {
        assert_eq!(grams(&["", "a", "ab"]), Grams::default());
        assert_eq!(grams(&["abc"]).buckets().count(), 1);
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
        fn bits_are_what_was_set(buckets in proptest::collection::btree_set(0_usize..BUCKETS, 0..200)) {
            let mut maker = GramMaker::default();
            let mut grams = Grams::default();
            for bucket in &buckets {
                maker.seen[*bucket] = 1;
                grams.set(*bucket);
            }
            proptest::prop_assert_eq!(&maker.take(), &grams);
            proptest::prop_assert_eq!(maker.take(), Grams::default());
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
