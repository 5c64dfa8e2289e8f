//! Reads ahead of a walk: what the next blocks need comes in a few round trips, and not in a few for each of them.

use crate::block::{BlockReader, Lacking, read_dirs};
use crate::plan::Plan;
use crate::segment::Segment;
use crate::store::{Store, StoreError};

/// How many times as many blocks are read at once the next time. A page that the first block fills reads no other.
const GROWTH: usize = 4;
/// So often more directories are looked at when some exclude what is wanted.
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
        unless_corrupt(self.read(closed, need))
    }

    fn read(&mut self, closed: &mut [Segment<'_>], need: usize) -> Result<(), StoreError> {
        let mut next = closed.iter_mut().rev();
        let (mut seen, mut events) = (0, 0);
        let mut frames = Vec::new();
        // While the page is not full, the next blocks are needed for certain, and frames can wait for theirs.
        loop {
            let at_once = self.at_once;
            self.at_once = at_once.saturating_mul(GROWTH).min(self.most);
            let mut chosen = Vec::new();
            for _ in 0..LOOKED_AT {
                let some: Vec<_> = next.by_ref().take(at_once - chosen.len()).collect();
                seen += some.len();
                chosen.extend(self.with_wanted_terms(some)?);
            }
            let (segments, lacking): (Vec<_>, Vec<_>) = chosen.into_iter().unzip();
            let may_have = read_index(lacking, self.store, self.plan)?;
            let segments = segments.into_iter().zip(may_have);
            for (segment, _) in segments.filter(|(_, may_have)| *may_have) {
                if events < need && self.plan.searches.is_empty() {
                    let (more, lacking) = segment.first_frames(need)?;
                    events += more;
                    frames.extend(lacking);
                }
            }
            let enough = events >= need || !self.plan.searches.is_empty();
            if enough || at_once == self.most || next.len() == 0 {
                break;
            }
        }
        self.ready = seen.saturating_sub(1);
        Lacking::read_frames(&frames, self.store)
    }

    /// Those whose directories do not exclude that they have something, and what their indexes lack.
    fn with_wanted_terms<'s, 'b>(
        &self,
        segments: Vec<&'s mut Segment<'b>>,
    ) -> Result<Vec<(&'s mut Segment<'b>, Lacking<'b>)>, StoreError> {
        let readers = segments.iter().filter_map(|segment| segment.block_reader());
        read_dirs(&readers.collect::<Vec<_>>(), self.store)?;
        let mut chosen = Vec::with_capacity(segments.len());
        for segment in segments {
            let reader = segment.block_reader();
            let lacking = reader.map(|reader| Lacking::of_index(&reader, self.plan));
            if let Some(lacking) = lacking.transpose()?.flatten() {
                chosen.push((segment, lacking));
            }
        }
        Ok(chosen)
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
