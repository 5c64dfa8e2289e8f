//! The command `docket`.

mod args;
mod commands;
mod conceal;
mod copying;
mod desk;
mod interrupt;
mod manifest;
mod output;
mod place;
mod reach;
mod settings;
mod user;
mod wrong_use;

use std::process::ExitCode;

use wrong_use::WrongUse;

/// Events are made of many small pieces of text: the system's allocator takes a fifth of the time of taking them in.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// It failed.
const FAILED: u8 = 1;
/// It was asked in a way that cannot work. The argument parser exits with the same code.
const WRONG_USE: u8 = 2;

fn main() -> ExitCode {
    conceal::conceal();
    let done = settings::args().map_err(Into::into).and_then(commands::run);
    match done {
        Ok(outcome) => outcome,
        Err(error) if output::is_broken_pipe(&error) => ExitCode::from(FAILED),
        Err(error) => {
            output::complain(&error);
            let wrong_use = error.downcast_ref::<WrongUse>().is_some();
            ExitCode::from(if wrong_use { WRONG_USE } else { FAILED })
        }
    }
}
