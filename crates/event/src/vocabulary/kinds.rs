//! Target kinds, with the names that vendors have for them.

use std::collections::HashMap;

use serde::Deserialize;

/// A kind of thing that an event can be about.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetKind {
    /// The name in an event's targets.
    #[serde(skip)]
    pub name: String,
    /// What people call it.
    pub label: String,
    /// Clarifai's target kind.
    pub clarifai: Option<String>,
    /// CalypsoAI's subject field.
    pub calypsoai: Option<String>,
}

/// Target kinds by each of their names.
#[derive(Debug)]
pub(super) struct KindIndex {
    by_name: HashMap<&'static str, &'static TargetKind>,
    by_clarifai: HashMap<&'static str, &'static TargetKind>,
    by_calypsoai: HashMap<&'static str, &'static TargetKind>,
}

impl KindIndex {
    pub fn new(kinds: &'static [TargetKind]) -> Self {
        let by = |name: fn(&'static TargetKind) -> Option<&'static str>| {
            kinds
                .iter()
                .filter_map(move |kind| Some((name(kind)?, kind)))
                .collect()
        };
        Self {
            by_name: by(|kind| Some(kind.name.as_str())),
            by_clarifai: by(|kind| kind.clarifai.as_deref()),
            by_calypsoai: by(|kind| kind.calypsoai.as_deref()),
        }
    }

    pub fn by_name(&self, name: &str) -> Option<&'static TargetKind> {
        self.by_name.get(name).copied()
    }

    pub fn by_clarifai(&self, kind: &str) -> Option<&'static TargetKind> {
        self.by_clarifai.get(kind).copied()
    }

    pub fn by_calypsoai(&self, field: &str) -> Option<&'static TargetKind> {
        self.by_calypsoai.get(field).copied()
    }
}
