//! What tests of the whole program share: its source as text, and a temporary PostgreSQL.

pub mod postgres;
pub mod source;
