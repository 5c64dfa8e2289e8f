//! Copies a log from one store into another, event by event as it was, and proves it as it goes.
//!
//! Positions, ids, times, salts and leaves are those of the source, and so is the tree; only the index is made anew,
//! since each store has its own term key. The copy has the source's `id_key`, which no two logs share: a log that
//! stands there with that key and without records is a copy that did not get to its end, and is gone on with. Records,
//! remembered answers and what is not sealed come in the last commit, so that an organization is there as a whole.

use std::ops::ControlFlow;

use docket_event::IdKey;
use docket_merkle::{Frontier, Head as TreeHead};

use crate::batch::{Batch, head_after};
use crate::block::{
    BlockInput, BlockReader, Built, HashesInput, build, build_hashes, is_hashes, time_order,
};
use crate::cache::Cache;
use crate::check::TileCheck;
use crate::codec::Malformed;
use crate::encoders::Encoders;
use crate::environment::Environment;
use crate::frame::FrameEncoder;
use crate::params::Params;
use crate::rebuild::{behind, read_batch, read_block};
use crate::replay::Replayed;
use crate::seal::{Parting, Sealer};
use crate::state::end_of;
use crate::store::{
    Answered, BatchRow, BlockRow, Claim, Expect, GroupId, Head, LogRow, Record, RecordChange,
    Rider, RiderRows, Seal, Store, StoreError, Verdict,
};
use crate::tail::Joining;
use crate::terms::Terms;
use crate::tiles::{tile_height, tile_row};

/// Why a log was not copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The target has the organization, or a part of it, that is no copy which broke off.
    #[error("the target has {0} already")]
    Taken(String),
    /// The source cannot be read, or what it has cannot be right.
    #[error("source: {0}")]
    Source(#[source] StoreError),
    /// The target cannot be written.
    #[error("target: {0}")]
    Target(#[source] StoreError),
    /// Enough was said by whoever asked. What was copied is gone on with by the next attempt.
    #[error("stopped before it was complete")]
    Stopped,
}

/// Two stores that nobody needs to have open otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Copying<'c> {
    /// Read only; as it is at one moment.
    pub from: &'c dyn Store,
    /// Written to.
    pub to: &'c dyn Store,
    /// Sizes; those that both stores are used with.
    pub params: &'c Params,
    /// Randomness.
    pub environment: &'c Environment,
}

/// Size and root of a log's tree in a store.
///
/// # Errors
/// The store fails, or what it has cannot be right.
pub fn tree_head(store: &dyn Store, log: &LogRow, params: &Params) -> Result<TreeHead, StoreError> {
    let terms = Terms::new(&store.identity().term_key, params.term_bits);
    let contents = store.contents(log.id, None)?;
    Ok(Replayed::of(contents, params, &terms)?
        .write
        .frontier
        .head())
}

impl Copying<'_> {
    /// Copies a log with the records that belong to it. `going` is told how many of its events are done, and says
    /// whether to go on. When this returns `Ok`, all of it is durable and has been compared with the source.
    ///
    /// # Errors
    /// Why there is no complete copy. Until it is complete, the target has none of the records.
    pub fn copy(
        &self,
        log: &LogRow,
        records: &[Record],
        going: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<TreeHead, CopyError> {
        for record in records {
            if self
                .to
                .record(&record.key)
                .map_err(CopyError::Target)?
                .is_some()
            {
                return Err(taken(log));
            }
        }
        let made = self.to.create_log(&log.org, log.id_key);
        let mut target = made.map_err(CopyError::Target)?;
        let claim = self.to.claim(&[target.id]).map_err(CopyError::Target)?;
        if !claim.has(target.id) {
            let what = format!(
                "another process works on the log of `{}`; try again",
                log.org
            );
            return Err(CopyError::Target(StoreError::Busy(what)));
        }
        // What was sealed before the claim counts.
        let stands = self.to.log_of(&log.org).map_err(CopyError::Target)?;
        target = stands.filter(|row| row.id == target.id).unwrap_or(target);
        let batches = self.to.batches(target.id, target.sealed);
        if target.id_key != log.id_key || !batches.map_err(CopyError::Target)?.is_empty() {
            return Err(taken(log));
        }
        let mut copy = LogCopy::new(self, log, target);
        copy.prune()?;
        copy.blocks(going)?;
        let batches = copy.batches()?;
        if going(copy.frontier.size()).is_break() {
            return Err(CopyError::Stopped);
        }
        copy.finish(&batches, records)?;
        copy.compare(&*claim)
    }
}

fn taken(log: &LogRow) -> CopyError {
    CopyError::Taken(format!("the organization `{}`", log.org))
}

/// A log on its way.
struct LogCopy<'c> {
    job: &'c Copying<'c>,
    log: &'c LogRow,
    /// As it was found.
    target: LogRow,
    key: IdKey,
    /// Of the target.
    terms: Terms,
    encoder: FrameEncoder,
    /// Over all that went by.
    frontier: Frontier,
    tiles: TileCheck,
    recorded_micros: i64,
}

impl<'c> LogCopy<'c> {
    fn new(job: &'c Copying<'c>, log: &'c LogRow, target: LogRow) -> Self {
        LogCopy {
            job,
            log,
            key: IdKey(log.id_key),
            terms: Terms::new(&job.to.identity().term_key, job.params.term_bits),
            encoder: FrameEncoder::new(job.params.zstd_level),
            frontier: Frontier::new(),
            tiles: TileCheck::new(tile_height(job.params.tile_height)),
            recorded_micros: 0,
            target,
        }
    }

    /// What was pruned in the source since the last attempt goes from the target, too.
    fn prune(&mut self) -> Result<(), CopyError> {
        let pruned = self.rows()?;
        let pruned = pruned.iter().take_while(|row| is_hashes(row)).last();
        let up_to = pruned.map_or(0, end_of).min(self.target.sealed);
        if up_to == 0 {
            return Ok(());
        }
        let (to, params) = (self.job.to, self.job.params);
        let sealer = Sealer {
            store: to,
            cache: &Cache::new(0),
            params,
            terms: &self.terms,
            encoders: &Encoders::new(params.zstd_level),
        };
        let contents = to.contents(self.target.id, None);
        let state = contents.and_then(|contents| {
            let replayed = Replayed::of(contents, params, &self.terms)?;
            Ok(replayed.into_state(&self.target))
        });
        let state = state.map_err(CopyError::Target)?;
        while sealer.prune(&state, up_to).map_err(CopyError::Target)? > 0 {}
        Ok(())
    }

    fn rows(&self) -> Result<Vec<BlockRow>, CopyError> {
        let rows = self.job.from.blocks(self.log.id);
        rows.map_err(CopyError::Source)
    }

    fn blocks(&mut self, going: &mut dyn FnMut(u64) -> ControlFlow<()>) -> Result<(), CopyError> {
        let cache = Cache::new(0);
        for row in &self.rows()? {
            if going(self.frontier.size()).is_break() {
                return Err(CopyError::Stopped);
            }
            if row.first != self.frontier.size() {
                return Err(self.corrupt("its blocks do not follow each other"));
            }
            if is_hashes(row) {
                self.hashes(row, &cache)?;
            } else if let Some(joining) = self.read(row, &cache)? {
                self.put(joining)?;
            }
        }
        let stored = match self.log.frontier.as_slice() {
            [] => Frontier::new().to_bytes(),
            stored => stored.to_vec(),
        };
        if stored != self.frontier.to_bytes() || self.log.sealed != self.frontier.size() {
            return Err(self.corrupt("its frontier is not that of its leaves"));
        }
        if self.target.sealed > self.frontier.size() {
            return Err(taken(self.log));
        }
        Ok(())
    }

    /// The leaves of pruned events go by, and to the target as far as it lacks them.
    fn hashes(&mut self, row: &BlockRow, cache: &Cache) -> Result<(), CopyError> {
        let key = self.key;
        let reader = BlockReader {
            row,
            store: self.job.from,
            cache,
            key: &key,
        };
        let leaves = reader.dir().and_then(|dir| reader.leaves(&dir));
        let leaves = leaves.map_err(CopyError::Source)?;
        self.check_recorded(row.max_micros)?;
        self.went_by(&leaves, self.recorded_micros)?;
        let first = row.first.max(self.target.sealed);
        let from = usize::try_from(first - row.first).unwrap_or(usize::MAX);
        match leaves.get(from..) {
            None | Some([]) => Ok(()),
            Some(leaves) => {
                let id = self.job.to.new_block(self.target.id);
                self.seal(build_hashes(&HashesInput {
                    id: id.map_err(CopyError::Target)?,
                    log: self.target.id,
                    first,
                    leaves,
                    recorded_micros: self.recorded_micros,
                }))
            }
        }
    }

    /// What the target lacks of a block. All of it goes by.
    fn read(&mut self, row: &BlockRow, cache: &Cache) -> Result<Option<Joining>, CopyError> {
        let store = self.job.from;
        let key = self.key;
        let reader = BlockReader {
            row,
            store,
            cache,
            key: &key,
        };
        let dir = reader.dir().map_err(CopyError::Source)?;
        let end = row.first + u64::from(row.count);
        if end <= self.target.sealed {
            let leaves = reader.leaves(&dir).map_err(CopyError::Source)?;
            let recorded = dir.recorded(row.count.saturating_sub(1));
            self.went_by(&leaves, recorded)?;
            return Ok(None);
        }
        let body = reader.body(&dir).map_err(CopyError::Source)?;
        let joining = read_block(&reader, &dir, &body, &self.terms).map_err(CopyError::Source)?;
        let from = usize::try_from(self.target.sealed.saturating_sub(row.first));
        let from = from.unwrap_or(usize::MAX);
        let rest = match from {
            0 => None,
            _ => {
                let rest = behind(
                    (&joining.columns, &joining.frames),
                    (row.first, from),
                    &key,
                    &self.terms,
                    &mut self.encoder,
                );
                Some(rest.map_err(|error| CopyError::Source(reader.corrupt(error)))?)
            }
        };
        self.check_all_recorded(&joining)?;
        self.went_by(&joining.columns.leaves, self.recorded_micros)?;
        Ok(Some(rest.unwrap_or(joining)))
    }

    /// Leaves go by. Where the target ends, its tree must be that of the source.
    fn went_by(
        &mut self,
        leaves: &[docket_merkle::Hash],
        recorded_micros: i64,
    ) -> Result<(), CopyError> {
        for leaf in leaves {
            self.frontier.append(*leaf);
            self.tiles.append(*leaf);
            if self.frontier.size() == self.target.sealed {
                if self.frontier.to_bytes() != self.target.frontier {
                    return Err(taken(self.log));
                }
                // They are there.
                self.tiles.complete.clear();
            }
        }
        self.recorded_micros = recorded_micros;
        Ok(())
    }

    fn check_all_recorded(&mut self, joining: &Joining) -> Result<(), CopyError> {
        let times = joining.columns.recorded.iter();
        times
            .map(|(_, time)| *time)
            .try_for_each(|time| self.check_recorded(time))
    }

    fn check_recorded(&mut self, recorded_micros: i64) -> Result<(), CopyError> {
        if recorded_micros < self.recorded_micros {
            return Err(self.corrupt("an event was recorded before the one in front of it"));
        }
        self.recorded_micros = recorded_micros;
        Ok(())
    }

    /// Seals events that went by, up to the last of them.
    fn put(&mut self, joining: Joining) -> Result<(), CopyError> {
        let Joining { columns, frames } = joining;
        let to = self.job.to;
        let id = to.new_block(self.target.id).map_err(CopyError::Target)?;
        self.seal(build(&BlockInput {
            id,
            log: self.target.id,
            first: self.frontier.size() - columns.len() as u64,
            columns: &columns,
            order: &time_order(&columns.micros),
            frames: &frames,
            page_bytes: self.job.params.page_bytes,
            scanned_events: self.job.params.scanned_events,
        }))
    }

    /// Seals a block that ends with what went by last.
    fn seal(&mut self, mut built: Built) -> Result<(), CopyError> {
        let complete = std::mem::take(&mut self.tiles.complete);
        let tiles: Vec<_> = complete
            .iter()
            .map(|(level, index, hashes)| tile_row(self.target.id, (*level, *index), hashes))
            .collect();
        let log = LogRow {
            sealed: self.frontier.size(),
            recorded_micros: self.recorded_micros,
            frontier: self.frontier.to_bytes(),
            ..self.target.clone()
        };
        seal(self.job.to, &mut built, &log, &tiles).map_err(CopyError::Target)
    }

    /// What is not sealed goes by; the same batches for the target.
    fn batches(&mut self) -> Result<Vec<BatchRow>, CopyError> {
        let rows = self.job.from.batches(self.log.id, self.log.sealed);
        let group = GroupId(u64::from_be_bytes(self.job.environment.bytes()));
        let mut batches = Vec::new();
        for row in rows.map_err(CopyError::Source)? {
            if row.first != self.frontier.size() {
                return Err(self.corrupt("its batches have a gap"));
            }
            let place = |error: Malformed| {
                let place = format!("batch {} of log {}", row.first, self.log.org);
                CopyError::Source(StoreError::corrupt(place, error.0))
            };
            let joining = read_batch(&row, &self.key, &self.terms).map_err(place)?;
            let batch = Batch::decode(&row).map_err(place)?;
            batches.push(batch.encode(self.target.id, row.first, group));
            self.check_all_recorded(&joining)?;
            self.went_by(&joining.columns.leaves, self.recorded_micros)?;
        }
        Ok(batches)
    }

    /// COMMIT POINT. With this the organization is there.
    fn finish(&self, batches: &[BatchRow], records: &[Record]) -> Result<(), CopyError> {
        let answers = self
            .job
            .from
            .answers(self.log.id)
            .map_err(CopyError::Source)?;
        if batches.is_empty() && records.is_empty() && answers.is_empty() {
            return Ok(());
        }
        let (riders, answers) = riders(records, answers);
        let log = self.target.id;
        let asked: Vec<_> = riders.iter().map(|rider| (log, rider)).collect();
        let group = self
            .job
            .to
            .begin(&[log], &asked)
            .map_err(CopyError::Target)?;
        let sealed = Head {
            size: self.log.sealed,
            recorded_micros: self.log.recorded_micros,
        };
        let holds = |verdict: &Verdict| *verdict == Verdict::Holds;
        if group.heads() != [sealed] || !group.verdicts().iter().all(holds) {
            return Err(taken(self.log));
        }
        let head = match batches.last() {
            None => sealed,
            Some(last) => head_after(last).map_err(CopyError::Source)?,
        };
        let rows = riders.iter().zip(&answers);
        let rows = rows.map(|(rider, answer)| RiderRows { log, rider, answer });
        let rows: Vec<RiderRows<'_>> = rows.collect();
        group
            .commit(batches, &rows, &[head])
            .map_err(CopyError::Target)
    }

    /// The target's tree, as it is stored, is the source's.
    fn compare(&self, _while_claimed: &dyn Claim) -> Result<TreeHead, CopyError> {
        let wrong = |what: &str| StoreError::corrupt(format!("log {}", self.log.org), what);
        let row = self
            .job
            .to
            .log_of(&self.log.org)
            .map_err(CopyError::Target)?;
        let row = row.ok_or_else(|| CopyError::Target(wrong("is not there")))?;
        let there = tree_head(self.job.to, &row, self.job.params).map_err(CopyError::Target)?;
        if there != self.frontier.head() {
            let what = "its copy has another tree; check both stores";
            return Err(CopyError::Target(wrong(what)));
        }
        Ok(there)
    }

    fn corrupt(&self, what: &str) -> CopyError {
        let place = format!("log {}", self.log.org);
        CopyError::Source(StoreError::corrupt(place, what))
    }
}

fn seal(
    store: &dyn Store,
    built: &mut Built,
    log: &LogRow,
    tiles: &[crate::store::TileRow],
) -> Result<(), StoreError> {
    let mut parts = Parting::new(store);
    parts.put(built)?;
    parts.flush()?;
    store.finish_seals(&[Seal {
        blocks: std::slice::from_ref(&built.row),
        replaces: &[],
        log,
        tiles,
    }])
}

/// All records as one rider, and one for each remembered answer.
fn riders(records: &[Record], answers: Vec<Answered>) -> (Vec<Rider>, Vec<Vec<u8>>) {
    let records = records.iter().map(|record| RecordChange {
        key: record.key.clone(),
        expect: Expect::Absent,
        value: Some(record.value.clone()),
    });
    let all = Rider {
        idempotency: None,
        records: records.collect(),
    };
    let mut riders = vec![all];
    let mut rows = vec![Vec::new()];
    for Answered { asked, answer } in answers {
        riders.push(Rider {
            idempotency: Some(asked),
            records: Vec::new(),
        });
        rows.push(answer);
    }
    (riders, rows)
}
