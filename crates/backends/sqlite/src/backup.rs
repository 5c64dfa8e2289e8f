//! The copy of a store's file as it is at one moment, whoever writes to it.

use std::fs::{self, File};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use docket_engine::store::Identity;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::connection::{self, PAGE_BYTES};
use crate::open::{self, FILE, OpenError, private_file};
use crate::schema;

/// Pages that are copied between two looks at whether to go on (8 MiB).
const STEP_PAGES: i32 = 1_024;

/// A copy that is complete and on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Which store it is of.
    pub identity: Identity,
    /// The store's format.
    pub format: u64,
    /// The files that make it, in the folder that was given.
    pub files: Vec<&'static str>,
}

/// How far a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyProgress {
    /// Bytes that are copied.
    pub done: u64,
    /// Bytes that there are.
    pub all: u64,
}

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The store cannot be read.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The caller had enough.
    #[error("stopped before it was complete")]
    Stopped,
    /// There is no room for it.
    #[error("there is no room for {}: free some, or name another place", file.display())]
    Full {
        /// The copy.
        file: PathBuf,
    },
    /// The copy cannot be written, or the store not be read further.
    #[error("cannot copy to {}: {error}", file.display())]
    Io {
        /// The copy.
        file: PathBuf,
        /// What the system or the database said.
        error: io::Error,
    },
}

/// Copies the store in `folder` to `into`, a folder that holds none, page by page within one read
/// transaction: the copy is of the moment at which this began, and nobody who writes waits. What is written
/// meanwhile stays in the store's write-ahead log until this returns. The copy is on the disk then; its name
/// in `into` is not yet.
///
/// # Errors
/// The store cannot be read, the copy cannot be written, or `going` says to stop. What is there of the copy
/// is no store; the caller removes it.
pub fn backup(
    folder: &Path,
    into: &Path,
    going: &mut dyn FnMut(CopyProgress) -> ControlFlow<()>,
) -> Result<Copied, BackupError> {
    let (identity, source) = open::snapshot(folder)?;
    let format = schema::meta_number(&source, "format").map_err(open::unfit(&folder.join(FILE)))?;
    let path = into.join(FILE);
    private_file(&path).map_err(failed(&path))?;
    let outcome = copy(&source, &path, going);
    // The moment that it holds keeps the write-ahead log from starting over.
    drop(source);
    outcome?;
    File::open(&path)
        .and_then(|file| file.sync_all())
        .map_err(failed(&path))?;
    Ok(Copied {
        identity,
        format,
        files: vec![FILE],
    })
}

/// What makes the store in `folder` that nobody has open and that was closed in order.
///
/// # Errors
/// There is none, it cannot be read, or a part of it is still in its write-ahead log.
pub fn whole(folder: &Path) -> Result<Copied, BackupError> {
    let path = folder.join(FILE);
    let left = fs::metadata(folder.join(format!("{FILE}-wal")));
    if left.is_ok_and(|file| file.len() > 0) {
        let what = "a part of it is still in its write-ahead log";
        return Err(failed(&path)(io::Error::other(what)));
    }
    let (identity, connection) = open::snapshot(folder)?;
    let format = schema::meta_number(&connection, "format").map_err(open::unfit(&path))?;
    Ok(Copied {
        identity,
        format,
        files: vec![FILE],
    })
}

fn copy(
    source: &Connection,
    path: &Path,
    going: &mut dyn FnMut(CopyProgress) -> ControlFlow<()>,
) -> Result<(), BackupError> {
    let said = |error: rusqlite::Error| refused(&error, path);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut target = Connection::open_with_flags(path, flags).map_err(said)?;
    // A copy that breaks off is thrown away: it needs neither a journal nor to be on the disk in between.
    connection::set(&target, "synchronous", 0).map_err(said)?;
    target
        .query_row("PRAGMA journal_mode = OFF", [], |_| Ok(()))
        .map_err(said)?;
    let backup = Backup::new(source, &mut target).map_err(said)?;
    loop {
        let step = backup.step(STEP_PAGES).map_err(said)?;
        let progress = backup.progress();
        let bytes = |pages: i32| u64::try_from(pages).unwrap_or_default() * u64::from(PAGE_BYTES);
        let progress = CopyProgress {
            done: bytes(progress.pagecount.saturating_sub(progress.remaining)),
            all: bytes(progress.pagecount),
        };
        if going(progress).is_break() {
            return Err(BackupError::Stopped);
        }
        match step {
            StepResult::Done => break,
            StepResult::More => {}
            // Nobody else knows the copy, and of the store a moment is held that nobody can lock.
            _ => return Err(failed(path)(io::Error::other("the database is locked"))),
        }
    }
    drop(backup);
    target.close().map_err(|(_, error)| refused(&error, path))
}

fn refused(error: &rusqlite::Error, path: &Path) -> BackupError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => BackupError::Full {
            file: path.to_owned(),
        },
        _ => failed(path)(io::Error::other(error.to_string())),
    }
}

fn failed(path: &Path) -> impl Fn(io::Error) -> BackupError {
    move |error| match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => BackupError::Full {
            file: path.to_owned(),
        },
        _ => BackupError::Io {
            file: path.to_owned(),
            error,
        },
    }
}
