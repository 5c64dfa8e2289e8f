//! `docket member`

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args as ClapArgs, Subcommand};
use docket_access::Role;
use docket_server::operations::{MemberChange, MemberRow, Operation, Reply};
use serde_json::json;

use crate::args::{self, Common, Org};
use crate::output::{self, Style};
use crate::reach::{Missing, Reach, unexpected};

/// What to do with members.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add a member; prints {"id"}
    ///
    /// Imported events belong to the member whose id their actor carries: give that id with --id.
    #[command(after_help = "\
Examples:
  docket member add --org acme --email grace@example.com --role auditor
  docket member add --org acme --email alan@example.com --id user-abc123")]
    Add(AddArgs),
    /// List all members
    List(Org),
    /// Block a member: their tokens stop working
    Block(OneArgs),
    /// Let a blocked member in again
    Unblock(OneArgs),
    /// Remove a member: their tokens stop working for good
    Remove(OneArgs),
}

/// A new member.
#[derive(Debug, ClapArgs)]
pub struct AddArgs {
    #[command(flatten)]
    org: Org,
    /// E-mail address
    #[arg(long, env = "DOCKET_MEMBER_EMAIL", hide_env_values = true, value_parser = args::email)]
    email: String,
    /// Id that the member has elsewhere; drawn at random if left out
    #[arg(long, env = "DOCKET_MEMBER_ID", hide_env_values = true, value_parser = args::id)]
    id: Option<String>,
    /// Display name
    #[arg(long, env = "DOCKET_MEMBER_NAME", hide_env_values = true, value_parser = args::name)]
    name: Option<String>,
    /// owner, admin, auditor, writer or member
    #[arg(long, env = "DOCKET_MEMBER_ROLE", hide_env_values = true, value_parser = args::role)]
    #[arg(default_value = "member")]
    role: Role,
}

/// One of the members.
#[derive(Debug, ClapArgs)]
pub struct OneArgs {
    #[command(flatten)]
    org: Org,
    /// The member's id or e-mail address
    #[arg(value_name = "MEMBER", value_parser = args::id)]
    member: String,
}

pub fn run(command: Command, common: &Common) -> Result<ExitCode> {
    let style = if common.json {
        Style::Json
    } else {
        Style::Table
    };
    let operation = match command {
        Command::Add(AddArgs {
            org: Org { org },
            email,
            id,
            name,
            role,
        }) => Operation::MemberAdd {
            org,
            email,
            id,
            name,
            role,
        },
        Command::List(Org { org }) => Operation::MemberList { org },
        Command::Block(one) => change(one, MemberChange::Block),
        Command::Unblock(one) => change(one, MemberChange::Unblock),
        Command::Remove(one) => change(one, MemberChange::Remove),
    };
    match Reach::open(common, Missing::Refuse)?.call(operation)? {
        Reply::Member { id } => output::json(&json!({ "id": id }))?,
        Reply::Members(members) => list(members, style)?,
        other => return Err(unexpected(&other)),
    }
    Ok(ExitCode::SUCCESS)
}

fn change(one: OneArgs, change: MemberChange) -> Operation {
    let OneArgs {
        org: Org { org },
        member,
    } = one;
    Operation::MemberChange {
        org,
        member,
        change,
    }
}

fn list(members: Vec<MemberRow>, style: Style) -> std::io::Result<()> {
    match style {
        Style::Json => output::json(&members),
        Style::Table => {
            let rows: Vec<[Option<String>; 5]> = members.into_iter().map(row).collect();
            output::table(["ID", "EMAIL", "NAME", "ROLE", "STATE"], &rows)
        }
    }
}

fn row(member: MemberRow) -> [Option<String>; 5] {
    [
        Some(member.id),
        member.email,
        member.name,
        Some(member.role),
        Some(member.state),
    ]
}
