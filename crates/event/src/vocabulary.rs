//! Canonical event vocabulary: one name for one kind of event, whichever vendor it came from.

mod entry;
mod file;
mod kinds;
mod names;
mod raw;
mod rules;
mod shown;
mod surface;
#[cfg(test)]
mod tests;
mod words;

use std::borrow::Cow;
use std::sync::LazyLock;

pub use entry::{Category, Confidence, Evidence, Ocsf, Severity, TypeEntry, Via, Word};
pub use file::KeptApart;
pub use kinds::TargetKind;
pub use rules::{ErrorPart, Source, TargetRule, When};
pub use shown::{Shown, ShownFacts};
pub use surface::{Surface, SurfaceRules};

use file::File;
use kinds::KindIndex;
use names::NameMap;
use surface::PerSurface;
use words::WordIndex;

use crate::Outcome;

/// What the type of a vendor event begins with when the list lacks its word.
const UNLISTED: &str = "x.";

static FILE: LazyLock<File> = LazyLock::new(|| {
    File::parse(include_str!("../data/vocabulary.json")).expect("the built-in list is well formed")
});

static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::new(&FILE));

/// The list that is built into this program, parsed at the first call.
pub fn vocabulary() -> &'static Vocabulary {
    &VOCABULARY
}

/// The canonical types with everything that is known about them.
#[derive(Debug)]
pub struct Vocabulary {
    file: &'static File,
    by_type: NameMap<&'static TypeEntry>,
    by_word: PerSurface<WordIndex>,
    kinds: KindIndex,
    whole_data: Vec<Vec<String>>,
}

impl Vocabulary {
    fn new(file: &'static File) -> Self {
        Self {
            file,
            by_type: file
                .types
                .iter()
                .map(|entry| (entry.name.as_str(), entry))
                .collect(),
            by_word: PerSurface::from_fn(|surface| {
                let prefix = &file.surfaces.get(surface).unlisted_prefix;
                WordIndex::new(surface, prefix, &file.types)
            }),
            kinds: KindIndex::new(&file.target_kinds),
            whole_data: vec![vec!["data".to_owned()]],
        }
    }

    /// Version of the list. It rises when an answer of [`Vocabulary::shown`] changes.
    pub fn version(&self) -> u32 {
        self.file.version
    }

    /// Every type, in the order of the list.
    pub fn types(&self) -> impl Iterator<Item = &'static TypeEntry> {
        self.file.types.iter()
    }

    /// The entry of a canonical type.
    pub fn get(&self, canonical: &str) -> Option<&'static TypeEntry> {
        self.by_type.get(canonical).copied()
    }

    /// The type that a vendor's word means: an OpenAI type or alias, a Clarifai code in decimal
    /// or its name, a CalypsoAI type. Never a type that the word only covers.
    pub fn by_word(&self, surface: Surface, word: &str) -> Option<&'static TypeEntry> {
        self.by_word.get(surface).entry(word)
    }

    /// The word under which a surface shows a listed type. For a one-way word, the targets and
    /// payload rules are those of the entry that [`Vocabulary::by_word`] finds for its text.
    pub fn word(&self, surface: Surface, canonical: &str) -> Option<&'static Word> {
        self.get(canonical)?.word(surface)
    }

    /// What a filter by a vendor's word means: its type, every type shown under it one way, and
    /// the names that events got before the list knew it. A wildcard is not a word.
    pub fn types_shown_as(&'static self, surface: Surface, word: &str) -> Vec<Cow<'static, str>> {
        match self.by_word.get(surface).shown_as(word) {
            Some(types) => types
                .iter()
                .map(|name| Cow::Borrowed(name.as_str()))
                .collect(),
            None => vec![Cow::Owned(self.unlisted(surface, word))],
        }
    }

    /// The type of a word that the list lacks. Different words can get the same one, so the
    /// original belongs into `origin.extra`. Clarifai's word is the code in decimal.
    pub fn unlisted(&self, surface: Surface, word: &str) -> String {
        words::unlisted(&self.surface(surface).unlisted_prefix, word)
    }

    /// The prefix that bars writers from a type, if it has one.
    pub fn reserved_prefix(&self, event_type: &str) -> Option<&'static str> {
        let prefixes = self.file.reserved_prefixes.iter().map(String::as_str);
        prefixes
            .into_iter()
            .find(|prefix| event_type.starts_with(prefix))
    }

    /// The outcome that the type itself fixes: filled in on ingest, and not to be contradicted.
    pub fn fixed_outcome(&self, event_type: &str) -> Option<Outcome> {
        self.get(event_type)?.outcome
    }

    /// Paths of the personal part, split into members, besides those that always belong to it.
    /// Of a type that no list describes, this is the whole payload.
    pub fn personal_paths(&'static self, event_type: &str) -> &'static [Vec<String>] {
        match self.get(event_type) {
            Some(entry) => &entry.personal,
            None if event_type.starts_with(UNLISTED) => &self.whole_data,
            None => &[],
        }
    }

    /// To whom a surface shows an event.
    pub fn shown(&self, surface: Surface, facts: &ShownFacts<'_>) -> Shown {
        shown::decide(self, self.get(facts.event_type), surface, facts)
    }

    /// [`Vocabulary::shown`] for every surface.
    pub fn shown_on_each(&self, facts: &ShownFacts<'_>) -> [(Surface, Shown); 3] {
        let entry = self.get(facts.event_type);
        Surface::ALL.map(|surface| (surface, shown::decide(self, entry, surface, facts)))
    }

    /// What holds for all events of a surface.
    pub fn surface(&self, surface: Surface) -> &'static SurfaceRules {
        self.file.surfaces.get(surface)
    }

    /// Every target kind, in the order of the list.
    pub fn kinds(&self) -> impl Iterator<Item = &'static TargetKind> {
        self.file.target_kinds.iter()
    }

    /// A target kind by the name that stands in events.
    pub fn kind(&self, name: &str) -> Option<&'static TargetKind> {
        self.kinds.by_name(name)
    }

    /// The target kind that Clarifai calls so.
    pub fn kind_by_clarifai(&self, kind: &str) -> Option<&'static TargetKind> {
        self.kinds.by_clarifai(kind)
    }

    /// The target kind whose id CalypsoAI puts into this subject field.
    pub fn kind_by_calypsoai(&self, field: &str) -> Option<&'static TargetKind> {
        self.kinds.by_calypsoai(field)
    }

    /// Names of the categories with what each of them means.
    pub fn categories(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        pairs(&self.file.categories.0)
    }

    /// Placeholders of the sentences with what each of them stands for.
    pub fn placeholders(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        pairs(&self.file.placeholders.0)
    }

    /// The severities, least first, each with its `severity_id` in OCSF.
    pub fn severities(&self) -> impl Iterator<Item = (Severity, u32)> {
        self.file
            .severities
            .iter()
            .map(|row| (row.name, row.ocsf_severity_id))
    }

    /// Types that look alike and are never merged, with the reasons.
    pub fn kept_apart(&self) -> &'static [KeptApart] {
        &self.file.kept_apart
    }
}

fn pairs(
    members: &'static [(String, String)],
) -> impl Iterator<Item = (&'static str, &'static str)> {
    members
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
}
