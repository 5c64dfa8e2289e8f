//! `docket check`

use std::process::ExitCode;

use anyhow::Result;
use clap::Args as ClapArgs;
use docket_engine::{CheckReport, Params};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::args::Common;
use crate::output;
use crate::reach;

/// Recompute everything that is stored and report differences
///
/// Reads one snapshot, also while a server runs: every event, hash, index and tile is computed anew from what
/// it was made of. Exits with 1 on any difference. This looks at your own store; whether somebody else's
/// log was changed is told by its checkpoints.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Example:
  docket check && echo all is well")]
pub struct Args {}

pub fn run(_args: &Args, common: &Common) -> Result<ExitCode> {
    let store = reach::snapshot_store(common)?;
    let bar = ProgressBar::no_length();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {human_pos} events  {per_sec}") {
        bar.set_style(style);
    }
    let report = docket_engine::check(&*store, &Params::default(), &mut |events| {
        bar.set_position(events);
    });
    bar.finish_and_clear();
    let report = report?;
    if common.json {
        let problem = |problem: &docket_engine::store::Problem| json!({ "place": problem.place, "what": problem.what });
        output::json(&json!({
            "logs": report.logs,
            "events": report.events,
            "pruned": report.pruned,
            "problems": report.problems.iter().map(problem).collect::<Vec<_>>(),
        }))?;
    } else {
        tell(&report)?;
    }
    Ok(if report.problems.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn tell(report: &CheckReport) -> std::io::Result<()> {
    let plural = if report.logs == 1 { "" } else { "s" };
    let pruned = match report.pruned {
        0 => String::new(),
        count => format!(" (and the hashes of {count} that were pruned)"),
    };
    let seen = format!(
        "{} events{pruned} in {} log{plural}",
        report.events, report.logs
    );
    match report.problems.len() {
        0 => output::line(&format!("{seen}: everything is as it was written")),
        count => {
            for problem in &report.problems {
                output::line(&problem.to_string())?;
            }
            output::line(&format!(
                "{seen}: {count} differences; keep a copy of the data folder"
            ))
        }
    }
}
