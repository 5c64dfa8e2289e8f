//! One change: records and the events that tell of them, in one commit, tried again when overtaken.

use std::hash::{DefaultHasher, Hash, Hasher};

use docket_engine::store::{Expect, RecordChange, Rider};
use docket_engine::{AppendError, Log, Request};
use docket_event::{Event, Writer, check_event};
use parking_lot::{Mutex, MutexGuard};

use crate::names::INSTANCE_ORG;
use crate::record::epoch_key;
use crate::{Access, AccessError};

/// How often a change is planned anew after another one overtook it.
const ATTEMPTS_MAX: usize = 32;
/// How many changes one process plans at once, each of another organization.
const LANES: usize = 64;

/// What is to be written, and what to answer when it is. A plan without events and records changes nothing.
pub(crate) struct Plan<T> {
    pub events: Vec<Event>,
    pub records: Vec<RecordChange>,
    /// Events of the instance's own log, in the same commit.
    pub instance_events: Vec<Event>,
    pub answer: T,
}

impl<T> Plan<T> {
    /// A plan that tells of itself in the organization's log only.
    pub fn of(events: Vec<Event>, records: Vec<RecordChange>, answer: T) -> Self {
        Plan {
            events,
            records,
            instance_events: Vec::new(),
            answer,
        }
    }

    /// What is asked for is so already.
    pub fn nothing(answer: T) -> Self {
        Plan::of(Vec::new(), Vec::new(), answer)
    }

    fn is_nothing(&self) -> bool {
        self.events.is_empty() && self.records.is_empty()
    }
}

/// Lets changes of one organization in one after the other, so that those of one process do not overtake each other.
#[derive(Debug)]
pub(crate) struct Lanes([Mutex<()>; LANES]);

impl Default for Lanes {
    fn default() -> Self {
        Lanes(std::array::from_fn(|_| Mutex::new(())))
    }
}

impl Lanes {
    fn enter(&self, org: &str) -> Option<MutexGuard<'_, ()>> {
        let mut hasher = DefaultHasher::new();
        org.hash(&mut hasher);
        let lane = usize::try_from(hasher.finish() % LANES as u64).unwrap_or(0);
        self.0.get(lane).map(Mutex::lock)
    }
}

impl Access {
    /// Makes a change in the organization's log. `plan` reads what it builds upon and is called again when
    /// anything about access changed in the organization meanwhile. When this returns, records and events are durable.
    pub(crate) fn change<T>(
        &self,
        log: &Log,
        mut plan: impl FnMut() -> Result<Plan<T>, AccessError>,
    ) -> Result<T, AccessError> {
        let _lane = self.lanes.enter(log.org());
        for _ in 0..ATTEMPTS_MAX {
            let epoch = self.epoch(log.org())?;
            let planned = plan()?;
            if planned.is_nothing() {
                return Ok(planned.answer);
            }
            let (request, answer) = self.request(log.org(), epoch, planned)?;
            let appended = log.append(request).and_then(|ticket| ticket.wait());
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

    /// How often access changed in the organization: what was read at one epoch holds as long as it is the same.
    pub(crate) fn epoch(&self, org: &str) -> Result<u64, AccessError> {
        let found = self.engine.store().record(&epoch_key(org))?;
        Ok(found.map_or(0, |record| record.version))
    }

    fn request<T>(
        &self,
        org: &str,
        epoch: u64,
        plan: Plan<T>,
    ) -> Result<(Request, T), AccessError> {
        self.check(&plan.events)?;
        self.check(&plan.instance_events)?;
        let mut records = plan.records;
        records.push(RecordChange {
            key: epoch_key(org),
            expect: match epoch {
                0 => Expect::Absent,
                version => Expect::Version(version),
            },
            value: Some(b"{}".to_vec()),
        });
        let also = match plan.instance_events.is_empty() {
            true => Vec::new(),
            false => vec![(self.engine.create_log(INSTANCE_ORG)?, plan.instance_events)],
        };
        let rider = Rider {
            idempotency: None,
            records,
        };
        let request = Request {
            events: plan.events,
            rider,
            also,
        };
        Ok((request, plan.answer))
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

    /// Now, Unix microseconds.
    pub(crate) fn now_micros(&self) -> i64 {
        self.engine.environment().now_micros()
    }

    /// A random id behind a prefix.
    pub(crate) fn random_id(&self, prefix: &str) -> String {
        let random = self.engine.environment().bytes::<12>();
        format!("{prefix}{}", crate::secret::hex(&random))
    }
}
