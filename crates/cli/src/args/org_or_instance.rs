//! Whose tokens a command is about: an organization's or the instance's own.

use clap::builder::FalseyValueParser;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, Error, FromArgMatches};
use docket_access::INSTANCE_ORG;

use super::{Org, org};

/// An organization, or the instance.
#[derive(Clone, Debug)]
pub struct OrgOrInstance(Option<Org>);

/// The options as they are written.
#[derive(Debug, Args)]
struct Given {
    /// The organization
    #[arg(long, value_name = "ID", env = "DOCKET_ORG", hide_env_values = true)]
    #[arg(value_parser = org, display_order = 0)]
    org: Option<String>,
    /// The instance, instead of an organization
    #[arg(long, env = "DOCKET_TOKEN_INSTANCE", hide_env_values = true)]
    #[arg(value_parser = FalseyValueParser::new(), display_order = 1)]
    instance: bool,
}

impl OrgOrInstance {
    /// Whether it is the instance.
    pub fn is_instance(&self) -> bool {
        self.0.is_none()
    }

    /// The organization in whose log the tokens are told of.
    pub fn org(self) -> Org {
        let instance = || Org {
            org: INSTANCE_ORG.to_owned(),
        };
        self.0.unwrap_or_else(instance)
    }
}

impl FromArgMatches for OrgOrInstance {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        OrgOrInstance::from_arg_matches_mut(&mut matches.clone())
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, Error> {
        // An organization of the environment or the file is for the commands that want one.
        let typed = matches.value_source("org") == Some(ValueSource::CommandLine);
        let Given { org, instance } = Given::from_arg_matches_mut(matches)?;
        match (org, instance) {
            (Some(_), true) if typed => Err(Error::raw(
                ErrorKind::ArgumentConflict,
                "--org and --instance cannot stand together: a token of the instance belongs to no organization\n",
            )),
            (_, true) => Ok(OrgOrInstance(None)),
            (Some(org), false) => Ok(OrgOrInstance(Some(Org { org }))),
            (None, false) => Err(Error::raw(
                ErrorKind::MissingRequiredArgument,
                "name the organization with --org ID, or give --instance for tokens of the instance\n",
            )),
        }
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = OrgOrInstance::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for OrgOrInstance {
    fn augment_args(command: Command) -> Command {
        Given::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Given::augment_args_for_update(command)
    }
}
