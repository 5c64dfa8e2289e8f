//! The leaves of events, of pruned ones too.

use std::ops::Range;

use docket_merkle::Hash;

use crate::block::BlockReader;
use crate::query::Reading;
use crate::state::{LogState, View};
use crate::store::StoreError;

/// The leaf at a position of what is in memory of a log; `None` when there is none.
///
/// # Errors
/// The store fails, or what it has cannot be right.
pub fn leaf(
    reading: &Reading<'_>,
    state: &LogState,
    position: u64,
) -> Result<Option<Hash>, StoreError> {
    let (_, view) = state.snapshot();
    let found = leaves(
        reading,
        state,
        &view,
        &(position..position.saturating_add(1)),
    )?;
    Ok(found.first().copied())
}

/// The leaves at some positions, as far as the view has them.
///
/// # Errors
/// The store fails, or what it has cannot be right.
pub fn leaves(
    reading: &Reading<'_>,
    state: &LogState,
    view: &View,
    positions: &Range<u64>,
) -> Result<Vec<Hash>, StoreError> {
    let mut found = Vec::new();
    for row in view.all_blocks() {
        let reader = BlockReader {
            row,
            store: reading.store,
            cache: reading.cache,
            key: &state.key,
        };
        found.extend(reader.leaves_within(positions)?);
    }
    for tail in &view.tails {
        let slot = |position: u64| {
            let slot = position.saturating_sub(tail.first());
            usize::try_from(slot).unwrap_or(usize::MAX)
        };
        tail.content(|content| {
            let leaves = &content.columns.leaves;
            let end = slot(positions.end).min(leaves.len());
            found.extend_from_slice(leaves.get(slot(positions.start)..end).unwrap_or_default());
        });
    }
    Ok(found)
}
