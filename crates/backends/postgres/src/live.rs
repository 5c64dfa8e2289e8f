//! A store that is read and written: which connection does what, and what is tried again.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use docket_engine::store::{
    BlockId, Claim, Group, Identity, LogId, LogRow, Part, Rider, Seal, StoreError,
};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use crate::claims::{self, Claims, PostgresClaim};
use crate::failure::Failure;
use crate::group::{self, Begun, PostgresGroup};
use crate::heads::{self, Layout};
use crate::pool::{Lease, PATIENCE, Pool};
use crate::ring::{self, Looked};
use crate::session::Session;
use crate::wait::block_on;
use crate::{logs, seals, segs};

/// How often something is tried whose connection breaks.
const ATTEMPTS_MAX: u32 = 7;

/// The pause before the third attempt; it doubles with each one. All together are a little over 3 seconds.
const PAUSE: Duration = Duration::from_millis(100);

/// How long a reopening looks for a server that takes writes.
const REOPEN_PATIENCE: Duration = Duration::from_secs(3);

/// What a process needs to read and write.
#[derive(Debug)]
pub(crate) struct Live {
    identity: Identity,
    layout: Layout,
    pool: Pool,
    claims: Claims,
    looked: Looked,
    /// Blocks that this process has put parts of and that are on no list.
    unfinished: Mutex<BTreeSet<BlockId>>,
}

impl Live {
    pub(crate) fn new(identity: Identity, layout: Layout, pool: Pool) -> Self {
        Live {
            identity,
            layout,
            pool,
            claims: Claims::default(),
            looked: Looked::default(),
            unfinished: Mutex::default(),
        }
    }

    /// Does something that may be done twice, on another connection when one breaks.
    pub(crate) fn retried<T>(
        &self,
        work: impl AsyncFn(&Session) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        Ok(self.held(work)?.1)
    }

    /// The same, and keeps the connection, with the transaction that `work` may have left open.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "closures are written where they are passed"
    )]
    fn held<T>(
        &self,
        work: impl AsyncFn(&Session) -> Result<T, Failure>,
    ) -> Result<(Lease<'_>, T), Failure> {
        let mut last = Failure::refused("nothing was tried");
        for attempt in 0..ATTEMPTS_MAX {
            self.before(attempt);
            let mut lease = self.pool.take(PATIENCE)?;
            match block_on(work(&lease)) {
                Ok(done) => return Ok((lease, done)),
                Err(failure) if failure.is_of_the_connection() => {
                    lease.discard();
                    last = failure;
                }
                Err(failure) => {
                    lease.roll_back();
                    return Err(failure);
                }
            }
        }
        Err(last)
    }

    /// What helps a further attempt: one connection may have been ended alone, two were of a server that is gone.
    fn before(&self, attempt: u32) {
        if let Some(doublings) = attempt.checked_sub(2) {
            self.pool.forget();
            thread::sleep(PAUSE * 2_u32.pow(doublings));
        }
    }

    /// COMMIT POINT of everything but groups.
    fn commit(lease: Lease<'_>) -> Result<(), StoreError> {
        match block_on(lease.plain("COMMIT")) {
            Ok(()) => Ok(()),
            Err(failure) => {
                lease.discard();
                Err(failure.of_commit())
            }
        }
    }

    pub(crate) fn create_log(&self, org: &str, id_key: [u8; 16]) -> Result<LogRow, StoreError> {
        let known = self.retried(async |session: &Session| logs::of(session, org).await)?;
        if let Some(log) = known {
            return Ok(log);
        }
        let hash = Sha256::new_with_prefix(b"logs").chain_update(self.identity.store_id);
        let lock = hash.finalize().first_chunk().copied().unwrap_or_default();
        let lock = i64::from_be_bytes(lock);
        let made = async |session: &Session| {
            let log = logs::insert(session, lock, org, id_key).await?;
            // An answer that is lost is no harm: the next attempt finds the log.
            session.plain("COMMIT").await?;
            Ok(log)
        };
        self.retried(made).map_err(Failure::unwritten)
    }

    pub(crate) fn begin(
        &self,
        logs: &[LogId],
        riders: &[(LogId, &Rider)],
    ) -> Result<Box<dyn Group + '_>, StoreError> {
        if logs.is_empty() && riders.is_empty() {
            let group = PostgresGroup::new(None, self.layout, &self.looked, logs, Begun::default());
            return Ok(Box::new(group));
        }
        let begin = async |session: &Session| {
            group::begin(session, &self.identity, self.layout, logs, riders).await
        };
        let (lease, begun) = self.held(begin).map_err(Failure::unwritten)?;
        Ok(Box::new(PostgresGroup::new(
            Some(lease),
            self.layout,
            &self.looked,
            logs,
            begun,
        )))
    }

    pub(crate) fn new_block(&self, log: LogId) -> Result<BlockId, StoreError> {
        // A number whose answer is lost is not used.
        let number = async |session: &Session| heads::new_block(session, log).await;
        self.retried(number).map_err(Failure::unwritten)
    }

    pub(crate) fn put_parts(&self, parts: &[Part<'_>]) -> Result<(), StoreError> {
        if parts.is_empty() {
            return Ok(());
        }
        self.unfinished
            .lock()
            .extend(parts.iter().map(|part| part.block));
        let put = async |session: &Session| segs::put(session, parts).await;
        self.retried(put).map_err(Failure::unwritten)
    }

    pub(crate) fn finish_seals(&self, seals: &[Seal<'_>]) -> Result<(), StoreError> {
        if seals.is_empty() {
            return Ok(());
        }
        let write = async |session: &Session| seals::write(session, self.layout, seals).await;
        let (lease, ()) = self.held(write).map_err(Failure::unwritten)?;
        Self::commit(lease)?;
        let mut unfinished = self.unfinished.lock();
        for block in seals.iter().flat_map(|seal| seal.blocks) {
            unfinished.remove(&block.id);
        }
        drop(unfinished);
        self.turn();
        Ok(())
    }

    pub(crate) fn claim(&self, logs: &[LogId]) -> Result<Box<dyn Claim + '_>, StoreError> {
        let mut slot = self.claims.session();
        let mut last = Failure::refused("nothing was tried");
        for attempt in 0..ATTEMPTS_MAX {
            self.before(attempt);
            let session = match slot.take() {
                Some(session) => session,
                None => self.pool.connect(PATIENCE).map_err(Failure::unwritten)?,
            };
            match block_on(self.lock(&session, logs)) {
                Ok(locked) => {
                    *slot = Some(session);
                    return Ok(Box::new(PostgresClaim::new(slot, locked)));
                }
                // The locks that it may hold end with the connection.
                Err(failure) if failure.is_of_the_connection() => last = failure,
                Err(failure) => return Err(failure.unwritten()),
            }
        }
        Err(last.unwritten())
    }

    /// Removes what processes that are gone left of blocks that they did not finish.
    pub(crate) fn clean(&self) -> Result<(), StoreError> {
        let logs = self.retried(logs::all)?;
        let logs: Vec<LogId> = logs.iter().map(|log| log.id).collect();
        self.claim(&logs).map(drop)
    }

    async fn lock(&self, session: &Session, logs: &[LogId]) -> Result<Vec<LogId>, Failure> {
        let locked = claims::lock(session, &self.identity, logs).await?;
        let cleaned = self.claims.cleaned.lock().clone();
        let new: Vec<LogId> = locked
            .iter()
            .copied()
            .filter(|log| !cleaned.contains(log))
            .collect();
        if !new.is_empty() {
            let keep: Vec<BlockId> = self.unfinished.lock().iter().copied().collect();
            match segs::remove_leftovers(session, self.layout, &new, &keep).await {
                // They take room, and nothing else.
                Err(Failure::Refused { what, .. }) => {
                    tracing::warn!(error = %what, "parts of unfinished blocks were not removed");
                }
                other => other?,
            }
            self.claims.cleaned.lock().extend(new);
        }
        Ok(locked)
    }

    /// Keeps the tables of batches small. What goes wrong with that is no harm until it goes wrong for long.
    fn turn(&self) {
        if !self.looked.is_due() {
            return;
        }
        let turn = async |session: &Session| {
            let distributed = self.layout == Layout::Apart;
            ring::turn(session, &self.identity, distributed).await
        };
        if let Err(failure) = self.retried(turn) {
            let error = failure.unwritten();
            tracing::warn!(%error, "the tables of batches were not made smaller; the next seal tries again");
        }
    }

    pub(crate) fn reopen(&self) -> Result<(), StoreError> {
        self.pool.forget();
        let lease = self
            .pool
            .take(REOPEN_PATIENCE)
            .map_err(Failure::unwritten)?;
        drop(lease);
        Ok(())
    }
}
