//! The bench, in a release build.

use crate::command::{self, cargo};

/// Builds and runs the bench.
pub fn run(arguments: &[String]) -> anyhow::Result<()> {
    let mut command = cargo();
    command
        .args(["run", "--release", "--package", "docket-bench", "--"])
        .args(arguments);
    command::run(&mut command)
}
