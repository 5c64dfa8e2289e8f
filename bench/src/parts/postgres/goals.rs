//! What the comparison in PostgreSQL came to, beside the goals.

use anyhow::Context;
use serde_json::{Value, json};

use super::Round;
use crate::data::Data;
use crate::docket::GROUP;
use crate::parts::Bench;
use crate::parts::queries::Pair;
use crate::questions::NAMES;
use crate::report::{Table, grouped, millis};
use crate::stats::median;

/// The kind of question whose two terms are each common and together rare.
const RARE_INTERSECTION: usize = 3;
/// The kinds that name a single term.
const SINGLE_TERM: [usize; 4] = [1, 2, 4, 6];

const INGEST_MIN: f64 = 4.0;
const DISK_MAX: f64 = 0.25;
const RARE_MIN: f64 = 8.0;
/// A page of a single term may take so many times what rows take, or so long.
const SINGLE_MAX: f64 = 3.0;
const SINGLE_MAX_MICROS: f64 = 1_000.0;
const WORST_MAX_MICROS: f64 = 4_000.0;

/// Medians of all rounds.
struct Medians {
    acked: f64,
    settled: f64,
    rows: f64,
    open_bytes: f64,
    sealed_bytes: f64,
    ring_bytes: f64,
    rows_bytes: f64,
}

/// Shows the rounds, the questions and the goals.
pub fn report(
    bench: &mut Bench,
    data: &Data,
    server: &Value,
    rounds: &[Round],
    with_tails: &Pair,
    sealed: &Pair,
) -> anyhow::Result<()> {
    let medians = Medians::of(rounds, data.spec.events as f64);
    let figures = json!({
        "events": data.spec.events,
        "producers": bench.options.producers,
        "group": GROUP,
        "server": server,
        "docket_events_per_second": medians.settled,
        "docket_events_per_second_until_last_ack": medians.acked,
        "rows_events_per_second": medians.rows,
        "docket_to_rows": medians.settled / medians.rows,
        "docket_open_bytes_per_event": medians.open_bytes,
        "docket_sealed_bytes_per_event": medians.sealed_bytes,
        "docket_batch_tables_bytes_per_event": medians.ring_bytes,
        "rows_bytes_per_event": medians.rows_bytes,
        "disk_docket_to_rows": medians.sealed_bytes / medians.rows_bytes,
        "queries_with_tails": with_tails.json(),
        "queries_sealed": sealed.json(),
        "rounds": rounds.iter().map(Round::json).collect::<Vec<_>>(),
    });
    let title = format!("PostgreSQL: ingest and disk, median of {}", rounds.len());
    bench
        .report
        .add("postgres", figures, &medians.table(&title))?;
    for (part, title, pair) in [
        (
            "postgres_with_tails",
            "PostgreSQL: questions, tails unsealed, warm",
            with_tails,
        ),
        (
            "postgres_sealed",
            "PostgreSQL: questions, all sealed, warm",
            sealed,
        ),
    ] {
        bench.report.add(part, pair.json(), &pair.table(title))?;
    }
    let goals = goals(&medians, with_tails, sealed)?;
    bench.report.add("postgres_goals", goals.1, &goals.0)
}

impl Medians {
    fn of(rounds: &[Round], events: f64) -> Self {
        let middle = |of: &dyn Fn(&Round) -> f64| median(rounds.iter().map(of).collect());
        Medians {
            acked: events / middle(&|round| round.docket.acked_seconds),
            settled: events / middle(&|round| round.docket.settled_seconds),
            rows: events / middle(&|round| round.rows_seconds),
            open_bytes: middle(&|round| round.docket_open.all() as f64) / events,
            sealed_bytes: middle(&|round| round.docket_sealed.all() as f64) / events,
            ring_bytes: middle(&|round| round.docket_sealed.batches() as f64) / events,
            rows_bytes: middle(&|round| round.rows.all() as f64) / events,
        }
    }

    fn table(&self, title: &str) -> Table {
        let mut table = Table::new(title, &["figure", "Docket", "rows", "Docket to rows"]);
        for (name, unit, docket, rows) in [
            (
                "until no seal and no merge is due",
                "events/s",
                self.settled,
                self.rows,
            ),
            (
                "until the last acknowledgement",
                "events/s",
                self.acked,
                self.rows,
            ),
            (
                "tables, tails unsealed",
                "B/event",
                self.open_bytes,
                self.rows_bytes,
            ),
            (
                "tables, all sealed",
                "B/event",
                self.sealed_bytes,
                self.rows_bytes,
            ),
        ] {
            table.row([
                name.to_owned(),
                format!("{} {unit}", grouped(docket)),
                format!("{} {unit}", grouped(rows)),
                format!("{:.2}", docket / rows),
            ]);
        }
        table.row([
            "the tables of batches, of that".to_owned(),
            format!("{} B/event", grouped(self.ring_bytes)),
            "-".to_owned(),
            "-".to_owned(),
        ]);
        table
    }
}

/// A goal, what was measured, and whether that meets it.
struct Line {
    figure: String,
    goal: String,
    measured: String,
    value: Value,
    met: bool,
}

fn goals(medians: &Medians, with_tails: &Pair, sealed: &Pair) -> anyhow::Result<(Table, Value)> {
    let ingest = medians.settled / medians.rows;
    let disk = medians.sealed_bytes / medians.rows_bytes;
    let mut lines = vec![
        Line {
            figure: "ingest".to_owned(),
            goal: format!("at least {INGEST_MIN} x rows"),
            measured: format!("{ingest:.1} x"),
            value: json!(ingest),
            met: ingest >= INGEST_MIN,
        },
        Line {
            figure: "disk, all sealed, tables of batches included".to_owned(),
            goal: format!("at most {DISK_MAX} x rows"),
            measured: format!("{disk:.2} x"),
            value: json!(disk),
            met: disk <= DISK_MAX,
        },
    ];
    let (docket, rows) = medians_of(sealed, RARE_INTERSECTION)?;
    lines.push(Line {
        figure: "the rare intersection, p50".to_owned(),
        goal: format!("at least {RARE_MIN} x faster than rows"),
        measured: format!("{:.1} x, {} ms", rows / docket, millis(docket)),
        value: json!(rows / docket),
        met: rows / docket >= RARE_MIN,
    });
    for kind in SINGLE_TERM {
        let (docket, rows) = medians_of(sealed, kind)?;
        let name = NAMES.get(kind).copied().unwrap_or_default();
        lines.push(Line {
            figure: format!("a single term, {name}, p50"),
            goal: format!(
                "at most {SINGLE_MAX} x rows or {} ms",
                millis(SINGLE_MAX_MICROS)
            ),
            measured: format!("{:.1} x, {} ms", docket / rows, millis(docket)),
            value: json!({ "to_rows": docket / rows, "micros": docket }),
            met: docket <= SINGLE_MAX_MICROS || docket / rows <= SINGLE_MAX,
        });
    }
    for (state, pair) in [("all sealed", sealed), ("tails unsealed", with_tails)] {
        let all = pair.docket.iter().map(|asked| asked.spread.p50_micros);
        let worst = all.fold(0.0, f64::max);
        lines.push(Line {
            figure: format!("worst p50, {state}"),
            goal: format!("at most {} ms", millis(WORST_MAX_MICROS)),
            measured: format!("{} ms", millis(worst)),
            value: json!(worst),
            met: worst <= WORST_MAX_MICROS,
        });
    }
    Ok(shown(lines))
}

fn shown(lines: Vec<Line>) -> (Table, Value) {
    let head = ["figure", "goal", "measured", ""];
    let mut table = Table::new("PostgreSQL: the goals", &head);
    let mut figures = Vec::new();
    for line in lines {
        figures.push(json!({ "figure": line.figure, "goal": line.goal, "measured": line.value, "met": line.met }));
        let met = if line.met { "met" } else { "missed" };
        table.row([line.figure, line.goal, line.measured, met.to_owned()]);
    }
    (table, json!(figures))
}

/// Microseconds of a kind of question: Docket's, those of rows.
fn medians_of(pair: &Pair, kind: usize) -> anyhow::Result<(f64, f64)> {
    let (docket, rows) = (pair.docket.get(kind), pair.rows.get(kind));
    let (docket, rows) = docket.zip(rows).context("a question was not asked")?;
    Ok((docket.spread.p50_micros, rows.spread.p50_micros))
}
