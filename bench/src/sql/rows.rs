//! Plain SQLite rows, as a design of the bench: what an experienced engineer would build for the ten questions.
//!
//! WAL, synchronous FULL, 1,000 rows a transaction, statements prepared once, 64 MB of page cache, composite indexes
//! for each question, ANALYZE before any is asked. The JSON is read once, by serde_json into borrowed fields, and
//! kept as it came.

mod ask;

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, ensure};
use rusqlite::{Connection, params};

use super::columns::Columns;
use crate::clock::Stopwatch;
use crate::data::{Data, cut};

const GROUP: usize = 1_000;
const CACHE_KIB: i64 = 64 << 10;
/// As Docket's own: a row has about 1 KB.
const PAGE_BYTES: u32 = 8_192;
/// Pages that the write-ahead log gathers before they go into the file: the more, the fewer random writes.
const CHECKPOINT_PAGES: u32 = 4_000;
const STATEMENTS: usize = 64;

/// `id` is the order of commits and stands for the position; an index ends with it by itself.
const TABLES: &str = "
CREATE TABLE event (
  id INTEGER PRIMARY KEY,
  org INTEGER NOT NULL,
  t INTEGER NOT NULL,
  type TEXT NOT NULL,
  actor TEXT,
  email TEXT,
  credential TEXT,
  project TEXT,
  outcome TEXT NOT NULL,
  ip TEXT,
  request TEXT,
  json TEXT NOT NULL
) STRICT;
CREATE INDEX event_time ON event (org, t);
CREATE INDEX event_type ON event (org, type, t);
CREATE INDEX event_actor ON event (org, actor, t);
CREATE INDEX event_outcome ON event (org, outcome, t);
CREATE UNIQUE INDEX event_request ON event (request);
CREATE TABLE target (
  org INTEGER NOT NULL,
  target TEXT NOT NULL,
  t INTEGER NOT NULL,
  id INTEGER NOT NULL,
  PRIMARY KEY (org, target, t, id)
) STRICT, WITHOUT ROWID;
";
const INSERT_EVENT: &str = "INSERT INTO event (org, t, type, actor, email, credential, project, outcome, ip, request, json)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
const INSERT_TARGET: &str =
    "INSERT OR IGNORE INTO target (org, target, t, id) VALUES (?1, ?2, ?3, ?4)";

/// An open database.
#[derive(Debug)]
pub struct Rows {
    connection: Connection,
}

impl Rows {
    /// Opens the database in a folder, made if it is not there.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join("rows.db");
        let new = !path.exists();
        let connection = Connection::open(path).context("opening the rows")?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.pragma_update(None, "page_size", PAGE_BYTES)?;
        connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        connection.pragma_update(None, "mmap_size", 0)?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        if new {
            connection
                .execute_batch(TABLES)
                .context("making the tables")?;
        }
        Ok(Rows { connection })
    }

    /// Takes in a file, [`GROUP`] events a transaction, each durable before the next; until the last commit,
    /// seconds.
    pub fn ingest(&mut self, data: &Data) -> anyhow::Result<f64> {
        let file = File::open(&data.path).context("opening the file of events")?;
        let mut lines = BufReader::with_capacity(1 << 20, file);
        let watch = Stopwatch::start();
        let mut text = String::new();
        let mut stored = 0;
        loop {
            text.clear();
            for _ in 0..GROUP {
                lines.read_line(&mut text)?;
            }
            if text.is_empty() {
                break;
            }
            stored += self.store(&text).context("storing rows")?;
        }
        ensure!(
            stored == data.spec.events,
            "{stored} rows of {} events",
            data.spec.events
        );
        Ok(watch.seconds())
    }

    fn store(&mut self, text: &str) -> anyhow::Result<u64> {
        let transaction = self.connection.transaction()?;
        let mut event = transaction.prepare_cached(INSERT_EVENT)?;
        let mut target = transaction.prepare_cached(INSERT_TARGET)?;
        let mut stored = 0;
        for line in text.lines() {
            let (org, json) = cut(line)?;
            let org = i64::try_from(org)?;
            let columns = Columns::of(json)?;
            let time = columns.time()?;
            let id = event.insert(params![
                org,
                time,
                columns.r#type,
                columns.actor.id,
                columns.actor.email,
                columns.credential.id,
                columns.project.id,
                columns.outcome(),
                columns.source.ip,
                columns.request_id,
                json,
            ])?;
            for named in &columns.targets {
                target.execute(params![org, named.id, time, id])?;
            }
            stored += 1;
        }
        drop((event, target));
        transaction.commit()?;
        Ok(stored)
    }

    /// Has SQLite count what its planner goes by; how long it took, seconds.
    pub fn analyze(&self) -> anyhow::Result<f64> {
        let watch = Stopwatch::start();
        self.connection
            .execute_batch("ANALYZE")
            .context("analyzing the rows")?;
        Ok(watch.seconds())
    }

    /// Closes the database.
    pub fn close(self) -> anyhow::Result<()> {
        self.connection
            .close()
            .map_err(|(_, error)| error)
            .context("closing the rows")
    }
}
