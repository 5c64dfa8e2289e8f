//! Pages through whole logs in both orders and directions while they grow, each page at another process.

use std::sync::atomic::Ordering;

use serde::Deserialize;

use crate::client::{Ask, Client};
use crate::dice::Dice;
use crate::ledger::{id, request};
use crate::trial::{Org, PROCESSES, Trial};

/// Fewest and most events of a page.
const PAGE_MIN: u64 = 50;
const PAGE_MAX: u64 = 1_000;

#[derive(Debug, Deserialize)]
pub struct Page {
    pub events: Vec<Row>,
    next: Option<String>,
    has_more: bool,
}

#[derive(Debug, Deserialize)]
pub struct Row {
    pub id: String,
    pub request_id: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Recorded,
    Occurred,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Up,
    Down,
}

/// The pages of one walk through a log, put together: id and number of each event.
pub type Walk = Vec<(u128, Option<u64>)>;

pub fn read(trial: &Trial, number: usize) {
    let name = format!("reader {number}");
    let (mut dice, mut client) = (Dice::new(trial.seed, &name), Client::new(trial, &name));
    while !trial.has_ended() {
        let org = &trial.orgs[dice.index(trial.orgs.len())];
        let order = [Order::Recorded, Order::Occurred][dice.index(2)];
        let direction = [Direction::Up, Direction::Down][dice.index(2)];
        let limit = PAGE_MIN + dice.below(PAGE_MAX - PAGE_MIN + 1);
        let before = Before::of(org, order);
        let mut first = Some(number);
        let process = || first.take().unwrap_or_else(|| dice.index(PROCESSES));
        let Some(mut walk) = walk(trial, &mut client, org, (order, direction), limit, process)
        else {
            return;
        };
        if direction == Direction::Down {
            walk.reverse();
        }
        before.check(org, order, &walk);
        trial.counts.walks.fetch_add(1, Ordering::Relaxed);
    }
}

/// All pages, from one end to the other. `None` when the trial has failed elsewhere.
pub fn walk(
    trial: &Trial,
    client: &mut Client<'_>,
    org: &Org,
    (order, direction): (Order, Direction),
    limit: u64,
    mut process: impl FnMut() -> usize,
) -> Option<Walk> {
    let order = match order {
        Order::Recorded => "recorded",
        Order::Occurred => "occurred",
    };
    let direction = match direction {
        Direction::Up => "asc",
        Direction::Down => "desc",
    };
    let (mut walk, mut place) = (Walk::new(), format!("order={order}&direction={direction}"));
    loop {
        let ask = Ask {
            method: "GET",
            target: format!("/api/v1/events?limit={limit}&{place}"),
            token: &org.token,
            key: None,
            body: String::new(),
        };
        let answer = client.ask(process(), &ask)?;
        let text = String::from_utf8_lossy(&answer.body);
        assert_eq!(answer.status, 200, "{}: {text}", ask.target);
        trial.counts.pages.fetch_add(1, Ordering::Relaxed);
        let page: Page = serde_json::from_slice(&answer.body).unwrap();
        let number = |row: &Row| row.request_id.as_deref().and_then(request);
        walk.extend(page.events.iter().map(|row| (id(&row.id), number(row))));
        if !page.has_more {
            return Some(walk);
        }
        assert!(!page.events.is_empty(), "{}: {text}", ask.target);
        place = format!("cursor={}", page.next.unwrap());
    }
}

/// What was acknowledged before a walk began: the walk has all of it.
struct Before {
    size: usize,
    ids: Vec<u128>,
}

impl Before {
    fn of(org: &Org, order: Order) -> Self {
        let ledger = org.ledger();
        let ids = match order {
            Order::Recorded => Vec::new(),
            Order::Occurred => ledger.ids(),
        };
        let size = ledger.size();
        Before { size, ids }
    }

    /// Holds a walk, oldest event first, against it.
    fn check(&self, org: &Org, order: Order, walk: &Walk) {
        assert!(
            walk.len() >= self.size,
            "{} of {} events",
            walk.len(),
            self.size
        );
        match order {
            Order::Recorded => check_positions(org, walk),
            Order::Occurred => {
                check_ascending(walk);
                for id in &self.ids {
                    let found = walk.binary_search_by_key(id, |(id, _)| *id);
                    assert!(
                        found.is_ok(),
                        "event {id:032x} is not in order of occurrence"
                    );
                }
            }
        }
    }
}

/// The walk in recorded order has at each position what was acknowledged there, as far as that is known.
pub fn check_positions(org: &Org, walk: &Walk) {
    let ledger = org.ledger();
    for (position, (id, request)) in walk.iter().enumerate() {
        if let Some(known) = ledger.at(position) {
            assert_eq!(
                (known.id, Some(known.request)),
                (*id, *request),
                "position {position}"
            );
        }
    }
}

/// Ids begin with the event's own time, and the position breaks ties: in order of occurrence they ascend.
pub fn check_ascending(walk: &Walk) {
    let wrong = walk.windows(2).find(|two| two[0].0 >= two[1].0);
    assert_eq!(wrong, None, "two events in a row, in order of occurrence");
}
