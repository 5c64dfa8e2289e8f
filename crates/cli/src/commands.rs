//! The verbs: one file each.

pub mod assignment;
pub mod backup;
pub mod bench;
pub mod check;
pub mod copy;
pub mod export;
pub mod group;
pub mod hold;
pub mod import;
pub mod init;
pub mod invite;
pub mod member;
pub mod org;
pub mod project;
pub mod restore;
pub mod role;
pub mod serve;
pub mod service_account;
pub mod settings;
pub mod token;
pub mod vocabulary;

use std::process::ExitCode;

use anyhow::Result;

use crate::args::{Args, Command};

/// Carries out a command.
pub fn run(args: Args) -> Result<ExitCode> {
    let Args { command, common } = args;
    match command {
        Command::Serve(args) => serve::run(&args, &common),
        Command::Init(args) => init::run(args, &common),
        Command::Org(command) => org::run(command, &common),
        Command::Member(command) => member::run(command, &common),
        Command::Invite(command) => invite::run(command, &common),
        Command::Group(command) => group::run(command, &common),
        Command::Role(command) => role::run(command, &common),
        Command::Assignment(command) => assignment::run(command, &common),
        Command::ServiceAccount(command) => service_account::run(command, &common),
        Command::Project(command) => project::run(command, &common),
        Command::Token(command) => token::run(command, &common),
        Command::Settings(command) => settings::run(command, &common),
        Command::Hold(command) => hold::run(command, &common),
        Command::Import(args) => import::run(args, &common),
        Command::Export(args) => export::run(*args, &common),
        Command::Check(args) => check::run(&args, &common),
        Command::Backup(args) => backup::run(&args, &common),
        Command::Restore(args) => restore::run(&args, &common),
        Command::Copy(args) => copy::run(&args, &common),
        Command::Bench(args) => bench::run(&args, &common),
        Command::Vocabulary(args) => vocabulary::run(&args, &common),
    }
}
