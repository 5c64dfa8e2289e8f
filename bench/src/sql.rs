//! What the bench says to SQLite itself: the design of plain rows, and a look at Docket's own file.

pub mod batches;
mod columns;
pub mod rows;
