//! Tiles, the runs of hashes that a tree is kept and published in: C2SP tlog-tiles.

use std::fmt;
use std::ops::Range;

use crate::hash::Hash;
use crate::range::join_complete;
use crate::tree::{Growth, Subtree};

mod path;

pub use path::TilePathError;

/// The height of the subtree that a full tile holds: 8 by the specification, less in tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileHeight(u8);

/// One tile: which hashes it holds, not the hashes themselves (C2SP tlog-tiles, "Merkle Tree").
///
/// The `n`-th tile of level `l` starts at the `n * 2^height`-th complete subtree of `2^(height *
/// l)` leaves. It holds at least one hash and lies within 2^64 - 1 leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    height: TileHeight,
    level: u8,
    index: u64,
    width: u32,
}

/// The neighbouring hashes of one tile that a subtree is the root of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TileRun {
    tile: Tile,
    first: u32,
}

/// Why tiles do not give the hash of a subtree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TileError<E> {
    /// The hashes were read, but not as many as the run has.
    #[error("tile run needs {expected} hashes, has {found}")]
    WrongCount {
        /// The number of hashes in the run.
        expected: usize,
        /// The number of hashes read.
        found: usize,
    },
    /// The hashes could not be read.
    #[error(transparent)]
    Read(#[from] E),
}

impl TileHeight {
    /// The height that C2SP tlog-tiles lays down: tiles of 256 hashes.
    pub const C2SP: TileHeight = TileHeight(8);

    /// The largest height accepted, tiles of 65 536 hashes (2 MiB).
    pub const MAX: TileHeight = TileHeight(16);

    /// A height from 1 to [`MAX`](TileHeight::MAX).
    pub const fn new(height: u8) -> Option<TileHeight> {
        if 1 <= height && height <= TileHeight::MAX.0 {
            Some(TileHeight(height))
        } else {
            None
        }
    }

    /// The number of hashes in a full tile.
    pub const fn width(self) -> u32 {
        1 << self.0
    }

    /// All tiles of a tree of `size` leaves: level by level from 0, and in each level the full
    /// tiles and then the partial one, if any.
    pub fn tiles(self, size: u64) -> impl Iterator<Item = Tile> {
        let levels = (0u8..).map_while(move |level| {
            let hashes = self.hashes_at(level, size);
            (hashes > 0).then_some((level, hashes))
        });
        levels.flat_map(move |(level, hashes)| {
            let full = hashes >> self.0;
            let rest = (hashes & u64::from(self.width() - 1)) as u32;
            let partial = Tile {
                height: self,
                level,
                index: full,
                width: rest,
            };
            self.full_tiles(level, 0..full)
                .chain((rest > 0).then_some(partial))
        })
    }

    /// The tiles of level 1 and above that become full when a tree grows, level by level. Level 0
    /// is left out: its tiles are the leaf hashes themselves.
    pub fn completed(self, growth: Growth) -> impl Iterator<Item = Tile> {
        let full_at = move |level, size| self.hashes_at(level, size) >> self.0;
        (1u8..)
            .map(move |level| {
                (
                    level,
                    full_at(level, growth.from)..full_at(level, growth.to),
                )
            })
            .take_while(|(_, indexes)| !indexes.is_empty())
            .flat_map(move |(level, indexes)| self.full_tiles(level, indexes))
    }

    /// The root of a full tile, which is one hash of the level above; none if it is not full.
    pub fn root(self, tile: &[Hash]) -> Option<Hash> {
        (tile.len() == self.width() as usize).then(|| join_complete(tile))
    }

    /// Where the hashes are that a subtree is the root of.
    pub fn run(self, subtree: Subtree) -> TileRun {
        let level = subtree.level() / self.0;
        let above = subtree.level() % self.0;
        let per_tile = self.0 - above;
        let place = subtree.index() & ((1 << per_tile) - 1);
        let first = (place as u32) << above;
        let index = subtree.index() >> per_tile;
        TileRun {
            tile: Tile {
                height: self,
                level,
                index,
                width: first + (1 << above),
            },
            first,
        }
    }

    /// The hash of a subtree out of tiles, so that proofs can be served from them.
    ///
    /// `read` gives the hashes of one run, in order. A proof asks for several runs of one tile:
    /// whoever pays for reading should remember the last tile of each level.
    pub fn subtree_hash<E, H: AsRef<[Hash]>>(
        self,
        subtree: Subtree,
        read: impl FnOnce(TileRun) -> Result<H, E>,
    ) -> Result<Hash, TileError<E>> {
        let run = self.run(subtree);
        let hashes = read(run)?;
        let hashes = hashes.as_ref();
        let (expected, found) = (run.count() as usize, hashes.len());
        if expected != found {
            return Err(TileError::WrongCount { expected, found });
        }
        Ok(join_complete(hashes))
    }

    /// How many hashes a level has in a tree of `size` leaves.
    fn hashes_at(self, level: u8, size: u64) -> u64 {
        size.checked_shr(u32::from(self.0) * u32::from(level))
            .unwrap_or(0)
    }

    fn full_tiles(self, level: u8, indexes: Range<u64>) -> impl Iterator<Item = Tile> {
        indexes.map(move |index| Tile {
            height: self,
            level,
            index,
            width: self.width(),
        })
    }
}

impl Tile {
    /// A tile of `width` hashes; none if the width is 0 or above that of a full tile, or if the
    /// tile ends beyond 2^64 - 1 leaves.
    pub fn new(height: TileHeight, level: u8, index: u64, width: u32) -> Option<Tile> {
        let leaves = 1u64.checked_shl(u32::from(height.0) * u32::from(level))?;
        let end = index
            .checked_mul(height.width().into())?
            .checked_add(width.into())?;
        end.checked_mul(leaves)?;
        (1..=height.width()).contains(&width).then_some(Tile {
            height,
            level,
            index,
            width,
        })
    }

    /// The level: 0 for leaf hashes, and each hash of a higher level is the root of a full tile
    /// of the level below.
    pub const fn level(self) -> u8 {
        self.level
    }

    /// The number of tiles of this level to the left of it.
    pub const fn index(self) -> u64 {
        self.index
    }

    /// The number of hashes in it.
    pub const fn width(self) -> u32 {
        self.width
    }

    /// Whether it holds all hashes it can, so that it never changes again.
    pub const fn is_full(self) -> bool {
        self.width == self.height.width()
    }

    /// The hashes in it, as numbers within its level.
    pub fn hashes(self) -> Range<u64> {
        let start = self.index << self.height.0;
        start..start + u64::from(self.width)
    }

    /// The leaves under it. A tree has this tile once its size reaches the end.
    pub fn leaves(self) -> Range<u64> {
        let bits = u32::from(self.height.0) * u32::from(self.level);
        let hashes = self.hashes();
        hashes.start << bits..hashes.end << bits
    }
}

impl TileRun {
    /// The narrowest tile with these hashes; in a larger tree it may be wider.
    pub const fn tile(self) -> Tile {
        self.tile
    }

    /// The place of the first of these hashes in the tile.
    pub const fn first(self) -> u32 {
        self.first
    }

    /// The number of these hashes, a power of two.
    pub const fn count(self) -> u32 {
        self.tile.width - self.first
    }

    /// These hashes, as numbers within the tile's level: at level 0, indexes of leaves.
    pub fn hashes(self) -> Range<u64> {
        let hashes = self.tile.hashes();
        hashes.end - u64::from(self.count())..hashes.end
    }
}

/// The path under the log's prefix, `tile/<L>/<N>[.p/<W>]` (C2SP tlog-tiles, "Merkle Tree").
impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        path::render(*self, f)
    }
}
