//! `docket init`

use std::process::ExitCode;

use anyhow::Result;
use clap::Args as ClapArgs;
use docket_server::operations::{Operation, Reply};
use serde::Serialize;

use crate::args::{self, Common, Org};
use crate::output;
use crate::reach::{Missing, Reach, unexpected};

/// Make an organization with its first owner and token
///
/// Prints {"org","owner","token"}. The token is shown this once and stored as a hash only. The
/// organization's log begins with organization.created and api_key.created.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Example:
  docket init --org acme --name 'Acme Inc' --owner ada@example.com")]
pub struct Args {
    #[command(flatten)]
    org: Org,
    /// Display name
    #[arg(long, env = "DOCKET_INIT_NAME", hide_env_values = true, value_parser = args::name)]
    name: Option<String>,
    /// E-mail address of the first owner
    #[arg(
        long,
        value_name = "EMAIL",
        env = "DOCKET_INIT_OWNER",
        hide_env_values = true
    )]
    #[arg(value_parser = args::email)]
    owner: String,
}

#[derive(Serialize)]
struct Printed<'r> {
    org: &'r str,
    owner: &'r str,
    token: &'r str,
}

pub fn run(args: Args, common: &Common) -> Result<ExitCode> {
    let mut reach = Reach::open(common, Missing::Make)?;
    let Args {
        org: Org { org },
        name,
        owner,
    } = args;
    match reach.call(Operation::Init {
        org,
        name,
        owner_email: owner,
    })? {
        Reply::Initialised { org, owner, token } => {
            output::json(&Printed {
                org: &org,
                owner: &owner,
                token: token.text(),
            })?;
            Ok(ExitCode::SUCCESS)
        }
        other => Err(unexpected(&other)),
    }
}
