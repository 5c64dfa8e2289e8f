//! Whether what checkpoints have copied into the database file can be relied upon.
//!
//! When a sync fails, the system may forget what was to be synced, and the next sync succeeds. A checkpoint
//! that copies a part of the write-ahead log does not sync, and yet that part counts as copied: a later
//! checkpoint would leave it out, sync, and the write-ahead log would start over without it. So after a
//! checkpoint has failed nothing more is copied until the index of the write-ahead log is made anew, which
//! begins with nothing copied. That happens when the file is opened while nobody else has it open.

use std::path::{Path, PathBuf};

use docket_engine::store::StoreError;
use rusqlite::Connection;

use crate::connection;
use crate::failure::Failure;
use crate::writer::disk_is_full;

/// What is known of the copies. Its lock is held while pages are copied, and taken before the writer's.
#[derive(Debug)]
pub(crate) struct Copied {
    folder: PathBuf,
    doubt: Option<String>,
}

impl Copied {
    /// Of the database file at `path`.
    pub(crate) fn new(path: &Path) -> Self {
        let folder = path.parent().unwrap_or(Path::new("."));
        Copied {
            folder: folder.to_owned(),
            doubt: None,
        }
    }

    /// Takes in why a checkpoint failed, and says it. Only for want of room, or of a lock, may the next one go on.
    pub(crate) fn fail(&mut self, failure: Failure) -> StoreError {
        let why = match failure {
            Failure::Write(what) if disk_is_full(&self.folder) => return StoreError::Busy(what),
            Failure::Busy(what) | Failure::Index(what) => return StoreError::Busy(what),
            Failure::Write(what) | Failure::Store(StoreError::Unavailable(what)) => what,
            Failure::Store(StoreError::Corrupt(problem)) => problem.to_string(),
            Failure::Store(busy @ StoreError::Busy(_)) => return busy,
        };
        self.doubt = Some(why.clone());
        StoreError::Unavailable(why)
    }

    /// Whether a checkpoint failed.
    pub(crate) fn is_in_doubt(&self) -> bool {
        self.doubt.is_some()
    }

    /// Whether all of the write-ahead log will be copied, as `connection` sees it, which has just been opened.
    /// SQLite is asked: to close a handle of one's own on the index would give back SQLite's locks on it.
    pub(crate) fn look(&self, connection: &Connection) -> Result<(), StoreError> {
        let Some(why) = &self.doubt else {
            return Ok(());
        };
        let seen = connection::checkpoint(connection, "NOOP")?;
        if seen.left == seen.pages {
            return Ok(());
        }
        let what = "somebody reads since before (check, export or backup); wait for it";
        Err(StoreError::Busy(format!("{why}; {what}")))
    }

    /// All of the write-ahead log is in the database file, and synced.
    pub(crate) fn all(&mut self) {
        self.doubt = None;
    }
}
