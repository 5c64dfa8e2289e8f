//! `docket copy`

use std::process::ExitCode;

use anyhow::Result;
use clap::Args as ClapArgs;
use clap::builder::FalseyValueParser;
use docket_backends::Location;
use serde::Serialize;

use crate::args::{self, Common};
use crate::copying::{self, Which};
use crate::interrupt::Interrupt;
use crate::manifest::LogHead;
use crate::output;
use crate::place::{self, DatabaseUrl};
use crate::reach;
use crate::wrong_use::WrongUse;

/// Copy organizations from one store into another
///
/// A store is a data folder, a backup's folder, or a database. Events keep their positions, ids and times, and so the
/// log keeps its root, which is recomputed from the events and compared; members, tokens, keys and remembered answers
/// come along. The source is read as it is at one moment, also while a server writes to it, and is not written to; a
/// folder as target must have no server. An organization that the target has is refused. It appears in the target as
/// a whole: what an attempt that broke off has left is gone on with by the same command.
///
/// Do not go on writing to both: their logs would have one name and two contents.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  docket copy --from ./docket-data --to postgres://docket@db/docket --all
  docket copy --from 'postgres://docket@db/docket?passfile=/run/secrets/db' --to ./acme --org acme")]
pub struct Args {
    /// The store to read: DIR or postgres://…
    #[arg(long, value_name = "PLACE", env = "DOCKET_COPY_FROM")]
    #[arg(hide_env_values = true, hide_default_value = true)]
    from: DatabaseUrl,
    /// The store to write to: DIR or postgres://…; made if there is none
    #[arg(long, value_name = "PLACE", env = "DOCKET_COPY_TO")]
    #[arg(hide_env_values = true, hide_default_value = true)]
    to: DatabaseUrl,
    /// The organization
    #[arg(long, value_name = "ID", env = "DOCKET_ORG", hide_env_values = true)]
    #[arg(value_parser = args::org, display_order = 1)]
    org: Option<String>,
    /// All organizations, and what belongs to the instance
    #[arg(long, env = "DOCKET_COPY_ALL", hide_env_values = true)]
    #[arg(value_parser = FalseyValueParser::new())]
    all: bool,
}

#[derive(Serialize)]
struct Printed {
    orgs: usize,
    events: u64,
    /// Of the organization, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<String>,
    logs: Vec<LogHead>,
}

pub fn run(args: &Args, _common: &Common) -> Result<ExitCode> {
    let which = match (&args.org, args.all) {
        (Some(org), false) => Which::Org(org),
        (None, true) => Which::All,
        (Some(_), true) => return wrong("--org and --all exclude each other (so does DOCKET_ORG)"),
        (None, false) => return wrong("say what to copy: --org ID or --all"),
    };
    let (from, to) = (place::named(&args.from), place::named(&args.to));
    if from == to {
        return wrong("--from and --to are the same store");
    }
    let interrupt = Interrupt::listen()?;
    let source = reach::snapshot_at(&from)?;
    let target = reach::open(&to).map_err(|error| match to {
        Location::Folder(_) => error.context("the target"),
        Location::Url(_) => error,
    })?;
    let logs = copying::copy(&*source, &*target, which, &interrupt)?;
    output::json(&Printed {
        orgs: logs.len(),
        events: logs.iter().map(|log| log.size).sum(),
        root: match (which, logs.as_slice()) {
            (Which::Org(_), [log]) => Some(log.root.clone()),
            _ => None,
        },
        logs,
    })?;
    Ok(ExitCode::SUCCESS)
}

fn wrong(reason: &str) -> Result<ExitCode> {
    Err(WrongUse(reason.to_owned()).into())
}
