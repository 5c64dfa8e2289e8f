//! The control socket: how a command reaches the server that owns the data folder.
//!
//! `DIR/control.sock` takes one [`Order`] after the other on a connection and answers each. A message is
//! its length in four bytes, big endian, and that many bytes of JSON. Only the server's own user (and root)
//! gets in: the file has mode 0600 and each peer's user is looked at.

mod client;
mod path;
mod server;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::operations::{Failure, Reply};

pub use client::{CallError, Connection};
pub use server::Control;

/// Name of the socket in the data folder.
pub const SOCKET_NAME: &str = "control.sock";
/// Most bytes of one message. A chunk of an import has to fit with every byte escaped.
pub const FRAME_BYTES_MAX: usize = 32 << 20;
/// Most connections at once; more wait in the system's queue.
pub const CONNECTIONS_MAX: usize = 16;
/// Longest time that a message takes once it has begun, either way.
pub const FRAME_TIME: Duration = Duration::from_secs(30);
/// Longest silence on a connection before the server closes it.
pub const IDLE_TIME: Duration = Duration::from_secs(300);
/// Longest time that a command waits for an answer.
pub const ANSWER_TIME: Duration = Duration::from_secs(120);

/// An answer on the wire.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Done(Reply),
    Failed(Failure),
}

#[cfg(test)]
mod tests;
