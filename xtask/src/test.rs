//! All tests.

use crate::command::{self, cargo};
use crate::{clients, snippets, tools};

/// Sequences of the property tests in a long run.
const LONG_SEQUENCES: &str = "20000";
/// Kills of the server in a long run.
const LONG_KILLS: &str = "500";
/// Power cuts of each fault test in a long run.
const LONG_CUTS: &str = "600";

/// Events that many processes write in a long run while some of them die.
const LONG_PROCESSES_EVENTS: &str = "2000000";
/// Events of the log that a long run prunes.
const LONG_PRUNE_EVENTS: &str = "1000000";
/// Deaths of a primary in a long run.
const LONG_FAILOVERS: &str = "10";

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
                .env("DOCKET_CUTS", LONG_CUTS)
                .env("DOCKET_PRUNE_EVENTS", LONG_PRUNE_EVENTS)
                .env("DOCKET_PROCESSES_EVENTS", LONG_PROCESSES_EVENTS)
                .env("DOCKET_FAILOVERS", LONG_FAILOVERS);
        }
        command::run(&mut command)?;
    }
    command::run(cargo().args(["build", "--package", "docket-cli", "--locked"]))?;
    clients::run(&tools, long)?;
    snippets::run(&tools)
}
