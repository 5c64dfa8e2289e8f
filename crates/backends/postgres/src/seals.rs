//! Finished blocks: how they join the lists of their logs.

use std::collections::BTreeMap;

use docket_engine::store::{BlockId, BlockRow, Head, LogId, LogRow, Seal, StoreError};

use crate::blocks::{self, BLOCK};
use crate::failure::Failure;
use crate::heads::{self, Layout};
use crate::logs::{self, LOG};
use crate::row::{Columns, block_id, block_key, int};
use crate::segs::{self, PART_BYTES};
use crate::session::{Answer, Session, Step, bind};
use crate::tiles;

/// Writes seals, if all of them fit what is there now. Leaves the transaction open; nothing is durable before COMMIT.
pub(crate) async fn write(
    session: &Session,
    layout: Layout,
    seals: &[Seal<'_>],
) -> Result<(), Failure> {
    let found = look(session, layout, seals).await?;
    let mut steps = Vec::new();
    let mut counts = Vec::new();
    for seal in seals {
        let bytes = found.check(seal)?;
        if !seal.replaces.is_empty() {
            let [rows, bodies] = blocks::remove_steps(seal.log.id, seal.replaces);
            steps.extend([rows, bodies]);
            counts.extend([Some(seal.replaces.len() as u64), None]);
        }
        for (block, bytes) in seal.blocks.iter().zip(bytes) {
            steps.push(blocks::insert_step(block, int(bytes, "block")?)?);
            counts.push(Some(1));
        }
        if seal.replaces.is_empty() {
            steps.push(logs::update_step(seal.log)?);
            counts.push(Some(1));
        }
        if !seal.tiles.is_empty() {
            steps.push(tiles::insert_step(seal.tiles)?);
            counts.push(Some(seal.tiles.len() as u64));
        }
        steps.push(heads::change_step(seal.log.id));
        counts.push(Some(1));
        steps.push(heads::rise_step(seal.log)?);
        counts.push(None);
    }
    let answers = session.all(steps).await?;
    let did = |(answer, count): (&Answer, &Option<u64>)| count.is_none_or(|n| n == answer.count);
    if answers.iter().zip(&counts).all(did) {
        return Ok(());
    }
    Err(Failure::refused(
        "a log has changed while its seal was written",
    ))
}

/// What there is of the logs that are sealed.
struct Found {
    heads: BTreeMap<LogId, Head>,
    logs: BTreeMap<LogId, LogRow>,
    /// First position and end of the listed blocks that are to be replaced.
    replaced: BTreeMap<BlockId, (u64, u64)>,
    /// Number and length of the parts of each new block.
    parts: BTreeMap<BlockId, Vec<(u64, u64)>>,
}

/// Locks the logs, and looks at what the seals were worked out from.
async fn look(session: &Session, layout: Layout, seals: &[Seal<'_>]) -> Result<Found, Failure> {
    let mut ids: Vec<LogId> = seals.iter().map(|seal| seal.log.id).collect();
    ids.sort_unstable();
    if ids.windows(2).any(|pair| pair.first() == pair.last()) {
        return Err(StoreError::corrupt("the seals", "name a log twice").into());
    }
    let locks = heads::lock_steps(&ids, layout);
    let locks_end = 1 + locks.len();
    let mut steps = vec![Step::Plain("BEGIN")];
    steps.extend(locks);
    let replaced: Vec<BlockId> = seals
        .iter()
        .flat_map(|seal| seal.replaces)
        .copied()
        .collect();
    let new = seals.iter().flat_map(|seal| seal.blocks);
    let new: Vec<BlockId> = new.map(|block| block.id).collect();
    steps.extend([
        logs::some_step(&ids),
        replaced_step(&replaced),
        segs::lengths_step(&new),
    ]);
    let answers = session.all(steps).await?;
    let heads = heads::locked(answers.get(1..locks_end).unwrap_or_default(), &ids)?;
    let Some([rows, replaced, parts]) = answers.get(locks_end..) else {
        return Err(StoreError::corrupt("the database", "gave fewer answers than asked").into());
    };
    let rows = rows
        .rows
        .iter()
        .map(|row| logs::read(Columns::of(row, &LOG)));
    let rows: Vec<LogRow> = rows.collect::<Result<_, _>>()?;
    let mut of_blocks: BTreeMap<BlockId, Vec<(u64, u64)>> = BTreeMap::new();
    for (block, part, bytes) in segs::lengths(parts)? {
        of_blocks.entry(block).or_default().push((part, bytes));
    }
    Ok(Found {
        heads: ids.into_iter().zip(heads).collect(),
        logs: rows.into_iter().map(|row| (row.id, row)).collect(),
        replaced: read_replaced(replaced)?,
        parts: of_blocks,
    })
}

impl Found {
    /// Whether a seal fits; the bytes of its bodies.
    fn check(&self, seal: &Seal<'_>) -> Result<Vec<u64>, Failure> {
        let log = seal.log;
        let wrong = |what: &str| StoreError::corrupt(format!("a seal of log {}", log.id.0), what);
        let span = seal.span();
        let span = span.ok_or_else(|| wrong("has blocks that do not follow each other"))?;
        let row = self
            .logs
            .get(&log.id)
            .ok_or_else(|| logs::missing(log.id))?;
        let head = self
            .heads
            .get(&log.id)
            .ok_or_else(|| logs::missing(log.id))?;
        let ours = |id: BlockId| block_key(id).0 == i64::from(log.id.0);
        let fits = |block: &BlockRow| block.log == log.id && ours(block.id);
        if row.org != log.org || !seal.blocks.iter().all(fits) {
            return Err(wrong("does not fit its log").into());
        }
        // A log that is copied has no batches: all of it is sealed, and its head rises with it.
        if log.sealed > head.size && row.sealed != head.size {
            return Err(wrong("is beyond the log's head").into());
        }
        let stale = || {
            Failure::refused(format!(
                "log {} has changed since it was to be sealed",
                log.id.0
            ))
        };
        if seal.replaces.is_empty() {
            // What is sealed ends where this block begins.
            if row.sealed != span.start || log.sealed != span.end {
                return Err(stale());
            }
        } else {
            let mut old = Vec::with_capacity(seal.replaces.len());
            for id in seal.replaces {
                let place = self.replaced.get(id).filter(|_| ours(*id));
                old.push(*place.ok_or_else(stale)?);
            }
            old.sort_unstable();
            let reached = old.iter().try_fold(span.start, |at, (first, end)| {
                (*first == at).then_some(*end)
            });
            if row.sealed != log.sealed || reached != Some(span.end) {
                return Err(stale());
            }
        }
        let bytes = seal.blocks.iter().map(|block| self.body_bytes(block.id));
        bytes.collect()
    }

    /// The bytes of a body of which all parts are there and full, save the last.
    fn body_bytes(&self, block: BlockId) -> Result<u64, Failure> {
        let parts = self.parts.get(&block);
        let parts = parts
            .ok_or_else(|| Failure::refused(format!("the parts of block {} are gone", block.0)))?;
        let full = |(place, (part, bytes)): (usize, &(u64, u64))| {
            *part == place as u64 && (place + 1 == parts.len() || *bytes == PART_BYTES as u64)
        };
        if !parts.iter().enumerate().all(full) {
            return Err(StoreError::corrupt(format!("block {}", block.0), "lacks parts").into());
        }
        Ok(parts.iter().map(|(_, bytes)| bytes).sum())
    }
}

fn replaced_step(blocks: &[BlockId]) -> Step<'static> {
    let sql = "SELECT b.log, b.block, b.first_seq, b.n FROM unnest($1::bigint[], $2::bigint[]) AS w (log, block)
        JOIN block b ON b.log = w.log AND b.block = w.block";
    let (logs, numbers): (Vec<i64>, Vec<i64>) = blocks.iter().copied().map(block_key).unzip();
    Step::Bound(sql, bind![logs, numbers])
}

fn read_replaced(answer: &Answer) -> Result<BTreeMap<BlockId, (u64, u64)>, Failure> {
    let rows = answer.rows.iter().map(|row| Columns::of(row, &BLOCK));
    rows.map(|row| {
        let id = block_id(LogId(row.size(0)?), row.size(1)?);
        let (first, count): (u64, u64) = (row.size(2)?, row.size(3)?);
        Ok((id, (first, first.saturating_add(count))))
    })
    .collect()
}
