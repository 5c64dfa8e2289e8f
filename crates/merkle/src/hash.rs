//! The hashes of leaves and nodes, RFC 6962 §2.1.

use std::array::TryFromSliceError;
use std::fmt;

use sha2::{Digest, Sha256};

/// The prefix that keeps a leaf from being passed off as a node (RFC 6962 §2.1).
const LEAF_PREFIX: [u8; 1] = [0x00];
/// The prefix that keeps a node from being passed off as a leaf (RFC 6962 §2.1).
const NODE_PREFIX: [u8; 1] = [0x01];

/// A SHA-256 hash of a leaf, of a node, or of a whole tree (its root). Shown as lower-case hex.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; Hash::LEN]);

impl Hash {
    /// The length of a hash in bytes.
    pub const LEN: usize = 32;

    /// The root of the empty tree: the SHA-256 of nothing (RFC 6962 §2.1).
    pub const EMPTY: Hash = Hash([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9,
        0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52,
        0xb8, 0x55,
    ]);

    /// The bytes of the hash.
    pub const fn as_bytes(&self) -> &[u8; Hash::LEN] {
        &self.0
    }
}

impl From<[u8; Hash::LEN]> for Hash {
    fn from(bytes: [u8; Hash::LEN]) -> Hash {
        Hash(bytes)
    }
}

impl From<Hash> for [u8; Hash::LEN] {
    fn from(hash: Hash) -> [u8; Hash::LEN] {
        hash.0
    }
}

impl TryFrom<&[u8]> for Hash {
    type Error = TryFromSliceError;

    fn try_from(bytes: &[u8]) -> Result<Hash, TryFromSliceError> {
        bytes.try_into().map(Hash)
    }
}

impl AsRef<[u8]> for Hash {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The hash of a leaf, `SHA-256(0x00 ‖ entry)` (RFC 6962 §2.1).
pub fn leaf_hash(entry: &[u8]) -> Hash {
    leaf_hash_parts(&[entry])
}

/// The hash of a leaf whose entry comes in pieces: equal to [`leaf_hash`] of their concatenation.
pub fn leaf_hash_parts(parts: &[&[u8]]) -> Hash {
    let mut hasher = LeafHasher::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finish()
}

/// The hash of a node over two subtrees, `SHA-256(0x01 ‖ left ‖ right)` (RFC 6962 §2.1).
pub fn node_hash(left: Hash, right: Hash) -> Hash {
    let hasher = Sha256::new_with_prefix(NODE_PREFIX);
    Hash(
        hasher
            .chain_update(left)
            .chain_update(right)
            .finalize()
            .into(),
    )
}

/// The hash of a leaf in the making (RFC 6962 §2.1).
///
/// A clone goes on from the same bytes, so that most of an entry may be hashed before its last
/// bytes, such as its position, are known.
#[derive(Clone, Debug)]
pub struct LeafHasher(Sha256);

impl LeafHasher {
    /// A hasher that has seen no byte of the entry.
    pub fn new() -> LeafHasher {
        LeafHasher(Sha256::new_with_prefix(LEAF_PREFIX))
    }

    /// Appends bytes to the entry.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of the leaf with all bytes given so far.
    pub fn finish(self) -> Hash {
        Hash(self.0.finalize().into())
    }
}

impl Default for LeafHasher {
    fn default() -> LeafHasher {
        LeafHasher::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_root_is_the_hash_of_nothing() {
        assert_eq!(Hash::EMPTY.as_bytes()[..], Sha256::digest(b"")[..]);
    }

    #[test]
    fn pieces_hash_like_the_whole() {
        let whole = leaf_hash(b"one entry in pieces");
        assert_eq!(leaf_hash_parts(&[b"one entry", b"", b" in pieces"]), whole);

        let mut early = LeafHasher::default();
        early.update(b"one entry in ");
        let mut other = early.clone();
        early.update(b"pieces");
        other.update(b"halves");
        assert_eq!(early.finish(), whole);
        assert_eq!(other.finish(), leaf_hash(b"one entry in halves"));
    }

    #[test]
    fn shown_as_hex() {
        let text = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Hash::EMPTY.to_string(), text);
        assert_eq!(format!("{:?}", Hash::EMPTY), text);
    }

    #[test]
    fn only_32_bytes_are_a_hash() {
        assert!(Hash::try_from(Hash::EMPTY.as_ref()).is_ok_and(|hash| hash == Hash::EMPTY));
        assert!(Hash::try_from([0; 31].as_slice()).is_err());
        assert!(Hash::try_from([0; 33].as_slice()).is_err());
    }
}
