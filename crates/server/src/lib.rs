//! The server: configuration, wiring, listeners, TLS, telemetry, shutdown.

pub mod config;
pub mod control;
pub mod demo;
pub mod jwt;
pub mod listen;
pub mod operations;
pub mod reload;
pub mod retention;
pub mod shutdown;
pub mod telemetry;
pub mod tls;

mod proxy;
mod wiring;

pub use config::Config;
pub use wiring::{Beside, OpenStore, Opened, Wiring, launch};
