//! The table of logs.

use docket_engine::store::{LogId, LogRow, StoreError};
use rusqlite::Connection;

use crate::failure::Failure;
use crate::row::{Cell, Columns, Table, exists, int, put, select, select_one};

pub(crate) const LOG: Table = Table {
    name: "log",
    columns: &[
        "id",
        "org",
        "id_key",
        "sealed",
        "recorded_micros",
        "frontier",
        "sum",
    ],
    keys: 1,
};

/// All logs, by number.
pub(crate) fn all(connection: &Connection) -> Result<Vec<LogRow>, Failure> {
    let sql = "SELECT id, org, id_key, sealed, recorded_micros, frontier, sum FROM log ORDER BY id";
    let mut logs = Vec::new();
    select(connection, &LOG, sql, &[], |row| {
        logs.push(read(row)?);
        Ok(())
    })?;
    Ok(logs)
}

/// The log of an organization.
pub(crate) fn of(connection: &Connection, org: &str) -> Result<Option<LogRow>, Failure> {
    let sql = "SELECT id, org, id_key, sealed, recorded_micros, frontier, sum FROM log
        WHERE org = ?";
    select_one(connection, &LOG, sql, &[Cell::Text(org)], read)
}

/// A log by its number.
pub(crate) fn get(connection: &Connection, id: LogId) -> Result<Option<LogRow>, Failure> {
    let sql = "SELECT id, org, id_key, sealed, recorded_micros, frontier, sum FROM log
        WHERE id = ?";
    select_one(connection, &LOG, sql, &[Cell::Int(i64::from(id.0))], read)
}

/// An empty log, with the next number.
pub(crate) fn insert(
    connection: &Connection,
    org: &str,
    id_key: [u8; 16],
) -> Result<LogRow, Failure> {
    let last = "SELECT id FROM log ORDER BY id DESC LIMIT 1";
    let last = select_one(connection, &LOG, last, &[], |row| row.size::<u32>(0))?;
    let id = last.unwrap_or(0).checked_add(1).ok_or_else(|| {
        Failure::from(StoreError::Unavailable(
            "there are no more numbers for logs".to_owned(),
        ))
    })?;
    let log = LogRow {
        id: LogId(id),
        org: org.to_owned(),
        id_key,
        sealed: 0,
        recorded_micros: 0,
        frontier: Vec::new(),
    };
    let sql = "INSERT INTO log (id, org, id_key, sealed, recorded_micros, frontier, sum)
        VALUES (?, ?, ?, ?, ?, ?, ?)";
    put(connection, &LOG, sql, &cells(&log)?)?;
    Ok(log)
}

/// Replaces a log's row. What is sealed stays sealed.
pub(crate) fn update(connection: &Connection, log: &LogRow) -> Result<(), Failure> {
    let sql = "UPDATE log SET org = ?2, id_key = ?3, sealed = ?4, recorded_micros = ?5,
        frontier = ?6, sum = ?7 WHERE id = ?1 AND org = ?2 AND sealed <= ?4";
    if put(connection, &LOG, sql, &cells(log)?)? == 1 {
        return Ok(());
    }
    let what = "is not there, belongs to another organization, or has more sealed events";
    Err(StoreError::corrupt(format!("log {}", log.id.0), what).into())
}

/// Whether a row of another table names a log that is not there; `table` is a literal of this crate.
pub(crate) fn strangers(connection: &Connection, table: &str) -> Result<bool, Failure> {
    let sql = format!("SELECT log FROM {table} WHERE log NOT IN (SELECT id FROM log) LIMIT 1");
    exists(connection, &LOG, &sql, &[])
}

fn cells(log: &LogRow) -> Result<[Cell<'_>; 6], Failure> {
    Ok([
        Cell::Int(i64::from(log.id.0)),
        Cell::Text(&log.org),
        Cell::Blob(&log.id_key),
        int(log.sealed, "log")?,
        Cell::Int(log.recorded_micros),
        Cell::Blob(&log.frontier),
    ])
}

fn read(row: Columns<'_>) -> Result<LogRow, Failure> {
    let row = row.summed(6)?;
    Ok(LogRow {
        id: LogId(row.size(0)?),
        org: row.text(1)?.to_owned(),
        id_key: row.array(2)?,
        sealed: row.size(3)?,
        recorded_micros: row.int(4)?,
        frontier: row.blob(5)?.to_vec(),
    })
}
