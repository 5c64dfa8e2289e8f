//! Runs programs and says which one failed.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

/// The workspace's folder.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Where builds go, and what tests install.
pub fn target() -> PathBuf {
    let told = std::env::var_os("CARGO_TARGET_DIR");
    let folder = told.map_or_else(|| root().join("target"), PathBuf::from);
    // Servers are started in folders of their own.
    std::path::absolute(&folder).unwrap_or(folder)
}

/// A command of the workspace's own cargo.
pub fn cargo() -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

/// Runs a command to its end; its output goes where ours goes.
pub fn run(command: &mut Command) -> anyhow::Result<()> {
    let name = shown(command);
    eprintln!("+ {name}");
    let status = command
        .status()
        .with_context(|| format!("starting {name}"))?;
    if !status.success() {
        bail!("{name} failed: {status}");
    }
    Ok(())
}

/// Runs a command and gives what it printed.
pub fn output(command: &mut Command) -> anyhow::Result<String> {
    let name = shown(command);
    let output = command
        .output()
        .with_context(|| format!("starting {name}"))?;
    if !output.status.success() {
        bail!(
            "{name} failed: {}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    String::from_utf8(output.stdout).with_context(|| format!("reading what {name} printed"))
}

/// Whether a command succeeds; what it prints is thrown away.
pub fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}
