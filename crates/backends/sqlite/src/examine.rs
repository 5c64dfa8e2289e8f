//! The look at everything that only the store can look at.

use std::collections::{BTreeMap, BTreeSet};

use docket_engine::batch::head_after;
use docket_engine::store::{BlockId, LogRow, Problem, StoreError};
use rusqlite::Connection;

use crate::connection::{self, PAGE_BYTES};
use crate::failure::{At, Failure};
use crate::live::Live;
use crate::row::{Cell, Table, select};
use crate::{batches, blocks, idempotency, logs, records, schema, segs};

/// Lines that SQLite's own check gives at most.
const LINES_MAX: u32 = 100;

/// Tables with sums, the statement that reads them whole, and the column that is the sum.
const SUMMED: [(&Table, &str, usize); 5] = [
    (&schema::META, "SELECT k, v, sum FROM meta", 2),
    (
        &logs::LOG,
        "SELECT id, org, id_key, sealed, recorded_micros, frontier, sum FROM log",
        6,
    ),
    (
        &blocks::BLOCK,
        "SELECT id, log, first_seq, n, min_micros, max_micros, format, fields, body_bytes, sum
            FROM block",
        9,
    ),
    (
        &idempotency::IDEM,
        "SELECT log, token, key, body_hash, answer, at_micros, sum FROM idem",
        6,
    ),
    (
        &records::RECORD,
        "SELECT org, kind, name, version, value, sum FROM record",
        5,
    ),
];

/// Tables whose rows belong to logs.
const OWNED: [&str; 3] = ["batch", "block", "tile"];

/// Tells `found` of everything that is wrong. `live` is the store that this process writes to, if it does.
pub(crate) fn examine(
    connection: &Connection,
    live: Option<&Live>,
    found: &mut dyn FnMut(Problem),
) -> Result<(), Failure> {
    let pending = pending(connection, live);
    let mut report = Report { found };
    let report = &mut report;
    let outcome = integrity(connection, report);
    report.note(outcome)?;
    let outcome = file(connection, report);
    report.note(outcome)?;
    let outcome = schema_text(connection, report);
    report.note(outcome)?;
    for (table, sql, last) in SUMMED {
        let outcome = select(connection, table, sql, &[], |row| {
            report.note(row.summed(last).map(drop))
        });
        report.note(outcome)?;
    }
    for table in OWNED {
        if matches!(logs::strangers(connection, table), Ok(true)) {
            report.problem(table, "has rows of a log that is not there");
        }
    }
    let outcome = each_log(connection, report);
    report.note(outcome)?;
    let outcome = pending.and_then(|pending| bodies(connection, pending.as_ref(), report));
    report.note(outcome)
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

/// Blocks that no list names and that are no problem: on their way in or out. `None` when another process
/// knows them.
fn pending(
    connection: &Connection,
    live: Option<&Live>,
) -> Result<Option<BTreeSet<BlockId>>, Failure> {
    let Some(live) = live else { return Ok(None) };
    let slot = live.slot.lock();
    // The first read fixes the moment that the rest is read at; nothing is written meanwhile.
    schema::meta_number(connection, "next_block")?;
    let mut pending: BTreeSet<BlockId> = slot.unfinished.keys().copied().collect();
    pending.extend(live.chores.blocks());
    Ok(Some(pending))
}

fn integrity(connection: &Connection, report: &mut Report<'_>) -> Result<(), Failure> {
    let sql = format!("PRAGMA integrity_check({LINES_MAX})");
    let mut statement = connection.prepare(&sql).at("the file")?;
    let mut rows = statement.query([]).at("the file")?;
    while let Some(row) = rows.next().at("the file")? {
        let line: String = row.get(0).at("the file")?;
        if line != "ok" {
            report.problem("the file", line);
        }
    }
    Ok(())
}

fn file(connection: &Connection, report: &mut Report<'_>) -> Result<(), Failure> {
    let format = schema::meta_number(connection, "format");
    let numbers = [
        ("application_id", schema::APPLICATION_ID),
        ("page_size", i64::from(PAGE_BYTES)),
        ("user_version", format.map_or(-1, u64::cast_signed)),
    ];
    for (pragma, expected) in numbers {
        let value = connection::get(connection, pragma).at("the file")?;
        if value != expected {
            report.problem(
                "the file",
                format!("{pragma} is {value} instead of {expected}"),
            );
        }
    }
    let encoding: rusqlite::Result<String> =
        connection.pragma_query_value(None, "encoding", |row| row.get(0));
    if encoding.at("the file")? != "UTF-8" {
        report.problem("the file", "its encoding is not UTF-8");
    }
    for (key, bytes) in schema::META_ROWS {
        let sql = "SELECT k, v, sum FROM meta WHERE k = ?";
        let mut length = None;
        select(connection, &schema::META, sql, &[Cell::Text(key)], |row| {
            length = Some(row.blob(1)?.len());
            Ok(())
        })?;
        if length != Some(bytes) {
            report.problem(
                format!("meta {key:?}"),
                "is missing or has the wrong length",
            );
        }
    }
    Ok(())
}

/// The tables are what the migrations make, to the letter.
fn schema_text(connection: &Connection, report: &mut Report<'_>) -> Result<(), Failure> {
    let ours = Connection::open_in_memory().at("the schema")?;
    schema::make_tables(&ours)?;
    let (ours, found) = (statements(&ours)?, statements(connection)?);
    // A newer binary has more, and knows what.
    if schema::meta_number(connection, "format")? > u64::from(schema::FORMAT) {
        return Ok(());
    }
    for name in ours.keys().chain(found.keys()).collect::<BTreeSet<_>>() {
        if ours.get(name) != found.get(name) {
            report.problem(
                format!("sqlite_schema {name:?}"),
                "is not what this docket makes",
            );
        }
    }
    Ok(())
}

fn statements(connection: &Connection) -> Result<BTreeMap<String, String>, Failure> {
    let sql = "SELECT name, type || ' on ' || tbl_name || ': ' || coalesce(sql, '')
        FROM sqlite_schema";
    let mut statement = connection.prepare(sql).at("sqlite_schema")?;
    let rows = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .at("sqlite_schema")?;
    rows.collect::<rusqlite::Result<_>>().at("sqlite_schema")
}

fn each_log(connection: &Connection, report: &mut Report<'_>) -> Result<(), Failure> {
    for log in logs::all(connection)? {
        let outcome = sealed_chain(connection, &log, report);
        report.note(outcome)?;
        let outcome = batch_chain(connection, &log, report);
        report.note(outcome)?;
    }
    Ok(())
}

/// Blocks follow each other from the log's beginning up to what is sealed.
fn sealed_chain(
    connection: &Connection,
    log: &LogRow,
    report: &mut Report<'_>,
) -> Result<(), Failure> {
    let mut next = 0;
    for block in blocks::list(connection, log.id)? {
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

/// Batches follow each other from what is sealed.
fn batch_chain(
    connection: &Connection,
    log: &LogRow,
    report: &mut Report<'_>,
) -> Result<(), Failure> {
    let mut next = None;
    for batch in batches::from(connection, log.id, 0)? {
        let follows = match next {
            None => batch.first <= log.sealed,
            Some(next) => batch.first == next,
        };
        if !follows {
            let place = format!("batch {}, {}", batch.log.0, batch.first);
            report.problem(place, "does not begin where what is before it ends");
        }
        next = Some(head_after(&batch)?.size);
    }
    Ok(())
}

/// Every block has its slices, and every slice a block.
fn bodies(
    connection: &Connection,
    pending: Option<&BTreeSet<BlockId>>,
    report: &mut Report<'_>,
) -> Result<(), Failure> {
    let mut missing: BTreeMap<BlockId, (u64, u64)> = BTreeMap::new();
    let sql = "SELECT id, body_bytes FROM block";
    select(connection, &blocks::BLOCK, sql, &[], |row| {
        let (id, bytes) = (row.size(0)?, row.size(1)?);
        missing.insert(BlockId(id), (bytes, segs::slice_count(bytes)));
        Ok(())
    })?;
    let given_out = schema::meta_number(connection, "next_block")?;
    let mut strangers = BTreeSet::new();
    select(
        connection,
        &segs::SEG,
        "SELECT id, length(data) FROM seg",
        &[],
        |row| {
            let Some((block, slice)) = segs::split_id(row.int(0)?) else {
                return report.note(Err(row.wrong(0, "belongs to no block")));
            };
            match missing.get_mut(&block) {
                Some((bytes, left))
                    if segs::slice_bytes(*bytes, slice) == row.size::<u64>(1)? =>
                {
                    *left = left.saturating_sub(1);
                    Ok(())
                }
                Some(_) => report.note(Err(row.wrong(1, "has the wrong length"))),
                None => {
                    let known = pending.is_none_or(|pending| pending.contains(&block));
                    if block.0 >= given_out || !known {
                        strangers.insert(block);
                    }
                    Ok(())
                }
            }
        },
    )?;
    for block in strangers {
        report.problem(format!("block {}", block.0), "has slices and is on no list");
    }
    for (block, _) in missing.iter().filter(|(_, (_, left))| *left > 0) {
        report.problem(format!("block {}", block.0), "lacks slices");
    }
    Ok(())
}
