//! The surface: entries in and out without a server, and what a server answers.

#![cfg(test)]

mod api;
mod golden;
mod ingest;
mod random;
mod types;
mod world;

use docket_surfaces_kit::testing::{sorted, stored, value};

/// The organization that entries are printed for.
const ORG: &str = "acme";
