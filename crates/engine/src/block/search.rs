//! What a text search asks of a block: whose ids have a part, which groups have some grams, and which stored events
//! have a text.

use docket_event::{Field, IdPart};

use crate::bits::Bits;
use crate::cache::Cached;
use crate::codec::Malformed;
use crate::look::Looker;
use crate::plan::{Index, index_has};
use crate::request::QueryError;
use crate::search::Allowance;
use crate::store::StoreError;
use crate::terms::Term;

use super::TIMES_CHUNK;
use super::dir::{Dir, Piece};
use super::read::BlockReader;

/// The index of a block.
#[derive(Debug)]
pub struct BlockIndex<'b> {
    /// The block.
    pub reader: &'b BlockReader<'b>,
    /// Its directory.
    pub dir: &'b Dir,
}

impl Index for BlockIndex<'_> {
    type Error = StoreError;

    fn has_field(&self, field: Field) -> bool {
        index_has(self.reader.row.fields, self.dir.vocabulary, field)
    }

    fn add_term(&mut self, term: Term, bits: &mut Bits) -> Result<(), StoreError> {
        self.reader.add_term(self.dir, term, bits)
    }

    fn add_types(
        &mut self,
        wanted: &dyn Fn(&str) -> bool,
        bits: &mut Bits,
    ) -> Result<(), StoreError> {
        self.reader.add_types(self.dir, wanted, bits)
    }

    fn add_id_part(
        &mut self,
        part: &IdPart,
        among: &Bits,
        bits: &mut Bits,
    ) -> Result<(), StoreError> {
        let row = self.reader.row;
        let last = row.first + u64::from(row.count.saturating_sub(1));
        let part = part.between((row.min_micros, row.first), (row.max_micros, last));
        if part.is_nowhere() {
            return Ok(());
        }
        for chunk in 0..self.dir.times.len() {
            let start = u32::try_from(chunk * TIMES_CHUNK).unwrap_or(u32::MAX);
            let end = start.saturating_add(TIMES_CHUNK as u32);
            if among.next(start).is_none_or(|next| next >= end) {
                continue;
            }
            let times = self.reader.times(self.dir, chunk)?;
            let places = (start..).zip(times.iter()).zip(self.dir.slots_from(start));
            for ((local, micros), slot) in places.filter(|((local, _), _)| among.has(*local)) {
                if part.is_in(*micros, row.first + u64::from(slot), self.reader.key) {
                    bits.set(local);
                }
            }
        }
        Ok(())
    }

    fn add_grams(&mut self, needed: &[usize], bits: &mut Bits) -> Result<(), StoreError> {
        let slots = self.reader.slots_with(self.dir, needed)?;
        bits.or(&self.dir.locals_of(&slots));
        Ok(())
    }
}

/// A slot, and the searches that its event must pass.
pub type Looked = (u32, u64);

impl BlockReader<'_> {
    /// The slots of the groups that may have texts with all of some grams; all slots where nothing is known of that.
    fn slots_with(&self, dir: &Dir, needed: &[usize]) -> Result<Bits, StoreError> {
        let Some(layout) = dir.grams() else {
            return Ok(Bits::all(dir.count));
        };
        let mut groups = Bits::all(u32::try_from(layout.groups).unwrap_or(u32::MAX));
        for bucket in needed {
            let data = self.cached_piece(layout.piece_of(*bucket))?;
            let content = data.split_last_chunk::<4>();
            let content = content.map_or(&[][..], |(content, _)| content);
            groups.and(&layout.groups_of(*bucket, content));
            if groups.is_empty() {
                return Ok(Bits::none(dir.count));
            }
        }
        let mut slots = Bits::none(dir.count);
        let mut first = 0;
        for (number, events) in (0_u32..).zip(&dir.groups) {
            if groups.has(number) {
                slots.set_range(first, first + events);
            }
            first += events;
        }
        Ok(slots)
    }

    /// Those of some slots whose events may pass the searches that they need, in the order given. Frames without any
    /// do not come into the cache.
    pub fn sift(
        &self,
        dir: &Dir,
        slots: &[Looked],
        looker: &mut Looker<'_>,
        allowance: &mut Allowance,
    ) -> Result<Vec<u32>, QueryError> {
        let mut places: Vec<(Piece, u32, usize)> = Vec::with_capacity(slots.len());
        for (at, (slot, _)) in slots
            .iter()
            .enumerate()
            .filter(|(_, (_, needs))| *needs > 0)
        {
            let frame = dir.frame(*slot);
            let (first, piece) =
                frame.ok_or_else(|| self.corrupt(Malformed("a slot has no frame")))?;
            places.push((piece, first, at));
        }
        places.sort_unstable();
        let of_frames = || places.chunk_by(|(one, ..), (next, ..)| one == next);
        let pieces = of_frames().filter_map(|places| Some(places.first()?.0));
        let frames = self.uncached_frames(&pieces.collect::<Vec<_>>())?;
        let mut passes = vec![true; slots.len()];
        for (places, (piece, frame)) in of_frames().zip(frames) {
            allowance.bytes(frame.raw().bytes() as u64)?;
            looker.open(frame.raw());
            let mut any = false;
            for (_, first, at) in places {
                let (slot, needs) = slots.get(*at).copied().unwrap_or_default();
                let passing = looker.may_pass(frame.raw(), (slot - first) as usize, needs);
                any |= passing;
                if let Some(known) = passes.get_mut(*at) {
                    *known = passing;
                }
            }
            if any {
                self.cache
                    .put(self.row.id, piece.offset, Cached::Frame(frame));
            }
        }
        let passing = slots.iter().zip(passes).filter(|(_, passes)| *passes);
        Ok(passing.map(|((slot, _), _)| *slot).collect())
    }
}
