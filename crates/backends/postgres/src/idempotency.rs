//! The table of answers that are given again when their request is repeated.

use docket_engine::store::{Answered, IDEMPOTENCY_MICROS, Idempotency, LogId, Verdict};

use crate::failure::Failure;
use crate::row::{Cell, Columns, Table, is_whole, key, log_key, sum};
use crate::session::{Answer, Session, Step, bind};

pub(crate) const IDEM: Table = Table {
    name: "idem",
    keys: 3,
};

/// Forgotten answers that a commit removes at most for each that it adds: more than one, so that the table
/// shrinks to what must be remembered.
const PRUNE_PER_ANSWER: i64 = 2;

/// All answers for a log, by token and key; not those whose token or key was cut to fit into an index.
pub(crate) async fn all(session: &Session, log: LogId) -> Result<Vec<Answered>, Failure> {
    let sql = "SELECT log, token, key, body_hash, answer, at_micros, sum FROM idem
        WHERE log = $1 ORDER BY token, key";
    let mut answers = Vec::new();
    for row in session.query(sql, bind![log_key(log)]).await? {
        let row = Columns::of(&row, &IDEM).summed(6)?;
        if !is_whole(row.bytes(1)?) || !is_whole(row.bytes(2)?) {
            continue;
        }
        answers.push(Answered {
            asked: Idempotency {
                token: row.text(1)?,
                key: row.text(2)?,
                body_hash: row.array(3)?,
                at_micros: row.int(5)?,
            },
            answer: row.bytes(4)?.to_vec(),
        });
    }
    Ok(answers)
}

/// Asks for what is remembered under a key.
pub(crate) fn judge_step(log: LogId, asked: &Idempotency) -> Step<'static> {
    let sql = "SELECT log, token, key, body_hash, answer, at_micros, sum FROM idem
        WHERE log = $1 AND token = $2 AND key = $3";
    let (token, key) = (key(&asked.token).into_owned(), key(&asked.key).into_owned());
    Step::Bound(sql, bind![log_key(log), token, key])
}

/// Whether a key was used before.
pub(crate) fn judge(answer: &Answer, asked: &Idempotency) -> Result<Option<Verdict>, Failure> {
    let Some(row) = answer.rows.first() else {
        return Ok(None);
    };
    let row = Columns::of(row, &IDEM).summed(6)?;
    if row.int(5)? < oldest(asked) {
        return Ok(None);
    }
    Ok(Some(Verdict::Repeated {
        body_hash: row.array(3)?,
        answer: row.bytes(4)?.to_vec(),
    }))
}

/// Remembers an answer, which is to change one row: in the place of a forgotten one if there is one.
pub(crate) fn remember_step<'p>(log: LogId, asked: &'p Idempotency, answer: &'p [u8]) -> Step<'p> {
    let sql = "INSERT INTO idem (log, token, key, body_hash, answer, at_micros, sum)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (log, token, key) DO UPDATE SET
        body_hash = EXCLUDED.body_hash, answer = EXCLUDED.answer, at_micros = EXCLUDED.at_micros,
        sum = EXCLUDED.sum WHERE idem.at_micros < $8";
    let (token, key) = (key(&asked.token).into_owned(), key(&asked.key).into_owned());
    let cells = [
        Cell::Int(log_key(log)),
        Cell::Bytes(&token),
        Cell::Bytes(&key),
        Cell::Bytes(&asked.body_hash),
        Cell::Bytes(answer),
        Cell::Int(asked.at_micros),
    ];
    let sum = sum(&IDEM, &cells);
    let (hash, at, oldest) = (&asked.body_hash[..], asked.at_micros, oldest(asked));
    Step::Bound(
        sql,
        bind![log_key(log), token, key, hash, answer, at, sum, oldest],
    )
}

/// Removes some answers of logs that are locked which all of these requests count as forgotten.
pub(crate) fn prune_step(asked: &[(LogId, &Idempotency)]) -> Option<Step<'static>> {
    let oldest = asked.iter().map(|(_, asked)| oldest(asked)).min()?;
    let logs: Vec<i64> = asked.iter().map(|(log, _)| log_key(*log)).collect();
    let added = i64::try_from(asked.len()).unwrap_or(i64::MAX);
    let sql = "DELETE FROM idem WHERE (log, token, key) IN
        (SELECT log, token, key FROM idem WHERE log = ANY($1) AND at_micros < $2
         ORDER BY at_micros LIMIT $3)";
    Some(Step::Bound(
        sql,
        bind![logs, oldest, added.saturating_mul(PRUNE_PER_ANSWER)],
    ))
}

/// The earliest answer that a request may still be given.
fn oldest(asked: &Idempotency) -> i64 {
    asked.at_micros.saturating_sub(IDEMPOTENCY_MICROS)
}
