//! Writes batches to one process, goes on to others when it is gone, and reads each batch back from another one.

use std::fmt::Write;
use std::sync::atomic::Ordering;

use serde::Deserialize;

use crate::client::{Answer, Ask, Client};
use crate::dice::Dice;
use crate::ledger::{Known, id, request};
use crate::reader::Page;
use crate::trial::{Org, PROCESSES, Trial};

const BATCH_MIN: u64 = 50;
const BATCH_MAX: u64 = 500;
/// Batches of which one is looked for by a filter, too.
const FILTERED: u64 = 4;
const DAY_S: u64 = 86_400;

#[derive(Debug, Deserialize)]
struct Written {
    ids: Vec<String>,
    positions: Vec<usize>,
    tree_size: usize,
    duplicates: u64,
}

/// A batch that was acknowledged.
struct Acked {
    first: u64,
    ids: Vec<u128>,
    by: usize,
}

pub fn write(trial: &Trial, number: usize) {
    let name = format!("writer {number}");
    let (mut dice, mut client) = (Dice::new(trial.seed, &name), Client::new(trial, &name));
    loop {
        let count = BATCH_MIN + dice.below(BATCH_MAX - BATCH_MIN + 1);
        let Some(first) = trial.claim(count) else {
            return;
        };
        let org = &trial.orgs[dice.index(trial.orgs.len())];
        let ask = Ask {
            method: "POST",
            target: "/api/v1/events".to_owned(),
            token: &org.token,
            key: Some(format!("batch-{first}")),
            body: body(first, count, &mut dice),
        };
        let Some(answer) = client.ask(number % PROCESSES, &ask) else {
            return;
        };
        let acked = note(trial, org, first, count, &answer);
        if read_back(trial, &mut client, &mut dice, org, &acked).is_none() {
            return;
        }
    }
}

fn note(trial: &Trial, org: &Org, first: u64, count: u64, answer: &Answer) -> Acked {
    let text = String::from_utf8_lossy(&answer.body);
    assert_eq!(answer.status, 200, "a batch: {text}");
    let written: Written = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(
        (written.ids.len() as u64, written.duplicates),
        (count, 0),
        "{text}"
    );
    assert_eq!(written.positions.len(), written.ids.len(), "{text}");
    let ids: Vec<u128> = written.ids.iter().map(|text| id(text)).collect();
    let mut ledger = org.ledger();
    for ((request, id), position) in (first..).zip(&ids).zip(written.positions) {
        assert!(position < written.tree_size, "{text}");
        ledger.add(position, Known { id: *id, request });
    }
    drop(ledger);
    trial.acknowledged(answer.process);
    let by = answer.process;
    Acked { first, ids, by }
}

/// Any other process knows one of the events at once, by its id and now and then by a filter.
fn read_back(
    trial: &Trial,
    client: &mut Client<'_>,
    dice: &mut Dice,
    org: &Org,
    acked: &Acked,
) -> Option<()> {
    let index = dice.index(acked.ids.len());
    let (id, number) = (acked.ids[index], acked.first + index as u64);
    let mut ask = |target: String| {
        let ask = Ask {
            method: "GET",
            target,
            token: &org.token,
            key: None,
            body: String::new(),
        };
        trial.counts.reads.fetch_add(1, Ordering::Relaxed);
        client.ask(dice.other(PROCESSES, acked.by), &ask)
    };
    let told = |answer: &Answer| {
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        format!(
            "event {id:032x} by {} at {}: {} {text}",
            acked.by, answer.process, answer.status
        )
    };
    let answer = ask(format!("/api/v1/events/{id:032x}"))?;
    assert_eq!(answer.status, 200, "{}", told(&answer));
    let event: crate::reader::Row = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(
        event.request_id.as_deref().and_then(request),
        Some(number),
        "{}",
        told(&answer)
    );
    if number % FILTERED == 0 {
        let answer = ask(format!("/api/v1/events?request_id=r{number}"))?;
        assert_eq!(answer.status, 200, "{}", told(&answer));
        let page: Page = serde_json::from_slice(&answer.body).unwrap();
        let found: Vec<u128> = page
            .events
            .iter()
            .map(|row| crate::ledger::id(&row.id))
            .collect();
        assert_eq!(found, [id], "{}", told(&answer));
    }
    Some(())
}

/// Events whose own times are all over a day, so that the two orders differ.
fn body(first: u64, count: u64, dice: &mut Dice) -> String {
    let mut body = String::from("[");
    for number in first..first + count {
        let (second, micros) = (dice.below(DAY_S), dice.below(1_000_000));
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        let actor = dice.below(1_000);
        let comma = if number == first { "" } else { "," };
        write!(
            body,
            r#"{comma}{{"type":"shop.opened","request_id":"r{number}","actor":{{"id":"user-{actor}"}},"#
        )
        .unwrap();
        write!(
            body,
            r#""occurred_at":"2026-01-05T{hour:02}:{minute:02}:{second:02}.{micros:06}Z"}}"#
        )
        .unwrap();
    }
    body.push(']');
    body
}
