//! What is compared: a design answers questions, and its pages have a checksum.

use docket_event::Place;
use sha2::{Digest, Sha256};

use crate::clock::Stopwatch;
use crate::data::hex;
use crate::questions::{NAMES, Question, Set};
use crate::stats::{Spread, Times};

/// A way to keep events that can be asked.
pub trait Design {
    /// A page as the design gives it.
    type Page;

    /// Answers a question; `after` is where the page begins, if the question says so. This is what is timed: every
    /// event of the page is in memory, with all its content, when it returns.
    fn page(&self, question: &Question, after: Option<Place>) -> anyhow::Result<Self::Page>;

    /// What names the events of a page, in its order.
    fn keys(page: &Self::Page) -> anyhow::Result<Vec<Key>>;
}

/// What names an event in every design.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Where it stands in this design.
    pub place: Place,
    /// Its request id, which no other event has.
    pub request: String,
}

/// How the questions of a kind were answered.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The kind.
    pub name: &'static str,
    /// Times.
    pub spread: Spread,
    /// Events of all pages together.
    pub events: usize,
    /// Hash over event times and request ids of all pages, in order.
    pub checksum: String,
}

/// Where the latest events of a design stand: what its cursors name.
pub fn latest_places(design: &impl Design) -> anyhow::Result<Vec<Place>> {
    keys(design, &Question::latest(docket_event::LIMIT_MAX), None)
        .map(|keys| keys.into_iter().map(|key| key.place).collect())
}

/// Asks all questions of a set.
pub fn ask_all<D: Design>(design: &D, set: &Set) -> anyhow::Result<Vec<Asked>> {
    let places = latest_places(design)?;
    let mut answers = Vec::new();
    for (kind, name) in NAMES.iter().enumerate() {
        for question in set.warming.get(kind).into_iter().flatten() {
            design.page(question, after(question, &places)?)?;
        }
        let questions = set.timed.get(kind).map(Vec::as_slice).unwrap_or_default();
        let mut counted = Counted::default();
        for question in questions {
            counted.ask(design, question, &places)?;
        }
        answers.push(counted.done(name));
    }
    Ok(answers)
}

/// Where the page of a question begins.
pub fn after(question: &Question, places: &[Place]) -> anyhow::Result<Option<Place>> {
    let Some(rank) = question.after else {
        return Ok(None);
    };
    let place = places.get(rank).copied();
    place
        .map(Some)
        .ok_or_else(|| anyhow::anyhow!("too few events for page 50; give more --events"))
}

fn keys<D: Design>(
    design: &D,
    question: &Question,
    after: Option<Place>,
) -> anyhow::Result<Vec<Key>> {
    D::keys(&design.page(question, after)?)
}

/// Answers so far.
#[derive(Debug, Default)]
pub struct Counted {
    times: Times,
    events: usize,
    hash: Sha256,
}

impl Counted {
    /// Asks a question and counts the answer.
    pub fn ask<D: Design>(
        &mut self,
        design: &D,
        question: &Question,
        places: &[Place],
    ) -> anyhow::Result<()> {
        let after = after(question, places)?;
        let watch = Stopwatch::start();
        let page = design.page(question, after)?;
        self.times.add(watch.time());
        let keys = D::keys(&page)?;
        self.events += keys.len();
        self.hash.update((keys.len() as u64).to_be_bytes());
        for key in keys {
            self.hash.update(key.place.micros.to_be_bytes());
            self.hash.update(key.request.as_bytes());
        }
        Ok(())
    }

    /// What it came to.
    pub fn done(self, name: &'static str) -> Asked {
        Asked {
            name,
            spread: self.times.spread(),
            events: self.events,
            checksum: hex(&self.hash.finalize()).chars().take(16).collect(),
        }
    }
}
