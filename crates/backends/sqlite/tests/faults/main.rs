//! What becomes of a store when the machine loses power, the disk is full, or a call to it fails.
//!
//! A small library stands between SQLite and the system (`shim.c`). It writes down what is done to the files,
//! out of which [`disk`] works out what a power cut at any moment may leave, and it makes calls fail.

#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that fails panics"
)]

mod disk;
mod errors;
mod power;
mod shim;
mod trace;
mod verify;
mod workload;
