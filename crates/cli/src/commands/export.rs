//! `docket export`

mod csv;
mod filter;
mod target;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};
use clap::{Args as ClapArgs, ValueEnum};
use docket_engine::Log;
use docket_event::{Direction, LIMIT_MAX, Order, Place, Query, Recorded, write_recorded};
use docket_server::operations::{Operation, Reply};

use crate::args::{Common, Org};
use crate::interrupt::Interrupt;
use crate::reach::{Missing, Reach, snapshot, unexpected};
use csv::Lines;
use filter::FilterArgs;
use target::{Compress, Sink};

/// Write events to a file
///
/// Writes a JSON object a line, as the native API shows events, or a line of CSV, in the order in which they
/// were recorded. CSV is for spreadsheets: its columns are the same for every event, and a cell that would be
/// taken for a formula begins with an apostrophe. JSON lines lose nothing and can be imported. That an export
/// began is recorded first (docket.events.exported); that event is not in the file.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  docket export --org acme -o acme.jsonl.zst
  docket export --org acme --format csv --from 2026-11-01T00:00:00Z -o november.csv
  docket export --org acme --type 'api_key.*' | jq .")]
pub struct Args {
    #[command(flatten)]
    org: Org,
    #[command(flatten)]
    filter: FilterArgs,
    /// Form of the file
    #[arg(long, value_enum, env = "DOCKET_EXPORT_FORMAT", hide_env_values = true)]
    #[arg(default_value_t = Format::Jsonl)]
    format: Format,
    /// How to compress it [default: zstd for a FILE that ends with .zst, else none]
    #[arg(
        long,
        value_enum,
        env = "DOCKET_EXPORT_COMPRESS",
        hide_env_values = true
    )]
    compress: Option<Compress>,
    /// The file, complete or not there at all; standard output if left out
    #[arg(
        short,
        long,
        value_name = "FILE",
        env = "DOCKET_EXPORT_OUTPUT",
        hide_env_values = true
    )]
    output: Option<PathBuf>,
}

/// Forms of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A JSON object a line
    Jsonl,
    /// A line of headings, and one for each event
    Csv,
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Format::Jsonl => "jsonl",
            Format::Csv => "csv",
        }
    }
}

pub fn run(args: Args, common: &Common) -> Result<ExitCode> {
    let Args {
        org: Org { org },
        filter,
        format,
        compress,
        output,
    } = args;
    let compress = Compress::of(compress, output.as_deref());
    let note = Operation::Export {
        org: org.clone(),
        filter: filter.words(),
        format: format.name().to_owned(),
    };
    let end = match Reach::open(common, Missing::Refuse)?.call(note)? {
        Reply::Noted { position } => position,
        other => return Err(unexpected(&other)),
    };
    let engine = snapshot(common)?;
    let log = engine
        .log(&org)?
        .ok_or_else(|| anyhow!("there is no log of `{org}`"))?;
    let query = Query {
        filter: filter.filter(),
        order: Order::Recorded,
        direction: Direction::Ascending,
        limit: LIMIT_MAX,
        // Everything in front of the note itself, whatever came since.
        ..Query::default()
    };
    match output {
        Some(path) => {
            let interrupt = Interrupt::listen()?;
            let work = |out: Sink<'_>| write(&log, query, end, format, out, &|| interrupt.check());
            target::to_file(&path, compress, work)
                .with_context(|| format!("write {}", path.display()))?;
        }
        None => {
            let work = |out: Sink<'_>| write(&log, query, end, format, out, &|| Ok(()));
            target::to_stdout(compress, work)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn write(
    log: &Log,
    query: Query,
    end: u64,
    format: Format,
    out: Sink<'_>,
    going: &dyn Fn() -> Result<()>,
) -> Result<()> {
    match format {
        Format::Jsonl => {
            let mut line = String::new();
            each_event(log, query, end, going, &mut |recorded| {
                line.clear();
                write_recorded(&mut line, recorded);
                line.push('\n');
                Ok(out.write_all(line.as_bytes())?)
            })
        }
        Format::Csv => {
            let mut lines = Lines::begin(out)?;
            each_event(log, query, end, going, &mut |recorded| {
                Ok(lines.write(recorded)?)
            })?;
            Ok(lines.end()?)
        }
    }
}

/// Visits the events in front of `end`, page by page.
fn each_event(
    log: &Log,
    mut query: Query,
    end: u64,
    going: &dyn Fn() -> Result<()>,
    visit: &mut dyn FnMut(&Recorded) -> Result<()>,
) -> Result<()> {
    loop {
        going()?;
        let page = log.query(&query)?;
        let events = page.events.iter();
        for recorded in events.take_while(|recorded| recorded.position < end) {
            visit(recorded)?;
        }
        match page.events.last() {
            Some(last) if page.has_more && last.position < end => {
                query.after = Some(Place::of(last));
            }
            Some(_) | None => return Ok(()),
        }
    }
}
