//! The measuring: durable ingest, opening, queries.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use docket_backends::Location;
use docket_engine::{Engine, Environment, Log, Params, Request};
use docket_event::{
    Direction, Event, Field, Filter, LIMIT_MAX, Order, Query, Writer, check_event, read_event,
};
use indicatif::ProgressBar;

use super::events;
use crate::interrupt::Interrupt;

/// Events that are made durable together.
pub const GROUP: u64 = 1_000;
/// Threads that each wait for their group before they send the next.
const PRODUCERS: usize = 2;
/// How often each query is asked, with other values each time.
const REPEAT: u64 = 200;
const ORG: &str = "bench";

/// Times of one kind, in order.
#[derive(Clone, Debug)]
pub struct Times(Vec<Duration>);

/// The queries, by name.
const QUERIES: [&str; 6] = [
    "latest 20",
    "20 of one type",
    "20 of one actor",
    "by target",
    "by request id",
    "page of 1,000",
];

impl Times {
    fn new(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Times(times)
    }

    /// The time that so many of a hundred do not exceed, in milliseconds.
    pub fn percentile_ms(&self, part: usize) -> f64 {
        let last = self.0.len().saturating_sub(1);
        let time = self.0.get((self.0.len() * part / 100).min(last));
        time.copied().unwrap_or_default().as_secs_f64() * 1_000.0
    }
}

/// What ingest came to.
#[derive(Clone, Debug)]
pub struct Ingested {
    /// From the first event to the last acknowledgement.
    pub took: Duration,
    /// From handing in a group to its acknowledgement.
    pub groups: Times,
    /// Bytes of all events as they would be posted.
    pub json_bytes: u64,
    /// Bytes of the store, closed.
    pub disk_bytes: u64,
}

/// Makes so many events durable in a new store in `folder`.
pub fn ingest(
    folder: &Path,
    events: u64,
    bar: &ProgressBar,
    interrupt: &Interrupt,
) -> Result<Ingested> {
    let (engine, _) = open(folder)?;
    let log = engine.create_log(ORG)?;
    let (next, json_bytes) = (AtomicU64::new(0), AtomicU64::new(0));
    let start = now();
    let produce = || -> Result<Vec<Duration>> {
        let mut times = Vec::new();
        loop {
            interrupt.check()?;
            let first = next.fetch_add(GROUP, Ordering::Relaxed);
            if first >= events {
                return Ok(times);
            }
            let group = group(first..events.min(first + GROUP), events, &json_bytes)?;
            let begun = now();
            let request = Request {
                events: group,
                ..Request::default()
            };
            log.append(request)?.wait()?;
            times.push(begun.elapsed());
            bar.inc(GROUP);
        }
    };
    let times = thread::scope(|scope| {
        let producers: Vec<_> = (0..PRODUCERS).map(|_| scope.spawn(produce)).collect();
        let ends = producers
            .into_iter()
            .map(|producer| producer.join().map_err(|_| anyhow!("a thread panicked"))?);
        ends.collect::<Result<Vec<_>>>()
    })?;
    let took = start.elapsed();
    engine.close();
    drop((log, engine));
    Ok(Ingested {
        took,
        groups: Times::new(times.concat()),
        json_bytes: json_bytes.into_inner(),
        disk_bytes: bytes(folder)?,
    })
}

/// Opens the store, as every start does; how long that took.
pub fn open(folder: &Path) -> Result<(Engine, Duration)> {
    let start = now();
    let store = docket_backends::open(&Location::Folder(folder.to_owned()))?;
    let engine = Engine::open(store, Params::default(), Environment::system())?;
    Ok((engine, start.elapsed()))
}

/// Asks all queries.
pub fn ask(engine: &Engine, interrupt: &Interrupt) -> Result<Vec<(&'static str, Times)>> {
    let log = engine.log(ORG)?.context("the log is gone")?;
    let all = QUERIES.iter().map(|name| {
        interrupt.check()?;
        Ok((*name, times(&log, name)?))
    });
    all.collect()
}

fn times(log: &Log, name: &str) -> Result<Times> {
    let mut times = Vec::new();
    for turn in 0..REPEAT {
        let number = events::mix(turn) % log.size().max(1);
        let query = query(name, number);
        let start = now();
        log.query(&query)?;
        times.push(start.elapsed());
    }
    Ok(Times::new(times))
}

/// A query about what event `number` has.
fn query(name: &str, number: u64) -> Query {
    let filter = Filter::default();
    let filter = match name {
        "20 of one type" => filter.with(Field::Type, [events::event_type(number)]),
        "20 of one actor" => filter.with(Field::ActorId, [events::actor(number)]),
        "by target" => filter.with(Field::TargetId, [events::target(number)]),
        "by request id" => filter.with(Field::RequestId, [events::request(number)]),
        _ => filter,
    };
    Query {
        filter,
        order: Order::Occurred,
        direction: Direction::Descending,
        limit: if name == "page of 1,000" {
            LIMIT_MAX
        } else {
            20
        },
        ..Query::default()
    }
}

/// Reads and checks events as a request's are.
fn group(numbers: std::ops::Range<u64>, count: u64, json_bytes: &AtomicU64) -> Result<Vec<Event>> {
    let now_micros = Environment::system().now_micros();
    let read = |number| {
        let text = events::event(number, count, now_micros);
        json_bytes.fetch_add(text.len() as u64, Ordering::Relaxed);
        let event = read_event(&text).map_err(|faults| anyhow!("{faults:?}"))?;
        check_event(&event, Writer::Client, now_micros).map_err(|faults| anyhow!("{faults:?}"))?;
        Ok(event)
    };
    numbers.map(read).collect()
}

fn bytes(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes)
}

#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn now() -> Instant {
    Instant::now()
}
