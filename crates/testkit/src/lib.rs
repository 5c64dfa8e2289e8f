//! What tests of the whole program share: its source as text, a temporary PostgreSQL, and whether a
//! server is ready.

pub mod postgres;
pub mod ready;
pub mod source;
