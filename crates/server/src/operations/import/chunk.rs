//! The entries of one order on their way into the log.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use docket_access::Caller;
use docket_engine::{AppendError, Appended, Log, Request};
use docket_event::{Event, Fault, Faults, Value, Writer, check_event};
use docket_surfaces_kit::Ingest;

use super::{Counts, Entry, rejected};
use crate::operations::{Failure, FailureKind, ImportInto};

/// How often a busy log is tried again.
const BUSY_TRIES_MAX: u32 = 200;
/// How long to wait in between.
const BUSY_PAUSE: Duration = Duration::from_millis(50);

/// What all entries of an order share.
pub(super) struct Chunk<'c> {
    pub into: &'c ImportInto,
    pub by: &'c Caller,
    pub log: Log,
    pub now_micros: i64,
}

/// An entry and the event that it becomes.
pub(super) struct Line<'c> {
    pub entry: &'c Entry,
    pub event: Event,
    pub rejected: bool,
}

impl<'c> Chunk<'c> {
    pub(super) fn read(&self, entry: &Entry, ingest: &Ingest) -> Result<Event, Faults> {
        let text = match entry {
            Entry::Text(text) => text,
            Entry::Unreadable { reason, .. } => return Err(vec![Fault::new("", reason.as_str())]),
        };
        let value = docket_event::json::parse(text).map_err(|error| vec![Fault::from(error)])?;
        let mut event = (ingest.import)(&value, self.into.account.as_deref())?;
        identify(&mut event, &value, self.into);
        check_event(&event, Writer::Import, self.now_micros)?;
        Ok(event)
    }

    pub(super) fn set_aside(&self, entry: &'c Entry, faults: &[Fault]) -> Line<'c> {
        let event = rejected::event(self.into, entry, faults, self.by);
        Line {
            entry,
            event,
            rejected: true,
        }
    }

    /// Stores the lines; those that the log refuses are set aside and the rest is tried again. Each round
    /// turns at least one line into a rejection or drops one, so there is an end.
    pub(super) fn store(&self, mut lines: Vec<Line<'c>>) -> Result<Counts, Failure> {
        let mut known_rejections = 0;
        loop {
            match self.append(&lines) {
                Ok(appended) => {
                    let mut counts = count(&lines, &appended);
                    counts.rejected += known_rejections;
                    return Ok(counts);
                }
                Err(AppendError::Invalid(faults)) if !faults.is_empty() => {
                    known_rejections += self.yield_to(&mut lines, &faults)?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Sets aside the lines that the log refuses. A rejection that it refuses tells of an entry that was set
    /// aside before for another reason: it is left out. Answers how many were left out.
    fn yield_to(
        &self,
        lines: &mut Vec<Line<'c>>,
        faults: &[(usize, Fault)],
    ) -> Result<u64, Failure> {
        let mut refused: BTreeMap<usize, Faults> = BTreeMap::new();
        for (index, fault) in faults {
            refused.entry(*index).or_default().push(fault.clone());
        }
        let mut left_out = 0;
        for (index, faults) in refused.iter().rev() {
            match lines.get_mut(*index) {
                Some(line) if line.rejected => {
                    lines.remove(*index);
                    left_out += 1;
                }
                Some(line) => *line = self.set_aside(line.entry, faults),
                None => {
                    let reason = format!("the log refuses event {index} of {}", lines.len());
                    return Err(Failure::new(FailureKind::Corrupt, reason));
                }
            }
        }
        Ok(left_out)
    }

    fn append(&self, lines: &[Line<'c>]) -> Result<Appended, AppendError> {
        let mut tries = 0;
        loop {
            let events = lines.iter().map(|line| line.event.clone()).collect();
            let request = Request {
                events,
                ..Request::default()
            };
            match self.log.append(request).and_then(|ticket| ticket.wait()) {
                Err(AppendError::Busy(_)) if tries < BUSY_TRIES_MAX => {
                    tries += 1;
                    std::thread::sleep(BUSY_PAUSE);
                }
                done => return done,
            }
        }
    }
}

/// Gives an event without an id of its own the hash of its entry, so that the same entry is known again.
fn identify(event: &mut Event, value: &Value<'_>, into: &ImportInto) {
    let origin = event.origin.get_or_insert_with(|| docket_event::Origin {
        surface: into.format.clone(),
        account: into.account.clone(),
        ..docket_event::Origin::default()
    });
    if origin.id.is_none() {
        origin.id = Some(rejected::sha256_hex(value.to_text().as_bytes()));
    }
}

/// What became of the lines: an answer tells of all events together, positions tell them apart.
fn count(lines: &[Line<'_>], appended: &Appended) -> Counts {
    let new = (appended.positions.len() as u64).saturating_sub(appended.duplicates);
    let size_before = appended.tree_size.saturating_sub(new);
    let mut seen = HashSet::new();
    let mut rejected_before = 0;
    for (line, position) in lines.iter().zip(&appended.positions) {
        let known = *position < size_before || !seen.insert(*position);
        rejected_before += u64::from(line.rejected && known);
    }
    let rejected = lines.iter().filter(|line| line.rejected).count() as u64;
    let entries = lines.len() as u64 - rejected;
    let duplicates = appended
        .duplicates
        .saturating_sub(rejected_before)
        .min(entries);
    Counts {
        stored: entries - duplicates,
        duplicates,
        rejected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_tell_rejections_from_duplicates() {
        let entry = Entry::Text(String::new());
        let line = |rejected| Line {
            entry: &entry,
            event: Event::default(),
            rejected,
        };
        let lines = [
            line(false),
            line(true),
            line(false),
            line(true),
            line(false),
        ];
        // Event 0 and rejection 3 were there; event 4 is the same as event 2.
        let appended = Appended {
            positions: vec![3, 10, 11, 4, 11],
            duplicates: 3,
            tree_size: 12,
            ..Appended::default()
        };
        let expected = Counts {
            stored: 1,
            duplicates: 2,
            rejected: 2,
        };
        assert_eq!(count(&lines, &appended), expected);
    }
}
