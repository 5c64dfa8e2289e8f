//! Verifying inclusion and consistency proofs against heads that the verifier trusts.

use crate::hash::{Hash, node_hash};
use crate::tree::{Head, LeafIndex};

/// Why a proof proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The tree has no such leaf.
    #[error("leaf {} is outside a tree of size {size}", index.0)]
    NoSuchLeaf {
        /// The leaf in question.
        index: LeafIndex,
        /// The size of the tree.
        size: u64,
    },
    /// The head that should be newer has fewer leaves.
    #[error("tree shrank from size {from} to size {to}")]
    Shrunk {
        /// The size of the older head.
        from: u64,
        /// The size of the newer head.
        to: u64,
    },
    /// A proof between these places has another number of hashes.
    #[error("proof needs {expected} hashes, has {found}")]
    WrongLength {
        /// The number of hashes that the sizes call for.
        expected: usize,
        /// The number of hashes given.
        found: usize,
    },
    /// The proof leads to another root than the head of this size has.
    #[error("proof does not lead to the root of the tree of size {size}")]
    WrongRoot {
        /// The size of the head whose root was missed.
        size: u64,
    },
}

/// Checks that the leaf with this hash is in the tree at this index, by the proof of RFC 6962
/// §2.1.1. The work is bounded by the length of the proof.
pub fn verify_inclusion(
    leaf: Hash,
    index: LeafIndex,
    proof: &[Hash],
    head: &Head,
) -> Result<(), VerifyError> {
    if index.0 >= head.size {
        return Err(VerifyError::NoSuchLeaf {
            index,
            size: head.size,
        });
    }
    let route = Route::new(index.0, head.size - 1);
    expect_length(route.len(), proof)?;
    let (inner, border) = route.divide(proof);
    let hash = chain_border(route.chain_inner(leaf, inner), border);
    expect_root(hash, head)
}

/// Checks that the tree of `new` holds the leaves of `old` in the same places and only added to
/// them, by the proof of RFC 6962 §2.1.2. The work is bounded by the length of the proof.
///
/// The empty tree is a beginning of every tree, and each tree of itself: both proofs are empty.
pub fn verify_consistency(old: &Head, new: &Head, proof: &[Hash]) -> Result<(), VerifyError> {
    if old.size > new.size {
        return Err(VerifyError::Shrunk {
            from: old.size,
            to: new.size,
        });
    }
    if old.size == 0 {
        expect_length(0, proof)?;
        expect_root(Hash::EMPTY, old)?;
        return if new.size == 0 {
            expect_root(Hash::EMPTY, new)
        } else {
            Ok(())
        };
    }
    if old.size == new.size {
        expect_length(0, proof)?;
        return expect_root(old.root, new);
    }
    // The last complete subtree of the old tree lies unchanged in both. It is known if it is the
    // whole old tree; otherwise the proof begins with it.
    let level = old.size.trailing_zeros();
    let is_known = old.size.is_power_of_two();
    let route = Route::new((old.size - 1) >> level, (new.size - 1) >> level);
    expect_length(route.len() + usize::from(!is_known), proof)?;
    let (start, siblings) = match proof.split_first() {
        Some((first, siblings)) if !is_known => (*first, siblings),
        _ => (old.root, proof),
    };
    let (inner, border) = route.divide(siblings);
    expect_root(chain_border(route.chain_left(start, inner), border), old)?;
    expect_root(chain_border(route.chain_inner(start, inner), border), new)
}

/// The way from a node up to the root, as RFC 6962 §2.1 lays out the tree.
///
/// Up to where it meets the right edge of the tree, the bits of the index say on which side the
/// sibling lies; from there on only left siblings exist, one for each set bit.
struct Route {
    index: u64,
    inner: u32,
    border: u32,
}

impl Route {
    /// The route from the node `index` where `last` is the last node of the same level.
    fn new(index: u64, last: u64) -> Route {
        let inner = u64::BITS - (index ^ last).leading_zeros();
        let border = index.checked_shr(inner).unwrap_or(0).count_ones();
        Route {
            index,
            inner,
            border,
        }
    }

    /// The number of siblings on the way.
    fn len(&self) -> usize {
        (self.inner + self.border) as usize
    }

    /// Divides the siblings, of which there are `len`, into those below and on the right edge.
    fn divide<'a>(&self, siblings: &'a [Hash]) -> (&'a [Hash], &'a [Hash]) {
        siblings.split_at(self.inner as usize)
    }

    /// The hash that node and siblings lead to.
    fn chain_inner(&self, node: Hash, siblings: &[Hash]) -> Hash {
        self.sided(siblings)
            .fold(node, |hash, (side, sibling)| match side {
                Side::Left => node_hash(sibling, hash),
                Side::Right => node_hash(hash, sibling),
            })
    }

    /// The hash that node and left siblings lead to: what was there before the right ones were.
    fn chain_left(&self, node: Hash, siblings: &[Hash]) -> Hash {
        self.sided(siblings)
            .fold(node, |hash, (side, sibling)| match side {
                Side::Left => node_hash(sibling, hash),
                Side::Right => hash,
            })
    }

    /// Each sibling below the right edge with the side it is on, lowest first.
    fn sided(&self, siblings: &[Hash]) -> impl Iterator<Item = (Side, Hash)> {
        siblings.iter().zip(0..self.inner).map(|(sibling, level)| {
            let side = if self.index >> level & 1 == 1 {
                Side::Left
            } else {
                Side::Right
            };
            (side, *sibling)
        })
    }
}

/// On which side of the route a sibling lies.
enum Side {
    Left,
    Right,
}

fn chain_border(node: Hash, left_siblings: &[Hash]) -> Hash {
    left_siblings
        .iter()
        .fold(node, |hash, left| node_hash(*left, hash))
}

fn expect_length(expected: usize, proof: &[Hash]) -> Result<(), VerifyError> {
    let found = proof.len();
    if expected == found {
        Ok(())
    } else {
        Err(VerifyError::WrongLength { expected, found })
    }
}

fn expect_root(hash: Hash, head: &Head) -> Result<(), VerifyError> {
    if hash == head.root {
        Ok(())
    } else {
        Err(VerifyError::WrongRoot { size: head.size })
    }
}
