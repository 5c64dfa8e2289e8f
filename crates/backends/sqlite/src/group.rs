//! One group commit.

use std::collections::BTreeMap;

use docket_engine::store::{
    BatchRow, Group, Head, Idempotency, LogId, Rider, RiderRows, StoreError, Verdict,
};
use parking_lot::MutexGuard;
use rusqlite::Connection;

use crate::failure::Failure;
use crate::readers::in_transaction;
use crate::writer::{Slot, Writer};
use crate::{batches, idempotency, records};

/// A group that holds the writer, and with it every log.
pub(crate) struct SqliteGroup<'a> {
    slot: MutexGuard<'a, Slot>,
    logs: Vec<LogId>,
    heads: Vec<Head>,
    verdicts: Vec<Verdict>,
}

impl<'a> SqliteGroup<'a> {
    /// Judges `riders` with the writer in hand.
    pub(crate) fn begin(
        mut slot: MutexGuard<'a, Slot>,
        logs: &[LogId],
        riders: &[(LogId, &Rider)],
    ) -> Result<Self, StoreError> {
        let writer = slot.writer()?;
        let heads = logs
            .iter()
            .map(|log| writer.head(*log))
            .collect::<Result<Vec<_>, _>>()?;
        let verdicts = if riders.iter().all(|(_, rider)| rider.is_empty()) {
            vec![Verdict::Holds; riders.len()]
        } else {
            in_transaction(&writer.connection, |connection| {
                riders
                    .iter()
                    .map(|(log, rider)| judge(connection, *log, rider))
                    .collect()
            })?
        };
        Ok(SqliteGroup {
            slot,
            logs: logs.to_vec(),
            heads,
            verdicts,
        })
    }
}

impl Group for SqliteGroup<'_> {
    fn heads(&self) -> &[Head] {
        &self.heads
    }

    fn now_micros(&self) -> Option<i64> {
        None
    }

    fn verdicts(&self) -> &[Verdict] {
        &self.verdicts
    }

    fn commit(
        mut self: Box<Self>,
        batches: &[BatchRow],
        riders: &[RiderRows<'_>],
        heads: &[Head],
    ) -> Result<(), StoreError> {
        check(self.slot.writer()?, &self.logs, batches, heads)?;
        self.slot.transaction(|connection| {
            batches
                .iter()
                .try_for_each(|batch| batches::insert(connection, batch))?;
            write_riders(connection, riders)
        })?;
        // COMMITTED: from here on the heads are those after the batches.
        let writer = self.slot.writer()?;
        writer
            .heads
            .extend(self.logs.iter().copied().zip(heads.iter().copied()));
        Ok(())
    }
}

/// What is about to be written continues what is there, and leads to the new heads.
fn check(
    writer: &Writer,
    logs: &[LogId],
    batches: &[BatchRow],
    heads: &[Head],
) -> Result<(), StoreError> {
    let old: Result<Vec<Head>, StoreError> = logs.iter().map(|log| writer.head(*log)).collect();
    let mut reached: BTreeMap<LogId, Head> = logs.iter().copied().zip(old?).collect();
    for batch in batches {
        let place = || format!("batch {}, {}", batch.log.0, batch.first);
        let Some(head) = reached.get_mut(&batch.log) else {
            return Err(StoreError::corrupt(
                place(),
                "is of a log that the group has not locked",
            ));
        };
        if batch.first != head.size {
            let what = format!("does not begin at the log's head, {}", head.size);
            return Err(StoreError::corrupt(place(), what));
        }
        *head = batches::head(batch)?;
    }
    if reached
        .into_iter()
        .eq(logs.iter().copied().zip(heads.iter().copied()))
    {
        return Ok(());
    }
    Err(StoreError::corrupt(
        "the group",
        "has other new heads than its batches make",
    ))
}

fn judge(connection: &Connection, log: LogId, rider: &Rider) -> Result<Verdict, Failure> {
    if let Some(asked) = &rider.idempotency
        && let Some(verdict) = idempotency::judge(connection, log, asked)?
    {
        return Ok(verdict);
    }
    for change in &rider.records {
        if !records::holds(connection, change)? {
            return Ok(Verdict::Stale(change.key.clone()));
        }
    }
    Ok(Verdict::Holds)
}

fn write_riders(connection: &Connection, riders: &[RiderRows<'_>]) -> Result<(), Failure> {
    for rows in riders {
        if let Some(asked) = &rows.rider.idempotency {
            idempotency::remember(connection, rows.log, asked, rows.answer)?;
        }
        rows.rider
            .records
            .iter()
            .try_for_each(|change| records::apply(connection, change))?;
    }
    let asked: Vec<&Idempotency> = riders
        .iter()
        .filter_map(|rows| rows.rider.idempotency.as_ref())
        .collect();
    idempotency::prune(connection, &asked)
}
