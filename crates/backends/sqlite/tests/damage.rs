//! No damage to the file goes unnoticed: the store finds it, or it is in a row whose own checksum tells the
//! engine.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use docket_backends_sqlite::{Options, Sqlite};
use docket_engine::batch::head_after;
use docket_engine::store::{
    BatchRow, BlockRow, Expect, Idempotency, LogRow, Record, Rider, RiderRows, Seal, Store,
    StoreError, TileRow,
};
use docket_engine::testing::conformance::sample;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params_from_iter};

/// Tables, how many columns from the front name a row, and the columns that only the engine's checksums
/// guard.
const TABLES: [(&str, usize, &[&str]); 8] = [
    ("meta", 1, &[]),
    ("log", 1, &[]),
    ("batch", 2, &[]),
    ("block", 1, &["dir"]),
    ("seg", 1, &["data"]),
    ("tile", 3, &["log", "level", "idx", "data"]),
    ("idem", 3, &[]),
    ("record", 3, &[]),
];

/// Bytes and bits of a value that are turned over at most.
const FLIPS_MAX: usize = 12;

/// A store that has rows in every table.
fn make(folder: &Path) {
    let store = Sqlite::open(folder, &Options::default()).expect("opens");
    let (log, other) = (
        sample::acme(&store),
        store.create_log("other", [1; 16]).expect("makes"),
    );
    for _ in 0..4 {
        sample::append(&store, log.id, 2).expect("appends");
        sample::append(&store, other.id, 1).expect("appends");
    }
    sample::seal(&store, &other, 0, 1, &sample::pattern(100)).expect("seals");
    sample::seal(&store, &log, 0, 2, &sample::pattern(20_000)).expect("seals");
    let block = sample::block(
        store.new_block(log.id).expect("gives a number"),
        log.id,
        2,
        2,
    );
    sample::put_body(&store, block.id, &sample::pattern(9_000)).expect("puts");
    let now = sample::sealed(&log, 4);
    let tiles = [
        sample::tile(log.id, 1, 0),
        sample::tile(log.id, 1, 1),
        sample::tile(log.id, 2, 0),
    ];
    let seal = Seal {
        blocks: std::slice::from_ref(&block),
        replaces: &[],
        log: &now,
        tiles: &tiles,
    };
    store
        .finish_seals(std::slice::from_ref(&seal))
        .expect("finishes");
    for (key, name) in [("key", "ann"), ("kez", "bob"), ("", "ünïcode")] {
        let (token, key) = ("token".to_owned(), key.to_owned());
        let at_micros = sample::START_MICROS;
        let mut rider = sample::change(name, Expect::Absent, Some(b"some value"));
        rider.idempotency = Some(Idempotency {
            token,
            key,
            body_hash: [5; 32],
            at_micros,
        });
        ride(&store, &log, &rider);
    }
    drop(store);
    // Opening removes what is sealed; until then damage to it does not matter.
    drop(Sqlite::open(folder, &Options::default()).expect("opens"));
}

fn ride(store: &Sqlite, log: &LogRow, rider: &Rider) {
    let group = store.begin(&[log.id], &[(log.id, rider)]).expect("begins");
    let heads = group.heads().to_vec();
    let rows = RiderRows {
        log: log.id,
        rider,
        answer: b"an answer",
    };
    group.commit(&[], &[rows], &heads).expect("commits");
}

/// What the engine can read.
#[derive(Clone, Debug, Default, PartialEq)]
struct Seen {
    logs: Vec<LogRow>,
    blocks: Vec<BlockRow>,
    records: Vec<Record>,
    batches: Vec<BatchRow>,
    // What the engine checks itself.
    dirs: Vec<Vec<u8>>,
    bodies: Vec<Vec<Vec<u8>>>,
    tiles: Vec<TileRow>,
}

impl Seen {
    /// The same without the bytes that checksums of the engine guard.
    fn unguarded(&self) -> Seen {
        let (dirs, bodies, tiles) = (Vec::new(), Vec::new(), Vec::new());
        Seen {
            dirs,
            bodies,
            tiles,
            ..self.clone()
        }
    }
}

fn see(store: &Sqlite) -> Result<Seen, StoreError> {
    let mut seen = Seen {
        logs: store.logs()?,
        ..Seen::default()
    };
    seen.records = store.records("acme", "member")?;
    for log in &seen.logs {
        for batch in store.batches(log.id, 0)? {
            head_after(&batch)?;
            seen.batches.push(batch);
        }
        seen.tiles.extend(store.tiles(log.id)?);
        for block in store.blocks(log.id)? {
            seen.dirs
                .extend(store.block(block.id)?.map(|block| block.dir));
            seen.bodies.extend(store.read(block.id, &[0..50, 60..100])?);
            seen.blocks.push(block);
        }
    }
    Ok(seen)
}

/// Whether the store notices anything by itself.
fn is_found(folder: &Path) -> bool {
    let Ok(store) = Sqlite::open_snapshot(folder) else {
        return true;
    };
    let mut found = false;
    store.examine(&mut |_| found = true).is_err() || found
}

/// The same value with single bits turned over, at up to [`FLIPS_MAX`] places.
fn flipped(value: &Value, salt: usize) -> Vec<Value> {
    let bytes = |bytes: &[u8]| {
        let step = bytes.len().div_ceil(FLIPS_MAX).max(1);
        let places = (0..bytes.len()).skip(salt % step).step_by(step);
        let flip = |place: usize| {
            let mut flipped = bytes.to_vec();
            flipped[place] ^= 1 << ((place + salt) % 8);
            flipped
        };
        places
            .map(flip)
            .chain([[bytes, &[0]].concat()])
            .collect::<Vec<_>>()
    };
    match value {
        Value::Integer(number) => {
            let bits = (0..64).skip(salt % 6).step_by(6);
            bits.map(|bit| Value::Integer(number ^ 1_i64.wrapping_shl(bit)))
                .collect()
        }
        // Bound as bytes and cast by the statement: it need not be UTF-8 any more.
        Value::Text(text) => bytes(text.as_bytes())
            .into_iter()
            .map(Value::Blob)
            .collect(),
        Value::Blob(blob) => bytes(blob).into_iter().map(Value::Blob).collect(),
        Value::Null | Value::Real(_) => Vec::new(),
    }
}

struct Row {
    table: &'static str,
    keys: usize,
    columns: Vec<String>,
    values: Vec<Value>,
}

fn rows(file: &Connection, table: &'static str, keys: usize) -> Vec<Row> {
    let mut statement = file
        .prepare(&format!("SELECT * FROM {table}"))
        .expect("prepares");
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let read = |row: &rusqlite::Row<'_>| {
        let values = (0..columns.len())
            .map(|column| row.get(column))
            .collect::<Result<_, _>>()?;
        Ok(Row {
            table,
            keys,
            columns: columns.clone(),
            values,
        })
    };
    let rows = statement.query_map([], read).expect("reads");
    rows.collect::<rusqlite::Result<_>>().expect("reads")
}

/// Puts `new` in the place of a column's value and undoes that when `then` is done; says `None` when the
/// table cannot have it.
fn with<T>(
    file: &Connection,
    row: &Row,
    column: usize,
    new: &Value,
    then: impl FnOnce() -> T,
) -> Option<T> {
    let is_text = matches!(row.values[column], Value::Text(_));
    let set = |value: &Value, keys: &[Value]| {
        let place = if is_text { "CAST(? AS TEXT)" } else { "?" };
        let names = row.columns[..row.keys].iter();
        let matches: Vec<String> = names
            .zip(keys)
            .map(|(name, key)| match key {
                Value::Blob(_) => format!("{name} = CAST(? AS TEXT)"),
                _ => format!("{name} = ?"),
            })
            .collect();
        let name = &row.columns[column];
        let sql = format!(
            "UPDATE {} SET {name} = {place} WHERE {}",
            row.table,
            matches.join(" AND ")
        );
        file.execute(
            &sql,
            params_from_iter([std::slice::from_ref(value), keys].concat()),
        )
    };
    let mut keys = row.values[..row.keys].to_vec();
    // A constraint keeps some changes out: a number that another row has, for one.
    let changed = set(new, &keys).ok()?;
    assert_eq!(changed, 1, "{} {:?}", row.table, row.values);
    let answer = then();
    if column < row.keys {
        keys[column] = new.clone();
    }
    assert_eq!(
        set(&row.values[column], &keys),
        Ok(1),
        "{} {:?}",
        row.table,
        row.values
    );
    Some(answer)
}

#[test]
fn a_change_of_any_value_is_found() {
    let folder = tempfile::tempdir().expect("makes a folder");
    make(folder.path());
    let file = Connection::open(folder.path().join("docket.db")).expect("opens");
    file.execute_batch("PRAGMA synchronous = OFF")
        .expect("sets");
    let look = || {
        Sqlite::open_snapshot(folder.path())
            .ok()
            .and_then(|store| see(&store).ok())
    };
    let before = look().expect("is whole");
    assert!(!is_found(folder.path()), "it is whole");
    let mut flips: BTreeMap<String, usize> = BTreeMap::new();
    for (table, keys, guarded) in TABLES {
        let rows = rows(&file, table, keys);
        assert!(rows.len() > 1, "{table} has rows");
        for (salt, row) in rows.iter().enumerate() {
            for (column, name) in row.columns.iter().enumerate() {
                for new in flipped(&row.values[column], salt + column) {
                    let is_noticed = || {
                        is_found(folder.path())
                            || guarded.contains(&name.as_str()) && look().as_ref() != Some(&before)
                            || table == "seg" && guarded.contains(&name.as_str())
                    };
                    if let Some(noticed) = with(&file, row, column, &new, is_noticed) {
                        assert!(noticed, "{table} {:?}: {name} is {new:?}", row.values);
                        *flips.entry(format!("{table}.{name}")).or_default() += 1;
                    }
                }
            }
        }
    }
    assert_eq!(look().as_ref(), Some(&before), "all is as it was");
    let columns: usize = TABLES.iter().map(|(table, ..)| columns(&file, table)).sum();
    assert_eq!(flips.len(), columns, "every column was changed: {flips:?}");
}

fn columns(file: &Connection, table: &str) -> usize {
    file.prepare(&format!("SELECT * FROM {table}"))
        .expect("prepares")
        .column_count()
}

#[test]
fn a_missing_row_is_found() {
    let folder = tempfile::tempdir().expect("makes a folder");
    make(folder.path());
    let file = Connection::open(folder.path().join("docket.db")).expect("opens");
    let missing = [
        "DELETE FROM meta WHERE k = 'term_key'",
        "DELETE FROM log WHERE id = 1",
        "DELETE FROM batch WHERE log = 1 AND first_seq = 4",
        "DELETE FROM block WHERE log = 1 AND first_seq = 0",
        "DELETE FROM block WHERE log = 2",
        "DELETE FROM seg WHERE id = (SELECT max(id) FROM seg)",
        "DELETE FROM seg WHERE id = (SELECT min(id) FROM seg)",
        "DROP INDEX idem_at",
        "CREATE TABLE extra (x)",
        "CREATE TRIGGER extra AFTER INSERT ON seg BEGIN DELETE FROM record; END",
        "PRAGMA user_version = 7",
        "PRAGMA application_id = 7",
    ];
    for sql in missing {
        let copy = tempfile::tempdir().expect("makes a folder");
        let target = copy.path().join("docket.db");
        file.execute("VACUUM INTO ?", [target.to_str()])
            .expect("copies");
        let damaged = Connection::open(&target).expect("opens");
        damaged
            .execute_batch("PRAGMA journal_mode = WAL")
            .expect("sets");
        assert!(!is_found(copy.path()), "the copy is whole");
        damaged.execute_batch(sql).expect("damages");
        let kept = damaged
            .query_row("PRAGMA user_version", [], |_| Ok(()))
            .optional();
        assert!(kept.is_ok() && is_found(copy.path()), "{sql}");
    }
}

#[test]
fn a_damaged_file_never_shows_another_truth() {
    let folder = tempfile::tempdir().expect("makes a folder");
    make(folder.path());
    let whole = fs::read(folder.path().join("docket.db")).expect("reads");
    let before = see(&Sqlite::open_snapshot(folder.path()).expect("opens")).expect("reads");
    let mut state = 7_usize;
    let mut random = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut found = 0;
    for round in 0..600 {
        let mut damaged = whole.clone();
        // Headers and cell pointers are where a page begins.
        let page = random(whole.len() / 8192) * 8192;
        let place = page
            + if round % 2 == 0 {
                random(8192)
            } else {
                random(120)
            };
        damaged[place] ^= 1 << random(8);
        let copy = tempfile::tempdir().expect("makes a folder");
        fs::write(copy.path().join("docket.db"), damaged).expect("writes");
        let seen = Sqlite::open_snapshot(copy.path())
            .ok()
            .map(|store| see(&store));
        let noticed = is_found(copy.path());
        found += usize::from(noticed);
        if let Some(Ok(seen)) = seen
            && !noticed
        {
            assert_eq!(seen.unguarded(), before.unguarded(), "byte {place}");
        }
        // Whatever it finds, it says so and does not panic.
        if round % 8 < 2
            && let Ok(store) = Sqlite::open(copy.path(), &Options::default())
        {
            let _ = (
                see(&store),
                store.create_log("new", [1; 16]),
                store.new_block(docket_engine::store::LogId(1)),
            );
        }
    }
    assert!(
        found > 20,
        "most of a page is free, but not that much: {found}"
    );
}
