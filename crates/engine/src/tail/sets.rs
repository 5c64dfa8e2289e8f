//! What counts and statistics ask of a tail: which events, at which times, with which terms.

use docket_event::IdKey;

use super::search::TailIndex;
use super::{Content, Tail};
use crate::bits::Bits;
use crate::block::NEAR_IDS_MAX;
use crate::plan::{Bounds, Plan};
use crate::terms::{Term, pair_term};

impl Tail {
    /// The slots below position `end` that a plan wants for certain, and those that it may want.
    pub fn bounds(&self, plan: &Plan, end: u64, key: &IdKey) -> Bounds {
        let inner = self.inner.read();
        let visible = u32::try_from(end.saturating_sub(self.first)).unwrap_or(u32::MAX);
        let visible = visible.min(inner.count());
        let mut bounds = inner.bounds(plan, visible, (self.first, key));
        let slots = plan.slots(self.first, visible, &mut |micros| {
            inner.columns.first_recorded_from(micros)
        });
        for bits in [&mut bounds.sure, &mut bounds.maybe] {
            bits.clamp(slots.start, slots.end);
            plan.span_filter(bits, |slot| inner.micros(slot));
        }
        bounds
    }

    /// The event times of some slots, in slot order.
    pub fn micros(&self, slots: &Bits) -> Vec<(u32, i64)> {
        let inner = self.inner.read();
        slots
            .iter()
            .map(|slot| (slot, inner.micros(slot)))
            .collect()
    }

    /// Adds the slots of a term to `bits`, as far as they fit.
    pub fn add_term(&self, term: Term, bits: &mut Bits) {
        let inner = self.inner.read();
        inner.columns.add_term(term, bits);
    }

    /// For each type, how many of `wanted` have it.
    pub fn types(&self, wanted: &Bits) -> Vec<(String, u64)> {
        let inner = self.inner.read();
        let count = |slots: &Vec<u16>| {
            let slots = slots.iter().filter(|slot| wanted.has(u32::from(**slot)));
            slots.count() as u64
        };
        let types = inner.columns.types.iter();
        types
            .map(|(name, slots)| (name.to_string(), count(slots)))
            .collect()
    }

    /// The terms that have more slots than a block's term page would hold, and how many.
    pub fn heavy_terms(&self) -> Vec<(Term, u32)> {
        // A copy: sorting it takes longer than those who want to write should wait.
        let terms = self.inner.read().columns.terms.clone();
        let pairs = terms.sorted();
        let postings = pairs.chunk_by(|one, next| pair_term(*one) == pair_term(*next));
        let heavy = postings.filter(|pairs| pairs.len() > NEAR_IDS_MAX);
        heavy
            .filter_map(|pairs| {
                Some((pair_term(*pairs.first()?), u32::try_from(pairs.len()).ok()?))
            })
            .collect()
    }
}

impl Content {
    fn bounds(&self, plan: &Plan, end: u32, (first, key): (u64, &IdKey)) -> Bounds {
        let mut index = TailIndex {
            content: self,
            first,
            key,
        };
        match plan.bounds(end, &mut index) {
            Ok(bounds) => bounds,
            Err(never) => match never {},
        }
    }
}
