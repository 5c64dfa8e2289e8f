//! How a database becomes a store, and why it may not.

use std::collections::BTreeSet;
use std::thread;

use docket_backends_postgres::{OpenError, Options, Postgres};
use docket_engine::store::Store;
use docket_engine::testing::conformance::sample::{append, seal};
use docket_testkit::postgres::Cluster;

fn open(url: &str) -> Result<Postgres, OpenError> {
    Postgres::open(url, &Options::default())
}

#[test]
fn ten_that_start_at_once_make_one_store() {
    let cluster = Cluster::shared();
    let url = cluster.create_database();
    let identities = thread::scope(|scope| {
        let starts: Vec<_> = (0..10)
            .map(|_| scope.spawn(|| open(&url).expect("opens").identity().clone()))
            .collect();
        let started = starts
            .into_iter()
            .map(|start| start.join().expect("does not panic"));
        started.collect::<Vec<_>>()
    });
    let stores: BTreeSet<_> = identities.iter().map(|one| one.store_id).collect();
    assert_eq!(stores.len(), 1);
}

#[test]
fn what_a_newer_docket_made_is_left_alone() {
    let cluster = Cluster::shared();
    let database = cluster.create_named();
    let url = cluster.url(&database);
    drop(open(&url).expect("makes a store"));
    // Format 2 that this one may read, but not write.
    let store = open(&url).expect("opens");
    raise(&cluster, &database, "format");
    raise(&cluster, &database, "min_writer");
    let error = open(&url).expect_err("it may not write");
    assert!(
        matches!(
            error,
            OpenError::Newer {
                format: 2,
                known: 1,
                ..
            }
        ),
        "{error}"
    );
    Postgres::open_snapshot(&url).expect("it may read");
    store
        .logs()
        .expect("who has it open goes on until it connects again");
    raise(&cluster, &database, "min_reader");
    let error = Postgres::open_snapshot(&url).expect_err("it may not read");
    assert!(error.to_string().contains("newer docket"), "{error}");
}

/// Sets a number of meta to 2, with the checksum that belongs to it.
fn raise(cluster: &Cluster, database: &str, key: &str) {
    let sum = meta_sum(key, 2);
    let sql = format!("UPDATE meta SET v = '\\x0000000000000002', sum = {sum} WHERE k = '{key}'");
    cluster.psql(database, &sql);
}

fn meta_sum(key: &str, value: u64) -> u32 {
    use docket_engine::codec::checksum;
    let column = |state: u32, content: &[u8]| {
        let length = (content.len() as u64).to_be_bytes();
        checksum(&[&state.to_be_bytes(), b"b", &length, content])
    };
    column(
        column(checksum(&[b"meta"]), key.as_bytes()),
        &value.to_be_bytes(),
    )
}

#[test]
fn no_error_shows_the_password() {
    let cluster = Cluster::shared();
    let url = cluster.create_database();
    let (start, end) = url.split_once('@').expect("has a role");
    let (role, right) = start.rsplit_once(':').expect("has a password");
    for (what, address) in [
        ("a wrong one", format!("{role}:hunter2@{end}")),
        ("another database", format!("{role}:{right}@{end}hunter2")),
        ("no server", format!("{role}:hunter2@127.0.0.1:1/docket")),
        (
            "a wrong option",
            format!("{role}:hunter2@{end}?option=hunter2"),
        ),
    ] {
        let error = open(&address).expect_err(what);
        let text = format!("{error} {error:?}");
        assert!(!text.contains(right), "{what}: {text}");
        let named = what == "another database";
        assert!(named || !text.contains("hunter2"), "{what}: {text}");
    }
    let error = open(&format!("{role}:hunter2@{end}")).expect_err("a wrong one");
    assert!(
        error.to_string().contains("password authentication failed"),
        "{error}"
    );
    let error = open("postgres://docket@127.0.0.1:1/docket").expect_err("nobody is there");
    assert!(error.to_string().contains("127.0.0.1:1: "), "{error}");
    assert!(matches!(error, OpenError::Unreachable { .. }), "{error}");
    let store = open(&url).expect("opens");
    assert!(!format!("{store:?}").contains(right));
}

#[test]
fn what_would_lose_acknowledged_events_is_refused() {
    let cluster = Cluster::shared();
    let url = cluster.create_database();
    let unsafe_url = format!("{url}?options=-c%20synchronous_commit%3Doff");
    let error = open(&unsafe_url).expect_err("it does not wait for the disk");
    assert!(
        error.to_string().contains("synchronous_commit is off"),
        "{error}"
    );
    open(&url).expect("it does");
}

#[test]
fn a_password_comes_from_a_file() {
    let cluster = Cluster::shared();
    let url = cluster.create_database();
    let (start, end) = url.split_once('@').expect("has a role");
    let (role, password) = start.rsplit_once(':').expect("has a password");
    let folder = tempfile::tempdir().expect("makes a folder");
    let file = folder.path().join("password");
    std::fs::write(&file, format!("{password}\n")).expect("writes");
    let from_file = format!("{role}@{end}?sslmode=disable&passfile={}", file.display());
    open(&from_file).expect("opens");
    std::fs::remove_file(&file).expect("removes");
    let error = open(&from_file).expect_err("there is no password");
    assert!(
        error.to_string().contains("cannot read passfile"),
        "{error}"
    );
}

#[test]
fn tls_that_is_demanded_is_not_done_without() {
    let cluster = Cluster::shared();
    let url = cluster.create_database();
    let error = open(&format!("{url}?sslmode=require")).expect_err("the server has no TLS");
    assert!(error.to_string().contains("TLS"), "{error}");
    open(&format!("{url}?sslmode=prefer")).expect("opens without");
}

#[test]
fn schemas_of_one_database_are_stores_of_their_own() {
    let cluster = Cluster::shared();
    let database = cluster.create_named();
    cluster.psql(&database, "CREATE SCHEMA one AUTHORIZATION docket");
    let url = cluster.url(&database);
    let in_schema = |path: &str| format!("{url}?options=-c%20search_path%3D{path}");
    let public = open(&url).expect("makes a store");
    let one = open(&in_schema("one,public")).expect("makes another");
    assert_ne!(public.identity(), one.identity());
    public.create_log("acme", [1; 16]).expect("makes a log");
    assert_eq!(one.logs(), Ok(Vec::new()));
    let error = open(&in_schema("nowhere")).expect_err("there is no such schema");
    assert!(error.to_string().contains("schema"), "{error}");
}

#[test]
fn a_place_that_is_not_ours_is_said_to_be() {
    let cluster = Cluster::shared();
    let database = cluster.create_named();
    let url = cluster.url(&database);
    let error = Postgres::open_snapshot(&url).expect_err("it is empty");
    assert!(matches!(error, OpenError::Missing { .. }), "{error}");
    cluster.psql(&database, "CREATE TABLE log (line text)");
    let error = open(&url).expect_err("something else is there");
    assert!(error.to_string().contains("of its own"), "{error}");
    cluster.psql(
        &database,
        "DROP TABLE log; CREATE SCHEMA foreigner; GRANT USAGE ON SCHEMA foreigner TO docket",
    );
    let error = open(&format!("{url}?options=-c%20search_path%3Dforeigner"));
    let error = error.expect_err("the role may not make tables there");
    assert!(error.to_string().contains("OWNER TO"), "{error}");
}

#[test]
fn a_distributed_database_has_its_tables_distributed_by_log() {
    let cluster = Cluster::shared();
    let database = cluster.create_named();
    cluster.psql(
        &database,
        "CREATE TABLE calls (n serial, call text);
         GRANT ALL ON calls TO docket; GRANT ALL ON SEQUENCE calls_n_seq TO docket;
         CREATE FUNCTION create_reference_table(t regclass) RETURNS void LANGUAGE sql AS
           $$ INSERT INTO calls (call) VALUES (format('reference %s', t)) $$;
         CREATE FUNCTION create_distributed_table(t regclass, c text, colocate_with text DEFAULT 'default')
           RETURNS void LANGUAGE sql AS
           $$ INSERT INTO calls (call) VALUES (format('%s by %s with %s', t, c, colocate_with)) $$;
         CREATE FUNCTION citus_total_relation_size(t regclass) RETURNS bigint LANGUAGE sql AS
           $$ SELECT pg_total_relation_size(t) $$;",
    );
    let url = cluster.url(&database);
    let store = open(&url).expect("makes a store");
    drop(open(&url).expect("opens it without making anything"));
    let calls = cluster.psql(&database, "SELECT call FROM calls ORDER BY n");
    let expected = "reference meta\nreference org\nreference ring\nlog by id with default\n\
        head by log with log\nblock by log with log\nseg by log with log\ntile by log with log\n\
        idem by log with log\nbatch_0 by log with log\nbatch_1 by log with log\n\
        batch_2 by log with log\nbatch_3 by log with log\nrecord by org with none";
    assert_eq!(calls, expected);
    let one = store.create_log("one", [1; 16]).expect("makes a log");
    let two = store.create_log("two", [2; 16]).expect("makes a log");
    append(&store, one.id, 2).expect("appends");
    append(&store, two.id, 3).expect("appends");
    let group = store
        .begin(&[one.id, two.id], &[])
        .expect("locks log by log");
    let heads = group.heads().to_vec();
    assert_eq!(
        heads.iter().map(|head| head.size).collect::<Vec<_>>(),
        [2, 3]
    );
    group.commit(&[], &[], &heads).expect("commits");
    seal(&store, &one, 0, 2, b"body").expect("seals");
    store
        .examine(&mut |problem| assert_eq!(problem.to_string(), ""))
        .expect("looks");
}
