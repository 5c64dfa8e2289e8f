//! Promises about logs and the store's identity.

use std::thread;

use super::sample::{acme, append};
use super::{Opener, Promise};

pub(super) const PROMISES: &[Promise] = &[
    ("the identity stays", the_identity_stays),
    ("an empty store has nothing", an_empty_store_has_nothing),
    ("a log is made once", a_log_is_made_once),
    (
        "a log is made once by many threads",
        a_log_is_made_once_by_many_threads,
    ),
    ("logs survive", logs_survive),
];

fn the_identity_stays(open: &Opener) {
    let store = open();
    let identity = store.identity().clone();
    assert!(store.part_bytes() > 0);
    store.reopen().expect("reopens");
    assert_eq!(*store.identity(), identity);
    drop(store);
    assert_eq!(*open().identity(), identity);
}

fn an_empty_store_has_nothing(open: &Opener) {
    let store = open();
    assert_eq!(store.logs().expect("reads"), []);
    assert_eq!(store.records("", "").expect("reads"), []);
    store
        .examine(&mut |problem| assert_eq!(problem.to_string(), ""))
        .expect("looks");
}

fn a_log_is_made_once(open: &Opener) {
    let store = open();
    let first = acme(&*store);
    assert_eq!((first.org.as_str(), first.id_key), ("acme", [9; 16]));
    assert_eq!(
        (first.sealed, first.recorded_micros, first.frontier.len()),
        (0, 0, 0)
    );
    let again = store.create_log("acme", [8; 16]).expect("finds it");
    assert_eq!(again, first, "the key of the first call stays");
    let other = store.create_log("acme2", [8; 16]).expect("makes another");
    assert_ne!(other.id, first.id);
    assert_eq!(store.logs().expect("reads"), [first, other]);
}

fn a_log_is_made_once_by_many_threads(open: &Opener) {
    let store = open();
    thread::scope(|scope| {
        for thread in 0..4 {
            let store = &store;
            scope.spawn(move || {
                for org in 0..8 {
                    let log = store
                        .create_log(&format!("org{org}"), [thread; 16])
                        .expect("makes");
                    append(&**store, log.id, 1).expect("appends to what was made");
                }
            });
        }
    });
    assert_eq!(store.logs().expect("reads").len(), 8);
}

fn logs_survive(open: &Opener) {
    let store = open();
    let log = acme(&*store);
    store.reopen().expect("reopens");
    assert_eq!(store.logs().expect("reads"), std::slice::from_ref(&log));
    drop(store);
    let store = open();
    assert_eq!(store.logs().expect("reads"), std::slice::from_ref(&log));
    assert_eq!(acme(&*store), log);
}
