//! What tests of the engine and of its backends share.

pub mod conformance;
pub mod corpus;
pub mod memory;
pub mod model;
pub mod random;
