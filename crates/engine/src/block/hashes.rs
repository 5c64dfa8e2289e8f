//! Blocks whose events were pruned: leaf hashes, and nothing else.

use docket_merkle::Hash;

use crate::codec::{Bytes, Malformed, checked, put_checksum, put_varint};
use crate::store::{BlockId, BlockRow, LogId};

use super::build::{Built, put_chunks};
use super::dir::{Dir, key};
use super::{BLOCK_EVENTS_MAX, HASHES_FORMAT};

/// The leaf hashes of a block to be.
#[derive(Debug)]
pub struct HashesInput<'i> {
    /// Its number.
    pub id: BlockId,
    /// The log.
    pub log: LogId,
    /// Position of the first leaf.
    pub first: u64,
    /// The leaf hashes; at least one, at most [`BLOCK_EVENTS_MAX`].
    pub leaves: &'i [Hash],
    /// When the last of the events was recorded, Unix microseconds.
    pub recorded_micros: i64,
}

/// Builds a block of leaf hashes. Of the events' times it tells only when the last of them was recorded: both bounds of
/// its row say that.
pub fn build_hashes(input: &HashesInput<'_>) -> Built {
    let count = u32::try_from(input.leaves.len()).unwrap_or(u32::MAX);
    assert!(
        (1..=BLOCK_EVENTS_MAX).contains(&count),
        "a block of hashes is no longer than one of events"
    );
    let leaves: Vec<[u8; 32]> = input.leaves.iter().map(|leaf| *leaf.as_bytes()).collect();
    let mut body = Vec::new();
    put_chunks(&mut body, &leaves);
    let mut row = BlockRow {
        id: input.id,
        log: input.log,
        first: input.first,
        count,
        min_micros: input.recorded_micros,
        max_micros: input.recorded_micros,
        format: HASHES_FORMAT,
        fields: 0,
        dir: Vec::new(),
    };
    row.dir = encode(body.len() as u64, &row);
    Built { row, body }
}

/// Whether a block has leaf hashes and nothing else.
pub fn is_hashes(row: &BlockRow) -> bool {
    row.format == HASHES_FORMAT
}

/// The directory of a block of hashes: format and bytes of the body. It is a [`Dir`] without events.
pub(super) fn decode(row: &BlockRow) -> Result<Dir, Malformed> {
    let mut bytes = Bytes::new(checked(&row.dir, &[&key(row)])?);
    if u32::from(bytes.byte()?) != HASHES_FORMAT || row.count > BLOCK_EVENTS_MAX {
        return Err(Malformed("a block of an unknown format"));
    }
    let dir = Dir {
        count: row.count,
        body_bytes: bytes.varint()?,
        ..Dir::default()
    };
    bytes.end()?;
    Ok(dir)
}

fn encode(body_bytes: u64, row: &BlockRow) -> Vec<u8> {
    let mut out = vec![u8::try_from(HASHES_FORMAT).unwrap_or(u8::MAX)];
    put_varint(&mut out, body_bytes);
    put_checksum(&mut out, &[&key(row)]);
    out
}
