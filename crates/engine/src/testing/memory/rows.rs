//! The rows of a store in memory. A change that fails leaves them as they were.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::riders::{Answer, AnswerKey};
use crate::batch::check_group;
use crate::store::{
    BatchRow, BlockId, BlockRow, Contents, Head, LogId, LogRow, Part, Problem, Record, RecordKey,
    RiderRows, Seal, Standing, StoreError, TileRow,
};

#[derive(Debug, Default)]
pub(super) struct Rows {
    pub logs: BTreeMap<LogId, LogRow>,
    pub batches: BTreeMap<(LogId, u64), BatchRow>,
    pub blocks: BTreeMap<BlockId, BlockRow>,
    pub parts: BTreeMap<(BlockId, u32), Vec<u8>>,
    pub tiles: BTreeMap<(LogId, u8, u64), TileRow>,
    pub records: BTreeMap<RecordKey, Record>,
    pub answers: BTreeMap<AnswerKey, Answer>,
    heads: BTreeMap<LogId, Head>,
    versions: BTreeMap<LogId, u64>,
    numbers: u64,
    /// Blocks that have parts and are on no list yet.
    unfinished: BTreeSet<BlockId>,
}

impl Rows {
    pub(super) fn log_of(&self, org: &str) -> Option<&LogRow> {
        self.logs.values().find(|log| log.org == org)
    }

    pub(super) fn create_log(&mut self, org: &str, id_key: [u8; 16]) -> LogRow {
        let id = LogId(self.logs.keys().next_back().map_or(1, |last| last.0 + 1));
        let org = org.to_owned();
        let log = LogRow {
            id,
            org,
            id_key,
            sealed: 0,
            recorded_micros: 0,
            frontier: Vec::new(),
        };
        self.logs.insert(id, log.clone());
        self.heads.insert(id, Head::default());
        log
    }

    pub(super) fn head(&self, log: LogId) -> Result<Head, StoreError> {
        let missing = || StoreError::corrupt(format!("log {}", log.0), "is not there");
        self.heads.get(&log).copied().ok_or_else(missing)
    }

    pub(super) fn commit(
        &mut self,
        logs: &[LogId],
        batches: &[BatchRow],
        riders: &[RiderRows<'_>],
        heads: &[Head],
    ) -> Result<(), StoreError> {
        self.check(logs, batches, riders, heads)?;
        for batch in batches {
            self.batches.insert((batch.log, batch.first), batch.clone());
        }
        self.heads
            .extend(logs.iter().copied().zip(heads.iter().copied()));
        riders.iter().for_each(|rows| self.write_rider(rows));
        Ok(())
    }

    pub(super) fn batches_from(&self, log: LogId, from: u64) -> Result<Vec<BatchRow>, StoreError> {
        let mut end = self.head(log).unwrap_or_default().size;
        let mut batches = Vec::new();
        for (_, batch) in self.batches.range((log, 0)..=(log, u64::MAX)).rev() {
            if end <= from {
                break;
            }
            end = batch.first;
            batches.push(batch.clone());
        }
        batches.reverse();
        Ok(batches)
    }

    pub(super) fn standing(&self, log: LogId) -> Result<Standing, StoreError> {
        Ok(Standing {
            size: self.head(log)?.size,
            version: self.versions.get(&log).copied().unwrap_or(0),
        })
    }

    pub(super) fn contents(
        &self,
        log: LogId,
        known: Option<Standing>,
    ) -> Result<Contents, StoreError> {
        let standing = self.standing(log)?;
        let row = self.logs.get(&log).cloned();
        let row =
            row.ok_or_else(|| StoreError::corrupt(format!("log {}", log.0), "is not there"))?;
        let from = known.map_or(0, |known| known.size).max(row.sealed);
        let changed = known.is_none_or(|known| known.version != standing.version);
        Ok(Contents {
            blocks: changed.then(|| self.list(log)),
            batches: self.batches_from(log, from)?,
            log: row,
            standing,
        })
    }

    pub(super) fn new_block(&mut self) -> BlockId {
        self.numbers += 1;
        BlockId(self.numbers)
    }

    pub(super) fn put_parts(
        &mut self,
        part_bytes: usize,
        parts: &[Part<'_>],
    ) -> Result<(), StoreError> {
        for Part { block, data, .. } in parts {
            let is_new = block.0 <= self.numbers && !self.blocks.contains_key(block);
            if !is_new || data.len() > part_bytes {
                let what = "is finished, or was not given out, or the part is too long";
                return Err(StoreError::corrupt(format!("block {}", block.0), what));
            }
        }
        for Part { block, part, data } in parts {
            self.unfinished.insert(*block);
            self.parts.insert((*block, *part), data.to_vec());
        }
        Ok(())
    }

    /// Each seal is checked against what the ones in front of it leave, so a bad one among several is found before
    /// anything changes only if it does not fit what stands now.
    pub(super) fn finish_seals(
        &mut self,
        part_bytes: usize,
        seals: &[Seal<'_>],
    ) -> Result<(), StoreError> {
        for seal in seals {
            let head = self.head(seal.log.id)?;
            if seal.span().is_none() {
                return Err(StoreError::corrupt(
                    "a seal",
                    "its blocks do not follow each other",
                ));
            }
            for block in seal.blocks {
                self.check_seal(part_bytes, seal, block, head)?;
            }
        }
        seals.iter().try_for_each(|seal| self.finish_seal(seal))
    }

    fn finish_seal(&mut self, seal: &Seal<'_>) -> Result<(), StoreError> {
        for replaced in seal.replaces {
            self.blocks.remove(replaced);
            self.parts.retain(|(block, _), _| block != replaced);
        }
        *self.versions.entry(seal.log.id).or_default() += 1;
        for block in seal.blocks {
            self.unfinished.remove(&block.id);
            self.blocks.insert(block.id, block.clone());
        }
        self.logs.insert(seal.log.id, seal.log.clone());
        if self.head(seal.log.id)?.size < seal.log.sealed {
            let head = Head {
                size: seal.log.sealed,
                recorded_micros: seal.log.recorded_micros,
            };
            self.heads.insert(seal.log.id, head);
        }
        let kept = self.batches_from(seal.log.id, seal.log.sealed)?;
        let kept = kept.first().map_or(u64::MAX, |batch| batch.first);
        self.batches
            .retain(|(log, first), _| *log != seal.log.id || *first >= kept);
        for tile in seal.tiles {
            self.tiles
                .insert((tile.log, tile.level, tile.index), tile.clone());
        }
        Ok(())
    }

    pub(super) fn list(&self, log: LogId) -> Vec<BlockRow> {
        let blocks = self.blocks.values().filter(|block| block.log == log);
        let mut list: Vec<BlockRow> = blocks
            .map(|block| BlockRow {
                dir: Vec::new(),
                ..block.clone()
            })
            .collect();
        list.sort_by_key(|block| block.first);
        list
    }

    pub(super) fn read(
        &self,
        block: BlockId,
        ranges: &[Range<u64>],
    ) -> Result<Option<Vec<Vec<u8>>>, StoreError> {
        if !self.blocks.contains_key(&block) {
            return Ok(None);
        }
        let parts = self.parts.range((block, 0)..=(block, u32::MAX));
        let body: Vec<u8> = parts.flat_map(|(_, data)| data.iter().copied()).collect();
        let cut = |range: &Range<u64>| {
            let (start, end) = (usize::try_from(range.start), usize::try_from(range.end));
            let bytes = body.get(start.ok()?..end.ok()?)?;
            Some(bytes.to_vec())
        };
        let found: Option<Vec<Vec<u8>>> = ranges.iter().map(cut).collect();
        let beyond = || {
            let what = format!("{ranges:?} go beyond its {} bytes", body.len());
            StoreError::corrupt(format!("block {}", block.0), what)
        };
        found.map(Some).ok_or_else(beyond)
    }

    pub(super) fn tiles_of(&self, log: LogId) -> Vec<TileRow> {
        self.tiles
            .range((log, 0, 0)..=(log, u8::MAX, u64::MAX))
            .map(|(_, t)| t.clone())
            .collect()
    }

    pub(super) fn remove_unfinished(&mut self) {
        let unfinished = std::mem::take(&mut self.unfinished);
        self.parts
            .retain(|(block, _), _| !unfinished.contains(block));
    }

    pub(super) fn examine(&self, found: &mut dyn FnMut(Problem)) {
        for (block, part) in self.parts.keys() {
            if !self.blocks.contains_key(block) && !self.unfinished.contains(block) {
                let place = format!("block {}, part {part}", block.0);
                found(Problem {
                    place,
                    what: "is of a block on no list".to_owned(),
                });
            }
        }
    }

    fn check(
        &self,
        logs: &[LogId],
        batches: &[BatchRow],
        riders: &[RiderRows<'_>],
        heads: &[Head],
    ) -> Result<(), StoreError> {
        let old: Result<Vec<Head>, StoreError> = logs.iter().map(|log| self.head(*log)).collect();
        check_group(logs, &old?, batches, heads)?;
        self.check_riders(riders)
    }

    fn check_seal(
        &self,
        part_bytes: usize,
        seal: &Seal<'_>,
        block: &BlockRow,
        head: Head,
    ) -> Result<(), StoreError> {
        let log = seal.log;
        let wrong = |what: &str| Err(StoreError::corrupt(format!("block {}", block.id.0), what));
        let old = self.logs.get(&log.id);
        if old.is_none_or(|old| old.org != log.org || old.sealed > log.sealed)
            || (log.sealed > head.size && old.is_none_or(|old| old.sealed != head.size))
            || block.log != log.id
        {
            return wrong("does not fit its log");
        }
        let listed = |id: &BlockId| self.blocks.get(id).is_some_and(|block| block.log == log.id);
        let stays = |other: &&BlockRow| other.log == log.id && !seal.replaces.contains(&other.id);
        if !seal.replaces.iter().all(listed)
            || self.blocks.contains_key(&block.id)
            || self
                .blocks
                .values()
                .filter(stays)
                .any(|other| other.first == block.first)
        {
            return wrong("does not fit the list");
        }
        let parts: Vec<_> = self
            .parts
            .range((block.id, 0)..=(block.id, u32::MAX))
            .collect();
        let full = |(place, ((_, part), data)): (usize, &(&(BlockId, u32), &Vec<u8>))| {
            *part as usize == place && (place + 1 == parts.len() || data.len() == part_bytes)
        };
        if parts.is_empty() || !parts.iter().enumerate().all(full) {
            return wrong("lacks parts");
        }
        Ok(())
    }
}
