//! Who may open which folder, and what the others see.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use docket_backends_sqlite::{OpenError, Options, Sqlite};
use docket_engine::Random;
use docket_engine::store::{BlockId, Part, Store, StoreError};
use docket_engine::testing::conformance::sample;
use rusqlite::Connection;

fn open(folder: &Path) -> Sqlite {
    Sqlite::open(folder, &Options::default()).expect("opens")
}

fn bytes(folder: &Path, name: &str) -> u64 {
    fs::metadata(folder.join(name)).map_or(0, |file| file.len())
}

#[test]
fn one_process_owns_a_folder() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let store = open(folder.path());
    let error = Sqlite::open(folder.path(), &Options::default()).expect_err("is owned");
    assert!(matches!(error, OpenError::Locked { .. }));
    let text = error.to_string();
    let named = text.contains(&folder.path().display().to_string());
    assert!(named && text.contains("docket serve"), "{text}");
    sample::acme(&store);
    drop(store);
    assert_eq!(open(folder.path()).logs().expect("reads").len(), 1);
}

#[test]
fn others_cannot_read_the_files() {
    let parent = tempfile::tempdir().expect("makes a folder");
    let folder = parent.path().join("a/b");
    let store = open(&folder);
    sample::acme(&store);
    let mode = |path: &Path| fs::metadata(path).expect("is there").permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for file in ["docket.db", "docket.db-wal", "docket.db-shm", "lock"] {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
}

#[test]
fn a_new_store_has_an_identity_of_its_own() {
    struct Sevens;
    impl Random for Sevens {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }
    let folders = [(); 3].map(|()| tempfile::tempdir().expect("makes a folder"));
    let given = Options {
        random: Arc::new(Sevens),
        ..Options::default()
    };
    let store = Sqlite::open(folders[0].path(), &given).expect("opens");
    assert_eq!(
        (store.identity().store_id, store.identity().term_key),
        ([7; 16], [7; 16])
    );
    let (one, two) = (open(folders[1].path()), open(folders[2].path()));
    assert_ne!(one.identity(), two.identity());
    assert_ne!(one.identity().store_id, one.identity().term_key);
}

#[test]
fn a_snapshot_sees_one_moment() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let store = open(folder.path());
    let log = sample::acme(&store);
    sample::append(&store, log.id, 2).expect("appends");
    let sealed = sample::seal(&store, &log, 0, 1, b"sealed").expect("seals");
    let snapshot = Sqlite::open_snapshot(folder.path()).expect("opens beside the owner");
    let see = |store: &Sqlite| {
        let batches = store.batches(log.id, 0).expect("reads");
        let blocks = store.blocks(log.id).expect("reads");
        let body = store
            .read(sealed.id, std::slice::from_ref(&(0..6)))
            .expect("reads");
        (store.logs().expect("reads"), batches, blocks, body)
    };
    let before = see(&snapshot);
    assert_eq!((&before, before.3.is_some()), (&see(&store), true));
    sample::append(&store, log.id, 3).expect("appends");
    sample::seal(&store, &log, 1, 1, b"more").expect("seals");
    store.create_log("other", [1; 16]).expect("makes");
    assert_eq!(see(&snapshot), before);
    assert_ne!(see(&store), before);
    snapshot
        .examine(&mut |problem| panic!("{problem}"))
        .expect("looks");
    drop(store);
    assert_eq!(see(&snapshot), before, "even when the owner is gone");
    let later = Sqlite::open_snapshot(folder.path()).expect("opens without an owner");
    assert_eq!(later.logs().expect("reads").len(), 2);
    later
        .examine(&mut |problem| panic!("{problem}"))
        .expect("looks");
}

#[test]
fn a_snapshot_writes_nothing() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let log = sample::acme(&open(folder.path()));
    let snapshot = Sqlite::open_snapshot(folder.path()).expect("opens");
    let row = sample::block(BlockId(1), log.id, 0, 1);
    let (now, id) = (sample::sealed(&log, 1), BlockId(1));
    let seal = docket_engine::store::Seal {
        blocks: std::slice::from_ref(&row),
        replaces: &[],
        log: &now,
        tiles: &[],
    };
    let answers = [
        snapshot.create_log("acme", [0; 16]).map(drop),
        snapshot.begin(&[], &[]).map(drop),
        snapshot.new_block(log.id).map(drop),
        snapshot.put_parts(&[Part {
            block: id,
            part: 0,
            data: b"",
        }]),
        snapshot.finish_seals(std::slice::from_ref(&seal)),
        snapshot.reopen(),
        snapshot.set_page_limit(1),
    ];
    for answer in answers {
        assert_eq!(
            answer,
            Err(StoreError::Unavailable("opened read-only".to_owned()))
        );
    }
}

#[test]
fn there_is_no_snapshot_of_nothing() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let missing = || Sqlite::open_snapshot(folder.path()).expect_err("holds no store");
    assert!(matches!(missing(), OpenError::Missing { .. }));
    fs::write(folder.path().join("docket.db"), b"").expect("writes");
    assert!(matches!(missing(), OpenError::Missing { .. }));
    assert!(matches!(
        Sqlite::open_snapshot(&folder.path().join("nowhere")),
        Err(OpenError::Missing { .. })
    ));
    drop(open(folder.path()));
    Sqlite::open_snapshot(folder.path()).expect("opens what was made");
}

/// Changes a number of meta, sum and all, as a newer binary would.
fn set_meta(folder: &Path, key: &str, value: u64) {
    let value = value.to_be_bytes();
    let cells: [(&[u8], &[u8]); 2] = [(b"t", key.as_bytes()), (b"b", &value)];
    let sum = cells.iter().fold(crc(&[b"meta"]), |sum, (tag, content)| {
        let length = (content.len() as u64).to_be_bytes();
        crc(&[&sum.to_be_bytes(), tag, &length, content])
    });
    let file = Connection::open(folder.join("docket.db")).expect("opens");
    let sql = "UPDATE meta SET v = ?, sum = ? WHERE k = ?";
    assert_eq!(file.execute(sql, (&value, sum, key)).expect("updates"), 1);
}

fn crc(pieces: &[&[u8]]) -> u32 {
    docket_engine::codec::checksum(pieces)
}

#[test]
fn a_newer_format_is_refused_unless_it_allows() {
    let folder = tempfile::tempdir().expect("makes a folder");
    sample::acme(&open(folder.path()));
    let both = || {
        let own = Sqlite::open(folder.path(), &Options::default()).map(drop);
        (own, Sqlite::open_snapshot(folder.path()).map(drop))
    };
    set_meta(folder.path(), "format", 3);
    let file = Connection::open(folder.path().join("docket.db")).expect("opens");
    file.execute_batch("PRAGMA user_version = 3; CREATE TABLE later (x); DROP INDEX idem_at;")
        .expect("updates");
    drop(file);
    let (own, snapshot) = both();
    own.expect("a newer writer may allow older ones to write");
    snapshot.expect("and to read");
    set_meta(folder.path(), "min_writer", 2);
    let (own, snapshot) = both();
    let error = own.expect_err("is too old to write");
    assert!(matches!(
        error,
        OpenError::Newer {
            format: 3,
            known: 1,
            ..
        }
    ));
    assert!(error.to_string().contains("newer docket"), "{error}");
    snapshot.expect("may still read");
    set_meta(folder.path(), "min_reader", 2);
    let (own, snapshot) = both();
    assert!(matches!(own, Err(OpenError::Newer { .. })));
    assert!(matches!(snapshot, Err(OpenError::Newer { .. })));
}

#[test]
fn the_file_of_another_program_is_left_alone() {
    for content in [
        "CREATE TABLE t (x)",
        "PRAGMA user_version = 1",
        "PRAGMA application_id = 9; CREATE TABLE t (x)",
    ] {
        let folder = tempfile::tempdir().expect("makes a folder");
        let path = folder.path().join("docket.db");
        Connection::open(&path)
            .expect("opens")
            .execute_batch(content)
            .expect("writes");
        let own = Sqlite::open(folder.path(), &Options::default());
        assert!(
            matches!(own, Err(OpenError::Corrupt { .. })),
            "{content}: {own:?}"
        );
        let snapshot = Sqlite::open_snapshot(folder.path());
        assert!(
            matches!(snapshot, Err(OpenError::Corrupt { .. })),
            "{content}: {snapshot:?}"
        );
    }
    let folder = tempfile::tempdir().expect("makes a folder");
    fs::write(
        folder.path().join("docket.db"),
        "not a database at all ".repeat(1_000),
    )
    .expect("writes");
    let own = Sqlite::open(folder.path(), &Options::default());
    assert!(matches!(own, Err(OpenError::Corrupt { .. })), "{own:?}");
}

#[test]
fn closing_leaves_one_file() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let store = open(folder.path());
    let log = sample::acme(&store);
    sample::append(&store, log.id, 100).expect("appends");
    assert!(bytes(folder.path(), "docket.db-wal") > 0);
    drop(store);
    assert_eq!(bytes(folder.path(), "docket.db-wal"), 0);
    // While somebody reads, the file of the write-ahead log stays and is empty.
    let store = open(folder.path());
    sample::append(&store, log.id, 100).expect("appends");
    store.reopen().expect("reopens");
    assert_eq!(bytes(folder.path(), "docket.db-wal"), 0);
}

#[test]
fn the_write_ahead_log_does_not_grow_for_ever() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let store = open(folder.path());
    let part = sample::pattern(store.part_bytes());
    let block = store
        .new_block(docket_engine::store::LogId(1))
        .expect("gives a number");
    // 400 MiB; a checkpoint is due every 32.
    for number in 0..400 {
        if number % 10 == 0 {
            // Where processors are few, the thread that makes checkpoints gets its turn.
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        store
            .put_parts(&[Part {
                block,
                part: 0,
                data: &part,
            }])
            .expect("puts");
    }
    let longest = bytes(folder.path(), "docket.db-wal");
    println!("{longest}");
    assert!(longest < 256 << 20, "{longest} bytes");
}

#[test]
fn what_a_dead_process_left_is_found() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let store = open(folder.path());
    let log = sample::acme(&store);
    sample::append(&store, log.id, 5).expect("appends");
    let copy = tempfile::tempdir().expect("makes a folder");
    for file in ["docket.db", "docket.db-wal"] {
        fs::copy(folder.path().join(file), copy.path().join(file)).expect("copies");
    }
    assert!(bytes(copy.path(), "docket.db-wal") > 0);
    let survivor = open(copy.path());
    assert_eq!(survivor.batches(log.id, 0), store.batches(log.id, 0));
    assert_eq!(sample::append(&survivor, log.id, 1), Ok(5));
}

#[test]
fn a_poisoned_writer_reads_on_and_recovers() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let store = open(folder.path());
    let log = sample::acme(&store);
    sample::append(&store, log.id, 5).expect("appends");
    // What a failing disk does to a commit cannot be had from SQLite by asking; a table that is gone can.
    let other = Connection::open(folder.path().join("docket.db")).expect("opens");
    other
        .execute_batch("ALTER TABLE batch RENAME TO elsewhere")
        .expect("renames");
    let error = sample::append(&store, log.id, 1).expect_err("has no table");
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    other
        .execute_batch("ALTER TABLE elsewhere RENAME TO batch")
        .expect("renames");
    let error = sample::append(&store, log.id, 1).expect_err("must be reopened");
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert_eq!(store.batches(log.id, 0).expect("reads on").len(), 1);
    drop(other);
    store.reopen().expect("reopens");
    assert_eq!(sample::append(&store, log.id, 1), Ok(5));
}
