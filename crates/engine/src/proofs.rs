//! Proofs of RFC 6962, of pruned events too: from stored tiles, the leaf hashes of blocks, and the leaves of tails.

use std::cell::OnceCell;
use std::ops::Range;

use docket_merkle::{
    Growth, Hash, LeafIndex, ProveError, Subtree, TileError, TileHeight, prove_consistency,
    prove_inclusion, tree_root,
};

use crate::engine::Log;
use crate::leaf::{leaf, leaves};
use crate::query::{Reading, over_view};
use crate::request::QueryError;
use crate::state::{LogState, View};
use crate::store::{StoreError, TileRow};
use crate::tiles::{tile_hashes, tile_height};

impl Log {
    /// The leaf hash at a position, whether its event was pruned or not; `None` when the log has no such position.
    /// Blocks.
    ///
    /// # Errors
    /// The store fails, or what it has cannot be right.
    pub fn leaf(&self, position: u64) -> Result<Option<Hash>, QueryError> {
        let reading = self.reading()?;
        over_view(&reading, &self.state, |size, _| {
            if position >= size {
                return Ok(None);
            }
            Ok(leaf(&reading, &self.state, position)?)
        })
    }

    /// The root of the tree over the first `size` events, now or at any time before; `None` when the log has fewer.
    /// Blocks.
    ///
    /// # Errors
    /// The store fails, or what it has cannot be right.
    pub fn root(&self, size: u64) -> Result<Option<Hash>, QueryError> {
        self.prove(size, |hashes| {
            Ok(tree_root(size, |subtree| hashes.of(subtree))?)
        })
    }

    /// The proof that the leaf at `position` is in the tree over the first `size` events, lowest sibling first
    /// (RFC 6962 §2.1.1); `None` when there is no such leaf or no such tree. Blocks.
    ///
    /// # Errors
    /// The store fails, or what it has cannot be right.
    pub fn inclusion_proof(
        &self,
        position: u64,
        size: u64,
    ) -> Result<Option<Vec<Hash>>, QueryError> {
        if position >= size {
            return Ok(None);
        }
        self.prove(size, |hashes| {
            prove_inclusion(LeafIndex(position), size, |subtree| hashes.of(subtree))
                .map_err(unproved)
        })
    }

    /// The proof that the tree over the first `from` events only grew to become the one over the first `to`
    /// (RFC 6962 §2.1.2); `None` when there is no such tree, or it would have to shrink. Blocks.
    ///
    /// # Errors
    /// The store fails, or what it has cannot be right.
    pub fn consistency_proof(&self, from: u64, to: u64) -> Result<Option<Vec<Hash>>, QueryError> {
        if from > to {
            return Ok(None);
        }
        self.prove(to, |hashes| {
            prove_consistency(Growth { from, to }, |subtree| hashes.of(subtree)).map_err(unproved)
        })
    }

    fn prove<T>(
        &self,
        wanted: u64,
        work: impl Fn(&Hashes<'_>) -> Result<T, QueryError>,
    ) -> Result<Option<T>, QueryError> {
        let reading = self.reading()?;
        over_view(&reading, &self.state, |size, view| {
            if wanted > size {
                return Ok(None);
            }
            let hashes = Hashes {
                reading,
                state: &self.state,
                view,
                height: tile_height(reading.inner.params.tile_height),
                tiles: OnceCell::new(),
            };
            work(&hashes).map(Some)
        })
    }
}

/// The hashes of a log's tree.
struct Hashes<'h> {
    reading: Reading<'h>,
    state: &'h LogState,
    view: &'h View,
    height: TileHeight,
    /// The stored tiles, once one is asked for.
    tiles: OnceCell<Vec<TileRow>>,
}

impl Hashes<'_> {
    /// The hash of a complete subtree.
    fn of(&self, subtree: Subtree) -> Result<Hash, StoreError> {
        let read = |run: docket_merkle::TileRun| self.run(run.tile().level(), &run.hashes());
        self.height
            .subtree_hash(subtree, read)
            .map_err(|error| match error {
                TileError::Read(error) => error,
                TileError::WrongCount { .. } => self.incomplete(),
            })
    }

    /// Neighbouring hashes of one tile. What no stored tile has yet is worked out from the level below.
    fn run(&self, level: u8, hashes: &Range<u64>) -> Result<Vec<Hash>, StoreError> {
        let Some(below) = level.checked_sub(1) else {
            return leaves(&self.reading, self.state, self.view, hashes);
        };
        let width = u64::from(self.height.width());
        if let Some(stored) = self.stored(level, hashes.start / width)? {
            let place = |hash: u64| usize::try_from(hash % width).unwrap_or(usize::MAX);
            let count = usize::try_from(hashes.end - hashes.start).unwrap_or(usize::MAX);
            return Ok(stored
                .into_iter()
                .skip(place(hashes.start))
                .take(count)
                .collect());
        }
        let root = |tile: u64| {
            let all = self.run(below, &(tile * width..(tile + 1) * width))?;
            self.height.root(&all).ok_or_else(|| self.incomplete())
        };
        hashes.clone().map(root).collect()
    }

    /// The hashes of a complete tile, if it is stored.
    fn stored(&self, level: u8, index: u64) -> Result<Option<Vec<Hash>>, StoreError> {
        let tiles = match self.tiles.get() {
            Some(tiles) => tiles,
            None => {
                let all = self.reading.store.tiles(self.state.id)?;
                self.tiles.get_or_init(|| all)
            }
        };
        let found = tiles.binary_search_by_key(&(level, index), |tile| (tile.level, tile.index));
        let row = found.ok().and_then(|at| tiles.get(at));
        row.map(tile_hashes).transpose()
    }

    fn incomplete(&self) -> StoreError {
        StoreError::corrupt(
            format!("log {}", self.state.org),
            "lacks hashes of its tree",
        )
    }
}

fn unproved(error: ProveError<StoreError>) -> QueryError {
    match error {
        ProveError::Read(error) => error.into(),
        // Both were looked at before.
        error @ (ProveError::NoSuchLeaf { .. } | ProveError::Shrinks(_)) => {
            QueryError::Corrupt(error.to_string())
        }
    }
}
