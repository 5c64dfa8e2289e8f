//! Makes the body and the directory of a block; the same input always gives the same bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use docket_event::vocabulary::vocabulary;
use docket_merkle::Hash;

use crate::codec::{put_checksum, put_signed, put_varint};
use crate::encode::SALT_BYTES;
use crate::store::{BlockId, BlockRow, LogId};
use crate::term_filter::TermFilter;
use crate::terms::{Term, indexed_fields};

use super::dir::{Dir, Piece, Run, TypeEntry};
use super::posting::{NEAR_IDS_MAX, Posting, far_piece, put_posting};
use super::{BLOCK_EVENTS_MAX, BLOCK_FORMAT, LEAF_CHUNK, TIMES_CHUNK};

/// What a block must know of one event besides its frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// When it happened, Unix microseconds.
    pub micros: i64,
    /// When it was recorded, Unix microseconds.
    pub recorded_micros: i64,
    /// Its type.
    pub event_type: Arc<str>,
    /// Its terms, each once.
    pub terms: Box<[Term]>,
    /// Its salt.
    pub salt: [u8; SALT_BYTES],
    /// Its leaf.
    pub leaf: Hash,
}

/// The events of a block to be.
#[derive(Debug)]
pub struct BlockInput<'i> {
    /// Its number.
    pub id: BlockId,
    /// The log.
    pub log: LogId,
    /// Position of the first event.
    pub first: u64,
    /// The events, in the order of the log; at least one, at most [`BLOCK_EVENTS_MAX`].
    pub slots: &'i [Slot],
    /// Their frames: how many events, and the bytes.
    pub frames: &'i [(usize, Vec<u8>)],
    /// Bytes of a full term page.
    pub page_bytes: usize,
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
    let count = u32::try_from(input.slots.len()).unwrap_or(u32::MAX);
    assert!(
        (1..=BLOCK_EVENTS_MAX).contains(&count),
        "a tail is sealed before it outgrows a block"
    );
    let framed: usize = input.frames.iter().map(|(events, _)| events).sum();
    assert_eq!(
        framed,
        input.slots.len(),
        "frames hold exactly the events of the block"
    );

    let order = time_order(input.slots);
    let mut body = Vec::new();
    let mut dir = Dir {
        count,
        vocabulary: vocabulary().version(),
        page_bytes: input.page_bytes as u64,
        ..Dir::default()
    };
    dir.times = put_times(&mut body, input.slots, &order);
    dir.perm = runs(&order);
    dir.recorded = recorded_runs(input.slots);
    dir.frames = put_frames(&mut body, input.frames);
    let postings = term_postings(input.slots, &order);
    let mut far = Vec::new();
    dir.types = type_entries(input.slots, &order, &mut far);
    dir.pages = put_pages(&mut body, &postings, &mut far, count, input.page_bytes);
    dir.filter = TermFilter::of(
        postings
            .iter()
            .map(|(term, _)| *term)
            .collect::<Vec<_>>()
            .into_iter(),
    );
    dir.far = body.len() as u64;
    body.extend(&far);
    dir.leaves = body.len() as u64;
    put_chunks(&mut body, input.slots, |slot| slot.leaf.as_bytes());
    put_chunks(&mut body, input.slots, |slot| &slot.salt);
    dir.body_bytes = body.len() as u64;

    let times = || input.slots.iter().map(|slot| slot.micros);
    let mut row = BlockRow {
        id: input.id,
        log: input.log,
        first: input.first,
        count,
        min_micros: times().min().unwrap_or_default(),
        max_micros: times().max().unwrap_or_default(),
        format: BLOCK_FORMAT,
        fields: indexed_fields(),
        dir: Vec::new(),
    };
    row.dir = dir.encode(&row);
    Built { row, body }
}

/// The slot of each local id.
fn time_order(slots: &[Slot]) -> Vec<u16> {
    let mut order: Vec<(i64, u16)> = (0_u16..=u16::MAX)
        .zip(slots)
        .map(|(slot, event)| (event.micros, slot))
        .collect();
    order.sort_unstable();
    order.into_iter().map(|(_, slot)| slot).collect()
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

fn recorded_runs(slots: &[Slot]) -> Vec<(u32, i64)> {
    let mut runs: Vec<(u32, i64)> = Vec::new();
    for (slot, event) in (0_u32..).zip(slots) {
        if runs
            .last()
            .is_none_or(|(_, time)| *time != event.recorded_micros)
        {
            runs.push((slot, event.recorded_micros));
        }
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

fn put_times(body: &mut Vec<u8>, slots: &[Slot], order: &[u16]) -> Vec<(i64, Piece)> {
    let time = |slot: &u16| {
        slots
            .get(usize::from(*slot))
            .map_or(0, |event| event.micros)
    };
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

fn put_frames(body: &mut Vec<u8>, frames: &[(usize, Vec<u8>)]) -> Vec<(u32, Piece)> {
    let mut first = 0;
    let mut pieces = Vec::with_capacity(frames.len());
    for (events, frame) in frames {
        pieces.push((
            first,
            Piece {
                offset: body.len() as u64,
                length: frame.len() as u64,
            },
        ));
        body.extend(frame);
        first += u32::try_from(*events).unwrap_or(u32::MAX);
    }
    pieces
}

/// The local ids of every term, by term.
fn term_postings(slots: &[Slot], order: &[u16]) -> Vec<(Term, Vec<u16>)> {
    let mut pairs: Vec<(Term, u16)> = Vec::new();
    for (local, slot) in (0_u16..=u16::MAX).zip(order) {
        let terms = slots
            .get(usize::from(*slot))
            .map_or(&[][..], |event| &event.terms);
        pairs.extend(terms.iter().map(|term| (*term, local)));
    }
    pairs.sort_unstable();
    let mut postings: Vec<(Term, Vec<u16>)> = Vec::new();
    for (term, local) in pairs {
        match postings.last_mut() {
            Some((last, ids)) if *last == term => ids.push(local),
            _ => postings.push((term, vec![local])),
        }
    }
    postings
}

fn type_entries(slots: &[Slot], order: &[u16], far: &mut Vec<u8>) -> Vec<TypeEntry> {
    let mut types: BTreeMap<&str, Vec<u16>> = BTreeMap::new();
    for (local, slot) in (0_u16..=u16::MAX).zip(order) {
        if let Some(event) = slots.get(usize::from(*slot)) {
            types.entry(&event.event_type).or_default().push(local);
        }
    }
    let end = u32::try_from(order.len()).unwrap_or(u32::MAX);
    let entry = |(name, ids): (&str, Vec<u16>)| {
        let (offset, length) = put_far(far, &ids, end);
        let count = u32::try_from(ids.len()).unwrap_or(u32::MAX);
        TypeEntry {
            name: name.to_owned(),
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

fn put_pages(
    body: &mut Vec<u8>,
    postings: &[(Term, Vec<u16>)],
    far: &mut Vec<u8>,
    count: u32,
    page_bytes: usize,
) -> Vec<(Term, Piece)> {
    let mut pages = Vec::new();
    let mut page = Vec::new();
    let (mut first, mut last) = (0, 0);
    for (term, ids) in postings {
        let posting = if ids.len() <= NEAR_IDS_MAX {
            Posting::Near(ids.clone())
        } else {
            let (offset, length) = put_far(far, ids, count);
            Posting::Far {
                count: u32::try_from(ids.len()).unwrap_or(u32::MAX),
                offset,
                length,
            }
        };
        if page.len() >= page_bytes {
            pages.push((first, put_piece(body, std::mem::take(&mut page))));
        }
        if page.is_empty() {
            first = *term;
            last = *term;
        }
        put_varint(&mut page, term - last);
        put_posting(&mut page, &posting);
        last = *term;
    }
    if !page.is_empty() {
        pages.push((first, put_piece(body, page)));
    }
    pages
}

fn put_chunks<const N: usize>(body: &mut Vec<u8>, slots: &[Slot], row: impl Fn(&Slot) -> &[u8; N]) {
    for chunk in slots.chunks(LEAF_CHUNK) {
        let piece = chunk.iter().flat_map(|slot| *row(slot)).collect();
        put_piece(body, piece);
    }
}
