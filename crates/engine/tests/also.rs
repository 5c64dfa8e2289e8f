//! A request that writes to other logs, too: all of it is one commit.

use std::sync::Arc;

use docket_engine::store::{Expect, RecordChange, RecordKey, Rider};
use docket_engine::testing::memory::{Memory, WriteFault};
use docket_engine::{AppendError, Engine, Environment, Log, Params, Request};
use docket_event::{Event, Origin};

fn event(event_type: &str) -> Event {
    Event {
        event_type: event_type.to_owned(),
        ..Event::default()
    }
}

fn rider(expect: Expect) -> Rider {
    let key = RecordKey {
        org: "a".to_owned(),
        kind: "thing".to_owned(),
        name: "x".to_owned(),
    };
    Rider {
        idempotency: None,
        records: vec![RecordChange {
            key,
            expect,
            value: Some(b"1".to_vec()),
        }],
    }
}

fn append(log: &Log, request: Request) -> Result<u64, AppendError> {
    Ok(log.append(request)?.wait()?.tree_size)
}

#[test]
fn other_logs_are_written_to_with_the_request_or_not_at_all() {
    let store = Memory::new(4_096);
    let engine = Engine::open(
        Arc::new(store.clone()),
        Params::default(),
        Environment::system(),
    );
    let engine = engine.unwrap();
    let (a, b) = (
        engine.create_log("a").unwrap(),
        engine.create_log("b").unwrap(),
    );
    let request = |expect| Request {
        events: vec![event("one")],
        rider: rider(expect),
        also: vec![
            (b.clone(), vec![event("two"), event("three")]),
            (a.clone(), vec![event("four")]),
        ],
    };
    let sizes = || (a.size(), b.size());

    store.fail_write(0, WriteFault::Busy);
    assert!(matches!(
        append(&a, request(Expect::Absent)),
        Err(AppendError::Busy(_))
    ));
    assert_eq!(sizes(), (0, 0));
    assert_eq!(append(&a, request(Expect::Absent)), Ok(1));
    assert_eq!(sizes(), (2, 2));
    assert!(matches!(
        append(&a, request(Expect::Absent)),
        Err(AppendError::Stale(_))
    ));
    assert_eq!(sizes(), (2, 2));
    assert_eq!(append(&a, request(Expect::Version(1))), Ok(3));

    let types = |log: &Log| -> Vec<String> {
        let all = (0..log.size()).map(|at| log.get(at).unwrap().unwrap().event.event_type);
        all.collect()
    };
    assert_eq!(types(&a), ["one", "four", "one", "four"]);
    assert_eq!(types(&b), ["two", "three", "two", "three"]);
    let report = docket_engine::check(&**engine.store(), &Params::default(), &mut |_| {});
    assert_eq!(report.unwrap().problems, []);
}

#[test]
fn what_could_be_there_already_depends_on_nothing() {
    let store = Arc::new(Memory::new(4_096));
    let engine = Engine::open(store, Params::default(), Environment::system()).unwrap();
    let (a, b) = (
        engine.create_log("a").unwrap(),
        engine.create_log("b").unwrap(),
    );
    let mut imported = event("one");
    imported.origin = Some(Origin {
        surface: "openai".to_owned(),
        id: Some("x".to_owned()),
        ..Origin::default()
    });
    for (mine, others) in [(imported.clone(), event("two")), (event("one"), imported)] {
        let request = Request {
            events: vec![mine],
            also: vec![(b.clone(), vec![others])],
            ..Request::default()
        };
        match a.append(request) {
            Err(AppendError::Invalid(faults)) => assert_eq!(faults[0].1.path, "origin.id"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((a.size(), b.size()), (0, 0));
}
