//! What the driver's errors mean to the engine; no type of the driver leaves this crate.

use std::error::Error;

use docket_engine::store::StoreError;
use tokio_postgres::error::{DbError, Severity, SqlState};

/// Why something failed, before it is known what was under way.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The connection broke, and with it the answer: what was asked may have happened.
    Lost(String),
    /// The server answered that it ends the connection, or that it takes no writes; what was asked did not happen.
    Ended(String),
    /// The server answered that it does not do what was asked.
    Refused {
        /// Its SQLSTATE.
        code: String,
        /// Its words.
        what: String,
    },
    /// It is already clear what to answer.
    Store(StoreError),
}

impl Failure {
    /// A failure of which only what it is matters.
    pub(crate) fn refused(what: impl Into<String>) -> Self {
        Failure::Refused {
            code: String::new(),
            what: what.into(),
        }
    }

    /// Whether another connection may do better.
    pub(crate) fn is_of_the_connection(&self) -> bool {
        matches!(self, Failure::Lost(_) | Failure::Ended(_))
    }

    /// What it means when nothing was written, or what was written can be written again.
    pub(crate) fn unwritten(self) -> StoreError {
        match self {
            Failure::Lost(what) | Failure::Ended(what) => StoreError::Busy(what),
            Failure::Refused { code, what } => StoreError::Busy(with_code(&what, &code)),
            Failure::Store(error) => error,
        }
    }

    /// What it means as the answer to COMMIT. That the server ends the connection says nothing here: it says so, too,
    /// when it no longer waits for a standby to have what is committed already.
    pub(crate) fn of_commit(self) -> StoreError {
        match self {
            Failure::Lost(what) | Failure::Ended(what) => StoreError::Unavailable(what),
            other => other.unwritten(),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Failure::Store(error)
    }
}

/// What it means to somebody who only reads.
impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Lost(what) | Failure::Ended(what) => StoreError::Unavailable(what),
            other => other.unwritten(),
        }
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(answer) => answered(answer),
            None => Failure::Lost(words(&error)),
        }
    }
}

/// An error with its causes. What a server adds as detail is left out: it may quote what is stored.
pub(crate) fn words(error: &tokio_postgres::Error) -> String {
    if let Some(answer) = error.as_db_error() {
        return with_code(answer.message(), answer.code().code());
    }
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

fn answered(answer: &DbError) -> Failure {
    let code = answer.code();
    let what = answer.message().to_owned();
    if *code == SqlState::DATA_CORRUPTED || *code == SqlState::INDEX_CORRUPTED {
        return StoreError::corrupt("the database", what).into();
    }
    let fatal = matches!(
        answer.parsed_severity(),
        Some(Severity::Fatal | Severity::Panic)
    );
    // A server that became a standby; a statement that a pooler or a migration took away.
    let elsewhere = [
        SqlState::READ_ONLY_SQL_TRANSACTION,
        SqlState::INVALID_SQL_STATEMENT_NAME,
        SqlState::FEATURE_NOT_SUPPORTED,
    ];
    if fatal || elsewhere.contains(code) || ["08", "57P"].iter().any(|c| code.code().starts_with(c))
    {
        return Failure::Ended(with_code(&what, code.code()));
    }
    Failure::Refused {
        code: code.code().to_owned(),
        what,
    }
}

fn with_code(what: &str, code: &str) -> String {
    match code {
        "" => what.to_owned(),
        code => format!("{what} (SQLSTATE {code})"),
    }
}
