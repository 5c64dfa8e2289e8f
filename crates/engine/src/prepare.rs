//! What can be done to a request before its place is known: split, salt, hash, index, compress. Runs on the
//! caller's thread.

use std::sync::Arc;

use docket_event::{EVENT_BYTES_MAX, Event, FAULTS_MAX, Fault, Timestamp};
use docket_merkle::LeafHasher;

use crate::columns::TypeSlots;
use crate::encode::{Parts, SALT_BYTES, begin_leaf, split, too_large};
use crate::environment::Environment;
use crate::frame::{Frame, FrameEncoder};
use crate::grams::{GramMaker, Grams};
use crate::request::AppendError;
use crate::store::Rider;
use crate::terms::{Pair, Terms, sort_pairs};

/// About how many terms an event has.
const PAIRS_OF_AN_EVENT: usize = 18;

/// Most events of a request: what slots can number.
pub const REQUEST_EVENTS_MAX: usize = 1 << 16;

/// What makes an origin unique in its log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OriginKey {
    /// The dialect.
    pub surface: String,
    /// The account.
    pub account: Option<String>,
    /// The vendor's id.
    pub id: String,
}

impl OriginKey {
    /// The key of an event that has one.
    pub fn of(event: &Event) -> Option<Self> {
        let origin = event.origin.as_ref()?;
        let id = origin.id.clone().filter(|id| !id.is_empty())?;
        Some(OriginKey {
            surface: origin.surface.clone(),
            account: origin.account.clone(),
            id,
        })
    }
}

/// An event that lacks only its place.
#[derive(Clone, Debug)]
pub struct PreparedEvent {
    /// Event time, if the writer gave one.
    pub micros: Option<i64>,
    /// Its salt.
    pub salt: [u8; SALT_BYTES],
    /// Its leaf so far.
    pub leaf: LeafHasher,
    /// For an event that must be unique: its key, and the event to compare with.
    pub unique: Option<Box<(OriginKey, Event)>>,
}

/// Events and the frame that holds them.
#[derive(Clone, Debug)]
pub struct PreparedFrame {
    /// The events.
    pub events: Vec<PreparedEvent>,
    /// The frame.
    pub frame: Frame,
    /// What their texts have.
    pub grams: Grams,
}

/// A request that lacks only its place.
#[derive(Clone, Debug, Default)]
pub struct Prepared {
    /// Its frames, in order.
    pub frames: Vec<PreparedFrame>,
    /// Which of its events, counted from 0, have which type.
    pub types: TypeSlots,
    /// Terms, each with the number of an event that has it; sorted.
    pub pairs: Vec<Pair>,
    /// What rides with it.
    pub rider: Rider,
}

impl Prepared {
    /// How many events it has.
    pub fn events(&self) -> usize {
        self.frames.iter().map(|frame| frame.events.len()).sum()
    }

    /// Refuses events that might be in the log already.
    pub fn must_be_new(&self) -> Result<(), AppendError> {
        let all = self.frames.iter().flat_map(|frame| &frame.events);
        match all.enumerate().find(|(_, event)| event.unique.is_some()) {
            None => Ok(()),
            Some((index, _)) => Err(AppendError::Invalid(vec![(
                index,
                Fault::new(
                    "origin.id",
                    "has no place where events of several logs depend on each other",
                ),
            )])),
        }
    }

    /// About how many bytes of memory it holds.
    pub fn bytes(&self) -> usize {
        let frames = self.frames.iter().map(|one| one.frame.bytes.len());
        let frames: usize = frames.sum();
        let riders: usize = self
            .rider
            .records
            .iter()
            .map(|change| change.value.as_ref().map_or(0, Vec::len))
            .sum();
        let pairs = self.pairs.len() * size_of::<Pair>();
        let grams = self.frames.len() * Grams::BYTES;
        frames + riders + pairs + grams + self.events() * size_of::<PreparedEvent>()
    }
}

/// What preparing needs.
#[derive(Debug)]
pub struct Preparer<'p> {
    /// Makes terms.
    pub terms: &'p Terms,
    /// Gives salts.
    pub environment: &'p Environment,
    /// Compresses.
    pub encoder: &'p mut FrameEncoder,
    /// Collects what texts have.
    pub grams: GramMaker,
    /// Events in a full frame.
    pub frame_events: usize,
}

impl Preparer<'_> {
    /// Prepares events.
    ///
    /// # Errors
    /// Those that are too large, by index.
    pub fn prepare(
        &mut self,
        events: Vec<Event>,
        rider: Rider,
    ) -> Result<Prepared, Vec<(usize, Fault)>> {
        if events.len() > REQUEST_EVENTS_MAX {
            let reason = format!(
                "a request has {} events; at most {REQUEST_EVENTS_MAX} are written at once",
                events.len()
            );
            return Err(vec![(REQUEST_EVENTS_MAX, Fault::new("", reason))]);
        }
        let mut salts = vec![[0; SALT_BYTES]; events.len()];
        self.environment.random.fill(salts.as_flattened_mut());
        let mut faults = Vec::new();
        let mut prepared = Prepared {
            rider,
            ..Prepared::default()
        };
        let whole = self.frame_events.min(events.len());
        let (mut parts, mut ready) = (Vec::with_capacity(whole), Vec::with_capacity(whole));
        prepared.pairs.reserve(events.len() * PAIRS_OF_AN_EVENT);
        for ((number, event), salt) in (0_u16..=u16::MAX).zip(events).zip(salts) {
            let (one, split) = self.prepare_event(event, number, salt, &mut prepared);
            if split.len() > EVENT_BYTES_MAX && faults.len() < FAULTS_MAX {
                faults.push((usize::from(number), too_large(split.len())));
            }
            parts.push(split);
            ready.push(one);
            if parts.len() == self.frame_events {
                prepared.frames.push(self.frame(&mut parts, &mut ready));
            }
        }
        if !parts.is_empty() {
            prepared.frames.push(self.frame(&mut parts, &mut ready));
        }
        sort_pairs(&mut prepared.pairs);
        if faults.is_empty() {
            Ok(prepared)
        } else {
            Err(faults)
        }
    }

    fn prepare_event(
        &mut self,
        event: Event,
        number: u16,
        salt: [u8; SALT_BYTES],
        index: &mut Prepared,
    ) -> (PreparedEvent, Parts) {
        match index.types.get_mut(event.event_type.as_str()) {
            Some(numbers) => numbers.push(number),
            None => {
                let name: Arc<str> = event.event_type.as_str().into();
                index.types.insert(name, vec![number]);
            }
        }
        self.terms.add(&event, number, &mut index.pairs);
        self.grams.event(&event);
        let unique = OriginKey::of(&event).map(|key| Box::new((key, event.clone())));
        let micros = event.occurred_at.map(Timestamp::micros);
        let parts = split(event);
        let leaf = begin_leaf(&parts, &salt);
        (
            PreparedEvent {
                micros,
                salt,
                leaf,
                unique,
            },
            parts,
        )
    }

    fn frame(&mut self, parts: &mut Vec<Parts>, events: &mut Vec<PreparedEvent>) -> PreparedFrame {
        let frame = self.encoder.encode(parts);
        parts.clear();
        PreparedFrame {
            events: std::mem::replace(events, Vec::with_capacity(self.frame_events)),
            frame,
            grams: self.grams.take(),
        }
    }
}
