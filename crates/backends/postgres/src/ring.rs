//! The tables that batches go round: which one takes new rows, and how the others become empty.

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

/// How often a process looks, at most.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long readers and writers may be kept waiting for a table to be emptied, in milliseconds.
const LOCK_TIME: &str = "SET LOCAL lock_timeout = 50";

/// One of the tables.
struct Place {
    /// Whether it has any row.
    filled: &'static str,
    /// Whether it has a row that is not sealed.
    needed: &'static str,
    lock: &'static str,
    truncate: &'static str,
}

macro_rules! place {
    ($table:literal) => {
        Place {
            filled: concat!("SELECT EXISTS (SELECT 1 FROM ", $table, ")"),
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
pub(crate) struct Looked(Mutex<Option<Instant>>);

impl Looked {
    /// Whether it is time to look again; if so, that is done now.
    #[expect(
        clippy::disallowed_methods,
        reason = "only how soon tables are emptied depends on how long something takes"
    )]
    pub(crate) fn is_due(&self) -> bool {
        let now = Instant::now();
        let mut last = self.0.lock();
        let due = last.is_none_or(|last| now.duration_since(last) >= LOOK_EVERY);
        if due {
            *last = Some(now);
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

/// Moves on to the next table when the current one is large, and empties the others where all is sealed. A transaction
/// may be left open when it fails.
pub(crate) async fn turn(
    session: &Session,
    identity: &Identity,
    distributed: bool,
) -> Result<(), Failure> {
    let steps = vec![Step::Bound(sizes(distributed), bind![])];
    let answers = session.all(steps).await?;
    let Some(row) = answers.first().and_then(|answer| answer.rows.first()) else {
        return Ok(());
    };
    let row = Columns::of(row, &RING);
    let current: usize = row.size(0)?;
    let bytes = row.int(1 + current.min(PLACES.len() - 1))?;
    let next = (current + 1) % PLACES.len();
    if bytes > TABLE_BYTES && !is(session, PLACES.get(next).map(|place| place.filled)).await? {
        // Whoever writes to the old one still does no harm: it is emptied later.
        let sql = "UPDATE ring SET current = $1 WHERE id = 1 AND current = $2";
        session
            .execute(sql, bind![next as i64, current as i64])
            .await?;
    }
    for (index, place) in PLACES.iter().enumerate() {
        if index != current
            && is(session, Some(place.filled)).await?
            && !is(session, Some(place.needed)).await?
        {
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
    if is(session, Some(place.needed)).await? {
        return session.plain("ROLLBACK").await;
    }
    session
        .all(vec![Step::Plain(place.truncate), Step::Plain("COMMIT")])
        .await
        .map(drop)
}

async fn is(session: &Session, question: Option<&'static str>) -> Result<bool, Failure> {
    let Some(question) = question else {
        return Ok(true);
    };
    let row = session.query_opt(question, bind![]).await?;
    row.map_or(Ok(true), |row| Columns::of(&row, &RING).flag(0))
}

/// The number of the current table, and the sizes of all.
fn sizes(distributed: bool) -> &'static str {
    if distributed {
        return "SELECT current, citus_total_relation_size('batch_0'), citus_total_relation_size('batch_1'),
            citus_total_relation_size('batch_2'), citus_total_relation_size('batch_3') FROM ring WHERE id = 1";
    }
    "SELECT current, pg_total_relation_size('batch_0'), pg_total_relation_size('batch_1'),
        pg_total_relation_size('batch_2'), pg_total_relation_size('batch_3') FROM ring WHERE id = 1"
}
