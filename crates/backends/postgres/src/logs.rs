//! The tables of logs and of the organizations that own them.

use docket_engine::store::{LogId, LogRow, StoreError};

use crate::failure::Failure;
use crate::heads;
use crate::row::{Cell, Columns, Table, int, key, log_key, sum};
use crate::session::{Session, Step, bind};

pub(crate) const LOG: Table = Table {
    name: "log",
    keys: 1,
};

/// All logs, by number.
pub(crate) async fn all(session: &Session) -> Result<Vec<LogRow>, Failure> {
    let sql = "SELECT id, org, id_key, sealed, recorded_micros, frontier, sum FROM log ORDER BY id";
    let rows = session.query(sql, bind![]).await?;
    rows.iter()
        .map(|row| read(Columns::of(row, &LOG)))
        .collect()
}

/// The log of an organization.
pub(crate) async fn of(session: &Session, org: &str) -> Result<Option<LogRow>, Failure> {
    let sql =
        "SELECT log.id, log.org, log.id_key, log.sealed, log.recorded_micros, log.frontier, log.sum
        FROM org JOIN log ON log.id = org.log WHERE org.name = $1";
    let found = session.query_opt(sql, bind![&*key(org)]).await?;
    let Some(row) = found else { return Ok(None) };
    let row = Columns::of(&row, &LOG);
    let log = read(row)?;
    if log.org == org {
        return Ok(Some(log));
    }
    Err(row.wrong(1, "is not the organization that names this log"))
}

/// Some logs by their numbers.
pub(crate) fn some_step(logs: &[LogId]) -> Step<'static> {
    let sql = "SELECT id, org, id_key, sealed, recorded_micros, frontier, sum FROM log
        WHERE id = ANY($1) ORDER BY id";
    let logs: Vec<i64> = logs.iter().copied().map(log_key).collect();
    Step::Bound(sql, bind![logs])
}

/// An empty log with the next number, in a transaction that holds `lock`; finds the one that somebody else has made
/// meanwhile. Nothing is durable yet.
pub(crate) async fn insert(
    session: &Session,
    lock: i64,
    org: &str,
    id_key: [u8; 16],
) -> Result<LogRow, Failure> {
    let locked = vec![
        Step::Plain("BEGIN"),
        Step::Bound("SELECT pg_advisory_xact_lock($1)", bind![lock]),
    ];
    session.all(locked).await?;
    if let Some(log) = of(session, org).await? {
        return Ok(log);
    }
    let last = session
        .query_opt("SELECT coalesce(max(id), 0) FROM log", bind![])
        .await?;
    let last: u32 = match &last {
        Some(row) => Columns::of(row, &LOG).size(0)?,
        None => 0,
    };
    let id = last
        .checked_add(1)
        .ok_or_else(|| Failure::refused("there are no more numbers for logs"))?;
    let log = LogRow {
        id: LogId(id),
        org: org.to_owned(),
        id_key,
        sealed: 0,
        recorded_micros: 0,
        frontier: Vec::new(),
    };
    let name = key(org);
    let sql = "INSERT INTO log (id, org, id_key, sealed, recorded_micros, frontier, sum)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let (id, sum) = (log_key(log.id), row_sum(&log)?);
    let values = bind![
        id,
        org.as_bytes(),
        &id_key[..],
        0_i64,
        0_i64,
        &[][..] as &[u8],
        sum
    ];
    let steps = vec![
        Step::Bound(
            "INSERT INTO org (name, log) VALUES ($1, $2)",
            bind![&*name, id],
        ),
        Step::Bound(sql, values),
        heads::insert_step(log.id),
    ];
    session.all(steps).await?;
    Ok(log)
}

/// Replaces what changes when a log is sealed.
pub(crate) fn update_step(log: &LogRow) -> Result<Step<'_>, Failure> {
    let sql =
        "UPDATE log SET sealed = $2, recorded_micros = $3, frontier = $4, sum = $5 WHERE id = $1";
    let sealed = int(log.sealed, "log")?;
    let sum = row_sum(log)?;
    let values = bind![
        log_key(log.id),
        sealed,
        log.recorded_micros,
        &log.frontier[..],
        sum
    ];
    Ok(Step::Bound(sql, values))
}

pub(crate) fn read(row: Columns<'_>) -> Result<LogRow, Failure> {
    let row = row.summed(6)?;
    Ok(LogRow {
        id: LogId(row.size(0)?),
        org: row.text(1)?,
        id_key: row.array(2)?,
        sealed: row.size(3)?,
        recorded_micros: row.int(4)?,
        frontier: row.bytes(5)?.to_vec(),
    })
}

/// What is wrong when a log is not there.
pub(crate) fn missing(log: LogId) -> StoreError {
    StoreError::corrupt(format!("log {}", log.0), "is not there")
}

fn row_sum(log: &LogRow) -> Result<i64, Failure> {
    let cells = [
        Cell::Int(log_key(log.id)),
        Cell::Bytes(log.org.as_bytes()),
        Cell::Bytes(&log.id_key),
        Cell::Int(int(log.sealed, "log")?),
        Cell::Int(log.recorded_micros),
        Cell::Bytes(&log.frontier),
    ];
    Ok(sum(&LOG, &cells))
}
