//! What can be done to a request before its place is known: split, salt, hash, index, compress. Runs on the
//! caller's thread.

use std::collections::HashMap;
use std::sync::Arc;

use docket_event::{EVENT_BYTES_MAX, Event, FAULTS_MAX, Fault, Timestamp};
use docket_merkle::LeafHasher;

use crate::encode::{Parts, SALT_BYTES, begin_leaf, split, too_large};
use crate::environment::Environment;
use crate::frame::FrameEncoder;
use crate::store::Rider;
use crate::terms::{Term, Terms};

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
    /// Its type.
    pub event_type: Arc<str>,
    /// Its terms.
    pub terms: Box<[Term]>,
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
    pub bytes: Vec<u8>,
}

/// A request that lacks only its place.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Its frames, in order.
    pub frames: Vec<PreparedFrame>,
    /// What rides with it.
    pub rider: Rider,
}

impl Prepared {
    /// How many events it has.
    pub fn events(&self) -> usize {
        self.frames.iter().map(|frame| frame.events.len()).sum()
    }

    /// About how many bytes of memory it holds.
    pub fn bytes(&self) -> usize {
        let frames: usize = self.frames.iter().map(|frame| frame.bytes.len()).sum();
        let riders: usize = self
            .rider
            .records
            .iter()
            .map(|change| change.value.as_ref().map_or(0, Vec::len))
            .sum();
        frames + riders + self.events() * BYTES_PER_EVENT
    }
}

/// What a prepared event takes besides its frame: terms, hasher state, salt.
const BYTES_PER_EVENT: usize = 512;

/// What preparing needs.
#[derive(Debug)]
pub struct Preparer<'p> {
    /// Makes terms.
    pub terms: &'p Terms,
    /// Gives salts.
    pub environment: &'p Environment,
    /// Compresses.
    pub encoder: &'p mut FrameEncoder,
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
        let mut salts = vec![[0; SALT_BYTES]; events.len()];
        self.environment.random.fill(salts.as_flattened_mut());
        let mut names: HashMap<String, Arc<str>> = HashMap::new();
        let mut faults = Vec::new();
        let mut frames = Vec::new();
        let (mut parts, mut prepared) = (Vec::new(), Vec::new());
        for ((index, event), salt) in events.into_iter().enumerate().zip(salts) {
            let (one, split) = self.prepare_event(event, salt, &mut names);
            if split.len() > EVENT_BYTES_MAX && faults.len() < FAULTS_MAX {
                faults.push((index, too_large(split.len())));
            }
            parts.push(split);
            prepared.push(one);
            if parts.len() == self.frame_events {
                frames.push(self.frame(&mut parts, &mut prepared));
            }
        }
        if !parts.is_empty() {
            frames.push(self.frame(&mut parts, &mut prepared));
        }
        if faults.is_empty() {
            Ok(Prepared { frames, rider })
        } else {
            Err(faults)
        }
    }

    fn prepare_event(
        &self,
        event: Event,
        salt: [u8; SALT_BYTES],
        names: &mut HashMap<String, Arc<str>>,
    ) -> (PreparedEvent, Parts) {
        let event_type = match names.get(&event.event_type) {
            Some(name) => Arc::clone(name),
            None => {
                let name: Arc<str> = event.event_type.as_str().into();
                names.insert(event.event_type.clone(), Arc::clone(&name));
                name
            }
        };
        let terms = self.terms.of_event(&event).into_boxed_slice();
        let unique = OriginKey::of(&event).map(|key| Box::new((key, event.clone())));
        let micros = event.occurred_at.map(Timestamp::micros);
        let parts = split(event);
        let leaf = begin_leaf(&parts, &salt);
        (
            PreparedEvent {
                micros,
                event_type,
                terms,
                salt,
                leaf,
                unique,
            },
            parts,
        )
    }

    fn frame(&mut self, parts: &mut Vec<Parts>, events: &mut Vec<PreparedEvent>) -> PreparedFrame {
        let bytes = self.encoder.encode(parts);
        parts.clear();
        PreparedFrame {
            events: std::mem::take(events),
            bytes,
        }
    }
}
