//! Frames: up to a few events compressed together, the unit in which events are read.
//!
//! `version 1 ‖ codec ‖ dictionary ‖ key ‖ events ‖ size ‖ payload ‖ CRC-32C`; numbers are varints but the
//! first two. Codec 0 is plain, 1 is zstd. Dictionary ([`dictionary`]) and key are 0 for none. The payload has, for every event,
//! the length of its body and one more than that of its personal part (0: erased, 32 bytes of commitment
//! stand for it); then all bodies, then all personal parts.

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;
use std::sync::Arc;

use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::CParameter;

use crate::codec::{Bytes, Malformed, checked, put_checksum, put_varint};
use crate::dictionary;
use crate::encode::{Parts, Personal};

const VERSION: u8 = 1;
const PLAIN: u8 = 0;
const ZSTD: u8 = 1;
/// Bytes that stand for a personal part that was erased.
const COMMITMENT_BYTES: usize = 32;
/// Most events in a frame.
pub const FRAME_EVENTS_MAX: usize = 256;
/// Most bytes of a frame's payload: every event at its limit, and its lengths.
const PAYLOAD_BYTES_MAX: usize = FRAME_EVENTS_MAX * (docket_event::EVENT_BYTES_MAX + 16);

/// A few events, compressed together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// How many events.
    pub events: usize,
    /// The stored bytes.
    pub bytes: Arc<[u8]>,
}

/// Compresses frames; holds the compressor's memory.
pub struct FrameEncoder {
    zstd: Option<Compressor<'static>>,
    dictionary: u64,
    payload: Vec<u8>,
    packed: Vec<u8>,
}

impl std::fmt::Debug for FrameEncoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FrameEncoder")
    }
}

impl FrameEncoder {
    /// An encoder at a zstd level, with the current dictionary; without memory for zstd, frames stay plain.
    pub fn new(level: i32) -> Self {
        let mut zstd = dictionary::compressor(level);
        if let Some(zstd) = &mut zstd {
            // Frames name their dictionary themselves; where this cannot be set, four bytes say it twice.
            let _ = zstd.set_parameter(CParameter::DictIdFlag(false));
        }
        FrameEncoder {
            dictionary: zstd.as_ref().map_or(0, |_| dictionary::CURRENT),
            zstd,
            payload: Vec::new(),
            packed: Vec::new(),
        }
    }

    /// An encoder at a zstd level that uses no dictionary.
    pub fn without_dictionary(level: i32) -> Self {
        FrameEncoder {
            dictionary: 0,
            zstd: Compressor::new(level).ok(),
            payload: Vec::new(),
            packed: Vec::new(),
        }
    }

    /// One frame of all `parts`, at most [`FRAME_EVENTS_MAX`].
    pub fn encode(&mut self, parts: &[Parts]) -> Frame {
        debug_assert!(
            parts.len() <= FRAME_EVENTS_MAX,
            "callers cut their events into frames"
        );
        self.payload.clear();
        put_payload(&mut self.payload, parts);
        let whole = self.payload.len();
        let packed = self
            .zstd
            .as_mut()
            .is_some_and(|zstd| pack(zstd, &self.payload, &mut self.packed));
        let (codec, dictionary, stored) = if packed && self.packed.len() < whole {
            (ZSTD, self.dictionary, &self.packed)
        } else {
            (PLAIN, 0, &self.payload)
        };
        let mut frame = Vec::with_capacity(stored.len() + 24);
        frame.extend([VERSION, codec]);
        put_varint(&mut frame, dictionary);
        put_varint(&mut frame, 0);
        put_varint(&mut frame, parts.len() as u64);
        put_varint(&mut frame, whole as u64);
        frame.extend(stored);
        put_checksum(&mut frame, &[]);
        Frame {
            events: parts.len(),
            bytes: frame.into(),
        }
    }
}

/// Compresses `payload` into `packed`; says whether that worked.
fn pack(zstd: &mut Compressor<'_>, payload: &[u8], packed: &mut Vec<u8>) -> bool {
    packed.clear();
    packed.reserve(zstd::compress_bound(payload.len()));
    zstd.compress_to_buffer(payload, packed).is_ok()
}

/// What is compressed of some events.
pub fn payload(parts: &[Parts]) -> Vec<u8> {
    let mut payload = Vec::new();
    put_payload(&mut payload, parts);
    payload
}

fn put_payload(payload: &mut Vec<u8>, parts: &[Parts]) {
    for part in parts {
        put_varint(payload, part.body.len() as u64);
        let personal = match &part.personal {
            Personal::Kept(text) => text.len() as u64 + 1,
            Personal::Erased(_) => 0,
        };
        put_varint(payload, personal);
    }
    parts
        .iter()
        .for_each(|part| payload.extend(part.body.as_bytes()));
    for part in parts {
        match &part.personal {
            Personal::Kept(text) => payload.extend(text.as_bytes()),
            Personal::Erased(commitment) => payload.extend(commitment),
        }
    }
}

/// All events of a frame.
///
/// # Errors
/// The frame is not what an encoder makes.
pub fn decode(frame: &[u8]) -> Result<Vec<Parts>, Malformed> {
    let opened = OpenFrame::open(frame)?;
    (0..opened.len()).map(|index| opened.parts(index)).collect()
}

/// A frame whose payload is unpacked; its events are cut out one by one.
#[derive(Debug)]
pub struct OpenFrame {
    payload: Vec<u8>,
    spans: Vec<Span>,
}

/// Where the parts of an event are in the payload.
#[derive(Debug)]
struct Span {
    body: Range<usize>,
    personal: Range<usize>,
    erased: bool,
}

impl OpenFrame {
    /// Unpacks a frame.
    ///
    /// # Errors
    /// It is not what an encoder makes.
    pub fn open(frame: &[u8]) -> Result<Self, Malformed> {
        let mut bytes = Bytes::new(checked(frame, &[])?);
        if bytes.byte()? != VERSION {
            return Err(Malformed("a frame of an unknown version"));
        }
        let codec = bytes.byte()?;
        let dictionary = bytes.varint()?;
        if bytes.varint()? != 0 {
            return Err(Malformed("a frame with an unknown key"));
        }
        let count = bytes.length(FRAME_EVENTS_MAX)?;
        let size = bytes.length(PAYLOAD_BYTES_MAX)?;
        let payload = match codec {
            PLAIN => bytes.rest().to_vec(),
            ZSTD => unpack(dictionary, bytes.rest(), size)?,
            _ => return Err(Malformed("a frame of an unknown codec")),
        };
        if payload.len() != size {
            return Err(Malformed("a frame of the wrong size"));
        }
        let spans = spans(&payload, count)?;
        Ok(OpenFrame { payload, spans })
    }

    /// How many events it has.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// All that was compressed.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Where body and personal part of an event are in the payload; nowhere for an event that it does not have.
    pub fn stretches(&self, index: usize) -> [Range<usize>; 2] {
        match self.spans.get(index) {
            Some(span) => [span.body.clone(), span.personal.clone()],
            None => [0..0, 0..0],
        }
    }

    /// Bytes of the payload.
    pub fn bytes(&self) -> usize {
        self.payload.len()
    }

    /// An event.
    ///
    /// # Errors
    /// There is none of that number, or it is no text.
    pub fn parts(&self, index: usize) -> Result<Parts, Malformed> {
        let span = self.spans.get(index);
        let span = span.ok_or(Malformed("a frame lacks an event"))?;
        let personal = match span.erased {
            true => Personal::Erased(Bytes::new(self.slice(&span.personal)).array()?),
            false => Personal::Kept(self.text(&span.personal)?),
        };
        Ok(Parts {
            body: self.text(&span.body)?,
            personal,
        })
    }

    fn slice(&self, range: &Range<usize>) -> &[u8] {
        self.payload.get(range.clone()).unwrap_or_default()
    }

    fn text(&self, range: &Range<usize>) -> Result<String, Malformed> {
        let text = std::str::from_utf8(self.slice(range));
        text.map(str::to_owned)
            .map_err(|_| Malformed("an event is no UTF-8"))
    }
}

/// Where the parts of all events are; together they fill the payload.
fn spans(payload: &[u8], count: usize) -> Result<Vec<Span>, Malformed> {
    let max = docket_event::EVENT_BYTES_MAX + 1;
    let mut bytes = Bytes::new(payload);
    let mut lengths = Vec::with_capacity(count);
    for _ in 0..count {
        lengths.push((bytes.length(max)?, bytes.length(max)?));
    }
    let mut at = payload.len() - bytes.rest().len();
    let mut next = |length: usize| {
        at += length;
        at - length..at
    };
    let bodies: Vec<Range<usize>> = lengths.iter().map(|(body, _)| next(*body)).collect();
    let spans = bodies
        .into_iter()
        .zip(&lengths)
        .map(|(body, (_, kept))| Span {
            body,
            personal: next(kept.checked_sub(1).unwrap_or(COMMITMENT_BYTES)),
            erased: *kept == 0,
        });
    let spans: Vec<Span> = spans.collect();
    if at == payload.len() {
        Ok(spans)
    } else {
        Err(Malformed("the events of a frame do not fill it"))
    }
}

thread_local! {
    /// A thread's decompressors by dictionary: making one costs more than a frame.
    static UNPACKERS: RefCell<HashMap<u64, Decompressor<'static>>> = RefCell::default();
}

fn unpack(dictionary: u64, packed: &[u8], size: usize) -> Result<Vec<u8>, Malformed> {
    UNPACKERS.with_borrow_mut(|kept| {
        let unpacker = match kept.entry(dictionary) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(unpacker(dictionary)?),
        };
        let unpacked = unpacker.decompress(packed, size);
        unpacked.map_err(|_| Malformed("a frame does not decompress"))
    })
}

fn unpacker(dictionary: u64) -> Result<Decompressor<'static>, Malformed> {
    let made = if dictionary == 0 {
        Decompressor::new()
    } else {
        let known = dictionary::decoder(dictionary);
        let known = known.ok_or(Malformed("a frame with an unknown dictionary"))?;
        Decompressor::with_prepared_dictionary(known)
    };
    made.map_err(|_| Malformed("there is no memory for zstd"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(body: &str, personal: Personal) -> Parts {
        Parts {
            body: body.to_owned(),
            personal,
        }
    }

    #[test]
    fn frames_come_back() {
        let parts = [
            part(
                &"{\"type\":\"a.b\"}".repeat(50),
                Personal::Kept("{}".to_owned()),
            ),
            part("x", Personal::Erased([7; 32])),
            part("", Personal::Kept(String::new())),
        ];
        let mut encoder = FrameEncoder::new(1);
        for count in 0..=parts.len() {
            let frame = encoder.encode(&parts[..count]);
            assert_eq!(decode(&frame.bytes).unwrap(), parts[..count]);
        }
    }

    #[test]
    fn a_changed_byte_is_noticed() {
        let kept = Personal::Kept("{}".into());
        let frame = FrameEncoder::new(1).encode(&[part("{\"type\":\"a.b\"}", kept)]);
        let frame = frame.bytes;
        for at in 0..frame.len() {
            let mut changed = frame.to_vec();
            changed[at] ^= 1;
            assert!(decode(&changed).is_err());
        }
    }
}
