//! The surface without its server: entries in and out, and what a search finds.

#![cfg(test)]

mod events;
mod filter;
mod golden;
mod kinds;
mod round_trip;

use docket_surfaces_kit::testing::{sorted, stored, value};
