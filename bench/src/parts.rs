//! The parts of the bench, one file each: this one runs those that are wanted.

mod backfill;
mod ingest;
mod many_orgs;
mod pages;
pub mod postgres;
mod queries;
mod readers;
mod restart;
mod search;
mod serving;
mod single;

use serde_json::json;

use crate::data::{self, Data, HASHED_LINES};
use crate::generate::{Spec, Times, Words};
use crate::machine;
use crate::options::{Options, Part};
use crate::questions::Set;
use crate::report::{Report, Table, grouped};

/// Events of a full tail, which is sealed.
const TAIL_EVENTS: u64 = 65_536;

/// What all parts share.
#[derive(Debug)]
pub struct Bench {
    options: Options,
    report: Report,
    /// What serving the usual number of events came to.
    served: Option<serving::Load>,
    /// Events a second through the engine.
    engine_rate: Option<f64>,
}

/// Measures what is wanted.
pub fn run(options: Options) -> anyhow::Result<()> {
    let report = Report::new(options.json.clone());
    let mut bench = Bench {
        options,
        report,
        served: None,
        engine_rate: None,
    };
    let facts = machine::facts(&bench.options.folder);
    bench.report.note("machine", facts)?;
    let compared = [Part::Ingest, Part::Rows, Part::Queries, Part::Backfill];
    if compared.iter().any(|part| bench.options.has(*part)) {
        compare(&mut bench)?;
    }
    for part in bench.options.parts.clone() {
        match part {
            Part::Ingest | Part::Rows | Part::Queries | Part::Backfill => {}
            Part::Search => search::run(&mut bench)?,
            Part::Readers => readers::run(&mut bench)?,
            Part::ManyOrgs => many_orgs::run(&mut bench)?,
            Part::Http => serving::run(&mut bench)?,
            Part::Memory => serving::longer(&mut bench)?,
            Part::Single => single::run(&mut bench)?,
            Part::Restart => restart::run(&mut bench)?,
            Part::Pages => pages::run(&mut bench)?,
            Part::Postgres => postgres::run(&mut bench)?,
            Part::PostgresHot => postgres::hot::run(&mut bench)?,
            Part::PostgresBloat => postgres::bloat::run(&mut bench)?,
        }
    }
    eprintln!("figures: {}", bench.options.json.display());
    Ok(())
}

/// The parts that go over one store of Docket's, and one of plain rows with the same events.
fn compare(bench: &mut Bench) -> anyhow::Result<()> {
    let data = bench.data()?;
    let set = Set::draw(&data, bench.options.draws)?;
    let (mut stores, mut rounds) = ingest::rounds(bench, &data)?;
    let mut asked = queries::Answers::default();
    if bench.options.has(Part::Queries) {
        asked.with_tails(&stores, &set)?;
    }
    ingest::seal(&mut stores, &mut rounds)?;
    if bench.options.has(Part::Queries) {
        asked.sealed(&stores, &set)?;
    }
    ingest::close(&mut stores, &mut rounds)?;
    ingest::report(bench, &data, &rounds)?;
    if bench.options.has(Part::Queries) {
        asked.cold(&stores, &set, bench.options.cold_rounds)?;
        asked.report(bench)?;
    }
    if bench.options.has(Part::Backfill) {
        backfill::run(bench, &stores, &set)?;
    }
    Ok(())
}

impl Bench {
    /// The usual events.
    fn data(&mut self) -> anyhow::Result<Data> {
        let spec = self.spec();
        let data = data::file(&self.options.folder, spec)?;
        let bytes = data.json_bytes as f64 / spec.events.max(1) as f64;
        let mut table = Table::new("Events", &["what", ""]);
        table.row(["events".to_owned(), grouped(spec.events as f64)]);
        table.row(["organizations".to_owned(), spec.orgs.to_string()]);
        table.row(["JSON, mean".to_owned(), format!("{bytes:.1} B")]);
        table.row(["seed".to_owned(), spec.seed.to_string()]);
        table.row([
            format!(
                "SHA-256 of the first {} lines",
                grouped(HASHED_LINES as f64)
            ),
            format!("`{}`", data.sha256),
        ]);
        let figures = json!({
            "events": spec.events,
            "orgs": spec.orgs,
            "seed": spec.seed,
            "json_bytes": data.json_bytes,
            "sha256_of_first_lines": data.sha256,
        });
        self.report.add("data", figures, &table)?;
        Ok(data)
    }

    /// A rate, as a share of what the engine takes in without all that is around it, if that was measured.
    fn to_engine(&self, rate: f64) -> Option<f64> {
        self.engine_rate.map(|engine| rate / engine)
    }

    fn spec(&self) -> Spec {
        Spec {
            seed: self.options.seed,
            events: self.options.events,
            orgs: self.options.orgs,
            times: Times::Forward,
            words: Words::Any,
        }
    }

    /// A new folder for a store, gone when dropped.
    fn store_folder(&self) -> anyhow::Result<tempfile::TempDir> {
        let made = tempfile::Builder::new()
            .prefix("store-")
            .tempdir_in(&self.options.folder);
        Ok(made?)
    }
}
