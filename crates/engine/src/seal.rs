//! Full tail → immutable block.

use docket_merkle::{Frontier, Growth, Hash, Tile, TileHeight};

use crate::block::{BlockInput, BlockReader, Slot, build};
use crate::cache::Cache;
use crate::codec::put_checksum;
use crate::encode::Parts;
use crate::frame::{self, FrameEncoder};
use crate::params::Params;
use crate::state::{LogState, SealHead};
use crate::store::{Head, LogRow, Seal, Store, StoreError, TileRow};
use crate::tail::{Tail, TailContent};

/// What sealing needs.
#[derive(Debug)]
pub struct Sealer<'s> {
    /// Where blocks go.
    pub store: &'s dyn Store,
    /// For reading leaves of older blocks.
    pub cache: &'s Cache,
    /// Sizes.
    pub params: &'s Params,
}

impl Sealer<'_> {
    /// Seals the oldest tail of a log. When it returns, the block is durable and the batches are gone; readers
    /// see the block in the tail's place.
    ///
    /// # Errors
    /// The store fails. What was written of the block is not named by any list; the tail stays.
    pub fn seal(&self, state: &LogState, tail: &Tail) -> Result<(), StoreError> {
        let stands = state.sealed.lock().clone();
        assert_eq!(
            stands.head.size,
            tail.first(),
            "tails are sealed in the order of the log"
        );
        let content = self.repack(tail.content())?;
        let id = self.store.new_block()?;
        let built = build(&BlockInput {
            id,
            log: state.id,
            first: tail.first(),
            slots: &content.slots,
            frames: &content.frames,
            page_bytes: self.params.page_bytes,
        });
        for (part, data) in (0..).zip(built.body.chunks(self.store.part_bytes())) {
            self.store.put_part(id, part, data)?;
        }
        let next = sealed_head(&stands, &content.slots);
        let log = LogRow {
            id: state.id,
            org: state.org.to_string(),
            id_key: state.key.0,
            sealed: next.head.size,
            recorded_micros: next.head.recorded_micros,
            frontier: next.frontier.to_bytes(),
        };
        let tiles = self.tiles(state, stands.head.size, &content.slots)?;
        self.store.finish_seal(&Seal {
            block: &built.row,
            replaces: &[],
            log: &log,
            tiles: &tiles,
        })?;
        *state.sealed.lock() = next;
        let mut row = built.row;
        row.dir.clear();
        state.replace_tail(tail.first(), row);
        Ok(())
    }

    /// Packs small frames into full ones; frames that are at least half full are kept as they are.
    fn repack(&self, content: TailContent) -> Result<TailContent, StoreError> {
        let whole = self.params.frame_events;
        let wrong =
            |error: crate::codec::Malformed| StoreError::corrupt("a frame in memory", error.0);
        let mut encoder = FrameEncoder::new(self.params.zstd_level);
        let mut frames = Vec::with_capacity(content.frames.len());
        let mut loose: Vec<Parts> = Vec::new();
        let mut flush =
            |loose: &mut Vec<Parts>, frames: &mut Vec<(usize, Vec<u8>)>, least: usize| {
                while loose.len() >= least.max(1) {
                    let rest = loose.split_off(whole.min(loose.len()));
                    frames.push((loose.len(), encoder.encode(loose)));
                    *loose = rest;
                }
            };
        for (events, data) in content.frames {
            if events * 2 >= whole {
                flush(&mut loose, &mut frames, 1);
                frames.push((events, data));
            } else {
                loose.extend(frame::decode(&data).map_err(wrong)?);
                flush(&mut loose, &mut frames, whole);
            }
        }
        flush(&mut loose, &mut frames, 1);
        Ok(TailContent {
            slots: content.slots,
            frames,
        })
    }

    /// The tiles that become complete when `slots` are sealed behind `from` others.
    fn tiles(
        &self,
        state: &LogState,
        from: u64,
        slots: &[Slot],
    ) -> Result<Vec<TileRow>, StoreError> {
        let height = tile_height(self.params.tile_height);
        let to = from + slots.len() as u64;
        let mut made: Vec<(Tile, Vec<Hash>)> = Vec::new();
        for tile in height.completed(Growth { from, to }) {
            let width = u64::from(height.width());
            let mut hashes = Vec::with_capacity(height.width() as usize);
            for index in tile.hashes() {
                let lower = match tile.level() {
                    1 => self.leaves(state, index * width..(index + 1) * width, from, slots)?,
                    level => self.lower(state, &made, level - 1, index)?,
                };
                let root = height.root(&lower);
                hashes.push(root.ok_or_else(|| StoreError::corrupt("a tile", "is not complete"))?);
            }
            made.push((tile, hashes));
        }
        Ok(made
            .into_iter()
            .map(|(tile, hashes)| tile_row(state.id, tile, &hashes))
            .collect())
    }

    fn lower(
        &self,
        state: &LogState,
        made: &[(Tile, Vec<Hash>)],
        level: u8,
        index: u64,
    ) -> Result<Vec<Hash>, StoreError> {
        if let Some((_, hashes)) = made
            .iter()
            .find(|(tile, _)| (tile.level(), tile.index()) == (level, index))
        {
            return Ok(hashes.clone());
        }
        let stored = self.store.tiles(state.id)?;
        let row = stored
            .iter()
            .find(|tile| (tile.level, tile.index) == (level, index));
        let row =
            row.ok_or_else(|| StoreError::corrupt(format!("tile {level}/{index}"), "is missing"))?;
        tile_hashes(row)
    }

    /// Leaf hashes of some positions, out of older blocks and the slots behind `from`.
    fn leaves(
        &self,
        state: &LogState,
        wanted: std::ops::Range<u64>,
        from: u64,
        slots: &[Slot],
    ) -> Result<Vec<Hash>, StoreError> {
        let mut leaves = Vec::new();
        let (_, view) = state.snapshot();
        for row in view
            .blocks
            .iter()
            .filter(|row| row.first < wanted.end && row.first + u64::from(row.count) > wanted.start)
        {
            let reader = BlockReader {
                row,
                store: self.store,
                cache: self.cache,
                key: &state.key,
            };
            let of_block = reader.leaves(&*reader.dir()?)?;
            leaves.extend(
                (row.first..)
                    .zip(of_block)
                    .filter(|(at, _)| wanted.contains(at))
                    .map(|(_, leaf)| leaf),
            );
        }
        let new = (from..).zip(slots).filter(|(at, _)| wanted.contains(at));
        leaves.extend(new.map(|(_, slot)| slot.leaf));
        Ok(leaves)
    }
}

fn sealed_head(stands: &SealHead, slots: &[Slot]) -> SealHead {
    let mut frontier: Frontier = stands.frontier.clone();
    slots.iter().for_each(|slot| frontier.append(slot.leaf));
    let recorded_micros = slots
        .last()
        .map_or(stands.head.recorded_micros, |slot| slot.recorded_micros);
    SealHead {
        head: Head {
            size: frontier.size(),
            recorded_micros,
        },
        frontier,
    }
}

/// The height of tiles; heights that no tile can have become that of C2SP.
pub fn tile_height(height: u32) -> TileHeight {
    u8::try_from(height)
        .ok()
        .and_then(TileHeight::new)
        .unwrap_or(TileHeight::C2SP)
}

/// The row of a tile.
pub fn tile_row(log: crate::store::LogId, tile: Tile, hashes: &[Hash]) -> TileRow {
    let mut row = TileRow {
        log,
        level: tile.level(),
        index: tile.index(),
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
