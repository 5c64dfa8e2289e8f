//! What the engine holds of one log in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use docket_event::IdKey;
use docket_merkle::Frontier;
use parking_lot::{Mutex, RwLock};

use crate::block::is_hashes;
use crate::store::{BlockRow, Head, LogId, Store};
use crate::tail::Tail;

/// One log.
#[derive(Debug)]
pub struct LogState {
    /// Its number in the store.
    pub id: LogId,
    /// The organization that owns it.
    pub org: Arc<str>,
    /// Key of its ids.
    pub key: IdKey,
    /// How many events can be read. Raised after the events are in the view.
    pub size: AtomicU64,
    /// Where the writer stands. Only the writer changes it.
    pub head: Mutex<WriteHead>,
    /// Where the sealer stands. Only the sealer changes it.
    pub sealed: Mutex<SealHead>,
    /// What readers read.
    pub view: RwLock<Arc<View>>,
    /// Which change of the list of blocks the view has; see [`crate::store::Standing`].
    pub version: AtomicU64,
    /// Held by whoever changes what is in memory of the log.
    pub changing: Mutex<()>,
    /// Held from before a merge is committed until readers see it.
    pub merging: Mutex<()>,
}

/// Where the writer of a log stands.
#[derive(Clone, Debug, Default)]
pub struct WriteHead {
    /// Size and time of the last event.
    pub head: Head,
    /// The tree over all events.
    pub frontier: Frontier,
}

/// Where the sealer of a log stands.
#[derive(Clone, Debug, Default)]
pub struct SealHead {
    /// How many events are in blocks, and when the last of them was recorded.
    pub head: Head,
    /// The tree over them.
    pub frontier: Frontier,
}

/// The pieces that make up a log: blocks, then tails. The last tail takes new events.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// Rows of the blocks of leaf hashes whose events were pruned, by first position. What is read begins behind them.
    pub pruned: Vec<Arc<BlockRow>>,
    /// Rows of the blocks of events, without directories, by first position.
    pub blocks: Vec<Arc<BlockRow>>,
    /// Tails by first position; never empty in a log that was opened.
    pub tails: Vec<Arc<Tail>>,
}

impl View {
    /// The pieces of a log whose blocks are these.
    pub fn of(blocks: Vec<BlockRow>, tails: Vec<Arc<Tail>>) -> Self {
        let rows = blocks.into_iter().map(Arc::new);
        let (pruned, blocks) = rows.partition(|row| is_hashes(row));
        View {
            pruned,
            blocks,
            tails,
        }
    }

    /// All blocks, those of pruned events first.
    pub fn all_blocks(&self) -> impl Iterator<Item = &Arc<BlockRow>> {
        self.pruned.iter().chain(&self.blocks)
    }

    /// Position of the first event that was not pruned.
    pub fn first(&self) -> u64 {
        self.pruned.last().map_or(0, |row| end_of(row))
    }
}

/// Position behind the last event of a block.
pub fn end_of(row: &BlockRow) -> u64 {
    row.first + u64::from(row.count)
}

impl LogState {
    /// How many events can be read, and the pieces that hold at least those.
    pub fn snapshot(&self) -> (u64, Arc<View>) {
        // The size first: whatever is counted in it is in every later view.
        let size = self.size.load(Ordering::Acquire);
        (size, Arc::clone(&self.view.read()))
    }

    /// The tail that takes new events.
    pub fn active(&self) -> Arc<Tail> {
        let view = self.view.read();
        Arc::clone(view.tails.last().expect("an opened log has a tail"))
    }

    /// Puts a fresh tail behind the one that took new events, which is given back and never changes again; `None`
    /// when it is empty.
    pub fn freeze(&self) -> Option<Arc<Tail>> {
        let frozen = self.active();
        if frozen.is_empty() {
            return None;
        }
        let mut view = self.view.write();
        let mut next = View::clone(&view);
        next.tails.push(Arc::new(Tail::new(frozen.end())));
        *view = Arc::new(next);
        Some(frozen)
    }

    /// The tails that take no new events any more.
    pub fn frozen(&self) -> Vec<Arc<Tail>> {
        let view = self.view.read();
        let all = view.tails.split_last();
        all.map(|(_, frozen)| frozen.to_vec()).unwrap_or_default()
    }

    /// Whether this is the tail that is sealed next.
    pub fn oldest_tail_is(&self, tail: &Arc<Tail>) -> bool {
        let view = self.view.read();
        view.tails
            .first()
            .is_some_and(|first| Arc::ptr_eq(first, tail))
    }

    /// Notes that the list of blocks in `store` was changed as the view was.
    pub fn moved_on(&self, store: &dyn Store) {
        if store.shared() {
            self.version.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Whether the tail is still to be read, and sealed.
    pub fn has_tail(&self, tail: &Arc<Tail>) -> bool {
        let view = self.view.read();
        view.tails.iter().any(|one| Arc::ptr_eq(one, tail))
    }

    /// Puts a block in the place of the tail that it was built from.
    pub fn replace_tail(&self, first: u64, block: BlockRow) {
        let mut view = self.view.write();
        let mut next = View::clone(&view);
        next.tails.retain(|tail| tail.first() != first);
        next.blocks.push(Arc::new(block));
        *view = Arc::new(next);
    }

    /// Puts a block in the place of those that it was merged from, which follow each other.
    pub fn replace_blocks(&self, block: BlockRow) {
        let span = block.first..block.first + u64::from(block.count);
        let mut view = self.view.write();
        let mut next = View::clone(&view);
        next.blocks.retain(|old| !span.contains(&old.first));
        let at = next.blocks.partition_point(|old| old.first < block.first);
        next.blocks.insert(at, Arc::new(block));
        *view = Arc::new(next);
    }

    /// Puts a block of hashes, and the block of what is left behind it, in the place of those that they were made from.
    pub fn prune(&self, hashes: BlockRow, rest: Option<BlockRow>) {
        let end = end_of(&hashes);
        let mut view = self.view.write();
        let mut next = View::clone(&view);
        next.pruned.retain(|old| old.first < hashes.first);
        next.pruned.push(Arc::new(hashes));
        next.blocks.retain(|old| old.first >= end);
        next.blocks.splice(0..0, rest.map(Arc::new));
        *view = Arc::new(next);
    }
}
