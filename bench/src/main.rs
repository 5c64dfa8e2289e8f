//! Measures the engine: durable ingest, bytes on disk, and the ten queries.

mod generate;
mod ingest;
mod queries;
mod report;
mod zipf;

use std::path::PathBuf;

use anyhow::Context;
use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures durable ingest, bytes on disk and the ten queries of the engine's design.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many events.
    #[arg(long, default_value_t = 2_000_000)]
    events: u64,
    /// Seed of the generator.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How often each query is asked.
    #[arg(long, default_value_t = 200)]
    repeat: usize,
    /// Where events and store are put; the store is removed at the end.
    #[arg(long, default_value = "target/bench")]
    folder: PathBuf,
    /// Where the figures are written as JSON.
    #[arg(long, default_value = "target/bench/figures.json")]
    json: PathBuf,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    std::fs::create_dir_all(&arguments.folder).context("making the folder of the bench")?;
    let data = generate::file(&arguments.folder, arguments.events, arguments.seed)?;
    eprintln!(
        "{} events, {} B of JSON each",
        data.events,
        data.json_bytes / data.events.max(1)
    );
    let folder =
        tempfile::tempdir_in(&arguments.folder).context("making a folder for the store")?;
    let ingested = ingest::run(&data, folder.path())?;
    let answered = queries::run(folder.path(), arguments.repeat)?;
    let report = report::Report {
        data,
        ingested,
        answered,
    };
    report.print();
    std::fs::write(&arguments.json, report.json()).context("writing the figures")?;
    Ok(())
}
