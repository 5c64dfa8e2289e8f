//! Why a change or a question about access failed.

use docket_engine::store::StoreError;
use docket_engine::{AppendError, QueryError};
use docket_event::Fault;

/// Why nothing was changed, by what the caller does next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// A value cannot be taken; its name and what to write instead.
    #[error("{0}")]
    Invalid(Fault),
    /// There is no such organization, member or token.
    #[error("{0}")]
    Unknown(String),
    /// What is there already forbids it.
    #[error("{0}")]
    Conflict(String),
    /// Whoever asks may not do this.
    #[error("{0}")]
    Forbidden(String),
    /// Nothing was written; the same call may succeed later.
    #[error("{0}")]
    Busy(String),
    /// The store failed, and whether the change was written is not known.
    #[error("{0}")]
    Unavailable(String),
    /// What is stored cannot be right.
    #[error("{0}")]
    Corrupt(String),
}

impl AccessError {
    /// There is no organization of that id.
    pub fn unknown_organization(org: &str) -> Self {
        let shown: String = org.chars().take(crate::names::ORG_BYTES_MAX).collect();
        AccessError::Unknown(format!(
            "there is no organization `{shown}`; `docket init --org {shown} --owner EMAIL` makes it"
        ))
    }

    pub(crate) fn invalid(path: &str, reason: impl Into<String>) -> Self {
        AccessError::Invalid(Fault::new(path, reason))
    }
}

impl From<StoreError> for AccessError {
    fn from(error: StoreError) -> Self {
        QueryError::from(error).into()
    }
}

impl From<QueryError> for AccessError {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::TooBroad(reason) => AccessError::invalid("", reason),
            QueryError::Busy(reason) => AccessError::Busy(reason),
            QueryError::Unavailable(reason) => AccessError::Unavailable(reason),
            QueryError::Corrupt(reason) => AccessError::Corrupt(reason),
        }
    }
}

impl From<AppendError> for AccessError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Invalid(ref faults) => match faults.first() {
                Some((_, fault)) => AccessError::Invalid(fault.clone()),
                None => AccessError::Corrupt(error.to_string()),
            },
            AppendError::Busy(reason) => AccessError::Busy(reason),
            AppendError::KeyReused => AccessError::Conflict(error.to_string()),
            AppendError::Stale(_) => AccessError::Busy(error.to_string()),
            AppendError::Unavailable(reason) => AccessError::Unavailable(reason),
            AppendError::Halted(_) => AccessError::Unavailable(error.to_string()),
        }
    }
}
