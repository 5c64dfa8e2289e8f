//! The table of answers that are given again when their request is repeated.

use docket_engine::store::{Answered, IDEMPOTENCY_MICROS, Idempotency, LogId, StoreError, Verdict};
use rusqlite::Connection;

use crate::failure::Failure;
use crate::row::{Cell, Table, execute, select, select_one, sum};

pub(crate) const IDEM: Table = Table {
    name: "idem",
    columns: &[
        "log",
        "token",
        "key",
        "body_hash",
        "answer",
        "at_micros",
        "sum",
    ],
    keys: 3,
};

/// Forgotten answers that a commit removes at most for each that it adds: more than one, so that the table
/// shrinks to what must be remembered.
const PRUNE_PER_ANSWER: i64 = 2;

/// Whether a key was used before.
pub(crate) fn judge(
    connection: &Connection,
    log: LogId,
    asked: &Idempotency,
) -> Result<Option<Verdict>, Failure> {
    let sql = "SELECT log, token, key, body_hash, answer, at_micros, sum FROM idem
        WHERE log = ? AND token = ? AND key = ?";
    let cells = [
        Cell::Int(i64::from(log.0)),
        Cell::Text(&asked.token),
        Cell::Text(&asked.key),
    ];
    let known = select_one(connection, &IDEM, sql, &cells, |row| {
        let row = row.summed(6)?;
        let known = Verdict::Repeated {
            body_hash: row.array(3)?,
            answer: row.blob(4)?.to_vec(),
        };
        Ok((row.int(5)? >= oldest(asked)).then_some(known))
    })?;
    Ok(known.flatten())
}

/// All answers for a log, by token and key.
pub(crate) fn all(connection: &Connection, log: LogId) -> Result<Vec<Answered>, Failure> {
    let sql = "SELECT log, token, key, body_hash, answer, at_micros, sum FROM idem
        WHERE log = ? ORDER BY token, key";
    let mut answers = Vec::new();
    select(
        connection,
        &IDEM,
        sql,
        &[Cell::Int(i64::from(log.0))],
        |row| {
            let row = row.summed(6)?;
            answers.push(Answered {
                asked: Idempotency {
                    token: row.text(1)?.to_owned(),
                    key: row.text(2)?.to_owned(),
                    body_hash: row.array(3)?,
                    at_micros: row.int(5)?,
                },
                answer: row.blob(4)?.to_vec(),
            });
            Ok(())
        },
    )?;
    Ok(answers)
}

/// Remembers an answer, in the place of a forgotten one if there is one.
pub(crate) fn remember(
    connection: &Connection,
    log: LogId,
    asked: &Idempotency,
    answer: &[u8],
) -> Result<(), Failure> {
    let sql = "INSERT INTO idem (log, token, key, body_hash, answer, at_micros, sum)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (log, token, key) DO UPDATE SET
        body_hash = ?4, answer = ?5, at_micros = ?6, sum = ?7 WHERE idem.at_micros < ?8";
    let cells = [
        Cell::Int(i64::from(log.0)),
        Cell::Text(&asked.token),
        Cell::Text(&asked.key),
        Cell::Blob(&asked.body_hash),
        Cell::Blob(answer),
        Cell::Int(asked.at_micros),
    ];
    let cells = [&cells[..], &[sum(&IDEM, &cells), Cell::Int(oldest(asked))]].concat();
    if execute(connection, &IDEM, sql, &cells)? == 1 {
        return Ok(());
    }
    let place = format!("idem {}, {:?}, {:?}", log.0, asked.token, asked.key);
    Err(StoreError::corrupt(place, "is answered already").into())
}

/// Removes some answers that all of these requests count as forgotten.
pub(crate) fn prune(connection: &Connection, asked: &[&Idempotency]) -> Result<(), Failure> {
    let Some(oldest) = asked.iter().map(|asked| oldest(asked)).min() else {
        return Ok(());
    };
    let added = i64::try_from(asked.len()).unwrap_or(i64::MAX);
    let sql = "DELETE FROM idem WHERE (log, token, key) IN
        (SELECT log, token, key FROM idem WHERE at_micros < ? ORDER BY at_micros LIMIT ?)";
    let cells = [
        Cell::Int(oldest),
        Cell::Int(added.saturating_mul(PRUNE_PER_ANSWER)),
    ];
    execute(connection, &IDEM, sql, &cells).map(drop)
}

/// The earliest answer that a request may still be given.
fn oldest(asked: &Idempotency) -> i64 {
    asked.at_micros.saturating_sub(IDEMPOTENCY_MICROS)
}
