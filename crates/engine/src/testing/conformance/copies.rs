//! Promises to those who copy a log from one store into another.

use super::sample::{
    START_MICROS, acme, append, batch, block, change, head, key, put_body, ride, seal, sealed,
};
use super::{Opener, Promise};
use crate::store::{Answered, Expect, Head, Idempotency, Rider, Seal, Store, Verdict};

pub(super) const PROMISES: &[Promise] = &[
    (
        "a log is sealed beyond its head",
        a_log_is_sealed_beyond_its_head,
    ),
    (
        "a log with batches is not sealed beyond its head",
        a_log_with_batches_is_not,
    ),
    ("kinds of records are listed", kinds_are_listed),
    ("answers are listed", answers_are_listed),
];

fn a_log_is_sealed_beyond_its_head(open: &Opener) {
    let store = open();
    let log = acme(&*store);
    seal(&*store, &log, 0, 3, b"one").expect("seals");
    seal(&*store, &log, 3, 2, b"two").expect("seals");
    let at = |store: &dyn Store| {
        store
            .begin(&[log.id], &[])
            .expect("begins")
            .heads()
            .to_vec()
    };
    let reached = Head {
        size: 5,
        recorded_micros: START_MICROS,
    };
    assert_eq!(at(&*store), [reached]);
    assert_eq!(store.standing(log.id).expect("reads").size, 5);
    assert_eq!(append(&*store, log.id, 1), Ok(5), "it goes on behind");
    let batches = store.batches(log.id, 0).expect("reads");
    assert!(batches.iter().map(|batch| batch.first).eq([5]));
    store.reopen().expect("reopens");
    assert_eq!(at(&*store), [head(5, 1)]);
    drop(store);
    let store = open();
    assert_eq!(at(&*store), [head(5, 1)]);
    assert_eq!(store.blocks(log.id).map(|blocks| blocks.len()), Ok(2));
}

fn a_log_with_batches_is_not(open: &Opener) {
    let store = open();
    let log = acme(&*store);
    append(&*store, log.id, 2).expect("appends");
    let id = store.new_block(log.id).expect("gives a number");
    let block = block(id, log.id, 0, 3);
    put_body(&*store, id, b"body").expect("puts");
    let beyond = Seal {
        blocks: std::slice::from_ref(&block),
        replaces: &[],
        log: &sealed(&log, 3),
        tiles: &[],
    };
    let refused = store.finish_seals(std::slice::from_ref(&beyond));
    refused.expect_err("the batch would be lost");
    assert_eq!(store.batches(log.id, 0), Ok(vec![batch(log.id, 0, 2)]));
    assert_eq!(store.blocks(log.id), Ok(Vec::new()));
}

fn kinds_are_listed(open: &Opener) {
    let store = open();
    let log = acme(&*store).id;
    let kinds = |org: &str| store.record_kinds(org).expect("reads");
    assert!(kinds("acme").is_empty());
    for (org, kind) in [
        ("acme", "token"),
        ("acme", "cat"),
        ("", "token"),
        ("b", "x"),
    ] {
        let mut rider = change("name", Expect::Absent, Some(b"value"));
        for change in &mut rider.records {
            change.key.org = org.to_owned();
            change.key.kind = kind.to_owned();
        }
        assert_eq!(ride(&*store, log, &rider), Verdict::Holds);
    }
    ride(&*store, log, &change("bob", Expect::Absent, Some(b"1")));
    assert_eq!(kinds("acme"), ["cat", "member", "token"]);
    assert_eq!(kinds(""), ["token"]);
    ride(&*store, log, &change("bob", Expect::Version(1), None));
    assert_eq!(store.record(&key("bob")), Ok(None));
    assert_eq!(kinds("acme"), ["cat", "token"]);
}

fn answers_are_listed(open: &Opener) {
    let store = open();
    let log = acme(&*store).id;
    let other = store.create_log("other", [1; 16]).expect("makes").id;
    let asked = |token: &str, key: &str, body: u8| Idempotency {
        token: token.to_owned(),
        key: key.to_owned(),
        body_hash: [body; 32],
        at_micros: START_MICROS + i64::from(body),
    };
    let all = [asked("a", "2", 1), asked("b", "1", 2), asked("a", "1", 3)];
    for (log, asked) in [
        (log, &all[0]),
        (log, &all[1]),
        (other, &all[1]),
        (log, &all[2]),
    ] {
        let rider = Rider {
            idempotency: Some(asked.clone()),
            records: Vec::new(),
        };
        assert_eq!(ride(&*store, log, &rider), Verdict::Holds);
    }
    let answered = |asked: &Idempotency| Answered {
        asked: asked.clone(),
        answer: b"an answer".to_vec(),
    };
    let expected = [&all[2], &all[0], &all[1]].map(answered);
    assert_eq!(store.answers(log), Ok(expected.to_vec()));
    assert_eq!(store.answers(other), Ok(vec![answered(&all[1])]));
}
