//! The server: configuration, wiring, listeners, telemetry, shutdown.

pub mod config;
pub mod control;
pub mod demo;
pub mod listen;
pub mod operations;
pub mod shutdown;
pub mod telemetry;

mod proxy;
mod wiring;

pub use config::Config;
pub use wiring::{Beside, OpenStore, Opened, Wiring, launch, serve};
