//! `docket bench`

mod events;
mod run;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args as ClapArgs;
use docket_backends::Location;
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::args::Common;
use crate::interrupt::Interrupt;
use crate::wrong_use::WrongUse;
use crate::{output, place};
use run::{Ingested, Times};

/// Most events that are measured.
const EVENTS_MAX: u64 = 100_000_000;

/// Measure this machine
///
/// Makes a store of generated events in a temporary folder on the data folder's disk, asks it some questions,
/// and removes it again. Your own data is not touched. Two threads send groups of 1,000, each of which is on
/// the disk before the next; generating and checking the events is part of the time, HTTP is not. Generated
/// events are much alike: yours will take more room.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  docket bench
  docket bench --events 2000000 --data /var/lib/docket --json")]
pub struct Args {
    /// How many events; a million takes about 200 MB of disk while it runs
    #[arg(
        long,
        value_name = "N",
        env = "DOCKET_BENCH_EVENTS",
        hide_env_values = true
    )]
    #[arg(default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(1..=EVENTS_MAX))]
    events: u64,
}

/// All that was measured.
#[derive(Debug)]
struct Measured {
    events: u64,
    ingested: Ingested,
    open_ms: f64,
    queries: Vec<(&'static str, Times)>,
}

pub fn run(args: &Args, common: &Common) -> Result<ExitCode> {
    let Location::Folder(data) = place::location(common)? else {
        let reason = "it measures a new data folder: give --data DIR instead of --database-url";
        return Err(WrongUse(reason.to_owned()).into());
    };
    let interrupt = Interrupt::listen()?;
    let folder = temporary(&data)?;
    let bar = bar(args.events);
    let ingested = run::ingest(folder.path(), args.events, &bar, &interrupt)
        .with_context(|| format!("measure in {}", folder.path().display()));
    bar.finish_and_clear();
    let ingested = ingested?;
    let (engine, open) = run::open(folder.path())?;
    let queries = run::ask(&engine, &interrupt);
    engine.close();
    drop(engine);
    let measured = Measured {
        events: args.events,
        ingested,
        open_ms: open.as_secs_f64() * 1_000.0,
        queries: queries?,
    };
    let path = folder.path().to_owned();
    folder
        .close()
        .with_context(|| format!("remove {}", path.display()))?;
    if common.json {
        output::json(&measured.json())?;
    } else {
        measured.print()?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A new folder on the disk of the data folder: in it if it is there, else where it would be made.
fn temporary(data: &Path) -> Result<TempDir> {
    let data = if data.is_relative() {
        Path::new(".").join(data)
    } else {
        data.to_owned()
    };
    let place: PathBuf = data
        .ancestors()
        .find(|folder| folder.is_dir())
        .unwrap_or(Path::new("."))
        .to_owned();
    tempfile::Builder::new()
        .prefix("docket-bench-")
        .tempdir_in(&place)
        .with_context(|| format!("make a folder in {}", place.display()))
}

fn bar(events: u64) -> ProgressBar {
    let template = "writing {wide_bar} {human_pos} events  {eta} left";
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(events).with_style(style)
}

impl Measured {
    fn events_per_s(&self) -> f64 {
        self.events as f64 / self.ingested.took.as_secs_f64().max(f64::EPSILON)
    }

    fn each(&self, bytes: u64) -> u64 {
        bytes / self.events.max(1)
    }

    fn json(&self) -> Value {
        let ms = |times: &Times| json!({"p50_ms": times.percentile_ms(50), "p99_ms": times.percentile_ms(99)});
        let queries = self.queries.iter().map(|(name, times)| {
            let mut query = ms(times);
            if let Some(query) = query.as_object_mut() {
                query.insert("query".to_owned(), json!(name));
            }
            query
        });
        json!({
            "events": self.events,
            "json_bytes_per_event": self.each(self.ingested.json_bytes),
            "events_per_s": self.events_per_s().round(),
            "disk_bytes_per_event": self.each(self.ingested.disk_bytes),
            "group": ms(&self.ingested.groups),
            "open_ms": self.open_ms,
            "queries": queries.collect::<Vec<_>>(),
        })
    }

    fn print(&self) -> std::io::Result<()> {
        output::line(&format!(
            "{} events of {} B, durable in groups of {}: {:.0} events/s, {} B/event on disk ({})\n\
             opened again in {:.0} ms\n",
            self.events,
            self.each(self.ingested.json_bytes),
            run::GROUP,
            self.events_per_s(),
            self.each(self.ingested.disk_bytes),
            HumanBytes(self.ingested.disk_bytes),
            self.open_ms,
        ))?;
        let row = |name: &str, times: &Times| {
            let ms = |part| Some(format!("{:.2} ms", times.percentile_ms(part)));
            [Some(name.to_owned()), ms(50), ms(99)]
        };
        let mut rows = vec![row("a group until it is durable", &self.ingested.groups)];
        let queries = self.queries.iter();
        rows.extend(queries.map(|(name, times)| row(name, times)));
        output::table(&["WHAT", "MEDIAN", "P99"], &rows)
    }
}
