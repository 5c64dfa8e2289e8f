//! What the index of a block or tail knows of its events, column by column.

use std::collections::HashMap;
use std::sync::Arc;

use docket_merkle::Hash;

use crate::bits::Bits;
use crate::encode::SALT_BYTES;
use crate::grams::GramGroups;
use crate::terms::{Pair, Term, pair_slot, pairs_of};

/// Runs that are merged together, so that few have to be searched.
const RUNS_MERGED: usize = 16;

/// The slots of each type, ascending.
pub type TypeSlots = HashMap<Arc<str>, Vec<u16>>;

/// Columns over the events of a stretch of a log; a *slot* is an event's rank there.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    /// When each event happened, Unix microseconds.
    pub micros: Vec<i64>,
    /// When events were recorded, as runs: the first slot, and the time, Unix microseconds.
    pub recorded: Vec<(u32, i64)>,
    /// The salt of each event.
    pub salts: Vec<[u8; SALT_BYTES]>,
    /// The leaf of each event.
    pub leaves: Vec<Hash>,
    /// Which events have which type.
    pub types: TypeSlots,
    /// Which events have which term.
    pub terms: TermRuns,
    /// Which events may have which texts.
    pub grams: GramGroups,
}

impl Columns {
    /// How many events there are.
    pub fn len(&self) -> usize {
        self.micros.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.micros.is_empty()
    }

    /// Appends an event, all but its terms.
    pub fn push(&mut self, micros: i64, recorded_micros: i64, salt: [u8; SALT_BYTES], leaf: Hash) {
        self.note_recorded(recorded_micros);
        self.micros.push(micros);
        self.salts.push(salt);
        self.leaves.push(leaf);
    }

    /// Says when the events from here on were recorded.
    pub fn note_recorded(&mut self, recorded_micros: i64) {
        let same = |(_, last): &(u32, i64)| *last == recorded_micros;
        if !self.recorded.last().is_some_and(same) {
            let slot = u32::try_from(self.micros.len()).unwrap_or(u32::MAX);
            self.recorded.push((slot, recorded_micros));
        }
    }

    /// Appends the events of another stretch, which follow these.
    pub fn append(&mut self, other: Columns) {
        let base = u16::try_from(self.len()).unwrap_or(u16::MAX);
        for (slot, recorded_micros) in other.recorded {
            if self
                .recorded
                .last()
                .is_none_or(|last| last.1 != recorded_micros)
            {
                self.recorded
                    .push((slot + u32::from(base), recorded_micros));
            }
        }
        self.micros.extend(other.micros);
        self.salts.extend(other.salts);
        self.leaves.extend(other.leaves);
        for (name, slots) in other.types {
            let known = self.types.entry(name).or_default();
            known.extend(slots.into_iter().map(|slot| slot.saturating_add(base)));
        }
        for mut run in other.terms.runs {
            run.iter_mut().for_each(|pair| *pair += Pair::from(base));
            self.terms.push(run);
        }
        self.grams.append(other.grams);
    }

    /// When a slot's event was recorded, Unix microseconds.
    pub fn recorded(&self, slot: u32) -> i64 {
        let after = self.recorded.partition_point(|(first, _)| *first <= slot);
        let run = after.checked_sub(1).and_then(|at| self.recorded.get(at));
        run.map_or(0, |(_, time)| *time)
    }

    /// The first slot that was recorded at `micros` or later.
    pub fn first_recorded_from(&self, micros: i64) -> u32 {
        let at = self.recorded.partition_point(|(_, time)| *time < micros);
        let end = u32::try_from(self.len()).unwrap_or(u32::MAX);
        self.recorded.get(at).map_or(end, |(slot, _)| *slot)
    }

    /// Adds the slots of a term to `bits`, as far as they fit.
    pub fn add_term(&self, term: Term, bits: &mut Bits) {
        self.terms.each_slot(term, |slot| bits.set(u32::from(slot)));
    }

    /// Adds the slots of the types that `wanted` names to `bits`, as far as they fit.
    pub fn add_types(&self, wanted: &dyn Fn(&str) -> bool, bits: &mut Bits) {
        let types = self.types.iter().filter(|(name, _)| wanted(name));
        for slot in types.flat_map(|(_, slots)| slots) {
            bits.set(u32::from(*slot));
        }
    }

    /// About how many bytes of memory the columns take.
    pub fn bytes(&self) -> usize {
        let each = size_of::<i64>() + SALT_BYTES + size_of::<Hash>() + size_of::<u16>();
        self.len() * each + self.terms.len() * size_of::<Pair>() + self.grams.bytes()
    }
}

/// Pairs of term and slot in a few sorted runs: cheap to add to, and cheap enough to search.
#[derive(Clone, Debug, Default)]
pub struct TermRuns {
    runs: Vec<Vec<Pair>>,
    len: usize,
}

impl TermRuns {
    /// Adds a sorted run. Sixteen runs of about one size become one.
    pub fn push(&mut self, run: Vec<Pair>) {
        debug_assert!(run.is_sorted(), "runs are searched by halves");
        if run.is_empty() {
            return;
        }
        self.len += run.len();
        self.runs.push(run);
        while let Some(from) = self.runs.len().checked_sub(RUNS_MERGED) {
            let alike = match self.runs.get(from..) {
                Some([first, .., last]) => first.len() < last.len() * RUNS_MERGED,
                Some(_) | None => false,
            };
            if !alike {
                break;
            }
            let merged = merge(self.runs.drain(from..));
            self.runs.push(merged);
        }
    }

    /// Calls `found` with each slot that has the term.
    pub fn each_slot(&self, term: u64, mut found: impl FnMut(u16)) {
        let wanted = pairs_of(term);
        for run in &self.runs {
            let from = run.partition_point(|pair| pair < wanted.start());
            let rest = run.get(from..).unwrap_or_default();
            rest.iter()
                .take_while(|pair| *pair <= wanted.end())
                .for_each(|pair| found(pair_slot(*pair)));
        }
    }

    /// All pairs, sorted.
    pub fn sorted(&self) -> Vec<Pair> {
        merge(self.runs.iter().map(Vec::as_slice))
    }

    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.len
    }
}

/// One sorted run of many: the sort finds the runs and merges them.
fn merge(runs: impl Iterator<Item = impl AsRef<[Pair]>>) -> Vec<Pair> {
    let mut merged = Vec::new();
    runs.for_each(|run| merged.extend_from_slice(run.as_ref()));
    merged.sort();
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terms::pair;

    proptest::proptest! {
        #[test]
        fn runs_find_what_was_pushed(runs in proptest::collection::vec(
            proptest::collection::btree_set((0_u64..40, 0_u16..500), 0..30), 0..60,
        )) {
            let mut terms = TermRuns::default();
            let mut all = Vec::new();
            for run in runs {
                let run: Vec<Pair> = run.into_iter().map(|(term, slot)| pair(term, slot)).collect();
                all.extend(&run);
                terms.push(run);
            }
            all.sort_unstable();
            proptest::prop_assert_eq!(terms.len(), all.len());
            proptest::prop_assert_eq!(terms.sorted(), all.clone());
            for term in 0..40 {
                let mut found = Vec::new();
                terms.each_slot(term, |slot| found.push(pair(term, slot)));
                found.sort_unstable();
                let expected: Vec<Pair> =
                    all.iter().copied().filter(|pair| pairs_of(term).contains(pair)).collect();
                proptest::prop_assert_eq!(found, expected);
            }
        }
    }

    #[test]
    fn runs_stay_few() {
        let mut terms = TermRuns::default();
        for number in 0..10_000_u64 {
            terms.push(vec![pair(number % 977, u16::try_from(number).unwrap_or(0))]);
        }
        assert!(
            terms.runs.len() < RUNS_MERGED * 6,
            "{} runs",
            terms.runs.len()
        );
    }
}
