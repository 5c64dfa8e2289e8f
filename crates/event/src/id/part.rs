//! Which ids have a text in them, found without writing the ids.

use super::{CHECK_BITS, EventId, IdKey};

/// Characters of an id: groups of hex digits with dashes between them.
const CHARS: usize = 36;
/// Where the dashes stand.
const DASHES: [usize; 4] = [8, 13, 18, 23];
/// The bits that the check fills.
const CHECK: u128 = (1 << CHECK_BITS) - 1;
/// The bits that all ids have in common: version, variant, and the two zero bits between them.
const COMMON: u128 = 0xf << 76 | 0xf << 62;
const COMMON_VALUE: u128 = 7 << 76 | 0b10 << 62;

/// A part of an id's text, ready to be compared with many ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdPart {
    /// The places where it can stand: which bits it says, and what they are.
    places: Vec<(u128, u128)>,
}

impl IdPart {
    /// Ids whose text contains `lower`, which is in lower case.
    pub fn of(lower: &str) -> Self {
        let last = CHARS.checked_sub(lower.len());
        let starts = last.map(|last| 0..=last).into_iter().flatten();
        let mut part = IdPart {
            places: starts.filter_map(|start| place(lower, start)).collect(),
        };
        part.keep(COMMON, COMMON_VALUE);
        part
    }

    /// What is left of it for ids whose time and position lie between those of `first` and `last`, inclusive.
    #[must_use]
    pub fn between(&self, first: (i64, u64), last: (i64, u64)) -> Self {
        let [one, other] =
            [first, last].map(|(micros, position)| EventId::unchecked(micros, position));
        let (time, position) = (u128::MAX << 80, ((1 << 62) - 1) & !CHECK);
        let mut part = self.clone();
        for field in [time, position] {
            // Above the highest bit that differs, all numbers between the two are the same.
            let differing = (one ^ other) & field;
            let same = field
                & (u128::MAX
                    .checked_shl(128 - differing.leading_zeros())
                    .unwrap_or(0));
            part.keep(same, one & same);
        }
        part
    }

    /// Whether no id can have it.
    pub fn is_nowhere(&self) -> bool {
        self.places.is_empty()
    }

    /// Whether the id of the event that occurred at `micros` and stands at `position` has it.
    pub fn is_in(&self, micros: i64, position: u64, key: &IdKey) -> bool {
        let unchecked = EventId::unchecked(micros, position);
        let mut places = self.places.iter();
        places.any(|(mask, value)| {
            (unchecked ^ value) & mask & !CHECK == 0
                && (mask & CHECK == 0
                    || (EventId::new(micros, position, key).0 ^ value) & mask == 0)
        })
    }

    /// Drops the places that contradict some bits.
    fn keep(&mut self, bits: u128, value: u128) {
        self.places
            .retain(|(mask, wanted)| (wanted ^ value) & mask & bits == 0);
    }
}

/// What the bits of an id are when a text stands from character `start` on.
fn place(lower: &str, start: usize) -> Option<(u128, u128)> {
    let (mut mask, mut value) = (0, 0);
    for (at, char) in (start..).zip(lower.chars()) {
        if DASHES.contains(&at) != (char == '-') {
            return None;
        }
        if char == '-' {
            continue;
        }
        let digit = char.to_digit(16).filter(|_| !char.is_ascii_uppercase())?;
        let before = at - DASHES.iter().filter(|dash| **dash < at).count();
        let shift = 4 * 31_usize.checked_sub(before)?;
        mask |= 0xf << shift;
        value |= u128::from(digit) << shift;
    }
    Some((mask, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: IdKey = IdKey([9; 16]);

    #[test]
    fn texts_that_no_id_has_are_nowhere() {
        for text in ["x", "--", "ABC", &"a".repeat(13), &"0".repeat(37)] {
            assert!(IdPart::of(text).is_nowhere(), "{text}");
        }
        let part = IdPart::of("01a1f640-bc7b");
        assert!(!part.is_nowhere());
        assert!(part.between((5, 0), (9, 100)).is_nowhere());
    }

    proptest::proptest! {
        #[test]
        fn like_the_text(
            micros in 0_i64..253_402_300_800_000_000,
            position in 0_u64..1 << 40,
            (start, count) in (0_usize..36, 1_usize..37),
            other in 0_usize..36,
            (earlier, later, lower, higher) in (0_i64..10_000_000, 0_i64..10_000_000, 0_u64..5_000, 0_u64..5_000),
        ) {
            let text = EventId::new(micros, position, &KEY).to_string();
            let cut = &text[start..(start + count).min(36)];
            let part = IdPart::of(cut);
            let first = ((micros - earlier).max(0), position.saturating_sub(lower));
            let last = (micros + later, (position + higher).min((1 << 40) - 1));
            let near = part.between(first, last);
            proptest::prop_assert!(part.is_in(micros, position, &KEY));
            proptest::prop_assert!(near.is_in(micros, position, &KEY));
            let mut changed = cut.as_bytes().to_vec();
            let at = other % changed.len();
            changed[at] = if changed[at] == b'a' { b'b' } else { b'a' };
            let changed = String::from_utf8(changed).unwrap();
            let expected = text.contains(&changed);
            proptest::prop_assert_eq!(IdPart::of(&changed).is_in(micros, position, &KEY), expected);
            proptest::prop_assert_eq!(
                IdPart::of(&changed).between(first, last).is_in(micros, position, &KEY), expected
            );
        }
    }
}
