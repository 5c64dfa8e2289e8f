//! `docket export`

mod filter;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};
use clap::{Args as ClapArgs, ValueEnum};
use docket_engine::Log;
use docket_event::{Direction, LIMIT_MAX, Order, Place, Query, write_recorded};
use docket_server::operations::{Operation, Reply};

use crate::args::{Common, Org};
use crate::reach::{Missing, Reach, snapshot, unexpected};
use filter::FilterArgs;

/// Write events to a file
///
/// Writes a JSON object a line, as the native API shows events, in the order in which they were recorded.
/// That an export began is recorded first (docket.events.exported); that event is not in the file.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  docket export --org acme -o acme.jsonl
  docket export --org acme --type 'api_key.*' --from 2026-11-01T00:00:00Z | jq .")]
pub struct Args {
    #[command(flatten)]
    org: Org,
    #[command(flatten)]
    filter: FilterArgs,
    /// Form of the file
    #[arg(long, value_enum, env = "DOCKET_EXPORT_FORMAT", hide_env_values = true)]
    #[arg(default_value_t = Format::Jsonl)]
    format: Format,
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
}

pub fn run(args: Args, common: &Common) -> Result<ExitCode> {
    let Args {
        org: Org { org },
        filter,
        format: Format::Jsonl,
        output,
    } = args;
    let note = Operation::Export {
        org: org.clone(),
        filter: filter.words(),
        format: "jsonl".to_owned(),
    };
    let end = match Reach::open(common, Missing::Refuse)?.call(note)? {
        Reply::Noted { position } => position,
        other => return Err(unexpected(&other)),
    };
    let engine = snapshot(common)?;
    let log = engine
        .log(&org)
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
            to_file(&log, query, end, &path)
                .with_context(|| format!("write {}", path.display()))?;
        }
        None => write(&log, query, end, BufWriter::new(io::stdout().lock()))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes beside the file and puts it in place when it is complete.
fn to_file(log: &Log, query: Query, end: u64, path: &Path) -> Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    if path.exists() && !path.is_file() {
        // A device or a pipe is written to as it is.
        return write(log, query, end, BufWriter::new(File::create(path)?));
    }
    let mut part = tempfile::NamedTempFile::new_in(folder)?;
    write(log, query, end, BufWriter::new(part.as_file_mut()))?;
    part.as_file().sync_all()?;
    part.persist(path)?;
    Ok(())
}

fn write(log: &Log, mut query: Query, end: u64, mut out: impl Write) -> Result<()> {
    let mut line = String::new();
    loop {
        let page = log.query(&query)?;
        for recorded in page
            .events
            .iter()
            .take_while(|recorded| recorded.position < end)
        {
            line.clear();
            write_recorded(&mut line, recorded);
            line.push('\n');
            out.write_all(line.as_bytes())?;
        }
        match page.events.last() {
            Some(last) if page.has_more && last.position < end => {
                query.after = Some(Place::of(last));
            }
            Some(_) | None => break,
        }
    }
    out.flush()?;
    Ok(())
}
