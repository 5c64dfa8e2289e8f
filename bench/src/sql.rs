//! What the bench says to databases itself: the designs of plain rows, and looks at Docket's own tables.

pub mod batches;
mod columns;
mod found;
pub mod postgres;
pub mod rows;
