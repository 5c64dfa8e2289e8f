//! The list of blocks.

use docket_engine::store::{BlockId, BlockRow, LogId, StoreError};
use rusqlite::Connection;

use crate::failure::Failure;
use crate::row::{Cell, Columns, Table, execute, int, select, select_one, sum};

pub(crate) const BLOCK: Table = Table {
    name: "block",
    columns: &[
        "id",
        "log",
        "first_seq",
        "n",
        "min_micros",
        "max_micros",
        "format",
        "fields",
        "body_bytes",
        "sum",
        "dir",
    ],
    keys: 1,
};

/// A log's blocks by first position, with empty `dir`.
pub(crate) fn list(connection: &Connection, log: LogId) -> Result<Vec<BlockRow>, Failure> {
    let sql =
        "SELECT id, log, first_seq, n, min_micros, max_micros, format, fields, body_bytes, sum
        FROM block WHERE log = ? ORDER BY first_seq";
    let mut blocks = Vec::new();
    select(
        connection,
        &BLOCK,
        sql,
        &[Cell::Int(i64::from(log.0))],
        |row| {
            blocks.push(read(row.summed(9)?, Vec::new())?);
            Ok(())
        },
    )?;
    Ok(blocks)
}

/// A block with its directory.
pub(crate) fn get(connection: &Connection, id: BlockId) -> Result<Option<BlockRow>, Failure> {
    let Some(id) = number(id) else {
        return Ok(None);
    };
    let sql = "SELECT id, log, first_seq, n, min_micros, max_micros, format, fields, body_bytes,
        sum, dir FROM block WHERE id = ?";
    select_one(connection, &BLOCK, sql, &[id], |row| {
        read(row.summed(9)?, row.blob(10)?.to_vec())
    })
}

/// How long a block's body is; `None` when it is not listed.
pub(crate) fn body_bytes(connection: &Connection, id: BlockId) -> Result<Option<u64>, Failure> {
    let Some(id) = number(id) else {
        return Ok(None);
    };
    let sql =
        "SELECT id, log, first_seq, n, min_micros, max_micros, format, fields, body_bytes, sum
        FROM block WHERE id = ?";
    select_one(connection, &BLOCK, sql, &[id], |row| row.summed(9)?.size(8))
}

/// Puts a block on the list.
pub(crate) fn insert(
    connection: &Connection,
    block: &BlockRow,
    body_bytes: u64,
) -> Result<(), Failure> {
    let mut cells = vec![
        int(block.id.0, "block")?,
        Cell::Int(i64::from(block.log.0)),
        int(block.first, "block")?,
        Cell::Int(i64::from(block.count)),
        Cell::Int(block.min_micros),
        Cell::Int(block.max_micros),
        Cell::Int(i64::from(block.format)),
        Cell::Int(i64::from(block.fields)),
        int(body_bytes, "block")?,
    ];
    cells.push(sum(&BLOCK, &cells));
    cells.push(Cell::Blob(&block.dir));
    let sql = "INSERT INTO block (id, log, first_seq, n, min_micros, max_micros, format, fields,
        body_bytes, sum, dir) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
    if execute(connection, &BLOCK, sql, &cells)? == 1 {
        return Ok(());
    }
    let what = "is on the list already, or another block begins where it does";
    Err(StoreError::corrupt(format!("block {}", block.id.0), what).into())
}

/// Takes a block off its log's list.
pub(crate) fn remove(connection: &Connection, log: LogId, id: BlockId) -> Result<(), Failure> {
    let cells = [int(id.0, "block")?, Cell::Int(i64::from(log.0))];
    let sql = "DELETE FROM block WHERE id = ? AND log = ?";
    if execute(connection, &BLOCK, sql, &cells)? == 1 {
        return Ok(());
    }
    Err(StoreError::corrupt(format!("block {}", id.0), "is not on its log's list").into())
}

/// A block's number as SQLite keeps it; `None` when no block can have it.
fn number(id: BlockId) -> Option<Cell<'static>> {
    i64::try_from(id.0).ok().map(Cell::Int)
}

fn read(row: Columns<'_>, dir: Vec<u8>) -> Result<BlockRow, Failure> {
    Ok(BlockRow {
        id: BlockId(row.size(0)?),
        log: LogId(row.size(1)?),
        first: row.size(2)?,
        count: row.size(3)?,
        min_micros: row.int(4)?,
        max_micros: row.int(5)?,
        format: row.size(6)?,
        fields: row.size(7)?,
        dir,
    })
}
