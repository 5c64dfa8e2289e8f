//! All tests.

use crate::command::{self, cargo};
use crate::{clients, snippets, tools};

/// Sequences of the property tests in a long run.
const LONG_SEQUENCES: &str = "20000";
/// Kills of the server in a long run.
const LONG_KILLS: &str = "500";
/// Power cuts of each fault test in a long run.
const LONG_CUTS: &str = "600";

/// Runs the Rust tests, then the real clients and the README's snippets.
pub fn run(long: bool, clients_only: bool) -> anyhow::Result<()> {
    let tools = tools::install()?;
    if !clients_only {
        let mut command = cargo();
        command.args(["test", "--workspace", "--locked"]);
        if long {
            command
                .env("DOCKET_SEQUENCES", LONG_SEQUENCES)
                .env("DOCKET_KILLS", LONG_KILLS)
                .env("DOCKET_CUTS", LONG_CUTS);
        }
        command::run(&mut command)?;
    }
    command::run(cargo().args(["build", "--package", "docket-cli", "--locked"]))?;
    clients::run(&tools)?;
    snippets::run(&tools)
}
