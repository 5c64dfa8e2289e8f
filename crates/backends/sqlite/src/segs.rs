//! Bodies of blocks, cut into slices that fill a page each.

use std::ops::{Range, RangeInclusive};

use docket_engine::store::{BlockId, StoreError};
use rusqlite::Connection;

use crate::failure::Failure;
use crate::row::{Cell, Table, execute, exists, select, select_one};

pub(crate) const SEG: Table = Table {
    name: "seg",
    columns: &["id", "data"],
    keys: 1,
};

/// Bytes of a full slice: with them a row fills a page of 8,192 bytes and needs no overflow page. SQLite
/// keeps a row in its page up to the page's size less 35 bytes; 4 of that are the row's header.
pub(crate) const SLICE_BYTES: usize = 8_153;

/// Slices of a full part: what one commit writes at most, a little under 1 MiB.
const PART_SLICES: u32 = 128;

/// Bytes of a full part.
pub(crate) const PART_BYTES: usize = SLICE_BYTES * PART_SLICES as usize;

/// Numbers of slices within a block are 16 bits of the row's number.
const SLICE_BITS: u32 = 16;

/// Parts that a block can have.
const PARTS_MAX: u32 = (1 << SLICE_BITS) / PART_SLICES;

/// Blocks have lower numbers than this: SQLite's row numbers have 63 bits.
pub(crate) const BLOCKS_MAX: u64 = 1 << (63 - SLICE_BITS);

/// Slices that one commit removes at most, so that no append waits long for it.
const REMOVE_SLICES: i64 = 512;

/// Removes what a lost attempt left of a part.
pub(crate) fn clear(connection: &Connection, block: BlockId, part: u32) -> Result<(), Failure> {
    let first = part.saturating_mul(PART_SLICES);
    let last = first.saturating_add(PART_SLICES - 1);
    let cells = [
        Cell::Int(row_id(block, first)?),
        Cell::Int(row_id(block, last)?),
    ];
    let sql = "DELETE FROM seg WHERE id BETWEEN ? AND ?";
    execute(connection, &SEG, sql, &cells).map(drop)
}

/// Writes a part of a block's body, of which there is nothing yet.
pub(crate) fn put(
    connection: &Connection,
    block: BlockId,
    part: u32,
    data: &[u8],
) -> Result<(), Failure> {
    if part >= PARTS_MAX || data.len() > PART_BYTES {
        let what = format!(
            "part {part} of {} bytes is more than a block can have",
            data.len()
        );
        return Err(StoreError::corrupt(format!("block {}", block.0), what).into());
    }
    let first = part * PART_SLICES;
    let from = row_id(block, first)?;
    let sql = "INSERT INTO seg (id, data) VALUES (?, ?)";
    // A body without bytes has a slice without bytes.
    let empty: &[u8] = &[];
    let slices = data
        .chunks(SLICE_BYTES)
        .chain(data.is_empty().then_some(empty));
    for (id, slice) in (from..).zip(slices) {
        execute(connection, &SEG, sql, &[Cell::Int(id), Cell::Blob(slice)])?;
    }
    Ok(())
}

/// Ranges of the body of a block, which has `body_bytes`.
pub(crate) fn read(
    connection: &Connection,
    block: BlockId,
    body_bytes: u64,
    ranges: &[Range<u64>],
) -> Result<Vec<Vec<u8>>, Failure> {
    for range in ranges {
        if range.start > range.end || range.end > body_bytes {
            let what = format!("bytes {range:?} are asked for, but it has {body_bytes}");
            return Err(StoreError::corrupt(format!("block {}", block.0), what).into());
        }
    }
    let mut runs = Vec::new();
    for slices in runs_of(ranges) {
        runs.push((
            *slices.start(),
            read_run(connection, block, body_bytes, slices)?,
        ));
    }
    ranges
        .iter()
        .map(|range| cut(block, &runs, range))
        .collect()
}

/// Removes some slices of a block; says whether that was all of them.
pub(crate) fn remove(connection: &Connection, block: BlockId) -> Result<bool, Failure> {
    let (from, to) = (
        Cell::Int(row_id(block, 0)?),
        Cell::Int(row_id(block, u16::MAX.into())?),
    );
    let sql = "DELETE FROM seg WHERE id BETWEEN ?1 AND
        coalesce((SELECT id FROM seg WHERE id BETWEEN ?1 AND ?2 ORDER BY id LIMIT 1 OFFSET ?3), ?2)";
    execute(
        connection,
        &SEG,
        sql,
        &[from, to, Cell::Int(REMOVE_SLICES - 1)],
    )?;
    Ok(!exists(
        connection,
        &SEG,
        "SELECT id FROM seg WHERE id BETWEEN ? AND ?",
        &[from, to],
    )?)
}

/// The blocks that have slices.
pub(crate) fn blocks(connection: &Connection) -> Result<Vec<BlockId>, Failure> {
    let sql = "SELECT id FROM seg WHERE id >= ? ORDER BY id LIMIT 1";
    let mut blocks = Vec::new();
    let mut from = i64::MIN;
    // Steps from block to block instead of over all slices.
    while let Some(id) = select_one(connection, &SEG, sql, &[Cell::Int(from)], |row| row.int(0))? {
        let block = id >> SLICE_BITS;
        let number = u64::try_from(block).map_err(|_| {
            Failure::from(StoreError::corrupt(
                format!("seg {id}"),
                "belongs to no block",
            ))
        })?;
        blocks.push(BlockId(number));
        match (block + 1).checked_mul(1 << SLICE_BITS) {
            Some(next) => from = next,
            None => break,
        }
    }
    Ok(blocks)
}

/// The block that a slice belongs to, if any can, and its number there.
pub(crate) fn split_id(id: i64) -> Option<(BlockId, u64)> {
    let id = u64::try_from(id).ok()?;
    Some((BlockId(id >> SLICE_BITS), id & ((1 << SLICE_BITS) - 1)))
}

/// How many slices a body has.
pub(crate) fn slice_count(body_bytes: u64) -> u64 {
    body_bytes.div_ceil(SLICE_BYTES as u64).max(1)
}

/// How long slice `slice` of a body is.
pub(crate) fn slice_bytes(body_bytes: u64, slice: u64) -> u64 {
    body_bytes
        .saturating_sub(slice * SLICE_BYTES as u64)
        .min(SLICE_BYTES as u64)
}

/// The number of a slice's row.
pub(crate) fn row_id(block: BlockId, slice: u32) -> Result<i64, Failure> {
    let id = (block.0 < BLOCKS_MAX).then(|| block.0 << SLICE_BITS | u64::from(slice));
    id.and_then(|id| i64::try_from(id).ok()).ok_or_else(|| {
        StoreError::corrupt(
            format!("block {}", block.0),
            "has a number that none can have",
        )
        .into()
    })
}

/// The slices that ranges touch: neighbours together, each once.
fn runs_of(ranges: &[Range<u64>]) -> Vec<RangeInclusive<u64>> {
    let slice = |byte: u64| byte / SLICE_BYTES as u64;
    let touched = ranges.iter().filter(|range| !range.is_empty());
    let mut wanted: Vec<_> = touched
        .map(|range| (slice(range.start), slice(range.end - 1)))
        .collect();
    wanted.sort_unstable();
    let mut runs: Vec<RangeInclusive<u64>> = Vec::new();
    for (first, last) in wanted {
        match runs.last_mut() {
            Some(run) if first <= *run.end() + 1 => *run = *run.start()..=last.max(*run.end()),
            _ => runs.push(first..=last),
        }
    }
    runs
}

/// The bytes of slices that follow each other.
fn read_run(
    connection: &Connection,
    block: BlockId,
    body_bytes: u64,
    slices: RangeInclusive<u64>,
) -> Result<Vec<u8>, Failure> {
    let base = row_id(block, 0)?.cast_unsigned();
    let (first, last) = (base + slices.start(), base + slices.end());
    let bytes = (slices.end() + 1 - slices.start()) * SLICE_BYTES as u64;
    let mut data = Vec::with_capacity(usize::try_from(bytes).unwrap_or_default());
    let mut next = first;
    let sql = "SELECT id, data FROM seg WHERE id BETWEEN ? AND ? ORDER BY id";
    let cells = [
        Cell::Int(first.cast_signed()),
        Cell::Int(last.cast_signed()),
    ];
    select(connection, &SEG, sql, &cells, |row| {
        let slice = row.blob(1)?;
        let expected = slice_bytes(body_bytes, next - base);
        if row.size::<u64>(0)? == next && slice.len() as u64 == expected {
            data.extend_from_slice(slice);
            next += 1;
            return Ok(());
        }
        Err(row.wrong(1, "follows a gap or has the wrong length"))
    })?;
    if next > last {
        return Ok(data);
    }
    Err(StoreError::corrupt(format!("seg {next}"), "is missing").into())
}

/// The bytes of a range, from the runs that were read for all of them.
fn cut(block: BlockId, runs: &[(u64, Vec<u8>)], range: &Range<u64>) -> Result<Vec<u8>, Failure> {
    if range.is_empty() {
        return Ok(Vec::new());
    }
    let slice = range.start / SLICE_BYTES as u64;
    let run = runs
        .partition_point(|(first, _)| *first <= slice)
        .checked_sub(1);
    let found = run.and_then(|run| runs.get(run)).and_then(|(first, data)| {
        let start = usize::try_from(range.start - first * SLICE_BYTES as u64).ok()?;
        let length = usize::try_from(range.end - range.start).ok()?;
        data.get(start..start.checked_add(length)?)
    });
    found.map(<[u8]>::to_vec).ok_or_else(|| {
        StoreError::corrupt(
            format!("block {}", block.0),
            "is shorter than its list says",
        )
        .into()
    })
}
