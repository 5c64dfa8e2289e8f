//! Bodies of blocks, cut into parts.

use std::ops::Range;

use docket_engine::store::{BlockId, Cuts, LogId, Part, Ranges, StoreError};
use tokio_postgres::Row;

use crate::blocks::BLOCK;
use crate::failure::Failure;
use crate::heads::{self, Layout};
use crate::row::{Columns, Table, block_id, block_key};
use crate::session::{Answer, Session, Step, bind};

/// Bytes of a part, save the last.
pub(crate) const PART_BYTES: usize = 1 << 20;

/// No body is longer than this: a range that ends behind it is beyond every body.
const BODY_BYTES_MAX: u64 = 1 << 32;

pub(crate) const SEG: Table = Table {
    name: "seg",
    keys: 3,
};

/// Keeps parts of blocks that were given out and that no list names yet: all of them or none.
pub(crate) async fn put(session: &Session, parts: &[Part<'_>]) -> Result<(), Failure> {
    if let Some(long) = parts.iter().find(|part| part.data.len() > PART_BYTES) {
        let place = format!("block {}, part {}", long.block.0, long.part);
        return Err(StoreError::corrupt(place, "is too long").into());
    }
    let sql = "WITH p AS MATERIALIZED (SELECT * FROM
            unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bytea[]) AS p (log, block, part, data)),
        bad AS (SELECT 1 FROM p LEFT JOIN head h ON h.log = p.log
            WHERE h.next_block IS NULL OR h.next_block <= p.block
            OR EXISTS (SELECT 1 FROM block b WHERE b.log = p.log AND b.block = p.block))
        INSERT INTO seg (log, block, part, data)
        SELECT log, block, part, data FROM p WHERE NOT EXISTS (SELECT 1 FROM bad)
        ON CONFLICT (log, block, part) DO UPDATE SET data = EXCLUDED.data";
    let (logs, blocks): (Vec<i64>, Vec<i64>) =
        parts.iter().map(|part| block_key(part.block)).unzip();
    let numbers: Vec<i64> = parts.iter().map(|part| i64::from(part.part)).collect();
    let data: Vec<&[u8]> = parts.iter().map(|part| part.data).collect();
    let answer = session
        .execute(sql, bind![logs, blocks, numbers, data])
        .await?;
    if answer.count == parts.len() as u64 {
        return Ok(());
    }
    let named: Vec<u64> = parts.iter().map(|part| part.block.0).collect();
    let what = "one of them is finished already, or was not given out";
    Err(StoreError::corrupt(format!("blocks {named:?}"), what).into())
}

/// Ranges of some bodies in one statement; for a block that is not listed `None`.
pub(crate) async fn read(
    session: &Session,
    wanted: &[Ranges<'_>],
) -> Result<Vec<Option<Cuts>>, Failure> {
    // A row for each piece, in their order.
    let sql = "SELECT b.log, b.block, b.body_bytes, substring(s.data FROM p.start + 1 FOR p.length)
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::int[], $5::int[])
            WITH ORDINALITY AS p (log, block, part, start, length, n)
        LEFT JOIN block b ON b.log = p.log AND b.block = p.block
        LEFT JOIN seg s ON s.log = p.log AND s.block = p.block AND s.part = p.part
        ORDER BY p.n";
    let of_blocks: Vec<Vec<Piece>> = wanted.iter().map(|one| pieces_of(one.ranges)).collect();
    let keys = wanted.iter().map(|one| block_key(one.block));
    let keys = keys.zip(&of_blocks);
    let keys = keys.flat_map(|(key, pieces)| std::iter::repeat_n(key, pieces.len()));
    let (logs, blocks): (Vec<i64>, Vec<i64>) = keys.unzip();
    let pieces = || of_blocks.iter().flatten();
    let parts: Vec<i64> = pieces().map(|piece| piece.part).collect();
    let starts: Vec<i32> = pieces().map(|piece| piece.start).collect();
    let lengths: Vec<i32> = pieces().map(|piece| piece.length).collect();
    let values = bind![logs, blocks, parts, starts, lengths];
    let rows = session.query(sql, values).await?;
    let mut rows = rows.as_slice();
    let mut found = Vec::with_capacity(wanted.len());
    for (one, pieces) in wanted.iter().zip(&of_blocks) {
        let (of_block, others) = rows.split_at_checked(pieces.len()).unwrap_or_default();
        rows = others;
        found.push(cuts(*one, of_block)?);
    }
    Ok(found)
}

/// The bytes of ranges, from the rows of their pieces; `None` when there is no such block.
fn cuts(wanted: Ranges<'_>, rows: &[Row]) -> Result<Option<Cuts>, Failure> {
    let wrong = |what| StoreError::corrupt(format!("block {}", wanted.block.0), what);
    let listed = rows
        .first()
        .and_then(|row| row.try_get::<_, Option<i64>>(2).ok()?);
    let (Some(first), Some(_)) = (rows.first(), listed) else {
        return Ok(None);
    };
    let bytes: u64 = Columns::of(first, &BLOCK).size(2)?;
    let beyond = |range: &&Range<u64>| range.start > range.end || range.end > bytes;
    if let Some(range) = wanted.ranges.iter().find(beyond) {
        return Err(wrong(format!("{range:?} goes beyond its {bytes} bytes")).into());
    }
    let mut rows = rows.iter();
    let mut found = Vec::with_capacity(wanted.ranges.len());
    for range in wanted.ranges {
        let mut bytes = Vec::with_capacity(usize::try_from(range.end - range.start).unwrap_or(0));
        while bytes.len() as u64 != range.end - range.start {
            let piece = rows
                .next()
                .and_then(|row| row.try_get::<_, Option<&[u8]>>(3).ok()?);
            let expected = next_length(range, bytes.len());
            match piece {
                Some(piece) if piece.len() == expected => bytes.extend_from_slice(piece),
                _ => return Err(wrong(format!("lacks bytes of {range:?}")).into()),
            }
        }
        found.push(bytes);
    }
    Ok(Some(found))
}

/// Asks for the lengths of the parts of some blocks.
pub(crate) fn lengths_step(blocks: &[BlockId]) -> Step<'static> {
    let sql = "SELECT s.log, s.block, s.part, octet_length(s.data)::bigint
        FROM unnest($1::bigint[], $2::bigint[]) AS w (log, block)
        JOIN seg s ON s.log = w.log AND s.block = w.block ORDER BY s.log, s.block, s.part";
    let (logs, numbers): (Vec<i64>, Vec<i64>) = blocks.iter().copied().map(block_key).unzip();
    Step::Bound(sql, bind![logs, numbers])
}

/// The parts that [`lengths_step`] found: block, number and length.
pub(crate) fn lengths(answer: &Answer) -> Result<Vec<(BlockId, u64, u64)>, Failure> {
    let rows = answer.rows.iter().map(|row| Columns::of(row, &SEG));
    rows.map(|row| {
        let block = block_id(LogId(row.size(0)?), row.size(1)?);
        Ok((block, row.size(2)?, row.size(3)?))
    })
    .collect()
}

/// Removes the parts that belong to no block of these logs, save those of the blocks in `keep`.
///
/// Whoever lost its claim may be about to list a block all the same. So the logs' heads are locked before it is decided
/// what belongs to no block: either that block is listed by then, or it will lack its parts and not be listed.
pub(crate) async fn remove_leftovers(
    session: &Session,
    layout: Layout,
    logs: &[LogId],
    keep: &[BlockId],
) -> Result<(), Failure> {
    let sql = "SELECT DISTINCT s.log FROM seg s WHERE s.log = ANY($1)
        AND NOT EXISTS (SELECT 1 FROM block b WHERE b.log = s.log AND b.block = s.block) ORDER BY s.log";
    let keys: Vec<i64> = logs.iter().map(|log| i64::from(log.0)).collect();
    let rows = session.query(sql, bind![keys]).await?;
    let logs = rows
        .iter()
        .map(|row| Ok(LogId(Columns::of(row, &SEG).size(0)?)));
    let logs: Vec<LogId> = logs.collect::<Result<_, Failure>>()?;
    if logs.is_empty() {
        return Ok(());
    }
    let sql = "DELETE FROM seg s WHERE s.log = ANY($1)
        AND NOT EXISTS (SELECT 1 FROM block b WHERE b.log = s.log AND b.block = s.block)
        AND NOT EXISTS (SELECT 1 FROM unnest($2::bigint[], $3::bigint[]) AS k (log, block)
            WHERE k.log = s.log AND k.block = s.block)";
    let keys: Vec<i64> = logs.iter().map(|log| i64::from(log.0)).collect();
    let (kept_logs, kept): (Vec<i64>, Vec<i64>) = keep.iter().copied().map(block_key).unzip();
    let mut steps = vec![Step::Plain("BEGIN")];
    steps.extend(heads::lock_steps(&logs, layout));
    steps.push(Step::Bound(sql, bind![keys, kept_logs, kept]));
    steps.push(Step::Plain("COMMIT"));
    let outcome = session.all(steps).await.map(drop);
    if matches!(outcome, Err(Failure::Refused { .. })) {
        session.plain("ROLLBACK").await?;
    }
    outcome
}

/// What ranges need, or a piece of no part: what becomes of it tells whether the block is there.
fn pieces_of(ranges: &[Range<u64>]) -> Vec<Piece> {
    let mut all: Vec<Piece> = ranges.iter().flat_map(pieces).collect();
    if all.is_empty() {
        all.push(Piece {
            part: -1,
            start: 0,
            length: 0,
        });
    }
    all
}

/// What a range needs of one part.
struct Piece {
    part: i64,
    start: i32,
    length: i32,
}

/// The pieces of a range; none of one that is beyond every body.
fn pieces(range: &Range<u64>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut done = 0;
    if range.end > BODY_BYTES_MAX || range.start > range.end {
        return pieces;
    }
    while range.start + (done as u64) < range.end {
        let at = range.start + done as u64;
        let length = next_length(range, done);
        let (part, start) = (at / PART_BYTES as u64, at % PART_BYTES as u64);
        pieces.push(Piece {
            part: part.cast_signed(),
            start: i32::try_from(start).unwrap_or(i32::MAX),
            length: i32::try_from(length).unwrap_or(i32::MAX),
        });
        done += length;
    }
    pieces
}

/// Bytes of the piece of a range behind its first `done` bytes: up to the part's end.
fn next_length(range: &Range<u64>, done: usize) -> usize {
    let at = range.start + done as u64;
    let of_part = PART_BYTES as u64 - at % PART_BYTES as u64;
    usize::try_from(of_part.min(range.end - at)).unwrap_or(PART_BYTES)
}
