//! SQLite keeps the promises of the store.

use std::sync::Arc;

use docket_backends_sqlite::{Options, Sqlite};
use docket_engine::testing::conformance::{Opener, store_conformance};

#[test]
fn keeps_the_promises() {
    store_conformance(&|| -> Opener {
        let folder = tempfile::tempdir().expect("makes a folder");
        Box::new(move || Arc::new(Sqlite::open(folder.path(), &Options::default()).expect("opens")))
    });
}
