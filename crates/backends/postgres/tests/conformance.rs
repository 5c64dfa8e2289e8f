//! PostgreSQL keeps the promises of the store.

use std::sync::Arc;

use docket_backends_postgres::{Options, Postgres};
use docket_engine::testing::conformance::{Opener, store_conformance};
use docket_testkit::postgres::Cluster;

#[test]
fn keeps_the_promises() {
    let cluster = Cluster::shared();
    store_conformance(&|| -> Opener {
        let url = cluster.create_database();
        Box::new(move || Arc::new(Postgres::open(&url, &Options::default()).expect("opens")))
    });
}
