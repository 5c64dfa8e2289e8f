//! Ingest for thousands of organizations: speed, disk, memory, and the rows that wait to be sealed.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::anyhow;
use serde_json::json;

use super::Bench;
use crate::clock::Stopwatch;
use crate::data;
use crate::disk::allocated_bytes;
use crate::docket::Docket;
use crate::generate::Spec;
use crate::process::{Watch, anonymous_bytes};
use crate::report::{Table, grouped, mebibytes, ratio};
use crate::sql::batches::{self, Batches};

/// How often the waiting rows are looked at: each look reads all of them.
const PERIOD: Duration = Duration::from_millis(500);

/// Measures each number of organizations.
pub fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let head = [
        "organizations",
        "logs made/s",
        "events/s",
        "to usual organizations",
        "until last ack",
        "waiting rows MiB, peak",
        "at the end",
        "disk B/event, open",
        "peak RssAnon MiB",
    ];
    let mut table = Table::new("Many organizations, zipf", &head);
    let mut figures = Vec::new();
    for orgs in bench.options.many {
        let (row, figure) = measure(bench, orgs)?;
        table.row(row);
        figures.push(figure);
    }
    bench.report.add("many_orgs", json!(figures), &table)
}

fn measure(bench: &Bench, orgs: usize) -> anyhow::Result<(Vec<String>, serde_json::Value)> {
    let spec = Spec {
        orgs,
        ..bench.spec()
    };
    let data = data::file(&bench.options.folder, spec)?;
    let folder = bench.store_folder()?;
    let watch = Stopwatch::start();
    let docket = Docket::open(folder.path(), orgs)?;
    let made = orgs as f64 / watch.seconds();
    let own = std::process::id();
    let before_bytes = anonymous_bytes(own)?;
    let memory = Watch::start(own)?;
    let done = AtomicBool::new(false);
    let (ingested, most) = std::thread::scope(|scope| {
        let looking = scope.spawn(|| most_waiting(folder.path(), &done));
        let ingested = docket.ingest(&data, bench.options.producers);
        done.store(true, Ordering::Relaxed);
        let most = looking.join().map_err(|_| anyhow!("the watch panicked"))?;
        anyhow::Ok((ingested?, most?))
    })?;
    let peak_bytes = memory.stop()?;
    let waiting = batches::look(folder.path())?;
    let events = spec.events as f64;
    let open_bytes = allocated_bytes(folder.path())?;
    docket.close();
    let (rate, acked) = (
        events / ingested.settled_seconds,
        events / ingested.acked_seconds,
    );
    let row = vec![
        grouped(orgs as f64),
        grouped(made),
        grouped(rate),
        ratio(bench.to_engine(rate)),
        grouped(acked),
        mebibytes(most.bytes),
        mebibytes(waiting.bytes),
        format!("{:.0}", open_bytes as f64 / events),
        mebibytes(peak_bytes),
    ];
    let figure = json!({
        "orgs": orgs,
        "events": spec.events,
        "sha256_of_first_lines": data.sha256,
        "logs_made_per_second": made,
        "events_per_second": rate,
        "to_usual_organizations": bench.to_engine(rate),
        "events_per_second_until_last_ack": acked,
        "busy": ingested.busy,
        "waiting_bytes_peak": most.bytes,
        "waiting_rows_peak": most.rows,
        "waiting_bytes_at_end": waiting.bytes,
        "waiting_rows_at_end": waiting.rows,
        "blocks_at_end": waiting.blocks,
        "open_bytes_per_event": open_bytes as f64 / events,
        "rss_anon_bytes_before": before_bytes,
        "rss_anon_bytes_peak": peak_bytes,
    });
    Ok((row, figure))
}

/// The most bytes that waited to be sealed at any look.
fn most_waiting(folder: &Path, done: &AtomicBool) -> anyhow::Result<Batches> {
    let mut most = Batches::default();
    while !done.load(Ordering::Relaxed) {
        let now = batches::look(folder)?;
        if now.bytes > most.bytes {
            most = now;
        }
        std::thread::sleep(PERIOD);
    }
    Ok(most)
}
