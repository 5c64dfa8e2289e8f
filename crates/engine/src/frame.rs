//! Frames: up to a few events compressed together, the unit in which events are read.
//!
//! `version 1 ‖ codec ‖ dictionary ‖ key ‖ events ‖ size ‖ payload ‖ CRC-32C`; numbers are varints but the
//! first two. Codec 0 is plain, 1 is zstd. Dictionary and key are 0 for none. The payload has, for every event,
//! the length of its body and one more than that of its personal part (0: erased, 32 bytes of commitment
//! stand for it); then all bodies, then all personal parts.

use crate::codec::{Bytes, Malformed, checked, put_checksum, put_varint};
use crate::encode::{Parts, Personal};

const VERSION: u8 = 1;
const PLAIN: u8 = 0;
const ZSTD: u8 = 1;
/// Most events in a frame.
pub const FRAME_EVENTS_MAX: usize = 256;
/// Most bytes of a frame's payload: every event at its limit, and its lengths.
const PAYLOAD_BYTES_MAX: usize = FRAME_EVENTS_MAX * (docket_event::EVENT_BYTES_MAX + 16);

/// Compresses frames; holds the compressor's memory.
pub struct FrameEncoder {
    zstd: Option<zstd::bulk::Compressor<'static>>,
    payload: Vec<u8>,
}

impl std::fmt::Debug for FrameEncoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FrameEncoder")
    }
}

impl FrameEncoder {
    /// An encoder at a zstd level; without zstd's memory, frames stay plain.
    pub fn new(level: i32) -> Self {
        FrameEncoder {
            zstd: zstd::bulk::Compressor::new(level).ok(),
            payload: Vec::new(),
        }
    }

    /// One frame of all `parts`, at most [`FRAME_EVENTS_MAX`].
    pub fn encode(&mut self, parts: &[Parts]) -> Vec<u8> {
        debug_assert!(
            parts.len() <= FRAME_EVENTS_MAX,
            "callers cut their events into frames"
        );
        self.payload.clear();
        for part in parts {
            put_varint(&mut self.payload, part.body.len() as u64);
            let personal = match &part.personal {
                Personal::Kept(text) => text.len() as u64 + 1,
                Personal::Erased(_) => 0,
            };
            put_varint(&mut self.payload, personal);
        }
        parts
            .iter()
            .for_each(|part| self.payload.extend(part.body.as_bytes()));
        for part in parts {
            match &part.personal {
                Personal::Kept(text) => self.payload.extend(text.as_bytes()),
                Personal::Erased(commitment) => self.payload.extend(commitment),
            }
        }
        let packed = self
            .zstd
            .as_mut()
            .and_then(|zstd| zstd.compress(&self.payload).ok());
        let (codec, stored) = match &packed {
            Some(packed) if packed.len() < self.payload.len() => (ZSTD, packed.as_slice()),
            _ => (PLAIN, self.payload.as_slice()),
        };
        let mut frame = Vec::with_capacity(stored.len() + 16);
        frame.extend([VERSION, codec]);
        put_varint(&mut frame, 0);
        put_varint(&mut frame, 0);
        put_varint(&mut frame, parts.len() as u64);
        put_varint(&mut frame, self.payload.len() as u64);
        frame.extend(stored);
        put_checksum(&mut frame, &[]);
        frame
    }
}

/// The events of a frame.
///
/// # Errors
/// The frame is not what an encoder makes.
pub fn decode(frame: &[u8]) -> Result<Vec<Parts>, Malformed> {
    let mut bytes = Bytes::new(checked(frame, &[])?);
    if bytes.byte()? != VERSION {
        return Err(Malformed("a frame of an unknown version"));
    }
    let codec = bytes.byte()?;
    if bytes.varint()? != 0 || bytes.varint()? != 0 {
        return Err(Malformed("a frame with an unknown dictionary or key"));
    }
    let count = bytes.length(FRAME_EVENTS_MAX)?;
    let size = bytes.length(PAYLOAD_BYTES_MAX)?;
    let unpacked;
    let payload = match codec {
        PLAIN => bytes.rest(),
        ZSTD => {
            unpacked = zstd::bulk::decompress(bytes.rest(), size)
                .map_err(|_| Malformed("a frame does not decompress"))?;
            unpacked.as_slice()
        }
        _ => return Err(Malformed("a frame of an unknown codec")),
    };
    if payload.len() != size {
        return Err(Malformed("a frame of the wrong size"));
    }
    payload_parts(Bytes::new(payload), count)
}

fn payload_parts(mut bytes: Bytes<'_>, count: usize) -> Result<Vec<Parts>, Malformed> {
    let max = docket_event::EVENT_BYTES_MAX + 1;
    let mut lengths = Vec::with_capacity(count);
    for _ in 0..count {
        lengths.push((bytes.length(max)?, bytes.length(max)?));
    }
    let text = |bytes: &[u8]| {
        String::from_utf8(bytes.to_vec()).map_err(|_| Malformed("an event is no UTF-8"))
    };
    let mut parts = Vec::with_capacity(count);
    for (body, _) in &lengths {
        let body = text(bytes.take(*body)?)?;
        parts.push(Parts {
            body,
            personal: Personal::Kept(String::new()),
        });
    }
    for (part, (_, personal)) in parts.iter_mut().zip(&lengths) {
        part.personal = match personal.checked_sub(1) {
            Some(length) => Personal::Kept(text(bytes.take(length)?)?),
            None => Personal::Erased(bytes.array()?),
        };
    }
    bytes.end()?;
    Ok(parts)
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
            assert_eq!(decode(&frame).unwrap(), parts[..count]);
        }
    }

    #[test]
    fn a_changed_byte_is_noticed() {
        let frame =
            FrameEncoder::new(1).encode(&[part("{\"type\":\"a.b\"}", Personal::Kept("{}".into()))]);
        for at in 0..frame.len() {
            let mut changed = frame.clone();
            changed[at] ^= 1;
            assert!(decode(&changed).is_err());
        }
    }
}
