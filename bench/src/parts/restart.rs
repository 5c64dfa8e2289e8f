//! From the start of a server that was killed to its readiness, with full tails to read back.

use anyhow::ensure;
use serde_json::json;

use super::{Bench, TAIL_EVENTS, single};
use crate::bodies::Filling;
use crate::clock::Stopwatch;
use crate::disk::forget;
use crate::http::JSON;
use crate::process::anonymous_bytes;
use crate::report::{Table, grouped, mebibytes};
use crate::server::Home;
use crate::sql::batches;
use crate::stats::median;

const STARTS: usize = 3;

/// Measures it.
pub fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let spec = bench.spec();
    let orgs = bench.options.restart_orgs.min(spec.orgs);
    let home = Home::make(&bench.options.server, bench.store_folder()?, orgs)?;
    let mut server = home.serve()?;
    let empty_seconds = server.ready_seconds();
    for org in 0..orgs {
        single::fill(&home, &server, spec, org, TAIL_EVENTS - 1)?;
    }
    let waiting = batches::look(&home.data())?;
    let mut warm = Vec::new();
    for _ in 0..STARTS {
        // Dropping kills it without a warning.
        drop(server);
        server = home.serve()?;
        warm.push(server.ready_seconds());
    }
    drop(server);
    forget(&home.data())?;
    let watch = Stopwatch::start();
    let server = home.serve()?;
    let cold_seconds = watch.seconds();
    let memory_bytes = anonymous_bytes(server.pid())?;
    for org in 0..orgs {
        let mut body = String::new();
        Filling::new(spec).body(org, 1, &mut body);
        let size = server
            .connect()?
            .post(home.token(org)?, JSON, body.as_bytes())?
            .tree_size()?;
        ensure!(
            size == TAIL_EVENTS,
            "organization {org} has {size} events after the restart"
        );
    }
    let events = orgs as u64 * (TAIL_EVENTS - 1);
    let seconds = median(warm.clone());
    let mut table = Table::new(
        "Restart after kill -9, from start to ready",
        &["figure", ""],
    );
    table.row([
        "organizations with a full tail".to_owned(),
        orgs.to_string(),
    ]);
    table.row(["events in tails".to_owned(), grouped(events as f64)]);
    table.row([
        "rows that wait to be sealed".to_owned(),
        format!("{} MiB", mebibytes(waiting.bytes)),
    ]);
    table.row(["empty store".to_owned(), format!("{empty_seconds:.3} s")]);
    table.row([format!("median of {STARTS}"), format!("{seconds:.3} s")]);
    table.row([
        "files forgotten by the system".to_owned(),
        format!("{cold_seconds:.3} s"),
    ]);
    table.row([
        "RssAnon when ready".to_owned(),
        format!("{} MiB", mebibytes(memory_bytes)),
    ]);
    let figures = json!({
        "orgs": orgs,
        "tail_events": events,
        "waiting_rows": waiting.rows,
        "waiting_bytes": waiting.bytes,
        "sealed_blocks": waiting.blocks,
        "empty_seconds": empty_seconds,
        "ready_seconds": warm,
        "ready_seconds_median": seconds,
        "ready_seconds_cold": cold_seconds,
        "rss_anon_bytes_when_ready": memory_bytes,
    });
    bench.report.add("restart", figures, &table)
}
