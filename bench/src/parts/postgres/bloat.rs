//! What Docket's tables in PostgreSQL take under a long load, beside what of them is still needed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::anyhow;
use docket_backends::Location;
use serde_json::{Value, json};

use crate::data;
use crate::docket::Docket;
use crate::generate::Spec;
use crate::parts::Bench;
use crate::report::{Table, grouped, mebibytes};
use crate::sql::postgres::sizes::{Live, Look, Sizes};

/// How often sizes are looked at.
const PERIOD: Duration = Duration::from_millis(250);
/// What is needed is looked at so many times: each look reads all rows.
const SAMPLES: u64 = 10;
/// Events of the file, which is taken in again and again.
const FILE_EVENTS_MAX: u64 = 1_000_000;

/// One look.
#[derive(Clone, Debug, Default)]
struct Sample {
    events: u64,
    sizes: Sizes,
    live: Live,
}

/// All looks.
#[derive(Debug, Default)]
struct Seen {
    samples: Vec<Sample>,
    batches_most: u64,
    database_most: u64,
}

/// Measures it.
pub fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let wanted = bench.options.bloat_events.max(1);
    let spec = Spec {
        events: wanted.min(FILE_EVENTS_MAX),
        ..bench.spec()
    };
    let times = wanted.div_ceil(spec.events);
    let events = spec.events * times;
    let data = data::file(&bench.options.folder, spec)?;
    let cluster = super::start(bench);
    let url = cluster.create_database();
    let docket = Docket::open_at(&Location::Url(url.clone()), spec.orgs)?;
    let done = AtomicBool::new(false);
    let look = Look::open(&url)?;
    let load = || {
        let ingested = docket.ingest_times(&data, times, bench.options.producers)?;
        let settled = sample(&look, &docket)?;
        docket.seal_all()?;
        docket.settle()?;
        anyhow::Ok((ingested, [settled, sample(&look, &docket)?]))
    };
    let (loaded, seen) = std::thread::scope(|scope| {
        let looking = scope.spawn(|| look_on(&url, &docket, events, &done));
        let loaded = load();
        done.store(true, Ordering::Relaxed);
        let seen = looking.join().map_err(|_| anyhow!("the watch panicked"))?;
        anyhow::Ok((loaded?, seen?))
    })?;
    docket.close();
    let (ingested, end) = loaded;
    let rate = events as f64 / ingested.settled_seconds;
    let facts = super::facts(&cluster);
    report(bench, rate, &facts, seen, &end)
}

/// Looks on until all is in and sealed.
fn look_on(url: &str, docket: &Docket, events: u64, done: &AtomicBool) -> anyhow::Result<Seen> {
    let look = Look::open(url)?;
    let mut seen = Seen::default();
    while !done.load(Ordering::Relaxed) {
        let sizes = look.sizes()?;
        seen.note(&sizes);
        let due = events * (seen.samples.len() as u64 + 1) / SAMPLES;
        // The last one is that of the end.
        if docket.events() >= due && due < events {
            seen.samples.push(sample(&look, docket)?);
        }
        std::thread::sleep(PERIOD);
    }
    Ok(seen)
}

fn sample(look: &Look, docket: &Docket) -> anyhow::Result<Sample> {
    let sample = Sample {
        events: docket.events(),
        sizes: look.sizes()?,
        live: look.live()?,
    };
    eprintln!("{} events", grouped(sample.events as f64));
    Ok(sample)
}

fn report(
    bench: &mut Bench,
    rate: f64,
    server: &Value,
    mut seen: Seen,
    end: &[Sample; 2],
) -> anyhow::Result<()> {
    let head = [
        "events",
        "tables of batches MiB",
        "needed of them MiB",
        "database MiB",
        "needed of it MiB",
        "database B/event",
    ];
    let title = format!(
        "PostgreSQL: tables under a steady load, {} events/s",
        grouped(rate)
    );
    let mut table = Table::new(title, &head);
    for sample in end {
        seen.note(&sample.sizes);
    }
    for sample in &seen.samples {
        table.row(sample.cells(""));
    }
    table.row([
        "the most at any look".to_owned(),
        mebibytes(seen.batches_most),
        "-".to_owned(),
        mebibytes(seen.database_most),
        "-".to_owned(),
        "-".to_owned(),
    ]);
    let [settled, sealed] = end;
    table.row(settled.cells(", nothing due"));
    table.row(sealed.cells(", all sealed"));
    let figures = json!({
        "events_per_second": rate,
        "server": server,
        "samples": seen.samples.iter().map(Sample::json).collect::<Vec<_>>(),
        "batch_tables_bytes_most": seen.batches_most,
        "database_bytes_most": seen.database_most,
        "settled": settled.json(),
        "sealed": sealed.json(),
    });
    bench.report.add("postgres_bloat", figures, &table)
}

impl Seen {
    fn note(&mut self, sizes: &Sizes) {
        self.batches_most = self.batches_most.max(sizes.batches());
        self.database_most = self.database_most.max(sizes.database);
    }
}

impl Sample {
    fn cells(&self, state: &str) -> [String; 6] {
        [
            format!("{}{state}", grouped(self.events as f64)),
            mebibytes(self.sizes.batches()),
            mebibytes(self.live.batches),
            mebibytes(self.sizes.database),
            mebibytes(self.live.batches + self.live.blocks),
            format!(
                "{:.0}",
                self.sizes.database as f64 / self.events.max(1) as f64
            ),
        ]
    }

    fn json(&self) -> Value {
        json!({
            "events": self.events,
            "batch_tables_bytes": self.sizes.batches(),
            "live_batches_bytes": self.live.batches,
            "live_blocks_bytes": self.live.blocks,
            "sizes": super::sizes_json(&self.sizes),
        })
    }
}
