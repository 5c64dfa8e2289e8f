//! Retention: which events of a log go, as its organization has set it and no hold forbids.

use crate::audit::{object, target, time};
use crate::change::Plan;
use crate::record::{HoldRecord, RetentionRecord, Versioned, insert, replace, retention_key};
use crate::{Access, AccessError, Caller};

const MICROS_PER_DAY: i64 = 24 * 3_600 * 1_000_000;

/// What retention does about a log now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetentionOrder {
    /// Events are kept for ever, or a hold stands: nothing new goes. What was ordered to go before is given, since
    /// that may not be done yet; 0 if nothing ever was.
    Ordered(u64),
    /// What was recorded before this moment, Unix microseconds, may go; `ordered` as above.
    Before {
        /// Unix microseconds.
        recorded_micros: i64,
        /// Positions below this one were ordered to go before.
        ordered: u64,
    },
}

impl Access {
    /// What retention does about an organization's log at this moment.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without such an organization.
    pub fn retention(&self, org: &str) -> Result<RetentionOrder, AccessError> {
        let ordered = self.ordered(org)?.map_or(0, |found| found.value.ordered);
        let days = self.settings_record(org)?.0.retention_days;
        let held = !self.all_kept::<HoldRecord>(org)?.is_empty();
        Ok(match days {
            Some(days) if !held => RetentionOrder::Before {
                recorded_micros: self.now_micros() - i64::from(days) * MICROS_PER_DAY,
                ordered,
            },
            Some(_) | None => RetentionOrder::Ordered(ordered),
        })
    }

    /// Orders the events below `end` to go; the order is durable when it returns, with `docket.retention.applied`, and
    /// is carried out afterwards. Answers with how far it goes, which is less if the settings have changed or a hold
    /// was placed meanwhile.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without such an organization.
    pub fn order_retention(&self, org: &str, end: u64, by: &Caller) -> Result<u64, AccessError> {
        self.change(&self.log(org)?, || {
            let found = self.ordered(org)?;
            let ordered = found.as_ref().map_or(0, |found| found.value.ordered);
            let RetentionOrder::Before {
                recorded_micros, ..
            } = self.retention(org)?
            else {
                return Ok(Plan::nothing(ordered));
            };
            if end <= ordered {
                return Ok(Plan::nothing(ordered));
            }
            let days = self.settings_record(org)?.0.retention_days;
            let number = |number: u64| i64::try_from(number).ok().map(docket_event::Value::integer);
            let data = object([
                ("from", number(ordered)),
                ("to", number(end)),
                ("count", number(end - ordered)),
                ("recorded_before", time(recorded_micros)),
                ("retention_days", number(days.map_or(0, u64::from))),
            ]);
            let targets = vec![target("organization", org, None)];
            let event = by.event("docket.retention.applied", targets, &data);
            let record = RetentionRecord { ordered: end };
            let records = vec![match found {
                None => insert(retention_key(org), &record)?,
                Some(found) => replace(retention_key(org), found.version, &record)?,
            }];
            Ok(Plan::of(vec![event], records, end))
        })
    }

    fn ordered(&self, org: &str) -> Result<Option<Versioned<RetentionRecord>>, AccessError> {
        Ok(self.read::<RetentionRecord>(&retention_key(org))?)
    }
}
