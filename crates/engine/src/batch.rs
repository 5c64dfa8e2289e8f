//! The rows of a group commit: what makes new events durable before they are sealed.
//!
//! `version 1 ‖ count (4) ‖ recorded_at (8, µs) ‖ event times ‖ salts (16 each) ‖ frames ‖ CRC-32C`. A time is
//! the signed varint distance from `recorded_at`; a frame is `events ‖ length ‖ bytes`, varints before the
//! bytes. The checksum also covers log, first position and group.

use crate::codec::{Bytes, Malformed, checked, put_checksum, put_signed, put_varint};
use crate::encode::SALT_BYTES;
use crate::frame::FRAME_EVENTS_MAX;
use crate::store::{BatchRow, GroupId, Head, LogId};

const VERSION: u8 = 1;
/// Most events in one batch row: what fits into one block.
const EVENTS_MAX: usize = 65_536;
const FRAME_BYTES_MAX: usize = 64 << 20;

/// A decoded batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// When all of it was recorded, Unix microseconds.
    pub recorded_micros: i64,
    /// When each event happened, Unix microseconds.
    pub times: Vec<i64>,
    /// The salt of each event.
    pub salts: Vec<[u8; SALT_BYTES]>,
    /// The frames, with the number of events in each.
    pub frames: Vec<(usize, Vec<u8>)>,
}

impl Batch {
    /// The row that keeps this batch.
    pub fn encode(&self, log: LogId, first: u64, group: GroupId) -> BatchRow {
        debug_assert_eq!(
            self.times.len(),
            self.salts.len(),
            "each event has a time and a salt"
        );
        let mut data = vec![VERSION];
        data.extend(
            u32::try_from(self.times.len())
                .unwrap_or(u32::MAX)
                .to_be_bytes(),
        );
        data.extend(self.recorded_micros.to_be_bytes());
        for time in &self.times {
            put_signed(&mut data, time - self.recorded_micros);
        }
        self.salts.iter().for_each(|salt| data.extend(salt));
        for (events, frame) in &self.frames {
            put_varint(&mut data, *events as u64);
            put_varint(&mut data, frame.len() as u64);
            data.extend(frame);
        }
        put_checksum(&mut data, &[&key(log, first, group)]);
        BatchRow {
            log,
            first,
            group,
            data,
        }
    }

    /// Reads a row.
    ///
    /// # Errors
    /// The row is not what [`Batch::encode`] makes, or stands under another name.
    pub fn decode(row: &BatchRow) -> Result<Self, Malformed> {
        let key = key(row.log, row.first, row.group);
        let (count, recorded_micros, mut bytes) = header(checked(&row.data, &[&key])?)?;
        let mut batch = Batch {
            recorded_micros,
            ..Batch::default()
        };
        for _ in 0..count {
            batch
                .times
                .push(recorded_micros.saturating_add(bytes.signed()?));
        }
        for _ in 0..count {
            batch.salts.push(bytes.array()?);
        }
        let mut framed = 0;
        while !bytes.is_empty() {
            let events = bytes.length(FRAME_EVENTS_MAX)?;
            let length = bytes.length(FRAME_BYTES_MAX)?;
            batch.frames.push((events, bytes.take(length)?.to_vec()));
            framed += events;
        }
        if framed != count {
            return Err(Malformed("the frames of a batch do not hold its events"));
        }
        Ok(batch)
    }
}

/// The head of the log behind this batch.
///
/// # Errors
/// The row is not a batch.
pub fn head_after(row: &BatchRow) -> Result<Head, Malformed> {
    let key = key(row.log, row.first, row.group);
    let (count, recorded_micros, _) = header(checked(&row.data, &[&key])?)?;
    Ok(Head {
        size: row.first + count as u64,
        recorded_micros,
    })
}

fn header(content: &[u8]) -> Result<(usize, i64, Bytes<'_>), Malformed> {
    let mut bytes = Bytes::new(content);
    if bytes.byte()? != VERSION {
        return Err(Malformed("a batch of an unknown version"));
    }
    let count = usize::try_from(bytes.u32()?).unwrap_or(usize::MAX);
    if count > EVENTS_MAX {
        return Err(Malformed("a batch of too many events"));
    }
    let recorded_micros = i64::from_be_bytes(bytes.array()?);
    Ok((count, recorded_micros, bytes))
}

/// What the checksum covers besides the data: where the row stands.
fn key(log: LogId, first: u64, group: GroupId) -> Vec<u8> {
    let mut key = b"batch".to_vec();
    key.extend(log.0.to_be_bytes());
    key.extend(first.to_be_bytes());
    key.extend(group.0.to_be_bytes());
    key
}
