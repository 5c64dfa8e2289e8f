//! `docket assignment`

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args as ClapArgs, Subcommand};
use docket_access::{Action, Assignee, AssigneeKind, NewAssignment, RoleName};

use crate::args::{self, Common, One, Org};
use crate::desk::{self, Columns, ID};
use crate::wrong_use::WrongUse;

const COLUMNS: Columns = &[
    ("ID", "/id"),
    ("ROLE", "/role"),
    ("KIND", "/principal/kind"),
    ("WHO", "/principal/id"),
    ("PROJECT", "/project"),
    ("CREATED", "/created_at"),
];

/// What to do with assignments: who has which role besides the built-in one.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Give somebody a role; prints {"id"}
    ///
    /// With --project it counts in that project only, for tokens of that project.
    #[command(after_help = "\
Examples:
  docket assignment add --org acme --role auditor --group security
  docket assignment add --org acme --role role_reader --member grace@example.com --project proj_abc")]
    Add(AddArgs),
    /// List all assignments
    List(Org),
    /// Take a role away again
    Remove(One),
}

/// A new assignment.
#[derive(Debug, ClapArgs)]
#[command(group = clap::ArgGroup::new("who").args(["member", "group", "service_account"]))]
pub struct AddArgs {
    #[command(flatten)]
    org: Org,
    /// The role: a built-in one, or another by id
    #[arg(long, env = "DOCKET_ASSIGNMENT_ROLE", hide_env_values = true)]
    #[arg(value_parser = args::role_name)]
    role: RoleName,
    /// Who gets it: a member, by id or e-mail address
    #[arg(long, env = "DOCKET_ASSIGNMENT_MEMBER", hide_env_values = true)]
    #[arg(value_parser = args::id)]
    member: Option<String>,
    /// Who gets it: all members of a group
    #[arg(
        long,
        value_name = "ID",
        env = "DOCKET_ASSIGNMENT_GROUP",
        hide_env_values = true
    )]
    #[arg(value_parser = args::id)]
    group: Option<String>,
    /// Who gets it: an account for programs
    #[arg(long, value_name = "ID", env = "DOCKET_ASSIGNMENT_SERVICE_ACCOUNT")]
    #[arg(hide_env_values = true, value_parser = args::id)]
    service_account: Option<String>,
    /// Limit it to this project
    #[arg(
        long,
        value_name = "ID",
        env = "DOCKET_ASSIGNMENT_PROJECT",
        hide_env_values = true
    )]
    #[arg(value_parser = args::id)]
    project: Option<String>,
}

pub fn run(command: Command, common: &Common) -> Result<ExitCode> {
    let (org, action) = match command {
        Command::List(org) => return desk::list(&org, Action::AssignmentList, COLUMNS, common),
        Command::Add(args) => {
            let new = NewAssignment {
                role: args.role,
                principal: assignee(args.member, args.group, args.service_account)?,
                project: args.project,
            };
            (args.org, Action::Assign(new))
        }
        Command::Remove(One { org, id }) => (org, Action::Unassign { id }),
    };
    desk::act(&org, action, ID, common)
}

fn assignee(
    member: Option<String>,
    group: Option<String>,
    account: Option<String>,
) -> Result<Assignee, WrongUse> {
    let (kind, id) = match (member, group, account) {
        (Some(id), None, None) => (AssigneeKind::User, id),
        (None, Some(id), None) => (AssigneeKind::Group, id),
        (None, None, Some(id)) => (AssigneeKind::ServiceAccount, id),
        (_, _, _) => {
            let reason = "say who gets the role: one of --member, --group or --service-account";
            return Err(WrongUse(reason.to_owned()));
        }
    };
    Ok(Assignee { kind, id })
}
