//! `docket backup`

use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args as ClapArgs;
use docket_backends::{BackupError, Copied, FolderBackupError, Location};
use docket_engine::Environment;
use docket_event::Timestamp;
use docket_server::operations::{NotedIn, Operation, Reply};
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use serde_json::json;
use tempfile::TempDir;

use crate::args::Common;
use crate::copying::{self, Which};
use crate::interrupt::Interrupt;
use crate::manifest::{self, Manifest, Step};
use crate::output;
use crate::place;
use crate::reach::{self, Missing, Reach, unexpected};
use crate::settings;

/// Copy the store to another folder, also while a server writes to it
///
/// Everything is of one moment: events, members, tokens, keys, and the data folder's own docket.toml. Of a
/// database a data folder is made that any docket can serve. The folder appears under its name when it is complete and on the disk. Its manifest.json lists every file with
/// its SHA-256 and every log with its size and root; docket restore compares them. That a backup began is
/// recorded first, in every log (docket.backup.created). Whoever can read the backup can read everything:
/// it is made for its owner only.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  docket backup /mnt/backups/docket-2026-11-25
  docket check --data /mnt/backups/docket-2026-11-25")]
pub struct Args {
    /// The folder: not there yet, or empty
    #[arg(value_name = "DEST")]
    dest: PathBuf,
}

pub fn run(args: &Args, common: &Common) -> Result<ExitCode> {
    let location = place::location(common)?;
    let interrupt = Interrupt::listen()?;
    reach::snapshot_store(common).map(drop)?;
    let target = Target::of(&args.dest)?;
    let noted = match Reach::open(common, Missing::Refuse)?.call(Operation::Backup)? {
        Reply::NotedIn(noted) => noted,
        other => return Err(unexpected(&other)),
    };
    let manifest = fill(&location, common, target.part.path(), &interrupt)?;
    holds(&manifest, &noted)?;
    interrupt.check()?;
    target.settle()?;
    if common.json {
        output::json(&json!({
            "path": args.dest.display().to_string(),
            "logs": manifest.logs.len(),
            "events": manifest.events(),
            "bytes": manifest.bytes(),
        }))?;
    } else {
        output::line(&format!(
            "{}: {} events in {}, {}",
            args.dest.display(),
            manifest.events(),
            output::count(manifest.logs.len(), "log"),
            HumanBytes(manifest.bytes()),
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Puts everything into the folder; on the disk when this returns.
fn fill(
    location: &Location,
    common: &Common,
    part: &Path,
    interrupt: &Interrupt,
) -> Result<Manifest> {
    let now = Timestamp::from_micros(Environment::system().now_micros());
    let now = now.context("the clock shows no time that can be written")?;
    let (copied, data) = match location {
        Location::Folder(data) => (copy_folder(data, part, interrupt)?, Some(data)),
        Location::Url(_) => (
            copy_database(location, part, interrupt)?,
            common.data.as_ref(),
        ),
    };
    let identity = &copied.identity;
    let mut manifest = Manifest::new(copied.format, &identity.store_id, now.to_string());
    manifest.logs = manifest::heads(part).context("read the copy")?;
    let bar = bytes_bar("hashing");
    let step = Step {
        bar: &bar,
        interrupt,
    };
    for name in copied.files {
        manifest.files.push(manifest::entry(part, name, &step)?);
    }
    if let Some(data) = data.filter(|data| data.join(settings::FILE).is_file()) {
        let copied = manifest::copy(data, part, settings::FILE, &step)?;
        manifest.files.push(copied);
    }
    bar.finish_and_clear();
    manifest::sweep(part, &manifest.files).context("tidy the copy")?;
    manifest.write(part).context("write the manifest")?;
    manifest::sync(part).context("write the copy")?;
    Ok(manifest)
}

/// Everything of a database at one moment, as a store in a folder.
fn copy_database(location: &Location, part: &Path, interrupt: &Interrupt) -> Result<Copied> {
    let source = reach::snapshot_at(location)?;
    let target = reach::open(&Location::Folder(part.to_owned()))?;
    let copied = copying::copy(&*source, &*target, Which::All, interrupt);
    interrupt.check()?;
    copied?;
    drop(target);
    docket_backends::whole(part).with_context(|| format!("copy to {}", part.display()))
}

fn copy_folder(data: &Path, part: &Path, interrupt: &Interrupt) -> Result<Copied> {
    let bar = bytes_bar("copying");
    let copied =
        docket_backends::backup(&Location::Folder(data.to_owned()), part, &mut |progress| {
            bar.set_length(progress.all);
            bar.set_position(progress.done);
            if interrupt.heard() {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
    bar.finish_and_clear();
    match copied {
        Err(BackupError::Folder(FolderBackupError::Stopped)) => {
            interrupt.check()?;
            bail!("the copy stopped by itself");
        }
        done => done.with_context(|| format!("copy {}", data.display())),
    }
}

/// A bar for bytes, on standard error, and nothing where that is no terminal.
pub fn bytes_bar(what: &'static str) -> ProgressBar {
    let template = "{msg} {wide_bar} {bytes} of {total_bytes}  {eta} left";
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::no_length()
        .with_style(style)
        .with_message(what)
}

/// Every log of the backup must have the note that was written before it.
fn holds(manifest: &Manifest, noted: &[NotedIn]) -> Result<()> {
    for note in noted {
        let log = manifest.logs.iter().find(|log| log.org == note.org);
        if log.is_none_or(|log| log.size <= note.position) {
            bail!(
                "the copy lacks events of `{}` that were there before it: this must not be, \
                 run docket check",
                note.org
            );
        }
    }
    Ok(())
}

/// The folder that a backup becomes, under another name until it is complete.
#[derive(Debug)]
struct Target {
    /// Gone with this value.
    part: TempDir,
    dest: PathBuf,
    parent: PathBuf,
}

impl Target {
    fn of(dest: &Path) -> Result<Self> {
        let dest = match fs::read_dir(dest) {
            Ok(mut entries) => {
                if entries.next().is_some() {
                    bail!(
                        "{} is not empty: name a folder that is not there yet",
                        dest.display()
                    );
                }
                let dest = dest.canonicalize()?;
                // It makes room for the complete one. What cannot be replaced is told now, not at the end.
                fs::remove_dir(&dest).with_context(|| {
                    format!(
                        "{} cannot be replaced by a backup: name a folder inside it",
                        dest.display()
                    )
                })?;
                dest
            }
            Err(error) if error.kind() == ErrorKind::NotFound => dest.to_owned(),
            Err(error) => return Err(error).with_context(|| format!("read {}", dest.display())),
        };
        let parent = match dest.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            Some(_) | None => PathBuf::from("."),
        };
        // A parent that is missing is not made: it may be a disk that is not mounted.
        let part = tempfile::Builder::new()
            .prefix(".docket-backup-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(&parent)
            .with_context(|| format!("make a folder in {}", parent.display()))?;
        Ok(Target { part, dest, parent })
    }

    /// Gives it its name.
    fn settle(self) -> Result<()> {
        let Target { part, dest, parent } = self;
        fs::rename(part.path(), &dest)
            .with_context(|| format!("put {} in place", dest.display()))?;
        // It is not where it would be removed from any more.
        let _ = part.keep();
        manifest::sync(&parent).with_context(|| format!("write {}", parent.display()))
    }
}
