//! The table of batches: events that are not sealed yet.

use docket_engine::batch::head_after;
use docket_engine::store::{BatchRow, GroupId, Head, LogId, LogRow};
use rusqlite::Connection;

use crate::failure::Failure;
use crate::logs;
use crate::row::{Cell, Columns, Table, execute, int, select, select_one};

pub(crate) const BATCH: Table = Table {
    name: "batch",
    columns: &["log", "first_seq", "group_id", "data"],
    keys: 2,
};

/// Adds a batch.
pub(crate) fn insert(connection: &Connection, batch: &BatchRow) -> Result<(), Failure> {
    let sql = "INSERT INTO batch (log, first_seq, group_id, data) VALUES (?, ?, ?, ?)";
    let cells = [
        Cell::Int(i64::from(batch.log.0)),
        int(batch.first, "batch")?,
        Cell::Int(batch.group.0.cast_signed()),
        Cell::Blob(&batch.data),
    ];
    execute(connection, &BATCH, sql, &cells).map(drop)
}

/// Bytes of sealed batches that one commit removes at most, give or take a batch, so that no append waits
/// long for it.
const REMOVE_BYTES: u64 = 4 << 20;

/// Sealed batches that one commit removes at most.
const REMOVE_ROWS: i64 = 256;

/// The batches of a log that hold positions of `from` or higher, in order. Those that are sealed do not
/// count: they wait to be removed.
pub(crate) fn from(
    connection: &Connection,
    log: LogId,
    from: u64,
) -> Result<Vec<BatchRow>, Failure> {
    let Some(log) = logs::get(connection, log)? else {
        return Ok(Vec::new());
    };
    let (from, log) = (from.max(log.sealed), log.id);
    // No position is higher than SQLite's numbers go.
    let Ok(Cell::Int(bound)) = int(from, "batch") else {
        return Ok(Vec::new());
    };
    // The batch that begins at or before `from` may reach beyond it.
    let sql = "SELECT log, first_seq, group_id, data FROM batch WHERE log = ?1 AND first_seq >=
        coalesce((SELECT max(first_seq) FROM batch WHERE log = ?1 AND first_seq <= ?2), ?2)
        ORDER BY first_seq";
    let cells = [Cell::Int(i64::from(log.0)), Cell::Int(bound)];
    let mut batches = Vec::new();
    select(connection, &BATCH, sql, &cells, |row| {
        batches.push(read(row)?);
        Ok(())
    })?;
    let first_ends = match batches.as_slice() {
        [_, second, ..] => second.first,
        [only] => head_after(only)?.size,
        [] => return Ok(batches),
    };
    if first_ends <= from {
        batches.remove(0);
    }
    Ok(batches)
}

/// How far a log has got.
pub(crate) fn head_of(connection: &Connection, log: &LogRow) -> Result<Head, Failure> {
    let sql = "SELECT log, first_seq, group_id, data FROM batch WHERE log = ?
        ORDER BY first_seq DESC LIMIT 1";
    let cells = [Cell::Int(i64::from(log.id.0))];
    let sealed = Head {
        size: log.sealed,
        recorded_micros: log.recorded_micros,
    };
    let last = select_one(connection, &BATCH, sql, &cells, read)?;
    let last = last.map(|last| head_after(&last)).transpose()?;
    Ok(last
        .filter(|last| last.size > sealed.size)
        .unwrap_or(sealed))
}

/// Removes some batches that end where their log is sealed, or before; says whether that was all of them.
pub(crate) fn remove_sealed(connection: &Connection, log: LogId) -> Result<bool, Failure> {
    let Some(log) = logs::get(connection, log)? else {
        return Ok(true);
    };
    let number = Cell::Int(i64::from(log.id.0));
    let bound = if head_of(connection, &log)?.size == log.sealed {
        Some(log.sealed)
    } else {
        // A batch ends where the next one begins: the last one that begins at or below `sealed` stays.
        let sql = "SELECT log, first_seq FROM batch WHERE log = ? AND first_seq <= ?
            ORDER BY first_seq DESC LIMIT 1";
        let cells = [number, int(log.sealed, "log")?];
        select_one(connection, &BATCH, sql, &cells, |row| row.size::<u64>(1))?
    };
    let Some(bound) = bound else { return Ok(true) };
    let sql = "SELECT log, first_seq, length(data) FROM batch WHERE log = ? AND first_seq < ?
        ORDER BY first_seq LIMIT ?";
    let cells = [number, int(bound, "batch")?, Cell::Int(REMOVE_ROWS)];
    let (mut found, mut bytes, mut last) = (0, 0, None);
    select(connection, &BATCH, sql, &cells, |row| {
        found += 1;
        if bytes < REMOVE_BYTES {
            last = Some((found, row.int(1)?));
        }
        bytes += row.size::<u64>(2)?;
        Ok(())
    })?;
    let Some((removed, last)) = last else {
        return Ok(true);
    };
    let sql = "DELETE FROM batch WHERE log = ? AND first_seq <= ?";
    execute(connection, &BATCH, sql, &[number, Cell::Int(last)])?;
    Ok(removed == found && found < REMOVE_ROWS)
}

pub(crate) fn read(row: Columns<'_>) -> Result<BatchRow, Failure> {
    Ok(BatchRow {
        log: LogId(row.size(0)?),
        first: row.size(1)?,
        group: GroupId(row.int(2)?.cast_unsigned()),
        data: row.blob(3)?.to_vec(),
    })
}
