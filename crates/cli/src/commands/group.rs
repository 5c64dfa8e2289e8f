//! `docket group`

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args as ClapArgs, Subcommand};
use docket_access::{Action, GroupChange, NewGroup};

use crate::args::{self, Common, One, Org};
use crate::desk::{self, Columns, ID, WHOLE};

const COLUMNS: Columns = &[("ID", "/id"), ("NAME", "/name"), ("CREATED", "/created_at")];

/// What to do with groups.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a group; prints {"id"}
    #[command(after_help = "\
Examples:
  docket group create --org acme --id security --name Security
  docket group add --org acme security grace@example.com
  docket assignment add --org acme --role auditor --group security")]
    Create(CreateArgs),
    /// List all groups
    List(Org),
    /// Show a group with its members
    Show(One),
    /// Rename a group
    Update(UpdateArgs),
    /// Delete a group: its members lose what they had by it
    Delete(One),
    /// Put a member into a group
    Add(MemberArgs),
    /// Take a member out of a group
    Remove(MemberArgs),
}

/// A new group.
#[derive(Debug, ClapArgs)]
pub struct CreateArgs {
    #[command(flatten)]
    org: Org,
    /// Id that is chosen; drawn at random if left out
    #[arg(long, env = "DOCKET_GROUP_ID", hide_env_values = true, value_parser = args::id)]
    id: Option<String>,
    /// Display name
    #[arg(long, env = "DOCKET_GROUP_NAME", hide_env_values = true, value_parser = args::name)]
    name: String,
}

/// What changes of a group.
#[derive(Debug, ClapArgs)]
pub struct UpdateArgs {
    #[command(flatten)]
    one: One,
    /// Display name from now on
    #[arg(long, env = "DOCKET_GROUP_UPDATE_NAME", hide_env_values = true)]
    #[arg(value_parser = args::name)]
    name: String,
}

/// A group and a member.
#[derive(Debug, ClapArgs)]
pub struct MemberArgs {
    #[command(flatten)]
    one: One,
    /// The member's id or e-mail address
    #[arg(value_name = "MEMBER", value_parser = args::id)]
    member: String,
}

pub fn run(command: Command, common: &Common) -> Result<ExitCode> {
    let (org, action, shown) = match command {
        Command::List(org) => return desk::list(&org, Action::GroupList, COLUMNS, common),
        Command::Create(CreateArgs { org, id, name }) => {
            (org, Action::GroupCreate(NewGroup { id, name }), ID)
        }
        Command::Show(One { org, id }) => (org, Action::GroupGet { id }, WHOLE),
        Command::Update(UpdateArgs { one, name }) => {
            let One { org, id } = one;
            let change = GroupChange { name: Some(name) };
            (org, Action::GroupUpdate { id, change }, WHOLE)
        }
        Command::Delete(One { org, id }) => (org, Action::GroupDelete { id }, ID),
        Command::Add(MemberArgs { one, member }) => {
            let One { org, id } = one;
            (org, Action::GroupMemberAdd { id, member }, ID)
        }
        Command::Remove(MemberArgs { one, member }) => {
            let One { org, id } = one;
            (org, Action::GroupMemberRemove { id, member }, ID)
        }
    };
    desk::act(&org, action, shown, common)
}
