//! Why an order was not carried out, in a form that crosses the control socket.

use std::fmt;

use docket_access::AccessError;
use docket_engine::store::StoreError;
use docket_engine::{AppendError, QueryError};
use serde::{Deserialize, Serialize};

/// Why an order was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What the caller does next.
    pub kind: FailureKind,
    /// The reason, for people.
    pub reason: String,
}

/// What the caller does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// Change the order.
    Invalid,
    /// Name something that exists.
    Unknown,
    /// Look at what is there.
    Conflict,
    /// Try again later.
    Busy,
    /// Find out whether it was written.
    Unavailable,
    /// Have somebody look.
    Corrupt,
}

impl Failure {
    pub(crate) fn new(kind: FailureKind, reason: impl Into<String>) -> Self {
        Failure {
            kind,
            reason: reason.into(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Failure {}

impl From<AccessError> for Failure {
    fn from(error: AccessError) -> Self {
        let kind = match &error {
            AccessError::Invalid(_) | AccessError::Forbidden(_) => FailureKind::Invalid,
            AccessError::Unknown(_) => FailureKind::Unknown,
            AccessError::Conflict(_) => FailureKind::Conflict,
            AccessError::Busy(_) => FailureKind::Busy,
            AccessError::Unavailable(_) => FailureKind::Unavailable,
            AccessError::Corrupt(_) => FailureKind::Corrupt,
        };
        Failure::new(kind, error.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        QueryError::from(error).into()
    }
}

impl From<AppendError> for Failure {
    fn from(error: AppendError) -> Self {
        AccessError::from(error).into()
    }
}

impl From<QueryError> for Failure {
    fn from(error: QueryError) -> Self {
        AccessError::from(error).into()
    }
}
