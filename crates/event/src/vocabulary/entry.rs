//! One canonical type with all that the list says about it.

use serde::Deserialize;

use super::rules::{Source, TargetRule};
use super::surface::{PerSurface, Surface};
use crate::Outcome;

/// A canonical type.
#[derive(Debug)]
pub struct TypeEntry {
    /// The type itself, dotted, verb last.
    pub name: String,
    /// Template of the sentence that tells the event.
    pub sentence: String,
    /// What kind of fact it is.
    pub category: Category,
    /// How much a success matters, unless the server knows better.
    pub severity: Severity,
    /// Class and activity of OCSF.
    pub ocsf: Ocsf,
    /// The outcome, where the type itself fixes it.
    pub outcome: Option<Outcome>,
    /// Other spellings of the OpenAI word, accepted in filters and on ingest.
    pub openai_aliases: Vec<String>,
    /// False where OpenAI names the type without describing its payload.
    pub openai_payload_documented: bool,
    /// Whether OpenAI's type is about the tenant above organizations.
    pub openai_tenant_scoped: bool,
    /// Why the words of several vendors are this one type.
    pub same: Option<Evidence>,
    /// Kinds of targets, main one first; a kind may stand in several places.
    pub targets: Vec<TargetRule>,
    /// OpenAI payload paths in order, with what fills them for an event from elsewhere.
    pub openai_payload: Vec<(String, Source)>,
    /// Paths of the personal part, besides those that always belong to it.
    pub personal: Vec<Vec<String>>,
    /// When Docket writes this type about itself.
    pub docket: Option<String>,
    pub(super) words: PerSurface<Option<Word>>,
}

impl TypeEntry {
    /// The word under which the surface shows this type: its own, or else the one-way word.
    pub fn word(&self, surface: Surface) -> Option<&Word> {
        self.words.get(surface).as_ref()
    }

    /// The word of the surface that means exactly this type.
    pub fn own_word(&self, surface: Surface) -> Option<&Word> {
        self.word(surface).filter(|word| word.via == Via::Own)
    }

    /// The first rule for targets of this kind.
    pub fn target(&self, kind: &str) -> Option<&TargetRule> {
        self.targets.iter().find(|rule| rule.kind == kind)
    }

    /// Severity of a failure: at least low.
    pub fn severity_of_failure(&self) -> Severity {
        self.severity.max(Severity::Low)
    }
}

/// A vendor's word for a type.
#[derive(Debug, PartialEq, Eq)]
pub struct Word {
    /// The word; the name, where the vendor has codes.
    pub text: String,
    /// The vendor's number for it.
    pub code: Option<u32>,
    /// Whether it means this type or only covers it.
    pub via: Via,
    /// Why a one-way word is true.
    pub evidence: Option<Evidence>,
}

/// How a word belongs to a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// The word means exactly this type.
    Own,
    /// The word is broader: it may show this type, and never becomes it.
    OneWay,
}

/// Why a statement about words is true.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// How sure it is.
    pub confidence: Confidence,
    /// The reason, in a sentence.
    pub why: String,
}

/// How sure a statement about words is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Names and usual targets say it.
    Medium,
    /// The published texts of both sides say it.
    High,
}

/// What kind of fact an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Who may get in or do what.
    Access,
    /// How the platform is set up.
    Configuration,
    /// Who proved who they are.
    Authentication,
    /// What happened to content.
    Data,
}

impl Category {
    /// The name in the list.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Configuration => "configuration",
            Self::Authentication => "authentication",
            Self::Data => "data",
        }
    }
}

/// How much an event matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// For the record.
    Informational,
    /// Worth a look in passing.
    Low,
    /// Worth a look.
    Medium,
    /// Worth a look at once.
    High,
}

impl Severity {
    /// The name in the list.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// Class and activity of OCSF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ocsf {
    /// `class_uid`
    pub class_uid: u32,
    /// `activity_id`; 99 is other.
    pub activity_id: u32,
}
