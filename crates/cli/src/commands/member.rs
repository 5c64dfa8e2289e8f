//! `docket member`

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args as ClapArgs, Subcommand};
use docket_access::{Action, MemberChange, NewInvite, NewMember, Role};

use crate::args::{self, Common, Org};
use crate::desk::{self, Columns, ID, ID_AND_CODE, WHOLE};

const COLUMNS: Columns = &[
    ("ID", "/id"),
    ("EMAIL", "/email"),
    ("NAME", "/name"),
    ("ROLE", "/role"),
    ("STATE", "/state"),
    ("GROUPS", "/groups"),
];

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
    /// Ask somebody to join; prints {"id","code"}
    ///
    /// Send them the code: whoever has it can join, once, and gets a first token. It is shown this once and
    /// stored as a hash only. `docket invite` lists invites and takes them back.
    #[command(after_help = "\
Example:
  docket member invite --org acme --email alan@example.com --role member --expires 7d")]
    Invite(InviteArgs),
    /// List all members
    List(Org),
    /// Show a member
    Show(OneArgs),
    /// Change name, address or built-in role of a member: their tokens follow at once
    #[command(after_help = "\
Example:
  docket member update --org acme grace@example.com --role admin")]
    Update(UpdateArgs),
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

/// Somebody who is asked to join.
#[derive(Debug, ClapArgs)]
pub struct InviteArgs {
    #[command(flatten)]
    org: Org,
    /// E-mail address
    #[arg(long, env = "DOCKET_MEMBER_EMAIL", hide_env_values = true, value_parser = args::email)]
    email: String,
    /// owner, admin, auditor, writer or member
    #[arg(long, env = "DOCKET_MEMBER_ROLE", hide_env_values = true, value_parser = args::role)]
    #[arg(default_value = "member")]
    role: Role,
    /// How long it can be accepted, at most 90d; a week if left out
    #[arg(
        long,
        value_name = "TIME",
        env = "DOCKET_MEMBER_EXPIRES",
        hide_env_values = true
    )]
    #[arg(value_parser = args::duration_s)]
    expires: Option<u64>,
}

/// What changes of a member.
#[derive(Debug, ClapArgs)]
pub struct UpdateArgs {
    #[command(flatten)]
    one: OneArgs,
    /// E-mail address from now on
    #[arg(long, env = "DOCKET_MEMBER_UPDATE_EMAIL", hide_env_values = true)]
    #[arg(value_parser = args::email)]
    email: Option<String>,
    /// Display name from now on
    #[arg(long, env = "DOCKET_MEMBER_UPDATE_NAME", hide_env_values = true)]
    #[arg(value_parser = args::name)]
    name: Option<String>,
    /// owner, admin, auditor, writer or member
    #[arg(long, env = "DOCKET_MEMBER_UPDATE_ROLE", hide_env_values = true)]
    #[arg(value_parser = args::role)]
    role: Option<Role>,
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
    let (org, action, shown) = match command {
        Command::List(org) => return desk::list(&org, Action::MemberList, COLUMNS, common),
        Command::Add(args) => {
            let new = NewMember {
                email: args.email,
                id: args.id,
                name: args.name,
                role: args.role,
            };
            (args.org, Action::MemberAdd(new), ID)
        }
        Command::Invite(args) => {
            let new = NewInvite {
                email: args.email,
                role: args.role,
                expires_in_s: args.expires,
            };
            (args.org, Action::InviteSend(new), ID_AND_CODE)
        }
        Command::Show(OneArgs { org, member: id }) => (org, Action::MemberGet { id }, WHOLE),
        Command::Update(args) => {
            let change = MemberChange {
                email: args.email,
                name: args.name,
                role: args.role,
            };
            let OneArgs { org, member: id } = args.one;
            (org, Action::MemberUpdate { id, change }, WHOLE)
        }
        Command::Block(OneArgs { org, member: id }) => (org, Action::MemberBlock { id }, ID),
        Command::Unblock(OneArgs { org, member: id }) => (org, Action::MemberUnblock { id }, ID),
        Command::Remove(OneArgs { org, member: id }) => (org, Action::MemberRemove { id }, ID),
    };
    desk::act(&org, action, shown, common)
}
