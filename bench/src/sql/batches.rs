//! The rows of Docket's group commits that wait to be sealed, seen in its file while it is in use.

use std::path::Path;

use anyhow::Context;
use rusqlite::{Connection, OpenFlags};

/// The file in a data folder.
const FILE: &str = "docket.db";

/// What waits to be sealed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Batches {
    /// Rows.
    pub rows: u64,
    /// Bytes of events in them.
    pub bytes: u64,
    /// Blocks that are sealed.
    pub blocks: u64,
}

/// Looks at the rows of a data folder's store.
pub fn look(folder: &Path) -> anyhow::Result<Batches> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(folder.join(FILE), flags)
        .context("opening Docket's file to look at it")?;
    let sql =
        "SELECT count(*), coalesce(sum(length(data)), 0), (SELECT count(*) FROM block) FROM batch";
    let read = |row: &rusqlite::Row<'_>| {
        // Counts are never negative.
        let count = |at: usize| row.get(at).map(i64::unsigned_abs);
        Ok(Batches {
            rows: count(0)?,
            bytes: count(1)?,
            blocks: count(2)?,
        })
    };
    connection
        .query_row(sql, [], read)
        .context("looking at Docket's rows")
}
