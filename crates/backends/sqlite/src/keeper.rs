//! Work that no caller waits for: checkpoints, and the removal of replaced blocks.

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::{io, mem};

use docket_engine::store::BlockId;
use parking_lot::{Condvar, Mutex};

use crate::connection::{self, Use};
use crate::failure::Failure;
use crate::live::Live;
use crate::segs;

/// A checkpoint is made each time the write-ahead log has grown by this many pages (32 MiB).
const CHECKPOINT_PAGES: i64 = 4_096;

/// With this many pages that no checkpoint has caught up with, the writer waits for one: otherwise a writer
/// that never rests would let the write-ahead log grow for ever.
const BEHIND_PAGES_MAX: i64 = 4 * CHECKPOINT_PAGES;

/// What the keeper is asked to do.
#[derive(Debug, Default)]
pub(crate) struct Chores {
    list: Mutex<List>,
    wake: Condvar,
}

#[derive(Debug)]
struct List {
    stop: bool,
    checkpoint: bool,
    /// Blocks that are on no list any more and whose slices remain.
    replaced: VecDeque<BlockId>,
    /// Removal failed; it is tried again after the next commit.
    resting: bool,
    /// Pages in the write-ahead log.
    pages: i64,
    /// How many make the next checkpoint due.
    due: i64,
}

impl Default for List {
    fn default() -> Self {
        List {
            stop: false,
            checkpoint: false,
            replaced: VecDeque::new(),
            resting: false,
            pages: 0,
            due: CHECKPOINT_PAGES,
        }
    }
}

enum Chore {
    Checkpoint,
    Remove(BlockId),
    Stop,
}

impl Chores {
    /// A commit has left the write-ahead log with this many pages.
    pub(crate) fn committed(&self, pages: i64) {
        let mut list = self.list.lock();
        if pages < list.pages {
            // It started over.
            list.due = CHECKPOINT_PAGES;
        }
        list.pages = pages;
        if pages >= list.due {
            list.due = pages + CHECKPOINT_PAGES;
            list.checkpoint = true;
        }
        list.resting = false;
        if list.checkpoint || !list.replaced.is_empty() {
            self.wake.notify_one();
        }
    }

    /// These blocks are on no list any more.
    pub(crate) fn remove(&self, blocks: &[BlockId]) {
        let mut list = self.list.lock();
        let new = blocks
            .iter()
            .filter(|block| !list.replaced.contains(block))
            .copied();
        let new: Vec<BlockId> = new.collect();
        list.replaced.extend(new);
        self.wake.notify_one();
    }

    /// Blocks that are about to be removed.
    pub(crate) fn replaced(&self) -> Vec<BlockId> {
        self.list.lock().replaced.iter().copied().collect()
    }

    /// Asks the keeper to end.
    pub(crate) fn stop(&self) {
        self.list.lock().stop = true;
        self.wake.notify_one();
    }

    fn next(&self) -> Chore {
        let mut list = self.list.lock();
        loop {
            if list.stop {
                return Chore::Stop;
            }
            if mem::take(&mut list.checkpoint) {
                return Chore::Checkpoint;
            }
            if let Some(block) = list.replaced.front().filter(|_| !list.resting) {
                return Chore::Remove(*block);
            }
            self.wake.wait(&mut list);
        }
    }

    fn removed(&self, block: BlockId) {
        self.list
            .lock()
            .replaced
            .retain(|replaced| *replaced != block);
    }

    fn rest(&self) {
        self.list.lock().resting = true;
    }
}

/// Starts the keeper of a store. It ends when its chores say so.
pub(crate) fn start(live: Arc<Live>) -> io::Result<JoinHandle<()>> {
    thread::Builder::new()
        .name("docket-sqlite".to_owned())
        .spawn(move || keep(&live))
}

fn keep(live: &Live) {
    loop {
        match live.chores.next() {
            Chore::Stop => return,
            Chore::Checkpoint => {
                if let Err(failure) = checkpoint(live) {
                    // Nothing is lost: the write-ahead log grows until the next one.
                    tracing::warn!(?failure, "a checkpoint failed");
                }
            }
            Chore::Remove(block) => remove(live, block),
        }
    }
}

fn checkpoint(live: &Live) -> Result<(), Failure> {
    let connection = connection::open(&live.path, Use::Read)?;
    let done = connection::checkpoint(&connection, "PASSIVE")?;
    if done.left > 0 && done.pages >= BEHIND_PAGES_MAX {
        let _still = live.slot.lock();
        connection::checkpoint(&connection, "PASSIVE")?;
    }
    Ok(())
}

fn remove(live: &Live, block: BlockId) {
    match live
        .slot
        .lock()
        .transaction(|connection| segs::remove(connection, block))
    {
        Ok(true) => live.chores.removed(block),
        Ok(false) => {}
        Err(error) => {
            tracing::warn!(block = block.0, %error, "a replaced block stays for now");
            live.chores.rest();
        }
    }
}
