//! What tests of the whole program share: its source as text, a temporary PostgreSQL, and servers
//! on this machine.

pub mod loopback;
pub mod postgres;
pub mod source;
