//! Notes: events of Docket about itself that no change of access goes with.

use docket_access::{AccessError, Caller, INSTANCE_ORG};
use docket_engine::{Log, Request, Ticket};
use docket_event::{Event, Value};

use super::reply::Reply;
use super::{Failure, FailureKind, Operations};

impl Operations {
    pub(super) fn export(
        &self,
        org: &str,
        filter: &[(String, String)],
        format: &str,
        by: &Caller,
    ) -> Result<Reply, Failure> {
        let filter = filter
            .iter()
            .map(|(name, value)| Value::object([(name.as_str(), Value::string(value.as_str()))]));
        let data = Value::object([
            ("format", Value::string(format)),
            ("filter", Value::Array(filter.collect())),
        ]);
        let log = match org == INSTANCE_ORG {
            true => self.log_of_instance()?,
            false => self.log(org)?,
        };
        note(&log, by.event("docket.events.exported", Vec::new(), &data))
    }

    /// Writes one event of Docket about itself.
    pub(super) fn note(&self, org: &str, event: Event) -> Result<Reply, Failure> {
        note(&self.log(org)?, event)
    }

    /// The log that tells of changes to the instance.
    fn log_of_instance(&self) -> Result<Log, Failure> {
        let found = self.access.engine().log(INSTANCE_ORG)?;
        let reason = "nothing has happened to the instance yet; \
             its log begins with `docket token create --instance`";
        found.ok_or_else(|| AccessError::Unknown(reason.to_owned()).into())
    }

    /// The log of an organization that exists.
    pub(super) fn log(&self, org: &str) -> Result<Log, Failure> {
        let known = match self.access.organization(org)? {
            Some(_) => self.access.engine().log(org)?,
            None => None,
        };
        known.ok_or_else(|| AccessError::unknown_organization(org).into())
    }
}

fn note(log: &Log, event: Event) -> Result<Reply, Failure> {
    let position = end_note(begin_note(log, event)?)?;
    Ok(Reply::Noted { position })
}

/// Puts one event of Docket about itself on its way.
pub(super) fn begin_note(log: &Log, event: Event) -> Result<Ticket, Failure> {
    let request = Request {
        events: vec![event],
        ..Request::default()
    };
    Ok(log.append(request)?)
}

/// Where the event is; it is durable.
pub(super) fn end_note(ticket: Ticket) -> Result<u64, Failure> {
    let position = ticket.wait()?.positions.first().copied();
    position.ok_or_else(|| Failure::new(FailureKind::Corrupt, "an event was stored nowhere"))
}
