//! Small neighbouring blocks → one larger block.

use std::sync::Arc;

use docket_event::vocabulary::vocabulary;

use crate::block::{BlockInput, BlockReader, Built, build, time_order, unpack};
use crate::rebuild::read_block;
use crate::seal::{Parting, Sealer, log_row};
use crate::state::LogState;
use crate::store::{BlockId, BlockRow, LogRow, Seal, StoreError};
use crate::tail::Joining;
use crate::terms::indexed_fields;

/// A merged block whose parts are stored and that no list names yet.
struct Merged {
    state: Arc<LogState>,
    built: Built,
    log: LogRow,
    replaces: Vec<BlockId>,
    /// Which change of the list it was worked out from.
    version: u64,
}

impl Sealer<'_> {
    /// Merges, of each of these logs, the first neighbours that are due, in one commit; says of which logs there were
    /// any. When it returns, the merged blocks are durable and readers see them in the old ones' places.
    ///
    /// # Errors
    /// The store fails. What was written of the blocks is not named by any list; the old blocks stay.
    pub fn merge(&self, logs: &[Arc<LogState>]) -> Result<Vec<Arc<LogState>>, StoreError> {
        let mut parts = Parting::new(self.store);
        let mut all = Vec::new();
        for state in logs {
            all.extend(self.merged(state, &mut parts)?);
        }
        parts.flush()?;
        let seals: Vec<Seal<'_>> = all
            .iter()
            .map(|one| Seal {
                blocks: std::slice::from_ref(&one.built.row),
                replaces: &one.replaces,
                log: &one.log,
                tiles: &[],
            })
            .collect();
        if seals.is_empty() {
            return Ok(Vec::new());
        }
        // Readers who miss a replaced block wait for this, and then find the new one.
        let merging: Vec<_> = all.iter().map(|one| one.state.merging.lock()).collect();
        self.store.finish_seals(&seals)?;
        for one in &all {
            let _changing = one.state.changing.lock();
            if one.state.standing().version != one.version {
                // A reader has found the block already.
                continue;
            }
            let mut row = one.built.row.clone();
            row.dir = Vec::new();
            one.state.replace_blocks(row);
            one.state.moved_on(self.store);
        }
        drop(merging);
        Ok(all.into_iter().map(|one| one.state).collect())
    }

    /// The block that the first due neighbours of a log become, if any are due.
    fn merged(
        &self,
        state: &Arc<LogState>,
        parts: &mut Parting<'_>,
    ) -> Result<Option<Merged>, StoreError> {
        let version = state.standing().version;
        let (_, view) = state.snapshot();
        let sizes: Vec<u32> = view.blocks.iter().map(|block| block.count).collect();
        let together = self.params.merge_blocks.max(2);
        for first in due(&sizes, together, self.params.block_events) {
            let rows = view.blocks.get(first..first + together).unwrap_or_default();
            if self.body_bytes(state, rows)? <= self.params.block_bytes as u64 {
                let mut built = self.build_merged(state, rows)?;
                parts.put(&mut built)?;
                let log = log_row(state, &state.sealed.lock().clone());
                return Ok(Some(Merged {
                    state: Arc::clone(state),
                    built,
                    log,
                    replaces: rows.iter().map(|row| row.id).collect(),
                    version,
                }));
            }
        }
        Ok(None)
    }

    pub(crate) fn reader<'r>(&'r self, state: &'r LogState, row: &'r BlockRow) -> BlockReader<'r> {
        BlockReader {
            row,
            store: self.store,
            cache: self.cache,
            key: &state.key,
        }
    }

    fn body_bytes(&self, state: &LogState, rows: &[Arc<BlockRow>]) -> Result<u64, StoreError> {
        rows.iter().try_fold(0, |sum, row| {
            Ok(sum + self.reader(state, row).dir()?.body_bytes)
        })
    }

    fn build_merged(&self, state: &LogState, rows: &[Arc<BlockRow>]) -> Result<Built, StoreError> {
        let mut all = Joining::default();
        let count: u32 = rows.iter().map(|row| row.count).sum();
        let needs_grams = count >= self.params.scanned_events;
        for row in rows {
            let one = self.content(state, row, needs_grams)?;
            all.columns.append(one.columns);
            all.frames.extend(one.frames);
        }
        let frames = self.repack(&all.frames)?;
        Ok(build(&BlockInput {
            id: self.store.new_block(state.id)?,
            log: state.id,
            first: rows.first().map_or(0, |row| row.first),
            columns: &all.columns,
            order: &time_order(&all.columns.micros),
            frames: &frames,
            page_bytes: self.params.page_bytes,
            scanned_events: self.params.scanned_events,
        }))
    }

    /// What a block holds, by an index of today. The grams of a small block are made the one time that it becomes a
    /// part of a large one.
    fn content(
        &self,
        state: &LogState,
        row: &BlockRow,
        needs_grams: bool,
    ) -> Result<Joining, StoreError> {
        let reader = self.reader(state, row);
        let dir = reader.dir()?;
        let current = row.fields == indexed_fields() && dir.vocabulary == vocabulary().version();
        if current && (!needs_grams || dir.grams().is_some()) {
            unpack(&reader, &dir)
        } else {
            read_block(&reader, &dir, &reader.body(&dir)?, self.terms)
        }
    }
}

/// A block is merged when it is at most so many times as large as those that it is merged with on average.
const LARGER_MAX: u64 = 2;

/// Where neighbours begin that are due to become one block: as many as `together`, of about one size, and of at most `events_max`
/// events in all. So each merge makes the block that an event is in several times as large, and an event is moved
/// seldom.
fn due(sizes: &[u32], together: usize, events_max: u32) -> impl Iterator<Item = usize> {
    let windows = sizes.windows(together).enumerate();
    windows.filter_map(move |(at, sizes)| {
        let sum: u64 = sizes.iter().copied().map(u64::from).sum();
        let largest = sizes.iter().copied().max().map_or(0, u64::from);
        let alike = largest * together as u64 <= LARGER_MAX * sum;
        let fits = alike && sum <= u64::from(events_max);
        fits.then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sizes: &[u32], expected: &[usize]) {
        assert_eq!(
            due(sizes, 4, 100).collect::<Vec<_>>(),
            expected,
            "{sizes:?}"
        );
    }

    #[test]
    fn neighbours_of_about_one_size_are_due() {
        check(&[1, 1, 1], &[]);
        check(&[1, 1, 1, 1], &[0]);
        check(&[30, 1, 1, 1, 1], &[1]);
        check(&[30, 10, 10, 10], &[0]);
        check(&[31, 10, 10, 10], &[]);
        check(&[30, 30, 30, 11], &[]);
        check(&[0; 5], &[0, 1]);
    }

    #[test]
    fn an_event_is_moved_seldom() {
        let (mut sizes, mut moved) = (Vec::new(), 0);
        for size in std::iter::repeat_n(1, 20_000) {
            sizes.push(size);
            while let Some(first) = { due(&sizes, 8, 65_536).next() } {
                let merged = sizes.drain(first..first + 8).sum();
                moved += merged;
                sizes.insert(first, merged);
            }
        }
        assert!(moved < 20_000 * 6, "{moved}");
        assert!(sizes.len() < 8 * 6, "{sizes:?}");
    }
}
