//! Reading of the list that is built into the program.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, de};

use super::entry::{Severity, TypeEntry};
use super::kinds::TargetKind;
use super::surface::{PerSurface, SurfaceRules};

/// The whole list as it stands in the file.
#[derive(Debug, Deserialize)]
pub(super) struct File {
    pub version: u32,
    pub surfaces: PerSurface<SurfaceRules>,
    pub reserved_prefixes: Vec<String>,
    pub categories: Ordered<String>,
    pub severities: Vec<SeverityRow>,
    pub placeholders: Ordered<String>,
    #[serde(deserialize_with = "kinds")]
    pub target_kinds: Vec<TargetKind>,
    pub types: Vec<TypeEntry>,
    pub kept_apart: Vec<KeptApart>,
}

impl File {
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

/// A severity with its number in OCSF.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SeverityRow {
    pub name: Severity,
    pub ocsf_severity_id: u32,
}

/// Types that look alike and must never be merged.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptApart {
    /// The canonical types.
    pub types: Vec<String>,
    /// What tells them apart.
    pub why: String,
}

/// An object whose members keep the order of the file.
#[derive(Debug)]
pub(super) struct Ordered<T>(pub Vec<(String, T)>);

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OrderedVisitor(PhantomData))
    }
}

struct OrderedVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OrderedVisitor<T> {
    type Value = Ordered<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered<T>, A::Error> {
        let mut members: Vec<(String, T)> = Vec::new();
        while let Some((name, value)) = map.next_entry()? {
            if members.iter().any(|(known, _)| *known == name) {
                return Err(de::Error::custom(format!("member {name:?} stands twice")));
            }
            members.push((name, value));
        }
        Ok(Ordered(members))
    }
}

fn kinds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<TargetKind>, D::Error> {
    let named = Ordered::<TargetKind>::deserialize(deserializer)?;
    Ok(named
        .0
        .into_iter()
        .map(|(name, kind)| TargetKind { name, ..kind })
        .collect())
}
