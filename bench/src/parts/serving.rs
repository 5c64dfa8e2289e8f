//! Ingest over HTTP by a server in its own process: events a second, its memory, its disk.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{anyhow, ensure};
use serde_json::{Value, json};

use super::Bench;
use crate::bodies::{self, Bodies};
use crate::clock::Stopwatch;
use crate::data;
use crate::disk::allocated_bytes;
use crate::generate::Spec;
use crate::http::LINES;
use crate::options::Part;
use crate::process::{Watch, processor_seconds};
use crate::report::{Table, grouped, mebibytes, millis, ratio};
use crate::server::{Home, INIT_EVENTS, Server};
use crate::sql::batches;
use crate::stats::{Spread, Times};

const CONNECTIONS: usize = 4;
const BUSY_PAUSE: Duration = Duration::from_millis(2);
/// Sealing is over when so long no block was added.
const QUIET_TIME: Duration = Duration::from_secs(1);
/// Longest wait for that.
const QUIET_WAIT_MAX: Duration = Duration::from_secs(300);
const LOOK_PAUSE: Duration = Duration::from_millis(50);

/// What a load came to.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    events: u64,
    seconds: f64,
    settled_seconds: f64,
    busy: u64,
    spread: Spread,
    peak_bytes: u64,
    disk_bytes: u64,
    server_seconds: f64,
    own_seconds: f64,
}

/// What connections saw.
#[derive(Debug, Default)]
pub struct Seen {
    times: Times,
    busy: u64,
    /// The largest size of each organization's log that was answered.
    sizes: BTreeMap<usize, u64>,
}

/// Measures the usual number of events.
pub fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let load = measure(bench, bench.spec())?;
    bench.served = Some(load);
    let events = load.events as f64;
    let rate = |seconds: f64| format!("{} events/s", grouped(events / seconds));
    let each = |seconds: f64| format!("{:.2} µs/event", seconds * 1e6 / events);
    let title = "HTTP: JSON lines of 1,000 events from 4 connections, load generator on the same processors";
    let mut table = Table::new(title, &["figure", ""]);
    for (name, shown) in [
        ("until the last acknowledgement", rate(load.seconds)),
        (
            "to the engine's figure",
            ratio(bench.to_engine(load.rate())),
        ),
        ("until no block is added", rate(load.settled_seconds)),
        (
            "acknowledgement p50",
            format!("{} ms", millis(load.spread.p50_micros)),
        ),
        (
            "acknowledgement p99",
            format!("{} ms", millis(load.spread.p99_micros)),
        ),
        (
            "peak RssAnon of the server",
            format!("{} MiB", mebibytes(load.peak_bytes)),
        ),
        (
            "disk, server running",
            format!("{:.0} B/event", load.disk_bytes as f64 / events),
        ),
        ("processor time of the server", each(load.server_seconds)),
        (
            "processor time of the load generator",
            each(load.own_seconds),
        ),
        ("answers that said busy", load.busy.to_string()),
    ] {
        table.row([name.to_owned(), shown]);
    }
    let mut figures = load.json();
    if let (Some(figures), Some(ratio)) = (figures.as_object_mut(), bench.to_engine(load.rate())) {
        figures.insert("to_engine".to_owned(), json!(ratio));
    }
    bench.report.add("http", figures, &table)
}

/// Measures memory with more events, beside the usual number.
pub fn longer(bench: &mut Bench) -> anyhow::Result<()> {
    let usual = match bench.served {
        Some(load) if bench.options.has(Part::Http) => load,
        _ => measure(bench, bench.spec())?,
    };
    let spec = Spec {
        events: bench.options.memory_events,
        ..bench.spec()
    };
    let long = measure(bench, spec)?;
    let growth = long.peak_bytes as f64 / usual.peak_bytes.max(1) as f64;
    let mut table = Table::new(
        "Memory of the server under that load",
        &["events", "peak RssAnon MiB", "events/s", "disk B/event"],
    );
    for load in [usual, long] {
        table.row([
            grouped(load.events as f64),
            mebibytes(load.peak_bytes),
            grouped(load.rate()),
            format!("{:.0}", load.disk_bytes as f64 / load.events as f64),
        ]);
    }
    table.row([
        "ratio".to_owned(),
        format!("{growth:.2}"),
        format!("{:.2}", long.rate() / usual.rate()),
        String::new(),
    ]);
    let figures = json!({ "usual": usual.json(), "long": long.json(), "peak_ratio": growth });
    bench.report.add("memory", figures, &table)
}

/// Sends all events of a specification to a new server.
fn measure(bench: &Bench, spec: Spec) -> anyhow::Result<Load> {
    let folder = bench.store_folder()?;
    let data = data::file(&bench.options.folder, spec)?;
    let bodies = bodies::of(&data, folder.path())?;
    let home = Home::make(&bench.options.server, folder, spec.orgs)?;
    let server = home.serve()?;
    let own = std::process::id();
    let (server_before, own_before) = (processor_seconds(server.pid())?, processor_seconds(own)?);
    let memory = Watch::start(server.pid())?;
    let watch = Stopwatch::start();
    let seen = send(&home, &server, &bodies)?;
    let seconds = watch.seconds();
    let own_seconds = processor_seconds(own)? - own_before;
    let settled_seconds = quiet(&home, &watch)?.max(seconds);
    let peak_bytes = memory.stop()?;
    seen.check(spec)?;
    Ok(Load {
        events: spec.events,
        seconds,
        settled_seconds,
        busy: seen.busy,
        spread: seen.times.spread(),
        peak_bytes,
        disk_bytes: allocated_bytes(&home.data())?,
        server_seconds: processor_seconds(server.pid())? - server_before,
        own_seconds,
    })
}

/// Waits until the server seals no more; when that was, seconds.
pub fn quiet(home: &Home, watch: &Stopwatch) -> anyhow::Result<f64> {
    let mut blocks = batches::look(&home.data())?.blocks;
    let (mut since, mut last) = (Stopwatch::start(), 0.0);
    let waiting = Stopwatch::start();
    while since.time() < QUIET_TIME {
        ensure!(
            waiting.time() < QUIET_WAIT_MAX,
            "the server does not stop adding blocks"
        );
        std::thread::sleep(LOOK_PAUSE);
        let now = batches::look(&home.data())?.blocks;
        if now != blocks {
            (blocks, since, last) = (now, Stopwatch::start(), watch.seconds());
        }
    }
    Ok(last)
}

/// Sends bodies over a few connections.
pub fn send(home: &Home, server: &Server, bodies: &Bodies) -> anyhow::Result<Seen> {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let connections: Vec<_> = (0..CONNECTIONS)
            .map(|_| scope.spawn(|| connection(home, server, bodies, &next)))
            .collect();
        let mut all = Seen::default();
        for connection in connections {
            let seen = connection
                .join()
                .map_err(|_| anyhow!("a connection panicked"))??;
            all.times.extend(seen.times);
            all.busy += seen.busy;
            for (org, size) in seen.sizes {
                let largest = all.sizes.entry(org).or_default();
                *largest = size.max(*largest);
            }
        }
        Ok(all)
    })
}

/// Sends bodies, each when the one before it is acknowledged.
fn connection(
    home: &Home,
    server: &Server,
    bodies: &Bodies,
    next: &AtomicUsize,
) -> anyhow::Result<Seen> {
    let mut connection = server.connect()?;
    let mut file = File::open(&bodies.path)?;
    let mut seen = Seen::default();
    while let Some(body) = bodies.all.get(next.fetch_add(1, Ordering::Relaxed)) {
        let token = home.token(body.org)?;
        let watch = Stopwatch::start();
        let size = loop {
            let answer = connection.post_file(token, LINES, &mut file, body.stretch)?;
            if !answer.is_busy() {
                break answer.tree_size()?;
            }
            seen.busy += 1;
            std::thread::sleep(BUSY_PAUSE);
        };
        seen.times.add(watch.time());
        let largest = seen.sizes.entry(body.org).or_default();
        *largest = size.max(*largest);
    }
    Ok(seen)
}

impl Seen {
    /// The sizes that the server answered must add up to what was sent.
    pub fn check(&self, spec: Spec) -> anyhow::Result<()> {
        let stored: u64 = self.sizes.values().map(|size| size - INIT_EVENTS).sum();
        ensure!(
            stored == spec.events,
            "{} events were sent, {stored} are there",
            spec.events
        );
        Ok(())
    }
}

impl Load {
    fn rate(&self) -> f64 {
        self.events as f64 / self.seconds
    }

    fn json(&self) -> Value {
        json!({
            "events": self.events,
            "connections": CONNECTIONS,
            "body_events": bodies::BODY_EVENTS,
            "events_per_second": self.rate(),
            "events_per_second_until_sealed": self.events as f64 / self.settled_seconds,
            "busy_answers": self.busy,
            "acknowledgement": self.spread.json(),
            "peak_rss_anon_bytes": self.peak_bytes,
            "disk_bytes_per_event": self.disk_bytes as f64 / self.events as f64,
            "server_processor_seconds": self.server_seconds,
            "own_processor_seconds": self.own_seconds,
        })
    }
}
