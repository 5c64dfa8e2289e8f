//! Promises about riders: idempotency keys and records.

use super::sample::{START_MICROS, acme, append, batch, change, head, key, ride};
use super::{Opener, Promise};
use crate::store::{
    Expect, IDEMPOTENCY_MICROS, Idempotency, LogId, Record, Rider, RiderRows, Store, Verdict,
};

pub(super) const PROMISES: &[Promise] = &[
    ("a key is answered once", a_key_is_answered_once),
    ("a key is forgotten after its time", a_key_is_forgotten),
    ("many keys are forgotten", many_keys_are_forgotten),
    (
        "a record has one more version with each change",
        a_record_has_versions,
    ),
    (
        "a change of a stale record is named",
        a_stale_record_is_named,
    ),
    (
        "riders and batches are one commit",
        riders_and_batches_are_one_commit,
    ),
    (
        "a rider that does not hold is not written",
        a_rider_that_does_not_hold,
    ),
    (
        "different riders ride together",
        different_riders_ride_together,
    ),
    ("riders survive", riders_survive),
];

/// The answer that [`ride`] gives.
fn repeated(body: u8) -> Verdict {
    Verdict::Repeated {
        body_hash: [body; 32],
        answer: b"an answer".to_vec(),
    }
}

fn asked(token: &str, key: &str, body: u8, at_micros: i64) -> Rider {
    let (token, key) = (token.to_owned(), key.to_owned());
    let idempotency = Some(Idempotency {
        token,
        key,
        body_hash: [body; 32],
        at_micros,
    });
    Rider {
        idempotency,
        records: Vec::new(),
    }
}

fn a_key_is_answered_once(open: &Opener) {
    let store = open();
    let log = acme(&*store).id;
    let other = store.create_log("other", [1; 16]).expect("makes").id;
    let rider = asked("token", "key", 1, START_MICROS);
    assert_eq!(ride(&*store, log, &rider), Verdict::Holds);
    assert_eq!(ride(&*store, log, &rider), repeated(1));
    let changed = asked("token", "key", 2, START_MICROS + 1);
    assert_eq!(
        ride(&*store, log, &changed),
        repeated(1),
        "the hash is the first request's"
    );
    for (token, key) in [
        ("token2", "key"),
        ("token", "key2"),
        ("", "tokenkey"),
        ("tokenkey", ""),
    ] {
        let rider = asked(token, key, 3, START_MICROS);
        assert_eq!(ride(&*store, log, &rider), Verdict::Holds, "{token}/{key}");
    }
    assert_eq!(
        ride(&*store, other, &rider),
        Verdict::Holds,
        "keys belong to logs"
    );
}

fn a_key_is_forgotten(open: &Opener) {
    let store = open();
    let log = acme(&*store).id;
    let at = |at_micros, body| ride(&*store, log, &asked("token", "key", body, at_micros));
    assert_eq!(at(START_MICROS, 1), Verdict::Holds);
    assert_eq!(at(START_MICROS - 1, 2), repeated(1), "the clock went back");
    assert_eq!(at(i64::MIN, 2), repeated(1));
    assert_eq!(at(START_MICROS + IDEMPOTENCY_MICROS, 2), repeated(1));
    assert_eq!(at(START_MICROS + IDEMPOTENCY_MICROS + 1, 3), Verdict::Holds);
    assert_eq!(at(START_MICROS + IDEMPOTENCY_MICROS + 2, 4), repeated(3));
    assert_eq!(at(i64::MAX, 5), Verdict::Holds);
}

fn many_keys_are_forgotten(open: &Opener) {
    let store = open();
    let log = acme(&*store).id;
    let late = START_MICROS + IDEMPOTENCY_MICROS + 100;
    for key in 0..40 {
        let at_micros = START_MICROS + i64::from(key);
        let rider = asked("token", &format!("old{key}"), key, at_micros);
        assert_eq!(ride(&*store, log, &rider), Verdict::Holds);
    }
    for key in 0..40 {
        let rider = asked("token", &format!("new{key}"), key, late);
        assert_eq!(ride(&*store, log, &rider), Verdict::Holds);
    }
    for key in 0..40 {
        let rider = asked("token", &format!("new{key}"), 77, late);
        assert_eq!(
            ride(&*store, log, &rider),
            repeated(key),
            "what is young stays"
        );
        let rider = asked("token", &format!("old{key}"), 77, late);
        assert_eq!(
            ride(&*store, log, &rider),
            Verdict::Holds,
            "what is old is gone"
        );
    }
}

fn a_record_has_versions(open: &Opener) {
    let store = open();
    let log = acme(&*store).id;
    let found = || store.record(&key("ann")).expect("reads");
    let holds = |expect, value| {
        assert_eq!(
            ride(&*store, log, &change("ann", expect, value)),
            Verdict::Holds
        );
    };
    let record = |version, value: &[u8]| Record {
        key: key("ann"),
        version,
        value: value.to_vec(),
    };
    assert_eq!(found(), None);
    holds(Expect::Absent, Some(b"one"));
    assert_eq!(found(), Some(record(1, b"one")));
    holds(Expect::Version(1), Some(b""));
    assert_eq!(found(), Some(record(2, b"")));
    holds(Expect::Version(2), Some(b"three"));
    assert_eq!(found(), Some(record(3, b"three")));
    holds(Expect::Version(3), None);
    assert_eq!(found(), None);
    holds(Expect::Absent, None);
    holds(Expect::Absent, Some(b"again"));
    assert_eq!(found(), Some(record(1, b"again")));
    holds(Expect::Version(1), Some(b"again"));
    holds(Expect::Version(2), Some(b"again"));
    assert_eq!(
        store.records("acme", "member").expect("reads"),
        [record(3, b"again")]
    );
}

fn a_stale_record_is_named(open: &Opener) {
    let store = open();
    let log = acme(&*store).id;
    assert_eq!(
        ride(&*store, log, &change("bob", Expect::Absent, Some(b"1"))),
        Verdict::Holds
    );
    let stale = [
        ("bob", Expect::Absent),
        ("bob", Expect::Version(0)),
        ("bob", Expect::Version(2)),
        ("bob", Expect::Version(u64::MAX)),
        ("eve", Expect::Version(1)),
    ];
    for (name, expect) in stale {
        for value in [None, Some(&b"2"[..])] {
            let mut rider = change("ann", Expect::Absent, Some(b"1"));
            rider.records.extend(change(name, expect, value).records);
            let verdict = ride(&*store, log, &rider);
            assert_eq!(verdict, Verdict::Stale(key(name)), "{name}, {expect:?}");
        }
    }
    assert_eq!(store.record(&key("ann")).expect("reads"), None);
}

fn riders_and_batches_are_one_commit(open: &Opener) {
    let store = open();
    let log = acme(&*store).id;
    let mut rider = asked("token", "key", 1, START_MICROS);
    rider.records = change("ann", Expect::Absent, Some(b"1")).records;
    let begin = || store.begin(&[log], &[(log, &rider)]).expect("begins");
    let rows = [RiderRows {
        log,
        rider: &rider,
        answer: b"",
    }];
    // A batch that cannot be written takes the rider with it.
    assert!(
        begin()
            .commit(&[batch(log, 1, 1)], &rows, &[head(1, 1)])
            .is_err()
    );
    assert_eq!(begin().verdicts(), [Verdict::Holds]);
    begin()
        .commit(&[batch(log, 0, 1)], &rows, &[head(0, 1)])
        .expect("commits");
    let answered = Verdict::Repeated {
        body_hash: [1; 32],
        answer: Vec::new(),
    };
    assert_eq!(begin().verdicts(), [answered]);
    assert!(store.record(&key("ann")).expect("reads").is_some());
}

fn a_rider_that_does_not_hold(open: &Opener) {
    let store = open();
    let log = acme(&*store).id;
    let asked = asked("token", "key", 1, START_MICROS);
    let made = change("ann", Expect::Absent, Some(b"1"));
    assert_eq!(ride(&*store, log, &asked), Verdict::Holds);
    assert_eq!(ride(&*store, log, &made), Verdict::Holds);
    for rider in [&asked, &made] {
        let group = store.begin(&[log], &[(log, rider)]).expect("begins");
        assert_ne!(group.verdicts(), [Verdict::Holds]);
        let rows = RiderRows {
            log,
            rider,
            answer: b"other",
        };
        assert!(
            group
                .commit(&[batch(log, 0, 1)], &[rows], &[head(0, 1)])
                .is_err()
        );
        assert_eq!(store.batches(log, 0).expect("reads"), [], "all or nothing");
    }
    assert_eq!(
        ride(&*store, log, &asked),
        repeated(1),
        "the first answer stays"
    );
    // Two riders of one group that touch the same record were not to meet.
    let rider = change("bob", Expect::Absent, Some(b"1"));
    let group = store
        .begin(&[log], &[(log, &rider), (log, &rider)])
        .expect("begins");
    assert_eq!(group.verdicts(), [Verdict::Holds, Verdict::Holds]);
    let rows = RiderRows {
        log,
        rider: &rider,
        answer: b"",
    };
    assert!(group.commit(&[], &[rows, rows], &[head(0, 0)]).is_err());
    assert_eq!(store.record(&key("bob")).expect("reads"), None);
}

fn different_riders_ride_together(open: &Opener) {
    let store = open();
    let (one, two) = (
        acme(&*store).id,
        store.create_log("two", [1; 16]).expect("makes").id,
    );
    let riders = [
        (one, asked("token", "key", 1, START_MICROS)),
        (two, asked("token", "key", 2, START_MICROS)),
        (one, change("ann", Expect::Absent, Some(b"1"))),
        (two, change("bob", Expect::Absent, Some(b"2"))),
        (one, change("eve", Expect::Version(4), Some(b"2"))),
        (one, Rider::default()),
    ];
    let judged: Vec<(LogId, &Rider)> = riders.iter().map(|(log, rider)| (*log, rider)).collect();
    let group = store.begin(&[one, two], &judged).expect("begins");
    let mut verdicts = vec![Verdict::Holds; riders.len()];
    verdicts[4] = Verdict::Stale(key("eve"));
    assert_eq!(group.verdicts(), verdicts);
    let rows: Vec<_> = judged
        .iter()
        .zip(group.verdicts())
        .filter(|(_, verdict)| **verdict == Verdict::Holds)
        .map(|((log, rider), _)| RiderRows {
            log: *log,
            rider,
            answer: b"an answer",
        })
        .collect();
    let batches = [batch(one, 0, 2), batch(two, 0, 1)];
    group
        .commit(&batches, &rows, &[head(0, 2), head(0, 1)])
        .expect("commits");
    assert_eq!(ride(&*store, one, &riders[0].1), repeated(1));
    assert_eq!(ride(&*store, two, &riders[1].1), repeated(2));
    let names: Vec<String> = names(&*store);
    assert_eq!(names, ["ann", "bob"]);
}

fn riders_survive(open: &Opener) {
    let store = open();
    let log = acme(&*store).id;
    let rider = asked("token", "key", 1, START_MICROS);
    assert_eq!(ride(&*store, log, &rider), Verdict::Holds);
    assert_eq!(
        ride(&*store, log, &change("ann", Expect::Absent, Some(b"1"))),
        Verdict::Holds
    );
    append(&*store, log, 1).expect("appends");
    store.reopen().expect("reopens");
    assert_eq!(ride(&*store, log, &rider), repeated(1));
    drop(store);
    let store = open();
    assert_eq!(ride(&*store, log, &rider), repeated(1));
    assert_eq!(names(&*store), ["ann"]);
}

fn names(store: &dyn Store) -> Vec<String> {
    let records = store.records("acme", "member").expect("reads");
    records.into_iter().map(|record| record.key.name).collect()
}
