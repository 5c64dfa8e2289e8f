//! The surface without its server: entries in and out, and what a listing finds.

#![cfg(test)]

mod events;
mod filter;
mod golden;
mod ingest;
mod patch;
mod random;
mod types;

use docket_surfaces_kit::testing::{sorted, stored, value};
