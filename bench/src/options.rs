//! The arguments of the bench, as what they mean.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Parser, ValueEnum};

/// The parts of the bench, in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Durable ingest through the engine; bytes on disk
    Ingest,
    /// Plain SQLite rows: the same, and beside every question
    Rows,
    /// The ten questions: with unsealed tails, all sealed, cold
    Queries,
    /// Old events after that, then the ten questions again
    Backfill,
    /// Text searches in one organization
    Search,
    /// The ten questions from two threads while ingest runs
    Readers,
    /// 5,000 and 50,000 organizations
    ManyOrgs,
    /// The server: 1,000 events a request from 4 connections
    Http,
    /// The server's memory, also with five times as many events
    Memory,
    /// The server: one event a request from 64 connections, while tails are sealed
    Single,
    /// The server: from start to ready after kill -9, with full tails
    Restart,
    /// The server: the same pages of 128 as the native API and vendors' clients ask for them, from 8 connections
    Pages,
    /// A PostgreSQL of its own: ingest, disk and the ten questions by Docket's engine, and by plain rows beside it
    Postgres,
    /// The same: one log that four processes write to
    PostgresHot,
    /// The same: what tables take beside what they are needed for, under a long load
    PostgresBloat,
}

/// Measures Docket.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench --")]
pub struct Arguments {
    /// What to measure [default: everything]
    #[arg(value_enum)]
    parts: Vec<Part>,
    /// What to leave out; can be given several times
    #[arg(long, value_enum, value_name = "PART")]
    without: Vec<Part>,
    /// Everything with 100,000 events and once, in less than two minutes: shows that it works, not how fast it is
    #[arg(long)]
    quick: bool,
    /// How many events [default: 2,000,000]
    #[arg(long)]
    events: Option<u64>,
    /// Seed of the generator
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many organizations, save in many-orgs
    #[arg(long, default_value_t = 20)]
    orgs: usize,
    /// How often ingest is repeated; the median counts [default: 3]
    #[arg(long)]
    runs: Option<usize>,
    /// Threads that send groups of 1,000 events to the engine
    #[arg(long, default_value_t = 4)]
    producers: usize,
    /// How often each question is asked
    #[arg(long, default_value_t = 200)]
    draws: usize,
    /// Events of the longer run of memory [default: 5 times as many]
    #[arg(long)]
    memory_events: Option<u64>,
    /// A setting of the temporary PostgreSQL, beside its defaults; can be given several times
    #[arg(long = "postgres-setting", value_parser = setting, value_name = "NAME=VALUE")]
    postgres_settings: Vec<(String, String)>,
    /// Events of postgres-bloat [default: 1,000,000]
    #[arg(long)]
    bloat_events: Option<u64>,
    /// Be one of the writers of postgres-hot, as standard input says
    #[arg(long, hide = true)]
    pub hot_writer: bool,
    /// The server's program [default: `docket` beside this one]
    #[arg(long, value_name = "FILE")]
    server: Option<PathBuf>,
    /// Where events and stores are put; stores are removed at the end
    #[arg(long, default_value = "target/bench")]
    folder: PathBuf,
    /// Where the figures are written as JSON [default: figures.json in the folder]
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What is measured, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which parts.
    pub parts: Vec<Part>,
    /// How many events.
    pub events: u64,
    /// Seed of the generator.
    pub seed: u64,
    /// How many organizations.
    pub orgs: usize,
    /// How often ingest is repeated.
    pub runs: usize,
    /// Threads that send to the engine.
    pub producers: usize,
    /// How often each question is asked.
    pub draws: usize,
    /// How often each question is asked of a store that nobody has read yet.
    pub cold_rounds: usize,
    /// Numbers of organizations of many-orgs.
    pub many: [usize; 2],
    /// Events spread over the past.
    pub scattered: u64,
    /// Events of the longer run of memory.
    pub memory_events: u64,
    /// Most requests of single.
    pub singles: usize,
    /// Organizations whose tails are nearly full before single.
    pub filled_orgs: usize,
    /// Organizations whose tails are full in restart.
    pub restart_orgs: usize,
    /// How often pages asks each question in each way.
    pub page_requests: usize,
    /// Settings of PostgreSQL.
    pub postgres_settings: Vec<(String, String)>,
    /// Events of postgres-bloat.
    pub bloat_events: u64,
    /// How long each load of postgres-hot goes on.
    pub hot_seconds: f64,
    /// The server's program.
    pub server: PathBuf,
    /// Where events and stores are put.
    pub folder: PathBuf,
    /// Where the figures are written.
    pub json: PathBuf,
}

impl Arguments {
    /// What they mean.
    pub fn options(self) -> anyhow::Result<Options> {
        let quick = |short, long| if self.quick { short } else { long };
        let events = self.events.unwrap_or(quick(100_000, 2_000_000));
        let beside = || {
            let here = std::env::current_exe().context("looking for the server's program")?;
            anyhow::Ok(here.with_file_name("docket"))
        };
        let wanted = |part: &Part| {
            (self.parts.is_empty() || self.parts.contains(part)) && !self.without.contains(part)
        };
        let all = Part::value_variants().iter().copied();
        Ok(Options {
            parts: all.filter(wanted).collect(),
            events,
            seed: self.seed,
            orgs: self.orgs,
            runs: self.runs.unwrap_or(if self.quick { 1 } else { 3 }).max(1),
            producers: self.producers.max(1),
            draws: self.draws,
            cold_rounds: if self.quick { 2 } else { 5 },
            many: if self.quick {
                [500, 5_000]
            } else {
                [5_000, 50_000]
            },
            scattered: quick(10_000, 200_000),
            memory_events: self.memory_events.unwrap_or(events * 5),
            singles: if self.quick { 20_000 } else { 400_000 },
            filled_orgs: if self.quick { 1 } else { 8 },
            restart_orgs: if self.quick { 1 } else { 8 },
            page_requests: if self.quick { 800 } else { 8_000 },
            postgres_settings: self.postgres_settings,
            bloat_events: self.bloat_events.unwrap_or(quick(100_000, 1_000_000)),
            hot_seconds: if self.quick { 2.0 } else { 10.0 },
            server: self.server.clone().map_or_else(beside, Ok)?,
            json: self
                .json
                .unwrap_or_else(|| self.folder.join("figures.json")),
            folder: self.folder,
        })
    }
}

fn setting(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=');
    let (name, value) = pair.ok_or("write NAME=VALUE, such as shared_buffers=4GB")?;
    Ok((name.to_owned(), value.to_owned()))
}

impl Options {
    /// Whether a part is measured.
    pub fn has(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_can_be_chosen() {
        let parts = |arguments: &[&str]| {
            let all = std::iter::once(&"bench").chain(arguments);
            Arguments::try_parse_from(all)
                .unwrap()
                .options()
                .unwrap()
                .parts
        };
        assert_eq!(parts(&[]).len(), Part::value_variants().len());
        assert_eq!(parts(&["rows", "ingest"]), [Part::Ingest, Part::Rows]);
        assert!(!parts(&["--quick", "--without", "rows"]).contains(&Part::Rows));
    }
}
