//! The room that rows take, and what happens when there is no more.

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use docket_backends_sqlite::{Options, Sqlite};
use docket_engine::store::{
    BlockId, Expect, LogId, Part, RiderRows, Seal, Store, StoreError, Verdict,
};
use docket_engine::testing::conformance::sample;
use rusqlite::Connection;

fn open(folder: &Path) -> Sqlite {
    Sqlite::open(folder, &Options::default()).expect("opens")
}

fn attach(folder: &Path) -> Connection {
    Connection::open(folder.join("docket.db")).expect("opens")
}

fn number(connection: &Connection, sql: &str) -> i64 {
    connection
        .query_row(sql, [], |row| row.get(0))
        .expect("answers")
}

/// Pages of a table, by kind.
fn pages(connection: &Connection, table: &str, kind: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM dbstat WHERE name = '{table}' AND pagetype = '{kind}'");
    number(connection, &sql)
}

#[test]
fn a_slice_fills_a_page() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let store = open(folder.path());
    let part = sample::pattern(store.part_bytes());
    assert!(
        part.len() <= 1 << 20,
        "one commit writes at most 1 MiB of a body"
    );
    for _ in 0..3 {
        let block = store
            .new_block(docket_engine::store::LogId(1))
            .expect("gives a number");
        for number in 0..4 {
            store
                .put_parts(&[Part {
                    block,
                    part: number,
                    data: &part,
                }])
                .expect("puts");
        }
    }
    let reader = attach(folder.path());
    let slices = number(&reader, "SELECT count(*) FROM seg");
    assert_eq!(pages(&reader, "seg", "overflow"), 0);
    assert_eq!(pages(&reader, "seg", "leaf"), slices, "one slice a page");
    let longest = number(&reader, "SELECT max(length(data)) FROM seg");
    drop(reader);
    drop(store);
    // One byte more would need a second page: the number is the best there is.
    let writer = attach(folder.path());
    let longer = format!(
        "UPDATE seg SET data = zeroblob({longest} + 1) WHERE id = (SELECT max(id) FROM seg)"
    );
    writer.execute(&longer, []).expect("updates");
    assert_eq!(pages(&writer, "seg", "overflow"), 1);
    // However large the number of the block is.
    let last =
        format!("INSERT INTO seg (id, data) VALUES (0x7fffffffffffffff, zeroblob({longest}))");
    writer.execute(&last, []).expect("inserts");
    assert_eq!(pages(&writer, "seg", "overflow"), 1);
}

fn fill(store: &Sqlite, log: LogId) -> StoreError {
    let errors = (0..10_000).find_map(|_| sample::append(store, log, 10).err());
    errors.expect("there is not always more room")
}

#[test]
fn a_full_disk_is_busy_until_there_is_room() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let store = open(folder.path());
    let log = sample::acme(&store);
    sample::append(&store, log.id, 1).expect("appends");
    store.set_page_limit(200).expect("sets");
    assert!(matches!(fill(&store, log.id), StoreError::Busy(_)));
    let size = |store: &Sqlite| store.begin(&[log.id], &[]).expect("begins").heads()[0].size;
    let (before, batches) = (size(&store), store.batches(log.id, 0).expect("reads"));
    assert!(before > 1_000 && batches.len() > 100);
    // Small rows may still find room in pages that are not full: none of them is torn.
    let block = store.new_block(log.id);
    assert!(
        matches!(block, Ok(_) | Err(StoreError::Busy(_))),
        "{block:?}"
    );
    for attempt in 0..3 {
        let part = vec![0; store.part_bytes()];
        let put = store.put_parts(&[Part {
            block: block.clone().unwrap_or(BlockId(1)),
            part: 0,
            data: &part,
        }]);
        assert!(
            matches!(put, Err(StoreError::Busy(_) | StoreError::Corrupt(_))),
            "{put:?}"
        );
        let rider = sample::change("ann", Expect::Absent, Some(&vec![0; 100_000]));
        let group = store.begin(&[log.id], &[(log.id, &rider)]).expect("begins");
        assert_eq!(
            group.verdicts(),
            [Verdict::Holds],
            "attempt {attempt} wrote nothing before"
        );
        let rows = RiderRows {
            log: log.id,
            rider: &rider,
            answer: b"",
        };
        let heads = group.heads().to_vec();
        assert!(matches!(
            group.commit(&[], &[rows], &heads),
            Err(StoreError::Busy(_))
        ));
        assert!(matches!(fill(&store, log.id), StoreError::Busy(_)));
    }
    assert_eq!(store.record(&sample::key("ann")), Ok(None));
    let whole = store.batches(log.id, 0).expect("goes on reading");
    assert!(whole.starts_with(&batches));
    let before = size(&store);
    store.set_page_limit(u32::MAX >> 1).expect("sets");
    assert_eq!(
        sample::append(&store, log.id, 10).expect("goes on where it was"),
        before
    );
    store
        .examine(&mut |problem| panic!("{problem}"))
        .expect("looks");
    drop(store);
    let store = open(folder.path());
    assert_eq!(size(&store), before + 10);
}

#[test]
fn room_is_used_again() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let mut sizes = Vec::new();
    for _ in 0..4 {
        let store = open(folder.path());
        let block = store
            .new_block(docket_engine::store::LogId(1))
            .expect("gives a number");
        store
            .put_parts(&[Part {
                block,
                part: 0,
                data: &sample::pattern(store.part_bytes()),
            }])
            .expect("puts");
        drop(store);
        sizes.push(
            folder
                .path()
                .join("docket.db")
                .metadata()
                .expect("is there")
                .len(),
        );
    }
    assert_eq!(
        sizes[1..].iter().max(),
        sizes[1..].iter().min(),
        "what nobody finished is removed"
    );
}

/// How long closing may take at most; it takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn a_store_closes_whose_write_ahead_log_is_long_and_copied() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let options = Options {
        checkpoint_pages: 1,
        ..Options::default()
    };
    let store = Sqlite::open(folder.path(), &options).expect("opens");
    let log = sample::acme(&store);
    // While there is a reader, it cannot start over.
    let reader = Sqlite::open_snapshot(folder.path()).expect("opens");
    for _ in 0..8 {
        sample::append(&store, log.id, 1).expect("appends");
    }
    drop(reader);
    sample::append(&store, log.id, 1).expect("appends");
    let (closed, wait) = mpsc::channel();
    std::thread::spawn(move || {
        drop(store);
        closed.send(()).expect("is waited for");
    });
    wait.recv_timeout(PATIENCE).expect("closes");
}

#[test]
fn what_is_sealed_or_replaced_is_removed() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let store = open(folder.path());
    let log = sample::acme(&store);
    for _ in 0..600 {
        sample::append(&store, log.id, 1).expect("appends");
    }
    let old = sample::seal(&store, &log, 0, 599, &sample::pattern(9 << 20)).expect("seals");
    let new = sample::block(
        store.new_block(log.id).expect("gives a number"),
        log.id,
        0,
        599,
    );
    sample::put_body(&store, new.id, b"new").expect("puts");
    let (now, replaces) = (sample::sealed(&log, 599), [old.id]);
    let seal = Seal {
        blocks: std::slice::from_ref(&new),
        replaces: &replaces,
        log: &now,
        tiles: &[],
    };
    store
        .finish_seals(std::slice::from_ref(&seal))
        .expect("finishes");
    // Closing may come before the removal; opening finishes it.
    drop(store);
    drop(open(folder.path()));
    let file = attach(folder.path());
    assert_eq!(
        number(&file, "SELECT count(*) FROM batch"),
        1,
        "the one that is not sealed"
    );
    assert_eq!(
        number(&file, "SELECT count(*) FROM seg"),
        1,
        "the new block's"
    );
}
