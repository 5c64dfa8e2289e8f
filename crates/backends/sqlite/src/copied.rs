//! Whether what checkpoints have copied into the database file can be relied upon.
//!
//! When a sync fails, the system may forget what was to be synced, and the next sync succeeds. A checkpoint
//! that copies a part of the write-ahead log does not sync, and yet that part counts as copied: a later
//! checkpoint would leave it out, sync, and the write-ahead log would start over without it. So after a
//! checkpoint has failed nothing more is copied until the index of the write-ahead log is made anew, which
//! begins with nothing copied. That happens when the file is opened while nobody else has it open.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use docket_engine::store::StoreError;

use crate::failure::Failure;
use crate::writer::disk_is_full;

/// Where the index has the number of pages that are copied, in the machine's byte order
/// (<https://sqlite.org/walformat.html>, 2.1).
const COPIED_AT: u64 = 96;

/// What is known of the copies. Its lock is held while pages are copied, and taken before the writer's.
#[derive(Debug)]
pub(crate) struct Copied {
    index: PathBuf,
    doubt: Option<String>,
}

impl Copied {
    /// Of the database file at `path`.
    pub(crate) fn new(path: &Path) -> Self {
        let mut index = path.as_os_str().to_owned();
        index.push("-shm");
        Copied {
            index: index.into(),
            doubt: None,
        }
    }

    /// Takes in why a checkpoint failed, and says it. Only for want of room, or of a lock, may the next one go on.
    pub(crate) fn fail(&mut self, failure: Failure) -> StoreError {
        let folder = self.index.parent().unwrap_or(Path::new("."));
        let why = match failure {
            Failure::Write(what) if disk_is_full(folder) => return StoreError::Busy(what),
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

    /// The file was opened and read: whether all of the write-ahead log will be copied.
    pub(crate) fn look(&self) -> Result<(), StoreError> {
        let Some(why) = &self.doubt else {
            return Ok(());
        };
        let mut copied = [0; 4];
        let read =
            File::open(&self.index).and_then(|file| file.read_exact_at(&mut copied, COPIED_AT));
        match read {
            Ok(()) if copied == [0; 4] => Ok(()),
            Ok(()) => {
                let what = "somebody reads since before (check, export or backup); wait for it";
                Err(StoreError::Busy(format!("{why}; {what}")))
            }
            Err(error) => {
                let index = self.index.display();
                Err(StoreError::Unavailable(format!("{why}; {index}: {error}")))
            }
        }
    }

    /// All of the write-ahead log is in the database file, and synced.
    pub(crate) fn all(&mut self) {
        self.doubt = None;
    }
}
