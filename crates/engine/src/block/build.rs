//! Makes the body and the directory of a block; the same input always gives the same bytes.

use std::sync::Arc;

use docket_event::vocabulary::vocabulary;

use crate::codec::{put_checksum, put_signed, put_varint};
use crate::columns::{Columns, TypeSlots};
use crate::frame::Frame;
use crate::store::{BlockId, BlockRow, LogId};
use crate::term_filter::TermFilter;
use crate::terms::{Pair, Term, indexed_fields, pair_slot, pair_term};

use super::dir::{Dir, Piece, Run, TypeEntry};
use super::posting::{NEAR_IDS_MAX, Posting, far_piece, put_posting};
use super::{BLOCK_EVENTS_MAX, BLOCK_FORMAT, LEAF_CHUNK, TIMES_CHUNK};

/// The events of a block to be.
#[derive(Debug)]
pub struct BlockInput<'i> {
    /// Its number.
    pub id: BlockId,
    /// The log.
    pub log: LogId,
    /// Position of the first event.
    pub first: u64,
    /// The events; at least one, at most [`BLOCK_EVENTS_MAX`].
    pub columns: &'i Columns,
    /// Their slots in occurred order.
    pub order: &'i [u16],
    /// Their frames, in the order of the log.
    pub frames: &'i [Frame],
    /// Bytes of a full term page.
    pub page_bytes: usize,
    /// With fewer events than these it has no grams.
    pub scanned_events: u32,
}

/// A block that nobody knows of yet.
#[derive(Clone, Debug)]
pub struct Built {
    /// Its row, directory included.
    pub row: BlockRow,
    /// Its body.
    pub body: Vec<u8>,
}

/// Builds a block.
pub fn build(input: &BlockInput<'_>) -> Built {
    let BlockInput { columns, order, .. } = *input;
    let count = u32::try_from(columns.len()).unwrap_or(u32::MAX);
    assert!(
        (1..=BLOCK_EVENTS_MAX).contains(&count),
        "a tail is sealed before it outgrows a block"
    );
    let framed: usize = input.frames.iter().map(|frame| frame.events).sum();
    assert_eq!(
        (framed, order.len()),
        (columns.len(), columns.len()),
        "frames and order have exactly the events of the block"
    );

    let mut body = Vec::with_capacity(body_bytes(input));
    let mut dir = Dir {
        count,
        vocabulary: vocabulary().version(),
        page_bytes: input.page_bytes as u64,
        ..Dir::default()
    };
    dir.times = put_times(&mut body, &columns.micros, order);
    dir.perm = runs(order);
    dir.recorded = columns.recorded.clone();
    dir.frames = put_frames(&mut body, input.frames);
    let locals = Locals::of(order, &dir.perm);
    let mut far = Vec::new();
    dir.types = type_entries(&columns.types, &locals, &mut far, count);
    let pairs = columns.terms.sorted();
    let postings = || pairs.chunk_by(|one, next| pair_term(*one) == pair_term(*next));
    let mut put = PagePutter::new(&locals, count, input.page_bytes);
    postings().for_each(|pairs| put.posting(&mut body, &mut far, pairs));
    dir.pages = put.finish(&mut body);
    let terms = postings().filter_map(<[Pair]>::first);
    dir.filter = TermFilter::of(postings().count(), terms.map(|pair| pair_term(*pair)));
    dir.far = body.len() as u64;
    body.extend(&far);
    dir.leaves = body.len() as u64;
    let leaves: Vec<[u8; 32]> = columns.leaves.iter().map(|leaf| *leaf.as_bytes()).collect();
    put_chunks(&mut body, &leaves);
    put_chunks(&mut body, &columns.salts);
    if count >= input.scanned_events {
        let groups = columns.grams.groups().iter();
        dir.groups = groups.map(|(events, _)| *events).collect();
    }
    if let Some(grams) = dir.grams() {
        let grouped = dir.groups.iter().sum::<u32>();
        assert_eq!(grouped, count, "every event belongs to a group of grams");
        grams.put(&mut body, &columns.grams);
    }
    dir.body_bytes = body.len() as u64;

    let time = |slot: &u16| columns.micros.get(usize::from(*slot)).copied();
    let mut row = BlockRow {
        id: input.id,
        log: input.log,
        first: input.first,
        count,
        min_micros: order.first().and_then(time).unwrap_or_default(),
        max_micros: order.last().and_then(time).unwrap_or_default(),
        format: BLOCK_FORMAT,
        fields: indexed_fields(),
        dir: Vec::new(),
    };
    row.dir = dir.encode(&row);
    Built { row, body }
}

/// About how long the body gets.
fn body_bytes(input: &BlockInput<'_>) -> usize {
    let frames: usize = input.frames.iter().map(|frame| frame.bytes.len()).sum();
    frames + input.columns.bytes()
}

/// The slots of some events in occurred order.
pub fn time_order(micros: &[i64]) -> Vec<u16> {
    let mut order: Vec<(i64, u16)> = micros.iter().copied().zip(0_u16..=u16::MAX).collect();
    // Mostly in order already, which this sort sees.
    order.sort();
    order.into_iter().map(|(_, slot)| slot).collect()
}

/// The local id of each slot.
enum Locals {
    /// They are the same.
    Same,
    /// By slot.
    Moved(Vec<u16>),
}

impl Locals {
    fn of(order: &[u16], perm: &[Run]) -> Self {
        if perm.len() == 1 {
            return Locals::Same;
        }
        let mut locals = vec![0; order.len()];
        for (local, slot) in (0_u16..=u16::MAX).zip(order) {
            if let Some(place) = locals.get_mut(usize::from(*slot)) {
                *place = local;
            }
        }
        Locals::Moved(locals)
    }

    /// The local ids of ascending slots, ascending.
    fn ids(&self, slots: impl Iterator<Item = u16>) -> Vec<u16> {
        let Locals::Moved(locals) = self else {
            return slots.collect();
        };
        let local = |slot: u16| locals.get(usize::from(slot)).copied();
        let mut ids: Vec<u16> = slots.filter_map(local).collect();
        ids.sort_unstable();
        ids
    }
}

fn runs(order: &[u16]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut expected = None;
    for (local, slot) in (0_u32..).zip(order) {
        let slot = u32::from(*slot);
        if expected != Some(slot) {
            runs.push(Run { local, slot });
        }
        expected = Some(slot + 1);
    }
    runs
}

fn put_piece(body: &mut Vec<u8>, mut piece: Vec<u8>) -> Piece {
    put_checksum(&mut piece, &[]);
    let place = Piece {
        offset: body.len() as u64,
        length: piece.len() as u64,
    };
    body.extend(piece);
    place
}

fn put_times(body: &mut Vec<u8>, micros: &[i64], order: &[u16]) -> Vec<(i64, Piece)> {
    let time = |slot: &u16| micros.get(usize::from(*slot)).copied().unwrap_or_default();
    let mut pieces = Vec::new();
    for chunk in order.chunks(TIMES_CHUNK) {
        let mut piece = Vec::new();
        let mut last = 0;
        for micros in chunk.iter().map(time) {
            put_signed(&mut piece, micros - last);
            last = micros;
        }
        pieces.push((chunk.first().map_or(0, time), put_piece(body, piece)));
    }
    pieces
}

fn put_frames(body: &mut Vec<u8>, frames: &[Frame]) -> Vec<(u32, Piece)> {
    let mut first = 0;
    let mut pieces = Vec::with_capacity(frames.len());
    for frame in frames {
        let place = Piece {
            offset: body.len() as u64,
            length: frame.bytes.len() as u64,
        };
        pieces.push((first, place));
        body.extend(&*frame.bytes);
        first += u32::try_from(frame.events).unwrap_or(u32::MAX);
    }
    pieces
}

fn type_entries(types: &TypeSlots, locals: &Locals, far: &mut Vec<u8>, end: u32) -> Vec<TypeEntry> {
    let mut types: Vec<_> = types.iter().collect();
    types.sort_unstable();
    let entry = |(name, slots): (&Arc<str>, &Vec<u16>)| {
        let ids = locals.ids(slots.iter().copied());
        let (offset, length) = put_far(far, &ids, end);
        let count = u32::try_from(ids.len()).unwrap_or(u32::MAX);
        TypeEntry {
            name: name.to_string(),
            count,
            piece: Piece { offset, length },
        }
    };
    types.into_iter().map(entry).collect()
}

fn put_far(far: &mut Vec<u8>, ids: &[u16], end: u32) -> (u64, u64) {
    let piece = far_piece(ids, end);
    let place = (far.len() as u64, piece.len() as u64);
    far.extend(piece);
    place
}

/// Puts the postings of ascending terms into pages.
struct PagePutter<'l> {
    locals: &'l Locals,
    end: u32,
    page_bytes: usize,
    pages: Vec<(Term, Piece)>,
    page: Vec<u8>,
    first: Term,
    last: Term,
}

impl<'l> PagePutter<'l> {
    fn new(locals: &'l Locals, end: u32, page_bytes: usize) -> Self {
        PagePutter {
            locals,
            end,
            page_bytes,
            pages: Vec::new(),
            page: Vec::new(),
            first: 0,
            last: 0,
        }
    }

    /// The posting of one term, all of whose pairs these are.
    fn posting(&mut self, body: &mut Vec<u8>, far: &mut Vec<u8>, pairs: &[Pair]) {
        let term = pairs.first().copied().map_or(0, pair_term);
        let ids = self.locals.ids(pairs.iter().copied().map(pair_slot));
        let posting = if ids.len() <= NEAR_IDS_MAX {
            Posting::Near(ids)
        } else {
            let (offset, length) = put_far(far, &ids, self.end);
            Posting::Far {
                count: u32::try_from(ids.len()).unwrap_or(u32::MAX),
                offset,
                length,
            }
        };
        if self.page.len() >= self.page_bytes {
            self.flush(body);
        }
        if self.page.is_empty() {
            self.first = term;
            self.last = term;
        }
        put_varint(&mut self.page, term - self.last);
        put_posting(&mut self.page, &posting);
        self.last = term;
    }

    fn flush(&mut self, body: &mut Vec<u8>) {
        let page = std::mem::take(&mut self.page);
        self.pages.push((self.first, put_piece(body, page)));
    }

    fn finish(mut self, body: &mut Vec<u8>) -> Vec<(Term, Piece)> {
        if !self.page.is_empty() {
            self.flush(body);
        }
        self.pages
    }
}

pub(super) fn put_chunks<const N: usize>(body: &mut Vec<u8>, rows: &[[u8; N]]) {
    for chunk in rows.chunks(LEAF_CHUNK) {
        put_piece(body, chunk.as_flattened().to_vec());
    }
}
