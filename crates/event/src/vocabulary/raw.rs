//! A type as the file spells it.

use serde::{Deserialize, Deserializer};

use super::entry::{Category, Confidence, Evidence, Ocsf, Severity, TypeEntry, Via, Word};
use super::file::Ordered;
use super::rules::{Source, TargetRule, resolve_others};
use super::surface::PerSurface;
use crate::Outcome;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntry {
    r#type: String,
    sentence: String,
    category: Category,
    severity: Severity,
    ocsf: Ocsf,
    outcome: Option<RawOutcome>,
    vendors: RawWords,
    #[serde(default)]
    one_way: RawWords,
    same: Option<Evidence>,
    targets: Vec<TargetRule>,
    #[serde(default)]
    openai_payload: Ordered<Source>,
    #[serde(default)]
    personal: Vec<String>,
    docket: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawOutcome {
    Success,
    Failure,
}

impl From<RawOutcome> for Outcome {
    fn from(raw: RawOutcome) -> Self {
        match raw {
            RawOutcome::Success => Self::Success,
            RawOutcome::Failure => Self::Failure,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawWords {
    openai: Option<RawWord>,
    clarifai: Option<RawWord>,
    calypsoai: Option<RawWord>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWord {
    #[serde(alias = "name")]
    r#type: String,
    code: Option<u32>,
    #[serde(default)]
    aliases: Vec<String>,
    payload_documented: Option<bool>,
    tenant_scoped: Option<bool>,
    confidence: Option<Confidence>,
    why: Option<String>,
}

impl<'de> Deserialize<'de> for TypeEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        RawEntry::deserialize(deserializer).map(Self::from)
    }
}

impl From<RawEntry> for TypeEntry {
    fn from(mut raw: RawEntry) -> Self {
        resolve_others(&mut raw.targets);
        let openai = raw.vendors.openai.as_ref();
        Self {
            openai_aliases: openai.map(|word| word.aliases.clone()).unwrap_or_default(),
            openai_payload_documented: openai
                .is_some_and(|word| word.payload_documented.unwrap_or(true)),
            openai_tenant_scoped: openai.is_some_and(|word| word.tenant_scoped.unwrap_or(false)),
            name: raw.r#type,
            sentence: raw.sentence,
            category: raw.category,
            severity: raw.severity,
            ocsf: raw.ocsf,
            outcome: raw.outcome.map(Outcome::from),
            words: words(raw.vendors, raw.one_way),
            same: raw.same,
            targets: raw.targets,
            openai_payload: raw.openai_payload.0,
            personal: raw.personal.iter().map(|path| split(path)).collect(),
            docket: raw.docket,
        }
    }
}

fn words(own: RawWords, one_way: RawWords) -> PerSurface<Option<Word>> {
    PerSurface {
        openai: word(own.openai, one_way.openai),
        clarifai: word(own.clarifai, one_way.clarifai),
        calypsoai: word(own.calypsoai, one_way.calypsoai),
    }
}

fn word(own: Option<RawWord>, one_way: Option<RawWord>) -> Option<Word> {
    let (raw, via) = match (own, one_way) {
        (Some(raw), _) => (raw, Via::Own),
        (None, Some(raw)) => (raw, Via::OneWay),
        (None, None) => return None,
    };
    let evidence = raw
        .confidence
        .zip(raw.why)
        .map(|(confidence, why)| Evidence { confidence, why });
    Some(Word {
        text: raw.r#type,
        code: raw.code,
        via,
        evidence,
    })
}

fn split(path: &str) -> Vec<String> {
    path.split('.').map(str::to_owned).collect()
}
