//! The ten questions to Docket and to plain rows: with unsealed tails, all sealed, and to stores nobody has read yet.

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::Bench;
use super::ingest::Stores;
use crate::design::{Asked, Counted, Design, ask_all, latest_places};
use crate::disk::{forget, forget_all};
use crate::docket::Docket;
use crate::process::fetched_bytes;
use crate::questions::{NAMES, Set};
use crate::report::{Table, millis};
use crate::sql::rows::Rows;

/// Answers in all states of the stores.
#[derive(Debug, Default)]
pub struct Answers {
    with_tails: Option<Pair>,
    sealed: Option<Pair>,
    cold: Option<(Vec<Cold>, Vec<Cold>)>,
    all_forgotten: bool,
}

/// Answers of Docket, and of rows if they are compared.
#[derive(Clone, Debug)]
pub struct Pair {
    pub(super) docket: Vec<Asked>,
    pub(super) rows: Vec<Asked>,
}

/// Answers to a kind of question, each by a store newly opened, of which the system holds nothing.
#[derive(Clone, Debug)]
struct Cold {
    asked: Asked,
    fetched_bytes: u64,
}

impl Pair {
    /// Asks both designs. Their pages must be the same.
    pub fn ask<R: Design>(docket: &Docket, rows: Option<&R>, set: &Set) -> anyhow::Result<Self> {
        let pair = Pair {
            docket: ask_all(docket, set)?,
            rows: rows.map_or(Ok(Vec::new()), |rows| ask_all(rows, set))?,
        };
        pair.docket.iter().zip(&pair.rows).try_for_each(same)?;
        Ok(pair)
    }

    /// Shows them.
    pub fn table(&self, title: &str) -> Table {
        let head = [
            "question",
            "Docket p50 ms",
            "p99 ms",
            "max ms",
            "rows p50 ms",
            "p99 ms",
            "rows to Docket, p50",
            "events",
            "checksum",
        ];
        let mut table = Table::new(title, &head);
        for (number, asked) in self.docket.iter().enumerate() {
            let rows = self.rows.get(number).map(|rows| rows.spread);
            let shown = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
            table.row([
                asked.name.to_owned(),
                millis(asked.spread.p50_micros),
                millis(asked.spread.p99_micros),
                millis(asked.spread.max_micros),
                shown(rows.map(|rows| millis(rows.p50_micros))),
                shown(rows.map(|rows| millis(rows.p99_micros))),
                shown(rows.map(|rows| format!("{:.2}", rows.p50_micros / asked.spread.p50_micros))),
                asked.events.to_string(),
                asked.checksum.clone(),
            ]);
        }
        table
    }

    /// For the file of figures.
    pub fn json(&self) -> Value {
        let all = |answers: &[Asked]| answers.iter().map(asked_json).collect::<Vec<_>>();
        json!({ "docket": all(&self.docket), "rows": all(&self.rows) })
    }
}

impl Answers {
    /// Asks stores whose tails are as ingest left them.
    pub fn with_tails(&mut self, stores: &Stores, set: &Set) -> anyhow::Result<()> {
        let docket = stores.docket.as_ref().context("the store is closed")?;
        self.with_tails = Some(Pair::ask(docket, stores.rows.as_ref(), set)?);
        Ok(())
    }

    /// Asks stores that have everything sealed.
    pub fn sealed(&mut self, stores: &Stores, set: &Set) -> anyhow::Result<()> {
        let docket = stores.docket.as_ref().context("the store is closed")?;
        self.sealed = Some(Pair::ask(docket, stores.rows.as_ref(), set)?);
        Ok(())
    }

    /// Asks closed stores: for each question one is opened of which the system holds nothing.
    pub fn cold(&mut self, stores: &Stores, set: &Set, rounds: usize) -> anyhow::Result<()> {
        self.all_forgotten = forget_all();
        let folder = stores.docket_folder.path();
        let open = || Docket::open(folder, stores.orgs);
        let docket = cold(set, rounds, || forget(folder), open, Docket::close)?;
        let mut rows = Vec::new();
        if let Some(folder) = &stores.rows_folder {
            let folder = folder.path();
            let open = || Rows::open(folder);
            rows = cold(
                set,
                rounds,
                || forget(folder),
                open,
                |rows| drop(rows.close()),
            )?;
        }
        let pairs = docket.iter().zip(&rows);
        pairs
            .into_iter()
            .try_for_each(|(docket, rows)| same((&docket.asked, &rows.asked)))?;
        self.cold = Some((docket, rows));
        Ok(())
    }

    /// Shows all of it.
    pub fn report(&self, bench: &mut Bench) -> anyhow::Result<()> {
        for (part, title, pair) in [
            (
                "queries_with_tails",
                "Questions, tails unsealed, warm",
                &self.with_tails,
            ),
            (
                "queries_sealed",
                "Questions, all sealed, warm",
                &self.sealed,
            ),
        ] {
            if let Some(pair) = pair {
                bench.report.add(part, pair.json(), &pair.table(title))?;
            }
        }
        let Some((docket, rows)) = &self.cold else {
            return Ok(());
        };
        let head = [
            "question",
            "Docket p50 ms",
            "max ms",
            "KiB fetched",
            "rows p50 ms",
            "max ms",
            "KiB fetched",
        ];
        let title = format!(
            "Questions, all sealed, cold: store newly opened, its files forgotten{}",
            if self.all_forgotten {
                ", all others before that"
            } else {
                ""
            }
        );
        let mut table = Table::new(title, &head);
        for (number, cold) in docket.iter().enumerate() {
            let mut row = vec![cold.asked.name.to_owned()];
            row.extend(cold.cells());
            let rows = rows.get(number).map(Cold::cells);
            row.extend(rows.unwrap_or_else(|| [(); 3].map(|()| "-".to_owned())));
            table.row(row);
        }
        let all = |answers: &[Cold]| answers.iter().map(Cold::json).collect::<Vec<_>>();
        let figures = json!({
            "all_caches_dropped": self.all_forgotten,
            "docket": all(docket),
            "rows": all(rows),
        });
        bench.report.add("queries_cold", figures, &table)
    }
}

/// Asks questions of each kind, each of a newly opened store.
fn cold<D: Design>(
    set: &Set,
    rounds: usize,
    forget: impl Fn() -> anyhow::Result<()>,
    open: impl Fn() -> anyhow::Result<D>,
    close: impl Fn(D),
) -> anyhow::Result<Vec<Cold>> {
    let design = open()?;
    let places = latest_places(&design)?;
    close(design);
    let mut answers = Vec::new();
    for (name, questions) in NAMES.iter().zip(&set.timed) {
        let mut counted = Counted::default();
        let mut fetched = 0;
        for question in questions.iter().take(rounds) {
            forget()?;
            let design = open()?;
            let before = fetched_bytes()?;
            counted.ask(&design, question, &places)?;
            fetched += fetched_bytes()? - before;
            close(design);
        }
        answers.push(Cold {
            asked: counted.done(name),
            fetched_bytes: fetched / rounds.max(1) as u64,
        });
    }
    Ok(answers)
}

/// Fails where two designs gave different pages.
fn same((docket, rows): (&Asked, &Asked)) -> anyhow::Result<()> {
    ensure!(
        docket.checksum == rows.checksum,
        "the designs disagree on \"{}\": Docket gave {} events ({}), rows {} ({})",
        docket.name,
        docket.events,
        docket.checksum,
        rows.events,
        rows.checksum
    );
    Ok(())
}

fn asked_json(asked: &Asked) -> Value {
    json!({
        "name": asked.name,
        "times": asked.spread.json(),
        "events": asked.events,
        "checksum": asked.checksum,
    })
}

impl Cold {
    fn cells(&self) -> [String; 3] {
        [
            millis(self.asked.spread.p50_micros),
            millis(self.asked.spread.max_micros),
            (self.fetched_bytes >> 10).to_string(),
        ]
    }

    fn json(&self) -> Value {
        json!({ "asked": asked_json(&self.asked), "fetched_bytes_mean": self.fetched_bytes })
    }
}
