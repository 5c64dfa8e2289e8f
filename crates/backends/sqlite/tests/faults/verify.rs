//! What a store must hold, by what its process was told, and whether it does.

use std::collections::BTreeMap;
use std::path::Path;

use docket_backends_sqlite::Sqlite;
use docket_engine::{Engine, check};
use docket_event::{Direction, LIMIT_MAX, Order, Place, Query, Recorded};

use crate::workload::{ORGS, open, params, record, request};

/// Numbers of the requests that are sent after a recovery.
const AFTERWARDS: u64 = 1 << 40;

/// What the process noted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    logs: Vec<String>,
    requests: BTreeMap<(String, u64), Fate>,
    backups: BTreeMap<String, Backup>,
}

/// A backup that was begun.
#[derive(Clone, Debug)]
struct Backup {
    /// What was told before.
    before: Told,
    is_done: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Fate {
    Unclear,
    /// It was said that nothing was written.
    Nothing,
    /// Position and id of each event.
    Done(Vec<(u64, String)>),
}

impl Told {
    pub(crate) fn of<'n>(notes: impl IntoIterator<Item = &'n str>) -> Self {
        let mut told = Told::default();
        for line in notes {
            told.note(line);
        }
        told
    }

    /// Takes in one more line.
    pub(crate) fn note(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let fate = match words[0] {
            "log" => return self.logs.push(words[1].to_owned()),
            "copying" => return self.begin_backup(words[1]),
            "copied" => {
                let backup = self.backups.get_mut(words[1]).expect("is begun");
                backup.is_done = true;
                return;
            }
            "sent" | "unclear" => Fate::Unclear,
            "nothing" => Fate::Nothing,
            "done" => {
                let places = words[3..].chunks(2);
                Fate::Done(
                    places
                        .map(|place| (place[0].parse().unwrap(), place[1].to_owned()))
                        .collect(),
                )
            }
            _ => return,
        };
        let key = (words[1].to_owned(), words[2].parse().unwrap());
        self.requests.insert(key, fate);
    }

    fn begin_backup(&mut self, name: &str) {
        let before = Told {
            logs: self.logs.clone(),
            requests: self.requests.clone(),
            backups: BTreeMap::new(),
        };
        let is_done = false;
        let backup = Backup { before, is_done };
        self.backups.insert(name.to_owned(), backup);
    }

    /// How many requests were acknowledged.
    pub(crate) fn done(&self) -> usize {
        let done = |fate: &&Fate| matches!(fate, Fate::Done(_));
        self.requests.values().filter(done).count()
    }
}

/// Starts on what is in `folder`, compares it with what was told, goes on writing, and looks again.
pub(crate) fn verify(folder: &Path, told: &Told) -> Result<(), String> {
    let engine = open(folder)?;
    compare(&engine, told)?;
    look(folder)?;
    let mut more = told.clone();
    for org in ORGS {
        let log = engine.create_log(org).map_err(|error| error.to_string())?;
        for number in [AFTERWARDS, AFTERWARDS + 1] {
            let sent = log.append(request(org, number));
            let answer = sent.and_then(|ticket| ticket.wait());
            let answer = answer.map_err(|error| format!("afterwards: {error}"))?;
            let ids = answer.ids.iter().map(|id| id.to_string());
            let fate = Fate::Done(answer.positions.into_iter().zip(ids).collect());
            more.requests.insert((org.to_owned(), number), fate);
        }
    }
    repeat(&engine, told)?;
    engine
        .seal_all()
        .map_err(|error| format!("sealing: {error}"))?;
    compare(&engine, &more)?;
    engine.close();
    drop(engine);
    look(folder)?;
    compare(&open(folder)?, &more)
}

/// Whether each backup in `root` that has its name is whole, and each one that was reported has it.
pub(crate) fn verify_backups(root: &Path, told: &Told) -> Result<(), String> {
    for (name, backup) in &told.backups {
        let folder = root.join(name);
        if !folder.exists() {
            if backup.is_done {
                return Err(format!("{name} is lost"));
            }
            continue;
        }
        look(&folder)
            .and_then(|()| compare(&open(&folder)?, &backup.before))
            .map_err(|what| format!("{name}: {what}"))?;
    }
    Ok(())
}

/// What `docket check` does: it sees one moment, whatever is sealed meanwhile.
fn look(folder: &Path) -> Result<(), String> {
    let store = Sqlite::open_snapshot(folder).map_err(|error| format!("snapshot: {error}"))?;
    let report = check(&store, &params(), &mut |_| {}).map_err(|error| error.to_string())?;
    if report.problems.is_empty() {
        return Ok(());
    }
    Err(format!("check: {:?}", report.problems))
}

fn compare(engine: &Engine, told: &Told) -> Result<(), String> {
    for org in &told.logs {
        if !matches!(engine.log(org), Ok(Some(_))) {
            return Err(format!("there is no log of {org}"));
        }
    }
    for org in ORGS {
        let events = all(engine, org)?;
        let mut found: BTreeMap<u64, Vec<&Recorded>> = BTreeMap::new();
        for event in &events {
            let id = event.event.request_id.as_deref().unwrap_or_default();
            let number = id.split('/').next().and_then(|word| word.parse().ok());
            let number = number.ok_or_else(|| format!("{org} has a stranger: {event:?}"))?;
            found.entry(number).or_default().push(event);
        }
        for ((_, number), fate) in told.requests.iter().filter(|((of, _), _)| of == org) {
            let found = found.remove(number).unwrap_or_default();
            compare_request(engine, org, *number, fate, &found)
                .map_err(|what| format!("request {number} of {org}, {fate:?}: {what}"))?;
        }
        if let Some(number) = found.keys().next() {
            return Err(format!("{org} has request {number}, which was never sent"));
        }
    }
    Ok(())
}

/// Every event of a log; positions must be dense.
fn all(engine: &Engine, org: &str) -> Result<Vec<Recorded>, String> {
    let Ok(Some(log)) = engine.log(org) else {
        return Ok(Vec::new());
    };
    let mut events: Vec<Recorded> = Vec::new();
    loop {
        let question = Query {
            order: Order::Recorded,
            direction: Direction::Ascending,
            after: events.last().map(|event| Place {
                micros: 0,
                position: event.position,
            }),
            limit: LIMIT_MAX,
            ..Query::default()
        };
        let page = log.query(&question).map_err(|error| error.to_string())?;
        events.extend(page.events);
        if !page.has_more {
            break;
        }
    }
    let dense = (0..).zip(&events).all(|(at, event)| event.position == at);
    if dense && events.len() as u64 == log.size() {
        return Ok(events);
    }
    Err(format!(
        "the positions of {org} are not dense up to {}",
        log.size()
    ))
}

fn compare_request(
    engine: &Engine,
    org: &str,
    number: u64,
    fate: &Fate,
    found: &[&Recorded],
) -> Result<(), String> {
    let sent = request(org, number);
    let key = record(org, number);
    let record = engine
        .store()
        .record(&key)
        .map_err(|error| error.to_string())?;
    let there = !found.is_empty();
    if record.is_some() != (there && !sent.rider.records.is_empty()) {
        return Err(format!("events: {}, record: {record:?}", found.len()));
    }
    match fate {
        Fate::Nothing if there => return Err("it is there nevertheless".to_owned()),
        Fate::Done(_) if !there => return Err("it is lost".to_owned()),
        Fate::Nothing | Fate::Unclear if !there => return Ok(()),
        Fate::Done(places) => {
            let now = found
                .iter()
                .map(|event| (event.position, event.id.to_string()));
            if !now.eq(places.iter().cloned()) {
                return Err("it has other places".to_owned());
            }
        }
        Fate::Nothing | Fate::Unclear => {}
    }
    if found.iter().map(|event| &event.event).eq(&sent.events) {
        return Ok(());
    }
    Err("its events are not those that were sent".to_owned())
}

/// A request that was answered, sent again under its key, gets the same answer.
fn repeat(engine: &Engine, told: &Told) -> Result<(), String> {
    let done = told
        .requests
        .iter()
        .rev()
        .filter_map(|(key, fate)| match fate {
            Fate::Done(places) if request(&key.0, key.1).rider.idempotency.is_some() => {
                Some((key, places))
            }
            Fate::Done(_) | Fate::Nothing | Fate::Unclear => None,
        });
    for ((org, number), places) in done.take(2) {
        let log = engine
            .log(org)
            .map_err(|error| error.to_string())?
            .ok_or("there is no log")?;
        let mut again = request(org, *number);
        again.rider.records.clear();
        let answer = log.append(again).and_then(|ticket| ticket.wait());
        let answer = answer.map_err(|error| format!("{number} again: {error}"))?;
        let ids = answer.ids.iter().map(|id| id.to_string());
        if !answer
            .positions
            .into_iter()
            .zip(ids)
            .eq(places.iter().cloned())
        {
            return Err(format!("request {number} of {org} got another answer"));
        }
    }
    Ok(())
}
