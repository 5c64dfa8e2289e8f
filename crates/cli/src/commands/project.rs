//! `docket project`

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args as ClapArgs, Subcommand};
use docket_access::{Action, NewProject, ProjectChange};

use crate::args::{self, Common, One, Org};
use crate::desk::{self, Columns, ID, WHOLE};

const COLUMNS: Columns = &[
    ("ID", "/id"),
    ("NAME", "/name"),
    ("STATUS", "/status"),
    ("CREATED", "/created_at"),
];

/// What to do with projects.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a project; prints {"id"}
    ///
    /// Events belong to the project whose id they carry: give that id with --id.
    #[command(after_help = "\
Example:
  docket project create --org acme --id proj_abc --name Search")]
    Create(CreateArgs),
    /// List all projects
    List(Org),
    /// Show a project
    Show(One),
    /// Rename a project
    Update(UpdateArgs),
    /// Note that work in a project is over; its tokens go on
    Archive(One),
    /// Delete a project: tokens that are limited to it stop working, its events stay
    Delete(One),
}

/// A new project.
#[derive(Debug, ClapArgs)]
pub struct CreateArgs {
    #[command(flatten)]
    org: Org,
    /// Id that the project has elsewhere; drawn at random if left out
    #[arg(long, env = "DOCKET_PROJECT_ID", hide_env_values = true, value_parser = args::id)]
    id: Option<String>,
    /// Display name
    #[arg(long, env = "DOCKET_PROJECT_NAME", hide_env_values = true, value_parser = args::name)]
    name: String,
}

/// What changes of a project.
#[derive(Debug, ClapArgs)]
pub struct UpdateArgs {
    #[command(flatten)]
    one: One,
    /// Display name from now on
    #[arg(long, env = "DOCKET_PROJECT_UPDATE_NAME", hide_env_values = true)]
    #[arg(value_parser = args::name)]
    name: String,
}

pub fn run(command: Command, common: &Common) -> Result<ExitCode> {
    let (org, action, shown) = match command {
        Command::List(org) => return desk::list(&org, Action::ProjectList, COLUMNS, common),
        Command::Create(CreateArgs { org, id, name }) => {
            (org, Action::ProjectCreate(NewProject { id, name }), ID)
        }
        Command::Show(One { org, id }) => (org, Action::ProjectGet { id }, WHOLE),
        Command::Update(UpdateArgs { one, name }) => {
            let One { org, id } = one;
            let change = ProjectChange { name: Some(name) };
            (org, Action::ProjectUpdate { id, change }, WHOLE)
        }
        Command::Archive(One { org, id }) => (org, Action::ProjectArchive { id }, ID),
        Command::Delete(One { org, id }) => (org, Action::ProjectDelete { id }, ID),
    };
    desk::act(&org, action, shown, common)
}
