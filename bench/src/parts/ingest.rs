//! Durable ingest of the same JSON by Docket's engine and by plain rows, and the bytes that each takes on the disk.

use anyhow::Context;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::Bench;
use crate::data::Data;
use crate::disk::allocated_bytes;
use crate::docket::Docket;
use crate::options::Part;
use crate::report::{Table, grouped};
use crate::sql::rows::Rows;
use crate::stats::median;

/// The stores of the last round. They are closed while their folders stay.
#[derive(Debug)]
pub struct Stores {
    /// Docket's.
    pub docket: Option<Docket>,
    /// Where it is.
    pub docket_folder: TempDir,
    /// Plain rows, if they are compared.
    pub rows: Option<Rows>,
    /// Where they are.
    pub rows_folder: Option<TempDir>,
    /// How many organizations there are.
    pub orgs: usize,
}

/// What one round came to.
#[derive(Clone, Debug, Default)]
pub struct Round {
    acked_seconds: f64,
    settled_seconds: f64,
    seal_all_seconds: f64,
    busy: u64,
    open_bytes: u64,
    sealed_bytes: u64,
    closed_bytes: u64,
    rows: Option<RowsRound>,
}

#[derive(Clone, Copy, Debug, Default)]
struct RowsRound {
    seconds: f64,
    analyze_seconds: f64,
    open_bytes: u64,
    closed_bytes: u64,
}

/// Ingests as often as wanted, the designs in turn. The stores of the last round stay open, with tails unsealed.
pub fn rounds(bench: &Bench, data: &Data) -> anyhow::Result<(Stores, Vec<Round>)> {
    let runs = match bench.options.has(Part::Ingest) || bench.options.has(Part::Rows) {
        true => bench.options.runs,
        false => 1,
    };
    let mut rounds = Vec::new();
    loop {
        let (mut stores, round) = round(bench, data)?;
        rounds.push(round);
        if rounds.len() == runs {
            return Ok((stores, rounds));
        }
        seal(&mut stores, &mut rounds)?;
        close(&mut stores, &mut rounds)?;
    }
}

fn round(bench: &Bench, data: &Data) -> anyhow::Result<(Stores, Round)> {
    let docket_folder = bench.store_folder()?;
    let docket = Docket::open(docket_folder.path(), data.spec.orgs)?;
    let ingested = docket.ingest(data, bench.options.producers)?;
    eprintln!("docket: {:.1} s", ingested.settled_seconds);
    let mut round = Round {
        acked_seconds: ingested.acked_seconds,
        settled_seconds: ingested.settled_seconds,
        busy: ingested.busy,
        open_bytes: allocated_bytes(docket_folder.path())?,
        ..Round::default()
    };
    let mut stores = Stores {
        docket: Some(docket),
        docket_folder,
        rows: None,
        rows_folder: None,
        orgs: data.spec.orgs,
    };
    if bench.options.has(Part::Rows) {
        let folder = bench.store_folder()?;
        let mut rows = Rows::open(folder.path())?;
        let seconds = rows.ingest(data)?;
        eprintln!("rows: {seconds:.1} s");
        let open_bytes = allocated_bytes(folder.path())?;
        round.rows = Some(RowsRound {
            seconds,
            open_bytes,
            analyze_seconds: rows.analyze()?,
            closed_bytes: 0,
        });
        stores.rows = Some(rows);
        stores.rows_folder = Some(folder);
    }
    Ok((stores, round))
}

/// Seals everything that the last round left in tails.
pub fn seal(stores: &mut Stores, rounds: &mut [Round]) -> anyhow::Result<()> {
    let round = rounds.last_mut().context("there is no round")?;
    let docket = stores.docket.as_ref().context("the store is closed")?;
    round.seal_all_seconds = docket.seal_all()?;
    round.sealed_bytes = allocated_bytes(stores.docket_folder.path())?;
    Ok(())
}

/// Closes the stores of the last round.
pub fn close(stores: &mut Stores, rounds: &mut [Round]) -> anyhow::Result<()> {
    let round = rounds.last_mut().context("there is no round")?;
    if let Some(docket) = stores.docket.take() {
        docket.close();
    }
    round.closed_bytes = allocated_bytes(stores.docket_folder.path())?;
    if let (Some(rows), Some(folder), Some(round)) =
        (stores.rows.take(), &stores.rows_folder, &mut round.rows)
    {
        rows.close()?;
        round.closed_bytes = allocated_bytes(folder.path())?;
    }
    Ok(())
}

/// Shows the rounds.
pub fn report(bench: &mut Bench, data: &Data, rounds: &[Round]) -> anyhow::Result<()> {
    let events = data.spec.events as f64;
    let middle =
        |of: &dyn Fn(&Round) -> Option<f64>| median(rounds.iter().filter_map(of).collect());
    let acked = events / middle(&|round| Some(round.acked_seconds));
    let settled = events / middle(&|round| Some(round.settled_seconds));
    bench.engine_rate = Some(settled);
    let each = |of: &dyn Fn(&Round) -> u64| middle(&|round| Some(of(round) as f64)) / events;
    let has_rows = rounds.iter().any(|round| round.rows.is_some());
    let rows = |of: fn(&RowsRound) -> f64| middle(&|round| round.rows.as_ref().map(of));
    let rows_rate = events / rows(|round| round.seconds);
    let rows_open = rows(|round| round.open_bytes as f64) / events;
    let rows_closed = rows(|round| round.closed_bytes as f64) / events;
    let shown = |text: String| if has_rows { text } else { "-".to_owned() };
    let title = format!("Ingest, median of {}", rounds.len());
    let mut table = Table::new(title, &["figure", "Docket", "rows", "Docket to rows"]);
    let mut line = |name: &str, docket: f64, other: f64, unit: &str, ratio: f64| {
        table.row([
            name.to_owned(),
            format!("{} {unit}", grouped(docket)),
            shown(format!("{} {unit}", grouped(other))),
            shown(format!("{ratio:.2}")),
        ]);
    };
    line(
        "until no seal and no merge is due",
        settled,
        rows_rate,
        "events/s",
        settled / rows_rate,
    );
    line(
        "until the last acknowledgement",
        acked,
        rows_rate,
        "events/s",
        acked / rows_rate,
    );
    let open = each(&|round| round.open_bytes);
    line(
        "disk, store open, tails unsealed",
        open,
        rows_open,
        "B/event",
        open / rows_open,
    );
    let sealed = each(&|round| round.sealed_bytes);
    line(
        "disk, store open, all sealed",
        sealed,
        rows_open,
        "B/event",
        sealed / rows_open,
    );
    let closed = each(&|round| round.closed_bytes);
    line(
        "disk, store closed",
        closed,
        rows_closed,
        "B/event",
        closed / rows_closed,
    );
    let figures = json!({
        "events": data.spec.events,
        "producers": bench.options.producers,
        "group": crate::docket::GROUP,
        "docket_events_per_second": settled,
        "docket_events_per_second_until_last_ack": acked,
        "docket_open_bytes_per_event": open,
        "docket_sealed_bytes_per_event": sealed,
        "docket_closed_bytes_per_event": closed,
        "rows_events_per_second": has_rows.then_some(rows_rate),
        "rows_open_bytes_per_event": has_rows.then_some(rows_open),
        "rows_closed_bytes_per_event": has_rows.then_some(rows_closed),
        "docket_to_rows": has_rows.then_some(settled / rows_rate),
        "rounds": rounds.iter().map(Round::json).collect::<Vec<_>>(),
    });
    bench.report.add("ingest", figures, &table)
}

impl Round {
    fn json(&self) -> Value {
        json!({
            "acked_seconds": self.acked_seconds,
            "settled_seconds": self.settled_seconds,
            "seal_all_seconds": self.seal_all_seconds,
            "busy": self.busy,
            "open_bytes": self.open_bytes,
            "sealed_bytes": self.sealed_bytes,
            "closed_bytes": self.closed_bytes,
            "rows": self.rows.map(|rows| json!({
                "seconds": rows.seconds,
                "analyze_seconds": rows.analyze_seconds,
                "open_bytes": rows.open_bytes,
                "closed_bytes": rows.closed_bytes,
            })),
        })
    }
}
