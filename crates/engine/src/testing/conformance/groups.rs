//! Promises about group commits.

use std::sync::mpsc;
use std::thread;

use super::sample::{acme, append, batch, head, sealed};
use super::{Opener, Promise};
use crate::store::{BatchRow, Head, LogId, Store};

pub(super) const PROMISES: &[Promise] = &[
    ("a commit moves the heads", a_commit_moves_the_heads),
    (
        "a dropped group changes nothing",
        a_dropped_group_changes_nothing,
    ),
    (
        "batches are found by position",
        batches_are_found_by_position,
    ),
    ("batches survive", batches_survive),
    ("locks exclude", locks_exclude),
    ("a commit is seen at once", a_commit_is_seen_at_once),
    ("a group is written whole or not at all", a_group_is_whole),
    (
        "a log that is not there cannot be locked",
        an_unknown_log_cannot_be_locked,
    ),
];

fn a_commit_moves_the_heads(open: &Opener) {
    let store = open();
    let (one, two) = (
        acme(&*store).id,
        store.create_log("two", [1; 16]).expect("makes").id,
    );
    let group = store.begin(&[one, two], &[]).expect("begins");
    assert_eq!(group.heads(), [Head::default(); 2]);
    assert!(group.verdicts().is_empty());
    let batches = [batch(two, 0, 3), batch(one, 0, 1)];
    group
        .commit(&batches, &[], &[head(0, 1), head(0, 3)])
        .expect("commits in any order");
    let group = store.begin(&[one, two], &[]).expect("begins");
    assert_eq!(group.heads(), [head(0, 1), head(0, 3)]);
    let batches = [batch(two, 3, 2), batch(two, 5, 1)];
    group
        .commit(&batches, &[], &[head(0, 1), head(5, 1)])
        .expect("one log may stand aside");
    store
        .begin(&[], &[])
        .expect("begins")
        .commit(&[], &[], &[])
        .expect("commits nothing");
    assert_eq!(heads(&*store, &[one, two]), [head(0, 1), head(5, 1)]);
}

fn a_dropped_group_changes_nothing(open: &Opener) {
    let store = open();
    let log = acme(&*store).id;
    drop(store.begin(&[log], &[]).expect("begins"));
    assert_eq!(heads(&*store, &[log]), [Head::default()]);
    assert_eq!(append(&*store, log, 2).expect("appends"), 0);
}

fn batches_are_found_by_position(open: &Opener) {
    let store = open();
    let log = acme(&*store).id;
    let other = store.create_log("other", [1; 16]).expect("makes").id;
    for count in [2, 1, 3] {
        append(&*store, log, count).expect("appends");
        append(&*store, other, 7).expect("appends");
    }
    let all = [batch(log, 0, 2), batch(log, 2, 1), batch(log, 3, 3)];
    for (from, skipped) in [
        (0, 0),
        (1, 0),
        (2, 1),
        (3, 2),
        (4, 2),
        (5, 2),
        (6, 3),
        (u64::MAX, 3),
    ] {
        let found = store.batches(log, from).expect("reads");
        assert_eq!(Some(&found[..]), all.get(skipped..), "from {from}");
    }
    assert_eq!(store.batches(LogId(u32::MAX), 0).expect("reads"), []);
}

fn batches_survive(open: &Opener) {
    let store = open();
    let log = acme(&*store).id;
    append(&*store, log, 2).expect("appends");
    append(&*store, log, 3).expect("appends");
    let all = [batch(log, 0, 2), batch(log, 2, 3)];
    let check = |store: &dyn Store| {
        assert_eq!(store.batches(log, 0).expect("reads"), all);
        assert_eq!(heads(store, &[log]), [head(2, 3)]);
    };
    check(&*store);
    store.reopen().expect("reopens");
    check(&*store);
    drop(store);
    let store = open();
    check(&*store);
    assert_eq!(append(&*store, log, 1).expect("goes on"), 5);
}

fn locks_exclude(open: &Opener) {
    const THREADS: usize = 4;
    const EACH: usize = 25;
    let store = open();
    let log = acme(&*store).id;
    let other = store.create_log("other", [1; 16]).expect("makes").id;
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let store = &*store;
            scope.spawn(move || {
                for _ in 0..EACH {
                    if thread % 2 == 0 {
                        append(store, log, 1).expect("nobody was there between begin and commit");
                    } else {
                        append_to_both(store, [log, other]);
                    }
                }
            });
        }
    });
    let positions = |log| {
        let batches = store.batches(log, 0).expect("reads");
        batches
            .into_iter()
            .map(|batch: BatchRow| batch.first)
            .collect::<Vec<u64>>()
    };
    assert!(positions(log).into_iter().eq(0..(THREADS * EACH) as u64));
    assert!(
        positions(other)
            .into_iter()
            .eq(0..(THREADS / 2 * EACH) as u64)
    );
}

fn append_to_both(store: &dyn Store, logs: [LogId; 2]) {
    let group = store.begin(&logs, &[]).expect("begins");
    let pairs = || logs.into_iter().zip(group.heads());
    let batches: Vec<_> = pairs()
        .map(|(log, head)| batch(log, head.size, 1))
        .collect();
    let after: Vec<_> = pairs().map(|(_, old)| head(old.size, 1)).collect();
    group.commit(&batches, &[], &after).expect("commits");
}

fn a_commit_is_seen_at_once(open: &Opener) {
    let store = open();
    let log = acme(&*store).id;
    let (tell, told) = mpsc::channel();
    let (answer, answered) = mpsc::channel();
    thread::scope(|scope| {
        let store = &*store;
        scope.spawn(move || {
            for first in told {
                let found = store.batches(log, first).expect("reads");
                answer.send(found).expect("somebody waits");
            }
        });
        for _ in 0..50 {
            let first = append(store, log, 1).expect("appends");
            tell.send(first).expect("somebody listens");
            assert_eq!(
                answered.recv().expect("is answered"),
                [batch(log, first, 1)]
            );
        }
        drop(tell);
    });
}

fn a_group_is_whole(open: &Opener) {
    let store = open();
    let (one, two) = (
        acme(&*store).id,
        store.create_log("two", [1; 16]).expect("makes").id,
    );
    let old = [head(0, 1), Head::default()];
    append(&*store, one, 1).expect("appends");
    let both = |one_first, two_first| [batch(one, one_first, 1), batch(two, two_first, 1)];
    let after = [head(1, 1), head(0, 1)];
    let wrong: [(&str, &[BatchRow], &[Head]); 6] = [
        ("a gap", &both(1, 1), &[head(1, 1), head(1, 1)]),
        (
            "a position that is taken",
            &both(0, 0),
            &[head(0, 1), head(0, 1)],
        ),
        (
            "one log's batches in the wrong order",
            &[batch(one, 2, 1), batch(one, 1, 1)],
            &after,
        ),
        ("a log that is not locked", &[batch(LogId(77), 0, 1)], &old),
        (
            "a batch that its head leaves out",
            &both(1, 0),
            &[head(1, 1), Head::default()],
        ),
        ("no heads", &both(1, 0), &[]),
    ];
    for (what, batches, heads_after) in wrong {
        let group = store.begin(&[one, two], &[]).expect("begins");
        assert!(group.commit(batches, &[], heads_after).is_err(), "{what}");
        assert_eq!(heads(&*store, &[one, two]), old, "{what}");
        assert_eq!(
            store.batches(one, 0).expect("reads"),
            [batch(one, 0, 1)],
            "{what}"
        );
        assert_eq!(store.batches(two, 0).expect("reads"), [], "{what}");
    }
    let group = store.begin(&[one, two], &[]).expect("begins");
    group.commit(&both(1, 0), &[], &after).expect("commits");
}

fn an_unknown_log_cannot_be_locked(open: &Opener) {
    let store = open();
    let log = acme(&*store);
    assert!(store.begin(&[LogId(log.id.0 + 1)], &[]).is_err());
    let stranger = crate::store::LogRow {
        id: LogId(log.id.0 + 1),
        ..sealed(&log, 0)
    };
    assert!(super::sample::seal(&*store, &stranger, 0, 1, b"body").is_err());
    assert_eq!(append(&*store, log.id, 1).expect("the others go on"), 0);
}

fn heads(store: &dyn Store, logs: &[LogId]) -> Vec<Head> {
    store.begin(logs, &[]).expect("begins").heads().to_vec()
}
