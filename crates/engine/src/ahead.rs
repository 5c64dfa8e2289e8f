//! Reads ahead of a walk: what the next blocks need comes in a few round trips, and not in a few for each of them.

use crate::block::{BlockReader, Lacking};
use crate::plan::Plan;
use crate::segment::Segment;
use crate::store::{Store, StoreError};

/// How many times as many blocks are read at once the next time. A page that the first block fills reads no other.
const GROWTH: usize = 4;
/// Of so many blocks for each that is read, the directories are looked at.
const LOOKED_AT: usize = 8;
/// A page of terms leads to a posting that stands far; nothing leads further.
const STEPS: usize = 2;

/// How far is read ahead.
#[derive(Debug)]
pub struct Ahead<'a> {
    store: &'a dyn Store,
    plan: &'a Plan,
    /// Blocks that are read at once the next time.
    at_once: usize,
    most: usize,
    /// Segments that are next and were seen to.
    ready: usize,
}

impl<'a> Ahead<'a> {
    /// Nothing was read yet.
    pub fn of(store: &'a dyn Store, plan: &'a Plan) -> Self {
        Ahead {
            store,
            plan,
            at_once: 1,
            most: store.blocks_at_once(),
            ready: 0,
        }
    }

    /// Called before the last of `closed` is opened; those in front of it are opened later, if at all. At most `need`
    /// of their events will be taken.
    pub fn before_open(
        &mut self,
        closed: &mut [Segment<'_>],
        need: usize,
    ) -> Result<(), StoreError> {
        if self.most <= 1 {
            return Ok(());
        }
        if let Some(ready) = self.ready.checked_sub(1) {
            self.ready = ready;
            return Ok(());
        }
        let outcome = self.read(closed, need);
        self.at_once = self.at_once.saturating_mul(GROWTH).min(self.most);
        match outcome {
            // Whether anybody needs it is not known yet.
            Err(StoreError::Corrupt(_)) => Ok(()),
            other => other,
        }
    }

    fn read(&mut self, closed: &mut [Segment<'_>], need: usize) -> Result<(), StoreError> {
        let mut chosen = Vec::new();
        for segment in closed.iter_mut().rev().take(self.at_once * LOOKED_AT) {
            self.ready += 1;
            let Some(reader) = segment.block_reader() else {
                continue;
            };
            if let Some(lacking) = Lacking::of_index(&reader, self.plan)? {
                chosen.push((segment, lacking));
            }
            if chosen.len() == self.at_once {
                break;
            }
        }
        self.ready = self.ready.saturating_sub(1);
        let (mut segments, lacking): (Vec<_>, Vec<_>) = chosen.into_iter().unzip();
        let has = read_index(lacking, self.store, self.plan)?;
        let mut has = has.into_iter();
        segments.retain(|_| has.next().unwrap_or(false));
        if self.plan.searches.is_empty() {
            read_frames(segments, self.store, need)?;
        }
        Ok(())
    }
}

/// Reads what the index of each block lacks; whether there may be events that the plan wants.
fn read_index(
    mut all: Vec<Lacking<'_>>,
    store: &dyn Store,
    plan: &Plan,
) -> Result<Vec<bool>, StoreError> {
    let mut has = vec![true; all.len()];
    for _ in 0..STEPS {
        if all.iter().all(|one| one.pieces.is_empty()) {
            break;
        }
        Lacking::read_index(&all, store)?;
        for (one, has) in all.iter_mut().zip(&mut has) {
            let reader: BlockReader<'_> = one.reader;
            one.pieces.clear();
            match Lacking::of_index(&reader, plan)? {
                Some(next) if *has => *one = next,
                _ => *has = false,
            }
        }
    }
    Ok(has)
}

/// Reads the frames of the first segments that have `need` events together.
fn read_frames(
    segments: Vec<&mut Segment<'_>>,
    store: &dyn Store,
    need: usize,
) -> Result<(), StoreError> {
    let mut lacking = Vec::new();
    let mut events = 0;
    for segment in segments {
        if events >= need {
            break;
        }
        let (more, frames) = segment.first_frames(need)?;
        events += more;
        lacking.extend(frames);
    }
    Lacking::read_frames(&lacking, store)
}
