//! What an order is answered with.

use docket_access::Done;
use serde::{Deserialize, Serialize};

use super::import::Counts;

/// What an order is answered with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// What was done to access; may hold a secret that is shown this once.
    Done(Done),
    /// Entries were stored.
    Imported(Counts),
    /// Something was written down, at this position of the log.
    Noted {
        /// 0-based position.
        position: u64,
    },
    /// Something was written down in every log.
    NotedIn(Vec<NotedIn>),
}

/// Where a log has a note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotedIn {
    /// The organization.
    pub org: String,
    /// 0-based position.
    pub position: u64,
}
