//! One group commit.

use docket_engine::batch::check_group;
use docket_engine::store::{
    BatchRow, Group, Head, Idempotency, LogId, Rider, RiderRows, StoreError, Verdict,
};
use parking_lot::MutexGuard;
use rusqlite::Connection;

use crate::failure::Failure;
use crate::readers::in_transaction;
use crate::writer::Slot;
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
        check_group(&self.logs, &self.heads, batches, heads)?;
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
