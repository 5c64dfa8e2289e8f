//! The rows of a group commit: what makes new events durable before they are sealed.
//!
//! `version 1 ‖ count (4) ‖ recorded_at (8, µs) ‖ event times ‖ salts (16 each) ‖ frames ‖ CRC-32C`. A time is
//! the signed varint distance from `recorded_at`; a frame is `events ‖ length ‖ bytes`, varints before the
//! bytes. The checksum also covers log, first position and group.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::codec::{Bytes, Malformed, checked, put_checksum, put_signed, put_varint};
use crate::encode::SALT_BYTES;
use crate::frame::{FRAME_EVENTS_MAX, Frame};
use crate::store::{BatchRow, GroupId, Head, LogId, StoreError};

const VERSION: u8 = 1;
/// Most events in one batch row: what fits into one block.
const EVENTS_MAX: usize = 65_536;
const FRAME_BYTES_MAX: usize = 64 << 20;

/// What a batch row says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch<'b> {
    /// When all of it was recorded, Unix microseconds.
    pub recorded_micros: i64,
    /// When each event happened, Unix microseconds.
    pub times: Cow<'b, [i64]>,
    /// The salt of each event.
    pub salts: Cow<'b, [[u8; SALT_BYTES]]>,
    /// The frames.
    pub frames: Cow<'b, [Frame]>,
}

impl Batch<'_> {
    /// The row that keeps this batch.
    pub fn encode(&self, log: LogId, first: u64, group: GroupId) -> BatchRow {
        debug_assert_eq!(
            self.times.len(),
            self.salts.len(),
            "each event has a time and a salt"
        );
        let framed: usize = self.frames.iter().map(|frame| frame.bytes.len() + 8).sum();
        let each = SALT_BYTES + 8;
        let mut data = Vec::with_capacity(framed + self.times.len() * each + 32);
        data.push(VERSION);
        data.extend(
            u32::try_from(self.times.len())
                .unwrap_or(u32::MAX)
                .to_be_bytes(),
        );
        data.extend(self.recorded_micros.to_be_bytes());
        for time in &*self.times {
            put_signed(&mut data, time - self.recorded_micros);
        }
        data.extend(self.salts.as_flattened());
        for frame in &*self.frames {
            put_varint(&mut data, frame.events as u64);
            put_varint(&mut data, frame.bytes.len() as u64);
            data.extend(&*frame.bytes);
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
    pub fn decode(row: &BatchRow) -> Result<Batch<'static>, Malformed> {
        let key = key(row.log, row.first, row.group);
        let (count, recorded_micros, mut bytes) = header(checked(&row.data, &[&key])?)?;
        let (mut times, mut salts) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for _ in 0..count {
            times.push(recorded_micros.saturating_add(bytes.signed()?));
        }
        for _ in 0..count {
            salts.push(bytes.array()?);
        }
        let (mut frames, mut framed) = (Vec::new(), 0);
        while !bytes.is_empty() {
            let events = bytes.length(FRAME_EVENTS_MAX)?;
            let length = bytes.length(FRAME_BYTES_MAX)?;
            let bytes = bytes.take(length)?.into();
            frames.push(Frame { events, bytes });
            framed += events;
        }
        if framed != count {
            return Err(Malformed("the frames of a batch do not hold its events"));
        }
        Ok(Batch {
            recorded_micros,
            times: times.into(),
            salts: salts.into(),
            frames: frames.into(),
        })
    }
}

/// The head of the log behind this batch.
///
/// # Errors
/// The row is not a batch.
pub fn head_after(row: &BatchRow) -> Result<Head, StoreError> {
    let key = key(row.log, row.first, row.group);
    let read = || header(checked(&row.data, &[&key])?);
    let (count, recorded_micros, _) =
        read().map_err(|error| StoreError::corrupt(place(row), format!("data: {error}")))?;
    Ok(Head {
        size: row.first + count as u64,
        recorded_micros,
    })
}

/// Whether the batches of a group continue its locked logs from where they stand, and lead to `new`; both heads are in
/// the order of `logs`. What every store checks before a commit.
///
/// # Errors
/// Which batch does not, or that they lead elsewhere.
pub fn check_group(
    logs: &[LogId],
    old: &[Head],
    batches: &[BatchRow],
    new: &[Head],
) -> Result<(), StoreError> {
    let heads = |heads: &[Head]| -> BTreeMap<LogId, Head> {
        logs.iter().copied().zip(heads.iter().copied()).collect()
    };
    let mut reached = heads(old);
    for batch in batches {
        let Some(head) = reached.get_mut(&batch.log) else {
            let what = "is of a log that the group has not locked";
            return Err(StoreError::corrupt(place(batch), what));
        };
        if batch.first != head.size {
            let what = format!("does not begin at the log's head, {}", head.size);
            return Err(StoreError::corrupt(place(batch), what));
        }
        *head = head_after(batch)?;
    }
    if reached == heads(new) && logs.len() == new.len() {
        return Ok(());
    }
    let what = "has other new heads than its batches make";
    Err(StoreError::corrupt("the group", what))
}

fn place(row: &BatchRow) -> String {
    format!("batch {}, {}", row.log.0, row.first)
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
