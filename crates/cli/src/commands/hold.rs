//! `docket hold`

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args as ClapArgs, Subcommand};
use docket_access::{Action, HoldChange, NewHold};

use crate::args::{self, Common, One, Org};
use crate::desk::{self, Columns, ID, WHOLE};

const COLUMNS: Columns = &[
    ("ID", "/id"),
    ("NAME", "/name"),
    ("REASON", "/reason"),
    ("PLACED", "/placed_at"),
];

/// What to do with legal holds.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Place a hold: nothing of the log goes as long as it stands; prints {"id"}
    #[command(after_help = "\
Example:
  docket hold place --org acme --name 'Matter 17' --reason 'Requested by counsel'")]
    Place(PlaceArgs),
    /// List all holds that stand
    List(Org),
    /// Show a hold
    Show(One),
    /// Change name or reason of a hold
    Update(UpdateArgs),
    /// Release a hold: retention goes on, unless another hold stands
    Release(One),
}

/// A new hold.
#[derive(Debug, ClapArgs)]
pub struct PlaceArgs {
    #[command(flatten)]
    org: Org,
    /// Id that is chosen; drawn at random if left out
    #[arg(long, env = "DOCKET_HOLD_ID", hide_env_values = true, value_parser = args::id)]
    id: Option<String>,
    /// Display name, such as the matter's
    #[arg(long, env = "DOCKET_HOLD_NAME", hide_env_values = true, value_parser = args::name)]
    name: String,
    /// Why
    #[arg(
        long,
        value_name = "TEXT",
        env = "DOCKET_HOLD_REASON",
        hide_env_values = true
    )]
    #[arg(value_parser = args::name)]
    reason: String,
}

/// What changes of a hold.
#[derive(Debug, ClapArgs)]
pub struct UpdateArgs {
    #[command(flatten)]
    one: One,
    /// Display name from now on
    #[arg(long, env = "DOCKET_HOLD_UPDATE_NAME", hide_env_values = true)]
    #[arg(value_parser = args::name)]
    name: Option<String>,
    /// Why
    #[arg(
        long,
        value_name = "TEXT",
        env = "DOCKET_HOLD_UPDATE_REASON",
        hide_env_values = true
    )]
    #[arg(value_parser = args::name)]
    reason: Option<String>,
}

pub fn run(command: Command, common: &Common) -> Result<ExitCode> {
    let (org, action, shown) = match command {
        Command::List(org) => return desk::list(&org, Action::HoldList, COLUMNS, common),
        Command::Place(PlaceArgs {
            org,
            id,
            name,
            reason,
        }) => (org, Action::HoldPlace(NewHold { id, name, reason }), ID),
        Command::Show(One { org, id }) => (org, Action::HoldGet { id }, WHOLE),
        Command::Update(UpdateArgs { one, name, reason }) => {
            let One { org, id } = one;
            let change = HoldChange { name, reason };
            (org, Action::HoldUpdate { id, change }, WHOLE)
        }
        Command::Release(One { org, id }) => (org, Action::HoldRelease { id }, ID),
    };
    desk::act(&org, action, shown, common)
}
