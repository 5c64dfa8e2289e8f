//! The table of blocks.

use std::collections::HashMap;

use docket_engine::store::{BlockId, BlockRow, LogId};

use crate::failure::Failure;
use crate::row::{Cell, Columns, Table, block_id, block_key, int, log_key, sum};
use crate::session::{Answer, Session, Step, bind};

pub(crate) const BLOCK: Table = Table {
    name: "block",
    keys: 2,
};

/// The list of a log's blocks by first position, with empty `dir`; nothing when the log has this version.
pub(crate) fn changed_step(log: LogId, version: Option<u64>) -> Step<'static> {
    let sql =
        "SELECT log, block, first_seq, n, min_micros, max_micros, format, fields, body_bytes, sum
        FROM block WHERE log = $1
        AND NOT EXISTS (SELECT 1 FROM head WHERE head.log = $1 AND head.version = $2)
        ORDER BY first_seq";
    let version = version.map_or(-1, |version| i64::try_from(version).unwrap_or(-1));
    Step::Bound(sql, bind![log_key(log), version])
}

/// The blocks that [`changed_step`] asked for.
pub(crate) fn found(answer: &Answer) -> Result<Vec<BlockRow>, Failure> {
    let rows = answer.rows.iter().map(|row| Columns::of(row, &BLOCK));
    rows.map(|row| read(row.summed(9)?, Vec::new())).collect()
}

/// The list of a log's blocks by first position, with empty `dir`.
pub(crate) async fn list(session: &Session, log: LogId) -> Result<Vec<BlockRow>, Failure> {
    let answers = session.all(vec![changed_step(log, None)]).await?;
    answers.first().map_or(Ok(Vec::new()), found)
}

/// Blocks with their directories; `None` for one that is not listed.
pub(crate) async fn get(
    session: &Session,
    wanted: &[BlockId],
) -> Result<Vec<Option<BlockRow>>, Failure> {
    let sql = "SELECT b.log, b.block, first_seq, n, min_micros, max_micros, format, fields, body_bytes, sum, dir
        FROM unnest($1::bigint[], $2::bigint[]) AS w (log, block)
        JOIN block b ON b.log = w.log AND b.block = w.block";
    let (logs, numbers): (Vec<i64>, Vec<i64>) = wanted.iter().copied().map(block_key).unzip();
    let rows = session.query(sql, bind![logs, numbers]).await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in &rows {
        let row = Columns::of(row, &BLOCK);
        let dir = row.bytes(10)?.to_vec();
        let block = read(row.summed(9)?, dir)?;
        found.insert(block.id, block);
    }
    Ok(wanted
        .iter()
        .map(|block| found.get(block).cloned())
        .collect())
}

/// Lists a block.
pub(crate) fn insert_step(block: &BlockRow, body_bytes: i64) -> Result<Step<'_>, Failure> {
    let (log, number) = block_key(block.id);
    let numbers = [
        log,
        number,
        int(block.first, "block")?,
        i64::from(block.count),
        block.min_micros,
        block.max_micros,
        i64::from(block.format),
        i64::from(block.fields),
        body_bytes,
    ];
    let sum = sum(&BLOCK, &numbers.map(Cell::Int));
    let sql = "INSERT INTO block (log, block, first_seq, n, min_micros, max_micros, format, fields,
        body_bytes, sum, dir) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let mut values = bind![];
    for number in numbers {
        values.extend(bind![number]);
    }
    values.extend(bind![sum, &block.dir[..]]);
    Ok(Step::Bound(sql, values))
}

/// Takes blocks of one log off the list, with their bodies: two steps, of which the first changes a row a block.
pub(crate) fn remove_steps(log: LogId, blocks: &[BlockId]) -> [Step<'static>; 2] {
    let numbers: Vec<i64> = blocks.iter().map(|block| block_key(*block).1).collect();
    let row = "DELETE FROM block WHERE log = $1 AND block = ANY($2)";
    let body = "DELETE FROM seg WHERE log = $1 AND block = ANY($2)";
    [
        Step::Bound(row, bind![log_key(log), numbers.clone()]),
        Step::Bound(body, bind![log_key(log), numbers]),
    ]
}

/// A row as [`found`] and [`get`] select it.
fn read(row: Columns<'_>, dir: Vec<u8>) -> Result<BlockRow, Failure> {
    let log = LogId(row.size(0)?);
    Ok(BlockRow {
        id: block_id(log, row.size(1)?),
        log,
        first: row.size(2)?,
        count: row.size(3)?,
        min_micros: row.int(4)?,
        max_micros: row.int(5)?,
        format: row.size(6)?,
        fields: row.size(7)?,
        dir,
    })
}
