//! What is wrong with an event, by path.

use std::fmt;

use crate::json::JsonError;

/// One thing that is wrong, with the path of the member that must change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Path from the event's root, such as `targets[2].kind`; empty for the event as a whole.
    pub path: String,
    /// What is wrong and what to write instead.
    pub reason: String,
}

/// All that was found wrong with one event, in the order in which it was found.
pub type Faults = Vec<Fault>;

impl Fault {
    /// A fault at `path`.
    pub fn new(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Fault {
            path: path.into(),
            reason: reason.into(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.reason),
            path => write!(f, "{path}: {}", self.reason),
        }
    }
}

impl From<JsonError> for Fault {
    fn from(error: JsonError) -> Self {
        Fault::new(error.path_text(), error.to_string())
    }
}
