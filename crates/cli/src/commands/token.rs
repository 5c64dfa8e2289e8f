//! `docket token`

mod create;
mod import;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args as ClapArgs, Subcommand};
use docket_access::{Action, TokenChange};

use crate::args::{self, Common, OrgOrInstance};
use crate::desk::{self, Columns, ID, ID_AND_TOKEN, WHOLE};

const COLUMNS: Columns = &[
    ("ID", "/id"),
    ("OWNER", "/owner"),
    ("ROLE", "/role"),
    ("NAME", "/name"),
    ("PROJECT", "/project"),
    ("STATE", "/state"),
    ("EXPIRES", "/expires_at"),
    ("LAST USED", "/last_used_at"),
];
const INSTANCE_COLUMNS: Columns = &[
    ("ID", "/id"),
    ("PERMISSIONS", "/permissions"),
    ("NAME", "/name"),
    ("STATE", "/state"),
    ("EXPIRES", "/expires_at"),
    ("LAST USED", "/last_used_at"),
];

/// What to do with tokens.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a token; prints {"id","token"}
    ///
    /// The token is shown this once and stored as a hash only. It allows what both its role and its owner's
    /// roles allow. With --instance it belongs to no organization: it makes and changes organizations, or, with
    /// --write, only writes events into any of them.
    #[command(after_help = "\
Examples:
  docket token create --org acme --owner ada@example.com --role auditor --expires 90d
  docket token create --org acme --owner ada@example.com --role writer --name ingest
  docket token create --org acme --owner ada@example.com --view 'type=project.*'
  docket token create --instance --write --name platform")]
    Create(Box<create::Args>),
    /// List all tokens, revoked ones too
    List(OrgOrInstance),
    /// Show a token: what it may, its view, when it was used last
    Show(OneArgs),
    /// Give a token another name or end
    Update(UpdateArgs),
    /// Replace a token by a new one that may the same; prints {"id","token"}
    ///
    /// The old one goes on working for the overlap, at most 30 days, so that programs can change over.
    #[command(after_help = "\
Example:
  docket token rotate --org acme key_99f2c5a9938535dcd3726033 --overlap 24h")]
    Rotate(RotateArgs),
    /// Revoke a token: it stops working at once and for good
    Revoke(OneArgs),
    /// Register keys that another system issued, by their SHA-256; prints {"registered","known"}
    ///
    /// From then on these keys are tokens of their owner, and nobody needs a second key. The file has one
    /// SHA-256 in hex on each line, and behind it, if wanted, white space and a name. A line that has none is
    /// refused, and never shown, since it may be a key; nothing is registered then. Keys that the organization
    /// has registered before are counted as known.
    #[command(after_help = "\
Examples:
  docket token import --org acme --owner ada@example.com --role auditor hashes.txt
  printf %s \"$KEY\" | sha256sum | docket token import --org acme --owner ada@example.com -")]
    Import(import::Args),
}

/// One of the tokens.
#[derive(Debug, ClapArgs)]
pub struct OneArgs {
    #[command(flatten)]
    of: OrgOrInstance,
    /// The token's id, never the token itself
    #[arg(value_name = "ID", value_parser = token_id)]
    id: String,
}

/// What changes of a token.
#[derive(Debug, ClapArgs)]
pub struct UpdateArgs {
    #[command(flatten)]
    one: OneArgs,
    /// Display name from now on
    #[arg(long, env = "DOCKET_TOKEN_UPDATE_NAME", hide_env_values = true)]
    #[arg(value_parser = args::name)]
    name: Option<String>,
    /// How long it works from now on, such as 12h or 90d
    #[arg(long, value_name = "TIME", env = "DOCKET_TOKEN_UPDATE_EXPIRES")]
    #[arg(hide_env_values = true, value_parser = args::duration_s)]
    expires: Option<u64>,
}

/// One that is replaced.
#[derive(Debug, ClapArgs)]
pub struct RotateArgs {
    #[command(flatten)]
    one: OneArgs,
    /// How long the old one goes on working, such as 1h; it stops at once if left out
    #[arg(
        long,
        value_name = "TIME",
        env = "DOCKET_TOKEN_OVERLAP",
        hide_env_values = true
    )]
    #[arg(value_parser = args::duration_s)]
    overlap: Option<u64>,
}

pub fn run(command: Command, common: &Common) -> Result<ExitCode> {
    let (org, action, shown) = match command {
        Command::Create(args) => return create::run(*args, common),
        Command::Import(args) => return import::run(&args, common),
        Command::List(of) => {
            let columns = match of.is_instance() {
                true => INSTANCE_COLUMNS,
                false => COLUMNS,
            };
            return desk::list(&of.org(), Action::TokenList, columns, common);
        }
        Command::Show(OneArgs { of, id }) => (of.org(), Action::TokenGet { id }, WHOLE),
        Command::Update(UpdateArgs { one, name, expires }) => {
            let OneArgs { of, id } = one;
            let change = TokenChange {
                name,
                expires_in_s: expires,
            };
            (of.org(), Action::TokenUpdate { id, change }, WHOLE)
        }
        Command::Rotate(RotateArgs { one, overlap }) => {
            let OneArgs { of, id } = one;
            let overlap_s = overlap.unwrap_or(0);
            (
                of.org(),
                Action::TokenRotate { id, overlap_s },
                ID_AND_TOKEN,
            )
        }
        Command::Revoke(OneArgs { of, id }) => (of.org(), Action::TokenRevoke { id }, ID),
    };
    desk::act(&org, action, shown, common)
}

/// Reads the id of a token, and stops a secret before it gets any further.
fn token_id(text: &str) -> Result<String, String> {
    if text.starts_with(docket_access::SECRET_PREFIX) {
        return Err("this is a token; give its id, as `docket token list` shows it".to_owned());
    }
    args::id(text)
}
