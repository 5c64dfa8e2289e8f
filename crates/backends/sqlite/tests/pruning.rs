//! Pruning a log in a folder while it is written to: the room it gives back, and what appends notice of it.
//!
//! `DOCKET_PRUNE_EVENTS` makes the log larger; figures are printed.

#![expect(clippy::unwrap_used, reason = "a test that fails panics")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use docket_backends_sqlite::{Options, Sqlite};
use docket_engine::store::Store;
use docket_engine::{Engine, Environment, Log, Params, Request, check};
use docket_event::{Actor, Event, Filter, Json};
use docket_merkle::{LeafIndex, verify_inclusion};

/// How many events the log has, unless `DOCKET_PRUNE_EVENTS` says otherwise.
const EVENTS: usize = 50_000;
/// Events of a request.
const REQUEST: usize = 500;

fn params() -> Params {
    Params {
        block_events: 4_096,
        ..Params::default()
    }
}

fn append(log: &Log, first: usize) {
    let event = |number: usize| Event {
        event_type: format!("shop.t{}", number % 30),
        actor: Some(Actor {
            id: Some(format!("actor-{}", number % 977)),
            ..Actor::default()
        }),
        request_id: Some(format!(
            "request-{number:x}-{:x}",
            number.wrapping_mul(0x9e37_79b9)
        )),
        data: Json::read(&format!(
            r#"{{"cart":{number},"price":"{}"}}"#,
            number * 7 % 1_009
        ))
        .ok(),
        ..Event::default()
    };
    let events = (first..first + REQUEST).map(event).collect();
    let ticket = log.append(Request {
        events,
        ..Request::default()
    });
    ticket.unwrap().wait().unwrap();
}

/// Bytes of the pages that hold something, and of the file.
fn bytes(folder: &Path) -> (i64, i64) {
    let file = folder.join("docket.db");
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let connection = rusqlite::Connection::open_with_flags(file, flags).unwrap();
    let number = |pragma: &str| -> i64 {
        let value = connection.pragma_query_value(None, pragma, |row| row.get(0));
        value.unwrap()
    };
    let (all, free) = (number("page_count"), number("freelist_count"));
    let page = number("page_size");
    ((all - free) * page, all * page)
}

/// Bytes that are used once nothing is left to be removed in the background.
fn settled(folder: &Path) -> (i64, i64) {
    let mut last = bytes(folder);
    for _ in 0..300 {
        std::thread::sleep(Duration::from_millis(100));
        let now = bytes(folder);
        if now == last {
            break;
        }
        last = now;
    }
    last
}

#[test]
fn a_log_that_is_written_to_is_pruned_to_its_last_third() {
    let wish = std::env::var("DOCKET_PRUNE_EVENTS").ok();
    let events = wish.and_then(|text| text.parse().ok()).unwrap_or(EVENTS);
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Sqlite::open(folder.path(), &Options::default()).unwrap());
    let engine = Engine::open(store as Arc<dyn Store>, params(), Environment::system()).unwrap();
    let log = engine.create_log("acme").unwrap();
    let clock = Arc::clone(&engine.environment().clock);
    let seconds = |since: i64| (clock.now_micros() - since) as f64 / 1e6;
    let begun = clock.now_micros();
    (0..events)
        .step_by(REQUEST)
        .for_each(|first| append(&log, first));
    let filled = seconds(begun);
    engine.seal_all().unwrap();
    engine.settle().unwrap();
    let (used_before, file_before) = settled(folder.path());
    let leaf = log.leaf(10).unwrap().unwrap();
    let (size, up_to) = (log.size(), log.size() / 3 * 2 + 1);

    let (done, appended) = (AtomicBool::new(false), AtomicU64::new(0));
    let pruned = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut first = events;
            while !done.load(Ordering::Relaxed) {
                append(&log, first);
                first += REQUEST;
                appended.fetch_add(REQUEST as u64, Ordering::Relaxed);
            }
        });
        let begun = clock.now_micros();
        let outcome = log.prune(up_to);
        let (took, meanwhile) = (seconds(begun), appended.load(Ordering::Relaxed));
        done.store(true, Ordering::Relaxed);
        println!(
            "{events} events at {:.0}/s; pruned in {took:.2} s, meanwhile {meanwhile} more at {:.0}/s",
            events as f64 / filled,
            meanwhile as f64 / took
        );
        outcome.unwrap()
    });
    assert_eq!((pruned.first, pruned.events), (up_to, up_to));
    let appended = appended.load(Ordering::Relaxed);
    assert_eq!(
        log.count(&Filter::default()).unwrap().events,
        size - up_to + appended
    );
    let head = log.head();
    for (position, leaf) in [
        (10, leaf),
        (up_to + 10, log.leaf(up_to + 10).unwrap().unwrap()),
    ] {
        let proof = log.inclusion_proof(position, head.size).unwrap().unwrap();
        verify_inclusion(leaf, LeafIndex(position), &proof, &head).unwrap();
    }
    assert_eq!(log.get(up_to - 1).unwrap(), None);
    assert_eq!(log.get(up_to).unwrap().unwrap().position, up_to);

    engine.seal_all().unwrap();
    engine.settle().unwrap();
    let (used, file) = settled(folder.path());
    println!(
        "used {used_before} B, then {used} B with {appended} more; the file {file_before} B, then {file} B"
    );
    // What was added is not more than a few requests a block that was pruned.
    let each = used_before / i64::try_from(size).unwrap();
    let added = each * i64::try_from(appended).unwrap();
    assert!(used - added < used_before * 2 / 3, "nothing was given back");
    assert!(
        file - added < file_before * 4 / 5,
        "the file stays as it was"
    );
    let report = check(&**engine.store(), &params(), &mut |_| {}).unwrap();
    assert_eq!((report.problems, report.pruned), (vec![], up_to));
    engine.close();
}
