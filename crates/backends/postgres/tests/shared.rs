//! Several processes over one database; a store that is opened once more is one of them.

use std::sync::Arc;
use std::thread;

use docket_backends_postgres::{Options, Postgres};
use docket_engine::store::{Expect, LogId, Seal, Standing, Store, StoreError, Verdict};
use docket_engine::testing::conformance::sample::{
    append, batch, block, change, put_body, ride, seal, sealed,
};
use docket_testkit::postgres::Cluster;

fn open(url: &str) -> Arc<Postgres> {
    Arc::new(Postgres::open(url, &Options::default()).expect("opens"))
}

#[test]
fn positions_are_given_once() {
    const EACH: usize = 50;
    let cluster = Cluster::shared();
    let url = cluster.create_database();
    let stores: Vec<_> = (0..4).map(|_| open(&url)).collect();
    let logs = |store: &Postgres| {
        ["one", "two"].map(|org| store.create_log(org, [1; 16]).expect("makes").id)
    };
    thread::scope(|scope| {
        for store in &stores {
            scope.spawn(move || {
                let [one, two] = logs(store);
                for turn in 0..EACH {
                    let log = if turn % 2 == 0 { one } else { two };
                    let first = append(&**store, log, 1).expect("appends");
                    let standing = store.standing(log).expect("reads");
                    assert!(standing.size > first, "what is acknowledged is read");
                }
            });
        }
    });
    for log in stores.first().map(|store| logs(store)).expect("four") {
        let found = stores.last().expect("four").batches(log, 0).expect("reads");
        let firsts: Vec<u64> = found.iter().map(|batch| batch.first).collect();
        assert!(firsts.into_iter().eq(0..(4 * EACH / 2) as u64));
    }
}

#[test]
fn contents_are_what_is_not_known() {
    let cluster = Cluster::shared();
    let url = cluster.create_database();
    let (ours, theirs) = (open(&url), open(&url));
    let log = ours.create_log("acme", [1; 16]).expect("makes a log");
    let empty = Standing {
        size: 0,
        version: 0,
    };
    assert_eq!(theirs.standing(log.id), Ok(empty));
    for _ in 0..3 {
        append(&*ours, log.id, 2).expect("appends");
    }
    let contents = theirs.contents(log.id, Some(empty)).expect("reads");
    assert_eq!(
        contents.standing,
        Standing {
            size: 6,
            version: 0
        }
    );
    assert_eq!((contents.blocks, contents.batches.len()), (None, 3));
    let known = Some(Standing {
        size: 4,
        version: 0,
    });
    let contents = theirs.contents(log.id, known).expect("reads");
    assert_eq!(contents.batches, [batch(log.id, 4, 2)]);
    seal(&*ours, &log, 0, 4, b"body").expect("seals");
    let contents = theirs.contents(log.id, known).expect("reads");
    assert_eq!(
        contents.standing,
        Standing {
            size: 6,
            version: 1
        }
    );
    assert_eq!(contents.log, sealed(&log, 4));
    assert_eq!(contents.blocks.map(|blocks| blocks.len()), Some(1));
    let all = theirs.contents(log.id, None).expect("reads");
    assert_eq!(
        (all.blocks.map(|blocks| blocks.len()), all.batches.len()),
        (Some(1), 1)
    );
    assert!(theirs.contents(LogId(log.id.0 + 1), None).is_err());
    assert!(theirs.standing(LogId(log.id.0 + 1)).is_err());
    let found = theirs.log_of("acme").expect("reads");
    assert_eq!(found, Some(sealed(&log, 4)));
    assert_eq!(theirs.log_of("acme2"), Ok(None));
}

#[test]
fn a_claim_is_one_processes() {
    let cluster = Cluster::shared();
    let url = cluster.create_database();
    let (ours, theirs) = (open(&url), open(&url));
    let one = ours.create_log("one", [1; 16]).expect("makes a log").id;
    let two = ours.create_log("two", [1; 16]).expect("makes a log").id;
    let claim = ours.claim(&[one]).expect("claims");
    assert!(claim.has(one) && !claim.has(two));
    let other = theirs.claim(&[one, two]).expect("claims");
    assert!(!other.has(one) && other.has(two));
    drop(claim);
    assert!(!other.has(one));
    drop(other);
    let other = theirs.claim(&[one, two]).expect("claims");
    assert!(other.has(one) && other.has(two));
    drop(other);
    // A process that ends gives back what it had.
    std::mem::forget(theirs.claim(&[one]).expect("claims"));
    drop(theirs);
    let freed = (0..2_000).any(|_| ours.claim(&[one]).expect("claims").has(one));
    assert!(freed);
}

#[test]
fn a_seal_that_others_were_faster_with_is_busy() {
    let cluster = Cluster::shared();
    let url = cluster.create_database();
    let (ours, theirs) = (open(&url), open(&url));
    let log = ours.create_log("acme", [1; 16]).expect("makes a log");
    append(&*ours, log.id, 4).expect("appends");
    let late = block(
        ours.new_block(log.id).expect("gives a number"),
        log.id,
        0,
        2,
    );
    put_body(&*ours, late.id, b"late").expect("puts");
    let one = seal(&*theirs, &log, 0, 2, b"one").expect("seals");
    let now = sealed(&log, 2);
    let stale = Seal {
        blocks: std::slice::from_ref(&late),
        replaces: &[],
        log: &now,
        tiles: &[],
    };
    let outcome = ours.finish_seals(std::slice::from_ref(&stale));
    assert!(matches!(outcome, Err(StoreError::Busy(_))), "{outcome:?}");
    let two = seal(&*theirs, &log, 2, 2, b"two").expect("seals");
    let now = sealed(&log, 4);
    let merged = block(
        ours.new_block(log.id).expect("gives a number"),
        log.id,
        0,
        4,
    );
    put_body(&*ours, merged.id, b"merged").expect("puts");
    let merge = Seal {
        blocks: std::slice::from_ref(&merged),
        replaces: &[one.id, two.id],
        log: &now,
        tiles: &[],
    };
    ours.finish_seals(std::slice::from_ref(&merge))
        .expect("merges");
    let again = block(
        theirs.new_block(log.id).expect("gives a number"),
        log.id,
        0,
        4,
    );
    put_body(&*theirs, again.id, b"again").expect("puts");
    let again = Seal {
        blocks: std::slice::from_ref(&again),
        ..merge.clone()
    };
    let outcome = theirs.finish_seals(std::slice::from_ref(&again));
    assert!(matches!(outcome, Err(StoreError::Busy(_))), "{outcome:?}");
    assert_eq!(theirs.blocks(log.id).expect("reads").len(), 1);
    assert_eq!(theirs.standing(log.id).expect("reads").version, 3);
}

#[test]
fn what_others_are_writing_is_not_removed() {
    let cluster = Cluster::shared();
    let url = cluster.create_database();
    let ours = open(&url);
    let log = ours.create_log("acme", [1; 16]).expect("makes a log");
    append(&*ours, log.id, 1).expect("appends");
    let block = block(
        ours.new_block(log.id).expect("gives a number"),
        log.id,
        0,
        1,
    );
    let claim = ours.claim(&[log.id]).expect("claims");
    put_body(&*ours, block.id, b"body").expect("puts");
    let theirs = open(&url);
    let now = sealed(&log, 1);
    let seal = Seal {
        blocks: std::slice::from_ref(&block),
        replaces: &[],
        log: &now,
        tiles: &[],
    };
    ours.finish_seals(std::slice::from_ref(&seal))
        .expect("its parts are there");
    drop(claim);
    assert!(theirs.block(block.id).expect("reads").is_some());
}

#[test]
fn a_record_is_changed_by_one() {
    let cluster = Cluster::shared();
    let url = cluster.create_database();
    let stores: Vec<_> = (0..4).map(|_| open(&url)).collect();
    // Each over a log of its own, so that only the record keeps them apart.
    let held = thread::scope(|scope| {
        let rides: Vec<_> = (0_u8..)
            .zip(&stores)
            .map(|(number, store)| {
                scope.spawn(move || {
                    let log = store
                        .create_log(&format!("org{number}"), [number; 16])
                        .expect("makes")
                        .id;
                    let rides = (1..=20).map(|version| {
                        let expect = match version {
                            1 => Expect::Absent,
                            version => Expect::Version(version - 1),
                        };
                        ride(&**store, log, &change("ann", expect, Some(&[number])))
                    });
                    rides.filter(|verdict| *verdict == Verdict::Holds).count()
                })
            })
            .collect();
        rides
            .into_iter()
            .map(|ride| ride.join().expect("does not panic"))
            .sum::<usize>()
    });
    let first = stores.first().expect("four");
    let record = first.record(&docket_engine::testing::conformance::sample::key("ann"));
    let version = record.expect("reads").map_or(0, |record| record.version);
    assert_eq!(version, held as u64, "each change made one version");
}

#[test]
fn a_snapshot_stays_as_it_was() {
    let cluster = Cluster::shared();
    let url = cluster.create_database();
    let store = open(&url);
    let log = store.create_log("acme", [1; 16]).expect("makes a log");
    append(&*store, log.id, 2).expect("appends");
    let snapshot = Postgres::open_snapshot(&url).expect("opens");
    append(&*store, log.id, 1).expect("appends");
    seal(&*store, &log, 0, 3, b"body").expect("seals");
    assert_eq!(snapshot.identity(), store.identity());
    assert_eq!(snapshot.batches(log.id, 0), Ok(vec![batch(log.id, 0, 2)]));
    assert_eq!(snapshot.blocks(log.id), Ok(Vec::new()));
    let contents = snapshot.contents(log.id, None).expect("reads");
    assert_eq!((contents.standing.size, contents.log), (2, log.clone()));
    assert!(snapshot.create_log("other", [1; 16]).is_err());
    assert!(snapshot.begin(&[log.id], &[]).is_err());
    snapshot
        .examine(&mut |problem| assert_eq!(problem.to_string(), ""))
        .expect("looks");
}
