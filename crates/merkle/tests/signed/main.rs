//! Keys, notes and checkpoints against published examples, golden files and altered copies.

mod checkpoint;
mod golden;
mod key;
mod note;
