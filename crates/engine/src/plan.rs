//! A filter made ready for indexes: which sets to combine, and which part only the events themselves can tell.

use docket_event::vocabulary::vocabulary;
use docket_event::{Field, Filter, Needle, Span, Test};

use crate::bits::Bits;
use crate::terms::{Term, Terms, hashed};

/// A filter made ready.
///
/// The sets it makes may hold too much, as terms collide and not everything is indexed, and never too
/// little: every event is tested against the filter again.
#[derive(Clone, Debug)]
pub struct Plan {
    groups: Vec<PlanGroup>,
    /// Whether a term stands for one value only, as far as counts are concerned.
    terms_tell_apart: bool,
    /// When it happened.
    pub occurred: Span,
    /// When it was recorded.
    pub recorded: Span,
    /// First position that is wanted.
    pub from_position: u64,
    /// First position that is not wanted any more.
    pub to_position: u64,
}

#[derive(Clone, Debug)]
struct PlanGroup {
    tests: Vec<PlanTest>,
    negated: bool,
}

#[derive(Clone, Debug)]
enum PlanTest {
    Term(Field, Term),
    Type(String),
    TypePrefix(String),
    TypePart(Needle),
    /// The type, and more that only the event tells.
    WithinType(String),
    /// The term, and more that only the event tells.
    WithinTerm(Field, Term),
    Unindexed,
}

/// What an index tells of a filter: every event in `sure` is wanted, and every wanted event is in `maybe`.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Wanted for certain.
    pub sure: Bits,
    /// Wanted or not: the events themselves must tell of those that are not in `sure`.
    pub maybe: Bits,
}

/// How far an index can answer a test.
enum Certainty {
    /// It finds the events that pass, and no others.
    Exact,
    /// It finds the events that pass, and maybe others.
    AtMost,
    /// It knows nothing of it.
    Nothing,
}

/// Adds the ids of all types that a test wants.
pub type AddTypes<'a, E> = dyn FnMut(&dyn Fn(&str) -> bool, &mut Bits) -> Result<(), E> + 'a;

impl Plan {
    /// The plan of a filter.
    pub fn of(filter: &Filter, terms: &Terms) -> Self {
        let test = |test: &Test| match test {
            Test::Is(Field::Type, name) => PlanTest::Type(name.clone()),
            Test::TypeStartsWith(prefix) => PlanTest::TypePrefix(prefix.clone()),
            Test::TypeContains(needle) => PlanTest::TypePart(needle.clone()),
            Test::Contains(_) => PlanTest::Unindexed,
            Test::Unlisted { event_type, .. } => PlanTest::WithinType(event_type.clone()),
            // Every key is a credential; which credentials are keys only the event tells.
            Test::Is(Field::KeyId, value) => {
                let field = Field::CredentialId;
                PlanTest::WithinTerm(field, terms.of(field, value))
            }
            // Every project that stands beside the targets is the event's project.
            Test::Is(Field::ProjectBeside, value) => {
                let field = Field::ProjectId;
                PlanTest::WithinTerm(field, terms.of(field, value))
            }
            Test::Is(field, value) if hashed(*field) => {
                PlanTest::Term(*field, terms.of(*field, value))
            }
            Test::Is(..) => PlanTest::Unindexed,
        };
        let groups = filter.groups.iter().map(|group| PlanGroup {
            tests: group.any.iter().map(test).collect(),
            negated: group.negated,
        });
        Plan {
            groups: groups.collect(),
            terms_tell_apart: terms.tell_apart(),
            occurred: filter.occurred,
            recorded: filter.recorded,
            from_position: 0,
            to_position: u64::MAX,
        }
    }

    /// The candidates among `end` ids. `has_field` tells whether the index has a field, `add_term` and `add_types`
    /// add the ids of a term and of all types that a test wants.
    pub fn evaluate<E>(
        &self,
        end: u32,
        has_field: &dyn Fn(Field) -> bool,
        add_term: &mut dyn FnMut(Term, &mut Bits) -> Result<(), E>,
        add_types: &mut AddTypes<'_, E>,
    ) -> Result<Bits, E> {
        let mut candidates = Bits::all(end);
        for group in &self.groups {
            if candidates.is_empty() {
                break;
            }
            let mut set = Bits::none(end);
            let mut exact = true;
            for test in &group.tests {
                match test {
                    PlanTest::Type(name) => add_types(&|known| known == name, &mut set)?,
                    PlanTest::TypePrefix(prefix) => {
                        add_types(&|known| known.starts_with(&**prefix), &mut set)?;
                    }
                    PlanTest::TypePart(needle) => {
                        add_types(&|known| needle.is_in(known), &mut set)?
                    }
                    PlanTest::WithinType(name) if !group.negated => {
                        add_types(&|known| known == name, &mut set)?;
                    }
                    // A term may belong to other events, too: what it finds cannot be ruled out for it.
                    PlanTest::Term(field, term) | PlanTest::WithinTerm(field, term)
                        if !group.negated && has_field(*field) =>
                    {
                        add_term(*term, &mut set)?;
                    }
                    PlanTest::WithinType(_)
                    | PlanTest::Term(..)
                    | PlanTest::WithinTerm(..)
                    | PlanTest::Unindexed => exact = false,
                }
            }
            match (group.negated, exact) {
                (true, _) => candidates.and_not(&set),
                (false, true) => candidates.and(&set),
                (false, false) => {}
            }
        }
        Ok(candidates)
    }

    /// What is certain among `end` ids, and what is possible; as in [`Plan::evaluate`]. Terms are taken for
    /// exact where they are long enough: two values that share one are found for each other then.
    pub fn bounds<E>(
        &self,
        end: u32,
        has_field: &dyn Fn(Field) -> bool,
        add_term: &mut dyn FnMut(Term, &mut Bits) -> Result<(), E>,
        add_types: &mut AddTypes<'_, E>,
    ) -> Result<Bounds, E> {
        let (mut sure, mut maybe) = (Bits::all(end), Bits::all(end));
        for group in &self.groups {
            if maybe.is_empty() {
                break;
            }
            let (mut passing, mut possible) = (Bits::none(end), Bits::none(end));
            for test in &group.tests {
                let set = match self.certainty(test, has_field) {
                    Certainty::Exact => &mut passing,
                    Certainty::AtMost => &mut possible,
                    Certainty::Nothing => {
                        possible = Bits::all(end);
                        break;
                    }
                };
                match test {
                    PlanTest::Type(name) | PlanTest::WithinType(name) => {
                        add_types(&|known| known == name, set)?;
                    }
                    PlanTest::TypePrefix(prefix) => {
                        add_types(&|known| known.starts_with(&**prefix), set)?;
                    }
                    PlanTest::TypePart(needle) => add_types(&|known| needle.is_in(known), set)?,
                    PlanTest::Term(_, term) | PlanTest::WithinTerm(_, term) => {
                        add_term(*term, set)?;
                    }
                    PlanTest::Unindexed => {}
                }
            }
            possible.or(&passing);
            if group.negated {
                sure.and_not(&possible);
                maybe.and_not(&passing);
            } else {
                sure.and(&passing);
                maybe.and(&possible);
            }
        }
        Ok(Bounds { sure, maybe })
    }

    fn certainty(&self, test: &PlanTest, has_field: &dyn Fn(Field) -> bool) -> Certainty {
        match test {
            PlanTest::Type(_) | PlanTest::TypePrefix(_) | PlanTest::TypePart(_) => Certainty::Exact,
            PlanTest::WithinType(_) => Certainty::AtMost,
            PlanTest::Term(field, _) if has_field(*field) && self.terms_tell_apart => {
                Certainty::Exact
            }
            PlanTest::Term(field, _) | PlanTest::WithinTerm(field, _) if has_field(*field) => {
                Certainty::AtMost
            }
            PlanTest::Term(..) | PlanTest::WithinTerm(..) | PlanTest::Unindexed => {
                Certainty::Nothing
            }
        }
    }

    /// Whether every event passes whose times and position do.
    pub fn is_open(&self) -> bool {
        self.groups.is_empty()
    }

    /// The slots below `count` of a segment from `first` on that positions and recorded time allow.
    pub fn slots(
        &self,
        first: u64,
        count: u32,
        first_recorded_from: &mut dyn FnMut(i64) -> u32,
    ) -> std::ops::Range<u32> {
        let slot =
            |position: u64| u32::try_from(position.saturating_sub(first)).unwrap_or(u32::MAX);
        let from = self.recorded.from.map_or(0, &mut *first_recorded_from);
        let to = self.recorded.to.map_or(count, &mut *first_recorded_from);
        from.max(slot(self.from_position))..to.min(slot(self.to_position)).min(count)
    }

    /// Drops the ids whose event time lies outside the span.
    pub fn span_filter(&self, bits: &mut Bits, micros: impl Fn(u32) -> i64) {
        if self.occurred == Span::default() {
            return;
        }
        let mut outside = Bits::none(bits.end());
        for id in bits
            .iter()
            .filter(|id| !self.occurred.contains(micros(*id)))
        {
            outside.set(id);
        }
        bits.and_not(&outside);
    }
}

/// Whether an index over `fields` that was made with a vocabulary's version tells of a field what this
/// program means by it.
pub fn index_has(fields: u32, vocabulary_version: u32, field: Field) -> bool {
    fields >> field.code() & 1 == 1
        && (field != Field::ShownOn || vocabulary_version == vocabulary().version())
}
