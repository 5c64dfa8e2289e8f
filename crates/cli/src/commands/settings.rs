//! `docket settings`

use std::process::ExitCode;

use anyhow::Result;
use clap::builder::{BoolValueParser, FalseyValueParser};
use clap::{Args as ClapArgs, Subcommand};
use docket_access::{Action, SettingsChange};

use crate::args::{self, Common, Org};
use crate::desk::{self, WHOLE};

const DAY_S: u64 = 86_400;
/// Events are kept for ever.
const FOREVER: &str = "forever";

/// What to do with an organization's settings.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the settings
    Show(Org),
    /// Change settings; what is left out stays as it is
    #[command(after_help = "\
Examples:
  docket settings set --org acme --retention 400d
  docket settings set --org acme --allowed-ip 203.0.113.0/24 --allowed-ip 2001:db8::/32
  docket settings set --org acme --allow-all-addresses --read-audit false")]
    Set(SetArgs),
}

/// What changes of the settings.
#[derive(Debug, ClapArgs)]
pub struct SetArgs {
    #[command(flatten)]
    org: Org,
    /// Display name of the organization
    #[arg(long, env = "DOCKET_SETTINGS_NAME", hide_env_values = true, value_parser = args::name)]
    name: Option<String>,
    /// How long events are kept, in days such as 400d, or forever
    #[arg(
        long,
        value_name = "TIME",
        env = "DOCKET_SETTINGS_RETENTION",
        hide_env_values = true
    )]
    #[arg(value_parser = retention_days)]
    retention: Option<u32>,
    /// Network from which tokens are taken, instead of those before; can be given several times
    #[arg(
        long = "allowed-ip",
        value_name = "CIDR",
        env = "DOCKET_SETTINGS_ALLOWED_IP"
    )]
    #[arg(hide_env_values = true, value_delimiter = ',')]
    allowed_ips: Vec<String>,
    /// Take tokens from everywhere again
    #[arg(
        long,
        env = "DOCKET_SETTINGS_ALLOW_ALL_ADDRESSES",
        hide_env_values = true
    )]
    #[arg(value_parser = FalseyValueParser::new(), conflicts_with = "allowed_ips")]
    allow_all_addresses: bool,
    /// Whether it is recorded who reads events: true or false
    #[arg(
        long,
        value_name = "BOOL",
        env = "DOCKET_SETTINGS_READ_AUDIT",
        hide_env_values = true
    )]
    #[arg(value_parser = BoolValueParser::new(), hide_possible_values = true)]
    read_audit: Option<bool>,
    /// A retention of less than 183 days is meant
    #[arg(long, env = "DOCKET_SETTINGS_YES", hide_env_values = true)]
    #[arg(value_parser = FalseyValueParser::new())]
    yes: bool,
}

pub fn run(command: Command, common: &Common) -> Result<ExitCode> {
    match command {
        Command::Show(org) => desk::act(&org, Action::SettingsGet, WHOLE, common),
        Command::Set(args) => {
            let allowed_ips = match (args.allow_all_addresses, args.allowed_ips) {
                (true, _) => Some(Vec::new()),
                (false, ranges) => Some(ranges).filter(|ranges| !ranges.is_empty()),
            };
            let change = SettingsChange {
                name: args.name,
                retention_days: args.retention,
                allowed_ips,
                read_audit: args.read_audit,
                confirm: args.yes,
            };
            desk::act(&args.org, Action::SettingsUpdate(change), WHOLE, common)
        }
    }
}

/// Reads how long events are kept, in days; 0: for ever.
fn retention_days(text: &str) -> Result<u32, String> {
    if text == FOREVER {
        return Ok(0);
    }
    let wrong = || format!("write whole days, such as 400d, or {FOREVER}");
    let seconds = args::duration_s(text).map_err(|_| wrong())?;
    if seconds % DAY_S != 0 {
        return Err(wrong());
    }
    u32::try_from(seconds / DAY_S).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retention_is_whole_days() {
        for (text, days) in [("400d", 400), ("1y", 365), ("48h", 2), ("forever", 0)] {
            assert_eq!(retention_days(text), Ok(days), "{text}");
        }
        for bad in ["", "0d", "400", "36h", "never", "99999999999y"] {
            assert!(retention_days(bad).is_err(), "{bad}");
        }
    }
}
