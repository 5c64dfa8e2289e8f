//! How far a text search looks before it says that it looks for too much.

use docket_event::{Filter, Test};

use crate::request::QueryError;

/// Most bytes of events that one question looks through for a text: about a second's work.
pub const SEARCHED_BYTES_MAX: u64 = 1 << 30;
/// An event that is put together costs as much as looking through so many bytes.
const EVENT_BYTES: u64 = 4_096;

/// How much a question may still look through.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    /// Bytes; `None`: no text is searched, and indexes answer or tell how much there is to read.
    left: Option<u64>,
}

impl Allowance {
    /// What a filter may look through, if that is at most `bytes`.
    pub fn of(filter: &Filter, bytes: u64) -> Self {
        let mut tests = filter.groups.iter().flat_map(|group| &group.any);
        let searches = tests.any(|test| matches!(test, Test::Contains(_)));
        Allowance {
            left: searches.then_some(bytes),
        }
    }

    /// So many bytes, whatever is asked.
    pub fn bytes_of(bytes: u64) -> Self {
        Allowance { left: Some(bytes) }
    }

    /// How many bytes are left.
    pub fn left(&self) -> u64 {
        self.left.unwrap_or(u64::MAX)
    }

    /// Takes what it costs to put some events together.
    ///
    /// # Errors
    /// So much is not left.
    pub fn events(&mut self, count: usize) -> Result<(), QueryError> {
        self.bytes(EVENT_BYTES.saturating_mul(count as u64))
    }

    /// Takes what it costs to look through some bytes.
    ///
    /// # Errors
    /// So much is not left.
    pub fn bytes(&mut self, bytes: u64) -> Result<(), QueryError> {
        let Some(left) = self.left else {
            return Ok(());
        };
        self.left = left.checked_sub(bytes).map(Some).ok_or_else(too_broad)?;
        Ok(())
    }
}

fn too_broad() -> QueryError {
    let reason = "the text search would look through too many events; \
                  search for three characters or more, for a rarer text, or within a span of time";
    QueryError::TooBroad(reason.to_owned())
}
