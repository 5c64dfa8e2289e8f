//! What tests of the whole program share: where the source is, and how it is read.

pub mod source;
