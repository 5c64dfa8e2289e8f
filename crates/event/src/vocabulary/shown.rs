//! Which events a surface can name truthfully.

use super::surface::Surface;
use super::{TypeEntry, Vocabulary};

/// What an event's visibility depends on.
#[derive(Debug, Clone, Copy)]
pub struct ShownFacts<'a> {
    /// The event's type.
    pub event_type: &'a str,
    /// Whether the outcome is a failure.
    pub failed: bool,
    /// `origin.surface`
    pub origin_surface: Option<&'a str>,
    /// Whether `origin.account` is there: a fact about somebody's account at a vendor.
    pub origin_account: bool,
}

/// To whom a surface shows an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shown {
    /// To nobody.
    No,
    /// To every view of the surface.
    Everyone,
    /// Only to views that include facts about accounts at other vendors.
    CrossVendorOnly,
}

/// `entry` is that of the event's type.
pub(super) fn decide(
    vocabulary: &Vocabulary,
    entry: Option<&TypeEntry>,
    surface: Surface,
    facts: &ShownFacts<'_>,
) -> Shown {
    let rules = vocabulary.surface(surface);
    let named = match entry {
        Some(entry) => entry.word(surface).is_some(),
        None => facts.event_type.starts_with(&rules.unlisted_prefix),
    };
    let told = rules.outcome_on_the_wire
        || !facts.failed
        || rules
            .failure_words
            .iter()
            .any(|word| word == facts.event_type);
    if !named || !told {
        Shown::No
    } else if !facts.origin_account || facts.origin_surface == Some(surface.name()) {
        Shown::Everyone
    } else {
        Shown::CrossVendorOnly
    }
}
