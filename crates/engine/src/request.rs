//! What a caller hands to the write path, and what it gets back.

use docket_event::{Event, EventId, Fault};

use crate::engine::Log;
use crate::store::{RecordKey, Rider, StoreError};

/// Events of one organization that are written together or not at all.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The events, checked by [`docket_event::check_event`]. May be empty when something rides.
    pub events: Vec<Event>,
    /// What rides in the same commit.
    pub rider: Rider,
    /// Events of other logs that are written in the same commit, if the request is. Then no event of the request may
    /// have an origin's id: it could be there already, and what depends on it would be told twice.
    pub also: Vec<(Log, Vec<Event>)>,
}

/// An answer to a request that is durable, in order, and visible to the next read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    /// Ids, in the order of the request's events; an event that was there already has the first one's. An answer that
    /// was remembered lacks those of events that were pruned since, which are the ones at the lowest positions.
    pub ids: Vec<EventId>,
    /// Positions, likewise.
    pub positions: Vec<u64>,
    /// Size of the log's tree with these events in it.
    pub tree_size: u64,
    /// How many of the events were there already.
    pub duplicates: u64,
}

/// Why nothing of a request was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Some of the events cannot be stored; the faults by index of the event.
    #[error("{}", first_fault(.0))]
    Invalid(Vec<(usize, Fault)>),
    /// Too much is under way, or there is no room on the disk; the same request may succeed later.
    #[error("{0}")]
    Busy(String),
    /// The idempotency key was used with another body.
    #[error("this idempotency key was used with another body")]
    KeyReused,
    /// A record changed meanwhile; read it again.
    #[error("{} {} was changed meanwhile", .0.kind, .0.name)]
    Stale(RecordKey),
    /// The store failed, and whether the request was written is not known.
    #[error("{0}")]
    Unavailable(String),
    /// The engine has stopped writing.
    #[error("the log has stopped: {0}")]
    Halted(String),
}

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// A text search would have to look through too much; says what to write instead.
    #[error("{0}")]
    TooBroad(String),
    /// Too much is under way.
    #[error("{0}")]
    Busy(String),
    /// The store failed.
    #[error("{0}")]
    Unavailable(String),
    /// What is stored cannot be right.
    #[error("{0}")]
    Corrupt(String),
}

impl From<StoreError> for QueryError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy(reason) => QueryError::Busy(reason),
            StoreError::Unavailable(reason) => QueryError::Unavailable(reason),
            StoreError::Corrupt(problem) => QueryError::Corrupt(problem.to_string()),
        }
    }
}

fn first_fault(faults: &[(usize, Fault)]) -> String {
    match faults.first() {
        Some((index, fault)) => format!("event {index}: {fault}"),
        None => "an event cannot be stored".to_owned(),
    }
}
