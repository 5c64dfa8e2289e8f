//! The words for places in an RFC 6962 tree.

use std::ops::Range;

use crate::hash::Hash;

/// The size and the root of a tree, which together say what the log holds (RFC 6962 §2.1).
///
/// The two belong together: a root alone does not bind a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Head {
    /// The number of leaves.
    pub size: u64,
    /// The Merkle tree hash over them.
    pub root: Hash,
}

impl Head {
    /// The head of the tree without leaves.
    pub const EMPTY: Head = Head {
        size: 0,
        root: Hash::EMPTY,
    };
}

/// The number of a leaf, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeafIndex(pub u64);

/// A tree that grows, from one number of leaves to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Growth {
    /// The size before.
    pub from: u64,
    /// The size after, not below `from`.
    pub to: u64,
}

/// A complete subtree: the `index`-th run of `2^level` leaves, whose hash never changes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subtree {
    level: u8,
    index: u64,
}

impl Subtree {
    /// The subtree at a level (0 is a leaf) and index; none if it ends beyond 2^64 - 1 leaves.
    pub fn new(level: u8, index: u64) -> Option<Subtree> {
        let leaves = 1u64.checked_shl(level.into())?;
        index.checked_add(1)?.checked_mul(leaves)?;
        Some(Subtree { level, index })
    }

    /// The height of the subtree: it has `2^level` leaves.
    pub const fn level(self) -> u8 {
        self.level
    }

    /// The number of subtrees of this level to the left of it.
    pub const fn index(self) -> u64 {
        self.index
    }

    /// The leaves under it.
    pub const fn leaves(self) -> Range<u64> {
        self.index << self.level..(self.index + 1) << self.level
    }

    /// The fewest subtrees that hold exactly `leaves`, largest and leftmost first.
    ///
    /// Expects what RFC 6962 §2.1 produces: a range that starts at a multiple of the smallest
    /// power of two not below its length. Then each step below lands on a whole subtree.
    pub(crate) fn cover(leaves: Range<u64>) -> impl Iterator<Item = Subtree> {
        let mut start = leaves.start;
        std::iter::from_fn(move || {
            let level = leaves.end.checked_sub(start)?.checked_ilog2()?;
            let subtree = Subtree {
                level: level as u8,
                index: start >> level,
            };
            start += 1 << level;
            Some(subtree)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subtree_ends_within_64_bits() {
        assert_eq!(Subtree::new(0, 5).map(Subtree::leaves), Some(5..6));
        assert_eq!(Subtree::new(3, 2).map(Subtree::leaves), Some(16..24));
        assert_eq!(Subtree::new(63, 0).map(Subtree::leaves), Some(0..1 << 63));
        for (level, index) in [(0, u64::MAX), (1, u64::MAX / 2), (63, 1), (64, 0), (255, 9)] {
            assert_eq!(
                Subtree::new(level, index),
                None,
                "level {level}, index {index}"
            );
        }
    }

    #[test]
    fn cover_lists_the_set_bits() {
        let cover = |leaves| {
            Subtree::cover(leaves)
                .map(Subtree::leaves)
                .collect::<Vec<_>>()
        };
        assert_eq!(cover(0..0), []);
        assert_eq!(cover(0..7), [0..4, 4..6, 6..7]);
        assert_eq!(cover(8..11), [8..10, 10..11]);
        assert_eq!(cover(0..u64::MAX).len(), 64);
    }
}
