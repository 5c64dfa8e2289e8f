//! The vendors' real clients against a started server.

mod administration;
mod calypsoai;
mod clarifai;
mod cross_vendor;
mod openai;
mod place;
mod platform;
mod server;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use docket_testkit::postgres::Cluster;
use serde_json::Value;

use crate::command::{output, root, target};
use crate::tools::Tools;

pub use server::Server;

use place::{Place, Stores};

/// Runs every client program of every vendor, then looks at what the servers left: once with data folders, once with
/// PostgreSQL databases.
pub fn run(tools: &Tools, long: bool) -> anyhow::Result<()> {
    calypsoai::test_package(tools)?;
    let cluster = Cluster::start();
    for stores in [Stores::Folders, Stores::Databases(&cluster)] {
        openai::run(tools, stores)?;
        clarifai::run(tools, stores)?;
        calypsoai::run(tools, stores)?;
        cross_vendor::run(tools, stores)?;
        administration::run(tools, stores)?;
        platform::run(tools, stores, long)?;
    }
    Ok(())
}

/// One of the client programs, to be run where they are.
fn program(interpreter: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(interpreter);
    command
        .args(arguments)
        .current_dir(root().join("clients/tests"));
    command
}

/// An empty folder of that name below the build folder.
pub fn fresh_folder(name: &str) -> anyhow::Result<PathBuf> {
    let folder = target().join("tests").join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)
            .with_context(|| format!("removing {}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    Ok(folder)
}

/// The program under test.
pub fn docket() -> Command {
    Command::new(target().join("debug/docket"))
}

/// What a command prints as JSON.
fn json(arguments: &[&str], place: &Place) -> anyhow::Result<Value> {
    let printed = output(place.name(docket().args(arguments)))?;
    serde_json::from_str(&printed)
        .with_context(|| format!("docket {} printed {printed}", arguments.join(" ")))
}

fn text(value: &Value, name: &str) -> anyhow::Result<String> {
    match value[name].as_str() {
        Some(text) => Ok(text.to_owned()),
        None => bail!("no {name} in what was printed"),
    }
}
