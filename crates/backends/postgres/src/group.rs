//! One group commit.

use std::collections::BTreeSet;

use docket_engine::batch::check_group;
use docket_engine::store::{
    BatchRow, Group, Head, Identity, LogId, Rider, RiderRows, StoreError, Verdict,
};
use sha2::{Digest, Sha256};

use crate::failure::Failure;
use crate::heads::{self, Layout};
use crate::pool::Lease;
use crate::ring::{self, Looked, RING};
use crate::row::Columns;
use crate::session::{Answer, Session, Step, bind};
use crate::wait::block_on;
use crate::{batches, idempotency, records};

/// A group that holds its logs' heads.
pub(crate) struct PostgresGroup<'a> {
    /// Nothing is open when there is nothing to lock.
    lease: Option<Lease<'a>>,
    layout: Layout,
    looked: &'a Looked,
    logs: Vec<LogId>,
    begun: Begun,
}

/// What a group finds when it begins.
#[derive(Debug, Default)]
pub(crate) struct Begun {
    heads: Vec<Head>,
    verdicts: Vec<Verdict>,
    now_micros: Option<i64>,
    /// The table of the ring that takes new batches.
    current: usize,
}

/// Locks logs, judges riders and looks at the clock, in one round trip. Leaves the transaction open.
pub(crate) async fn begin(
    session: &Session,
    identity: &Identity,
    layout: Layout,
    logs: &[LogId],
    riders: &[(LogId, &Rider)],
) -> Result<Begun, Failure> {
    let mut steps = vec![Step::Plain("BEGIN")];
    let locks = heads::lock_steps(logs, layout);
    let locks_end = 1 + locks.len();
    steps.extend(locks);
    steps.extend(record_locks(identity, riders));
    let judged = steps.len();
    for (log, rider) in riders {
        steps.extend(
            rider
                .idempotency
                .iter()
                .map(|asked| idempotency::judge_step(*log, asked)),
        );
        steps.extend(rider.records.iter().map(records::judge_step));
    }
    // The clock is read when the locks are held: who gets them later has the later time.
    steps.push(ring::now_step());
    let answers = session.all(steps).await?;
    let heads = heads::locked(answers.get(1..locks_end).unwrap_or_default(), logs)?;
    let mut of_riders = answers.get(judged..).unwrap_or_default().iter();
    let verdicts = riders.iter().map(|(_, rider)| judge(rider, &mut of_riders));
    let verdicts = verdicts.collect::<Result<_, _>>()?;
    let now = answers.last().and_then(|answer| answer.rows.first());
    let now = now.ok_or_else(|| StoreError::corrupt("ring", "has no row"))?;
    let now = Columns::of(now, &RING);
    Ok(Begun {
        heads,
        verdicts,
        now_micros: Some(now.int(0)?),
        current: now.size(1)?,
    })
}

/// Keeps other processes from judging the same records until the transaction ends. Idempotency keys belong to logs,
/// whose locks do that.
fn record_locks(identity: &Identity, riders: &[(LogId, &Rider)]) -> Option<Step<'static>> {
    let changes = riders.iter().flat_map(|(_, rider)| &rider.records);
    let keys: BTreeSet<i64> = changes
        .map(|change| {
            let mut hash = Sha256::new_with_prefix(identity.store_id);
            for text in [&change.key.org, &change.key.kind, &change.key.name] {
                hash.update((text.len() as u64).to_be_bytes());
                hash.update(text);
            }
            let first = hash.finalize().first_chunk().copied().unwrap_or_default();
            i64::from_be_bytes(first)
        })
        .collect();
    let sql = "SELECT pg_advisory_xact_lock(k) FROM unnest($1::bigint[]) AS k";
    (!keys.is_empty()).then(|| Step::Bound(sql, bind![keys.into_iter().collect::<Vec<i64>>()]))
}

fn judge<'x>(
    rider: &Rider,
    answers: &mut impl Iterator<Item = &'x Answer>,
) -> Result<Verdict, Failure> {
    let short = || StoreError::corrupt("the database", "gave fewer answers than asked");
    let mut verdict = Verdict::Holds;
    if let Some(asked) = &rider.idempotency {
        let known = idempotency::judge(answers.next().ok_or_else(short)?, asked)?;
        verdict = known.unwrap_or(verdict);
    }
    for change in &rider.records {
        let holds = records::holds(answers.next().ok_or_else(short)?, change)?;
        if !holds && verdict == Verdict::Holds {
            verdict = Verdict::Stale(change.key.clone());
        }
    }
    Ok(verdict)
}

impl<'a> PostgresGroup<'a> {
    pub(crate) fn new(
        lease: Option<Lease<'a>>,
        layout: Layout,
        looked: &'a Looked,
        logs: &[LogId],
        begun: Begun,
    ) -> Self {
        PostgresGroup {
            lease,
            layout,
            looked,
            logs: logs.to_vec(),
            begun,
        }
    }

    /// Sends what is to be written. Without riders COMMIT goes along: every statement before it either does what it
    /// is to do or fails, and with it the transaction.
    async fn write(
        &self,
        session: &Session,
        batches: &[BatchRow],
        riders: &[RiderRows<'_>],
        heads: &[Head],
    ) -> Result<(), StoreError> {
        let steps = self
            .steps(batches, riders, heads)
            .map_err(Failure::unwritten)?;
        let (mut steps, counts): (Vec<_>, Vec<_>) = steps.into_iter().unzip();
        if riders.is_empty() {
            steps.push(Step::Plain("COMMIT"));
            let before = steps.len() - 1;
            return outcome(
                session.each(steps).await.map_err(Failure::unwritten)?,
                before,
            );
        }
        let answers = session.all(steps).await.map_err(Failure::unwritten)?;
        let did =
            |(answer, count): (&Answer, &Option<u64>)| count.is_none_or(|n| n == answer.count);
        if !answers.iter().zip(&counts).all(did) {
            let what = "is not what it expects, or not alone";
            return Err(StoreError::corrupt("a rider", what));
        }
        // COMMIT POINT.
        session.plain("COMMIT").await.map_err(Failure::of_commit)
    }

    /// All statements, with how many rows each must change, where that says something.
    fn steps<'p>(
        &self,
        batches: &'p [BatchRow],
        riders: &'p [RiderRows<'_>],
        heads: &[Head],
    ) -> Result<Vec<(Step<'p>, Option<u64>)>, Failure> {
        let mut steps = Vec::new();
        if !batches.is_empty() {
            steps.push((batches::insert_step(batches, self.begun.current)?, None));
        }
        if heads != self.begun.heads {
            let moved = heads::update_steps(&self.logs, heads, self.layout)?;
            steps.extend(moved.into_iter().map(|step| (step, None)));
        }
        let mut asked = Vec::new();
        for rows in riders {
            if let Some(idempotency) = &rows.rider.idempotency {
                asked.push((rows.log, idempotency));
                let step = idempotency::remember_step(rows.log, idempotency, rows.answer);
                steps.push((step, Some(1)));
            }
            for change in &rows.rider.records {
                steps.extend(records::apply_step(change)?.map(|step| (step, Some(1))));
            }
        }
        steps.extend(idempotency::prune_step(&asked).map(|step| (step, None)));
        Ok(steps)
    }
}

/// What became of a commit of which the first `before` answers are those to what stands before COMMIT.
fn outcome(answers: Vec<Result<Answer, Failure>>, before: usize) -> Result<(), StoreError> {
    for (index, answer) in answers.into_iter().enumerate() {
        match answer {
            Ok(_) => {}
            // COMMIT was sent behind it, and there is no answer.
            Err(failure @ Failure::Lost(_)) => return Err(failure.of_commit()),
            // The server refused this one: what follows it was rolled back, or never looked at.
            Err(failure) if index < before => return Err(failure.unwritten()),
            Err(failure) => return Err(failure.of_commit()),
        }
    }
    Ok(())
}

impl Group for PostgresGroup<'_> {
    fn heads(&self) -> &[Head] {
        &self.begun.heads
    }

    fn now_micros(&self) -> Option<i64> {
        self.begun.now_micros
    }

    fn verdicts(&self) -> &[Verdict] {
        &self.begun.verdicts
    }

    fn commit(
        mut self: Box<Self>,
        batches: &[BatchRow],
        riders: &[RiderRows<'_>],
        heads: &[Head],
    ) -> Result<(), StoreError> {
        check_group(&self.logs, &self.begun.heads, batches, heads)?;
        check_riders(riders)?;
        let Some(lease) = &self.lease else {
            return Ok(());
        };
        block_on(self.write(lease, batches, riders, heads))?;
        self.looked
            .wrote(batches.iter().map(|batch| batch.data.len()).sum());
        // COMMITTED: there is nothing to roll back.
        drop(self.lease.take());
        Ok(())
    }
}

impl Drop for PostgresGroup<'_> {
    fn drop(&mut self) {
        if let Some(lease) = &mut self.lease {
            lease.roll_back();
        }
    }
}

/// No two riders touch the same key or record.
fn check_riders(riders: &[RiderRows<'_>]) -> Result<(), StoreError> {
    let (mut keys, mut names) = (BTreeSet::new(), BTreeSet::new());
    for rows in riders {
        let asked = rows.rider.idempotency.as_ref();
        let alone = asked.is_none_or(|asked| keys.insert((rows.log, &asked.token, &asked.key)))
            && rows
                .rider
                .records
                .iter()
                .all(|change| names.insert(&change.key));
        if !alone {
            return Err(StoreError::corrupt("a rider", "is not alone"));
        }
    }
    Ok(())
}
