//! A flipped bit anywhere in the database is found, or changes no answer.
//!
//! One store with rows in every table; a thousand flips in columns by SQL and a thousand in the raw file, each
//! in a copy of its own. `check` must find the flip, or every question of a fixed set must have its answer.

#![expect(clippy::unwrap_used, reason = "a test that fails panics")]

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use docket_backends_sqlite::{Options, Sqlite};
use docket_engine::store::{Expect, Idempotency, RecordChange, RecordKey, Rider, StoreError};
use docket_engine::testing::random::{Dice, TestClock, TestRandom};
use docket_engine::{Engine, Environment, Params, Request, check};
use docket_event::{
    Direction, Event, Field, Filter, Order, Query, Span, read_event, write_recorded,
};
use rusqlite::Connection;
use rusqlite::types::Value;

const FLIPS: usize = 1_000;
const SEED: u64 = 7;
const ORGS: [&str; 2] = ["acme", "bolt"];

fn params() -> Params {
    Params {
        block_events: 64,
        frame_events: 4,
        tile_height: 2,
        page_bytes: 256,
        scanned_events: 0,
        ..Params::default()
    }
}

fn environment() -> Environment {
    let clock = Arc::new(TestClock::at(1_800_000_000_000_000));
    Environment {
        clock,
        random: Arc::new(TestRandom::default()),
    }
}

fn engine(folder: &Path) -> Result<Engine, String> {
    let store = Sqlite::open(folder, &Options::default()).map_err(|error| error.to_string())?;
    Engine::open(Arc::new(store), params(), environment()).map_err(|error| error.to_string())
}

/// Events, records and answers, sealed and unsealed, in two organizations.
fn make(folder: &Path) {
    let engine = engine(folder).unwrap();
    let mut number = 0;
    for org in ORGS {
        let log = engine.create_log(org).unwrap();
        for round in 0..9 {
            let events: Vec<Event> = (0..30).map(|_| event(&mut number)).collect();
            let rider = Rider {
                idempotency: Some(Idempotency {
                    token: "key_1".into(),
                    key: format!("once-{round}"),
                    body_hash: [round; 32],
                    at_micros: 1_800_000_000_000_000,
                }),
                records: vec![RecordChange {
                    key: record_key(org, round),
                    expect: Expect::Absent,
                    value: Some(vec![round; 40]),
                }],
            };
            log.append(Request {
                events,
                rider,
                ..Request::default()
            })
            .unwrap()
            .wait()
            .unwrap();
        }
    }
    engine.close();
}

fn record_key(org: &str, round: u8) -> RecordKey {
    RecordKey {
        org: org.into(),
        kind: "member".into(),
        name: format!("m{round}"),
    }
}

fn event(number: &mut u32) -> Event {
    *number += 1;
    let late = if number.is_multiple_of(9) { 10 } else { 40 };
    let text = format!(
        r#"{{"type":"project.{}","occurred_at":"2026-11-20T00:{late}:{:02}Z","actor":{{"id":"u{}"}},"targets":[{{"kind":"project","id":"p{}"}}],"request_id":"r{number}","data":{{"n":{number}}}}}"#,
        if number.is_multiple_of(3) {
            "created"
        } else {
            "deleted"
        },
        *number % 60,
        *number % 5,
        *number % 40,
    );
    read_event(&text).unwrap()
}

/// The answers to a fixed set of questions; an error says why there is none.
fn answers(folder: &Path) -> Result<String, String> {
    let engine = engine(folder)?;
    let mut told = String::new();
    for org in ORGS {
        let log = engine
            .log(org)
            .map_err(|error| error.to_string())?
            .ok_or("no log")?;
        told.push_str(&format!("{} {}\n", log.size(), log.head().root));
        for question in questions() {
            let page = log.query(&question).map_err(|error| error.to_string())?;
            page.events
                .iter()
                .for_each(|event| write_recorded(&mut told, event));
            told.push_str(&format!("{}\n", page.has_more));
        }
        for round in 0..9 {
            let record = engine.store().record(&record_key(org, round));
            let record = record.map_err(|error| error.to_string())?;
            told.push_str(&format!(
                "{:?}\n",
                record.map(|record| (record.version, record.value))
            ));
        }
    }
    Ok(told)
}

fn questions() -> Vec<Query> {
    let any = Filter::default;
    let span = Span {
        from: Some(1_795_133_000_000_000),
        to: None,
    };
    let filters = [
        any(),
        any().with(Field::Type, ["project.created"]),
        any().with(Field::ActorId, ["u1", "u2"]),
        any().with(Field::TargetId, ["p7"]),
        any().with(Field::RequestId, ["r100", "r400"]),
        any()
            .with(Field::ActorId, ["u3"])
            .with(Field::Type, ["project.deleted"]),
        Filter {
            occurred: span,
            ..any()
        },
    ];
    let mut all = Vec::new();
    for filter in filters {
        for (order, direction) in [
            (Order::Occurred, Direction::Descending),
            (Order::Recorded, Direction::Ascending),
        ] {
            all.push(Query {
                filter: filter.clone(),
                order,
                direction,
                limit: 200,
                ..Query::default()
            });
        }
    }
    all
}

/// Whether `check` finds something wrong, or the store does not even open.
fn found(folder: &Path) -> bool {
    let store = match Sqlite::open_snapshot(folder) {
        Ok(store) => store,
        Err(_) => return true,
    };
    match check(&store, &params(), &mut |_| {}) {
        Ok(report) => !report.problems.is_empty(),
        Err(StoreError::Corrupt(_) | StoreError::Unavailable(_) | StoreError::Busy(_)) => true,
    }
}

struct Subject {
    folder: tempfile::TempDir,
    original: PathBuf,
    expected: String,
    unnoticed: BTreeMap<String, usize>,
}

impl Subject {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let original = folder.path().join("original");
        std::fs::create_dir(&original).unwrap();
        make(&original);
        assert!(!found(&original), "a store without damage is clean");
        let expected = answers(&original).unwrap();
        assert!(!found(&original), "and stays clean");
        Subject {
            folder,
            original,
            expected,
            unnoticed: BTreeMap::new(),
        }
    }

    fn copy(&self) -> PathBuf {
        let copy = self.folder.path().join("copy");
        let _ = std::fs::remove_dir_all(&copy);
        std::fs::create_dir(&copy).unwrap();
        std::fs::copy(self.original.join("docket.db"), copy.join("docket.db")).unwrap();
        copy
    }

    fn judge(&mut self, copy: &Path, what: &str) {
        let noticed = catch_unwind(AssertUnwindSafe(|| {
            found(copy) || answers(copy).is_ok_and(|answers| answers == self.expected)
        }));
        if !noticed.unwrap_or(false) {
            *self.unnoticed.entry(what.to_owned()).or_default() += 1;
        }
    }

    fn finish(self) {
        assert!(
            self.unnoticed.is_empty(),
            "seed {SEED}: {:?}",
            self.unnoticed
        );
    }
}

#[test]
fn flips_in_columns() {
    let mut subject = Subject::new();
    let mut dice = Dice::new(SEED);
    let columns = columns(&subject.original.join("docket.db"));
    assert!(columns.len() > 30, "every table has rows: {columns:?}");
    let mut flips = 0;
    while flips < FLIPS {
        let (table, column) = &columns[flips % columns.len()];
        let copy = subject.copy();
        if flip_column(&copy.join("docket.db"), table, column, &mut dice) {
            subject.judge(&copy, &format!("{table}.{column}"));
        }
        flips += 1;
    }
    subject.finish();
}

#[test]
fn flips_in_the_file() {
    let mut subject = Subject::new();
    let mut dice = Dice::new(SEED);
    for _ in 0..FLIPS {
        let copy = subject.copy();
        let path = copy.join("docket.db");
        let mut bytes = std::fs::read(&path).unwrap();
        let at = dice.below(bytes.len());
        bytes[at] ^= 1 << dice.below(8);
        std::fs::write(&path, bytes).unwrap();
        subject.judge(&copy, &format!("byte {at}"));
    }
    subject.finish();
}

/// Every column of every table that has rows.
fn columns(path: &Path) -> Vec<(String, String)> {
    let connection = Connection::open(path).unwrap();
    let mut names = connection
        .prepare("SELECT m.name, c.name FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table'")
        .unwrap();
    let names = names.query_map([], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    });
    let names: Vec<(String, String)> = names.unwrap().map(Result::unwrap).collect();
    names
        .into_iter()
        .filter(|(table, _)| {
            let rows = connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
                row.get::<_, i64>(0)
            });
            rows.unwrap() > 0
        })
        .collect()
}

/// Flips a bit of one value of a column; `false` when the database does not take the new value.
fn flip_column(path: &Path, table: &str, column: &str, dice: &mut Dice) -> bool {
    let connection = Connection::open(path).unwrap();
    let rows: i64 = connection
        .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
            row.get(0)
        })
        .unwrap();
    let offset = dice.below(usize::try_from(rows).unwrap());
    let key = match table {
        "meta" => "k",
        "batch" => "log, first_seq",
        "tile" => "log, level, idx",
        "idem" => "log, token, key",
        "record" => "org, kind, name",
        _ => "id",
    };
    let place =
        format!("({key}) = (SELECT {key} FROM {table} ORDER BY {key} LIMIT 1 OFFSET {offset})");
    let value: Value = connection
        .query_row(
            &format!("SELECT {column} FROM {table} WHERE {place}"),
            [],
            |row| row.get(0),
        )
        .unwrap();
    let flipped = match value {
        Value::Integer(number) => Value::Integer(number ^ (1 << dice.below(62))),
        Value::Blob(mut bytes) if !bytes.is_empty() => {
            let at = dice.below(bytes.len());
            bytes[at] ^= 1 << dice.below(8);
            Value::Blob(bytes)
        }
        Value::Text(text) if !text.is_empty() => {
            let mut bytes = text.into_bytes();
            let at = dice.below(bytes.len());
            bytes[at] ^= 1 << dice.below(6);
            Value::Text(String::from_utf8(bytes).unwrap())
        }
        Value::Blob(_) | Value::Text(_) | Value::Real(_) | Value::Null => return false,
    };
    connection
        .execute(
            &format!("UPDATE {table} SET {column} = ?1 WHERE {place}"),
            [flipped],
        )
        .is_ok()
}
