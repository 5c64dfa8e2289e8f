//! Believable events, always the same for a seed.
//!
//! Organizations, zipf(1.0); 50 types, zipf(1.0); 5,000 actors, zipf(1.0) inside an organization; 1 to 3 targets;
//! 30 % of events have a target id of their own, all other ids are of 20,000, zipf(0.8); every event has a request
//! id of its own; 20 % random addresses; 94 % success; 2 % up to an hour late;
//! 180 days. Some actors and some types are each common and together rare. No two events happen in the same
//! microsecond, so that event time alone orders them, however they were stored.

use std::fmt::Write as _;

use docket_engine::testing::random::Dice;
use docket_event::Timestamp;
use docket_event::vocabulary::{Surface, TypeEntry, vocabulary};

use crate::zipf::Zipf;

/// Types that occur.
pub const TYPES: usize = 50;
/// Actors of an organization.
pub const ACTORS: usize = 5_000;
/// Ranks of actors that are common, but hardly ever do what [`SHUNNED_TYPES`] say.
pub const SHUNNING_ACTORS: std::ops::Range<usize> = 0..8;
/// Ranks of types that are common, but not with [`SHUNNING_ACTORS`].
pub const SHUNNED_TYPES: std::ops::Range<usize> = 8..16;

/// Unix microseconds of the first event: 2025-01-01T00:00:00Z. In the past everywhere, as a server demands.
const START_MICROS: i64 = 1_735_689_600_000_000;
const SPAN_MICROS: i64 = 180 * 24 * 3_600 * 1_000_000;
const LATE_MICROS_MAX: i64 = 3_600 * 1_000_000;
/// Times on time, late and scattered differ by their remainder, so that they never meet.
const REMAINDERS: i64 = 4;
/// An event of a shunned pair is drawn anew but once in so many times.
const SHUNNED_ONCE_IN: usize = 200;
/// Numbers of scattered events start here: their ids are not those of other events.
const SCATTERED_FROM: u64 = 1 << 40;
/// Types whose outcome is open fail as often as this, in thousandths: with those that always fail, 6 % do.
const FAILURES: usize = 48;

const OBJECTS: usize = 20_000;
const REASON_WORDS: usize = 5;
const WORDS: [&str; 32] = [
    "access",
    "after",
    "approved",
    "audit",
    "because",
    "before",
    "changed",
    "customer",
    "deploy",
    "during",
    "expired",
    "for",
    "incident",
    "key",
    "limit",
    "migration",
    "needs",
    "new",
    "of",
    "on-call",
    "owner",
    "policy",
    "quarterly",
    "release",
    "request",
    "review",
    "rotation",
    "service",
    "team",
    "ticket",
    "to",
    "with",
];
const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
];

/// What is generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Seed of all draws.
    pub seed: u64,
    /// How many events the 180 days have.
    pub events: u64,
    /// How many organizations.
    pub orgs: usize,
    /// How event times follow each other.
    pub times: Times,
    /// What events are called.
    pub words: Words,
}

/// What events are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// Types of any kind, on files.
    Any,
    /// Types that a surface has words for, on targets as they have them: it shows all these events.
    Of(Surface),
}

/// How event times follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// Forward, 2 % late.
    Forward,
    /// Anywhere in the span, as an import of old events has them. At most a million of them stay unique.
    Scattered,
}

/// Makes events.
#[derive(Debug)]
pub struct Generator {
    spec: Spec,
    dice: Dice,
    step_micros: i64,
    orgs: Zipf,
    types: Zipf,
    actors: Zipf,
    objects: Zipf,
    /// Types, most frequent first, each with the kind of its targets.
    named: Vec<(&'static str, &'static str)>,
}

/// The types, most frequent first.
pub fn type_names() -> Vec<&'static str> {
    types(Words::Any).map(|entry| entry.name.as_str()).collect()
}

/// Types with these words, most frequent first.
pub fn types(words: Words) -> impl Iterator<Item = &'static TypeEntry> {
    let wanted = move |entry: &&TypeEntry| {
        let plain = !entry.name.starts_with("docket.") && !entry.name.starts_with("ingest.");
        plain
            && match words {
                Words::Any => true,
                Words::Of(surface) => entry.own_word(surface).is_some(),
            }
    };
    vocabulary().types().filter(wanted).take(TYPES)
}

/// The id of an organization's actor, by rank.
pub fn actor_id(org: usize, rank: usize) -> String {
    format!("user_{org:05}{rank:04}")
}

/// The name of an organization.
pub fn org_name(org: usize) -> String {
    format!("org-{org:05}")
}

impl Generator {
    /// The generator of a specification.
    pub fn new(spec: Spec) -> Self {
        let step = SPAN_MICROS / i64::try_from(spec.events.max(1)).unwrap_or(i64::MAX);
        let target = |entry: &'static TypeEntry| match (spec.words, entry.targets.last()) {
            (Words::Of(_), Some(rule)) => rule.kind.as_str(),
            (Words::Any, _) | (_, None) => "file",
        };
        let named = types(spec.words).map(|entry| (entry.name.as_str(), target(entry)));
        let named: Vec<_> = named.collect();
        Generator {
            spec,
            dice: Dice::new(spec.seed),
            step_micros: (step / REMAINDERS).max(1) * REMAINDERS,
            orgs: Zipf::new(spec.orgs, 1.0),
            types: Zipf::new(named.len(), 1.0),
            actors: Zipf::new(ACTORS, 1.0),
            objects: Zipf::new(OBJECTS, 0.8),
            named,
        }
    }

    /// Appends the JSON of the event with this number, and gives the organization that it belongs to.
    pub fn event(&mut self, number: u64, out: &mut String) -> usize {
        let org = self.orgs.roll(&mut self.dice);
        let named = match self.spec.times {
            Times::Forward => number,
            Times::Scattered => SCATTERED_FROM + number,
        };
        self.event_of(org, number, named, out);
        org
    }

    /// Appends the JSON of an event of this organization whose ids are of numbers from `first` on.
    pub fn filling(&mut self, org: usize, first: u64, number: u64, out: &mut String) {
        self.event_of(org, number % self.spec.events.max(1), first + number, out);
    }

    fn event_of(&mut self, org: usize, slot: u64, number: u64, out: &mut String) {
        let (actor, name, target) = self.actor_and_type();
        let occurred = self.time(slot);
        let id = actor_id(org, actor);
        let _ = write!(
            out,
            "{{\"type\":\"{name}\",\"occurred_at\":\"{occurred}\",\
             \"actor\":{{\"kind\":\"user\",\"id\":\"{id}\",\"email\":\"person{actor:04}@org{org:05}.example.com\",\
             \"name\":\"Person {actor:04}\"}},\"credential\":{{\"kind\":\"api_key\",\"id\":\"key_{org:05}{actor:04}\"}},"
        );
        let [a, b, c, d] = self.address(org, actor).to_be_bytes();
        let agent = AGENTS
            .get(actor % AGENTS.len())
            .copied()
            .unwrap_or_default();
        let _ = write!(
            out,
            "\"source\":{{\"ip\":\"{a}.{b}.{c}.{d}\",\"user_agent\":\"{agent}\"}},\
             \"project\":{{\"id\":\"proj_{org:05}{:03}\"}},\"targets\":[",
            actor % 200
        );
        self.targets(target, number, out);
        out.push(']');
        if !fixed(name) && self.dice.below(1_000) < FAILURES {
            out.push_str(",\"outcome\":\"failure\",\"error\":{\"code\":\"permission_denied\",\"message\":\"not allowed\"}");
        }
        self.payload(number, out);
    }

    fn actor_and_type(&mut self) -> (usize, &'static str, &'static str) {
        let actor = self.actors.roll(&mut self.dice);
        let mut kind = self.types.roll(&mut self.dice);
        while SHUNNING_ACTORS.contains(&actor)
            && SHUNNED_TYPES.contains(&kind)
            && !self.dice.once_in(SHUNNED_ONCE_IN)
        {
            kind = self.types.roll(&mut self.dice);
        }
        let named = self.named.get(kind).copied();
        let (name, target) = named.unwrap_or(("project.created", "file"));
        (actor, name, target)
    }

    fn time(&mut self, number: u64) -> Timestamp {
        let number = i64::try_from(number).unwrap_or(0);
        let places = self.step_micros / REMAINDERS;
        let mut below = |end: i64| {
            let end = usize::try_from(end.max(1)).unwrap_or(1);
            i64::try_from(self.dice.below(end)).unwrap_or(0)
        };
        let (slot, offset) = match self.spec.times {
            // A number has one slot and one place in it: two late events of a slot differ by their place.
            Times::Forward if below(50) == 0 => {
                let back = below(LATE_MICROS_MAX / self.step_micros).min(number);
                (number - back, REMAINDERS * (number % places) + 1)
            }
            Times::Forward => (number, REMAINDERS * below(places)),
            Times::Scattered => {
                let slot = below(i64::try_from(self.spec.events).unwrap_or(i64::MAX));
                (slot, REMAINDERS * (number % places) + 2)
            }
        };
        let micros = START_MICROS + slot * self.step_micros + offset;
        Timestamp::from_micros(micros).expect("the span lies after 1970")
    }

    fn address(&mut self, org: usize, actor: usize) -> u32 {
        if self.dice.once_in(5) {
            self.dice.roll() as u32
        } else {
            0x0a00_0000 | (org as u32 & 0xff) << 16 | actor as u32 & 0xffff
        }
    }

    fn targets(&mut self, kind: &str, number: u64, out: &mut String) {
        let unique = self.dice.below(10) < 3;
        for index in 0..=self.dice.below(3) {
            let comma = if index > 0 { "," } else { "" };
            let object = self.objects.roll(&mut self.dice);
            let _ = if unique && index == 0 {
                write!(out, "{{\"kind\":\"model\",\"id\":\"model_{number:014x}\"}}")
            } else {
                write!(
                    out,
                    "{comma}{{\"kind\":\"{kind}\",\"id\":\"{kind}_{object:08}\",\"name\":\"File {object}\"}}"
                )
            };
        }
    }

    /// What applications put in: a change, a reason, something random.
    fn payload(&mut self, number: u64, out: &mut String) {
        let (one, two) = (self.dice.roll(), self.dice.roll());
        let _ = write!(
            out,
            ",\"request_id\":\"req_{number:012x}{:08x}\",\"data\":{{\"before\":{{\"title\":\"Title {}\",\"limits\":{}}},\
             \"after\":{{\"title\":\"Title {}\",\"limits\":{},\"scopes\":[\"api.model.request\",\"api.model.read\"]}},\
             \"trace_id\":\"{one:016x}\",\"reason\":\"",
            one & 0xffff_ffff,
            one % 1_000,
            one % 10_000,
            two % 1_000,
            two % 10_000
        );
        for index in 0..REASON_WORDS {
            let space = if index > 0 { " " } else { "" };
            let word = self.dice.pick(&WORDS).copied().unwrap_or_default();
            let _ = write!(out, "{space}{word}");
        }
        out.push_str("\"}}");
    }
}

/// Whether the type fixes its outcome.
fn fixed(name: &str) -> bool {
    vocabulary().fixed_outcome(name).is_some()
}
