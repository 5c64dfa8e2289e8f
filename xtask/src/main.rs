//! The project's chores: everything that CI runs, and what a developer runs by hand.

mod bench;
mod clients;
mod command;
mod licences;
mod lint;
mod snippets;
mod test;
mod tools;

use clap::{Parser, Subcommand};

/// The project's chores.
#[derive(Debug, Parser)]
#[command(name = "xtask")]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Formatting, clippy with warnings as errors, licences of dependencies
    Lint,
    /// All tests: Rust, then the vendors' real clients against a started server; installs what they need
    Test {
        /// Longer runs of the randomised tests
        #[arg(long)]
        long: bool,
        /// Only the real clients
        #[arg(long)]
        clients_only: bool,
    },
    /// Measure the engine in a release build; arguments go to the bench
    Bench {
        /// Arguments of the bench; see `cargo xtask bench -- --help`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// What CI runs: lint, then test
    Ci,
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().verb {
        Verb::Lint => lint::run(),
        Verb::Test { long, clients_only } => test::run(long, clients_only),
        Verb::Bench { arguments } => bench::run(&arguments),
        Verb::Ci => lint::run().and_then(|()| test::run(false, false)),
    }
}
