//! The table of heads: how far logs have got, and the lock that a group commit takes.

use docket_engine::store::{BlockId, Head, LogId, LogRow, Standing, StoreError};
use tokio_postgres::Row;

use crate::failure::Failure;
use crate::logs;
use crate::row::{Cell, Columns, Table, block_id, int, log_key, sum};
use crate::session::{Answer, Session, Step, bind};

pub(crate) const HEAD: Table = Table {
    name: "head",
    keys: 1,
};

/// How the rows of several logs are locked and changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// In one statement.
    Together,
    /// In one statement a log, since each may be on another server.
    Apart,
}

/// The head of a new log.
pub(crate) fn insert_step(log: LogId) -> Step<'static> {
    let sql = "INSERT INTO head (log, size, recorded_micros, sum, version, next_block)
        VALUES ($1, 0, 0, $2, 0, 1)";
    Step::Bound(sql, bind![log_key(log), row_sum(log_key(log), 0, 0)])
}

/// Locks the heads of logs, which are in ascending order, until the transaction ends.
pub(crate) fn lock_steps(logs: &[LogId], layout: Layout) -> Vec<Step<'static>> {
    let keys = logs.iter().copied().map(log_key);
    match layout {
        Layout::Together => {
            let sql = "SELECT log, size, recorded_micros, sum FROM head WHERE log = ANY($1)
                ORDER BY log FOR UPDATE";
            vec![Step::Bound(sql, bind![keys.collect::<Vec<i64>>()])]
        }
        Layout::Apart => {
            let sql = "SELECT log, size, recorded_micros, sum FROM head WHERE log = $1 FOR UPDATE";
            keys.map(|log| Step::Bound(sql, bind![log])).collect()
        }
    }
}

/// The heads that lock statements found, in the order of the logs.
pub(crate) fn locked(answers: &[Answer], logs: &[LogId]) -> Result<Vec<Head>, Failure> {
    let mut rows = answers.iter().flat_map(|answer| &answer.rows);
    let mut heads = Vec::with_capacity(logs.len());
    for log in logs {
        let row = rows.next().ok_or_else(|| logs::missing(*log))?;
        let (found, head) = read(row)?;
        if found != *log {
            return Err(logs::missing(*log).into());
        }
        heads.push(head);
    }
    Ok(heads)
}

/// Moves the heads of locked logs.
pub(crate) fn update_steps(
    logs: &[LogId],
    heads: &[Head],
    layout: Layout,
) -> Result<Vec<Step<'static>>, Failure> {
    let (mut keys, mut sizes, mut times, mut sums) = (vec![], vec![], vec![], vec![]);
    for (log, head) in logs.iter().zip(heads) {
        let (log, size) = (log_key(*log), int(head.size, "head")?);
        keys.push(log);
        sizes.push(size);
        times.push(head.recorded_micros);
        sums.push(row_sum(log, size, head.recorded_micros));
    }
    if layout == Layout::Together {
        let sql =
            "UPDATE head SET size = new.size, recorded_micros = new.recorded_micros, sum = new.sum
            FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[])
            AS new (log, size, recorded_micros, sum) WHERE head.log = new.log";
        return Ok(vec![Step::Bound(sql, bind![keys, sizes, times, sums])]);
    }
    let sql = "UPDATE head SET size = $2, recorded_micros = $3, sum = $4 WHERE log = $1";
    let rows = keys.into_iter().zip(sizes).zip(times).zip(sums);
    let steps =
        rows.map(|(((log, size), time), sum)| Step::Bound(sql, bind![log, size, time, sum]));
    Ok(steps.collect())
}

/// Says that a log's list of blocks has changed.
pub(crate) fn change_step(log: LogId) -> Step<'static> {
    Step::Bound(
        "UPDATE head SET version = version + 1 WHERE log = $1",
        bind![log_key(log)],
    )
}

/// Lets a log's head rise to what is sealed of it, as of a log that is copied.
pub(crate) fn rise_step(log: &LogRow) -> Result<Step<'static>, Failure> {
    let (key, size) = (log_key(log.id), int(log.sealed, "head")?);
    let sum = row_sum(key, size, log.recorded_micros);
    let sql =
        "UPDATE head SET size = $2, recorded_micros = $3, sum = $4 WHERE log = $1 AND size < $2";
    Ok(Step::Bound(sql, bind![key, size, log.recorded_micros, sum]))
}

/// Where a log stands.
pub(crate) fn standing_step(log: LogId) -> Step<'static> {
    let sql = "SELECT log, size, recorded_micros, sum, version FROM head WHERE log = $1";
    Step::Bound(sql, bind![log_key(log)])
}

/// Where the log stands that [`standing_step`] asked for.
pub(crate) fn standing(answer: &Answer, log: LogId) -> Result<Standing, Failure> {
    let row = answer.rows.first().ok_or_else(|| logs::missing(log))?;
    Ok(Standing {
        size: read(row)?.1.size,
        version: Columns::of(row, &HEAD).size(4)?,
    })
}

/// A number for a block that was never given out before.
pub(crate) async fn new_block(session: &Session, log: LogId) -> Result<BlockId, Failure> {
    let sql = "UPDATE head SET next_block = next_block + 1 WHERE log = $1 RETURNING next_block - 1";
    let row = session.query_opt(sql, bind![log_key(log)]).await?;
    let row = row.ok_or_else(|| logs::missing(log))?;
    let number = Columns::of(&row, &HEAD).size(0);
    let none = |_| StoreError::Busy(format!("log {} has no more numbers for blocks", log.0));
    Ok(block_id(log, number.map_err(none)?))
}

/// A row of log, size, time and sum.
pub(crate) fn read(row: &Row) -> Result<(LogId, Head), Failure> {
    let row = Columns::of(row, &HEAD);
    let sum = row_sum(row.int(0)?, row.int(1)?, row.int(2)?);
    if sum != row.int(3)? {
        return Err(row.wrong(3, "does not match the row"));
    }
    let head = Head {
        size: row.size(1)?,
        recorded_micros: row.int(2)?,
    };
    Ok((LogId(row.size(0)?), head))
}

fn row_sum(log: i64, size: i64, recorded_micros: i64) -> i64 {
    sum(
        &HEAD,
        &[Cell::Int(log), Cell::Int(size), Cell::Int(recorded_micros)],
    )
}
