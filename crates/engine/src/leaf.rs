//! The leaf of one event.

use docket_merkle::Hash;

use crate::block::BlockReader;
use crate::query::Reading;
use crate::state::LogState;
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
    let slot = |first: u64| u32::try_from(position.checked_sub(first)?).ok();
    for tail in &view.tails {
        let found = slot(tail.first()).and_then(|slot| {
            tail.content(|content| content.columns.leaves.get(slot as usize).copied())
        });
        if found.is_some() {
            return Ok(found);
        }
    }
    for row in &view.blocks {
        let Some(slot) = slot(row.first).filter(|slot| *slot < row.count) else {
            continue;
        };
        let reader = BlockReader {
            row,
            store: reading.store,
            cache: reading.cache,
            key: &state.key,
        };
        let found = reader.leaves_of(&*reader.dir()?, slot..slot + 1)?;
        return Ok(found.first().copied());
    }
    Ok(None)
}
