//! The Merkle tiles that become complete as events are sealed (C2SP tlog-tiles); level 0 is the blocks' leaf hashes.

use std::ops::Range;

use docket_merkle::{Growth, Hash, Tile, TileHeight};

use crate::block::BlockReader;
use crate::cache::Cache;
use crate::codec::put_checksum;
use crate::state::LogState;
use crate::store::{LogId, Store, StoreError, TileRow};

/// Makes the tiles of one log.
#[derive(Debug)]
pub struct Tiler<'t> {
    /// Where older blocks and tiles are.
    pub store: &'t dyn Store,
    /// What was read before.
    pub cache: &'t Cache,
    /// The log.
    pub state: &'t LogState,
    /// Height of a tile.
    pub height: TileHeight,
}

impl Tiler<'_> {
    /// The tiles that become complete when events with these leaves are sealed behind `from` others.
    ///
    /// # Errors
    /// The store fails, or what it has cannot be right.
    pub fn completed(&self, from: u64, leaves: &[Hash]) -> Result<Vec<TileRow>, StoreError> {
        let to = from + leaves.len() as u64;
        let mut made: Vec<(Tile, Vec<Hash>)> = Vec::new();
        let mut stored: Option<Vec<TileRow>> = None;
        for tile in self.height.completed(Growth { from, to }) {
            let width = u64::from(self.height.width());
            let below = tile.hashes();
            let span = below.start * width..below.end * width;
            let lower = match tile.level() {
                1 => self.leaves(span, from, leaves)?,
                level => {
                    let mut lower = Vec::new();
                    for index in below {
                        lower.extend(self.tile(level - 1, index, &made, &mut stored)?);
                    }
                    lower
                }
            };
            let roots = lower.chunks(self.height.width() as usize);
            let roots = roots.map(|hashes| self.height.root(hashes));
            let hashes: Option<Vec<Hash>> = roots.collect();
            let hashes = hashes.filter(|hashes| hashes.len() as u64 == width);
            let hashes = hashes.ok_or_else(|| StoreError::corrupt("a tile", "is not complete"))?;
            made.push((tile, hashes));
        }
        Ok(made
            .into_iter()
            .map(|(tile, hashes)| tile_row(self.state.id, (tile.level(), tile.index()), &hashes))
            .collect())
    }

    /// The hashes of a tile, out of those just made or those that are stored.
    fn tile(
        &self,
        level: u8,
        index: u64,
        made: &[(Tile, Vec<Hash>)],
        stored: &mut Option<Vec<TileRow>>,
    ) -> Result<Vec<Hash>, StoreError> {
        let this = |(tile, _): &&(Tile, Vec<Hash>)| (tile.level(), tile.index()) == (level, index);
        if let Some((_, hashes)) = made.iter().find(this) {
            return Ok(hashes.clone());
        }
        let rows = match stored {
            Some(rows) => rows,
            None => stored.insert(self.store.tiles(self.state.id)?),
        };
        let row = rows
            .iter()
            .find(|tile| (tile.level, tile.index) == (level, index));
        let missing = || StoreError::corrupt(format!("tile {level}/{index}"), "is missing");
        tile_hashes(row.ok_or_else(missing)?)
    }

    /// Leaf hashes of some positions, out of older blocks and those that stand behind `from`.
    fn leaves(&self, wanted: Range<u64>, from: u64, new: &[Hash]) -> Result<Vec<Hash>, StoreError> {
        let mut leaves = Vec::new();
        let (_, view) = self.state.snapshot();
        for row in view.all_blocks() {
            let reader = BlockReader {
                row,
                store: self.store,
                cache: self.cache,
                key: &self.state.key,
            };
            leaves.extend(reader.leaves_within(&wanted)?);
        }
        let new = (from..).zip(new).filter(|(at, _)| wanted.contains(at));
        leaves.extend(new.map(|(_, leaf)| *leaf));
        Ok(leaves)
    }
}

/// The height of tiles; heights that no tile can have become that of C2SP.
pub fn tile_height(height: u32) -> TileHeight {
    u8::try_from(height)
        .ok()
        .and_then(TileHeight::new)
        .unwrap_or(TileHeight::C2SP)
}

/// The row of the tile of that level and index.
pub fn tile_row(log: LogId, (level, index): (u8, u64), hashes: &[Hash]) -> TileRow {
    let mut row = TileRow {
        log,
        level,
        index,
        data: Vec::new(),
    };
    hashes
        .iter()
        .for_each(|hash| row.data.extend(hash.as_bytes()));
    let key = tile_key(&row);
    put_checksum(&mut row.data, &[&key]);
    row
}

/// The hashes of a stored tile.
///
/// # Errors
/// It is not what was stored.
pub fn tile_hashes(row: &TileRow) -> Result<Vec<Hash>, StoreError> {
    let content = crate::codec::checked(&row.data, &[&tile_key(row)]).map_err(|error| {
        StoreError::corrupt(
            format!("tile {}/{} of log {}", row.level, row.index, row.log.0),
            error.0,
        )
    })?;
    Ok(content
        .as_chunks::<32>()
        .0
        .iter()
        .map(|hash| Hash::from(*hash))
        .collect())
}

fn tile_key(row: &TileRow) -> Vec<u8> {
    let mut key = b"tile".to_vec();
    key.extend(row.log.0.to_be_bytes());
    key.push(row.level);
    key.extend(row.index.to_be_bytes());
    key
}
