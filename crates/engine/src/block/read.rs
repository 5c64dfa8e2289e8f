//! Reads pieces of a block: from memory, else from the store, always with their checksums checked.

use std::ops::Range;
use std::sync::Arc;

use docket_event::{EventId, IdKey, Recorded};
use docket_merkle::Hash;

use crate::bits::Bits;
use crate::cache::{Cache, Cached, HEAVY};
use crate::codec::{Bytes, Malformed, checked};
use crate::encode::SALT_BYTES;
use crate::store::{BlockRow, Store, StoreError};
use crate::terms::Term;

use super::dir::{Dir, Piece, TypeEntry};
use super::events::FrameEvents;
use super::posting::{Posting, add_far, posting};
use super::{LEAF_CHUNK, TIMES_CHUNK};

/// A block that can be read.
#[derive(Clone, Copy, Debug)]
pub struct BlockReader<'b> {
    /// Its row, without directory.
    pub row: &'b BlockRow,
    /// Where it is kept.
    pub store: &'b dyn Store,
    /// What was read before.
    pub cache: &'b Cache,
    /// Key of the log's ids.
    pub key: &'b IdKey,
}

impl BlockReader<'_> {
    /// The directory.
    pub fn dir(&self) -> Result<Arc<Dir>, StoreError> {
        if let Some(Cached::Dir(dir)) = self.cache.get(self.row.id, u64::MAX) {
            return Ok(dir);
        }
        let row = self.store.block(self.row.id)?.ok_or_else(|| self.gone())?;
        self.keep_dir(&row)
    }

    /// Puts the directory that a row has into the cache.
    pub(super) fn keep_dir(&self, row: &BlockRow) -> Result<Arc<Dir>, StoreError> {
        let listed = BlockRow {
            dir: Vec::new(),
            ..row.clone()
        };
        if listed != *self.row {
            return Err(self.corrupt(Malformed("the row differs from the list of blocks")));
        }
        let dir = Arc::new(Dir::decode(row).map_err(|error| self.corrupt(error))?);
        self.cache
            .put(self.row.id, u64::MAX, Cached::Dir(Arc::clone(&dir)));
        Ok(dir)
    }

    /// The event times of the local ids of one chunk.
    pub fn times(&self, dir: &Dir, chunk: usize) -> Result<Arc<Vec<i64>>, StoreError> {
        let missing = || self.corrupt(Malformed("a piece of times is missing"));
        let (_, piece) = *dir.times.get(chunk).ok_or_else(missing)?;
        if let Some(Cached::Times(times)) = self.cache.get(self.row.id, piece.offset) {
            return Ok(times);
        }
        let data = self.piece(piece)?;
        let times =
            decode_times(&data, dir.times_in(chunk)).map_err(|error| self.corrupt(error))?;
        let times = Arc::new(times);
        self.cache
            .put(self.row.id, piece.offset, Cached::Times(Arc::clone(&times)));
        Ok(times)
    }

    /// The first local id that stands at `(micros, slot)` or behind it in occurred order.
    pub fn lower_bound(&self, dir: &Dir, micros: i64, slot: u32) -> Result<u32, StoreError> {
        // Only the chunk before the first one that begins at or behind the place can hold it inside.
        let chunks: Vec<u32> = (0..dir.count).step_by(TIMES_CHUNK).collect();
        let behind = chunks.partition_point(|start| {
            let time = dir
                .times
                .get(*start as usize / TIMES_CHUNK)
                .map_or(i64::MAX, |(time, _)| *time);
            (time, dir.slot(*start)) < (micros, slot)
        });
        let Some(chunk) = behind.checked_sub(1) else {
            return Ok(0);
        };
        let start = chunks.get(chunk).copied().unwrap_or_default();
        let times = self.times(dir, chunk)?;
        let pairs: Vec<(u32, &i64)> = (start..).zip(times.iter()).collect();
        let within =
            pairs.partition_point(|(local, time)| (**time, dir.slot(*local)) < (micros, slot));
        Ok(start + u32::try_from(within).unwrap_or(u32::MAX))
    }

    /// Adds the local ids of a term to `bits`.
    pub fn add_term(&self, dir: &Dir, term: Term, bits: &mut Bits) -> Result<(), StoreError> {
        if !dir.filter.may_have(term) {
            return Ok(());
        }
        let Some((first, page)) = dir.page(term) else {
            return Ok(());
        };
        let data = self.cached_piece(page)?;
        match find_term(&data, first, term).map_err(|error| self.corrupt(error))? {
            None => Ok(()),
            Some(Posting::Near(ids)) => {
                ids.into_iter().for_each(|id| bits.set(u32::from(id)));
                Ok(())
            }
            Some(Posting::Far { offset, length, .. }) => self.add_far(dir, offset, length, bits),
        }
    }

    /// Adds the local ids of the types that `wanted` names to `bits`.
    pub fn add_types(
        &self,
        dir: &Dir,
        wanted: impl Fn(&str) -> bool,
        bits: &mut Bits,
    ) -> Result<(), StoreError> {
        for entry in dir.types.iter().filter(|entry| wanted(&entry.name)) {
            self.add_far(dir, entry.piece.offset, entry.piece.length, bits)?;
        }
        Ok(())
    }

    /// Adds the local ids of one type to `bits`.
    pub fn add_type(
        &self,
        dir: &Dir,
        entry: &TypeEntry,
        bits: &mut Bits,
    ) -> Result<(), StoreError> {
        self.add_far(dir, entry.piece.offset, entry.piece.length, bits)
    }

    /// How many local ids a term has.
    pub fn term_count(&self, dir: &Dir, term: Term) -> Result<u32, StoreError> {
        if !dir.filter.may_have(term) {
            return Ok(0);
        }
        let Some((first, page)) = dir.page(term) else {
            return Ok(0);
        };
        let data = self.cached_piece(page)?;
        let found = find_term(&data, first, term).map_err(|error| self.corrupt(error))?;
        Ok(found.map_or(0, |posting| posting.count()))
    }

    /// The terms that have more ids than a term page holds, and how many.
    pub fn heavy_terms(&self, dir: &Dir) -> Result<Arc<Vec<(Term, u32)>>, StoreError> {
        if let Some(Cached::Heavy(terms)) = self.cache.get(self.row.id, HEAVY) {
            return Ok(terms);
        }
        let pieces: Vec<Piece> = dir.pages.iter().map(|(_, piece)| *piece).collect();
        let mut terms = Vec::new();
        for ((first, _), page) in dir.pages.iter().zip(self.read(&pieces)?) {
            add_heavy(&page, *first, &mut terms).map_err(|error| self.corrupt(error))?;
        }
        let terms = Arc::new(terms);
        let kept = Cached::Heavy(Arc::clone(&terms));
        self.cache.put(self.row.id, HEAVY, kept);
        Ok(terms)
    }

    fn add_far(
        &self,
        dir: &Dir,
        offset: u64,
        length: u64,
        bits: &mut Bits,
    ) -> Result<(), StoreError> {
        let piece = Piece {
            offset: dir.far.saturating_add(offset),
            length,
        };
        let data = self.cached_piece(piece)?;
        add_far(&data, bits).map_err(|error| self.corrupt(error))
    }

    /// The events of some slots, in the order given; the frames that are missing are read at once.
    pub fn events(&self, dir: &Dir, slots: &[u32]) -> Result<Vec<Recorded>, StoreError> {
        let frames = self.frames(dir, slots)?;
        let mut events = Vec::with_capacity(slots.len());
        for slot in slots {
            let frame = dir.frame(*slot).and_then(|(first, piece)| {
                let at = frames.binary_search_by_key(&piece, |(known, _)| *known);
                let (_, frame) = frames.get(at.ok()?)?;
                Some((first, frame))
            });
            let frame = frame.ok_or(Malformed("a slot has no frame"));
            let event = frame.and_then(|(first, frame)| frame.event((slot - first) as usize));
            let event = event.map_err(|error| self.corrupt(error))?;
            let position = self.row.first + u64::from(*slot);
            events.push(place(
                event.clone(),
                dir.recorded(*slot),
                position,
                self.key,
            ));
        }
        Ok(events)
    }

    /// The decoded frames of some slots, each once, in the order of the block.
    pub fn frames(&self, dir: &Dir, slots: &[u32]) -> Result<Vec<DecodedFrame>, StoreError> {
        let mut pieces: Vec<Piece> = slots
            .iter()
            .filter_map(|slot| dir.frame(*slot))
            .map(|(_, piece)| piece)
            .collect();
        pieces.sort_unstable();
        pieces.dedup();
        let found = self.uncached_frames(&pieces)?;
        for (piece, events) in &found {
            let kept = Cached::Frame(Arc::clone(events));
            self.cache.put(self.row.id, piece.offset, kept);
        }
        Ok(found)
    }

    /// Some frames, ascending, each once. Those that are not in the cache do not come into it.
    pub(super) fn uncached_frames(
        &self,
        pieces: &[Piece],
    ) -> Result<Vec<DecodedFrame>, StoreError> {
        let mut found = Vec::with_capacity(pieces.len());
        let mut missing = Vec::new();
        for piece in pieces {
            match self.cache.get(self.row.id, piece.offset) {
                Some(Cached::Frame(events)) => found.push((*piece, events)),
                _ => missing.push(*piece),
            }
        }
        for (piece, data) in missing.iter().zip(self.read(&missing)?) {
            let events = FrameEvents::open(&data).map_err(|error| self.corrupt(error))?;
            found.push((*piece, Arc::new(events)));
        }
        found.sort_unstable_by_key(|(piece, _)| *piece);
        Ok(found)
    }

    /// All leaf hashes, in slot order.
    pub fn leaves(&self, dir: &Dir) -> Result<Vec<Hash>, StoreError> {
        self.leaves_of(dir, 0..dir.count)
    }

    /// The leaf hashes of some slots.
    pub fn leaves_of(&self, dir: &Dir, slots: Range<u32>) -> Result<Vec<Hash>, StoreError> {
        let (pieces, _) = dir.leaf_pieces();
        let first = slots.start as usize / LEAF_CHUNK;
        let last = (slots.end as usize).div_ceil(LEAF_CHUNK);
        let touched = pieces
            .get(first..last.min(pieces.len()))
            .unwrap_or_default();
        let skipped = slots.start as usize - first * LEAF_CHUNK;
        let rows = self.rows::<32>(touched)?.into_iter().skip(skipped);
        Ok(rows.take(slots.len()).map(Hash::from).collect())
    }

    /// The leaf hashes of those of some positions that the block has.
    pub fn leaves_within(&self, positions: &Range<u64>) -> Result<Vec<Hash>, StoreError> {
        let first = self.row.first;
        let end = first + u64::from(self.row.count);
        let touched = first.max(positions.start)..end.min(positions.end);
        if touched.is_empty() {
            return Ok(Vec::new());
        }
        let slot = |position: u64| u32::try_from(position - first).unwrap_or(u32::MAX);
        self.leaves_of(&*self.dir()?, slot(touched.start)..slot(touched.end))
    }

    /// All salts, in slot order.
    pub fn salts(&self, dir: &Dir) -> Result<Vec<[u8; SALT_BYTES]>, StoreError> {
        self.rows(&dir.leaf_pieces().1)
    }

    fn rows<const N: usize>(&self, pieces: &[Piece]) -> Result<Vec<[u8; N]>, StoreError> {
        let mut rows = Vec::new();
        for data in self.read(pieces)? {
            let content = checked(&data, &[]).map_err(|error| self.corrupt(error))?;
            rows.extend(content.as_chunks::<N>().0);
        }
        Ok(rows)
    }

    /// The whole body.
    pub fn body(&self, dir: &Dir) -> Result<Vec<u8>, StoreError> {
        let whole = Piece {
            offset: 0,
            length: dir.body_bytes,
        };
        Ok(self.read(&[whole])?.pop().unwrap_or_default())
    }

    /// The content of a piece, without its checksum.
    fn piece(&self, piece: Piece) -> Result<Vec<u8>, StoreError> {
        let mut data = self.read(&[piece])?.pop().unwrap_or_default();
        checked(&data, &[]).map_err(|error| self.corrupt(error))?;
        data.truncate(data.len().saturating_sub(4));
        Ok(data)
    }

    /// A whole piece, kept in memory.
    pub(super) fn cached_piece(&self, piece: Piece) -> Result<Arc<Vec<u8>>, StoreError> {
        if let Some(Cached::Raw(data)) = self.cache.get(self.row.id, piece.offset) {
            return Ok(data);
        }
        let data = self.read(&[piece])?.pop().unwrap_or_default();
        checked(&data, &[]).map_err(|error| self.corrupt(error))?;
        let data = Arc::new(data);
        self.cache
            .put(self.row.id, piece.offset, Cached::Raw(Arc::clone(&data)));
        Ok(data)
    }

    fn read(&self, pieces: &[Piece]) -> Result<Vec<Vec<u8>>, StoreError> {
        if pieces.is_empty() {
            return Ok(Vec::new());
        }
        self.store
            .read(self.row.id, &self.ranges(pieces)?)?
            .ok_or_else(|| self.gone())
    }

    /// Where pieces are in the body.
    pub(super) fn ranges(&self, pieces: &[Piece]) -> Result<Vec<Range<u64>>, StoreError> {
        let mut ranges = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let end = piece.offset.checked_add(piece.length);
            let end = end.filter(|_| piece.length <= BODY_BYTES_MAX);
            let end = end.ok_or_else(|| self.corrupt(Malformed("a piece is too long")))?;
            ranges.push(piece.offset..end);
        }
        Ok(ranges)
    }

    fn gone(&self) -> StoreError {
        self.corrupt(Malformed("the block is listed, but not there"))
    }

    /// The error of a block that is not what was stored.
    pub fn corrupt(&self, error: Malformed) -> StoreError {
        StoreError::corrupt(format!("block {}", self.row.id.0), error.0)
    }
}

/// A frame of the body, decoded.
pub type DecodedFrame = (Piece, Arc<FrameEvents>);

/// More than any body has: 64 MiB of frames, and the index of 65,536 events.
const BODY_BYTES_MAX: u64 = 8 << 30;

/// An event at its place.
pub fn place(
    event: docket_event::Event,
    recorded_micros: i64,
    position: u64,
    key: &IdKey,
) -> Recorded {
    let id = EventId::from_bytes([0; 16]);
    let mut recorded = Recorded {
        event,
        id,
        position,
        recorded_micros,
    };
    recorded.id = EventId::new(recorded.micros(), position, key);
    recorded
}

/// The event times of a piece that has `count` of them.
pub fn decode_times(data: &[u8], count: usize) -> Result<Vec<i64>, Malformed> {
    let mut bytes = Bytes::new(data);
    let mut times = Vec::with_capacity(count);
    let mut last = 0_i64;
    for _ in 0..count {
        last = last.saturating_add(bytes.signed()?);
        times.push(last);
    }
    bytes.end()?;
    Ok(times)
}

/// The posting of `term` in a page whose first term is `first`.
pub(super) fn find_term(
    page: &[u8],
    first: Term,
    term: Term,
) -> Result<Option<Posting>, Malformed> {
    let mut bytes = Bytes::new(checked(page, &[])?);
    let mut at = first;
    while !bytes.is_empty() {
        at = at.saturating_add(bytes.varint()?);
        let found = posting(&mut bytes)?;
        if at >= term {
            return Ok((at == term).then_some(found));
        }
    }
    Ok(None)
}

/// Adds the terms of a page that have far postings.
fn add_heavy(page: &[u8], first: Term, terms: &mut Vec<(Term, u32)>) -> Result<(), Malformed> {
    let mut bytes = Bytes::new(checked(page, &[])?);
    let mut at = first;
    while !bytes.is_empty() {
        at = at.saturating_add(bytes.varint()?);
        if let Posting::Far { count, .. } = posting(&mut bytes)? {
            terms.push((at, count));
        }
    }
    Ok(())
}
