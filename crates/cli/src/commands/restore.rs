//! `docket restore`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args as ClapArgs;
use docket_backends::Location;
use docket_server::operations::Operation;
use serde_json::json;

use super::backup::bytes_bar;
use crate::args::Common;
use crate::interrupt::Interrupt;
use crate::manifest::{self, FileEntry, LogHead, Manifest, Step};
use crate::output;
use crate::place;
use crate::reach::Reach;
use crate::wrong_use::WrongUse;

/// Make a data folder from a backup
///
/// Compares every file with the backup's manifest.json while it is copied, then every log's size and root.
/// Only when all of that is right do the files become a store, all at once; until then, and if anything is
/// wrong, the data folder stays without one. A folder that holds anything is refused. That the store comes
/// from a backup is recorded in every log (docket.backup.restored).
///
/// A backup is a store: docket copy brings it into a database.
///
/// Do not go on with the original and a copy side by side: their logs would have one name and two contents.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  docket restore /mnt/backups/docket-2026-11-25 --data /var/lib/docket
  docket check --data /var/lib/docket")]
pub struct Args {
    /// The backup's folder
    #[arg(value_name = "SRC")]
    src: PathBuf,
}

pub fn run(args: &Args, common: &Common) -> Result<ExitCode> {
    let Location::Folder(folder) = place::location(common)? else {
        let reason = "a backup is restored to a folder; to bring it into a database: \
             docket copy --from SRC --to postgres://… --all";
        return Err(WrongUse(reason.to_owned()).into());
    };
    let interrupt = Interrupt::listen()?;
    let manifest = Manifest::read(&args.src)?;
    let vacant = docket_backends::vacant(&Location::Folder(folder.clone()))
        .with_context(|| format!("restore to {}", folder.display()))?;
    copy_files(&manifest, &args.src, vacant.stage(), &interrupt)?;
    let heads = manifest::heads(vacant.stage()).context("read the copy")?;
    compare(&manifest.logs, &heads)?;
    interrupt.check()?;
    note(vacant.stage(), &manifest).context("write down that this is a restored copy")?;
    interrupt.check()?;
    vacant.settle()?;
    if common.json {
        output::json(&json!({
            "data": folder.display().to_string(),
            "logs": manifest.logs.len(),
            "events": manifest.events(),
            "created_at": manifest.created_at,
        }))?;
    } else {
        output::line(&format!(
            "{}: {} events in {}, as of {}; sizes and roots are those of the backup\n\
             to have everything recomputed: docket check --data {}",
            folder.display(),
            manifest.events(),
            output::count(manifest.logs.len(), "log"),
            manifest.created_at,
            folder.display(),
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn copy_files(manifest: &Manifest, src: &Path, stage: &Path, interrupt: &Interrupt) -> Result<()> {
    let bar = bytes_bar("copying");
    bar.set_length(manifest.bytes());
    let step = Step {
        bar: &bar,
        interrupt,
    };
    for wanted in &manifest.files {
        let found = manifest::copy(src, stage, &wanted.name, &step)?;
        if found != *wanted {
            return Err(differs(src, wanted, &found));
        }
    }
    bar.finish_and_clear();
    Ok(())
}

fn differs(src: &Path, wanted: &FileEntry, found: &FileEntry) -> anyhow::Error {
    let what = if found.bytes == wanted.bytes {
        "other bytes".to_owned()
    } else {
        format!("{} bytes instead of {}", found.bytes, wanted.bytes)
    };
    anyhow!(
        "{} is not what was backed up, it has {what}: nothing was restored; use another backup",
        src.join(&wanted.name).display()
    )
}

fn compare(wanted: &[LogHead], found: &[LogHead]) -> Result<()> {
    for log in wanted {
        let there = found.iter().find(|there| there.org == log.org);
        if there != Some(log) {
            bail!(
                "the log of `{}` is not the one that the manifest tells of: nothing was restored; \
                 use another backup",
                log.org
            );
        }
    }
    if found.len() != wanted.len() {
        bail!("there are logs that the manifest does not tell of: nothing was restored");
    }
    Ok(())
}

/// Written before the store is in place: it has the note, or is not there.
fn note(stage: &Path, manifest: &Manifest) -> Result<()> {
    let operation = Operation::Restored {
        backup_of: manifest.created_at.clone(),
    };
    Reach::own(stage)?.call(operation).map(drop)
}
