//! The frontier: the few hashes from which a tree goes on growing.

use crate::hash::{Hash, node_hash};
use crate::tree::Head;

/// The largest size of a tree that is accepted from outside: what a signed 64-bit column holds.
///
/// From here, as many appends again are needed before a size overflows: no process lives so long.
pub const SIZE_MAX: u64 = i64::MAX as u64;

/// The length in bytes of the size, ahead of the hashes in [`Frontier::to_bytes`].
const SIZE_BYTES: usize = 8;

/// The hashes of the complete subtrees that make up a tree, one for each set bit of its size.
///
/// This is the compact range `[0, size)` of RFC 6962 §2.1: enough to append leaves and to know
/// the root, at most 64 hashes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    hashes: Vec<Hash>,
}

/// Why bytes or parts are not a frontier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrontierError {
    /// A tree of this size has another number of complete subtrees.
    #[error("frontier of size {size} needs {expected} hashes, has {found}")]
    WrongCount {
        /// The size of the tree.
        size: u64,
        /// The number of set bits in it.
        expected: usize,
        /// The number of hashes given.
        found: usize,
    },
    /// The size is above [`SIZE_MAX`].
    #[error("frontier size {0} is above the limit")]
    TooLarge(u64),
    /// The bytes do not divide into a size and hashes.
    #[error("frontier of {0} bytes is cut off")]
    CutOff(usize),
}

impl Frontier {
    /// The frontier of the empty tree.
    pub fn new() -> Frontier {
        Frontier::default()
    }

    /// A frontier that was stored as its size and its [`hashes`](Frontier::hashes).
    pub fn from_parts(size: u64, hashes: Vec<Hash>) -> Result<Frontier, FrontierError> {
        if size > SIZE_MAX {
            return Err(FrontierError::TooLarge(size));
        }
        let (expected, found) = (size.count_ones() as usize, hashes.len());
        if expected != found {
            return Err(FrontierError::WrongCount {
                size,
                expected,
                found,
            });
        }
        Ok(Frontier { size, hashes })
    }

    /// Appends a leaf by its hash, in amortised constant time.
    pub fn append(&mut self, leaf: Hash) {
        let mut hash = leaf;
        // Each trailing one of the size is a subtree that the new leaf makes half of a larger one.
        for _ in 0..self.size.trailing_ones() {
            let left = self
                .hashes
                .pop()
                .expect("a frontier has a hash for each bit of its size");
            hash = node_hash(left, hash);
        }
        self.hashes.push(hash);
        self.size += 1;
    }

    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The hashes of the complete subtrees, largest and leftmost first.
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// The Merkle tree hash over all leaves (RFC 6962 §2.1).
    pub fn root(&self) -> Hash {
        join(&self.hashes)
    }

    /// Size and root together.
    pub fn head(&self) -> Head {
        Head {
            size: self.size,
            root: self.root(),
        }
    }

    /// The frontier as bytes: the size as 8 bytes big endian, then the hashes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(SIZE_BYTES + self.hashes.len() * Hash::LEN);
        bytes.extend_from_slice(&self.size.to_be_bytes());
        self.hashes
            .iter()
            .for_each(|hash| bytes.extend_from_slice(hash.as_ref()));
        bytes
    }

    /// Reads what [`to_bytes`](Frontier::to_bytes) wrote, and nothing else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Frontier, FrontierError> {
        let cut_off = FrontierError::CutOff(bytes.len());
        let (size, rest) = bytes.split_first_chunk::<SIZE_BYTES>().ok_or(cut_off)?;
        let (hashes, partial) = rest.as_chunks::<{ Hash::LEN }>();
        if !partial.is_empty() {
            return Err(cut_off);
        }
        let hashes = hashes.iter().copied().map(Hash::from).collect();
        Frontier::from_parts(u64::from_be_bytes(*size), hashes)
    }
}

/// The root over neighbouring subtrees that [`Subtree::cover`](crate::Subtree) listed: RFC 6962
/// §2.1 splits off the largest one on the left each time, so they join from the right.
pub(crate) fn join(subtrees: &[Hash]) -> Hash {
    let from_right = subtrees.iter().rev().copied();
    from_right
        .reduce(|right, left| node_hash(left, right))
        .unwrap_or(Hash::EMPTY)
}

/// The root over neighbouring subtrees of one level, of which there is a power of two.
pub(crate) fn join_complete(subtrees: &[Hash]) -> Hash {
    let mut frontier = Frontier::new();
    subtrees
        .iter()
        .for_each(|subtree| frontier.append(*subtree));
    frontier.root()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::leaf_hash;

    fn grown(size: u64) -> Frontier {
        let mut frontier = Frontier::new();
        (0..size).for_each(|leaf| frontier.append(leaf_hash(&leaf.to_be_bytes())));
        frontier
    }

    #[test]
    fn the_empty_tree_has_the_empty_head() {
        assert_eq!(Frontier::new().head(), Head::EMPTY);
    }

    #[test]
    fn bytes_and_parts_come_back() {
        for size in 0..70 {
            let frontier = grown(size);
            let bytes = frontier.to_bytes();
            assert_eq!(bytes.len(), 8 + 32 * size.count_ones() as usize);
            assert_eq!(Frontier::from_bytes(&bytes), Ok(frontier.clone()));
            let parts = Frontier::from_parts(frontier.size(), frontier.hashes().to_vec());
            assert_eq!(parts, Ok(frontier));
        }
    }

    #[test]
    fn wrong_bytes_are_an_error() {
        let bytes = grown(11).to_bytes();
        for len in 0..bytes.len() {
            assert!(Frontier::from_bytes(&bytes[..len]).is_err(), "{len} bytes");
        }
        let wrong = FrontierError::WrongCount {
            size: 11,
            expected: 3,
            found: 4,
        };
        assert_eq!(
            Frontier::from_bytes(&[bytes, vec![0; 32]].concat()),
            Err(wrong)
        );
        let odd = [grown(11).to_bytes(), vec![0]].concat();
        assert_eq!(
            Frontier::from_bytes(&odd),
            Err(FrontierError::CutOff(odd.len()))
        );
        let huge = [0xff; 8 + 64 * 32];
        assert_eq!(
            Frontier::from_bytes(&huge),
            Err(FrontierError::TooLarge(u64::MAX))
        );
    }

    #[test]
    fn the_largest_frontier_still_grows() {
        let mut frontier = Frontier::from_parts(SIZE_MAX, vec![Hash::EMPTY; 63]).expect("63 bits");
        frontier.append(Hash::EMPTY);
        assert_eq!((frontier.size(), frontier.hashes().len()), (1 << 63, 1));
    }
}
