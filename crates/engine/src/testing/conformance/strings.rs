//! Promises about strings and bytes that others choose.

use super::sample::append;
use super::{Opener, Promise};
use crate::store::{
    Expect, Idempotency, RecordChange, RecordKey, Rider, RiderRows, Store, Verdict,
};

pub(super) const PROMISES: &[Promise] = &[
    ("strings are kept as they are", strings_are_kept),
    ("names do not run into each other", names_stay_apart),
    ("large values are kept", large_values_are_kept),
];

/// Strings that one database or another would take for something else.
fn hostile() -> Vec<String> {
    let strings = [
        "",
        " ",
        "  ",
        "'",
        "''",
        "\"",
        "\\",
        "`",
        ";",
        "--",
        "%",
        "_",
        "*",
        "?",
        "?1",
        ":a",
        "$1",
        "\0",
        "a",
        "a\0",
        "a\0b",
        "\0\0",
        "A",
        "a ",
        "NULL",
        "null",
        "0",
        "00",
        "1e3",
        "0x41",
        "Robert'); DROP TABLE record;--",
        "x'41'",
        "\u{e9}",
        "e\u{301}",
        "\u{df}",
        "SS",
        "\u{130}",
        "\u{fffd}",
        "\u{10ffff}",
        "\u{feff}a",
        "\u{202e}a",
        "\n",
        "\r\n",
        "\t",
        "\u{7f}",
        "日本語",
        "👩\u{200d}🚀",
    ];
    strings
        .into_iter()
        .map(str::to_owned)
        .chain(["long ".repeat(2_000)])
        .collect()
}

fn key(org: &str, kind: &str, name: &str) -> RecordKey {
    RecordKey {
        org: org.to_owned(),
        kind: kind.to_owned(),
        name: name.to_owned(),
    }
}

fn strings_are_kept(open: &Opener) {
    let store = open();
    for (number, string) in (0_u8..).zip(hostile()) {
        let log = store.create_log(&string, [number; 16]).expect("makes");
        assert_eq!(
            (log.org.as_str(), log.id_key),
            (string.as_str(), [number; 16])
        );
        append(&*store, log.id, 1).expect("appends");
        let (token, name) = (string.clone(), string.clone());
        let idempotency = Idempotency {
            token,
            key: name,
            body_hash: [number; 32],
            at_micros: 0,
        };
        let places = [
            key(&string, "kind", "name"),
            key("org", &string, "name"),
            key("org", "kind", &string),
        ];
        let records = places.into_iter().map(|key| RecordChange {
            key,
            expect: Expect::Absent,
            value: Some(string.clone().into_bytes()),
        });
        let rider = Rider {
            idempotency: Some(idempotency),
            records: records.collect(),
        };
        let group = store.begin(&[log.id], &[(log.id, &rider)]).expect("begins");
        assert_eq!(
            group.verdicts(),
            [Verdict::Holds],
            "{string:?} is not another one"
        );
        let heads = group.heads().to_vec();
        let rows = RiderRows {
            log: log.id,
            rider: &rider,
            answer: string.as_bytes(),
        };
        group.commit(&[], &[rows], &heads).expect("commits");
    }
    check_strings(&*store);
    store
        .examine(&mut |problem| assert_eq!(problem.to_string(), ""))
        .expect("looks");
    drop(store);
    check_strings(&*open());
}

fn check_strings(store: &dyn Store) {
    let orgs: Vec<String> = store
        .logs()
        .expect("reads")
        .into_iter()
        .map(|log| log.org)
        .collect();
    assert_eq!(orgs, hostile());
    for (number, string) in (0_u8..).zip(hostile()) {
        for key in [
            key(&string, "kind", "name"),
            key("org", &string, "name"),
            key("org", "kind", &string),
        ] {
            let record = store.record(&key).expect("reads").expect("is there");
            assert_eq!(
                (&record.key, record.value),
                (&key, string.clone().into_bytes())
            );
        }
        let log = store.create_log(&string, [0; 16]).expect("finds").id;
        let (token, name) = (string.clone(), string.clone());
        let idempotency = Idempotency {
            token,
            key: name,
            body_hash: [0; 32],
            at_micros: 0,
        };
        let rider = Rider {
            idempotency: Some(idempotency),
            records: Vec::new(),
        };
        let group = store.begin(&[log], &[(log, &rider)]).expect("begins");
        let answer = string.into_bytes();
        assert_eq!(
            group.verdicts(),
            [Verdict::Repeated {
                body_hash: [number; 32],
                answer
            }]
        );
    }
    let mut names = hostile();
    names.sort();
    let found = store.records("org", "kind").expect("reads").into_iter();
    let found: Vec<String> = found.map(|record| record.key.name).collect();
    assert_eq!(found, names, "in the order of their bytes");
}

fn names_stay_apart(open: &Opener) {
    let store = open();
    let log = store.create_log("acme", [1; 16]).expect("makes").id;
    let keys = [
        key("a", "b", "c"),
        key("ab", "", "c"),
        key("", "ab", "c"),
        key("a", "bc", ""),
        key("", "", "abc"),
    ];
    let changes = keys.iter().zip(1_u8..).map(|(key, value)| RecordChange {
        key: key.clone(),
        expect: Expect::Absent,
        value: Some(vec![value]),
    });
    let rider = Rider {
        idempotency: None,
        records: changes.collect(),
    };
    let group = store.begin(&[log], &[(log, &rider)]).expect("begins");
    let heads = group.heads().to_vec();
    let rows = RiderRows {
        log,
        rider: &rider,
        answer: b"",
    };
    group.commit(&[], &[rows], &heads).expect("commits");
    for (key, value) in keys.iter().zip(1_u8..) {
        let of_kind = store.records(&key.org, &key.kind).expect("reads");
        let values: Vec<_> = of_kind.into_iter().map(|record| record.value).collect();
        assert_eq!(values, [vec![value]], "{key:?}");
    }
    assert_eq!(store.records("a", "").expect("reads"), []);
}

fn large_values_are_kept(open: &Opener) {
    let store = open();
    let log = store.create_log("acme", [1; 16]).expect("makes").id;
    let large = super::sample::pattern(1 << 20);
    let change = RecordChange {
        key: key("acme", "blob", "large"),
        expect: Expect::Absent,
        value: Some(large.clone()),
    };
    let rider = Rider {
        idempotency: None,
        records: vec![change],
    };
    let group = store.begin(&[log], &[(log, &rider)]).expect("begins");
    let heads = group.heads().to_vec();
    let rows = RiderRows {
        log,
        rider: &rider,
        answer: &large,
    };
    group.commit(&[], &[rows], &heads).expect("commits");
    let record = store
        .record(&key("acme", "blob", "large"))
        .expect("reads")
        .expect("is there");
    assert_eq!(record.value, large);
}
