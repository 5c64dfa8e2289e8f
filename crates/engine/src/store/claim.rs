//! The right to seal and merge logs, where several processes could.

use std::fmt;

use super::LogId;

/// Somebody's right to seal, merge and prune logs.
pub trait Claim: fmt::Debug {
    /// Whether a log is among them.
    fn has(&self, log: LogId) -> bool;
}

/// A claim where there is nobody else.
#[derive(Clone, Copy, Debug)]
pub struct Alone;

impl Claim for Alone {
    fn has(&self, _: LogId) -> bool {
        true
    }
}
