//! The table of records.

use docket_engine::store::{Expect, Record, RecordChange, RecordKey, StoreError};
use rusqlite::Connection;

use crate::failure::Failure;
use crate::row::{Cell, Columns, Table, execute, int, put, select, select_one, sum};

pub(crate) const RECORD: Table = Table {
    name: "record",
    columns: &["org", "kind", "name", "version", "value", "sum"],
    keys: 3,
};

/// A record.
pub(crate) fn get(connection: &Connection, key: &RecordKey) -> Result<Option<Record>, Failure> {
    let sql = "SELECT org, kind, name, version, value, sum FROM record
        WHERE org = ? AND kind = ? AND name = ?";
    select_one(connection, &RECORD, sql, &key_cells(key), read)
}

/// All records of a kind that an organization has, by name.
pub(crate) fn list(connection: &Connection, org: &str, kind: &str) -> Result<Vec<Record>, Failure> {
    let sql = "SELECT org, kind, name, version, value, sum FROM record
        WHERE org = ? AND kind = ? ORDER BY name";
    let mut records = Vec::new();
    select(
        connection,
        &RECORD,
        sql,
        &[Cell::Text(org), Cell::Text(kind)],
        |row| {
            records.push(read(row)?);
            Ok(())
        },
    )?;
    Ok(records)
}

/// The kinds of records that an organization has, in order.
pub(crate) fn kinds(connection: &Connection, org: &str) -> Result<Vec<String>, Failure> {
    let sql = "SELECT DISTINCT kind FROM record WHERE org = ? ORDER BY kind";
    let mut kinds = Vec::new();
    select(connection, &RECORD, sql, &[Cell::Text(org)], |row| {
        kinds.push(row.text(0)?.to_owned());
        Ok(())
    })?;
    Ok(kinds)
}

/// Whether a record is what a change of it expects.
pub(crate) fn holds(connection: &Connection, change: &RecordChange) -> Result<bool, Failure> {
    let version = get(connection, &change.key)?.map(|record| record.version);
    Ok(match change.expect {
        Expect::Absent => version.is_none(),
        Expect::Version(expected) => version == Some(expected),
    })
}

/// Makes a change; its precondition is part of the statement.
pub(crate) fn apply(connection: &Connection, change: &RecordChange) -> Result<(), Failure> {
    let [org, kind, name] = key_cells(&change.key);
    let value = change.value.as_deref().map(Cell::Blob);
    let changed = match (change.expect, value) {
        (Expect::Absent, Some(value)) => {
            let sql = "INSERT INTO record (org, kind, name, version, value, sum)
                VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
            put(
                connection,
                &RECORD,
                sql,
                &[org, kind, name, Cell::Int(1), value],
            )?
        }
        (Expect::Absent, None) => usize::from(get(connection, &change.key)?.is_none()),
        (Expect::Version(version), Some(value)) => {
            let sql = "UPDATE record SET version = ?4, value = ?5, sum = ?6
                WHERE org = ?1 AND kind = ?2 AND name = ?3 AND version = ?7";
            let cells = [
                org,
                kind,
                name,
                int(version.saturating_add(1), "record")?,
                value,
            ];
            let sum = sum(&RECORD, &cells);
            let cells = [&cells[..], &[sum, int(version, "record")?]].concat();
            execute(connection, &RECORD, sql, &cells)?
        }
        (Expect::Version(version), None) => {
            let sql = "DELETE FROM record WHERE org = ? AND kind = ? AND name = ? AND version = ?";
            execute(
                connection,
                &RECORD,
                sql,
                &[org, kind, name, int(version, "record")?],
            )?
        }
    };
    if changed == 1 {
        return Ok(());
    }
    let place = format!(
        "record {:?}, {:?}, {:?}",
        change.key.org, change.key.kind, change.key.name
    );
    Err(StoreError::corrupt(place, "is not what its change expects").into())
}

fn key_cells(key: &RecordKey) -> [Cell<'_>; 3] {
    [
        Cell::Text(&key.org),
        Cell::Text(&key.kind),
        Cell::Text(&key.name),
    ]
}

fn read(row: Columns<'_>) -> Result<Record, Failure> {
    let row = row.summed(5)?;
    Ok(Record {
        key: RecordKey {
            org: row.text(0)?.to_owned(),
            kind: row.text(1)?.to_owned(),
            name: row.text(2)?.to_owned(),
        },
        version: row.size(3)?,
        value: row.blob(4)?.to_vec(),
    })
}
