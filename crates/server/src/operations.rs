//! Everything that the command line writes, as values: run where the store is open, here or over there.
//!
//! One process owns a data folder. Without a server that is the command itself; with one, the command sends
//! its [`Order`] through the control socket, and the same [`Operations::execute`] runs in the server.

mod copies;
mod failure;
mod import;
mod notes;
mod reply;

use docket_access::{Access, Action, Caller, InstanceAction};
use docket_surfaces::read_view;
use serde::{Deserialize, Serialize};

pub use failure::{Failure, FailureKind};
pub use import::{
    CHUNK_BYTES_MAX, CHUNK_ENTRIES_MAX, Counts, ENTRY_BYTES_MAX, Entry, ImportEnd, ingest_of,
};
pub use reply::{NotedIn, Reply};

/// An operation, and who orders it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Version of the command that sends it: both ends must be of one build.
    pub version: String,
    /// The operating system's user, for the event's actor.
    pub user: Option<String>,
    /// What to do.
    pub operation: Operation,
}

/// One thing to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Operation {
    /// Does something in an organization.
    Access {
        /// The organization.
        org: String,
        /// What.
        action: Box<Action>,
    },
    /// Does something to the instance.
    Instance(InstanceAction),
    /// Stores entries of a file, in this order; at most [`CHUNK_ENTRIES_MAX`].
    Import {
        /// Where they go and what they are.
        into: ImportInto,
        /// The entries.
        entries: Vec<Entry>,
    },
    /// Writes down that an import ended.
    ImportEnd(ImportEnd),
    /// Writes down that an export begins.
    Export {
        /// The organization.
        org: String,
        /// What it is limited to, in the words of the command.
        filter: Vec<(String, String)>,
        /// The form of the file.
        format: String,
    },
    /// Writes down in every log that a backup begins.
    Backup,
    /// Writes down in every log that the store comes from a backup.
    Restored {
        /// When the backup was made, RFC 3339.
        backup_of: String,
    },
}

/// Where an import goes and what it brings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportInto {
    /// The organization.
    pub org: String,
    /// The dialect of the entries: a surface's name.
    pub format: String,
    /// The account that the entries are facts about.
    pub account: Option<String>,
}

/// Runs orders against one open store. Clones are the same.
#[derive(Clone, Debug)]
pub struct Operations {
    access: Access,
}

impl Operations {
    /// Orders are run against the store that `access` reaches.
    pub fn new(access: Access) -> Self {
        Operations { access }
    }

    /// Runs an order; blocks. What it answers is durable.
    ///
    /// # Errors
    /// Why nothing was written, or, of [`FailureKind::Unavailable`], why that is not known.
    pub fn execute(&self, order: Order) -> Result<Reply, Failure> {
        if order.version != VERSION {
            let reason = format!(
                "the server is version {VERSION} and this command {}; use the server's own command",
                order.version.chars().take(20).collect::<String>()
            );
            return Err(Failure::new(FailureKind::Conflict, reason));
        }
        let by = Caller::command_line(order.user.as_deref());
        match order.operation {
            Operation::Access { org, action } => {
                let done = self.access.perform(&org, *action, read_view, &by)?;
                Ok(Reply::Done(done))
            }
            Operation::Instance(action) => {
                Ok(Reply::Done(self.access.perform_on_instance(action, &by)?))
            }
            Operation::Import { into, entries } => self.import(&into, &entries, &by),
            Operation::ImportEnd(end) => self.import_end(&end, &by),
            Operation::Export {
                org,
                filter,
                format,
            } => self.export(&org, &filter, &format, &by),
            Operation::Backup => self.backup(&by),
            Operation::Restored { backup_of } => self.restored(&backup_of, &by),
        }
    }
}

/// Version of this build, on both ends of the control socket.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
