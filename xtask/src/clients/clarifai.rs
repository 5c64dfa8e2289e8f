//! Clarifai's clients: over gRPC and REST, in the clear and over TLS, one of them a browser.

mod setup;

use std::path::Path;
use std::process::Command;

use anyhow::Context;

use super::{Server, Stores, program};
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
pub fn run(tools: &Tools, stores: Stores<'_>) -> anyhow::Result<()> {
    let setup = Setup::make(tools, stores.place("clarifai")?)?;
    let second = setup.place.second()?;
    let tight = second.beside().join("tight.toml");
    std::fs::write(&tight, TIGHT).context("writing the tight limits")?;
    let default = format!("127.0.0.1:{DEFAULT_PORT}");
    // TLS takes the port above it.
    let free = Server::are_free(&[DEFAULT_PORT, DEFAULT_PORT + 1]);
    let mut arguments = vec!["--dev-tls"];
    if free {
        arguments.extend(["--listen", &default]);
    }
    let server = Server::start(&setup.place, &arguments)?;
    let tight = tight.to_string_lossy();
    let limited = Server::start(&second, &["--dev-tls", "--config", &tight])?;
    let authority = server.authority()?;
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
        addresses(&mut command, &server, &limited);
        command.env("DOCKET_CA", &authority);
        if free {
            command.env("DOCKET_URL_18080", format!("http://{default}"));
        }
        command::run(&mut command)?;
    }
    limited.stop()?;
    server.stop()?;
    setup.place.check()
}

fn addresses(command: &mut Command, server: &Server, limited: &Server) {
    command
        .env("DOCKET_URL", server.url())
        .env("DOCKET_URL_TLS", server.url_tls())
        .env("DOCKET_URL_LIMITED", limited.url())
        .env("DOCKET_URL_LIMITED_TLS", limited.url_tls());
}
