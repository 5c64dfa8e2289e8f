//! One change, written in one vendor's shape and read through the others' clients.

use super::{Server, docket, fresh_folder, json, program, text};
use crate::command;
use crate::tools::Tools;

/// Runs the program, then looks at what the server left.
pub fn run(tools: &Tools) -> anyhow::Result<()> {
    let folder = fresh_folder("clients/cross-vendor")?;
    let (data, owner) = (folder.join("data"), "owner@example.com");
    let made = json(&["init", "--org", "acme", "--owner", owner], &data)?;
    let create = ["token", "create", "--org", "acme", "--owner", owner];
    let crossing = json(&[&create[..], &["--cross-vendor"]].concat(), &data)?;
    let server = Server::start(&data, &[])?;
    let mut command = program(&tools.python, &["python/test_cross_vendor.py"]);
    command
        .env("DOCKET", docket().get_program())
        .env("DOCKET_DATA", &data)
        .env("DOCKET_URL", server.url())
        .env("DOCKET_TOKEN", text(&made, "token")?)
        .env("DOCKET_TOKEN_CROSSING", text(&crossing, "token")?);
    command::run(&mut command)?;
    server.stop()?;
    command::run(docket().args(["check", "--data"]).arg(&data))
}
