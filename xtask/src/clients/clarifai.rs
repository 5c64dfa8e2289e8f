//! Clarifai's clients: over gRPC and REST, in the clear and over TLS, one of them a browser.

mod setup;

use std::path::Path;
use std::process::Command;

use anyhow::Context;

use super::{Server, copy_folder, fresh_folder, program};
use crate::command;
use crate::tools::Tools;
use setup::Setup;

/// The port that the vendor's insecure channel takes unless it is told another.
const DEFAULT_PORT: u16 = 18080;
/// What the second server is told: few requests of a token, little time for half a request.
const TIGHT: &str = "\
[listen]
head_time_s = 2
idle_time_s = 3

[limits]
token_rate = 1
token_burst = 2
request_time_s = 3
";

/// Runs every client program, then looks at what the server left.
pub fn run(tools: &Tools) -> anyhow::Result<()> {
    let folder = fresh_folder("clients/clarifai")?;
    let setup = Setup::make(tools, &folder)?;
    // One process owns a folder, so the server with the tight limits gets a copy.
    let copy = folder.join("limited");
    copy_folder(&setup.data, &copy)?;
    std::fs::write(copy.join("docket.toml"), TIGHT).context("writing the tight limits")?;
    let default = format!("127.0.0.1:{DEFAULT_PORT}");
    // TLS takes the port above it.
    let free = Server::are_free(&[DEFAULT_PORT, DEFAULT_PORT + 1]);
    let mut arguments = vec!["--dev-tls"];
    if free {
        arguments.extend(["--listen", &default]);
    }
    let server = Server::start(&setup.data, &arguments)?;
    let limited = Server::start(&copy, &["--dev-tls"])?;
    setup.while_serving()?;
    let programs: [(&Path, &str); 6] = [
        (&tools.clarifai, "python/test_clarifai.py"),
        (&tools.clarifai_old, "python/test_clarifai.py"),
        (Path::new("node"), "node/test_clarifai.mjs"),
        (Path::new("python3"), "curl/test_clarifai.py"),
        (Path::new("python3"), "browser/test_clarifai.py"),
        (&tools.clarifai, "raw/test_clarifai.py"),
    ];
    for (interpreter, name) in programs {
        let mut command = program(interpreter, &[name]);
        setup.environment(&mut command);
        addresses(&mut command, &setup, &server, &limited);
        if free {
            command.env("DOCKET_URL_18080", format!("http://{default}"));
        }
        command::run(&mut command)?;
    }
    limited.stop()?;
    server.stop()?;
    setup.check()
}

fn addresses(command: &mut Command, setup: &Setup, server: &Server, limited: &Server) {
    command
        .env("DOCKET_URL", server.url())
        .env("DOCKET_URL_TLS", server.url_tls())
        .env("DOCKET_CA", setup.data.join("tls/ca.pem"))
        .env("DOCKET_URL_LIMITED", limited.url())
        .env("DOCKET_URL_LIMITED_TLS", limited.url_tls());
}
