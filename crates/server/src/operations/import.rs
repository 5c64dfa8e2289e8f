//! Orders of an import: entries of a file become events, and what cannot is set aside as one.

use docket_access::Caller;
use docket_event::Value;
use docket_surfaces_kit::Ingest;
use serde::{Deserialize, Serialize};

use super::reply::Reply;
use super::{Failure, FailureKind, ImportInto, Operations};
use chunk::{Chunk, Line};

mod chunk;
mod rejected;

/// Most entries of one order.
pub const CHUNK_ENTRIES_MAX: usize = 1_000;
/// Most bytes of entries in one order, save the last one's.
pub const CHUNK_BYTES_MAX: usize = 4 << 20;
/// Longer entries are set aside without being looked at.
pub const ENTRY_BYTES_MAX: usize = 1 << 20;

/// One entry of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// Its text.
    Text(String),
    /// An entry that is no text, or too long to be taken along.
    Unreadable {
        /// Why.
        reason: String,
        /// SHA-256 of its bytes, in hex.
        sha256: String,
        /// How many bytes it has.
        bytes: u64,
    },
}

/// What became of entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Entries that are events now.
    pub stored: u64,
    /// Entries that were there already.
    pub duplicates: u64,
    /// Entries that were set aside.
    pub rejected: u64,
}

/// How an import ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportEnd {
    /// Where it went.
    pub into: ImportInto,
    /// What became of its entries.
    pub counts: Counts,
    /// SHA-256 of the input, in hex.
    pub sha256: String,
    /// How many bytes the input has.
    pub bytes: u64,
    /// Whether all of it was brought in.
    pub complete: bool,
}

/// How the entries of a format become events; a reason that lists the formats when there is no such one.
///
/// # Errors
/// Words that list the formats.
pub fn ingest_of(format: &str) -> Result<Ingest, String> {
    let readers = || {
        let all = docket_surfaces::all().into_iter();
        all.filter_map(|surface| Some((surface.name, surface.ingest?)))
    };
    readers()
        .find(|(name, _)| *name == format)
        .map(|(_, ingest)| ingest)
        .ok_or_else(|| {
            let names: Vec<&str> = readers().map(|(name, _)| name).collect();
            format!(
                "there is no format `{format}`; write one of {}",
                names.join(", ")
            )
        })
}

impl Counts {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Counts) -> Counts {
        Counts {
            stored: self.stored + other.stored,
            duplicates: self.duplicates + other.duplicates,
            rejected: self.rejected + other.rejected,
        }
    }
}

impl Operations {
    pub(super) fn import(
        &self,
        into: &ImportInto,
        entries: &[Entry],
        by: &Caller,
    ) -> Result<Reply, Failure> {
        if entries.len() > CHUNK_ENTRIES_MAX {
            let reason = format!("more than {CHUNK_ENTRIES_MAX} entries in one order");
            return Err(Failure::new(FailureKind::Invalid, reason));
        }
        let log = self.log(&into.org)?;
        let ingest =
            ingest_of(&into.format).map_err(|reason| Failure::new(FailureKind::Invalid, reason))?;
        let now_micros = self.access.engine().environment().now_micros();
        let chunk = Chunk {
            into,
            by,
            log,
            now_micros,
        };
        let lines = entries
            .iter()
            .map(|entry| match chunk.read(entry, &ingest) {
                Ok(event) => Line {
                    entry,
                    event,
                    rejected: false,
                },
                Err(faults) => chunk.set_aside(entry, &faults),
            });
        chunk.store(lines.collect()).map(Reply::Imported)
    }

    pub(super) fn import_end(&self, end: &ImportEnd, by: &Caller) -> Result<Reply, Failure> {
        let number = |count: u64| Value::Number(count.to_string().into());
        let mut data = Value::object([
            ("format", Value::string(end.into.format.as_str())),
            ("stored", number(end.counts.stored)),
            ("duplicates", number(end.counts.duplicates)),
            ("rejected", number(end.counts.rejected)),
            ("sha256", Value::string(end.sha256.as_str())),
            ("bytes", number(end.bytes)),
            ("complete", Value::Bool(end.complete)),
        ]);
        if let Some(account) = &end.into.account {
            data.set("account", Value::string(account.as_str()));
        }
        self.note(
            &end.into.org,
            by.event("docket.events.imported", Vec::new(), &data),
        )
    }
}
