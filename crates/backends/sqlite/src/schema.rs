//! The tables, how a file gets them, and which binaries may use which file.

use docket_engine::Random;
use docket_engine::store::{Identity, StoreError};
use rusqlite::Connection;

use crate::connection;
use crate::failure::{At, Failure};
use crate::row::{Cell, Table, put, select_one};

/// Tells a store's file from other SQLite files: "DOCK".
pub(crate) const APPLICATION_ID: i64 = 0x444f_434b;

/// The format that this binary writes: how many migrations there are.
pub(crate) const FORMAT: u32 = 1;

/// Each makes the next format. What was released never changes; what is new comes at the end.
const MIGRATIONS: [&str; FORMAT as usize] = [include_str!("../migrations/0001_tables.sql")];

/// The oldest binary, by the format that it writes, that may read what this one writes.
const MIN_READER: u32 = 1;

/// The oldest binary that may write to what this one writes.
const MIN_WRITER: u32 = 1;

pub(crate) const META: Table = Table {
    name: "meta",
    columns: &["k", "v", "sum"],
    keys: 1,
};

/// The rows that meta has, with the length of their values.
pub(crate) const META_ROWS: [(&str, usize); 6] = [
    ("format", 8),
    ("min_reader", 8),
    ("min_writer", 8),
    ("next_block", 8),
    ("store_id", 16),
    ("term_key", 16),
];

/// Why a file cannot be used as a store.
#[derive(Debug)]
pub(crate) enum Unfit {
    /// It was written by a newer binary, which says that this one is too old.
    Newer {
        format: u64,
    },
    Failure(Failure),
}

impl From<Failure> for Unfit {
    fn from(failure: Failure) -> Self {
        Unfit::Failure(failure)
    }
}

/// Brings the file to [`FORMAT`]: makes a store of an empty one, leaves a newer one as it is when its
/// writer allows that.
pub(crate) fn prepare(connection: &Connection, random: &dyn Random) -> Result<Identity, Unfit> {
    let version = connection::get(connection, "user_version").at("the file")?;
    if version == 0 && is_empty(connection)? {
        migrate(connection, 0, |connection| {
            connection::set(connection, "application_id", APPLICATION_ID as u32).at("the file")?;
            found(connection, random)
        })?;
        return identity(connection).map_err(Unfit::from);
    }
    check(connection, "min_writer")?;
    let from = usize::try_from(version).unwrap_or_default();
    if from < MIGRATIONS.len() {
        migrate(connection, from, write_versions)?;
    }
    identity(connection).map_err(Unfit::from)
}

/// Finds out whether this binary may read the file.
pub(crate) fn check_readable(connection: &Connection) -> Result<Identity, Unfit> {
    check(connection, "min_reader")?;
    identity(connection).map_err(Unfit::from)
}

/// A number that meta has.
pub(crate) fn meta_number(connection: &Connection, key: &str) -> Result<u64, Failure> {
    Ok(u64::from_be_bytes(meta(connection, key)?))
}

/// Replaces a number that meta has.
pub(crate) fn set_meta(connection: &Connection, key: &str, value: u64) -> Result<(), Failure> {
    set_meta_bytes(connection, key, &value.to_be_bytes())
}

/// Runs the migrations on `connection`, which is empty: to compare a file's schema with.
pub(crate) fn make_tables(connection: &Connection) -> Result<(), Failure> {
    MIGRATIONS
        .iter()
        .try_for_each(|sql| connection.execute_batch(sql).at("the schema"))
}

fn is_empty(connection: &Connection) -> Result<bool, Failure> {
    let count: rusqlite::Result<i64> =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0));
    Ok(count.at("sqlite_schema")? == 0)
}

/// All missing migrations are one commit: a file is of one format or of another.
fn migrate(
    connection: &Connection,
    from: usize,
    then: impl FnOnce(&Connection) -> Result<(), Failure>,
) -> Result<(), Failure> {
    connection
        .execute_batch("BEGIN IMMEDIATE")
        .at("the schema")?;
    let work = || {
        for sql in MIGRATIONS.iter().skip(from) {
            connection.execute_batch(sql).at("the schema")?;
        }
        then(connection)?;
        connection::set(connection, "user_version", FORMAT).at("the file")?;
        connection.execute_batch("COMMIT").at("the schema")
    };
    work().inspect_err(|_| {
        // The failure is what counts; a connection that cannot roll back is closed with it.
        let _ = connection.execute_batch("ROLLBACK");
    })
}

fn found(connection: &Connection, random: &dyn Random) -> Result<(), Failure> {
    write_versions(connection)?;
    set_meta(connection, "next_block", 1)?;
    for key in ["store_id", "term_key"] {
        let mut bytes = [0; 16];
        random.fill(&mut bytes);
        set_meta_bytes(connection, key, &bytes)?;
    }
    Ok(())
}

fn write_versions(connection: &Connection) -> Result<(), Failure> {
    set_meta(connection, "format", u64::from(FORMAT))?;
    set_meta(connection, "min_reader", u64::from(MIN_READER))?;
    set_meta(connection, "min_writer", u64::from(MIN_WRITER))
}

fn check(connection: &Connection, bound: &str) -> Result<(), Unfit> {
    let application = connection::get(connection, "application_id").at("the file")?;
    if application != APPLICATION_ID {
        let what = "is not the database of a Docket store";
        return Err(Failure::from(StoreError::corrupt("the file", what)).into());
    }
    if meta_number(connection, bound)? > u64::from(FORMAT) {
        return Err(Unfit::Newer {
            format: meta_number(connection, "format")?,
        });
    }
    Ok(())
}

fn identity(connection: &Connection) -> Result<Identity, Failure> {
    Ok(Identity {
        store_id: meta(connection, "store_id")?,
        term_key: meta(connection, "term_key")?,
    })
}

fn meta<const N: usize>(connection: &Connection, key: &str) -> Result<[u8; N], Failure> {
    let sql = "SELECT k, v, sum FROM meta WHERE k = ?";
    let found = select_one(connection, &META, sql, &[Cell::Text(key)], |row| {
        row.summed(2)?.array::<N>(1)
    })?;
    found.ok_or_else(|| StoreError::corrupt(format!("meta {key:?}"), "is missing").into())
}

fn set_meta_bytes(connection: &Connection, key: &str, value: &[u8]) -> Result<(), Failure> {
    let sql = "INSERT OR REPLACE INTO meta (k, v, sum) VALUES (?, ?, ?)";
    put(
        connection,
        &META,
        sql,
        &[Cell::Text(key), Cell::Blob(value)],
    )
    .map(drop)
}
