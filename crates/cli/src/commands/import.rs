//! `docket import`

mod entries;
mod plan;
mod source;
mod survey;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args as ClapArgs;
use docket_server::operations::{Counts, ImportEnd, ImportInto, Operation, Reply, ingest_of};
use indicatif::{ProgressBar, ProgressStyle};

use crate::args::{self, Common, Org};
use crate::output;
use crate::reach::{Missing, Reach, unexpected};
use plan::{Direction, Plan};
use source::Source;

/// Bring in events from a file
///
/// The file is a JSON array, an answer of the vendor's API, or JSON lines (of either), plain or compressed
/// with gzip or zstd. An entry that cannot be stored is set aside as an ingest.rejected event, and the rest
/// goes on. An entry that is there already is skipped: the same file twice changes nothing, and an import
/// that broke off is finished by running it again. A file that has the newest entry first is appended from
/// its end, so that it reads back in the same order. Prints {"stored","duplicates","rejected"}.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  docket import --org acme --format openai --account org-abc123 audit-2026-11.jsonl.gz
  curl -s https://example.com/log | docket import --org acme --format native -")]
pub struct Args {
    #[command(flatten)]
    org: Org,
    /// What the entries are: native, or the vendor whose API gave them
    #[arg(long, env = "DOCKET_IMPORT_FORMAT", hide_env_values = true, value_parser = format)]
    format: String,
    /// The vendor account that the entries are about
    ///
    /// Such facts are shown on their own vendor's API, and on others to tokens with --cross-vendor only.
    #[arg(
        long,
        value_name = "ID",
        env = "DOCKET_IMPORT_ACCOUNT",
        hide_env_values = true
    )]
    #[arg(value_parser = args::id)]
    account: Option<String>,
    /// The file; - is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

fn format(text: &str) -> Result<String, String> {
    ingest_of(text).map(|_| text.to_owned())
}

pub fn run(args: Args, common: &Common) -> Result<ExitCode> {
    let Args {
        org: Org { org },
        format,
        account,
        file,
    } = args;
    let ingest = ingest_of(&format).map_err(anyhow::Error::msg)?;
    let source = Source::open(&file).with_context(|| format!("read {}", file.display()))?;
    let (sha256, bytes) = (source.sha256.clone(), source.bytes);
    let looking = looking_bar();
    let mut plan =
        Plan::of(source, ingest.page).with_context(|| format!("read {}", file.display()))?;
    let direction = survey::direction(&mut plan, &ingest, account.as_deref(), &looking)
        .with_context(|| format!("read {}", file.display()))?;
    looking.finish_and_clear();

    let into = ImportInto {
        org,
        format,
        account,
    };
    let mut reach = Reach::open(common, Missing::Refuse)?;
    let stored = store(&mut plan, direction, &into, &mut reach);
    let (counts, problem) = match stored {
        Ok(counts) => (counts, None),
        Err((counts, problem)) => (counts, Some(problem)),
    };
    let end = ImportEnd {
        into,
        counts,
        sha256,
        bytes,
        complete: problem.is_none(),
    };
    let Some(problem) = problem else {
        reach
            .call(Operation::ImportEnd(end))
            .context("the events are stored, but the note that they were imported is not")?;
        output::json(&counts)?;
        return Ok(ExitCode::SUCCESS);
    };
    drop(reach);
    let stored = counts.stored;
    let noted = Reach::open(common, Missing::Refuse)
        .and_then(|mut reach| reach.call(Operation::ImportEnd(end)));
    let unnoted = if noted.is_ok() {
        ""
    } else {
        ", which no event tells of"
    };
    Err(problem.context(format!(
        "the import broke off after {stored} new events{unnoted}; run it again to go on"
    )))
}

/// Stores all chunks; a failure comes with what was stored before it.
fn store(
    plan: &mut Plan,
    direction: Direction,
    into: &ImportInto,
    reach: &mut Reach,
) -> Result<Counts, (Counts, anyhow::Error)> {
    let bar = storing_bar(plan.chunks());
    let mut counts = Counts::default();
    for step in 0..plan.chunks() {
        let entries = plan
            .chunk(step, direction)
            .map_err(|error| (counts, error.into()))?;
        for entries in entries {
            let operation = Operation::Import {
                into: into.clone(),
                entries,
            };
            match reach.call(operation).map_err(|error| (counts, error))? {
                Reply::Imported(more) => counts = counts.and(more),
                other => return Err((counts, unexpected(&other))),
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(counts)
}

/// Both bars draw on stderr, and nothing where that is no terminal.
fn looking_bar() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    bar.set_message("looking at the file");
    bar
}

fn storing_bar(chunks: usize) -> ProgressBar {
    let template = "storing {wide_bar} {percent:>3} %  {eta} left";
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(chunks as u64).with_style(style)
}
