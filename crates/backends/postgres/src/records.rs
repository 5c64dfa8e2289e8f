//! The table of records.

use docket_engine::store::{Expect, Record, RecordChange, RecordKey};

use crate::failure::Failure;
use crate::row::{Cell, Columns, Table, int, key, sum};
use crate::session::{Answer, Session, Step, bind};

pub(crate) const RECORD: Table = Table {
    name: "record",
    keys: 3,
};

/// A record.
pub(crate) async fn get(session: &Session, key: &RecordKey) -> Result<Option<Record>, Failure> {
    let sql = "SELECT org, kind, name, full_name, version, value, sum FROM record
        WHERE org = $1 AND kind = $2 AND name = $3";
    let [org, kind, name] = keys(key);
    let row = session.query_opt(sql, bind![org, kind, name]).await?;
    row.map(|row| read(Columns::of(&row, &RECORD), &key.org, &key.kind))
        .transpose()
}

/// All records of a kind that an organization has, by name.
pub(crate) async fn list(session: &Session, org: &str, kind: &str) -> Result<Vec<Record>, Failure> {
    let sql = "SELECT org, kind, name, full_name, version, value, sum FROM record
        WHERE org = $1 AND kind = $2 ORDER BY full_name";
    let rows = session
        .query(sql, bind![key(org).into_owned(), key(kind).into_owned()])
        .await?;
    rows.iter()
        .map(|row| read(Columns::of(row, &RECORD), org, kind))
        .collect()
}

/// The kinds of records that an organization has, in order. Kinds are short: none was cut to fit into an index.
pub(crate) async fn kinds(session: &Session, org: &str) -> Result<Vec<String>, Failure> {
    let sql = "SELECT DISTINCT kind FROM record WHERE org = $1 ORDER BY kind";
    let rows = session.query(sql, bind![key(org).into_owned()]).await?;
    let kinds = rows.iter().map(|row| Columns::of(row, &RECORD).text(0));
    kinds.collect()
}

/// Asks for what a change expects.
pub(crate) fn judge_step(change: &RecordChange) -> Step<'static> {
    let sql =
        "SELECT org, kind, name, version FROM record WHERE org = $1 AND kind = $2 AND name = $3";
    let [org, kind, name] = keys(&change.key);
    Step::Bound(sql, bind![org, kind, name])
}

/// Whether a record is what a change of it expects.
pub(crate) fn holds(answer: &Answer, change: &RecordChange) -> Result<bool, Failure> {
    let row = answer.rows.first();
    let version = row
        .map(|row| Columns::of(row, &RECORD).size::<u64>(3))
        .transpose()?;
    Ok(match change.expect {
        Expect::Absent => version.is_none(),
        Expect::Version(expected) => version == Some(expected),
    })
}

/// Makes a change, which is to change one row; `None` when there is nothing to do. Its precondition is part of the
/// statement.
pub(crate) fn apply_step(change: &RecordChange) -> Result<Option<Step<'_>>, Failure> {
    let [org, kind, name] = keys(&change.key);
    let version = match change.expect {
        Expect::Absent => 0,
        Expect::Version(version) => int(version, "record")?,
    };
    let Some(value) = &change.value else {
        if change.expect == Expect::Absent {
            return Ok(None);
        }
        let sql = "DELETE FROM record WHERE org = $1 AND kind = $2 AND name = $3 AND version = $4";
        return Ok(Some(Step::Bound(sql, bind![org, kind, name, version])));
    };
    let full_name = change.key.name.as_bytes();
    let next = version.saturating_add(1);
    let cells = [
        Cell::Bytes(&org),
        Cell::Bytes(&kind),
        Cell::Bytes(&name),
        Cell::Bytes(full_name),
        Cell::Int(next),
        Cell::Bytes(value),
    ];
    let sum = sum(&RECORD, &cells);
    if change.expect == Expect::Absent {
        let sql = "INSERT INTO record (org, kind, name, full_name, version, value, sum)
            VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
        let values = bind![org, kind, name, full_name, next, &value[..], sum];
        return Ok(Some(Step::Bound(sql, values)));
    }
    let sql = "UPDATE record SET version = $4, value = $5, sum = $6
        WHERE org = $1 AND kind = $2 AND name = $3 AND version = $7";
    let values = bind![org, kind, name, next, &value[..], sum, version];
    Ok(Some(Step::Bound(sql, values)))
}

fn keys(place: &RecordKey) -> [Vec<u8>; 3] {
    [&place.org, &place.kind, &place.name].map(|text| key(text).into_owned())
}

fn read(row: Columns<'_>, org: &str, kind: &str) -> Result<Record, Failure> {
    let row = row.summed(6)?;
    Ok(Record {
        key: RecordKey {
            org: org.to_owned(),
            kind: kind.to_owned(),
            name: row.text(3)?,
        },
        version: row.size(4)?,
        value: row.bytes(5)?.to_vec(),
    })
}
