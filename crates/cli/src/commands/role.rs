//! `docket role`

use std::process::ExitCode;

use anyhow::Result;
use clap::builder::PossibleValuesParser;
use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use docket_access::{Action, NewRole, Permission, RoleChange, RoleScope};

use crate::args::{self, Common, One, Org};
use crate::desk::{self, Columns, ID, WHOLE};

const COLUMNS: Columns = &[
    ("ID", "/id"),
    ("NAME", "/name"),
    ("PERMISSIONS", "/permissions"),
    ("SCOPE", "/scope"),
    ("BUILT IN", "/built_in"),
];

/// What to do with roles.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a role; prints {"id"}
    #[command(after_help = "\
Examples:
  docket role create --org acme --id prover --name Prover --permission audit:verify,audit:export
  docket role create --org acme --name Reader --permission audit:read --scope project")]
    Create(CreateArgs),
    /// List all roles, the built-in ones too
    List(Org),
    /// Show a role
    Show(One),
    /// Change a role, for all who have it
    Update(UpdateArgs),
    /// Delete a role that nobody has
    Delete(One),
}

/// A new role.
#[derive(Debug, ClapArgs)]
pub struct CreateArgs {
    #[command(flatten)]
    org: Org,
    /// Id that is chosen; drawn at random if left out
    #[arg(long, env = "DOCKET_ROLE_ID", hide_env_values = true, value_parser = args::id)]
    id: Option<String>,
    /// Display name
    #[arg(long, env = "DOCKET_ROLE_NAME", hide_env_values = true, value_parser = args::name)]
    name: String,
    /// One sentence for people
    #[arg(
        long,
        value_name = "TEXT",
        env = "DOCKET_ROLE_DESCRIPTION",
        hide_env_values = true
    )]
    #[arg(value_parser = args::name)]
    description: Option<String>,
    /// What it allows; can be given several times
    #[arg(
        long = "permission",
        value_name = "PERMISSION",
        env = "DOCKET_ROLE_PERMISSION"
    )]
    #[arg(hide_env_values = true, required = true, value_delimiter = ',')]
    #[arg(value_parser = permissions())]
    permissions: Vec<String>,
    /// How far it reaches: all of the organization, or the project that an assignment names
    #[arg(long, env = "DOCKET_ROLE_SCOPE", hide_env_values = true, value_enum)]
    #[arg(default_value = "organization")]
    scope: Scope,
}

/// How far a role reaches.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Scope {
    /// All of the organization.
    Organization,
    /// The project that an assignment names.
    Project,
}

/// What changes of a role.
#[derive(Debug, ClapArgs)]
pub struct UpdateArgs {
    #[command(flatten)]
    one: One,
    /// Display name from now on
    #[arg(long, env = "DOCKET_ROLE_UPDATE_NAME", hide_env_values = true)]
    #[arg(value_parser = args::name)]
    name: Option<String>,
    /// One sentence for people
    #[arg(long, value_name = "TEXT", env = "DOCKET_ROLE_UPDATE_DESCRIPTION")]
    #[arg(hide_env_values = true, value_parser = args::name)]
    description: Option<String>,
    /// All that it allows from now on; can be given several times
    #[arg(
        long = "permission",
        value_name = "PERMISSION",
        env = "DOCKET_ROLE_UPDATE_PERMISSION"
    )]
    #[arg(hide_env_values = true, value_delimiter = ',', value_parser = permissions())]
    permissions: Vec<String>,
}

pub fn run(command: Command, common: &Common) -> Result<ExitCode> {
    let (org, action, shown) = match command {
        Command::List(org) => return desk::list(&org, Action::RoleList, COLUMNS, common),
        Command::Create(args) => {
            let new = NewRole {
                id: args.id,
                name: args.name,
                description: args.description,
                permissions: args.permissions,
                scope: match args.scope {
                    Scope::Organization => RoleScope::Organization,
                    Scope::Project => RoleScope::Project,
                },
            };
            (args.org, Action::RoleCreate(new), ID)
        }
        Command::Show(One { org, id }) => (org, Action::RoleGet { id }, WHOLE),
        Command::Update(args) => {
            let change = RoleChange {
                name: args.name,
                description: args.description,
                permissions: Some(args.permissions).filter(|all| !all.is_empty()),
            };
            let One { org, id } = args.one;
            (org, Action::RoleUpdate { id, change }, WHOLE)
        }
        Command::Delete(One { org, id }) => (org, Action::RoleDelete { id }, ID),
    };
    desk::act(&org, action, shown, common)
}

/// What a role of an organization can allow.
fn permissions() -> PossibleValuesParser {
    let of_instance = [Permission::InstanceAdmin, Permission::InstanceWrite];
    let all = Permission::ALL.into_iter();
    let names = all
        .filter(|one| !of_instance.contains(one))
        .map(Permission::name);
    PossibleValuesParser::new(names)
}
