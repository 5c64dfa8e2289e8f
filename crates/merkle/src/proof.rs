//! Making inclusion and consistency proofs from the hashes of complete subtrees.

use std::ops::Range;

use crate::hash::Hash;
use crate::range::join;
use crate::tree::{Growth, LeafIndex, Subtree};

/// Why a proof could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProveError<E> {
    /// The tree has no such leaf.
    #[error("leaf {} is outside a tree of size {size}", index.0)]
    NoSuchLeaf {
        /// The leaf asked for.
        index: LeafIndex,
        /// The size of the tree.
        size: u64,
    },
    /// A log never shrinks, so there is nothing to prove.
    #[error("tree of size {} cannot grow to size {}", .0.from, .0.to)]
    Shrinks(Growth),
    /// The hash of a subtree could not be read.
    #[error(transparent)]
    Read(#[from] E),
}

/// The inclusion proof of a leaf in the tree of `size` leaves, lowest sibling first: `PATH(m, D[n])`
/// of RFC 6962 §2.1.1.
///
/// `read` gives the hash of a complete subtree; only subtrees within `size` are asked for, at most
/// 128 of them, and [`TileHeight::subtree_hash`](crate::TileHeight::subtree_hash) can answer.
pub fn prove_inclusion<E>(
    index: LeafIndex,
    size: u64,
    read: impl FnMut(Subtree) -> Result<Hash, E>,
) -> Result<Vec<Hash>, ProveError<E>> {
    if index.0 >= size {
        return Err(ProveError::NoSuchLeaf { index, size });
    }
    let mut within = 0..size;
    let mut siblings = Vec::new();
    while within.end - within.start > 1 {
        let (left, right) = split(within);
        let (next, sibling) = if index.0 < left.end {
            (left, right)
        } else {
            (right, left)
        };
        siblings.push(sibling);
        within = next;
    }
    Ok(roots_from_below(siblings, read)?)
}

/// The proof that a tree only grew, lowest hash first: `PROOF(m, D[n])` of RFC 6962 §2.1.2.
///
/// Empty if the tree did not grow, or if it grew from nothing. `read` as in [`prove_inclusion`].
pub fn prove_consistency<E>(
    growth: Growth,
    read: impl FnMut(Subtree) -> Result<Hash, E>,
) -> Result<Vec<Hash>, ProveError<E>> {
    let Growth { from, to } = growth;
    if from > to {
        return Err(ProveError::Shrinks(growth));
    }
    if from == 0 {
        return Ok(Vec::new());
    }
    let mut within = 0..to;
    let mut ranges = Vec::new();
    while from < within.end {
        let (left, right) = split(within);
        let (next, other) = if from <= left.end {
            (left, right)
        } else {
            (right, left)
        };
        ranges.push(other);
        within = next;
    }
    // The old tree as a whole is a subtree of the new one: the verifier knows its hash.
    if within.start > 0 {
        ranges.push(within);
    }
    Ok(roots_from_below(ranges, read)?)
}

/// The root of the tree of `size` leaves, now or at any time before: `MTH(D[n])` of RFC 6962 §2.1.
///
/// `read` as in [`prove_inclusion`]; it is asked once for each set bit of `size`.
pub fn tree_root<E>(
    size: u64,
    mut read: impl FnMut(Subtree) -> Result<Hash, E>,
) -> Result<Hash, E> {
    range_root(0..size, &mut read)
}

/// Splits two or more leaves at the largest power of two below their number (RFC 6962 §2.1).
fn split(leaves: Range<u64>) -> (Range<u64>, Range<u64>) {
    let middle = leaves.start + (1 << (leaves.end - leaves.start - 1).ilog2());
    (leaves.start..middle, middle..leaves.end)
}

/// The roots over ranges that were found from the top down, in the order of a proof.
fn roots_from_below<E>(
    ranges: Vec<Range<u64>>,
    mut read: impl FnMut(Subtree) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    ranges
        .into_iter()
        .rev()
        .map(|range| range_root(range, &mut read))
        .collect()
}

fn range_root<E>(
    leaves: Range<u64>,
    read: &mut impl FnMut(Subtree) -> Result<Hash, E>,
) -> Result<Hash, E> {
    let subtrees: Vec<Hash> = Subtree::cover(leaves).map(read).collect::<Result<_, E>>()?;
    Ok(join(&subtrees))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_tree_holds_is_an_error() {
        let read = |_| Err::<Hash, &str>("not asked for");
        for (index, size) in [(0, 0), (5, 5), (u64::MAX, u64::MAX)] {
            let index = LeafIndex(index);
            let expected = Err(ProveError::NoSuchLeaf { index, size });
            assert_eq!(prove_inclusion(index, size, read), expected);
        }
        let shrunk = Growth { from: 7, to: 6 };
        assert_eq!(
            prove_consistency(shrunk, read),
            Err(ProveError::Shrinks(shrunk))
        );
    }

    #[test]
    fn a_failed_read_comes_back() {
        let read = |_| Err::<Hash, &str>("torn");
        let growth = Growth { from: 3, to: 7 };
        assert_eq!(
            prove_inclusion(LeafIndex(1), 2, read),
            Err(ProveError::Read("torn"))
        );
        assert_eq!(
            prove_consistency(growth, read),
            Err(ProveError::Read("torn"))
        );
        assert_eq!(tree_root(1, read), Err("torn"));
    }

    #[test]
    fn the_largest_tree_needs_few_reads() {
        let mut reads = 0;
        let mut read = |subtree: Subtree| {
            reads += 1;
            assert!(Subtree::new(subtree.level(), subtree.index()).is_some());
            Ok::<Hash, &str>(Hash::EMPTY)
        };
        let growth = Growth {
            from: u64::MAX / 3,
            to: u64::MAX,
        };
        let path = prove_inclusion(LeafIndex(0), u64::MAX, &mut read).expect("a leaf of the tree");
        assert_eq!(path.len(), 64);
        assert!(prove_consistency(growth, &mut read).is_ok_and(|proof| proof.len() <= 65));
        assert!(reads <= 256);
    }
}
