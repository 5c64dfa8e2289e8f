//! `docket service-account`

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args as ClapArgs, Subcommand};
use docket_access::{Action, NewServiceAccount, Role, ServiceAccountChange};

use crate::args::{self, Common, One, Org};
use crate::desk::{self, Columns, ID, WHOLE};

const COLUMNS: Columns = &[
    ("ID", "/id"),
    ("NAME", "/name"),
    ("ROLE", "/role"),
    ("CREATED", "/created_at"),
];

/// What to do with accounts for programs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make an account for a program; prints {"id"}
    ///
    /// It owns tokens as a member does: docket token create --owner ID.
    #[command(after_help = "\
Example:
  docket service-account create --org acme --id svc_ingest --name Ingest --role writer")]
    Create(CreateArgs),
    /// List all accounts for programs
    List(Org),
    /// Show an account
    Show(One),
    /// Change name or built-in role of an account: its tokens follow at once
    Update(UpdateArgs),
    /// Delete an account: its tokens stop working for good
    Delete(One),
}

/// A new account.
#[derive(Debug, ClapArgs)]
pub struct CreateArgs {
    #[command(flatten)]
    org: Org,
    /// Id that the account has elsewhere; drawn at random if left out
    #[arg(long, env = "DOCKET_SERVICE_ACCOUNT_ID", hide_env_values = true)]
    #[arg(value_parser = args::id)]
    id: Option<String>,
    /// Display name
    #[arg(long, env = "DOCKET_SERVICE_ACCOUNT_NAME", hide_env_values = true)]
    #[arg(value_parser = args::name)]
    name: String,
    /// admin, auditor, writer or member
    #[arg(long, env = "DOCKET_SERVICE_ACCOUNT_ROLE", hide_env_values = true)]
    #[arg(value_parser = args::role)]
    role: Role,
}

/// What changes of an account.
#[derive(Debug, ClapArgs)]
pub struct UpdateArgs {
    #[command(flatten)]
    one: One,
    /// Display name from now on
    #[arg(
        long,
        env = "DOCKET_SERVICE_ACCOUNT_UPDATE_NAME",
        hide_env_values = true
    )]
    #[arg(value_parser = args::name)]
    name: Option<String>,
    /// admin, auditor, writer or member
    #[arg(
        long,
        env = "DOCKET_SERVICE_ACCOUNT_UPDATE_ROLE",
        hide_env_values = true
    )]
    #[arg(value_parser = args::role)]
    role: Option<Role>,
}

pub fn run(command: Command, common: &Common) -> Result<ExitCode> {
    let (org, action, shown) = match command {
        Command::List(org) => return desk::list(&org, Action::ServiceAccountList, COLUMNS, common),
        Command::Create(args) => {
            let new = NewServiceAccount {
                id: args.id,
                name: args.name,
                role: args.role,
            };
            (args.org, Action::ServiceAccountCreate(new), ID)
        }
        Command::Show(One { org, id }) => (org, Action::ServiceAccountGet { id }, WHOLE),
        Command::Update(UpdateArgs { one, name, role }) => {
            let One { org, id } = one;
            let change = ServiceAccountChange { name, role };
            (org, Action::ServiceAccountUpdate { id, change }, WHOLE)
        }
        Command::Delete(One { org, id }) => (org, Action::ServiceAccountDelete { id }, ID),
    };
    desk::act(&org, action, shown, common)
}
