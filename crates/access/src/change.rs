//! One change: records and the events that tell of them, in one commit, tried again when overtaken.

use docket_engine::store::{RecordChange, Rider};
use docket_engine::{AppendError, Log, Request};
use docket_event::{Event, Writer, check_event};

use crate::{Access, AccessError};

/// How often a change is planned anew after another one overtook it.
const ATTEMPTS_MAX: usize = 16;

/// What is to be written, and what to answer when it is.
pub(crate) struct Plan<T> {
    pub events: Vec<Event>,
    pub records: Vec<RecordChange>,
    pub answer: T,
}

impl Access {
    /// Makes a change in the organization's log. `plan` reads what it builds upon and is called again when
    /// one of its records changed meanwhile. When this returns, records and events are durable.
    pub(crate) fn change<T>(
        &self,
        log: &Log,
        mut plan: impl FnMut() -> Result<Plan<T>, AccessError>,
    ) -> Result<T, AccessError> {
        for _ in 0..ATTEMPTS_MAX {
            let Plan {
                events,
                records,
                answer,
            } = plan()?;
            self.check(&events)?;
            let rider = Rider {
                idempotency: None,
                records,
            };
            let appended = log
                .append(Request { events, rider })
                .and_then(|ticket| ticket.wait());
            // Whether it was done is not always known.
            self.standings.forget();
            match appended {
                Ok(_) => return Ok(answer),
                Err(AppendError::Stale(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(AccessError::Busy(
            "others keep changing the same thing; try again".to_owned(),
        ))
    }

    fn check(&self, events: &[Event]) -> Result<(), AccessError> {
        let now_micros = self.engine.environment().now_micros();
        for event in events {
            let first = check_event(event, Writer::Docket, now_micros).err();
            if let Some(fault) = first.and_then(|faults| faults.into_iter().next()) {
                return Err(AccessError::Invalid(fault));
            }
        }
        Ok(())
    }

    /// The log of an organization that exists.
    pub(crate) fn log(&self, org: &str) -> Result<Log, AccessError> {
        self.engine
            .log(org)?
            .ok_or_else(|| AccessError::unknown_organization(org))
    }

    /// A random id behind a prefix.
    pub(crate) fn random_id(&self, prefix: &str) -> String {
        let random = self.engine.environment().bytes::<12>();
        format!("{prefix}{}", crate::secret::hex(&random))
    }
}
