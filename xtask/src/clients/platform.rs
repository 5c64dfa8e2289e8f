//! A platform's story: an organization for each customer, behind nginx.

use anyhow::Context;
use docket_testkit::loopback::free_ports;

use super::{Server, Stores, json, program, text};
use crate::command;
use crate::tools::Tools;

/// Customers in a short run.
const CUSTOMERS: &str = "50";
/// Customers in a long run.
const LONG_CUSTOMERS: &str = "1000";

/// Runs the program, then looks at what the server left.
pub fn run(tools: &Tools, stores: Stores<'_>, long: bool) -> anyhow::Result<()> {
    let place = stores.place("platform")?;
    json(
        &["init", "--org", "own", "--owner", "owner@example.com"],
        &place,
    )?;
    let create = ["token", "create", "--instance"];
    let admin = json(&create, &place)?;
    let ingest = json(&[&create[..], &["--write"]].concat(), &place)?;
    let server = Server::start(&place, &["--trust-proxy", "127.0.0.1/32"])?;
    let port = free_ports(1).context("no port is free")?;
    let customers = if long { LONG_CUSTOMERS } else { CUSTOMERS };
    let mut command = program(&tools.python, &["python/test_platform.py"]);
    command
        .env("DOCKET_URL", server.url())
        .env("DOCKET_NGINX_PORT", port.to_string())
        .env("DOCKET_CUSTOMERS", customers)
        .env("DOCKET_TOKEN_ADMIN", text(&admin, "token")?)
        .env("DOCKET_TOKEN_INGEST", text(&ingest, "token")?);
    command::run(&mut command)?;
    server.stop()?;
    place.check()
}
