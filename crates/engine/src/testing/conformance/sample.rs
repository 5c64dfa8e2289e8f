//! Rows to store, and what the suite does again and again.

use crate::batch::Batch;
use crate::frame::Frame;
use crate::store::{
    BatchRow, BlockId, BlockRow, Expect, GroupId, Head, LogId, LogRow, Part, RecordChange,
    RecordKey, Rider, RiderRows, Seal, Store, StoreError, TileRow, Verdict,
};

/// When the first sample event was recorded.
pub const START_MICROS: i64 = 1_700_000_000_000_000;

/// A batch of `count` events, of the group that has the number of its first position.
pub fn batch(log: LogId, first: u64, count: u32) -> BatchRow {
    let recorded_micros = START_MICROS + first.cast_signed();
    let events = usize::try_from(count).expect("samples are small");
    let batch = Batch {
        recorded_micros,
        times: vec![recorded_micros; events].into(),
        salts: vec![[7; 16]; events].into(),
        frames: vec![Frame {
            events,
            bytes: pattern(100 * events).into(),
        }]
        .into(),
    };
    batch.encode(log, first, GroupId(u64::MAX - first))
}

/// The head behind `batch(_, first, count)`.
pub fn head(first: u64, count: u32) -> Head {
    Head {
        size: first + u64::from(count),
        recorded_micros: START_MICROS + first.cast_signed(),
    }
}

/// Appends `count` events to a log; where they begin.
pub fn append(store: &dyn Store, log: LogId, count: u32) -> Result<u64, StoreError> {
    let group = store.begin(&[log], &[])?;
    let first = group.heads().first().expect("a head for the log").size;
    group.commit(&[batch(log, first, count)], &[], &[head(first, count)])?;
    Ok(first)
}

/// Writes a rider without events, as the caller of `begin` must: only if it holds.
pub fn ride(store: &dyn Store, log: LogId, rider: &Rider) -> Verdict {
    let group = store.begin(&[log], &[(log, rider)]).expect("begins");
    let verdict = group
        .verdicts()
        .first()
        .expect("a verdict for the rider")
        .clone();
    if verdict == Verdict::Holds {
        let heads = group.heads().to_vec();
        let rows = RiderRows {
            log,
            rider,
            answer: b"an answer",
        };
        group.commit(&[], &[rows], &heads).expect("commits");
    }
    verdict
}

/// A rider that changes one record.
pub fn change(name: &str, expect: Expect, value: Option<&[u8]>) -> Rider {
    let change = RecordChange {
        key: key(name),
        expect,
        value: value.map(<[u8]>::to_vec),
    };
    Rider {
        idempotency: None,
        records: vec![change],
    }
}

/// The name of a record of the organization `acme`.
pub fn key(name: &str) -> RecordKey {
    RecordKey {
        org: "acme".to_owned(),
        kind: "member".to_owned(),
        name: name.to_owned(),
    }
}

/// The log of the organization `acme`.
pub fn acme(store: &dyn Store) -> LogRow {
    store.create_log("acme", [9; 16]).expect("makes a log")
}

/// Bytes of which no two neighbourhoods look alike.
pub fn pattern(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut step = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..length).map(|_| step()).collect()
}

/// A block of a log.
pub fn block(id: BlockId, log: LogId, first: u64, count: u32) -> BlockRow {
    BlockRow {
        id,
        log,
        first,
        count,
        min_micros: -5,
        max_micros: i64::MAX,
        format: 1,
        fields: u32::MAX,
        dir: pattern(10_000),
    }
}

/// A tile of a log.
pub fn tile(log: LogId, level: u8, index: u64) -> TileRow {
    TileRow {
        log,
        level,
        index,
        data: pattern(8_196),
    }
}

/// The log with its first `sealed` events sealed.
pub fn sealed(log: &LogRow, sealed: u64) -> LogRow {
    LogRow {
        sealed,
        recorded_micros: START_MICROS,
        frontier: pattern(64),
        ..log.clone()
    }
}

/// Puts a body in parts.
pub fn put_body(store: &dyn Store, block: BlockId, body: &[u8]) -> Result<(), StoreError> {
    for (part, data) in (0..).zip(body.chunks(store.part_bytes())) {
        store.put_parts(&[Part { block, part, data }])?;
    }
    Ok(())
}

/// Seals events of a log into a block with this body.
pub fn seal(
    store: &dyn Store,
    log: &LogRow,
    first: u64,
    count: u32,
    body: &[u8],
) -> Result<BlockRow, StoreError> {
    let block = block(store.new_block(log.id)?, log.id, first, count);
    put_body(store, block.id, body)?;
    let log = sealed(log, first + u64::from(count));
    store.finish_seals(&[Seal {
        blocks: std::slice::from_ref(&block),
        replaces: &[],
        log: &log,
        tiles: &[],
    }])?;
    Ok(block)
}
