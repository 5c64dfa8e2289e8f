//! A store in memory that fails on demand: the engine's test double.
//!
//! A [`Memory`] lives as long as one of its clones: they are handles of the same store, so that a test can
//! drop an engine and start another one over what the first one left.

mod claim;
mod faults;
mod group;
mod pieces;
mod riders;
mod rows;

use std::collections::HashSet;
use std::sync::Arc;
use std::thread::{self, ThreadId};

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::store::{
    Alone, Answered, BatchRow, BlockId, BlockRow, Claim, Contents, Cuts, Group, Identity, LogId,
    LogRow, Part, Problem, Ranges, Record, RecordKey, Rider, Seal, Standing, Store, StoreError,
    TileRow,
};
use claim::MemoryClaim;
use faults::Plan;
use group::MemoryGroup;
use rows::Rows;

pub use faults::{ReadFault, WriteFault};
pub use pieces::Piece;

/// So few that walks over small logs read ahead more than once.
const BLOCKS_AT_ONCE: usize = 4;

/// A store in memory.
#[derive(Clone, Debug)]
pub struct Memory {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    identity: Identity,
    part_bytes: usize,
    state: Mutex<State>,
    /// The group that was open has ended.
    ended: Condvar,
    /// Whether several engines have it open.
    open_to_others: bool,
    /// Logs that somebody has claimed.
    claimed: Mutex<HashSet<LogId>>,
}

#[derive(Debug)]
struct State {
    rows: Rows,
    plan: Plan,
    /// The thread whose group is open.
    group: Option<ThreadId>,
}

impl Memory {
    /// An empty store whose parts have `part_bytes`.
    pub fn new(part_bytes: usize) -> Self {
        Memory::made(part_bytes, false)
    }

    /// An empty store that several engines may have open at a time, as if each were a process.
    pub fn shared(part_bytes: usize) -> Self {
        Memory::made(part_bytes, true)
    }

    fn made(part_bytes: usize, open_to_others: bool) -> Self {
        assert!(part_bytes > 0, "a part holds something");
        let state = State {
            rows: Rows::default(),
            plan: Plan::default(),
            group: None,
        };
        Memory {
            shared: Arc::new(Shared {
                identity: Identity {
                    store_id: [0x51; 16],
                    term_key: [0x7e; 16],
                },
                part_bytes,
                state: Mutex::new(state),
                ended: Condvar::new(),
                open_to_others,
                claimed: Mutex::default(),
            }),
        }
    }

    /// Lets a call that writes go wrong: the next one for 0, the one after it for 1, and so on. Each call
    /// of `create_log` that makes one, `new_block`, `put_parts`, `finish_seals` and `commit` is one.
    pub fn fail_write(&self, nth: u64, fault: WriteFault) {
        self.shared.state.lock().plan.fail_write(nth, fault);
    }

    /// Lets a call that reads go wrong, counted in the same way; `begin` reads, too.
    pub fn fail_read(&self, nth: u64, fault: ReadFault) {
        self.shared.state.lock().plan.fail_read(nth, fault);
    }

    /// How many calls have written, or would have but for a fault.
    pub fn writes(&self) -> u64 {
        self.shared.state.lock().plan.writes()
    }

    /// How many calls have read, or would have but for a fault.
    pub fn reads(&self) -> u64 {
        self.shared.state.lock().plan.reads()
    }

    /// Whether a fault has killed the store.
    pub fn is_dead(&self) -> bool {
        self.shared.state.lock().plan.is_dead()
    }

    /// What a new start of the process finds: what was applied, without blocks that never got finished.
    /// Planned faults are forgotten.
    pub fn revive(&self) {
        let mut state = self.shared.state.lock();
        state.plan.revive();
        state.rows.remove_unfinished();
    }

    /// Forgets planned faults, and that one has killed the store. What somebody is writing goes on.
    pub fn forget_faults(&self) {
        self.shared.state.lock().plan.revive();
    }

    /// All stored bytes that a checksum of the engine guards, and how many they are.
    pub fn pieces(&self) -> Vec<(Piece, usize)> {
        pieces::list(&self.shared.state.lock().rows)
    }

    /// Turns over one bit of a piece; says whether there is such a bit.
    pub fn flip(&self, piece: &Piece, byte: usize, bit: u32) -> bool {
        pieces::flip(&mut self.shared.state.lock().rows, piece, byte, bit)
    }

    fn read<T>(&self, work: impl FnOnce(&Rows) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut state = self.shared.state.lock();
        state.plan.read()?;
        work(&state.rows)
    }

    fn write<T>(
        &self,
        work: impl FnOnce(&mut Rows) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut state = self.writer();
        let State { rows, plan, .. } = &mut *state;
        plan.write(|| work(rows))
    }

    /// Waits for an open group to end, as a database with one writer does.
    fn writer(&self) -> MutexGuard<'_, State> {
        let mut state = self.shared.state.lock();
        let this = thread::current().id();
        assert!(
            state.group != Some(this),
            "a thread that has a group open would wait for itself"
        );
        while state.group.is_some() {
            self.shared.ended.wait(&mut state);
        }
        state
    }
}

impl Store for Memory {
    fn identity(&self) -> &Identity {
        &self.shared.identity
    }

    fn part_bytes(&self) -> usize {
        self.shared.part_bytes
    }

    fn shared(&self) -> bool {
        self.shared.open_to_others
    }

    fn log_of(&self, org: &str) -> Result<Option<LogRow>, StoreError> {
        self.read(|rows| Ok(rows.log_of(org).cloned()))
    }

    fn standing(&self, log: LogId) -> Result<Standing, StoreError> {
        self.read(|rows| rows.standing(log))
    }

    fn contents(&self, log: LogId, known: Option<Standing>) -> Result<Contents, StoreError> {
        self.read(|rows| rows.contents(log, known))
    }

    fn claim(&self, logs: &[LogId]) -> Result<Box<dyn Claim + '_>, StoreError> {
        if !self.shared() {
            return Ok(Box::new(Alone));
        }
        Ok(Box::new(MemoryClaim::take(&self.shared, logs)))
    }

    fn logs(&self) -> Result<Vec<LogRow>, StoreError> {
        self.read(|rows| Ok(rows.logs.values().cloned().collect()))
    }

    fn create_log(&self, org: &str, id_key: [u8; 16]) -> Result<LogRow, StoreError> {
        let mut state = self.writer();
        let State { rows, plan, .. } = &mut *state;
        plan.may_write()?;
        match rows.log_of(org) {
            Some(log) => Ok(log.clone()),
            None => plan.write(|| Ok(rows.create_log(org, id_key))),
        }
    }

    fn begin<'a>(
        &'a self,
        logs: &[LogId],
        riders: &[(LogId, &Rider)],
    ) -> Result<Box<dyn Group + 'a>, StoreError> {
        let mut state = self.writer();
        state.plan.may_write()?;
        state.plan.read()?;
        let heads = logs
            .iter()
            .map(|log| state.rows.head(*log))
            .collect::<Result<_, _>>()?;
        let verdicts = riders
            .iter()
            .map(|(log, rider)| state.rows.judge(*log, rider))
            .collect();
        state.group = Some(thread::current().id());
        Ok(Box::new(MemoryGroup::new(
            &self.shared,
            logs.to_vec(),
            heads,
            verdicts,
        )))
    }

    fn batches(&self, log: LogId, from: u64) -> Result<Vec<BatchRow>, StoreError> {
        self.read(|rows| rows.batches_from(log, from))
    }

    fn new_block(&self, _: LogId) -> Result<BlockId, StoreError> {
        self.write(|rows| Ok(rows.new_block()))
    }

    fn put_parts(&self, parts: &[Part<'_>]) -> Result<(), StoreError> {
        self.write(|rows| rows.put_parts(self.shared.part_bytes, parts))
    }

    fn finish_seals(&self, seals: &[Seal<'_>]) -> Result<(), StoreError> {
        self.write(|rows| rows.finish_seals(self.shared.part_bytes, seals))
    }

    fn blocks(&self, log: LogId) -> Result<Vec<BlockRow>, StoreError> {
        self.read(|rows| Ok(rows.list(log)))
    }

    fn block_rows(&self, blocks: &[BlockId]) -> Result<Vec<Option<BlockRow>>, StoreError> {
        self.read(|rows| {
            let each = blocks.iter();
            Ok(each.map(|block| rows.blocks.get(block).cloned()).collect())
        })
    }

    fn blocks_at_once(&self) -> usize {
        BLOCKS_AT_ONCE
    }

    fn read_all(&self, wanted: &[Ranges<'_>]) -> Result<Vec<Option<Cuts>>, StoreError> {
        self.read(|rows| {
            let each = wanted.iter();
            each.map(|one| rows.read(one.block, one.ranges)).collect()
        })
    }

    fn tiles(&self, log: LogId) -> Result<Vec<TileRow>, StoreError> {
        self.read(|rows| Ok(rows.tiles_of(log)))
    }

    fn record(&self, key: &RecordKey) -> Result<Option<Record>, StoreError> {
        self.read(|rows| Ok(rows.records.get(key).cloned()))
    }

    fn records(&self, org: &str, kind: &str) -> Result<Vec<Record>, StoreError> {
        self.read(|rows| Ok(rows.records_of(org, kind)))
    }

    fn record_kinds(&self, org: &str) -> Result<Vec<String>, StoreError> {
        self.read(|rows| Ok(rows.kinds_of(org)))
    }

    fn answers(&self, log: LogId) -> Result<Vec<Answered>, StoreError> {
        self.read(|rows| Ok(rows.answers_of(log)))
    }

    fn reopen(&self) -> Result<(), StoreError> {
        self.writer().plan.reopen()
    }

    fn examine(&self, found: &mut dyn FnMut(Problem)) -> Result<(), StoreError> {
        self.read(|rows| {
            rows.examine(found);
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests;
