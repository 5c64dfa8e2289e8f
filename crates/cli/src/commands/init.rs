//! `docket init`

use std::process::ExitCode;

use anyhow::{Result, anyhow};
use clap::Args as ClapArgs;
use docket_access::{InstanceAction, NewOrganization};
use docket_server::operations::Operation;
use serde::Serialize;

use crate::args::{self, Common, Org};
use crate::reach::{Missing, Reach};
use crate::{desk, output};

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
struct Printed<'a> {
    org: &'a str,
    owner: &'a str,
    token: &'a str,
}

pub fn run(args: Args, common: &Common) -> Result<ExitCode> {
    let Args {
        org: Org { org },
        name,
        owner,
    } = args;
    let new = NewOrganization {
        org,
        name,
        owner_email: owner,
    };
    make(new, Missing::Make, common)
}

/// Makes an organization, and prints {"org","owner","token"}.
pub fn make(new: NewOrganization, missing: Missing, common: &Common) -> Result<ExitCode> {
    let mut reach = Reach::open(common, missing)?;
    let operation = Operation::Instance(InstanceAction::OrganizationCreate(new));
    let answer = desk::ask(&mut reach, operation)?;
    let text = |at: &str| {
        let found = answer
            .document()
            .pointer(at)
            .and_then(|value| value.as_str());
        found.ok_or_else(|| anyhow!("the answer has no `{at}`"))
    };
    output::json(&Printed {
        org: text("/id")?,
        owner: text("/owner")?,
        token: text("/token/token")?,
    })?;
    Ok(ExitCode::SUCCESS)
}
