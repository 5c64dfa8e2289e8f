//! The look at everything that only the store can look at.

use std::collections::BTreeMap;

use docket_engine::batch::head_after;
use docket_engine::store::{Head, LogId, LogRow, Problem, StoreError};

use crate::batches::BATCH;
use crate::failure::Failure;
use crate::heads::{self, HEAD};
use crate::idempotency::IDEM;
use crate::logs::{LOG, missing};
use crate::records::RECORD;
use crate::ring::RING;
use crate::row::{Columns, Table, log_key};
use crate::schema::{META, META_ROWS};
use crate::segs::{PART_BYTES, SEG};
use crate::session::{Session, bind};
use crate::{batches, blocks, logs};

macro_rules! strangers {
    ($table:literal) => {
        concat!(
            "SELECT DISTINCT log FROM ",
            $table,
            " WHERE log NOT IN (SELECT id FROM log) ORDER BY log LIMIT 100"
        )
    };
}

/// Tables whose rows belong to logs, and the statement that finds logs that are not there.
const OWNED: [(&str, &str); 7] = [
    ("org", strangers!("org")),
    ("head", strangers!("head")),
    ("batch", strangers!("batch")),
    ("block", strangers!("block")),
    ("seg", strangers!("seg")),
    ("tile", strangers!("tile")),
    ("idem", strangers!("idem")),
];

/// Tables with sums that nothing else here reads whole, the statement that does, and the column that is the sum.
const SUMMED: [(&Table, &str, usize); 3] = [
    (&META, "SELECT k, v, sum FROM meta", 2),
    (
        &IDEM,
        "SELECT log, token, key, body_hash, answer, at_micros, sum FROM idem",
        6,
    ),
    (
        &RECORD,
        "SELECT org, kind, name, full_name, version, value, sum FROM record",
        6,
    ),
];

/// It reads everything, however long that takes.
pub(crate) const NO_LIMIT: &str = "SET LOCAL statement_timeout = 0";

/// Tells `found` of everything that is wrong, within a transaction whose view stays.
pub(crate) async fn examine(
    session: &Session,
    found: &mut dyn FnMut(Problem),
) -> Result<(), Failure> {
    let mut report = Report { found };
    let report = &mut report;
    let outcome = meta(session, report).await;
    report.note(outcome)?;
    for (table, sql, last) in SUMMED {
        for row in session.query(sql, bind![]).await? {
            report.note(Columns::of(&row, table).summed(last).map(drop))?;
        }
    }
    for (table, sql) in OWNED {
        for row in session.query(sql, bind![]).await? {
            let log = Columns::of(&row, &LOG).int(0)?;
            report.problem(table, format!("has rows of log {log}, which is not there"));
        }
    }
    let outcome = ring(session, report).await;
    report.note(outcome)?;
    let outcome = each_log(session, report).await;
    report.note(outcome)?;
    bodies(session, report).await?;
    twins(session, report).await
}

struct Report<'f> {
    found: &'f mut dyn FnMut(Problem),
}

impl Report<'_> {
    fn problem(&mut self, place: impl Into<String>, what: impl Into<String>) {
        (self.found)(Problem {
            place: place.into(),
            what: what.into(),
        });
    }

    /// What is corrupt is a finding; everything else ends the look.
    fn note(&mut self, outcome: Result<(), Failure>) -> Result<(), Failure> {
        match outcome {
            Err(Failure::Store(StoreError::Corrupt(problem))) => {
                (self.found)(problem);
                Ok(())
            }
            other => other,
        }
    }
}

async fn meta(session: &Session, report: &mut Report<'_>) -> Result<(), Failure> {
    let rows = session
        .query("SELECT k, octet_length(v)::bigint FROM meta", bind![])
        .await?;
    let mut lengths = BTreeMap::new();
    for row in &rows {
        let row = Columns::of(row, &META);
        lengths.insert(row.name(0)?, row.int(1)?);
    }
    for (key, bytes) in META_ROWS {
        if lengths.get(key) != Some(&(bytes as i64)) {
            report.problem(
                format!("meta {key:?}"),
                "is missing or has the wrong length",
            );
        }
    }
    Ok(())
}

async fn ring(session: &Session, report: &mut Report<'_>) -> Result<(), Failure> {
    let rows = session
        .query("SELECT id, current FROM ring", bind![])
        .await?;
    let mut places = Vec::new();
    for row in &rows {
        let row = Columns::of(row, &RING);
        places.push((row.int(0)?, row.int(1)?));
    }
    if !matches!(places.as_slice(), [(1, 0..=3)]) {
        report.problem("ring", format!("names no table: {places:?}"));
    }
    Ok(())
}

async fn each_log(session: &Session, report: &mut Report<'_>) -> Result<(), Failure> {
    for log in logs::all(session).await? {
        let outcome = owner(session, &log, report).await;
        report.note(outcome)?;
        let outcome = sealed_chain(session, &log, report).await;
        report.note(outcome)?;
        let outcome = batch_chain(session, &log, report).await;
        report.note(outcome)?;
    }
    Ok(())
}

/// The organization finds its log.
async fn owner(session: &Session, log: &LogRow, report: &mut Report<'_>) -> Result<(), Failure> {
    let found = logs::of(session, &log.org).await?;
    if found.is_none_or(|found| found.id != log.id) {
        report.problem(
            format!("log {}", log.id.0),
            "is not the log that its organization names",
        );
    }
    Ok(())
}

/// Blocks follow each other from the log's beginning up to what is sealed.
async fn sealed_chain(
    session: &Session,
    log: &LogRow,
    report: &mut Report<'_>,
) -> Result<(), Failure> {
    let mut next = 0;
    for block in blocks::list(session, log.id).await? {
        if block.first != next {
            let what = "does not begin where the block before it ends";
            report.problem(format!("block {}", block.id.0), what);
        }
        next = block.first.saturating_add(u64::from(block.count));
    }
    if next != log.sealed {
        let what = "its blocks do not end where it is sealed";
        report.problem(format!("log {}", log.id.0), what);
    }
    Ok(())
}

/// Batches follow each other from what is sealed to the head.
async fn batch_chain(
    session: &Session,
    log: &LogRow,
    report: &mut Report<'_>,
) -> Result<(), Failure> {
    let sql = "SELECT log, first_seq, end_seq FROM batch WHERE log = $1 AND end_seq > $2
        ORDER BY end_seq, first_seq";
    let sealed = i64::try_from(log.sealed).unwrap_or(i64::MAX);
    let mut next = None;
    for row in session.query(sql, bind![log_key(log.id), sealed]).await? {
        let row = Columns::of(&row, &BATCH);
        let (first, end): (u64, u64) = (row.size(1)?, row.size(2)?);
        if next.map_or(first > log.sealed, |next| first != next) {
            let place = format!("batch {}, {first}", log.id.0);
            report.problem(place, "does not begin where what is before it ends");
        }
        next = Some(end);
    }
    let last = batches::from(session, log.id, next.map_or(u64::MAX, |next| next - 1)).await?;
    let reached = match last.last() {
        Some(last) => head_after(last)?,
        None => Head {
            size: log.sealed,
            recorded_micros: log.recorded_micros,
        },
    };
    let sql = "SELECT log, size, recorded_micros, sum FROM head WHERE log = $1";
    let row = session.query_opt(sql, bind![log_key(log.id)]).await?;
    let (_, head) = heads::read(&row.ok_or_else(|| missing(log.id))?)?;
    if head != reached {
        let what = format!("is at {head:?}, and what is stored ends at {reached:?}");
        report.problem(format!("{} {}", HEAD.name, log.id.0), what);
    }
    Ok(())
}

/// Every block has its parts, and no part is of a block that was never given out. Parts of other blocks that no list
/// names are no problem: they are on their way, or whoever put them died, and somebody's next start removes them.
async fn bodies(session: &Session, report: &mut Report<'_>) -> Result<(), Failure> {
    let sql =
        "SELECT b.log, b.block FROM block b LEFT JOIN seg s ON s.log = b.log AND s.block = b.block
        GROUP BY b.log, b.block, b.body_bytes
        HAVING coalesce(sum(octet_length(s.data)), 0) <> b.body_bytes
            OR count(s.part) <> greatest(1, (b.body_bytes + $1 - 1) / $1)
            OR max(s.part) <> count(s.part) - 1
        ORDER BY b.log, b.block LIMIT 100";
    for row in session.query(sql, bind![PART_BYTES as i64]).await? {
        report.problem(
            block_place(&row)?,
            "lacks parts, or has some of the wrong length",
        );
    }
    let sql = "SELECT DISTINCT s.log, s.block FROM seg s JOIN head h ON h.log = s.log
        WHERE s.block >= h.next_block ORDER BY s.log, s.block LIMIT 100";
    for row in session.query(sql, bind![]).await? {
        report.problem(block_place(&row)?, "has parts and was never given out");
    }
    Ok(())
}

/// No batch is in two tables.
async fn twins(session: &Session, report: &mut Report<'_>) -> Result<(), Failure> {
    let sql = "SELECT log, end_seq FROM batch GROUP BY log, end_seq HAVING count(*) > 1
        ORDER BY log, end_seq LIMIT 100";
    for row in session.query(sql, bind![]).await? {
        let row = Columns::of(&row, &BATCH);
        let (log, end) = (row.int(0)?, row.int(1)?);
        report.problem(format!("batch {log}, to {end}"), "is there more than once");
    }
    Ok(())
}

fn block_place(row: &tokio_postgres::Row) -> Result<String, Failure> {
    let row = Columns::of(row, &SEG);
    Ok(format!(
        "block {} of log {}",
        row.int(1)?,
        LogId(row.size(0)?).0
    ))
}
