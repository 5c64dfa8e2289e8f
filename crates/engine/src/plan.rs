//! A filter made ready for indexes: which sets to combine, and which part only the events themselves can tell.

use docket_event::vocabulary::vocabulary;
use docket_event::{Field, Filter, Group, IdPart, Needle, Span, Test};

use crate::bits::Bits;
use crate::grams;
use crate::look::Search;
use crate::terms::{Term, Terms, hashed};

/// A filter made ready.
///
/// The sets it makes may hold too much, as terms collide and not everything is indexed, and never too
/// little: every event is tested against the filter again.
#[derive(Clone, Debug)]
pub struct Plan {
    groups: Vec<PlanGroup>,
    /// What to look for in stored events, before they are put together.
    pub searches: Vec<Search>,
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
    /// Number of the search that an event must pass which passes no other test of the group.
    search: Option<usize>,
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
    /// The event's own id has a part, or one of its texts all grams of one of these lists.
    Text(IdPart, Vec<Vec<usize>>),
    Unindexed,
}

/// What an index tells of a filter: every event in `sure` is wanted, and every wanted event is in `maybe`.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Wanted for certain.
    pub sure: Bits,
    /// Wanted or not: the events themselves must tell of those that are not in `sure`.
    pub maybe: Bits,
    /// What those must have.
    pub looks: Looks,
}

/// The events that may be wanted.
#[derive(Clone, Debug)]
pub struct Candidates {
    /// Which they are.
    pub wanted: Bits,
    /// What they must have.
    pub looks: Looks,
}

/// Which searches candidates must pass: of each its bit, and the ids that need not.
#[derive(Clone, Debug, Default)]
pub struct Looks(Vec<(u64, Bits)>);

impl Looks {
    /// The searches that an id must pass, as bits.
    pub fn needs(&self, id: u32) -> u64 {
        let needed = self.0.iter().filter(|(_, without)| !without.has(id));
        needed.fold(0, |all, (bit, _)| all | bit)
    }

    /// Whether there is nothing that an id must pass.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same with other ids.
    #[must_use]
    pub fn renumbered(self, number: impl Fn(&Bits) -> Bits) -> Self {
        let looks = self.0.into_iter();
        Looks(
            looks
                .map(|(bit, without)| (bit, number(&without)))
                .collect(),
        )
    }

    fn add(&mut self, search: Option<usize>, without: Bits) {
        let bit = search.and_then(|search| 1_u64.checked_shl(u32::try_from(search).ok()?));
        self.0.extend(bit.map(|bit| (bit, without)));
    }
}

/// How far an index can answer a test.
#[derive(Clone, Copy)]
enum Certainty {
    /// It finds the events that pass, and no others.
    Exact,
    /// It finds the events that pass, and maybe others.
    AtMost,
    /// It knows nothing of it.
    Nothing,
}

/// What a plan asks of the index of a block or a tail.
pub trait Index {
    /// Why it cannot be read.
    type Error;

    /// Whether it tells of a field.
    fn has_field(&self, field: Field) -> bool;

    /// Adds the ids of a term.
    fn add_term(&mut self, term: Term, bits: &mut Bits) -> Result<(), Self::Error>;

    /// Adds the ids of all types that are wanted.
    fn add_types(
        &mut self,
        wanted: &dyn Fn(&str) -> bool,
        bits: &mut Bits,
    ) -> Result<(), Self::Error>;

    /// Adds those `among` some ids whose events' own ids have a part.
    fn add_id_part(
        &mut self,
        part: &IdPart,
        among: &Bits,
        bits: &mut Bits,
    ) -> Result<(), Self::Error>;

    /// Adds the ids of all events that may have a text with all of these grams.
    fn add_grams(&mut self, needed: &[usize], bits: &mut Bits) -> Result<(), Self::Error>;
}

/// The ids that some tests of a group find.
struct Found {
    /// They pass.
    passing: Bits,
    /// They may pass, without a text that is searched.
    possible: Bits,
    /// They may pass by a text.
    texts: Bits,
    /// Whether every event that passes is among these.
    all: bool,
}

impl Plan {
    /// The plan of a filter.
    pub fn of(filter: &Filter, terms: &Terms) -> Self {
        let mut searches = Vec::new();
        let group = |group: &Group| {
            let search = (!group.negated).then(|| Search::of(&group.any)).flatten();
            let tests = group.any.iter().map(|test| plan_test(test, terms));
            PlanGroup {
                tests: tests.collect(),
                negated: group.negated,
                search: search.map(|search| {
                    searches.push(search);
                    searches.len() - 1
                }),
            }
        };
        let mut groups: Vec<PlanGroup> = filter.groups.iter().map(group).collect();
        // Texts are looked for last, among what is left.
        groups.sort_by_key(PlanGroup::has_text);
        Plan {
            groups,
            searches,
            terms_tell_apart: terms.tell_apart(),
            occurred: filter.occurred,
            recorded: filter.recorded,
            from_position: 0,
            to_position: u64::MAX,
        }
    }

    /// The candidates among `end` ids.
    pub fn evaluate<I: Index>(&self, end: u32, index: &mut I) -> Result<Candidates, I::Error> {
        let (mut wanted, mut looks) = (Bits::all(end), Looks::default());
        for group in &self.groups {
            if wanted.is_empty() {
                break;
            }
            if group.negated {
                // Of a term, nobody knows whether it belongs to other events, too.
                let found = self.found(group, &wanted, index, PlanTest::is_of_types)?;
                wanted.and_not(&found.passing);
                continue;
            }
            let mut found = self.found(group, &wanted, index, |_| true)?;
            if found.all {
                found.passing.or(&found.possible);
                found.texts.or(&found.passing);
                wanted.and(&found.texts);
                looks.add(group.search, found.passing);
            }
        }
        Ok(Candidates { wanted, looks })
    }

    /// Asks an index all that evaluating may ask it, until it is known that nothing is wanted: `false` then. To the
    /// index there is one id, which a set has when it is not known to be empty.
    pub fn probe<I: Index>(&self, index: &mut I) -> Result<bool, I::Error> {
        let among = Bits::all(1);
        for group in &self.groups {
            if group.negated {
                self.found(group, &among, index, PlanTest::is_of_types)?;
                continue;
            }
            let found = self.found(group, &among, index, |_| true)?;
            let sets = [&found.passing, &found.possible, &found.texts];
            if found.all && sets.into_iter().all(Bits::is_empty) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What is certain among `end` ids, and what is possible. Terms are taken for exact where they are long enough:
    /// two values that share one are found for each other then.
    pub fn bounds<I: Index>(&self, end: u32, index: &mut I) -> Result<Bounds, I::Error> {
        let (mut sure, mut maybe) = (Bits::all(end), Bits::all(end));
        let mut looks = Looks::default();
        for group in &self.groups {
            if maybe.is_empty() {
                break;
            }
            let mut found = self.found(group, &maybe, index, |_| true)?;
            let mut possible = Bits::all(end);
            if found.all {
                found.possible.or(&found.passing);
                possible = found.possible.clone();
                possible.or(&found.texts);
            }
            if group.negated {
                sure.and_not(&possible);
                maybe.and_not(&found.passing);
                continue;
            }
            sure.and(&found.passing);
            maybe.and(&possible);
            if found.all {
                looks.add(group.search, found.possible);
            }
        }
        Ok(Bounds { sure, maybe, looks })
    }

    /// What those tests of a group find `among` some ids that `counts` names.
    fn found<I: Index>(
        &self,
        group: &PlanGroup,
        among: &Bits,
        index: &mut I,
        counts: impl Fn(&PlanTest) -> bool,
    ) -> Result<Found, I::Error> {
        let none = || Bits::none(among.end());
        let mut found = Found {
            passing: none(),
            possible: none(),
            texts: none(),
            all: true,
        };
        for test in group.tests.iter().filter(|test| counts(test)) {
            let certainty = self.certainty(test, &|field| index.has_field(field));
            let set = match certainty {
                Certainty::Exact => &mut found.passing,
                Certainty::AtMost => &mut found.possible,
                Certainty::Nothing => {
                    found.all = false;
                    continue;
                }
            };
            match test {
                PlanTest::Type(name) | PlanTest::WithinType(name) => {
                    index.add_types(&|known| known == name, set)?;
                }
                PlanTest::TypePrefix(prefix) => {
                    index.add_types(&|known| known.starts_with(&**prefix), set)?;
                }
                PlanTest::TypePart(needle) => {
                    index.add_types(&|known| needle.is_in(known), set)?;
                }
                PlanTest::Term(_, term) | PlanTest::WithinTerm(_, term) => {
                    index.add_term(*term, set)?;
                }
                PlanTest::Text(part, spellings) => {
                    index.add_id_part(part, among, &mut found.passing)?;
                    for needed in spellings {
                        match needed.as_slice() {
                            [] => found.texts.or(among),
                            needed => index.add_grams(needed, &mut found.texts)?,
                        }
                    }
                }
                PlanTest::Unindexed => {}
            }
        }
        Ok(found)
    }

    fn certainty(&self, test: &PlanTest, has_field: &dyn Fn(Field) -> bool) -> Certainty {
        match test {
            PlanTest::Type(_) | PlanTest::TypePrefix(_) | PlanTest::TypePart(_) => Certainty::Exact,
            PlanTest::WithinType(_) | PlanTest::Text(..) => Certainty::AtMost,
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

impl PlanGroup {
    fn has_text(&self) -> bool {
        let mut tests = self.tests.iter();
        tests.any(|test| matches!(test, PlanTest::Text(..)))
    }
}

impl PlanTest {
    /// Whether types alone answer it.
    fn is_of_types(&self) -> bool {
        matches!(
            self,
            PlanTest::Type(_) | PlanTest::TypePrefix(_) | PlanTest::TypePart(_)
        )
    }
}

fn plan_test(test: &Test, terms: &Terms) -> PlanTest {
    match test {
        Test::Is(Field::Type, name) => PlanTest::Type(name.clone()),
        Test::TypeStartsWith(prefix) => PlanTest::TypePrefix(prefix.clone()),
        Test::TypeContains(needle) => PlanTest::TypePart(needle.clone()),
        Test::Contains(needle) => {
            let spellings = needle.spellings().map(grams::needed);
            PlanTest::Text(IdPart::of(needle.text()), spellings.collect())
        }
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
        Test::Is(field, value) if hashed(*field) => PlanTest::Term(*field, terms.of(*field, value)),
        Test::Is(..) => PlanTest::Unindexed,
    }
}

/// Whether an index over `fields` that was made with a vocabulary's version tells of a field what this
/// program means by it.
pub fn index_has(fields: u32, vocabulary_version: u32, field: Field) -> bool {
    fields >> field.code() & 1 == 1
        && (field != Field::ShownOn || vocabulary_version == vocabulary().version())
}
