//! The words of one surface, with the canonical types behind each.

use std::borrow::Cow;
use std::collections::HashMap;

use super::entry::{TypeEntry, Via};
use super::surface::Surface;

/// What stands behind one word.
#[derive(Debug)]
struct Meaning {
    entry: &'static TypeEntry,
    shown_as: Vec<String>,
}

/// All words of one surface.
#[derive(Debug)]
pub(super) struct WordIndex {
    /// Keyed by type; several spellings lead to one type.
    meanings: HashMap<&'static str, Meaning>,
    spellings: HashMap<Cow<'static, str>, &'static str>,
}

impl WordIndex {
    pub fn new(surface: Surface, prefix: &str, types: &'static [TypeEntry]) -> Self {
        let mut index = Self {
            meanings: HashMap::new(),
            spellings: HashMap::new(),
        };
        for entry in types {
            let spellings = spellings(surface, entry);
            if spellings.is_empty() {
                continue;
            }
            let unlisted = spellings.iter().map(|spelling| unlisted(prefix, spelling));
            let shown_as = std::iter::once(entry.name.clone())
                .chain(narrower(surface, entry, types))
                .chain(unlisted)
                .collect();
            index
                .meanings
                .insert(&entry.name, Meaning { entry, shown_as });
            index.spellings.extend(
                spellings
                    .into_iter()
                    .map(|text| (text, entry.name.as_str())),
            );
        }
        index
    }

    pub fn entry(&self, word: &str) -> Option<&'static TypeEntry> {
        self.meaning(word).map(|meaning| meaning.entry)
    }

    pub fn shown_as(&self, word: &str) -> Option<&[String]> {
        self.meaning(word)
            .map(|meaning| meaning.shown_as.as_slice())
    }

    fn meaning(&self, word: &str) -> Option<&Meaning> {
        self.meanings.get(self.spellings.get(word)?)
    }
}

/// Every text that means the entry's own word: code, name, aliases.
fn spellings(surface: Surface, entry: &'static TypeEntry) -> Vec<Cow<'static, str>> {
    let Some(word) = entry.own_word(surface) else {
        return Vec::new();
    };
    let aliases = match surface {
        Surface::OpenAi => entry.openai_aliases.as_slice(),
        Surface::Clarifai | Surface::CalypsoAi => &[],
    };
    let code = word.code.map(|code| Cow::Owned(code.to_string()));
    let texts = std::iter::once(&word.text).chain(aliases);
    code.into_iter()
        .chain(texts.map(|text| Cow::Borrowed(text.as_str())))
        .collect()
}

/// Types that the surface shows under the entry's word without being it.
fn narrower<'a>(
    surface: Surface,
    broad: &'a TypeEntry,
    types: &'a [TypeEntry],
) -> impl Iterator<Item = String> + 'a {
    let text = broad.own_word(surface).map(|word| &word.text);
    let leads_to = move |entry: &&TypeEntry| {
        entry
            .word(surface)
            .is_some_and(|word| word.via == Via::OneWay && Some(&word.text) == text)
    };
    types
        .iter()
        .filter(leads_to)
        .map(|entry| entry.name.clone())
}

/// The type of a word that the list lacks: other characters than `a-z 0-9 _ .` become `_`.
pub(super) fn unlisted(prefix: &str, word: &str) -> String {
    let safe = word.chars().map(|c| match c {
        'a'..='z' | '0'..='9' | '_' | '.' => c,
        _ => '_',
    });
    prefix.chars().chain(safe).collect()
}
