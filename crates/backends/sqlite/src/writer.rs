//! The one connection that writes, and its transactions.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use docket_engine::store::{BlockId, Head, LogId, LogRow, StoreError};
use rusqlite::Connection;

use crate::failure::{At, Failure};
use crate::{batches, connection, logs, schema, segs};

/// Numbers for blocks that one commit sets aside; those that are left over when the store is closed are
/// never used.
const NUMBERS_AT_ONCE: u64 = 64;

/// What is written to a folder to find out whether its disk is full.
const PROBE_BYTES: usize = 64 << 10;

/// The writer, if there is one: none after a commit that may or may not have taken place.
#[derive(Debug)]
pub(crate) struct Slot {
    folder: PathBuf,
    writer: Option<Writer>,
    /// Why there is none.
    lost: String,
    /// Lengths of the parts of blocks that are not listed yet.
    pub unfinished: BTreeMap<BlockId, BTreeMap<u32, usize>>,
}

/// The connection that writes, and what it knows without asking.
#[derive(Debug)]
pub(crate) struct Writer {
    pub connection: Connection,
    /// How far each log has got.
    pub heads: BTreeMap<LogId, Head>,
    /// Numbers for blocks that are set aside.
    pub numbers: Range<u64>,
}

impl Writer {
    /// Learns from the file what it must know.
    pub(crate) fn load(connection: Connection) -> Result<Self, Failure> {
        let mut heads = BTreeMap::new();
        for log in logs::all(&connection)? {
            heads.insert(log.id, batches::head_of(&connection, &log)?);
        }
        // Its log would look shorter than it is.
        if logs::strangers(&connection, "batch")? {
            return Err(StoreError::corrupt("batch", "has rows of a log that is not there").into());
        }
        Ok(Writer {
            connection,
            heads,
            numbers: 0..0,
        })
    }

    /// How far a log has got.
    pub(crate) fn head(&self, log: LogId) -> Result<Head, StoreError> {
        let head = self.heads.get(&log).copied();
        head.ok_or_else(|| StoreError::corrupt(format!("log {}", log.0), "is not there"))
    }

    /// A log's head is no lower than what is sealed of it.
    pub(crate) fn rise(&mut self, log: &LogRow) {
        let sealed = Head {
            size: log.sealed,
            recorded_micros: log.recorded_micros,
        };
        if let Some(head) = self.heads.get_mut(&log.id)
            && head.size < sealed.size
        {
            *head = sealed;
        }
    }
}

impl Slot {
    pub(crate) fn new(folder: PathBuf, writer: Writer) -> Self {
        Slot {
            folder,
            writer: Some(writer),
            lost: "a commit failed; the store must be reopened".to_owned(),
            unfinished: BTreeMap::new(),
        }
    }

    /// The writer.
    pub(crate) fn writer(&mut self) -> Result<&mut Writer, StoreError> {
        let lost = || StoreError::Unavailable(self.lost.clone());
        self.writer.as_mut().ok_or_else(lost)
    }

    /// Takes the writer away, for good, without a checkpoint.
    pub(crate) fn lose(&mut self, why: &str) {
        why.clone_into(&mut self.lost);
        if let Some(writer) = self.writer.take() {
            forget(writer.connection);
        }
    }

    /// Gives the writer away, to be closed.
    pub(crate) fn take(&mut self) -> Option<Writer> {
        self.writer.take()
    }

    /// Writes with another writer from now on.
    pub(crate) fn renew(&mut self, writer: Writer) {
        self.writer = Some(writer);
    }

    /// Runs `work` in a transaction and commits it: it is durable when this returns. On any error nothing
    /// of it was written, save with Unavailable, which takes the writer away.
    pub(crate) fn transaction<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        let connection = &self.writer()?.connection;
        // A panic may have left one open.
        if !connection.is_autocommit() {
            roll_back(connection);
        }
        let outcome = run(connection, "BEGIN IMMEDIATE")
            .and_then(|()| work(connection))
            .and_then(|done| run(connection, "COMMIT").map(|()| done));
        outcome.map_err(|failure| self.undo(failure))
    }

    /// A number for a block.
    pub(crate) fn new_block(&mut self) -> Result<BlockId, StoreError> {
        if self.writer()?.numbers.is_empty() {
            let first = self.transaction(|connection| {
                let first = schema::meta_number(connection, "next_block")?;
                schema::set_meta(
                    connection,
                    "next_block",
                    first.saturating_add(NUMBERS_AT_ONCE),
                )?;
                Ok(first)
            })?;
            self.writer()?.numbers = first..first.saturating_add(NUMBERS_AT_ONCE);
        }
        let number = self
            .writer()?
            .numbers
            .next()
            .filter(|number| *number < segs::BLOCKS_MAX);
        let none = || StoreError::Unavailable("there are no more numbers for blocks".to_owned());
        number.map(BlockId).ok_or_else(none)
    }

    fn undo(&mut self, failure: Failure) -> StoreError {
        let Some(writer) = &self.writer else {
            return failure.into();
        };
        roll_back(&writer.connection);
        if !writer.connection.is_autocommit() {
            self.writer = None;
            return StoreError::Unavailable(format!("a failed commit stays open: {failure:?}"));
        }
        let error = match failure {
            Failure::Busy(what) => StoreError::Busy(what),
            Failure::Write(what) if disk_is_full(&self.folder) => StoreError::Busy(what),
            Failure::Write(what) | Failure::Index(what) => StoreError::Unavailable(what),
            Failure::Store(error) => error,
        };
        if let StoreError::Unavailable(what) = &error {
            self.lost = format!("a commit failed: {what}");
            self.writer = None;
        }
        error
    }
}

/// Closes a connection without a checkpoint.
pub(crate) fn forget(connection: Connection) {
    if let Err(error) = connection::checkpoint_on_close(&connection, false) {
        // It only sets a flag, which every build has.
        tracing::error!(%error, "a connection is closed with a checkpoint");
    }
    drop(connection);
}

/// SQLite may have rolled back by itself and then says that there is nothing to roll back: what counts is
/// whether a transaction is open afterwards.
fn roll_back(connection: &Connection) {
    let _ = connection.execute_batch("ROLLBACK");
}

fn run(connection: &Connection, sql: &str) -> Result<(), Failure> {
    let mut statement = connection.prepare_cached(sql).at("the file")?;
    statement.execute([]).at("the file").map(drop)
}

/// Whether files in `folder` cannot grow: SQLite tells a full disk from a broken one, but not a used-up
/// quota.
pub(crate) fn disk_is_full(folder: &Path) -> bool {
    let path = folder.join("probe");
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path)?;
        file.write_all(&[0; PROBE_BYTES])?;
        file.sync_all()
    };
    let outcome = write();
    // What cannot be removed is overwritten by the next probe.
    let _ = fs::remove_file(&path);
    let full = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded];
    outcome.is_err_and(|error| full.contains(&error.kind()))
}
