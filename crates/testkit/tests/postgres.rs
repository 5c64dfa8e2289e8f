//! The temporary PostgreSQL is what the tests that use it believe it is.

use docket_testkit::postgres::Cluster;

const QUICK: &[(&str, &str)] = &[("fsync", "off")];

#[test]
fn a_database_is_empty_and_its_owner_has_no_rights_beyond_it() {
    let cluster = Cluster::shared();
    let database = cluster.create_named();
    let other = cluster.create_named();
    assert_ne!(database, other);
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(cluster.psql(&database, tables), "0");
    let rights = "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication FROM pg_roles \
                  WHERE rolname = 'docket'";
    assert_eq!(cluster.psql(&database, rights), "f|f|f|f");
    let made = "SELECT pg_encoding_to_char(encoding), datcollate FROM pg_database \
                WHERE datname = current_database()";
    assert_eq!(cluster.psql(&database, made), "UTF8|C");
    assert_eq!(cluster.psql(&database, "SHOW unix_socket_directories"), "");
}

#[test]
fn commits_are_durable_unless_a_setting_says_otherwise() {
    let cluster = Cluster::start();
    assert_eq!(cluster.psql("postgres", "SHOW fsync"), "on");
}

#[test]
fn what_was_committed_is_there_after_a_hard_stop() {
    let mut cluster = Cluster::start();
    let database = cluster.create_named();
    cluster.psql(&database, "CREATE TABLE t AS SELECT 7 AS n");
    let url = cluster.url(&database);
    cluster.stop_hard();
    cluster.start_again();
    assert_eq!(cluster.url(&database), url);
    assert_eq!(cluster.psql(&database, "SELECT n FROM t"), "7");
}

#[test]
fn a_promoted_standby_has_what_was_committed_and_takes_more() {
    let mut primary = Cluster::with(QUICK);
    let standby = primary.standby();
    let database = primary.create_named();
    primary.psql(&database, "CREATE TABLE t AS SELECT 7 AS n");
    primary.stop_hard();
    standby.promote();
    standby.psql(&database, "INSERT INTO t VALUES (8)");
    assert_eq!(standby.psql(&database, "SELECT sum(n) FROM t"), "15");
    let url = primary.url_with(&standby, &database);
    assert!(url.ends_with(&format!("/{database}?target_session_attrs=read-write")));
}

#[test]
fn a_cluster_leaves_nothing_behind() {
    let cluster = Cluster::with(QUICK);
    let folder = cluster.psql("postgres", "SHOW data_directory");
    assert!(std::path::Path::new(&folder).exists());
    drop(cluster);
    assert!(!std::path::Path::new(&folder).exists());
}

#[test]
fn a_cluster_outlives_the_thread_that_started_it() {
    let cluster = std::thread::spawn(|| Cluster::with(QUICK)).join();
    let cluster = cluster.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    assert_eq!(cluster.psql("postgres", "SELECT 1"), "1");
}

#[test]
fn connections_that_nobody_has_are_not_cut() {
    let cluster = Cluster::shared();
    let database = cluster.create_named();
    assert_eq!(cluster.terminate(&database, 3), 0);
}
