//! The arguments of the command: what may be written, what it means, and the help that says so.

mod org_or_instance;

use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{Args as ClapArgs, Parser, Subcommand};
use docket_access::{Role, RoleName, check_email, check_id, check_name, check_org};

use crate::commands::{
    assignment, backup, bench, check, copy, export, group, hold, import, init, invite, member, org,
    project, restore, role, serve, service_account, settings, token, vocabulary,
};
use crate::place::DatabaseUrl;

pub use org_or_instance::OrgOrInstance;

/// Folder that is used when nothing else is said.
pub const DATA_DEFAULT: &str = "./docket-data";

/// Tamper-evident audit log for AI platforms.
///
/// Docket records who did what in an organization, proves that the record was not changed, and answers the
/// audit-log APIs of AI vendors, so that their own clients work with only the address and the key changed.
#[derive(Debug, Parser)]
#[command(
    name = "docket",
    version,
    propagate_version = true,
    max_term_width = 100
)]
#[command(after_help = "\
Examples:
  docket serve --demo                                 try it: a demo organization, nothing kept
  docket init --org acme --owner ada@example.com      make an organization; prints its first token
  docket serve                                        serve ./docket-data on 127.0.0.1:8080
  docket import --org acme --format openai log.json   bring in what a vendor's API answered

Every option can also stand in the environment, under the name in brackets, and in docket.toml.
The command line counts first, then the environment, then the file.
Exit codes: 0 done, 1 it failed, 2 wrong use.")]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
}

/// Options of every command.
#[derive(Clone, Debug, ClapArgs)]
pub struct Common {
    /// Folder that holds everything [default: ./docket-data]
    #[arg(
        long,
        value_name = "DIR",
        global = true,
        env = "DOCKET_DATA",
        hide_env_values = true
    )]
    #[arg(display_order = 900)]
    pub data: Option<PathBuf>,
    /// PostgreSQL database instead of a folder: postgres://USER@HOST/DATABASE; any number of processes may share it
    #[arg(long, value_name = "URL", global = true, env = "DOCKET_DATABASE_URL")]
    #[arg(hide_env_values = true, hide_default_value = true, display_order = 901)]
    pub database_url: Option<DatabaseUrl>,
    /// File that holds the database's password and nothing else
    #[arg(
        long,
        value_name = "FILE",
        global = true,
        env = "DOCKET_DATABASE_PASSWORD_FILE",
        hide_env_values = true,
        display_order = 902
    )]
    pub database_password_file: Option<PathBuf>,
    /// Print JSON instead of a table
    #[arg(
        long,
        global = true,
        env = "DOCKET_JSON",
        hide_env_values = true,
        display_order = 903
    )]
    #[arg(value_parser = FalseyValueParser::new())]
    pub json: bool,
    /// File of settings [default: docket.toml in the data folder, if there is one]
    #[arg(
        long,
        value_name = "FILE",
        global = true,
        env = "DOCKET_CONFIG",
        hide_env_values = true,
        display_order = 904
    )]
    pub config: Option<PathBuf>,
    /// What the file says about the server.
    #[arg(skip)]
    pub settings: docket_server::Config,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    Serve(serve::Args),
    Init(init::Args),
    /// Create, list, show and end organizations
    #[command(subcommand)]
    Org(org::Command),
    /// Add, invite, list, change, block and remove members
    #[command(subcommand)]
    Member(member::Command),
    /// List invites and take them back
    #[command(subcommand)]
    Invite(invite::Command),
    /// Put members into groups
    #[command(subcommand)]
    Group(group::Command),
    /// Create, list, change and delete roles
    #[command(subcommand)]
    Role(role::Command),
    /// Give roles to members, groups and accounts, and take them away
    #[command(subcommand)]
    Assignment(assignment::Command),
    /// Create, list, change and delete accounts for programs
    #[command(subcommand)]
    ServiceAccount(service_account::Command),
    /// Create, list, rename, archive and delete projects
    #[command(subcommand)]
    Project(project::Command),
    /// Create, list, rotate, revoke and import tokens
    #[command(subcommand)]
    Token(token::Command),
    /// Show and change an organization's settings: retention, addresses, read audit
    #[command(subcommand)]
    Settings(settings::Command),
    /// Place, list and release legal holds
    #[command(subcommand)]
    Hold(hold::Command),
    Import(import::Args),
    Export(Box<export::Args>),
    Check(check::Args),
    Backup(backup::Args),
    Restore(restore::Args),
    Copy(copy::Args),
    Bench(bench::Args),
    Vocabulary(vocabulary::Args),
}

/// The organization that a command is about.
#[derive(Clone, Debug, ClapArgs)]
pub struct Org {
    /// The organization
    #[arg(long, value_name = "ID", env = "DOCKET_ORG", hide_env_values = true)]
    #[arg(value_parser = org, display_order = 0)]
    pub org: String,
}

/// One thing of an organization.
#[derive(Clone, Debug, ClapArgs)]
pub struct One {
    #[command(flatten)]
    pub org: Org,
    /// Its id, as `list` shows it
    #[arg(value_name = "ID", value_parser = id)]
    pub id: String,
}

/// Reads the id of an organization.
pub fn org(text: &str) -> Result<String, String> {
    check_org(text)
        .map(|()| text.to_owned())
        .map_err(|fault| fault.reason)
}

/// Reads an e-mail address.
pub fn email(text: &str) -> Result<String, String> {
    check_email("", text)
        .map(|()| text.to_owned())
        .map_err(|fault| fault.reason)
}

/// Reads a display name.
pub fn name(text: &str) -> Result<String, String> {
    check_name("", text)
        .map(|()| text.to_owned())
        .map_err(|fault| fault.reason)
}

/// Reads an id.
pub fn id(text: &str) -> Result<String, String> {
    check_id("", text)
        .map(|()| text.to_owned())
        .map_err(|fault| fault.reason)
}

/// Reads a role.
pub fn role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| {
        let names: Vec<&str> = Role::ALL.into_iter().map(Role::name).collect();
        format!("write one of {}", names.join(", "))
    })
}

/// Reads the name of a built-in role, or the id of another one.
pub fn role_name(text: &str) -> Result<RoleName, String> {
    id(text).map(RoleName::new)
}

/// Reads a length of time: a number and its unit. Answers in seconds.
pub fn duration_s(text: &str) -> Result<u64, String> {
    let wrong = || "write a number and s, m, h, d, w or y, such as 90d".to_owned();
    let unit_at = text.len().saturating_sub(1);
    let (number, unit) = text.split_at_checked(unit_at).ok_or_else(wrong)?;
    let unit_s = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        "y" => 365 * 86_400,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let seconds = number.checked_mul(unit_s).filter(|seconds| *seconds > 0);
    seconds.ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn arguments_are_well_formed() {
        Args::command().debug_assert();
    }

    fn each_command(
        command: &clap::Command,
        path: &str,
        visit: &mut dyn FnMut(&clap::Command, &str),
    ) {
        let path = format!("{path} {}", command.get_name());
        visit(command, path.trim());
        for inner in command
            .get_subcommands()
            .filter(|inner| inner.get_name() != "help")
        {
            each_command(inner, &path, visit);
        }
    }

    #[test]
    fn every_option_stands_in_the_environment() {
        each_command(&Args::command(), "", &mut |command, path| {
            for option in command.get_opts() {
                let env = option
                    .get_env()
                    .and_then(|name| name.to_str())
                    .unwrap_or_default();
                assert!(env.starts_with("DOCKET_"), "{path} --{}", option.get_id());
            }
        });
    }

    #[test]
    fn help_texts() {
        let mut all = String::new();
        let mut root = Args::command().term_width(100);
        root.build();
        each_command(&root, "", &mut |command, path| {
            let help = command.clone().render_long_help();
            let help: Vec<String> = help
                .to_string()
                .lines()
                .map(|line| line.trim_end().to_owned())
                .collect();
            all.push_str(&format!("==== {path} --help\n{}\n\n", help.join("\n")));
        });
        insta::assert_snapshot!("help", all);
    }

    #[test]
    fn durations() {
        for (text, seconds) in [
            ("90d", 7_776_000),
            ("1s", 1),
            ("2h", 7_200),
            ("1y", 31_536_000),
        ] {
            assert_eq!(duration_s(text), Ok(seconds), "{text}");
        }
        for bad in [
            "",
            "d",
            "90",
            "0d",
            "-1d",
            "1.5h",
            "9d9",
            "99999999999999999999y",
            "1ü",
        ] {
            assert!(duration_s(bad).is_err(), "{bad}");
        }
    }
}
