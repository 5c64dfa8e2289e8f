//! The values of a field that most events have.
//!
//! Blocks know types by name, so types are counted as they are. Of other fields a block knows terms only. The terms
//! that may have most events are tried in the order of how many that can be at most; one event of each is decoded to
//! learn what the term stands for, and its wanted events are counted from postings. That ends when no term that is
//! left can have as many as the values found. What postings do not settle is decoded, as far as the budget goes.

mod heavy;

use std::cmp::Reverse;
use std::collections::HashMap;

use docket_event::{Field, each_value};

use crate::block::NEAR_IDS_MAX;
use crate::matching::{Budget, Matching, Part, PartPlace, take};
use crate::request::QueryError;
use crate::store::StoreError;
use crate::terms::{Term, Terms, hashed};
use heavy::Heavy;

/// Most values of a [`Top`].
pub const TOP_MAX: usize = 100;
/// Most different types that are counted.
const TYPES_MAX: usize = 100_000;

/// The values that most events have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Top {
    /// Values and how many events have them: most first, values with equal numbers in their own order.
    pub values: Vec<(String, u64)>,
    /// Whether nothing is missing. If not, values that belong here may be missing, and counts may be too low.
    pub complete: bool,
}

impl Top {
    fn of(counts: impl IntoIterator<Item = (String, u64)>, most: usize, complete: bool) -> Self {
        let mut values: Vec<(String, u64)> =
            counts.into_iter().filter(|(_, count)| *count > 0).collect();
        values.sort_unstable_by(|one, other| {
            (Reverse(one.1), &one.0).cmp(&(Reverse(other.1), &other.0))
        });
        values.truncate(most);
        Top { values, complete }
    }
}

/// What is shared between the tops of several fields of the same events.
#[derive(Debug, Default)]
pub struct Known {
    heavy: Option<Heavy>,
}

/// The `most` values of `field`, at most [`TOP_MAX`], that most of the wanted events have.
pub fn top(
    terms: &Terms,
    matching: &Matching<'_>,
    (field, most): (Field, usize),
    shared: &mut Known,
    mut budget: Budget,
) -> Result<Top, QueryError> {
    let most = most.clamp(1, TOP_MAX);
    if field == Field::Type {
        return Ok(top_types(matching, most, &mut budget)?);
    }
    let total = matching.count();
    if total <= budget.decoded_first || !postings_tell(matching, field)? {
        let none = HashMap::new();
        let (counts, all) = decoded(terms, matching, (field, &none), &mut budget)?;
        return Ok(Top::of(counts, most, all && matching.complete));
    }
    let heavy = match &mut shared.heavy {
        Some(heavy) => heavy,
        None => shared.heavy.insert(Heavy::of(matching)?),
    };
    let found = heavy.look_up(terms, matching, (field, most), &mut budget)?;
    let mut counts = found.counts;
    if !one_value(field) {
        // What is left over says nothing: an event that has one of the values may have others, too.
        let last = nth(&counts, most);
        let complete = last.is_some_and(|last| last > found.missed_at_most);
        return Ok(Top::of(counts, most, complete && matching.complete));
    }
    let mut complete =
        found.left == 0 || nth(&counts, most).is_some_and(|last| last > found.missed_at_most);
    if !complete && found.left <= u64::from(budget.decoded) {
        let (others, all) = decoded(terms, matching, (field, &counts), &mut budget)?;
        counts.extend(others);
        complete = all;
    }
    Ok(Top::of(counts, most, complete && matching.complete))
}

/// The `most`-th largest of the counts.
fn nth(counts: &HashMap<String, u64>, most: usize) -> Option<u64> {
    let mut all: Vec<u64> = counts.values().copied().collect();
    all.sort_unstable_by_key(|count| Reverse(*count));
    all.get(most.checked_sub(1)?).copied()
}

/// Whether an event has at most one value of the field.
fn one_value(field: Field) -> bool {
    match field {
        Field::Type
        | Field::ActorId
        | Field::ActorEmail
        | Field::ActorKind
        | Field::CredentialId
        | Field::KeyId
        | Field::ProjectId
        | Field::ProjectBeside
        | Field::Outcome
        | Field::SourceIp
        | Field::RequestId
        | Field::Origin
        | Field::OriginAccount
        | Field::OriginId => true,
        Field::TargetId | Field::TargetKind | Field::Target | Field::ShownOn => false,
    }
}

/// Whether postings tell of the field in all parts.
fn postings_tell(matching: &Matching<'_>, field: Field) -> Result<bool, StoreError> {
    let mut all = hashed(field) && matching.terms_tell_apart;
    for part in &matching.parts {
        all = all && part.has_field(field)?;
    }
    Ok(all)
}

fn top_types(matching: &Matching<'_>, most: usize, budget: &mut Budget) -> Result<Top, StoreError> {
    let mut counts: HashMap<String, u64> = HashMap::new();
    let mut complete = matching.complete;
    for part in &matching.parts {
        let (types, all) = types(part, budget)?;
        complete &= all;
        for (name, count) in types {
            if counts.len() < TYPES_MAX || counts.contains_key(&name) {
                *counts.entry(name).or_default() += count;
            } else {
                complete = false;
            }
        }
    }
    Ok(Top::of(counts, most, complete))
}

/// How many of a part's wanted events have each type, and whether these are all types.
fn types(part: &Part<'_>, budget: &mut Budget) -> Result<(Vec<(String, u64)>, bool), StoreError> {
    let reader = match &part.place {
        PartPlace::Tail(tail, _) => return Ok((tail.types(&part.ids()), true)),
        PartPlace::Block(reader) => reader,
    };
    if !take(&mut budget.opened) {
        return Ok((Vec::new(), false));
    }
    let dir = reader.dir()?;
    let mut counts = Vec::with_capacity(dir.types.len());
    for entry in &dir.types {
        let count = match &part.wanted {
            None => entry.count,
            Some(_) if !take(&mut budget.postings) => return Ok((counts, false)),
            Some(wanted) => {
                let mut bits = part.none();
                reader.add_type(&dir, entry, &mut bits)?;
                bits.count_common(wanted)
            }
        };
        counts.push((entry.name.clone(), count.into()));
    }
    Ok((counts, true))
}

/// The values of the wanted events that have none of the values `known`, by decoding them; and whether the budget
/// was enough.
fn decoded(
    terms: &Terms,
    matching: &Matching<'_>,
    (field, known): (Field, &HashMap<String, u64>),
    budget: &mut Budget,
) -> Result<(HashMap<String, u64>, bool), QueryError> {
    let mut counts: HashMap<String, u64> = HashMap::new();
    let mut complete = true;
    for part in &matching.parts {
        let mut ids = part.ids();
        let known: Vec<Term> = known.keys().map(|value| terms.of(field, value)).collect();
        ids.and_not(&part.having(&known)?);
        complete &= part.decode(&ids, budget, &mut |_, event| {
            let mut values = Vec::new();
            each_value(&event.event, field, |value| values.push(value.to_owned()));
            values.sort_unstable();
            values.dedup();
            for value in values {
                *counts.entry(value).or_default() += 1;
            }
        })?;
    }
    Ok((counts, complete))
}

/// Most ids that a part can have of a term that is not heavy in it.
fn near_at_most(part: &Part<'_>) -> u64 {
    part.count().min(NEAR_IDS_MAX as u64)
}
