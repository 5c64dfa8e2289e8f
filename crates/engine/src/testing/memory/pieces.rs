//! Access to the stored bytes that checksums of the engine guard, to damage them.

use super::rows::Rows;
use crate::store::{BlockId, LogId};

/// Stored bytes that a checksum of the engine guards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// The data of a batch.
    Batch {
        /// Its log.
        log: LogId,
        /// Its first position.
        first: u64,
    },
    /// The directory of a block.
    Dir(BlockId),
    /// A part of the body of a block.
    Part {
        /// The block.
        block: BlockId,
        /// Which part.
        part: u32,
    },
    /// The data of a tile.
    Tile {
        /// Its log.
        log: LogId,
        /// Its level.
        level: u8,
        /// Its index within the level.
        index: u64,
    },
}

/// All pieces and how long they are.
pub(super) fn list(rows: &Rows) -> Vec<(Piece, usize)> {
    let batches = rows.batches.iter().map(|((log, first), row)| {
        (
            Piece::Batch {
                log: *log,
                first: *first,
            },
            row.data.len(),
        )
    });
    let dirs = rows
        .blocks
        .iter()
        .map(|(id, row)| (Piece::Dir(*id), row.dir.len()));
    let parts = rows.parts.iter().map(|((block, part), data)| {
        (
            Piece::Part {
                block: *block,
                part: *part,
            },
            data.len(),
        )
    });
    let tiles = rows.tiles.iter().map(|((log, level, index), row)| {
        (
            Piece::Tile {
                log: *log,
                level: *level,
                index: *index,
            },
            row.data.len(),
        )
    });
    batches.chain(dirs).chain(parts).chain(tiles).collect()
}

/// Turns over a bit; says whether it is there.
pub(super) fn flip(rows: &mut Rows, piece: &Piece, byte: usize, bit: u32) -> bool {
    let data = match piece {
        Piece::Batch { log, first } => rows
            .batches
            .get_mut(&(*log, *first))
            .map(|row| &mut row.data),
        Piece::Dir(block) => rows.blocks.get_mut(block).map(|row| &mut row.dir),
        Piece::Part { block, part } => rows.parts.get_mut(&(*block, *part)),
        Piece::Tile { log, level, index } => rows
            .tiles
            .get_mut(&(*log, *level, *index))
            .map(|row| &mut row.data),
    };
    let Some(byte) = data.and_then(|data| data.get_mut(byte)) else {
        return false;
    };
    *byte ^= 1_u8.wrapping_shl(bit);
    bit < u8::BITS
}
