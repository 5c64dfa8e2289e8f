//! The right to seal a log: a lock that ends with the connection that took it.
//!
//! It keeps processes from doing the same work twice. That nothing wrong is written is up to [`crate::seals`].

use std::collections::BTreeSet;

use docket_engine::store::{Claim, Identity, LogId};
use parking_lot::{Mutex, MutexGuard};

use crate::failure::Failure;
use crate::row::Columns;
use crate::session::{Session, bind};
use crate::wait::block_on;

/// What a process needs to claim logs.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    /// The connection that holds the locks.
    session: Mutex<Option<Session>>,
    /// Logs of which this process has removed what others left unfinished.
    pub cleaned: Mutex<BTreeSet<LogId>>,
}

impl Claims {
    /// Waits until no other claim of this process is left.
    pub(crate) fn session(&self) -> MutexGuard<'_, Option<Session>> {
        let mut session = self.session.lock();
        if session.as_ref().is_some_and(Session::is_closed) {
            *session = None;
        }
        session
    }
}

/// Locks logs, as far as nobody else has; which those are.
pub(crate) async fn lock(
    session: &Session,
    identity: &Identity,
    logs: &[LogId],
) -> Result<Vec<LogId>, Failure> {
    let sql = "SELECT pg_try_advisory_lock($1, k) FROM unnest($2::int[]) WITH ORDINALITY AS l (k, n) ORDER BY n";
    let keys: Vec<i32> = logs.iter().map(|log| log.0.cast_signed()).collect();
    let rows = session.query(sql, bind![class(identity), keys]).await?;
    let mut locked = Vec::new();
    for (log, row) in logs.iter().zip(&rows) {
        if Columns::of(row, &crate::heads::HEAD).flag(0)? {
            locked.push(*log);
        }
    }
    Ok(locked)
}

/// Gives all locks of a connection back.
pub(crate) async fn unlock(session: &Session) -> Result<(), Failure> {
    session
        .query("SELECT pg_advisory_unlock_all()", bind![])
        .await
        .map(drop)
}

/// Tells the locks of this store from those of others in the same database.
fn class(identity: &Identity) -> i32 {
    i32::from_be_bytes(identity.store_id.first_chunk().copied().unwrap_or_default())
}

/// Logs that this process has claimed.
#[derive(Debug)]
pub(crate) struct PostgresClaim<'a> {
    session: MutexGuard<'a, Option<Session>>,
    logs: Vec<LogId>,
}

impl<'a> PostgresClaim<'a> {
    pub(crate) fn new(session: MutexGuard<'a, Option<Session>>, logs: Vec<LogId>) -> Self {
        PostgresClaim { session, logs }
    }
}

impl Claim for PostgresClaim<'_> {
    fn has(&self, log: LogId) -> bool {
        let alive = self
            .session
            .as_ref()
            .is_some_and(|session| !session.is_closed());
        alive && self.logs.contains(&log)
    }
}

impl Drop for PostgresClaim<'_> {
    fn drop(&mut self) {
        if let Some(session) = &*self.session
            && block_on(unlock(session)).is_err()
        {
            // The locks end with the connection.
            *self.session = None;
        }
    }
}
