//! Rows that somebody changed or removed are found, by a look at the store or by whoever reads them.

use docket_backends_postgres::{Options, Postgres};
use docket_engine::store::{Expect, Idempotency, Store, StoreError};
use docket_engine::testing::conformance::sample::{append, change, ride, seal};
use docket_testkit::postgres::Cluster;

/// What is done to a store of two logs, each with a block of two events, a batch that is sealed and one that is not;
/// and what is said of it.
const DAMAGE: &[(&str, &str)] = &[
    ("DELETE FROM meta WHERE k = 'term_key'", "meta"),
    ("UPDATE meta SET v = '\\x00' WHERE k = 'store_id'", "meta"),
    ("DELETE FROM ring", "ring"),
    ("UPDATE ring SET current = 4", "ring"),
    ("DELETE FROM org WHERE log = 1", "organization"),
    ("UPDATE org SET log = 9 WHERE log = 1", "log 9"),
    (
        "UPDATE log SET frontier = '\\x00' WHERE id = 1",
        "log 1: sum",
    ),
    ("UPDATE log SET sealed = 1 WHERE id = 1", "log 1: sum"),
    ("DELETE FROM log WHERE id = 2", "log 2"),
    ("DELETE FROM head WHERE log = 1", "log 1: is not there"),
    ("UPDATE head SET size = 4 WHERE log = 1", "head 1: sum"),
    (
        "UPDATE head SET next_block = 1 WHERE log = 1",
        "never given out",
    ),
    ("DELETE FROM block WHERE log = 1", "blocks do not end"),
    ("UPDATE block SET n = 1 WHERE log = 1", "block 1, 1: sum"),
    ("DELETE FROM seg WHERE log = 1", "lacks parts"),
    ("UPDATE seg SET data = '\\x00' WHERE log = 1", "lacks parts"),
    ("UPDATE seg SET part = 1 WHERE log = 1", "lacks parts"),
    ("INSERT INTO seg VALUES (9, 1, 0, '')", "log 9"),
    ("INSERT INTO tile VALUES (9, 1, 0, '')", "log 9"),
    (
        "DELETE FROM batch_0 WHERE log = 1 AND first_seq = 2",
        "is at",
    ),
    (
        "INSERT INTO batch_1 SELECT * FROM batch_0",
        "more than once",
    ),
    (
        "UPDATE batch_0 SET first_seq = 3 WHERE first_seq = 2",
        "batch 1, 3",
    ),
    ("UPDATE record SET value = '\\x00'", "record"),
    ("UPDATE idem SET answer = '\\x00'", "idem"),
];

#[test]
fn damage_is_found() {
    let cluster = Cluster::shared();
    for (sql, expected) in DAMAGE {
        let database = cluster.create_named();
        let store = Postgres::open(&cluster.url(&database), &Options::default()).expect("opens");
        fill(&store);
        let clean = found(&store).expect("looks");
        assert!(clean.is_empty(), "{clean:?}");
        cluster.psql(&database, sql);
        let problems = match found(&store) {
            Ok(problems) => problems,
            Err(StoreError::Corrupt(problem)) => vec![problem.to_string()],
            Err(error) => vec![format!("{sql}: {error}")],
        };
        assert!(
            problems.iter().any(|problem| problem.contains(expected)),
            "{sql}: {problems:?}"
        );
    }
}

#[test]
fn damage_is_no_answer() {
    let cluster = Cluster::shared();
    let database = cluster.create_named();
    let store = Postgres::open(&cluster.url(&database), &Options::default()).expect("opens");
    fill(&store);
    let log = store.logs().expect("reads").first().expect("two").id;
    let block = store.blocks(log).expect("reads").first().expect("one").id;
    cluster.psql(&database, "UPDATE seg SET data = substring(data FOR 2)");
    cluster.psql(
        &database,
        "UPDATE head SET recorded_micros = 1; UPDATE log SET sealed = 0",
    );
    cluster.psql(
        &database,
        "UPDATE record SET version = 7; UPDATE block SET first_seq = 1",
    );
    assert!(matches!(
        store.read(block, &[0..2, 0..4]),
        Err(StoreError::Corrupt(_))
    ));
    assert!(matches!(store.standing(log), Err(StoreError::Corrupt(_))));
    assert!(matches!(
        store.begin(&[log], &[]).err(),
        Some(StoreError::Corrupt(_))
    ));
    assert!(matches!(store.logs(), Err(StoreError::Corrupt(_))));
    assert!(matches!(
        store.contents(log, None),
        Err(StoreError::Corrupt(_))
    ));
    assert!(matches!(store.blocks(log), Err(StoreError::Corrupt(_))));
    assert!(matches!(store.block(block), Err(StoreError::Corrupt(_))));
    assert!(matches!(
        store.records("acme", "member"),
        Err(StoreError::Corrupt(_))
    ));
}

fn fill(store: &Postgres) {
    for org in ["one", "two"] {
        let log = store.create_log(org, [1; 16]).expect("makes a log");
        append(store, log.id, 2).expect("appends");
        append(store, log.id, 1).expect("appends");
        seal(store, &log, 0, 2, b"body").expect("seals");
        let mut rider = change(org, Expect::Absent, Some(b"value"));
        rider.idempotency = Some(Idempotency {
            token: "token".to_owned(),
            key: "key".to_owned(),
            body_hash: [1; 32],
            at_micros: 0,
        });
        ride(store, log.id, &rider);
    }
}

fn found(store: &Postgres) -> Result<Vec<String>, StoreError> {
    let mut problems = Vec::new();
    store.examine(&mut |problem| problems.push(problem.to_string()))?;
    Ok(problems)
}
