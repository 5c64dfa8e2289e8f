//! The error of a command that was asked in a way that cannot work.

/// Asked in a way that cannot work; its text says what to write instead.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct WrongUse(pub String);
