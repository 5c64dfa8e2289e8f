//! Formatting, clippy, licences.

use crate::command::{self, cargo};
use crate::licences;

/// Fails on the first kind of finding.
pub fn run() -> anyhow::Result<()> {
    command::run(cargo().args(["fmt", "--all", "--check"]))?;
    command::run(cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))?;
    licences::check()
}
