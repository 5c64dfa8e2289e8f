//! Makes sure that the write-ahead log on the disk is the one that is read.
//!
//! When a sync of the log fails, the system may keep what was written in memory, take it for stored, and let
//! the next sync succeed without it. Whoever opens the database then reads a commit that is not on the disk. A
//! checkpoint would copy it, and a power cut half way leave a part of its pages and nothing that has the rest.
//! So before the database is opened the log is written once more: over itself, for others may be reading it, and
//! out of a copy that is on the disk, for a power cut may spoil what is being written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What is read and written at once.
const PIECE_BYTES: usize = 1 << 20;

/// The files that take part.
struct Files {
    folder: PathBuf,
    log: PathBuf,
    /// The copy while it is being made.
    draft: PathBuf,
    /// The copy, whole. While it is there, nothing has been added to the log since.
    copy: PathBuf,
}

/// Writes the log of the database at `path` once more. Nobody writes to it meanwhile.
pub(crate) fn renew(path: &Path) -> io::Result<()> {
    renew_files(&Files::of(path)).map_err(|error| {
        let what = format!("cannot write the write-ahead log once more: {error}");
        io::Error::new(error.kind(), what)
    })
}

fn renew_files(files: &Files) -> io::Result<()> {
    let bytes = match fs::metadata(&files.log) {
        Ok(log) => log.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error),
    };
    if bytes == 0 {
        // A copy would be of another log: this one is emptied when all of it is in the database.
        remove(&files.draft)?;
        return match remove(&files.copy)? {
            true => sync_folder(&files.folder),
            false => Ok(()),
        };
    }
    if !files.copy.try_exists()? {
        match files.make_copy() {
            Err(error) if is_full(&error) => {
                remove(&files.draft)?;
                tracing::warn!(%error, "no room for a copy of the write-ahead log");
                // The same bytes in the same place need none.
                return pour(&files.log, &existing(&files.log)?);
            }
            done => done?,
        }
    }
    pour(&files.copy, &existing(&files.log)?)?;
    remove(&files.copy)?;
    // If it came back after a power cut, it would undo what is written from here on.
    sync_folder(&files.folder)
}

/// Whether there is no room.
pub(crate) fn is_full(error: &io::Error) -> bool {
    [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded].contains(&error.kind())
}

/// Puts the names in a folder on the disk.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    let here = Path::new(".");
    let folder = Some(folder).filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(here)).and_then(|folder| folder.sync_all())
}

impl Files {
    fn of(path: &Path) -> Self {
        let named = |end: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(end);
            PathBuf::from(name)
        };
        Files {
            folder: path.parent().unwrap_or(Path::new("")).to_owned(),
            log: named("-wal"),
            draft: named("-draft-wal"),
            copy: named("-copy-wal"),
        }
    }

    fn make_copy(&self) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        pour(&self.log, &options.open(&self.draft)?)?;
        fs::rename(&self.draft, &self.copy)?;
        sync_folder(&self.folder)
    }
}

fn existing(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).open(path)
}

/// Writes what is in a file over another one, from its beginning, and syncs it.
fn pour(from: &Path, mut to: &File) -> io::Result<()> {
    let mut from = File::open(from)?;
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let read = from.read(&mut piece)?;
        match piece.get(..read) {
            Some(read) if !read.is_empty() => to.write_all(read)?,
            _ => return to.sync_data(),
        }
    }
}

/// Whether it was there.
fn remove(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &Path) -> Option<Vec<u8>> {
        fs::read(path).ok()
    }

    #[test]
    fn a_log_keeps_its_bytes_and_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("docket.db");
        let files = Files::of(&database);
        let bytes: Vec<u8> = (0..PIECE_BYTES + 7).map(|at| at as u8).collect();
        fs::write(&files.log, &bytes).unwrap();
        let mut before = File::open(&files.log).unwrap();
        renew(&database).unwrap();
        let mut seen = Vec::new();
        before.read_to_end(&mut seen).unwrap();
        assert!(seen == bytes && read(&files.log).unwrap() == bytes);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_copy_that_a_power_cut_left_is_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("docket.db");
        let files = Files::of(&database);
        fs::write(&files.log, b"spoilt").unwrap();
        fs::write(&files.copy, b"whole log").unwrap();
        renew(&database).unwrap();
        assert_eq!(read(&files.log).as_deref(), Some(&b"whole log"[..]));
        assert!(!files.copy.exists());
    }

    #[test]
    fn a_copy_of_a_log_that_is_gone_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("docket.db");
        let files = Files::of(&database);
        fs::write(&files.copy, b"another log").unwrap();
        fs::write(&files.draft, b"anot").unwrap();
        renew(&database).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
