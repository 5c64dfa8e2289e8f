//! Opening of a folder that holds a store, or is to hold one.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use docket_engine::store::{Identity, Problem, StoreError};
use docket_engine::{Random, SystemRandom};
use rusqlite::Connection;

use crate::connection::{self, Use};
use crate::failure::At;
use crate::keeper::{self, Chores};
use crate::live::Live;
use crate::renew::{is_full, renew, sync_folder};
use crate::schema::{self, Unfit};

/// The database, in its folder.
pub(crate) const FILE: &str = "docket.db";

/// Locked by the process that owns the folder.
pub(crate) const LOCK: &str = "lock";

/// 16 MiB.
const CHECKPOINT_PAGES: u32 = 2_048;

/// What a store takes from the world around it.
#[derive(Clone)]
pub struct Options {
    /// Where the identity of a new store comes from.
    pub random: Arc<dyn Random>,
    /// A checkpoint is made each time the write-ahead log has grown by this many pages of 8,192 bytes.
    pub checkpoint_pages: u32,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            random: Arc::new(SystemRandom),
            checkpoint_pages: CHECKPOINT_PAGES,
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Options")
    }
}

/// Why a folder could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process owns it.
    #[error(
        "{} is in use: `docket serve` may be running there; stop it first, or let it do this",
        folder.display()
    )]
    Locked {
        /// The folder.
        folder: PathBuf,
    },
    /// It holds no store.
    #[error("there is no store in {}", folder.display())]
    Missing {
        /// The folder.
        folder: PathBuf,
    },
    /// A newer binary wrote it.
    #[error(
        "{} has format {format} and this docket knows none above {known}: use the newer docket \
         that wrote it",
        file.display()
    )]
    Newer {
        /// The database file.
        file: PathBuf,
        /// The file's format.
        format: u64,
        /// The newest format that this binary knows.
        known: u32,
    },
    /// What is stored cannot be right.
    #[error("{} is corrupt: {problem}", file.display())]
    Corrupt {
        /// The database file.
        file: PathBuf,
        /// What is wrong with it.
        problem: Problem,
    },
    /// The system refused something.
    #[error("cannot open {}: {error}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What it said.
        error: io::Error,
    },
}

/// A folder that this process owns, until this is dropped.
#[derive(Debug)]
pub(crate) struct Owned {
    pub live: Arc<Live>,
    keeper: Option<JoinHandle<()>>,
    /// Given back last.
    _lock: File,
}

impl Drop for Owned {
    fn drop(&mut self) {
        self.live.chores.stop();
        if let Some(keeper) = self.keeper.take()
            && keeper.join().is_err()
        {
            tracing::error!("the thread that makes checkpoints panicked");
        }
        self.live.close();
    }
}

/// Takes the folder, made if need be, and the store in it, made if there is none.
pub(crate) fn own(folder: &Path, options: &Options) -> Result<(Identity, Owned), OpenError> {
    make_folder(folder).map_err(refused(folder))?;
    let lock = lock(folder)?;
    let path = folder.join(FILE);
    // SQLite gives its other files the same mode.
    private_file(&path).map_err(refused(&path))?;
    match renew(&path) {
        // It is read and written as it is: a start makes room.
        Err(error) if is_full(&error) => {
            tracing::warn!(%error, "the write-ahead log is not renewed")
        }
        done => done.map_err(refused(&path))?,
    }
    let connection = connection::open(&path, Use::Write).map_err(unfit(&path))?;
    let identity = schema::prepare(&connection, &*options.random).map_err(unfit(&path))?;
    // A new file's name is in the folder, and a new folder's in its own: both must stay.
    for folder in [Some(folder), folder.parent()].into_iter().flatten() {
        sync_folder(folder).map_err(refused(folder))?;
    }
    let chores = Chores::new(options.checkpoint_pages);
    let live = Live::new(folder, path.clone(), connection, chores).map_err(unfit(&path))?;
    let live = Arc::new(live);
    let keeper = keeper::start(Arc::clone(&live)).map_err(refused(folder))?;
    Ok((
        identity,
        Owned {
            live,
            keeper: Some(keeper),
            _lock: lock,
        },
    ))
}

/// A connection on which a read transaction is open: it sees one moment, whatever other processes write.
pub(crate) fn snapshot(folder: &Path) -> Result<(Identity, Connection), OpenError> {
    let path = folder.join(FILE);
    let missing = || OpenError::Missing {
        folder: folder.to_owned(),
    };
    match fs::metadata(&path) {
        Ok(file) if file.len() == 0 => return Err(missing()),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(missing()),
        Err(error) => return Err(refused(&path)(error)),
    }
    let begin = || -> Result<(Identity, Connection), Unfit> {
        let connection = connection::open(&path, Use::Snapshot)?;
        connection.execute_batch("BEGIN").at("the file")?;
        let identity = schema::check_readable(&connection)?;
        Ok((identity, connection))
    };
    begin().map_err(unfit(&path))
}

pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

pub(crate) fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
}

pub(crate) fn lock(folder: &Path) -> Result<File, OpenError> {
    let path = folder.join(LOCK);
    let file = private_file(&path).map_err(refused(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked {
            folder: folder.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(refused(&path)(error)),
    }
}

pub(crate) fn refused(path: &Path) -> impl Fn(io::Error) -> OpenError {
    move |error| OpenError::Io {
        path: path.to_owned(),
        error,
    }
}

pub(crate) fn unfit<E: Into<Unfit>>(file: &Path) -> impl Fn(E) -> OpenError {
    move |unfit| {
        let file = file.to_owned();
        let failure = match unfit.into() {
            Unfit::Newer { format } => {
                return OpenError::Newer {
                    file,
                    format,
                    known: schema::FORMAT,
                };
            }
            Unfit::Failure(failure) => failure,
        };
        match StoreError::from(failure) {
            StoreError::Corrupt(problem) => OpenError::Corrupt { file, problem },
            StoreError::Busy(what) | StoreError::Unavailable(what) => OpenError::Io {
                path: file,
                error: io::Error::other(what),
            },
        }
    }
}
