//! The Merkle log: RFC 6962 hashes, frontiers and proofs, C2SP tiles, keys, notes and checkpoints.
//!
//! Everything here is arithmetic over bytes that the caller hands in: no I/O, no clock, no
//! randomness, no knowledge of events. A *leaf* is the bytes of one entry, a *head* is the size
//! and the root of a tree, a *checkpoint* is a head that a key has signed.
//!
//! | module       | implements                                                     |
//! |--------------|----------------------------------------------------------------|
//! | `hash`       | RFC 6962 §2.1, the hashes of leaves and nodes                  |
//! | `tree`       | heads, leaf indexes and subtrees, the words the rest is told in |
//! | `range`      | the frontier, from which a tree grows leaf by leaf             |
//! | `proof`      | RFC 6962 §2.1.1 and §2.1.2, proofs made from subtree hashes    |
//! | `verify`     | the other side of both proofs                                  |
//! | `tile`       | C2SP tlog-tiles, where the hashes of a tree are kept           |
//! | `key`        | C2SP signed-note, Ed25519 keys and their text                  |
//! | `note`       | C2SP signed-note, signing and opening                          |
//! | `checkpoint` | C2SP tlog-checkpoint                                           |
//!
//! ```
//! use docket_merkle::{Frontier, LeafIndex, leaf_hash, node_hash, prove_inclusion, verify_inclusion};
//!
//! let leaves = [leaf_hash(b"first"), leaf_hash(b"second")];
//! let mut frontier = Frontier::new();
//! leaves.iter().for_each(|leaf| frontier.append(*leaf));
//! assert_eq!(frontier.root(), node_hash(leaves[0], leaves[1]));
//!
//! // The caller answers with the hash of each subtree asked for: here they are all leaves.
//! let read = |subtree: docket_merkle::Subtree| {
//!     leaves.get(subtree.index() as usize).copied().ok_or("no such leaf")
//! };
//! let proof = prove_inclusion(LeafIndex(1), 2, read).expect("both leaves are known");
//! assert!(verify_inclusion(leaves[1], LeafIndex(1), &proof, &frontier.head()).is_ok());
//! ```

#![warn(missing_docs)]

mod checkpoint;
mod hash;
mod key;
mod note;
mod proof;
mod range;
mod tile;
mod tree;
mod verify;

pub use checkpoint::{Checkpoint, CheckpointError, Origin};
pub use hash::{Hash, LeafHasher, leaf_hash, leaf_hash_parts, node_hash};
pub use key::{KeyError, KeyId, KeyName, NAME_BYTES_MAX, SigningKey, VerifierKey};
pub use note::{NOTE_BYTES_MAX, NoteError, open_note, sign_note};
pub use proof::{ProveError, prove_consistency, prove_inclusion, tree_root};
pub use range::{Frontier, FrontierError, SIZE_MAX};
pub use tile::{Tile, TileError, TileHeight, TilePathError, TileRun};
pub use tree::{Growth, Head, LeafIndex, Subtree};
pub use verify::{VerifyError, verify_consistency, verify_inclusion};
