//! The terms that have more than a few events somewhere, and what they stand for.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

use docket_event::{Field, each_value};

use super::{near_at_most, one_value};
use crate::bits::Bits;
use crate::matching::{Budget, Matching, take};
use crate::request::QueryError;
use crate::store::StoreError;
use crate::terms::{Term, Terms, hashed};

/// Most parts whose terms are read, newest first.
const PARTS_MAX: usize = 512;
/// Most different terms that are kept.
const TERMS_MAX: usize = 500_000;
/// Most values that are counted together.
const BATCH_MAX: usize = 64;

/// Heavy terms of all parts.
#[derive(Debug)]
pub struct Heavy {
    /// Those that can have most wanted events first.
    terms: Vec<HeavyTerm>,
    /// A term that is not among them has at most so many.
    others_at_most: u64,
    /// What terms stand for, as far as that was asked; `None`: it could not be learned.
    learned: HashMap<Term, Option<(Field, String)>>,
}

#[derive(Clone, Copy, Debug)]
struct HeavyTerm {
    term: Term,
    /// So many wanted events can have it.
    at_most: u64,
    /// A part where it is heavy.
    part: usize,
}

/// Values that were found.
#[derive(Debug)]
pub struct Found {
    /// How many wanted events have them.
    pub counts: HashMap<String, u64>,
    /// No other value has more than so many.
    pub missed_at_most: u64,
    /// How many wanted events have none of the values, if an event has one value of the field at most.
    pub left: u64,
}

impl Heavy {
    /// The heavy terms of all parts.
    pub fn of(matching: &Matching<'_>) -> Result<Self, StoreError> {
        let mut more: HashMap<Term, (u64, usize)> = HashMap::new();
        let mut all_seen = matching.parts.len() <= PARTS_MAX;
        for (index, part) in matching.parts.iter().enumerate().take(PARTS_MAX) {
            let (wanted, near) = (part.count(), near_at_most(part));
            for (term, count) in part.heavy_terms()?.iter() {
                let above_near = u64::from(*count).min(wanted).saturating_sub(near);
                if more.len() < TERMS_MAX || more.contains_key(term) {
                    more.entry(*term).or_insert((0, index)).0 += above_near;
                } else {
                    all_seen = false;
                }
            }
        }
        let near: u64 = matching.parts.iter().map(near_at_most).sum();
        let heavy = |(term, (above_near, part)): (Term, (u64, usize))| HeavyTerm {
            term,
            at_most: above_near + near,
            part,
        };
        let mut terms: Vec<HeavyTerm> = more.into_iter().map(heavy).collect();
        terms.sort_unstable_by_key(|heavy| (Reverse(heavy.at_most), heavy.term));
        Ok(Heavy {
            terms,
            others_at_most: if all_seen { near } else { u64::MAX },
            learned: HashMap::new(),
        })
    }

    /// Counts the values of `field` in the order of how many events they can have, until no other can be among the
    /// `most` largest, or the budget is used up.
    pub fn look_up(
        &mut self,
        terms: &Terms,
        matching: &Matching<'_>,
        (field, most): (Field, usize),
        budget: &mut Budget,
    ) -> Result<Found, QueryError> {
        let mut found = Found {
            counts: HashMap::new(),
            missed_at_most: self.others_at_most,
            left: matching.count(),
        };
        let mut largest: BinaryHeap<Reverse<u64>> = BinaryHeap::new();
        let (mut at, mut size) = (0, most);
        while found.left > 0 {
            let last = largest.peek().filter(|_| largest.len() == most);
            let last = last.map_or(0, |last| last.0);
            if self
                .terms
                .get(at)
                .is_none_or(|heavy| heavy.at_most.min(found.left) < last)
            {
                break;
            }
            let start = at;
            let batch = self.batch(terms, matching, (field, last), (&mut at, size), budget)?;
            if batch.is_empty() {
                break;
            }
            let Some(counts) = count(matching, &batch, budget)? else {
                at = start;
                break;
            };
            for (value, count) in batch.into_values().zip(counts) {
                if one_value(field) {
                    found.left = found.left.saturating_sub(count);
                }
                found.counts.insert(value, count);
                largest.push(Reverse(count));
                if largest.len() > most {
                    largest.pop();
                }
            }
            size = (size * 2).min(BATCH_MAX);
        }
        let next = self.terms.get(at).map_or(0, |heavy| heavy.at_most);
        found.missed_at_most = self.others_at_most.max(next).min(found.left);
        Ok(found)
    }

    /// The next terms of `field`, at most `size`, that can have `last` events or more, and what they stand for.
    fn batch(
        &mut self,
        terms: &Terms,
        matching: &Matching<'_>,
        (field, last): (Field, u64),
        (at, size): (&mut usize, usize),
        budget: &mut Budget,
    ) -> Result<BTreeMap<Term, String>, QueryError> {
        let mut batch = BTreeMap::new();
        while batch.len() < size {
            let next = self.terms.get(*at).filter(|heavy| heavy.at_most >= last);
            let Some(heavy) = next else { break };
            if !learn(&mut self.learned, terms, matching, heavy, budget)? {
                break;
            }
            if let Some(Some((of, value))) = self.learned.get(&heavy.term)
                && *of == field
            {
                batch.insert(heavy.term, value.clone());
            }
            *at += 1;
        }
        Ok(batch)
    }
}

/// Learns what a term stands for from an event that has it; `false` when the budget is used up.
fn learn(
    learned: &mut HashMap<Term, Option<(Field, String)>>,
    terms: &Terms,
    matching: &Matching<'_>,
    heavy: &HeavyTerm,
    budget: &mut Budget,
) -> Result<bool, QueryError> {
    if learned.contains_key(&heavy.term) {
        return Ok(true);
    }
    if !take(&mut budget.learned) {
        return Ok(false);
    }
    if let Some(part) = matching.parts.get(heavy.part) {
        let having = part.having(&[heavy.term])?;
        let mut first = Bits::none(having.end());
        having.next(0).into_iter().for_each(|id| first.set(id));
        let mut one = Budget::default();
        part.decode(&first, &mut one, &mut |_, event| {
            for field in Field::ALL.into_iter().filter(|field| hashed(*field)) {
                each_value(&event.event, field, |value| {
                    let meaning = Some((field, value.to_owned()));
                    learned.insert(terms.of(field, value), meaning);
                });
            }
        })?;
    }
    learned.entry(heavy.term).or_insert(None);
    Ok(true)
}

/// How many wanted events have each term; `None` when the budget is used up.
fn count(
    matching: &Matching<'_>,
    batch: &BTreeMap<Term, String>,
    budget: &mut Budget,
) -> Result<Option<Vec<u64>>, StoreError> {
    let terms: Vec<Term> = batch.keys().copied().collect();
    let mut counts = vec![0; terms.len()];
    for part in &matching.parts {
        let postings = u32::try_from(terms.len()).unwrap_or(u32::MAX);
        let Some(left) = budget.postings.checked_sub(postings) else {
            return Ok(None);
        };
        budget.postings = left;
        for (sum, count) in counts.iter_mut().zip(part.term_counts(&terms)?) {
            *sum += count;
        }
    }
    Ok(Some(counts))
}
