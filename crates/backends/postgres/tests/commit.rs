//! Connections that break: nothing is lost, nothing is written twice, and readers do not notice.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use docket_backends_postgres::{Options, Postgres};
use docket_engine::store::{Expect, RiderRows, Seal, Store, StoreError, Verdict};
use docket_engine::testing::conformance::sample::{
    START_MICROS, acme, append, batch, block, change, head, key, put_body, ride, seal, sealed,
};
use docket_testkit::postgres::Cluster;

/// Ends all connections of stores to the database.
const ALL: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE application_name = 'docket' AND datname = current_database()";

/// Ends one of them.
const ONE: &str = "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity
    WHERE application_name = 'docket' AND datname = current_database() ORDER BY random() LIMIT 1) p";

fn open(cluster: &Cluster) -> (Postgres, String) {
    let database = cluster.create_named();
    let store = Postgres::open(&cluster.url(&database), &Options::default()).expect("opens");
    (store, database)
}

#[test]
fn a_group_whose_connection_ends_changes_nothing() {
    let cluster = Cluster::shared();
    let (store, database) = open(&cluster);
    let log = store.create_log("acme", [1; 16]).expect("makes a log").id;
    append(&store, log, 2).expect("appends");
    let group = store.begin(&[log], &[]).expect("begins");
    cluster.psql(&database, ALL);
    let outcome = group.commit(&[batch(log, 2, 1)], &[], &[head(2, 1)]);
    assert!(
        matches!(
            outcome,
            Err(StoreError::Busy(_) | StoreError::Unavailable(_))
        ),
        "{outcome:?}"
    );
    store.reopen().expect("the server is still there");
    assert_eq!(store.batches(log, 0), Ok(vec![batch(log, 0, 2)]));
    assert_eq!(append(&store, log, 1), Ok(2));
    let rider = change("ann", Expect::Absent, Some(b"1"));
    let group = store.begin(&[log], &[(log, &rider)]).expect("begins");
    cluster.psql(&database, ALL);
    drop(group);
    assert_eq!(ride(&store, log, &rider), Verdict::Holds);
}

#[test]
fn the_databases_clock_is_told() {
    let cluster = Cluster::shared();
    let (store, _) = open(&cluster);
    let log = store.create_log("acme", [1; 16]).expect("makes a log").id;
    let now = || {
        let group = store.begin(&[log], &[]).expect("begins");
        group.now_micros().expect("the database has a clock")
    };
    let first = now();
    assert!(first > START_MICROS);
    assert!(now() > first);
}

#[test]
fn readers_and_writers_go_on_when_connections_end() {
    let cluster = Cluster::shared();
    let (store, database) = open(&cluster);
    let log = store.create_log("acme", [1; 16]).expect("makes a log");
    append(&store, log.id, 1).expect("appends");
    let block = seal(&store, &log, 0, 1, b"body").expect("seals").id;
    let done = AtomicBool::new(false);
    let acknowledged = thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    store.standing(log.id).expect("reads");
                    let contents = store.contents(log.id, None).expect("reads");
                    let held: usize = contents.batches.len();
                    assert_eq!(held as u64 + 1, contents.standing.size);
                    let ranges = std::slice::from_ref(&(0..4));
                    let found = store.read(block, ranges).expect("reads");
                    assert_eq!(found, Some(vec![b"body".to_vec()]));
                }
            });
        }
        let writer = scope.spawn(|| {
            let mut acknowledged = Vec::new();
            while !done.load(Ordering::Relaxed) {
                match append(&store, log.id, 1) {
                    Ok(first) => acknowledged.push(first),
                    Err(StoreError::Busy(_)) => {}
                    Err(StoreError::Unavailable(_)) => store.reopen().expect("reopens"),
                    Err(error) => done_with(&done, &error),
                }
            }
            acknowledged
        });
        for _ in 0..40 {
            cluster.psql(&database, ONE);
        }
        done.store(true, Ordering::Relaxed);
        writer.join().expect("does not panic")
    });
    assert!(acknowledged.len() > 10, "{}", acknowledged.len());
    assert!(
        acknowledged.is_sorted_by(|one, next| one < next),
        "a position was given twice"
    );
    let batches = store.batches(log.id, 0).expect("reads");
    let firsts: Vec<u64> = batches.iter().map(|batch| batch.first).collect();
    assert!(
        firsts.iter().copied().eq(1..=firsts.len() as u64),
        "positions are dense"
    );
    assert!(
        acknowledged.iter().all(|first| firsts.contains(first)),
        "what was acknowledged is there"
    );
    store
        .examine(&mut |problem| assert_eq!(problem.to_string(), ""))
        .expect("looks");
}

fn done_with(done: &AtomicBool, error: &StoreError) {
    done.store(true, Ordering::Relaxed);
    assert_eq!(error.to_string(), "");
}

#[test]
fn a_server_that_comes_back_is_found() {
    let mut cluster = Cluster::with(&[("fsync", "off")]);
    let (store, _) = open(&cluster);
    let log = store.create_log("acme", [1; 16]).expect("makes a log").id;
    append(&store, log, 1).expect("appends");
    cluster.stop_hard();
    let error = store.standing(log).expect_err("nobody is there");
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    assert!(error.to_string().contains("127.0.0.1:"), "{error}");
    let error = append(&store, log, 1).expect_err("nobody is there");
    assert!(matches!(error, StoreError::Busy(_)), "{error}");
    assert!(matches!(store.reopen(), Err(StoreError::Busy(_))));
    cluster.start_again();
    assert_eq!(store.standing(log).map(|standing| standing.size), Ok(1));
    assert_eq!(append(&store, log, 1), Ok(1));
}

/// Stands between a store and its server; when it is told to, it lets a COMMIT through and cuts the connection instead
/// of giving the answer back. Its port.
fn proxy(server: String, cut: Arc<AtomicBool>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("listens");
    let port = listener.local_addr().expect("has a port").port();
    thread::spawn(move || {
        for client in listener.incoming() {
            let client = client.expect("accepts");
            let upstream = TcpStream::connect(&server).expect("connects");
            let (cut, ended) = (Arc::clone(&cut), Arc::new(AtomicBool::new(false)));
            let copies = |stream: &TcpStream| stream.try_clone().expect("copies");
            let (from, to, told) = (copies(&client), copies(&upstream), Arc::clone(&ended));
            thread::spawn(move || {
                pass(from, to, &|bytes| {
                    let is_commit = bytes.windows(7).any(|word| word == b"COMMIT\0");
                    told.fetch_or(is_commit && cut.load(Ordering::Relaxed), Ordering::SeqCst);
                    true
                });
            });
            thread::spawn(move || pass(upstream, client, &|_| !ended.load(Ordering::SeqCst)));
        }
    });
    port
}

/// Passes bytes on for as long as `goes` says so.
fn pass(mut from: TcpStream, mut to: TcpStream, goes: &dyn Fn(&[u8]) -> bool) {
    let mut buffer = [0; 65_536];
    while let Ok(count) = from.read(&mut buffer) {
        let bytes = buffer.get(..count).unwrap_or_default();
        if count == 0 || !goes(bytes) || to.write_all(bytes).is_err() {
            break;
        }
    }
    // Both ends may be gone already.
    let _ = to.shutdown(std::net::Shutdown::Both);
    let _ = from.shutdown(std::net::Shutdown::Both);
}

#[test]
fn a_commit_whose_answer_is_lost_is_found_again() {
    let cluster = Cluster::shared();
    let url = cluster.create_database();
    let (start, rest) = url.split_once('@').expect("has a role");
    let (server, database) = rest.split_once('/').expect("has a database");
    let cut = Arc::new(AtomicBool::new(false));
    let port = proxy(server.to_owned(), Arc::clone(&cut));
    let url = format!("{start}@127.0.0.1:{port}/{database}");
    let store = Postgres::open(&url, &Options::default()).expect("opens");
    let log = store.create_log("acme", [1; 16]).expect("makes a log");
    append(&store, log.id, 1).expect("appends");
    cut.store(true, Ordering::Relaxed);
    let outcome = append(&store, log.id, 2);
    assert!(
        matches!(outcome, Err(StoreError::Unavailable(_))),
        "{outcome:?}"
    );
    let rider = change("ann", Expect::Absent, Some(b"1"));
    let group = store.begin(&[log.id], &[(log.id, &rider)]).expect("begins");
    let heads = group.heads().to_vec();
    let rows = RiderRows {
        log: log.id,
        rider: &rider,
        answer: b"",
    };
    let outcome = group.commit(&[], &[rows], &heads);
    assert!(
        matches!(outcome, Err(StoreError::Unavailable(_))),
        "{outcome:?}"
    );
    let outcome = seal(&store, &log, 0, 1, b"body");
    assert!(
        matches!(outcome, Err(StoreError::Unavailable(_))),
        "{outcome:?}"
    );
    cut.store(false, Ordering::Relaxed);
    store.reopen().expect("reopens");
    assert_eq!(store.batches(log.id, 0), Ok(vec![batch(log.id, 1, 2)]));
    assert_eq!(append(&store, log.id, 1), Ok(3));
    assert_eq!(ride(&store, log.id, &rider), Verdict::Stale(key("ann")));
    assert_eq!(store.blocks(log.id).expect("reads").len(), 1);
}

#[test]
fn parts_that_were_removed_under_a_seal_keep_it_from_being_listed() {
    let cluster = Cluster::shared();
    let (slow, database) = open(&cluster);
    let made = acme(&slow);
    let log = made.id;
    append(&slow, log, 2).expect("appends");
    let id = slow.new_block(log).expect("gives a number");
    put_body(&slow, id, b"body").expect("puts");
    // It never had a claim, or has lost it: another process takes the log for one that nobody works on.
    let other = Postgres::open(&cluster.url(&database), &Options::default()).expect("opens");
    assert!(other.claim(&[log]).expect("claims").has(log));
    let (block, now) = (block(id, log, 0, 2), sealed(&made, 2));
    let seal = Seal {
        blocks: std::slice::from_ref(&block),
        replaces: &[],
        log: &now,
        tiles: &[],
    };
    let outcome = slow.finish_seals(std::slice::from_ref(&seal));
    assert!(matches!(outcome, Err(StoreError::Busy(_))), "{outcome:?}");
    assert_eq!(slow.blocks(log), Ok(Vec::new()));
    assert_eq!(slow.batches(log, 0).map(|batches| batches.len()), Ok(1));
}
