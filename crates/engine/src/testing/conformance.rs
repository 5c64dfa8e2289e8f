//! The promises of [`crate::store`], as tests that every backend runs.

mod blocks;
mod bodies;
mod copies;
mod groups;
mod logs;
mod readers;
mod riders;
pub mod sample;
mod strings;

use std::sync::Arc;

use crate::store::Store;

/// Opens the store in one place, always the same one. The suite drops a store before it opens it again.
pub type Opener = Box<dyn Fn() -> Arc<dyn Store>>;

/// Checks all promises, each with a store of its own: `fresh` makes an empty place.
pub fn store_conformance(fresh: &dyn Fn() -> Opener) {
    let promises = [
        logs::PROMISES,
        groups::PROMISES,
        riders::PROMISES,
        bodies::PROMISES,
        blocks::PROMISES,
        readers::PROMISES,
        copies::PROMISES,
        strings::PROMISES,
    ];
    for (name, promise) in promises.concat() {
        // Shown when the test fails.
        println!("promise: {name}");
        promise(&fresh());
    }
}

/// A promise: its name, and what checks it.
type Promise = (&'static str, fn(&Opener));
