//! Notes about backups, in every log that is in one.

use docket_access::{Caller, INSTANCE_ORG};
use docket_event::{Event, Json, Value};

use super::notes::{begin_note, end_note};
use super::reply::{NotedIn, Reply};
use super::{Failure, Operations};

impl Operations {
    /// A backup begins. What the notes of some logs say if another log cannot take its own is true: it began.
    pub(super) fn backup(&self, by: &Caller) -> Result<Reply, Failure> {
        self.note_everywhere("docket.backup.created", by, |_| None)
    }

    /// The store comes from a backup. Each note says how many events its log had before it.
    pub(super) fn restored(&self, backup_of: &str, by: &Caller) -> Result<Reply, Failure> {
        self.note_everywhere("docket.backup.restored", by, |size| {
            Some(Value::object([
                ("backup_of", Value::string(backup_of)),
                ("size", Value::Number(size.to_string().into())),
            ]))
        })
    }

    /// All notes are on their way before the first one is waited for, so that many logs share a commit.
    fn note_everywhere<'v>(
        &self,
        event_type: &str,
        by: &Caller,
        data: impl Fn(u64) -> Option<Value<'v>>,
    ) -> Result<Reply, Failure> {
        let mut begun = Vec::new();
        for log in self.access.engine().logs()? {
            // What tells of an organization's end is the last event of its log.
            let is_there = log.org() == INSTANCE_ORG;
            if !is_there && self.access.organization(log.org())?.is_none() {
                continue;
            }
            let event = Event {
                data: data(log.size()).map(|data| Json::of(&data)),
                ..by.event(event_type, Vec::new(), &Value::Null)
            };
            begun.push((log.org().to_owned(), begin_note(&log, event)?));
        }
        let noted = begun.into_iter().map(|(org, ticket)| {
            let position = end_note(ticket)?;
            Ok(NotedIn { org, position })
        });
        noted.collect::<Result<_, Failure>>().map(Reply::NotedIn)
    }
}
