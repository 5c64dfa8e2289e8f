//! Reads ahead of a walk: what the next blocks need comes in a few round trips, and not in a few for each of them.

use crate::block::{BlockReader, Lacking, read_dirs};
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
        unless_corrupt(outcome)
    }

    fn read(&mut self, closed: &mut [Segment<'_>], need: usize) -> Result<(), StoreError> {
        let mut next = closed.iter_mut().rev().take(self.at_once * LOOKED_AT);
        let mut chosen = Vec::new();
        let mut seen = 0;
        while chosen.len() < self.at_once {
            let some: Vec<_> = next.by_ref().take(self.at_once - chosen.len()).collect();
            if some.is_empty() {
                break;
            }
            seen += some.len();
            let readers = some.iter().filter_map(|segment| segment.block_reader());
            read_dirs(&readers.collect::<Vec<_>>(), self.store)?;
            for segment in some {
                let reader = segment.block_reader();
                let lacking = reader.map(|reader| Lacking::of_index(&reader, self.plan));
                if let Some(lacking) = lacking.transpose()?.flatten() {
                    chosen.push((segment, lacking));
                }
            }
        }
        self.ready = seen.saturating_sub(1);
        let (segments, lacking): (Vec<_>, Vec<_>) = chosen.into_iter().unzip();
        let may_have = read_index(lacking, self.store, self.plan)?;
        if self.plan.searches.is_empty() {
            let segments = segments.into_iter().zip(may_have);
            let segments = segments.filter_map(|(segment, may_have)| may_have.then_some(segment));
            read_frames(segments, self.store, need)?;
        }
        Ok(())
    }
}

/// Reads what evaluating a plan needs of the indexes of some blocks, if that is best done at once.
pub fn read_indexes(
    readers: &[BlockReader<'_>],
    store: &dyn Store,
    plan: &Plan,
) -> Result<(), StoreError> {
    let read = || {
        read_dirs(readers, store)?;
        let lacking = readers.iter();
        let lacking = lacking.filter_map(|reader| Lacking::of_index(reader, plan).transpose());
        read_index(lacking.collect::<Result<_, _>>()?, store, plan).map(drop)
    };
    match readers {
        [] | [_] => Ok(()),
        _ => unless_corrupt(read()),
    }
}

/// Whether anybody needs what is corrupt is not known yet.
fn unless_corrupt(outcome: Result<(), StoreError>) -> Result<(), StoreError> {
    match outcome {
        Err(StoreError::Corrupt(_)) => Ok(()),
        other => other,
    }
}

/// Reads what the index of each block lacks; whether there may be events that the plan wants.
fn read_index(
    mut all: Vec<Lacking<'_>>,
    store: &dyn Store,
    plan: &Plan,
) -> Result<Vec<bool>, StoreError> {
    let mut may_have = vec![true; all.len()];
    for _ in 0..STEPS {
        if all.iter().all(|one| one.pieces.is_empty()) {
            break;
        }
        Lacking::read_index(&all, store)?;
        let steps = all.iter_mut().zip(&mut may_have);
        for (one, may_have) in steps.filter(|(one, _)| !one.pieces.is_empty()) {
            let next = Lacking::of_index(&one.reader, plan)?;
            *may_have = next.is_some();
            one.pieces = next.map(|next| next.pieces).unwrap_or_default();
        }
    }
    Ok(may_have)
}

/// Reads the frames of the first segments that have `need` events together.
fn read_frames<'s, 'b: 's>(
    segments: impl Iterator<Item = &'s mut Segment<'b>>,
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
