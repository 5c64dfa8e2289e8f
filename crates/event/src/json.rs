//! Strict JSON: one parser and one writer that keep every number as it was written.
//!
//! A general JSON library changes numbers that no machine type holds, keeps one of two members with the
//! same name in silence, and lets half a surrogate pair through. None of that may happen to evidence, so
//! the parser refuses what RFC 8259 leaves open and reports the path at which it met it.

mod elements;
mod object;
mod outline;
mod parse;
mod scan;
mod value;
mod write;

pub use elements::elements;
pub use object::{ObjectWriter, write_array};
pub use outline::{Kind, Node, Nodes, Outline};
pub use parse::{JsonError, Segment, parse};
pub use value::{Json, Value};
pub use write::{write_string, write_value};

/// Deepest nesting of arrays and objects in one document.
pub const DEPTH_MAX: usize = 64;
/// Longest number, in characters.
pub const NUMBER_CHARS_MAX: usize = 64;

#[cfg(test)]
mod tests;
