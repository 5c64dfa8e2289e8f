//! Blocks: a full tail made immutable, with an index.
//!
//! Body, in this order: times | frames | term pages | far postings | leaf hashes | salts | grams. Every piece ends
//! with its CRC-32C. The directory says where the pieces are. A *local id* is the rank of an event by event
//! time and position within its block; a *slot* is its position less the block's first.
//!
//! | piece | content |
//! |---|---|
//! | times | 1,024 local ids: signed varint distances, the first from 0 |
//! | frame | [`crate::frame`], in slot order |
//! | term page | varint distances of ascending terms, each with a posting: up to 8 ids here, else far |
//! | far posting | a list of ids as varint distances, or 1 bit an id, whichever is shorter |
//! | leaf hashes, salts | 256 slots of 32 and 16 bytes |
//! | grams | for some of [`crate::grams`]' numbers, 1 bit for each group of events; not in format 1, nor in small blocks |
//!
//! Of pruned events a block of format 3 keeps the leaf hashes; no walk meets it.

mod ahead;
mod build;
mod dir;
mod events;
mod grams;
mod hashes;
mod posting;
mod read;
mod search;
mod unpack;

pub use ahead::{Lacking, read_dirs};
pub use build::{BlockInput, Built, build, time_order};
pub use dir::{Dir, TypeEntry};
pub use events::FrameEvents;
pub use hashes::{HashesInput, build_hashes, is_hashes};
pub use posting::NEAR_IDS_MAX;
pub use read::{BlockReader, place};
pub use search::{BlockIndex, Looked};
pub use unpack::unpack;

/// Format of body and directory that this program writes. It reads format 1 as well, which has no grams.
pub const BLOCK_FORMAT: u32 = 2;
/// Format of a block whose events were pruned: its body is leaf hashes, and its directory says how long that is.
pub const HASHES_FORMAT: u32 = 3;
/// The first format that has grams.
const GRAMS_FORMAT: u32 = 2;
/// Most events in a block: what 16-bit ids can name.
pub const BLOCK_EVENTS_MAX: u32 = 65_536;
/// Local ids in a full piece of times.
pub const TIMES_CHUNK: usize = 1_024;
/// Slots in a full piece of leaf hashes or salts.
pub const LEAF_CHUNK: usize = 256;
