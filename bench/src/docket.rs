//! Docket's engine over its usual store, as a design of the bench.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow, ensure};
use docket_backends::Location;
use docket_engine::{AppendError, Engine, Environment, Log, Params, QueryError, Request, Ticket};
use docket_event::{
    Event, Field, Filter, Group, Needle, Order, Page, Place, Query, Recorded, Span, Test, Writer,
    check_event, read_event,
};

use crate::clock::Stopwatch;
use crate::data::{Data, Lines, cut};
use crate::design::{Design, Key};
use crate::generate::org_name;
use crate::questions::{ORG, Question};

/// Events that a producer sends before it waits.
pub const GROUP: usize = 1_000;

const LINE_BYTES: usize = 900;
/// How long to wait before a request is repeated that found the engine busy.
const BUSY_PAUSE: Duration = Duration::from_millis(1);

/// An open store.
#[derive(Debug)]
pub struct Docket {
    engine: Engine,
    logs: Vec<Log>,
}

/// What ingest took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ingested {
    /// Until the last acknowledgement, seconds.
    pub acked_seconds: f64,
    /// Until no seal and no merge was due either, seconds.
    pub settled_seconds: f64,
    /// How often the engine was busy.
    pub busy: u64,
}

impl Docket {
    /// Opens the store in a folder, with the logs of so many organizations.
    pub fn open(folder: &Path, orgs: usize) -> anyhow::Result<Self> {
        Self::open_at(&Location::Folder(folder.to_owned()), orgs)
    }

    /// Opens the store at a place, with the logs of so many organizations.
    pub fn open_at(location: &Location, orgs: usize) -> anyhow::Result<Self> {
        let store = docket_backends::open(location)?;
        let engine = Engine::open(store, Params::default(), Environment::system())?;
        let log = |org| engine.create_log(&org_name(org)).map_err(Into::into);
        let logs: Vec<Log> = (0..orgs).map(log).collect::<anyhow::Result<_>>()?;
        Ok(Docket { engine, logs })
    }

    /// How many events it has.
    pub fn events(&self) -> u64 {
        self.logs.iter().map(Log::size).sum()
    }

    /// Takes in a file: each producer sends groups of [`GROUP`] lines, and sends the next when all of one is
    /// durable. Reading and checking the JSON is part of it.
    pub fn ingest(&self, data: &Data, producers: usize) -> anyhow::Result<Ingested> {
        self.ingest_times(data, 1, producers)
    }

    /// Takes in a file so many times, one right after the other.
    pub fn ingest_times(
        &self,
        data: &Data,
        times: u64,
        producers: usize,
    ) -> anyhow::Result<Ingested> {
        let before = self.events();
        let lines = Lines::open(data, times)?;
        let watch = Stopwatch::start();
        let busy = std::thread::scope(|scope| {
            let producers: Vec<_> = (0..producers)
                .map(|_| scope.spawn(|| self.produce(&lines)))
                .collect();
            let mut busy = 0;
            for producer in producers {
                busy += producer
                    .join()
                    .map_err(|_| anyhow!("a producer panicked"))??;
            }
            anyhow::Ok(busy)
        })?;
        let acked_seconds = watch.seconds();
        self.engine.settle()?;
        let settled_seconds = watch.seconds();
        let (sent, there) = (data.spec.events * times, self.events() - before);
        ensure!(
            there == sent,
            "{sent} events were acknowledged, {there} are there"
        );
        Ok(Ingested {
            acked_seconds,
            settled_seconds,
            busy,
        })
    }

    fn produce(&self, lines: &Lines) -> anyhow::Result<u64> {
        let now = Environment::system().now_micros();
        let mut text = String::with_capacity(GROUP * LINE_BYTES);
        let mut busy = 0;
        loop {
            lines.next(GROUP, &mut text)?;
            if text.is_empty() {
                return Ok(busy);
            }
            let mut tickets = Vec::new();
            for (org, events) in events_of(&text, now, None)? {
                let log = self.logs.get(org).context("an unknown organization")?;
                let mut events = events;
                tickets.push(loop {
                    match offer(log, events)? {
                        Some(ticket) => break ticket,
                        // Rare enough to read the events anew instead of keeping a copy of all.
                        None => {
                            events = events_of(&text, now, Some(org))?
                                .remove(&org)
                                .unwrap_or_default()
                        }
                    }
                    busy += 1;
                    std::thread::sleep(BUSY_PAUSE);
                });
            }
            tickets
                .into_iter()
                .try_for_each(|ticket| ticket.wait().map(drop))?;
        }
    }

    /// Sends the events of some lines, all of the organization that is asked about. How often the engine was busy
    /// before it took them.
    pub fn send(&self, text: &str) -> anyhow::Result<(Ticket, u64)> {
        let log = self.logs.get(ORG).context("there is no organization")?;
        let now = Environment::system().now_micros();
        let mut busy = 0;
        loop {
            let events = events_of(text, now, Some(ORG))?.remove(&ORG);
            if let Some(ticket) = offer(log, events.unwrap_or_default())? {
                return Ok((ticket, busy));
            }
            busy += 1;
            std::thread::sleep(BUSY_PAUSE);
        }
    }

    /// The latest events of the organization that is asked about which contain a text.
    pub fn search(
        &self,
        needle: &Needle,
        limit: usize,
    ) -> anyhow::Result<Result<Page, QueryError>> {
        let log = self.logs.get(ORG).context("there is no organization")?;
        let filter = Filter {
            groups: vec![Group::any([Test::Contains(needle.clone())])],
            ..Filter::default()
        };
        Ok(log.query(&Query {
            filter,
            limit,
            ..Query::default()
        }))
    }

    /// Waits until no seal and no merge is due.
    pub fn settle(&self) -> anyhow::Result<()> {
        Ok(self.engine.settle()?)
    }

    /// Seals everything; how long it took, seconds.
    pub fn seal_all(&self) -> anyhow::Result<f64> {
        let watch = Stopwatch::start();
        self.engine.seal_all()?;
        Ok(watch.seconds())
    }

    /// Closes the store.
    pub fn close(self) {
        self.engine.close();
    }
}

/// The checked events of some lines by organization, of one of them only if it is named.
fn events_of(
    text: &str,
    now: i64,
    only: Option<usize>,
) -> anyhow::Result<BTreeMap<usize, Vec<Event>>> {
    let mut groups: BTreeMap<usize, Vec<Event>> = BTreeMap::new();
    for line in text.lines() {
        let (org, json) = cut(line)?;
        if only.is_some_and(|only| only != org) {
            continue;
        }
        let event = read_event(json).map_err(|faults| anyhow!("{faults:?}"))?;
        check_event(&event, Writer::Client, now).map_err(|faults| anyhow!("{faults:?}"))?;
        let group = groups.entry(org);
        group.or_insert_with(|| Vec::with_capacity(64)).push(event);
    }
    Ok(groups)
}

/// Sends a request; `None` when the engine is busy.
fn offer(log: &Log, events: Vec<Event>) -> anyhow::Result<Option<Ticket>> {
    let request = Request {
        events,
        ..Request::default()
    };
    match log.append(request) {
        Ok(ticket) => Ok(Some(ticket)),
        Err(AppendError::Busy(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

impl Design for Docket {
    type Page = Page;

    fn page(&self, question: &Question, after: Option<Place>) -> anyhow::Result<Page> {
        let log = self.logs.get(ORG).context("there is no organization")?;
        Ok(log.query(&query(question, after))?)
    }

    fn keys(page: &Page) -> anyhow::Result<Vec<Key>> {
        let key = |recorded: &Recorded| {
            let request = recorded.event.request_id.clone();
            Ok(Key {
                place: Place::of(recorded),
                request: request.context("an event without a request id")?,
            })
        };
        page.events.iter().map(key).collect()
    }
}

/// A question in the engine's words.
fn query(question: &Question, after: Option<Place>) -> Query {
    let mut filter = Filter {
        occurred: Span {
            from: question.from,
            to: question.to,
        },
        ..Filter::default()
    };
    if !question.types.is_empty() {
        filter = filter.with(Field::Type, question.types.iter().copied());
    }
    if !question.actors.is_empty() {
        filter = filter.with(Field::ActorId, question.actors.iter().map(String::as_str));
    }
    if let Some(target) = &question.target {
        filter = filter.with(Field::TargetId, [target.as_str()]);
    }
    if question.failure {
        filter = filter.with(Field::Outcome, ["failure"]);
    }
    Query {
        filter,
        order: Order::Occurred,
        direction: question.direction,
        after,
        before: None,
        limit: question.limit,
    }
}
