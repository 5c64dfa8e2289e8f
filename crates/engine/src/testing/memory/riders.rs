//! Riders over rows in memory: idempotency keys and records.

use std::collections::BTreeSet;

use super::rows::Rows;
use crate::store::{
    Answered, Expect, IDEMPOTENCY_MICROS, Idempotency, LogId, Record, RecordChange, Rider,
    RiderRows, StoreError, Verdict,
};

#[derive(Debug)]
pub(super) struct Answer {
    body_hash: [u8; 32],
    answer: Vec<u8>,
    at_micros: i64,
}

/// Log, token and key of an answer.
pub(super) type AnswerKey = (LogId, String, String);

impl Rows {
    pub(super) fn judge(&self, log: LogId, rider: &Rider) -> Verdict {
        let known = rider
            .idempotency
            .as_ref()
            .and_then(|asked| self.known(log, asked));
        if let Some(Answer {
            body_hash, answer, ..
        }) = known
        {
            return Verdict::Repeated {
                body_hash: *body_hash,
                answer: answer.clone(),
            };
        }
        let stale = rider.records.iter().find(|change| !self.holds(change));
        stale.map_or(Verdict::Holds, |change| Verdict::Stale(change.key.clone()))
    }

    /// No two riders touch the same key or record, and all of them hold.
    pub(super) fn check_riders(&self, riders: &[RiderRows<'_>]) -> Result<(), StoreError> {
        let (mut keys, mut names) = (BTreeSet::new(), BTreeSet::new());
        for rows in riders {
            let asked = rows.rider.idempotency.as_ref();
            let alone = asked.is_none_or(|asked| keys.insert(answer_key(rows.log, asked)))
                && rows
                    .rider
                    .records
                    .iter()
                    .all(|change| names.insert(&change.key));
            if !alone || self.judge(rows.log, rows.rider) != Verdict::Holds {
                return Err(StoreError::corrupt(
                    "a rider",
                    "does not hold, or not alone",
                ));
            }
        }
        Ok(())
    }

    pub(super) fn write_rider(&mut self, rows: &RiderRows<'_>) {
        if let Some(asked) = &rows.rider.idempotency {
            let answer = Answer {
                body_hash: asked.body_hash,
                answer: rows.answer.to_vec(),
                at_micros: asked.at_micros,
            };
            self.answers.insert(answer_key(rows.log, asked), answer);
        }
        rows.rider
            .records
            .iter()
            .for_each(|change| self.change(change));
    }

    pub(super) fn records_of(&self, org: &str, kind: &str) -> Vec<Record> {
        let of = |record: &&Record| record.key.org == org && record.key.kind == kind;
        self.records.values().filter(of).cloned().collect()
    }

    pub(super) fn kinds_of(&self, org: &str) -> Vec<String> {
        let of = self.records.keys().filter(|key| key.org == org);
        let kinds: BTreeSet<&String> = of.map(|key| &key.kind).collect();
        kinds.into_iter().cloned().collect()
    }

    pub(super) fn answers_of(&self, wanted: LogId) -> Vec<Answered> {
        let of = self.answers.iter().filter(|((log, ..), _)| *log == wanted);
        of.map(|((_, token, key), answer)| Answered {
            asked: Idempotency {
                token: token.clone(),
                key: key.clone(),
                body_hash: answer.body_hash,
                at_micros: answer.at_micros,
            },
            answer: answer.answer.clone(),
        })
        .collect()
    }

    fn known(&self, log: LogId, asked: &Idempotency) -> Option<&Answer> {
        let oldest = asked.at_micros.saturating_sub(IDEMPOTENCY_MICROS);
        self.answers
            .get(&answer_key(log, asked))
            .filter(|answer| answer.at_micros >= oldest)
    }

    fn holds(&self, change: &RecordChange) -> bool {
        let version = self.records.get(&change.key).map(|record| record.version);
        match change.expect {
            Expect::Absent => version.is_none(),
            Expect::Version(expected) => version == Some(expected),
        }
    }

    fn change(&mut self, change: &RecordChange) {
        let version = self
            .records
            .get(&change.key)
            .map_or(0, |record| record.version)
            + 1;
        match &change.value {
            None => drop(self.records.remove(&change.key)),
            Some(value) => {
                let record = Record {
                    key: change.key.clone(),
                    version,
                    value: value.clone(),
                };
                self.records.insert(change.key.clone(), record);
            }
        }
    }
}

fn answer_key(log: LogId, asked: &Idempotency) -> AnswerKey {
    (log, asked.token.clone(), asked.key.clone())
}
