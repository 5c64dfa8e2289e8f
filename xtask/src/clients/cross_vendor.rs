//! One change, written in one vendor's shape and read through the others' clients.

use super::{Server, Stores, docket, json, program, text};
use crate::command;
use crate::tools::Tools;

/// Runs the program, then looks at what the server left.
pub fn run(tools: &Tools, stores: Stores<'_>) -> anyhow::Result<()> {
    let place = stores.place("cross-vendor")?;
    let owner = "owner@example.com";
    let made = json(&["init", "--org", "acme", "--owner", owner], &place)?;
    let create = ["token", "create", "--org", "acme", "--owner", owner];
    let crossing = json(&[&create[..], &["--cross-vendor"]].concat(), &place)?;
    let server = Server::start(&place, &[])?;
    let mut command = program(&tools.python, &["python/test_cross_vendor.py"]);
    command
        .env("DOCKET", docket().get_program())
        .env("DOCKET_URL", server.url())
        .env("DOCKET_TOKEN", text(&made, "token")?)
        .env("DOCKET_TOKEN_CROSSING", text(&crossing, "token")?);
    command::run(place.tell(&mut command))?;
    server.stop()?;
    place.check()
}
