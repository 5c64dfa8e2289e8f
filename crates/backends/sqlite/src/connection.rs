//! Connections to the database file and how they are set up.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Row};

use crate::failure::{At, Failure};

/// Bytes of a page: a block's slices and a tile's hashes are cut for it.
pub(crate) const PAGE_BYTES: u32 = 8192;

/// How long a statement waits for another connection's lock. Only checkpoints hold one for long.
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// Statements that each connection keeps prepared; more than this crate has.
const STATEMENTS: usize = 64;

/// The write-ahead log's file is cut back to this when it starts over.
const WAL_FILE_BYTES: u32 = 32 << 20;

/// Who uses a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// The one that writes.
    Write,
    /// Reads of a store that this process owns, and checkpoints of it.
    Read,
    /// Reads of a store that another process may own.
    Snapshot,
}

/// Opens the file, which exists.
pub(crate) fn open(path: &Path, usage: Use) -> Result<Connection, Failure> {
    let access = match usage {
        Use::Write | Use::Read => OpenFlags::SQLITE_OPEN_READ_WRITE,
        Use::Snapshot => OpenFlags::SQLITE_OPEN_READ_ONLY,
    };
    // A connection is only ever used by one thread at a time: it needs no mutex of its own.
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).at("the file")?;
    set_up(&connection, usage).at("the file")?;
    Ok(connection)
}

fn set_up(connection: &Connection, usage: Use) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_WAIT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    set(connection, "trusted_schema", 0)?;
    set(connection, "cell_size_check", 1)?;
    // A damaged page that is mapped is a signal, not an error.
    set(connection, "mmap_size", 0)?;
    // Nothing of a customer's reaches a temporary file.
    set(connection, "temp_store", 2)?;
    if usage == Use::Snapshot {
        return set(connection, "query_only", 1);
    }
    // FULL: a commit is on the disk when it returns.
    set(connection, "synchronous", 2)?;
    // Where fsync alone does not reach the disk (macOS), ask for what does.
    set(connection, "fullfsync", 1)?;
    set(connection, "checkpoint_fullfsync", 1)?;
    if usage == Use::Write {
        // Both count only while the file is empty.
        set(connection, "page_size", PAGE_BYTES)?;
        // Pages that nothing needs can be given back, a few at a time.
        set(connection, "auto_vacuum", 2)?;
        // It answers with another mode when the folder cannot hold the files of this one; the first
        // reader then fails for the same reason.
        connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
        set(connection, "wal_autocheckpoint", 0)?;
        set(connection, "journal_size_limit", WAL_FILE_BYTES)?;
    } else {
        set(connection, "query_only", 1)?;
        // The writer alone makes checkpoints unasked: others would not tell when one failed.
        checkpoint_on_close(connection, false)?;
    }
    Ok(())
}

/// Whether a connection makes a checkpoint when it is closed as the last one.
pub(crate) fn checkpoint_on_close(connection: &Connection, does: bool) -> rusqlite::Result<()> {
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !does)
        .map(drop)
}

/// Sets a number; some answer with a row and some do not.
pub(crate) fn set(connection: &Connection, pragma: &str, value: u32) -> rusqlite::Result<()> {
    connection.pragma_update(None, pragma, value)
}

/// Reads a number.
pub(crate) fn get(connection: &Connection, pragma: &str) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, pragma, |row: &Row<'_>| row.get(0))
}

/// How far a checkpoint got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    /// Pages in the write-ahead log.
    pub pages: i64,
    /// Pages of it that are not in the database file yet.
    pub left: i64,
}

/// How long a checkpoint waits for other processes that read a snapshot, when nobody asked for it.
const CHECKPOINT_WAIT: Duration = Duration::from_millis(100);

/// Copies all of the write-ahead log and empties it, unless others read it for long.
pub(crate) fn checkpoint_all(connection: &Connection) -> Result<Checkpoint, Failure> {
    connection.busy_timeout(CHECKPOINT_WAIT).at("the file")?;
    let done = checkpoint(connection, "TRUNCATE");
    connection.busy_timeout(BUSY_WAIT).at("the file")?;
    done
}

/// Copies the write-ahead log into the database file, in one of SQLite's modes.
pub(crate) fn checkpoint(connection: &Connection, mode: &str) -> Result<Checkpoint, Failure> {
    let read = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get(2)?));
    let sql = format!("PRAGMA wal_checkpoint({mode})");
    let (busy, pages, done): (i64, i64, i64) = connection
        .query_row(&sql, [], read)
        .at("the write-ahead log")?;
    // A busy TRUNCATE may have copied everything and only not have cut the file.
    Ok(Checkpoint {
        pages,
        left: (pages - done).max(busy),
    })
}
