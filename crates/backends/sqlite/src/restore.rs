//! A folder that is to hold a store that comes from elsewhere.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::open::{self, FILE, LOCK, OpenError};

/// Where files wait until all of them are there.
const STAGE: &str = "restore.part";

/// What may lie in a folder that counts as empty: what this makes, and what a new file system has.
const NOTHING: [&str; 3] = [LOCK, STAGE, "lost+found"];

/// A folder without a store, owned by this process until this is dropped. Files are staged inside it and
/// become a store all at once, or are gone with this value.
#[derive(Debug)]
pub struct Vacant {
    folder: PathBuf,
    stage: PathBuf,
    /// Whether the folder was made for this.
    made: bool,
    settled: bool,
    /// Given back last.
    _lock: File,
}

/// Why a folder cannot take a store.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// There is something in it.
    #[error(
        "{} is not empty, it holds `{entry}`: name a folder that is not there yet, or move what is there away",
        folder.display()
    )]
    Occupied {
        /// The folder.
        folder: PathBuf,
        /// What is in it.
        entry: String,
    },
    /// Another process owns it, or the system refuses.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The staged files are not a store that was closed in order.
    #[error("what is to be put into {} is no store that was closed in order", folder.display())]
    Unfinished {
        /// The folder.
        folder: PathBuf,
    },
}

impl Vacant {
    /// Takes the folder, made if need be.
    ///
    /// # Errors
    /// There is something in it, another process owns it, or the system refuses.
    pub fn claim(folder: &Path) -> Result<Self, RestoreError> {
        // Looked at before anything is made in it, and again when nobody else can.
        let made = !folder.exists();
        if !made {
            must_be_empty(folder)?;
        }
        open::make_folder(folder).map_err(open::refused(folder))?;
        let lock = open::lock(folder)?;
        must_be_empty(folder)?;
        let stage = folder.join(STAGE);
        let vacant = Vacant {
            folder: folder.to_owned(),
            stage: stage.clone(),
            made,
            settled: false,
            _lock: lock,
        };
        // What is left of one that was killed.
        remove(&stage).map_err(open::refused(&stage))?;
        DirBuilder::new()
            .mode(0o700)
            .create(&stage)
            .map_err(open::refused(&stage))?;
        Ok(vacant)
    }

    /// Where to put the files.
    pub fn stage(&self) -> &Path {
        &self.stage
    }

    /// Puts what is staged in place, the database last: until then there is no store, from then on all of it
    /// is on the disk. The files' own bytes are there already.
    ///
    /// # Errors
    /// The staged store is still open or was not closed in order, or the system refuses.
    pub fn settle(mut self) -> Result<(), RestoreError> {
        let refused = open::refused(&self.folder);
        let names = names(&self.stage).map_err(&refused)?;
        let log = fs::metadata(self.stage.join(format!("{FILE}-wal")));
        let unwritten = log.is_ok_and(|log| log.len() > 0);
        if unwritten || !names.iter().any(|name| name == FILE) {
            return Err(RestoreError::Unfinished {
                folder: self.folder.clone(),
            });
        }
        let moves = |name: &&String| *name != FILE && *name != LOCK && !name.starts_with(FILE);
        for name in names.iter().filter(moves) {
            self.put(name).map_err(&refused)?;
        }
        sync(&self.folder).map_err(&refused)?;
        self.put(FILE).map_err(&refused)?;
        self.settled = true;
        for folder in [Some(self.folder.as_path()), self.folder.parent()] {
            sync(folder.unwrap_or(Path::new(""))).map_err(&refused)?;
        }
        Ok(())
    }

    fn put(&self, name: &str) -> io::Result<()> {
        fs::rename(self.stage.join(name), self.folder.join(name))
    }
}

impl Drop for Vacant {
    fn drop(&mut self) {
        // What cannot be removed is told by the next one that finds it there.
        let _ = remove(&self.stage);
        if self.made && !self.settled {
            let _ = fs::remove_file(self.folder.join(LOCK));
            let _ = fs::remove_dir(&self.folder);
        }
    }
}

fn must_be_empty(folder: &Path) -> Result<(), RestoreError> {
    let names = names(folder).map_err(open::refused(folder))?;
    match names
        .into_iter()
        .find(|name| !NOTHING.contains(&name.as_str()))
    {
        None => Ok(()),
        Some(entry) => Err(RestoreError::Occupied {
            folder: folder.to_owned(),
            entry,
        }),
    }
}

fn names(folder: &Path) -> io::Result<Vec<String>> {
    let name = |entry: io::Result<fs::DirEntry>| {
        entry.map(|entry| entry.file_name().to_string_lossy().into_owned())
    };
    let mut names: Vec<String> = fs::read_dir(folder)?.map(name).collect::<io::Result<_>>()?;
    names.sort_unstable();
    Ok(names)
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// Names in a folder are on the disk when this returns.
fn sync(folder: &Path) -> io::Result<()> {
    let here = folder.as_os_str().is_empty();
    File::open(if here { Path::new(".") } else { folder })?.sync_all()
}
