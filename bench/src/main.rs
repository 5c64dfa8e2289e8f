//! Measures Docket: ingest, queries, HTTP, memory, disk, many organizations, restarts; plain rows beside it.

mod bodies;
mod clock;
mod data;
mod design;
mod disk;
mod docket;
mod generate;
mod http;
mod http2;
mod machine;
mod options;
mod parts;
mod process;
mod questions;
mod report;
mod server;
mod sql;
mod stats;
mod zipf;

use anyhow::Context;
use clap::Parser;

/// The one that the server has.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    let arguments = options::Arguments::parse();
    if arguments.hot_writer {
        return parts::postgres::hot::writer();
    }
    let options = arguments.options()?;
    std::fs::create_dir_all(&options.folder).context("making the folder of the bench")?;
    parts::run(options)
}
