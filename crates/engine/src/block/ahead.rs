//! Reads pieces of several blocks at once, into the cache and nowhere else.
//!
//! What is wrong with a piece is not told here: it stays out of the cache, and whoever needs it finds out.

use std::sync::Arc;

use docket_event::{Field, IdPart};

use crate::bits::Bits;
use crate::cache::Cached;
use crate::codec::checked;
use crate::plan::{Index, Plan, index_has};
use crate::store::{BlockId, Ranges, Store, StoreError};
use crate::terms::Term;

use super::dir::{Dir, Piece};
use super::events::FrameEvents;
use super::posting::Posting;
use super::read::{BlockReader, find_term};

/// Reads the directories that are not in the cache.
pub fn read_dirs(readers: &[BlockReader<'_>], store: &dyn Store) -> Result<(), StoreError> {
    let missing = readers
        .iter()
        .filter(|reader| reader.cache.get(reader.row.id, u64::MAX).is_none());
    let missing: Vec<&BlockReader<'_>> = missing.collect();
    if missing.is_empty() {
        return Ok(());
    }
    let ids: Vec<BlockId> = missing.iter().map(|reader| reader.row.id).collect();
    for (reader, row) in missing.into_iter().zip(store.block_rows(&ids)?) {
        if let Some(row) = row {
            reader.keep_dir(&row)?;
        }
    }
    Ok(())
}

/// Pieces of a block that are wanted and not in the cache.
#[derive(Debug)]
pub struct Lacking<'b> {
    /// The block.
    pub reader: BlockReader<'b>,
    /// The pieces.
    pub pieces: Vec<Piece>,
}

impl<'b> Lacking<'b> {
    /// What evaluating a plan would read next of a block's index; `None` when the block has nothing that it wants.
    pub fn of_index(reader: &BlockReader<'b>, plan: &Plan) -> Result<Option<Self>, StoreError> {
        let dir = reader.dir()?;
        let mut probe = Probe {
            reader,
            dir: &dir,
            pieces: Vec::new(),
        };
        let may_have = plan.probe(&mut probe)?;
        let mut pieces = probe.pieces;
        pieces.sort_unstable();
        pieces.dedup();
        Ok(may_have.then_some(Lacking {
            reader: *reader,
            pieces,
        }))
    }

    /// The frames of some slots.
    pub fn of_frames(
        reader: &BlockReader<'b>,
        dir: &Dir,
        slots: impl Iterator<Item = u32>,
    ) -> Self {
        let mut pieces: Vec<Piece> = slots
            .filter_map(|slot| dir.frame(slot))
            .map(|(_, piece)| piece)
            .collect();
        pieces.sort_unstable();
        pieces.dedup();
        let is_kept = |piece: &Piece| reader.cache.get(reader.row.id, piece.offset).is_some();
        pieces.retain(|piece| !is_kept(piece));
        Lacking {
            reader: *reader,
            pieces,
        }
    }

    /// Reads pieces of indexes.
    pub fn read_index(all: &[Self], store: &dyn Store) -> Result<(), StoreError> {
        read(all, store, |data| {
            checked(&data, &[]).ok()?;
            Some(Cached::Raw(Arc::new(data)))
        })
    }

    /// Reads frames.
    pub fn read_frames(all: &[Self], store: &dyn Store) -> Result<(), StoreError> {
        read(all, store, |data| {
            let events = FrameEvents::open(&data).ok()?;
            Some(Cached::Frame(Arc::new(events)))
        })
    }
}

fn read(
    all: &[Lacking<'_>],
    store: &dyn Store,
    kept: impl Fn(Vec<u8>) -> Option<Cached>,
) -> Result<(), StoreError> {
    let all: Vec<&Lacking<'_>> = all.iter().filter(|one| !one.pieces.is_empty()).collect();
    let ranges = all.iter().map(|one| one.reader.ranges(&one.pieces));
    let ranges: Vec<_> = ranges.collect::<Result<_, _>>()?;
    let wanted = all.iter().zip(&ranges);
    let wanted: Vec<Ranges<'_>> = wanted
        .map(|(one, ranges)| Ranges {
            block: one.reader.row.id,
            ranges,
        })
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    for (one, cuts) in all.into_iter().zip(store.read_all(&wanted)?) {
        for (piece, data) in one.pieces.iter().zip(cuts.unwrap_or_default()) {
            if let Some(kept) = kept(data) {
                one.reader.cache.put(one.reader.row.id, piece.offset, kept);
            }
        }
    }
    Ok(())
}

/// An index that answers nothing but whether there may be any ids, and notes what would have to be read.
struct Probe<'b> {
    reader: &'b BlockReader<'b>,
    dir: &'b Dir,
    pieces: Vec<Piece>,
}

impl Probe<'_> {
    /// A piece, unless it has to be read.
    fn piece(&mut self, piece: Piece) -> Option<Arc<Vec<u8>>> {
        match self.reader.cache.get(self.reader.row.id, piece.offset) {
            Some(Cached::Raw(data)) => Some(data),
            _ => {
                self.pieces.push(piece);
                None
            }
        }
    }

    fn far(&mut self, offset: u64, length: u64) {
        self.piece(Piece {
            offset: self.dir.far.saturating_add(offset),
            length,
        });
    }
}

impl Index for Probe<'_> {
    type Error = StoreError;

    fn has_field(&self, field: Field) -> bool {
        index_has(self.reader.row.fields, self.dir.vocabulary, field)
    }

    fn add_term(&mut self, term: Term, bits: &mut Bits) -> Result<(), StoreError> {
        let page = self.dir.page(term);
        let Some((first, page)) = page.filter(|_| self.dir.filter.may_have(term)) else {
            return Ok(());
        };
        if let Some(page) = self.piece(page) {
            match find_term(&page, first, term).map_err(|error| self.reader.corrupt(error))? {
                None => return Ok(()),
                Some(Posting::Near(_)) => {}
                Some(Posting::Far { offset, length, .. }) => self.far(offset, length),
            }
        }
        bits.set(0);
        Ok(())
    }

    fn add_types(
        &mut self,
        wanted: &dyn Fn(&str) -> bool,
        bits: &mut Bits,
    ) -> Result<(), StoreError> {
        let dir = self.dir;
        for entry in dir.types.iter().filter(|entry| wanted(&entry.name)) {
            self.far(entry.piece.offset, entry.piece.length);
            bits.set(0);
        }
        Ok(())
    }

    fn add_id_part(&mut self, _: &IdPart, _: &Bits, bits: &mut Bits) -> Result<(), StoreError> {
        bits.set(0);
        Ok(())
    }

    fn add_grams(&mut self, needed: &[usize], bits: &mut Bits) -> Result<(), StoreError> {
        if let Some(layout) = self.dir.grams() {
            for bucket in needed {
                self.piece(layout.piece_of(*bucket));
            }
        }
        bits.set(0);
        Ok(())
    }
}
