//! `docket invite`

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;
use docket_access::Action;

use crate::args::{Common, One, Org};
use crate::desk::{self, Columns, ID, WHOLE};

const COLUMNS: Columns = &[
    ("ID", "/id"),
    ("EMAIL", "/email"),
    ("ROLE", "/role"),
    ("STATUS", "/status"),
    ("EXPIRES", "/expires_at"),
];

/// What to do with invites, once `docket member invite` has made them.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List all invites, whatever became of them
    List(Org),
    /// Show an invite
    Show(One),
    /// Take an invite back: its code opens nothing any more
    Withdraw(One),
}

pub fn run(command: Command, common: &Common) -> Result<ExitCode> {
    let (org, action, shown) = match command {
        Command::List(org) => return desk::list(&org, Action::InviteList, COLUMNS, common),
        Command::Show(One { org, id }) => (org, Action::InviteGet { id }, WHOLE),
        Command::Withdraw(One { org, id }) => (org, Action::InviteWithdraw { id }, ID),
    };
    desk::act(&org, action, shown, common)
}
