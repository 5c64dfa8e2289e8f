//! `docket token`

use std::process::ExitCode;

use anyhow::Result;
use clap::builder::FalseyValueParser;
use clap::{Args as ClapArgs, Subcommand};
use docket_access::Role;
use docket_server::operations::{Operation, Reply, TokenCreate, TokenRow};
use serde_json::json;

use crate::args::{self, Common, Org};
use crate::output::{self, Style};
use crate::reach::{Missing, Reach, unexpected};

/// What to do with tokens.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a token; prints {"id","token"}
    ///
    /// The token is shown this once and stored as a hash only. It allows what both its role and its owner's
    /// role allow.
    #[command(after_help = "\
Examples:
  docket token create --org acme --owner ada@example.com --role auditor --expires 90d
  docket token create --org acme --owner ada@example.com --role writer --name ingest")]
    Create(CreateArgs),
    /// List all tokens, revoked ones too
    List(Org),
    /// Revoke a token: it stops working at once and for good
    Revoke(RevokeArgs),
}

/// A new token.
#[derive(Debug, ClapArgs)]
pub struct CreateArgs {
    #[command(flatten)]
    org: Org,
    /// Id or e-mail address of the member whose token it is
    #[arg(
        long,
        value_name = "MEMBER",
        env = "DOCKET_TOKEN_OWNER",
        hide_env_values = true
    )]
    #[arg(value_parser = args::id)]
    owner: String,
    /// owner, admin, auditor, writer or member; the owner's role if left out
    #[arg(long, env = "DOCKET_TOKEN_ROLE", hide_env_values = true, value_parser = args::role)]
    role: Option<Role>,
    /// Limit the token to this project
    #[arg(
        long,
        value_name = "ID",
        env = "DOCKET_TOKEN_PROJECT",
        hide_env_values = true
    )]
    #[arg(value_parser = args::id)]
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
    /// Show it, on every vendor's API, facts about accounts at other vendors too
    #[arg(long, env = "DOCKET_TOKEN_CROSS_VENDOR", hide_env_values = true)]
    #[arg(value_parser = FalseyValueParser::new())]
    cross_vendor: bool,
}

/// One of the tokens.
#[derive(Debug, ClapArgs)]
pub struct RevokeArgs {
    #[command(flatten)]
    org: Org,
    /// The token's id, never the token itself
    #[arg(value_name = "ID", value_parser = token_id)]
    id: String,
}

pub fn run(command: Command, common: &Common) -> Result<ExitCode> {
    let style = if common.json {
        Style::Json
    } else {
        Style::Table
    };
    let operation = match command {
        Command::Create(create) => Operation::TokenCreate(new(create)),
        Command::List(Org { org }) => Operation::TokenList { org },
        Command::Revoke(RevokeArgs {
            org: Org { org },
            id,
        }) => Operation::TokenRevoke { org, id },
    };
    match Reach::open(common, Missing::Refuse)?.call(operation)? {
        Reply::Token { id, token } => output::json(&json!({ "id": id, "token": token.text() }))?,
        Reply::Tokens(tokens) => list(tokens, style)?,
        Reply::Revoked { id } => output::json(&json!({ "id": id }))?,
        other => return Err(unexpected(&other)),
    }
    Ok(ExitCode::SUCCESS)
}

fn new(create: CreateArgs) -> TokenCreate {
    let CreateArgs {
        org: Org { org },
        owner,
        role,
        project,
        expires,
        name,
        cross_vendor,
    } = create;
    TokenCreate {
        org,
        owner,
        role,
        project,
        expires_s: expires,
        name,
        cross_vendor,
    }
}

/// Reads the id of a token, and stops a secret before it gets any further.
fn token_id(text: &str) -> Result<String, String> {
    if text.starts_with(docket_access::SECRET_PREFIX) {
        return Err("this is a token; give its id, as `docket token list` shows it".to_owned());
    }
    args::id(text)
}

fn list(tokens: Vec<TokenRow>, style: Style) -> std::io::Result<()> {
    match style {
        Style::Json => output::json(&tokens),
        Style::Table => {
            let rows: Vec<[Option<String>; 7]> = tokens.into_iter().map(row).collect();
            let headings = ["ID", "OWNER", "ROLE", "NAME", "PROJECT", "STATE", "EXPIRES"];
            output::table(headings, &rows)
        }
    }
}

fn row(token: TokenRow) -> [Option<String>; 7] {
    [
        Some(token.id),
        Some(token.owner),
        Some(token.role),
        token.name,
        token.project,
        Some(token.state),
        token.expires_at,
    ]
}
