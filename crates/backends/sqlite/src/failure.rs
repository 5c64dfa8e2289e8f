//! What the driver's errors mean to the engine; no type of the driver leaves this crate.

use docket_engine::store::StoreError;
use rusqlite::ErrorCode;
use rusqlite::ffi;

/// Why a statement failed, before it is known whether its transaction was rolled back.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It can succeed later, if what it did is undone.
    Busy(String),
    /// A write to the file failed: for want of room or for good.
    Write(String),
    /// It is already clear what to answer.
    Store(StoreError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Failure::Store(error)
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Busy(what) => StoreError::Busy(what),
            Failure::Write(what) => StoreError::Unavailable(what),
            Failure::Store(error) => error,
        }
    }
}

/// Says what a driver's error is about: a table, or the file.
pub(crate) trait At<T> {
    fn at(self, place: &str) -> Result<T, Failure>;
}

impl<T> At<T> for rusqlite::Result<T> {
    fn at(self, place: &str) -> Result<T, Failure> {
        self.map_err(|error| classify(&error, place))
    }
}

fn classify(error: &rusqlite::Error, place: &str) -> Failure {
    let what = error.to_string();
    let (rusqlite::Error::SqliteFailure(cause, _)
    | rusqlite::Error::SqlInputError { error: cause, .. }) = error
    else {
        // Everything else that the driver says is about a value of a type that its column cannot have.
        return StoreError::corrupt(place, what).into();
    };
    match (cause.code, cause.extended_code) {
        (ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase, _) => {
            StoreError::corrupt(place, what).into()
        }
        // The index of the write-ahead log is a file, too: it cannot grow on a full disk.
        (_, ffi::SQLITE_IOERR_SHMSIZE)
        | (
            ErrorCode::DiskFull
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::OutOfMemory,
            _,
        ) => Failure::Busy(format!("{place}: {what}")),
        (_, ffi::SQLITE_IOERR_WRITE) => Failure::Write(format!("{place}: {what}")),
        _ => StoreError::Unavailable(format!("{place}: {what}")).into(),
    }
}
