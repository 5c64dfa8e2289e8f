//! `docket token create`

use std::process::ExitCode;

use anyhow::Result;
use clap::Args as ClapArgs;
use clap::builder::FalseyValueParser;
use docket_access::{Action, InstanceAction, NewInstanceToken, RoleName, TokenWanted};
use docket_server::operations::Operation;

use crate::args::{self, Common, OrgOrInstance};
use crate::desk::{self, ID_AND_TOKEN};
use crate::reach::{Missing, Reach};
use crate::wrong_use::WrongUse;

/// A new token.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    of: OrgOrInstance,
    /// Whose token it is: a member by id or e-mail address, or an account for programs by id
    #[arg(
        long,
        value_name = "MEMBER",
        env = "DOCKET_TOKEN_OWNER",
        hide_env_values = true
    )]
    #[arg(value_parser = args::id, conflicts_with = "instance")]
    owner: Option<String>,
    /// A built-in role, or another by id; all that the owner may if left out
    #[arg(long, env = "DOCKET_TOKEN_ROLE", hide_env_values = true)]
    #[arg(value_parser = args::role_name, conflicts_with = "instance")]
    role: Option<RoleName>,
    /// Limit the token to this project
    #[arg(
        long,
        value_name = "ID",
        env = "DOCKET_TOKEN_PROJECT",
        hide_env_values = true
    )]
    #[arg(value_parser = args::id, conflicts_with = "instance")]
    project: Option<String>,
    /// How long it works, such as 12h or 90d; for ever if left out
    #[arg(
        long,
        value_name = "TIME",
        env = "DOCKET_TOKEN_EXPIRES",
        hide_env_values = true
    )]
    #[arg(value_parser = args::duration_s)]
    expires: Option<u64>,
    /// Display name
    #[arg(long, env = "DOCKET_TOKEN_NAME", hide_env_values = true, value_parser = args::name)]
    name: Option<String>,
    /// Filter that is added to everything it asks, as in GET /api/v1/events; can be given several times
    #[arg(
        long,
        value_name = "NAME=VALUE",
        env = "DOCKET_TOKEN_VIEW",
        hide_env_values = true
    )]
    #[arg(conflicts_with = "instance")]
    view: Vec<String>,
    /// Show it, on every vendor's API, facts about accounts at other vendors too
    #[arg(long, env = "DOCKET_TOKEN_CROSS_VENDOR", hide_env_values = true)]
    #[arg(value_parser = FalseyValueParser::new(), conflicts_with = "instance")]
    cross_vendor: bool,
    /// With --instance: it writes events into any organization, and does nothing else
    #[arg(long, env = "DOCKET_TOKEN_WRITE", hide_env_values = true)]
    #[arg(value_parser = FalseyValueParser::new())]
    write: bool,
}

pub fn run(args: Args, common: &Common) -> Result<ExitCode> {
    let operation = operation(args)?;
    let mut reach = Reach::open(common, Missing::Refuse)?;
    let made = desk::ask(&mut reach, operation)?;
    desk::print(&made, ID_AND_TOKEN)
}

fn operation(args: Args) -> Result<Operation, WrongUse> {
    if args.of.is_instance() {
        let new = NewInstanceToken {
            write: args.write,
            name: args.name,
            expires_in_s: args.expires,
        };
        return Ok(Operation::Instance(InstanceAction::TokenCreate(new)));
    }
    if args.write {
        let reason =
            "--write is for tokens of the instance: give --instance as well, or --role writer";
        return Err(WrongUse(reason.to_owned()));
    }
    let Some(owner) = args.owner else {
        let reason = "say whose token it is with --owner MEMBER, \
             or --instance for one that belongs to no organization";
        return Err(WrongUse(reason.to_owned()));
    };
    let wanted = TokenWanted {
        owner,
        role: args.role,
        expires_in_s: args.expires,
        project: args.project,
        name: args.name,
        view: args.view,
        cross_vendor: args.cross_vendor,
        key_sha256: None,
    };
    let action = Action::TokenCreate(wanted);
    Ok(desk::of(&args.of.org().org, action))
}
