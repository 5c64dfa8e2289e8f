//! Chooses the database by the place that is named.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use docket_backends_postgres::{Options as DatabaseOptions, Postgres};
use docket_backends_sqlite::{Options, Sqlite};
use docket_engine::store::Store;

pub use docket_backends_postgres::OpenError as DatabaseError;
pub use docket_backends_sqlite::{
    BackupError as FolderBackupError, Copied, CopyProgress, OpenError as FolderError,
    RestoreError as FolderRestoreError, Vacant,
};

/// Where a store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A folder that one process at a time owns.
    Folder(PathBuf),
    /// A database server, by its address: `postgres://…`.
    Url(String),
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be opened.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The database server cannot be used.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Why a store was not copied.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The folder cannot be copied.
    #[error(transparent)]
    Folder(#[from] FolderBackupError),
    /// A database server copies by its own means.
    #[error(
        "a store in a database is backed up with the server's own tools, such as pg_dump or pg_basebackup; \
         give a data folder"
    )]
    Database,
}

/// Why a place cannot take a store that comes from elsewhere.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The folder cannot.
    #[error(transparent)]
    Folder(#[from] FolderRestoreError),
    /// A database server takes copies by its own means.
    #[error(
        "a store in a database is restored with the server's own tools, such as pg_restore; give a data folder"
    )]
    Database,
}

/// Opens the store at `location` to be read and written. Makes it if it is not there.
///
/// # Errors
/// Another process owns the folder, no server answers, a newer docket wrote it, it is corrupt, or the system refuses.
pub fn open(location: &Location) -> Result<Arc<dyn Store>, OpenError> {
    match location {
        Location::Folder(folder) => Ok(Arc::new(Sqlite::open(folder, &Options::default())?)),
        Location::Url(url) => Ok(Arc::new(Postgres::open(url, &DatabaseOptions::default())?)),
    }
}

/// Opens the store at `location` as it is now, to be read while others may write to it.
///
/// # Errors
/// There is none, a newer docket wrote it, it is corrupt, or the system refuses.
pub fn open_snapshot(location: &Location) -> Result<Arc<dyn Store>, OpenError> {
    match location {
        Location::Folder(folder) => Ok(Arc::new(Sqlite::open_snapshot(folder)?)),
        Location::Url(url) => Ok(Arc::new(Postgres::open_snapshot(url)?)),
    }
}

/// Copies the store at `location` as it is now into the folder `into`, which holds none, while others may
/// write to it. The copy is on the disk when this returns, its name in `into` not yet.
///
/// # Errors
/// There is no store, it cannot be read, the copy cannot be written, or `going` says to stop; the caller
/// removes what is there.
pub fn backup(
    location: &Location,
    into: &Path,
    going: &mut dyn FnMut(CopyProgress) -> ControlFlow<()>,
) -> Result<Copied, BackupError> {
    match location {
        Location::Folder(folder) => Ok(docket_backends_sqlite::backup(folder, into, going)?),
        Location::Url(_) => Err(BackupError::Database),
    }
}

/// What makes the store in `folder`, as [`backup`] says it of a copy: nobody has it open, and it was closed in order.
///
/// # Errors
/// There is no store, it cannot be read, or it was not closed in order.
pub fn whole(folder: &Path) -> Result<Copied, BackupError> {
    Ok(docket_backends_sqlite::whole(folder)?)
}

/// Takes the place for a store that comes from elsewhere.
///
/// # Errors
/// There is something at the place, another process owns it, or the system refuses.
pub fn vacant(location: &Location) -> Result<Vacant, RestoreError> {
    match location {
        Location::Folder(folder) => Ok(Vacant::claim(folder)?),
        Location::Url(_) => Err(RestoreError::Database),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_opened() {
        let folder = tempfile::tempdir().expect("makes a folder");
        let location = Location::Folder(folder.path().join("store"));
        assert!(matches!(
            open_snapshot(&location),
            Err(OpenError::Folder(_))
        ));
        let store = open(&location).expect("makes a store");
        let seen = open_snapshot(&location).expect("reads it");
        assert_eq!(seen.identity(), store.identity());
    }

    #[test]
    fn an_address_is_not_shown() {
        for address in [
            "mysql://docket:secret@db/docket",
            "postgres://docket:se%zzcret@db/docket?port=secret",
        ] {
            let url = Location::Url(address.to_owned());
            for error in [open(&url), open_snapshot(&url)].map(Result::err) {
                let error = error.expect("there is no such database");
                let text = format!("{error} {error:?}");
                assert!(!text.contains("secret"), "{text}");
            }
        }
    }
}
