//! The vendor surfaces, by the names under which tables and origins know them.

use serde::Deserialize;

/// A vendor's audit-log API that Docket answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Surface {
    /// OpenAI's organization audit log.
    OpenAi,
    /// Clarifai's audit log search.
    Clarifai,
    /// CalypsoAI's event log.
    CalypsoAi,
}

impl Surface {
    /// Every surface, in the order in which documents list them.
    pub const ALL: [Self; 3] = [Self::OpenAi, Self::Clarifai, Self::CalypsoAi];

    /// The name that stands in `origin.surface` and in unlisted types.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Clarifai => "clarifai",
            Self::CalypsoAi => "calypsoai",
        }
    }

    /// What marks an event for its views that cross vendors: the name and a plus.
    pub const fn crossing(self) -> &'static str {
        match self {
            Self::OpenAi => "openai+",
            Self::Clarifai => "clarifai+",
            Self::CalypsoAi => "calypsoai+",
        }
    }

    /// The surface of that name, spelled exactly so.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|surface| surface.name() == name)
    }
}

/// What holds for all events of one surface.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SurfaceRules {
    /// How many words the vendor publishes.
    pub words: usize,
    /// Whether an entry on the wire says if the act succeeded.
    pub outcome_on_the_wire: bool,
    /// Types that are shown although they failed, because their word says so.
    #[serde(default)]
    pub failure_words: Vec<String>,
    /// Code that stands for every word in a filter and is never an event.
    pub wildcard_code: Option<u32>,
    /// What the type of an event begins with when the list lacks its word.
    pub unlisted_prefix: String,
}

/// One value for each surface.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PerSurface<T> {
    pub openai: T,
    pub clarifai: T,
    pub calypsoai: T,
}

impl<T> PerSurface<T> {
    pub fn get(&self, surface: Surface) -> &T {
        match surface {
            Surface::OpenAi => &self.openai,
            Surface::Clarifai => &self.clarifai,
            Surface::CalypsoAi => &self.calypsoai,
        }
    }

    pub fn from_fn(mut value: impl FnMut(Surface) -> T) -> Self {
        Self {
            openai: value(Surface::OpenAi),
            clarifai: value(Surface::Clarifai),
            calypsoai: value(Surface::CalypsoAi),
        }
    }
}
