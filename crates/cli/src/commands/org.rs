//! `docket org`

use std::process::ExitCode;

use anyhow::Result;
use clap::builder::FalseyValueParser;
use clap::{Args as ClapArgs, Subcommand};
use docket_access::{Action, InstanceAction, NewOrganization};

use crate::args::{self, Common, Org};
use crate::commands::init;
use crate::desk::{self, Columns, ID, WHOLE};
use crate::reach::Missing;
use crate::wrong_use::WrongUse;

const COLUMNS: Columns = &[("ID", "/id"), ("NAME", "/name"), ("CREATED", "/created_at")];

/// What to do with organizations.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make one more organization; prints {"org","owner","token"}
    ///
    /// Does what `docket init` does, in a store that is there already.
    #[command(after_help = "\
Example:
  docket org create --org globex --name 'Globex' --owner hank@example.com")]
    Create(CreateArgs),
    /// List all organizations
    List,
    /// Show an organization
    Show(Org),
    /// End an organization: nobody gets in from now on
    ///
    /// Its log stays and ends with docket.organization.deleted; its id is never given again. Refused while a
    /// legal hold stands.
    #[command(after_help = "\
Example:
  docket org delete --org globex --yes")]
    Delete(DeleteArgs),
}

/// A new organization.
#[derive(Debug, ClapArgs)]
pub struct CreateArgs {
    #[command(flatten)]
    org: Org,
    /// Display name
    #[arg(long, env = "DOCKET_ORGANIZATION_NAME", hide_env_values = true)]
    #[arg(value_parser = args::name)]
    name: Option<String>,
    /// E-mail address of the first owner
    #[arg(long, value_name = "EMAIL", env = "DOCKET_ORGANIZATION_OWNER")]
    #[arg(hide_env_values = true, value_parser = args::email)]
    owner: String,
}

/// One that ends.
#[derive(Debug, ClapArgs)]
pub struct DeleteArgs {
    #[command(flatten)]
    org: Org,
    /// It is meant: it cannot be taken back
    #[arg(long, env = "DOCKET_ORGANIZATION_YES", hide_env_values = true)]
    #[arg(value_parser = FalseyValueParser::new())]
    yes: bool,
}

pub fn run(command: Command, common: &Common) -> Result<ExitCode> {
    match command {
        Command::Create(CreateArgs {
            org: Org { org },
            name,
            owner,
        }) => {
            let new = NewOrganization {
                org,
                name,
                owner_email: owner,
            };
            init::make(new, Missing::Refuse, common)
        }
        Command::List => desk::list_of_instance(InstanceAction::OrganizationList, COLUMNS, common),
        Command::Show(org) => desk::act(&org, Action::OrganizationGet, WHOLE, common),
        Command::Delete(DeleteArgs { org, yes: true }) => {
            desk::act(&org, Action::OrganizationDelete, ID, common)
        }
        Command::Delete(DeleteArgs { org, yes: false }) => {
            let reason = format!(
                "nobody gets into `{0}` any more, and that cannot be taken back; \
                 if it is meant: docket org delete --org {0} --yes",
                org.org
            );
            Err(WrongUse(reason).into())
        }
    }
}
