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
    /// The index of the write-ahead log cannot grow. When that ends a commit, the log has all of it already:
    /// it would be there when the file is next opened.
    Index(String),
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
            Failure::Busy(what) | Failure::Index(what) => StoreError::Busy(what),
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
        (ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase, ffi::SQLITE_CORRUPT) => {
            // SQLite makes no difference when the system says EIO.
            StoreError::corrupt(place, format!("{what}, or cannot be read from the disk")).into()
        }
        (ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase, _) => {
            StoreError::corrupt(place, what).into()
        }
        // It is a file, too: it cannot grow on a full disk.
        (_, ffi::SQLITE_IOERR_SHMSIZE) => Failure::Index(format!("{place}: {what}")),
        (
            ErrorCode::DiskFull
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::OutOfMemory,
            _,
        ) => Failure::Busy(format!("{place}: {what}")),
        (_, ffi::SQLITE_IOERR_WRITE) => Failure::Write(format!("{place}: {what} in a write")),
        (_, code) => {
            let call = call(code);
            StoreError::Unavailable(format!("{place}: {what}{call}")).into()
        }
    }
}

/// The call that the system refused: SQLite has one text for all of them.
fn call(code: i32) -> String {
    match code {
        // The last one is what SQLite makes of EIO in a read of its own.
        ffi::SQLITE_IOERR_READ | ffi::SQLITE_IOERR_SHORT_READ | ffi::SQLITE_IOERR_CORRUPTFS => {
            " in a read".to_owned()
        }
        ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC => " in a sync".to_owned(),
        ffi::SQLITE_IOERR_TRUNCATE => " in a truncation".to_owned(),
        code if code & 0xff == ffi::SQLITE_IOERR => format!(" ({code})"),
        _ => String::new(),
    }
}
