//! The directory of a block: where its pieces are, and what can be known without reading them.

use crate::bits::Bits;
use crate::codec::{Bytes, Malformed, checked, put_checksum, put_signed, put_varint};
use crate::store::BlockRow;
use crate::term_filter::TermFilter;
use crate::terms::Term;

use super::grams::GramLayout;
use super::{
    BLOCK_EVENTS_MAX, BLOCK_FORMAT, GRAMS_FORMAT, HASHES_FORMAT, LEAF_CHUNK, TIMES_CHUNK, hashes,
};
use crate::encode::SALT_BYTES;

const ENTRIES_MAX: usize = 1 << 20;

/// A piece of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Piece {
    /// Offset in the body.
    pub offset: u64,
    /// Bytes, checksum included.
    pub length: u64,
}

impl Piece {
    /// The range of the body.
    pub fn range(self) -> std::ops::Range<u64> {
        self.offset..self.offset + self.length
    }
}

/// A type that occurs in the block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeEntry {
    /// Its name.
    pub name: String,
    /// How many events have it.
    pub count: u32,
    /// Its far posting.
    pub piece: Piece,
}

/// A run of things that go up by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// First local id.
    pub local: u32,
    /// Its slot.
    pub slot: u32,
}

/// A decoded directory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dir {
    /// How many events the block has.
    pub count: u32,
    /// Version of the vocabulary by which *shown on* was worked out.
    pub vocabulary: u32,
    /// For each piece of times: the first time, and the piece.
    pub times: Vec<(i64, Piece)>,
    /// Which slots the local ids have, as runs; the local ids of the runs ascend from 0.
    pub perm: Vec<Run>,
    /// When slots were recorded: first slot of each run, ascending from 0, and its time.
    pub recorded: Vec<(u32, i64)>,
    /// For each frame: its first slot, and the piece.
    pub frames: Vec<(u32, Piece)>,
    /// The types, by name.
    pub types: Vec<TypeEntry>,
    /// For each term page: its first term, and the piece.
    pub pages: Vec<(Term, Piece)>,
    /// Where the far area begins.
    pub far: u64,
    /// Where the leaf hashes begin.
    pub leaves: u64,
    /// Bytes of the body.
    pub body_bytes: u64,
    /// Bytes at which a term page was full.
    pub page_bytes: u64,
    /// Tells which terms the block cannot have.
    pub filter: TermFilter,
    /// How many events the groups have whose grams are known, in slot order; none in format 1 and in small blocks.
    pub groups: Vec<u32>,
}

impl Dir {
    /// The directory as it is stored in the row, whose other members must be final.
    pub fn encode(&self, row: &BlockRow) -> Vec<u8> {
        let mut out = vec![u8::try_from(BLOCK_FORMAT).unwrap_or(u8::MAX)];
        put_varint(&mut out, u64::from(self.vocabulary));
        put_varint(&mut out, self.body_bytes);
        put_varint(&mut out, self.page_bytes);
        put_pieces(&mut out, &self.times, |out, time, last| {
            put_signed(out, time - last)
        });
        put_varint(&mut out, self.perm.len() as u64);
        let mut last = Run { local: 0, slot: 0 };
        for run in &self.perm {
            put_varint(&mut out, u64::from(run.local - last.local));
            put_signed(&mut out, i64::from(run.slot) - i64::from(last.slot));
            last = *run;
        }
        put_varint(&mut out, self.recorded.len() as u64);
        let mut last = (0, 0);
        for (slot, recorded) in &self.recorded {
            put_varint(&mut out, u64::from(slot - last.0));
            put_signed(&mut out, recorded - last.1);
            last = (*slot, *recorded);
        }
        put_pieces(&mut out, &self.frames, |out, slot, last| {
            put_varint(out, u64::from(slot - last))
        });
        put_varint(&mut out, self.types.len() as u64);
        for entry in &self.types {
            put_varint(&mut out, entry.name.len() as u64);
            out.extend(entry.name.as_bytes());
            put_varint(&mut out, u64::from(entry.count));
            put_varint(&mut out, entry.piece.offset);
            put_varint(&mut out, entry.piece.length);
        }
        put_pieces(&mut out, &self.pages, |out, term, last| {
            put_varint(out, term - last)
        });
        put_varint(&mut out, self.far);
        put_varint(&mut out, self.leaves);
        self.filter.encode(&mut out);
        put_groups(&mut out, &self.groups);
        put_checksum(&mut out, &[&key(row)]);
        out
    }

    /// Reads the directory of a row.
    ///
    /// # Errors
    /// It is not what [`Dir::encode`] makes, or stands in another row.
    pub fn decode(row: &BlockRow) -> Result<Self, Malformed> {
        if row.format == HASHES_FORMAT {
            return hashes::decode(row);
        }
        let mut bytes = Bytes::new(checked(&row.dir, &[&key(row)])?);
        let known = (1..=BLOCK_FORMAT).contains(&row.format);
        if !known || u32::from(bytes.byte()?) != row.format || row.count > BLOCK_EVENTS_MAX {
            return Err(Malformed("a block of an unknown format"));
        }
        let narrow =
            |value: u64| u32::try_from(value).map_err(|_| Malformed("a number is too large"));
        let mut dir = Dir {
            count: row.count,
            vocabulary: narrow(bytes.varint()?)?,
            ..Dir::default()
        };
        dir.body_bytes = bytes.varint()?;
        dir.page_bytes = bytes.varint()?;
        dir.times = pieces(&mut bytes, |bytes, last: i64| {
            Ok(last.saturating_add(bytes.signed()?))
        })?;
        let mut last = Run { local: 0, slot: 0 };
        for _ in 0..bytes.length(ENTRIES_MAX)? {
            let local = narrow(u64::from(last.local) + bytes.length(ENTRIES_MAX)? as u64)?;
            let slot = i64::from(last.slot).saturating_add(bytes.signed()?);
            let slot = u32::try_from(slot).map_err(|_| Malformed("a slot is negative"))?;
            last = Run { local, slot };
            dir.perm.push(last);
        }
        let mut last = (0_u32, 0_i64);
        for _ in 0..bytes.length(ENTRIES_MAX)? {
            let slot = narrow(u64::from(last.0) + bytes.length(ENTRIES_MAX)? as u64)?;
            last = (slot, last.1.saturating_add(bytes.signed()?));
            dir.recorded.push(last);
        }
        dir.frames = pieces(&mut bytes, |bytes, last: u32| {
            narrow(u64::from(last) + bytes.length(ENTRIES_MAX)? as u64)
        })?;
        for _ in 0..bytes.length(ENTRIES_MAX)? {
            let length = bytes.length(ENTRIES_MAX)?;
            let name = String::from_utf8(bytes.take(length)?.to_vec());
            let name = name.map_err(|_| Malformed("a type is no UTF-8"))?;
            let count = narrow(bytes.varint()?)?;
            let piece = Piece {
                offset: bytes.varint()?,
                length: bytes.varint()?,
            };
            dir.types.push(TypeEntry { name, count, piece });
        }
        dir.pages = pieces(&mut bytes, |bytes, last: Term| {
            Ok(last.saturating_add(bytes.varint()?))
        })?;
        dir.far = bytes.varint()?;
        dir.leaves = bytes.varint()?;
        dir.filter = TermFilter::decode(&mut bytes)?;
        if row.format >= GRAMS_FORMAT {
            dir.groups = groups(&mut bytes, row.count)?;
        }
        bytes.end()?;
        Ok(dir)
    }

    /// The slot of a local id.
    pub fn slot(&self, local: u32) -> u32 {
        let after = self.perm.partition_point(|run| run.local <= local);
        match after.checked_sub(1).and_then(|at| self.perm.get(at)) {
            Some(run) => run.slot + (local - run.local),
            None => local,
        }
    }

    /// The slots of the local ids from `local` on.
    pub fn slots_from(&self, local: u32) -> impl Iterator<Item = u32> {
        let after = self.perm.partition_point(|run| run.local <= local);
        let runs = self.perm.get(after.saturating_sub(1)..).unwrap_or_default();
        let ends = runs.iter().skip(1).map(|run| run.local);
        let runs = runs.iter().zip(ends.chain([self.count]));
        runs.flat_map(move |(run, end)| {
            let first = run.local.max(local);
            (first..end).map(move |local| run.slot + (local - run.local))
        })
    }

    /// The local ids of some slots.
    pub fn locals_of(&self, slots: &Bits) -> Bits {
        if let [only] = self.perm.as_slice()
            && only.slot == 0
        {
            return slots.clone();
        }
        let mut locals = Bits::none(self.count);
        if !slots.is_empty() {
            let all = (0..).zip(self.slots_from(0));
            all.filter(|(_, slot)| slots.has(*slot))
                .for_each(|(local, _)| locals.set(local));
        }
        locals
    }

    /// When a slot was recorded, Unix microseconds.
    pub fn recorded(&self, slot: u32) -> i64 {
        let after = self.recorded.partition_point(|(first, _)| *first <= slot);
        after
            .checked_sub(1)
            .and_then(|at| self.recorded.get(at))
            .map_or(0, |(_, time)| *time)
    }

    /// The first slot that was recorded at `micros` or later.
    pub fn first_recorded_from(&self, micros: i64) -> u32 {
        let at = self.recorded.partition_point(|(_, time)| *time < micros);
        self.recorded.get(at).map_or(self.count, |(slot, _)| *slot)
    }

    /// The frame that holds a slot, with its first slot.
    pub fn frame(&self, slot: u32) -> Option<(u32, Piece)> {
        let after = self.frames.partition_point(|(first, _)| *first <= slot);
        after
            .checked_sub(1)
            .and_then(|at| self.frames.get(at))
            .copied()
    }

    /// The term page that would hold a term, with its first term.
    pub fn page(&self, term: Term) -> Option<(Term, Piece)> {
        let after = self.pages.partition_point(|(first, _)| *first <= term);
        after
            .checked_sub(1)
            .and_then(|at| self.pages.get(at))
            .copied()
    }

    /// The pieces of leaf hashes, in slot order, and those of salts.
    pub fn leaf_pieces(&self) -> (Vec<Piece>, Vec<Piece>) {
        let (hashes, next) = chunk_pieces(self.leaves, self.count, 32);
        let (salts, _) = chunk_pieces(next, self.count, SALT_BYTES);
        (hashes, salts)
    }

    /// Where the grams are, if there are any.
    pub fn grams(&self) -> Option<GramLayout> {
        let (_, salts) = chunk_pieces(self.leaves, self.count, 32);
        let (_, start) = chunk_pieces(salts, self.count, SALT_BYTES);
        (!self.groups.is_empty()).then_some(GramLayout {
            start,
            groups: self.groups.len(),
        })
    }

    /// How many local ids a piece of times has.
    pub fn times_in(&self, chunk: usize) -> usize {
        (self.count as usize)
            .saturating_sub(chunk * TIMES_CHUNK)
            .min(TIMES_CHUNK)
    }
}

/// Pieces of [`LEAF_CHUNK`] rows of `width` bytes, and where the next section begins.
pub fn chunk_pieces(start: u64, count: u32, width: usize) -> (Vec<Piece>, u64) {
    let mut pieces = Vec::new();
    let (mut offset, mut left) = (start, count as usize);
    while left > 0 {
        let rows = left.min(LEAF_CHUNK);
        let length = (rows * width + 4) as u64;
        pieces.push(Piece { offset, length });
        offset += length;
        left -= rows;
    }
    (pieces, offset)
}

/// How many events groups have, as runs of equal numbers.
fn put_groups(out: &mut Vec<u8>, groups: &[u32]) {
    let runs = || groups.chunk_by(|one, next| one == next);
    put_varint(out, runs().count() as u64);
    for run in runs() {
        put_varint(out, run.len() as u64);
        put_varint(out, run.first().copied().unwrap_or_default().into());
    }
}

fn groups(bytes: &mut Bytes<'_>, count: u32) -> Result<Vec<u32>, Malformed> {
    let (mut groups, mut sum) = (Vec::new(), 0);
    let count = count as usize;
    for _ in 0..bytes.length(count)? {
        let (run, events) = (bytes.length(count)?, bytes.length(count)?);
        sum += run * events;
        if sum > count || events == 0 {
            return Err(Malformed("its groups have other events"));
        }
        groups.extend(std::iter::repeat_n(events as u32, run));
    }
    if sum == count || groups.is_empty() {
        Ok(groups)
    } else {
        Err(Malformed("its groups have other events"))
    }
}

/// Pieces that follow each other: where the first one begins, then a key and a length for each.
fn put_pieces<K: Copy + Default>(
    out: &mut Vec<u8>,
    pieces: &[(K, Piece)],
    put_key: impl Fn(&mut Vec<u8>, K, K),
) {
    put_varint(out, pieces.len() as u64);
    put_varint(out, pieces.first().map_or(0, |(_, piece)| piece.offset));
    let mut last = K::default();
    for (key, piece) in pieces {
        put_key(out, *key, last);
        put_varint(out, piece.length);
        last = *key;
    }
}

fn pieces<K: Copy + Default>(
    bytes: &mut Bytes<'_>,
    key: impl Fn(&mut Bytes<'_>, K) -> Result<K, Malformed>,
) -> Result<Vec<(K, Piece)>, Malformed> {
    let count = bytes.length(ENTRIES_MAX)?;
    let mut offset = bytes.varint()?;
    let mut all = Vec::new();
    let mut last = K::default();
    for _ in 0..count {
        last = key(bytes, last)?;
        let length = bytes.varint()?;
        all.push((last, Piece { offset, length }));
        offset = offset
            .checked_add(length)
            .ok_or(Malformed("a piece is too long"))?;
    }
    Ok(all)
}

/// What the checksum covers besides the directory: the row.
pub(super) fn key(row: &BlockRow) -> Vec<u8> {
    let mut key = b"block".to_vec();
    key.extend(row.id.0.to_be_bytes());
    key.extend(row.log.0.to_be_bytes());
    key.extend(row.first.to_be_bytes());
    key.extend(row.count.to_be_bytes());
    key.extend(row.min_micros.to_be_bytes());
    key.extend(row.max_micros.to_be_bytes());
    key.extend(row.format.to_be_bytes());
    key.extend(row.fields.to_be_bytes());
    key
}
