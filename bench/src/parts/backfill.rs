//! An import of old events into a store that has newer ones, then the ten questions again.

use serde_json::json;

use super::Bench;
use super::ingest::Stores;
use super::queries::Pair;
use crate::data;
use crate::docket::Docket;
use crate::generate::{Spec, Times};
use crate::questions::Set;
use crate::report::{Table, grouped};
use crate::sql::rows::Rows;

/// Imports events from all over the past into both designs, and asks.
pub fn run(bench: &mut Bench, stores: &Stores, set: &Set) -> anyhow::Result<()> {
    let scattered = Spec {
        events: bench.options.scattered,
        times: Times::Scattered,
        ..bench.spec()
    };
    let data = data::file(&bench.options.folder, scattered)?;
    let docket = Docket::open(stores.docket_folder.path(), stores.orgs)?;
    let ingested = docket.ingest(&data, bench.options.producers)?;
    let mut rows = None;
    if let Some(folder) = &stores.rows_folder {
        let mut open = Rows::open(folder.path())?;
        open.ingest(&data)?;
        open.analyze()?;
        rows = Some(open);
    }
    let with_tails = Pair::ask(&docket, rows.as_ref(), set)?;
    let seal_seconds = docket.seal_all()?;
    let sealed = Pair::ask(&docket, rows.as_ref(), set)?;
    docket.close();
    let rate = data.spec.events as f64 / ingested.settled_seconds;
    let mut table = Table::new("Import of old events", &["figure", ""]);
    table.row(["events".to_owned(), grouped(data.spec.events as f64)]);
    table.row(["events/s".to_owned(), grouped(rate)]);
    let figures = json!({
        "events": data.spec.events,
        "events_per_second": rate,
        "seal_all_seconds": seal_seconds,
        "with_tails": with_tails.json(),
        "sealed": sealed.json(),
    });
    bench.report.add("backfill", figures.clone(), &table)?;
    let title = "Questions after the import, its events in tails";
    bench
        .report
        .add("backfill", figures.clone(), &with_tails.table(title))?;
    let title = "Questions after the import, all sealed";
    bench.report.add("backfill", figures, &sealed.table(title))
}
