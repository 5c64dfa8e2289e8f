//! A day of administration, read back through every client.

use super::{Server, Stores, json, program, text};
use crate::command;
use crate::tools::Tools;

/// Runs the program, then looks at what the server left.
pub fn run(tools: &Tools, stores: Stores<'_>) -> anyhow::Result<()> {
    let place = stores.place("administration")?;
    let owner = "owner@example.com";
    let made = json(&["init", "--org", "acme", "--owner", owner], &place)?;
    let server = Server::start(&place, &[])?;
    let mut command = program(&tools.python, &["python/test_administration.py"]);
    command
        .env("DOCKET_URL", server.url())
        .env("DOCKET_OWNER", text(&made, "owner")?)
        .env("DOCKET_TOKEN", text(&made, "token")?);
    command::run(&mut command)?;
    server.stop()?;
    place.check()
}
