//! Work that no caller waits for: checkpoints, and the removal of what is sealed or replaced.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::{io, mem};

use docket_engine::store::{BlockId, LogId, StoreError};
use parking_lot::{Condvar, Mutex};
use rusqlite::Connection;

use crate::connection::{self, Use};
use crate::failure::{At, Failure};
use crate::live::Live;
use crate::{batches, segs};

/// With this many times the pages of one checkpoint, the writer waits for it: the write-ahead log starts over
/// only when all of it is copied, and a writer that never rests would be ahead for ever.
const BEHIND_MAX: i64 = 3;

/// What one commit looks through for something to remove.
const TOGETHER: usize = 256;

/// With so many rows removed, a commit is long enough.
const MANY_ROWS: u64 = 256;

/// Pages that the file keeps free, however small it is: 1 MiB.
const FREE_PAGES_MIN: i64 = 128;
/// Pages that one commit gives back to the file system: 1 MiB.
const PAGES_TOGETHER: u32 = 128;

/// What the keeper is asked to do.
#[derive(Debug)]
pub(crate) struct Chores {
    list: Mutex<List>,
    wake: Condvar,
    /// A checkpoint is made each time the write-ahead log has grown by this many pages.
    checkpoint_pages: i64,
}

#[derive(Debug)]
struct List {
    stop: bool,
    checkpoint: bool,
    rubbish: VecDeque<Rubbish>,
    /// What `rubbish` has.
    known: HashSet<Rubbish>,
    /// Pages may have become free that are worth giving back.
    freed: bool,
    /// Removal failed; it is tried again after the next commit.
    resting: bool,
    /// Pages in the write-ahead log.
    pages: i64,
    /// How many make the next checkpoint due.
    due: i64,
}

enum Chore {
    Checkpoint,
    Remove(Vec<Rubbish>),
    GiveBack,
    Stop,
}

/// Rows that nobody can see any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Rubbish {
    /// The slices of a block that is on no list.
    Slices(BlockId),
    /// The batches of a log that are sealed.
    Batches(LogId),
}

impl Rubbish {
    /// Removes some of it, so that no append waits long; says whether that was all.
    fn remove_some(self, connection: &Connection) -> Result<bool, Failure> {
        match self {
            Rubbish::Slices(block) => segs::remove(connection, block),
            Rubbish::Batches(log) => batches::remove_sealed(connection, log),
        }
    }
}

/// Removes some of what `rubbish` lists, so that no append waits long; says how many of the first ones are gone as a
/// whole.
pub(crate) fn remove_some(connection: &Connection, rubbish: &[Rubbish]) -> Result<usize, Failure> {
    for (removed, one) in rubbish.iter().enumerate() {
        let before = connection.total_changes();
        if !one.remove_some(connection)? {
            return Ok(removed);
        }
        let changed = connection.total_changes() - before;
        if changed >= MANY_ROWS {
            return Ok(removed + 1);
        }
    }
    Ok(rubbish.len())
}

impl Chores {
    pub(crate) fn new(checkpoint_pages: u32) -> Self {
        let checkpoint_pages = i64::from(checkpoint_pages);
        let list = List {
            stop: false,
            checkpoint: false,
            rubbish: VecDeque::new(),
            known: HashSet::new(),
            freed: false,
            resting: false,
            pages: 0,
            due: checkpoint_pages,
        };
        Chores {
            list: Mutex::new(list),
            wake: Condvar::new(),
            checkpoint_pages,
        }
    }

    /// A commit has left the write-ahead log with this many pages.
    pub(crate) fn committed(&self, pages: i64) {
        let mut list = self.list.lock();
        if pages < list.pages {
            // It started over.
            list.due = self.checkpoint_pages;
        }
        list.pages = pages;
        if pages >= list.due {
            list.due = pages + self.checkpoint_pages;
            list.checkpoint = true;
        }
        list.resting = false;
        if list.checkpoint || !list.rubbish.is_empty() {
            self.wake.notify_one();
        }
    }

    /// Pages in the write-ahead log after the last commit.
    fn pages(&self) -> i64 {
        self.list.lock().pages
    }

    /// Nobody can see this any more.
    pub(crate) fn remove(&self, rubbish: impl Iterator<Item = Rubbish>) {
        let mut list = self.list.lock();
        for rubbish in rubbish {
            if list.known.insert(rubbish) {
                list.rubbish.push_back(rubbish);
            }
        }
        self.wake.notify_one();
    }

    /// Blocks whose slices are about to be removed.
    pub(crate) fn blocks(&self) -> Vec<BlockId> {
        let list = self.list.lock();
        let blocks = list.rubbish.iter().filter_map(|rubbish| match rubbish {
            Rubbish::Slices(block) => Some(*block),
            Rubbish::Batches(_) => None,
        });
        blocks.collect()
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
            if !list.resting && !list.rubbish.is_empty() {
                let together = list.rubbish.iter().take(TOGETHER);
                return Chore::Remove(together.copied().collect());
            }
            if !list.resting && mem::take(&mut list.freed) {
                return Chore::GiveBack;
            }
            self.wake.wait(&mut list);
        }
    }

    /// The first ones of the list are gone.
    fn removed(&self, count: usize) {
        let mut list = self.list.lock();
        list.freed |= count > 0;
        for _ in 0..count {
            if let Some(removed) = list.rubbish.pop_front() {
                list.known.remove(&removed);
            }
        }
    }

    fn is_stopping(&self) -> bool {
        self.list.lock().stop
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
                if let Err(error) = checkpoint(live) {
                    // Nothing is lost: all of it is in the write-ahead log.
                    tracing::warn!(%error, "a checkpoint failed");
                }
            }
            Chore::Remove(rubbish) => remove(live, &rubbish),
            Chore::GiveBack => give_back(live),
        }
    }
}

fn checkpoint(live: &Live) -> Result<(), StoreError> {
    let mut copied = live.copied.lock();
    if copied.is_in_doubt() {
        // Reopening makes one.
        return Ok(());
    }
    let connection = connection::open(&live.path, Use::Read)?;
    let outcome = catch_up(live, &connection).map_err(|failure| copied.fail(failure));
    if let Err(StoreError::Unavailable(what)) = &outcome {
        // Whoever writes next has the store reopened.
        live.slot
            .lock()
            .lose(&format!("a checkpoint failed: {what}"));
    }
    outcome
}

fn catch_up(live: &Live, connection: &Connection) -> Result<(), Failure> {
    let behind_max = BEHIND_MAX * live.chores.checkpoint_pages;
    let mut behind = i64::MAX;
    loop {
        let done = connection::checkpoint(connection, "PASSIVE")?;
        let pages = live.chores.pages();
        if pages < behind_max {
            return Ok(());
        }
        let left = pages - (done.pages - done.left);
        if left <= 0 {
            // The next commit starts the write-ahead log over.
            return Ok(());
        }
        if left > behind / 2 {
            break;
        }
        // What was written meanwhile may be little enough to catch up with.
        behind = left;
    }
    let _waits = live.slot.lock();
    connection::checkpoint(connection, "PASSIVE").map(drop)
}

/// Gives pages back to the file system until a twelfth of the file is free, once a sixth is: what is free of less is soon
/// written to again.
fn give_back(live: &Live) {
    let mut part = 6;
    loop {
        // Appends take turns with it.
        let given = live
            .slot
            .lock()
            .transaction(|connection| give_some_back(connection, part));
        match given {
            Ok(true) if !live.chores.is_stopping() => part = 12,
            Ok(_) => return,
            Err(error) => {
                tracing::warn!(%error, "the file stays as large as it is for now");
                return;
            }
        }
    }
}

/// Gives a few pages back if more than this part of the file is free; says whether it did.
fn give_some_back(connection: &Connection, part: i64) -> Result<bool, Failure> {
    let count = |pragma: &str| connection::get(connection, pragma).at("the file");
    let free = count("freelist_count")?;
    if free <= (count("page_count")? / part).max(FREE_PAGES_MIN) {
        return Ok(false);
    }
    let sql = format!("PRAGMA incremental_vacuum({PAGES_TOGETHER})");
    let mut statement = connection.prepare(&sql).at("the file")?;
    let mut rows = statement.query([]).at("the file")?;
    while rows.next().at("the file")?.is_some() {}
    // A file of an earlier version gives nothing back.
    Ok(count("freelist_count")? < free)
}

fn remove(live: &Live, rubbish: &[Rubbish]) {
    let mut slot = live.slot.lock();
    match slot.transaction(|connection| remove_some(connection, rubbish)) {
        // Still under the lock: what a seal adds from here on is a new entry.
        Ok(removed) => live.chores.removed(removed),
        Err(error @ StoreError::Corrupt(_)) => {
            tracing::error!(first = ?rubbish.first(), %error, "what was replaced cannot be removed");
            live.chores.removed(1);
        }
        Err(error @ (StoreError::Busy(_) | StoreError::Unavailable(_))) => {
            tracing::warn!(first = ?rubbish.first(), %error, "what was replaced stays for now");
            live.chores.rest();
        }
    }
}
