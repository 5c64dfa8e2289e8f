//! Chooses the database by the place that is named.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use docket_backends_sqlite::{Options, Sqlite};
use docket_engine::store::Store;

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
    /// This build has no backend for such an address. The address may hold a password: it is not shown.
    #[error("a database address is not supported in this build; give a data folder")]
    Unsupported,
}

/// Why a store was not copied.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The folder cannot be copied.
    #[error(transparent)]
    Folder(#[from] FolderBackupError),
    /// This build has no backend for such an address.
    #[error(transparent)]
    Unsupported(OpenError),
}

/// Why a place cannot take a store that comes from elsewhere.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The folder cannot.
    #[error(transparent)]
    Folder(#[from] FolderRestoreError),
    /// This build has no backend for such an address.
    #[error(transparent)]
    Unsupported(OpenError),
}

/// Opens the store at `location` to be read and written. Makes it if it is not there.
///
/// # Errors
/// Another process owns the folder, a newer docket wrote it, it is corrupt, or the system refuses.
pub fn open(location: &Location) -> Result<Arc<dyn Store>, OpenError> {
    match location {
        Location::Folder(folder) => Ok(Arc::new(Sqlite::open(folder, &Options::default())?)),
        Location::Url(_) => Err(OpenError::Unsupported),
    }
}

/// Opens the store at `location` as it is now, to be read while others may write to it.
///
/// # Errors
/// There is none, a newer docket wrote it, it is corrupt, or the system refuses.
pub fn open_snapshot(location: &Location) -> Result<Arc<dyn Store>, OpenError> {
    match location {
        Location::Folder(folder) => Ok(Arc::new(Sqlite::open_snapshot(folder)?)),
        Location::Url(_) => Err(OpenError::Unsupported),
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
        Location::Url(_) => Err(BackupError::Unsupported(OpenError::Unsupported)),
    }
}

/// Takes the place for a store that comes from elsewhere.
///
/// # Errors
/// There is something at the place, another process owns it, or the system refuses.
pub fn vacant(location: &Location) -> Result<Vacant, RestoreError> {
    match location {
        Location::Folder(folder) => Ok(Vacant::claim(folder)?),
        Location::Url(_) => Err(RestoreError::Unsupported(OpenError::Unsupported)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_opened_and_an_address_is_not() {
        let folder = tempfile::tempdir().expect("makes a folder");
        let location = Location::Folder(folder.path().join("store"));
        assert!(matches!(
            open_snapshot(&location),
            Err(OpenError::Folder(_))
        ));
        let store = open(&location).expect("makes a store");
        let seen = open_snapshot(&location).expect("reads it");
        assert_eq!(seen.identity(), store.identity());
        let url = Location::Url("postgres://docket:secret@db/docket".to_owned());
        let error = open(&url)
            .expect_err("there is no such backend")
            .to_string();
        assert!(
            error.contains("not supported") && !error.contains("secret"),
            "{error}"
        );
        assert!(matches!(open_snapshot(&url), Err(OpenError::Unsupported)));
    }
}
