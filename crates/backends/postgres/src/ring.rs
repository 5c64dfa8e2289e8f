//! The tables that batches go round: which one takes new rows, and how the others become empty.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use docket_engine::store::Identity;
use parking_lot::Mutex;

use crate::failure::Failure;
use crate::row::{Columns, Table};
use crate::session::{Session, Step, bind};

pub(crate) const RING: Table = Table {
    name: "ring",
    keys: 0,
};

/// A table that has grown beyond this takes no more new rows.
const TABLE_BYTES: i64 = 32 << 20;

/// How often a process looks, at most ...
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A table that has grown beyond this is emptied when all of it is sealed, even while it takes new rows.
const EMPTIED_BYTES: i64 = 1 << 20;

/// ... unless it has written so many bytes of batches since.
const LOOK_BYTES: u64 = 16 << 20;

/// How long readers and writers may be kept waiting for a table to be emptied, in milliseconds.
const LOCK_TIME: &str = "SET LOCAL lock_timeout = 50";

/// One of the tables.
struct Place {
    /// Whether it has a row that is not sealed.
    needed: &'static str,
    lock: &'static str,
    truncate: &'static str,
}

macro_rules! place {
    ($table:literal) => {
        Place {
            needed: concat!(
                "SELECT EXISTS (SELECT 1 FROM ",
                $table,
                " b WHERE NOT EXISTS
                (SELECT 1 FROM log WHERE log.id = b.log AND log.sealed >= b.end_seq))"
            ),
            lock: concat!("LOCK TABLE ", $table, " IN ACCESS EXCLUSIVE MODE"),
            truncate: concat!("TRUNCATE ", $table),
        }
    };
}

const PLACES: [Place; 4] = [
    place!("batch_0"),
    place!("batch_1"),
    place!("batch_2"),
    place!("batch_3"),
];

/// When this process has last looked.
#[derive(Debug, Default)]
pub(crate) struct Looked {
    last: Mutex<Option<Instant>>,
    /// Bytes of batches that it has written since.
    written: AtomicU64,
}

impl Looked {
    /// Counts bytes of batches.
    pub(crate) fn wrote(&self, bytes: usize) {
        self.written.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Whether it is time to look again; if so, that is done now.
    #[expect(
        clippy::disallowed_methods,
        reason = "only how soon tables are emptied depends on how long something takes"
    )]
    pub(crate) fn is_due(&self) -> bool {
        let now = Instant::now();
        let mut last = self.last.lock();
        let due = last.is_none_or(|last| now.duration_since(last) >= LOOK_EVERY)
            || self.written.load(Ordering::Relaxed) >= LOOK_BYTES;
        if due {
            *last = Some(now);
            self.written.store(0, Ordering::Relaxed);
        }
        due
    }
}

/// The time in Unix microseconds, and the number of the table that takes new batches.
pub(crate) fn now_step() -> Step<'static> {
    let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, current
        FROM ring WHERE id = 1";
    Step::Bound(sql, bind![])
}

/// Moves on to the next table when the current one is large, and empties those where all is sealed. A transaction may be
/// left open when it fails.
pub(crate) async fn turn(
    session: &Session,
    identity: &Identity,
    distributed: bool,
) -> Result<(), Failure> {
    let Some(row) = session.query_opt(look(distributed), bind![]).await? else {
        return Ok(());
    };
    let row = Columns::of(&row, &RING);
    let current: usize = row.size(0)?;
    let next = (current + 1) % PLACES.len();
    let bytes = row.int(1)?;
    if bytes > TABLE_BYTES && !row.flag(2 + next)? {
        // Whoever writes to the old one still does no harm: it is emptied later.
        let sql = "UPDATE ring SET current = $1 WHERE id = 1 AND current = $2";
        session
            .execute(sql, bind![next as i64, current as i64])
            .await?;
    }
    for (index, place) in PLACES.iter().enumerate() {
        let large = index != current || bytes > EMPTIED_BYTES;
        if large && row.flag(2 + index)? && !is(session, place.needed).await? {
            empty(session, identity, place).await?;
        }
    }
    Ok(())
}

/// Empties a table, unless somebody else does, it is in use, or it holds something that is not sealed.
async fn empty(session: &Session, identity: &Identity, place: &Place) -> Result<(), Failure> {
    let key = i64::from_be_bytes(identity.store_id.first_chunk().copied().unwrap_or_default());
    let begin = vec![
        Step::Plain("BEGIN"),
        Step::Plain(LOCK_TIME),
        Step::Bound("SELECT pg_try_advisory_xact_lock($1)", bind![key]),
    ];
    let answers = session.all(begin).await?;
    let alone = match answers.last().and_then(|answer| answer.rows.first()) {
        Some(row) => Columns::of(row, &RING).flag(0)?,
        None => false,
    };
    if !alone {
        return session.plain("ROLLBACK").await;
    }
    match session.plain(place.lock).await {
        Err(Failure::Refused { .. }) => return session.plain("ROLLBACK").await,
        other => other?,
    }
    // Nobody can add a row now, and everything that was committed is seen.
    if is(session, place.needed).await? {
        return session.plain("ROLLBACK").await;
    }
    session
        .all(vec![Step::Plain(place.truncate), Step::Plain("COMMIT")])
        .await
        .map(drop)
}

async fn is(session: &Session, question: &'static str) -> Result<bool, Failure> {
    let row = session.query_opt(question, bind![]).await?;
    row.map_or(Ok(true), |row| Columns::of(&row, &RING).flag(0))
}

macro_rules! look_by {
    ($size:literal) => {
        concat!(
            "SELECT current, ",
            $size,
            "(('batch_' || current)::regclass), EXISTS (SELECT 1 FROM batch_0), EXISTS (SELECT 1 FROM batch_1),
            EXISTS (SELECT 1 FROM batch_2), EXISTS (SELECT 1 FROM batch_3) FROM ring WHERE id = 1"
        )
    };
}

/// The number of the current table, its size, and whether each table has any row.
fn look(distributed: bool) -> &'static str {
    if distributed {
        look_by!("citus_total_relation_size")
    } else {
        look_by!("pg_total_relation_size")
    }
}
