//! The tables of batches: events that are not sealed yet.

use docket_engine::batch::head_after;
use docket_engine::store::{BatchRow, GroupId, LogId, StoreError};

use crate::failure::Failure;
use crate::row::{Columns, Table, bound, int, log_key};
use crate::session::{Answer, Session, Step, bind};

pub(crate) const BATCH: Table = Table {
    name: "batch",
    keys: 2,
};

macro_rules! insert_into {
    ($table:literal) => {
        concat!(
            "INSERT INTO ",
            $table,
            " (log, first_seq, end_seq, group_id, data) SELECT * FROM
            unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[])"
        )
    };
}

/// Statements that add batches, one for each table of the ring.
const INSERTS: [&str; 4] = [
    insert_into!("batch_0"),
    insert_into!("batch_1"),
    insert_into!("batch_2"),
    insert_into!("batch_3"),
];

/// A transaction whose view of the batches stays whole: their tables cannot be truncated before it ends. The locks
/// come first, since a view that is older than a truncation would miss rows.
pub(crate) const MOMENT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
    LOCK TABLE batch_0, batch_1, batch_2, batch_3 IN ACCESS SHARE MODE";

/// Adds batches to the table of the ring that has number `current`.
pub(crate) fn insert_step(batches: &[BatchRow], current: usize) -> Result<Step<'_>, Failure> {
    let unknown = || StoreError::corrupt("ring", format!("has no table {current}"));
    let sql = INSERTS.get(current).ok_or_else(unknown)?;
    let (mut logs, mut firsts, mut ends, mut groups) = (vec![], vec![], vec![], vec![]);
    for batch in batches {
        logs.push(log_key(batch.log));
        firsts.push(int(batch.first, "batch")?);
        ends.push(int(head_after(batch)?.size, "batch")?);
        groups.push(batch.group.0.cast_signed());
    }
    let data: Vec<&[u8]> = batches.iter().map(|batch| &batch.data[..]).collect();
    Ok(Step::Bound(sql, bind![logs, firsts, ends, groups, data]))
}

/// The batches of a log that hold positions of `from` or higher and are not sealed, in order.
pub(crate) fn from_step(log: LogId, from: u64) -> Step<'static> {
    // What is below `sealed` waits to be removed.
    let sql = "SELECT log, first_seq, end_seq, group_id, data FROM batch WHERE log = $1
        AND end_seq > greatest($2, (SELECT sealed FROM log WHERE id = $1)) ORDER BY end_seq";
    Step::Bound(sql, bind![log_key(log), bound(from)])
}

/// The batches that [`from_step`] asked for.
pub(crate) fn found(answer: &Answer) -> Result<Vec<BatchRow>, Failure> {
    answer
        .rows
        .iter()
        .map(|row| read(Columns::of(row, &BATCH)))
        .collect()
}

/// As [`from_step`] says.
pub(crate) async fn from(
    session: &Session,
    log: LogId,
    from: u64,
) -> Result<Vec<BatchRow>, Failure> {
    let answers = session.all(vec![from_step(log, from)]).await?;
    answers.first().map_or(Ok(Vec::new()), found)
}

/// A row of log, first and end position, group and data.
fn read(row: Columns<'_>) -> Result<BatchRow, Failure> {
    let batch = BatchRow {
        log: LogId(row.size(0)?),
        first: row.size(1)?,
        group: GroupId(row.int(3)?.cast_unsigned()),
        data: row.bytes(4)?.to_vec(),
    };
    if head_after(&batch)?.size == row.size::<u64>(2)? {
        return Ok(batch);
    }
    Err(row.wrong(2, "is not where its events end"))
}
