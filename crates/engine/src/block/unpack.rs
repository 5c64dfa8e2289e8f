//! Takes a block apart again, to merge it with its neighbours.

use std::sync::Arc;

use docket_merkle::Hash;

use crate::codec::{Bytes, Malformed, checked};
use crate::columns::{Columns, TypeSlots};
use crate::frame::Frame;
use crate::grams::GramGroups;
use crate::store::StoreError;
use crate::tail::Joining;
use crate::terms::{Pair, pair};

use super::dir::{Dir, Piece, chunk_pieces};
use super::posting::{Posting, far_ids, posting};
use super::read::{BlockReader, decode_times};

/// What a block holds, without the grams of a small block. Nothing is decompressed.
///
/// # Errors
/// The store fails, or what it has cannot be right.
pub fn unpack(reader: &BlockReader<'_>, dir: &Dir) -> Result<Joining, StoreError> {
    let body = reader.body(dir)?;
    let block = Unpacker {
        dir,
        body: &body,
        slots: (0..dir.count)
            .map(|local| narrow(dir.slot(local)))
            .collect(),
    };
    block.all().map_err(|error| reader.corrupt(error))
}

struct Unpacker<'u> {
    dir: &'u Dir,
    body: &'u [u8],
    /// The slot of each local id.
    slots: Vec<u16>,
}

impl Unpacker<'_> {
    fn all(&self) -> Result<Joining, Malformed> {
        let (leaves, next) = chunk_pieces(self.dir.leaves, self.dir.count, 32);
        let (salts, _) = chunk_pieces(next, self.dir.count, crate::encode::SALT_BYTES);
        let leaves = self.rows::<32>(&leaves)?;
        let mut columns = Columns {
            micros: self.micros()?,
            recorded: self.dir.recorded.clone(),
            salts: self.rows(&salts)?,
            leaves: leaves.into_iter().map(Hash::from).collect(),
            types: self.types()?,
            grams: self.grams()?,
            ..Columns::default()
        };
        columns.terms.push(self.pairs()?);
        Ok(Joining {
            columns,
            frames: self.frames()?,
        })
    }

    fn micros(&self) -> Result<Vec<i64>, Malformed> {
        let mut micros = vec![0; self.slots.len()];
        let mut slots = self.slots.iter();
        for (chunk, (_, piece)) in self.dir.times.iter().enumerate() {
            let times = decode_times(self.piece(*piece)?, self.dir.times_in(chunk))?;
            for (slot, time) in slots.by_ref().zip(times) {
                let place = micros.get_mut(usize::from(*slot));
                *place.ok_or(Malformed("a slot is too large"))? = time;
            }
        }
        Ok(micros)
    }

    fn types(&self) -> Result<TypeSlots, Malformed> {
        let entry = |entry: &super::dir::TypeEntry| {
            let mut slots = self.far(entry.piece.offset, entry.piece.length)?;
            slots.sort_unstable();
            Ok((Arc::from(entry.name.as_str()), slots))
        };
        self.dir.types.iter().map(entry).collect()
    }

    /// All terms, each with the slot of an event that has it; sorted.
    fn pairs(&self) -> Result<Vec<Pair>, Malformed> {
        let mut pairs = Vec::new();
        for (first, piece) in &self.dir.pages {
            let mut page = Bytes::new(self.piece(*piece)?);
            let mut term = *first;
            while !page.is_empty() {
                term = term.saturating_add(page.varint()?);
                if term >> crate::terms::TERM_BITS_MAX != 0 {
                    return Err(Malformed("a term has too many bits"));
                }
                let mut slots = match posting(&mut page)? {
                    Posting::Near(ids) => self.slots_of(ids)?,
                    Posting::Far { offset, length, .. } => self.far(offset, length)?,
                };
                slots.sort_unstable();
                pairs.extend(slots.into_iter().map(|slot| pair(term, slot)));
            }
        }
        if pairs.is_sorted() {
            Ok(pairs)
        } else {
            Err(Malformed("its terms are not in order"))
        }
    }

    /// The slots of a far posting, in no order.
    fn far(&self, offset: u64, length: u64) -> Result<Vec<u16>, Malformed> {
        let offset = self.dir.far.saturating_add(offset);
        let piece = self.raw(Piece { offset, length })?;
        self.slots_of(far_ids(piece, self.dir.count)?)
    }

    fn slots_of(&self, ids: Vec<u16>) -> Result<Vec<u16>, Malformed> {
        let slot = |id: u16| self.slots.get(usize::from(id)).copied();
        let slots = ids.into_iter().map(slot);
        slots
            .collect::<Option<_>>()
            .ok_or(Malformed("an id is too large"))
    }

    fn frames(&self) -> Result<Vec<Frame>, Malformed> {
        let ends = self.dir.frames.iter().skip(1).map(|(first, _)| *first);
        let ends = ends.chain([self.dir.count]);
        let frame = |((first, piece), end): (&(u32, Piece), u32)| {
            let events = end
                .checked_sub(*first)
                .ok_or(Malformed("a frame ends too early"))?;
            Ok(Frame {
                events: events as usize,
                bytes: self.raw(*piece)?.into(),
            })
        };
        self.dir.frames.iter().zip(ends).map(frame).collect()
    }

    fn grams(&self) -> Result<GramGroups, Malformed> {
        let Some(layout) = self.dir.grams() else {
            return Ok(GramGroups::default());
        };
        let contents = layout.pieces().map(|piece| self.piece(piece));
        layout.take(&self.dir.groups, &contents.collect::<Result<Vec<_>, _>>()?)
    }

    fn rows<const N: usize>(&self, pieces: &[Piece]) -> Result<Vec<[u8; N]>, Malformed> {
        let mut rows = Vec::with_capacity(self.slots.len());
        for piece in pieces {
            rows.extend(self.piece(*piece)?.as_chunks::<N>().0);
        }
        Ok(rows)
    }

    /// The content of a piece, without its checksum.
    fn piece(&self, piece: Piece) -> Result<&[u8], Malformed> {
        checked(self.raw(piece)?, &[])
    }

    fn raw(&self, piece: Piece) -> Result<&[u8], Malformed> {
        let end = piece.offset.checked_add(piece.length);
        let range = usize::try_from(piece.offset).ok().zip(end);
        let range = range.and_then(|(start, end)| Some(start..usize::try_from(end).ok()?));
        let found = range.and_then(|range| self.body.get(range));
        found.ok_or(Malformed("a piece lies outside the body"))
    }
}

/// Slots and ids of a block fit: it has at most 65,536 events.
fn narrow(slot: u32) -> u16 {
    u16::try_from(slot).unwrap_or(u16::MAX)
}
