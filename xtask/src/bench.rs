//! The bench, in a release build.

use crate::command::{self, cargo};

/// Builds the server that the bench starts, then builds and runs the bench.
pub fn run(arguments: &[String]) -> anyhow::Result<()> {
    command::run(cargo().args(["build", "--release", "--package", "docket-cli"]))?;
    let mut command = cargo();
    command
        .args(["run", "--release", "--package", "docket-bench", "--"])
        .args(arguments);
    command::run(&mut command)
}
