//! Works out one group commit: which events are new, where they stand, and what must be written for them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use docket_event::{Event, EventId, FAULTS_MAX, Fault, Json, Value};
use docket_merkle::{Frontier, Hash};

use crate::batch::Batch;
use crate::columns::TypeSlots;
use crate::encode::{Parts, finish_leaf, merge};
use crate::frame::{self, FrameEncoder};
use crate::grams::GramMaker;
use crate::params::Params;
use crate::prepare::{OriginKey, Prepared, PreparedEvent, PreparedFrame};
use crate::request::{AppendError, Appended};
use crate::state::LogState;
use crate::store::{BatchRow, GroupId, Head};
use crate::tail::{Joining, Tail};
use crate::terms::{Pair, pair, pair_slot, pair_term};

/// What a group does to one log.
#[derive(Debug)]
pub struct LogWork {
    /// The log.
    pub state: Arc<LogState>,
    /// How many events it had before.
    pub first: u64,
    /// Its head with the group's events.
    pub head: Head,
    /// Its tree with them.
    pub frontier: Frontier,
    /// What goes into which tail; the first stretch belongs to the tail that is there.
    pub stretches: Vec<Stretch>,
    recorded_micros: i64,
    unique: HashMap<OriginKey, (u64, EventId, Event)>,
}

/// Events that go into one tail and one batch row.
#[derive(Debug)]
pub struct Stretch {
    /// Position of the first.
    pub first: u64,
    /// Whether a new tail begins here.
    pub fresh: bool,
    /// What the row keeps and the tail gets.
    pub joining: Joining,
    room_events: usize,
    room_bytes: usize,
}

/// Where an event of a request stands: the stretch, and its slot there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Spot {
    stretch: usize,
    slot: u16,
}

/// What an event of a request turns out to be.
enum Found {
    New,
    /// It is there already, at this place.
    Known(u64, EventId),
    /// It is the same as an earlier one of this request.
    Earlier(usize),
}

impl LogWork {
    /// Work on a log whose writer stands at `head`, at the time `now_micros`.
    pub fn begin(state: Arc<LogState>, now_micros: i64) -> Self {
        let stands = state.head.lock().clone();
        let recorded_micros = now_micros.max(stands.head.recorded_micros).max(1);
        LogWork {
            state,
            first: stands.head.size,
            head: stands.head,
            frontier: stands.frontier,
            stretches: Vec::new(),
            recorded_micros,
            unique: HashMap::new(),
        }
    }

    /// Gives the events of a request their places, or says why it has none.
    ///
    /// `find` looks an origin up among the events that are durable.
    pub fn place(
        &mut self,
        request: Prepared,
        params: &Params,
        encoder: &mut FrameEncoder,
        find: &mut dyn FnMut(&OriginKey) -> Result<Option<docket_event::Recorded>, AppendError>,
    ) -> Result<Appended, AppendError> {
        let found = self.judge(&request, find)?;
        let mut answer = Appended::default();
        let mut spots = Vec::with_capacity(found.len());
        let mut at = 0;
        for frame in request.frames {
            let events = frame.events.len();
            let verdicts = found.get(at..at + events).unwrap_or_default();
            at += events;
            let kept = keep_new(frame, verdicts, encoder)?;
            let mut new = self.put(kept, params).into_iter();
            for verdict in verdicts {
                let (position, id) = match verdict {
                    Found::New => {
                        let (spot, position, id) = new.next().expect("each new event has a place");
                        spots.push(Some(spot));
                        (position, id)
                    }
                    Found::Known(position, id) => (*position, *id),
                    Found::Earlier(index) => place_of(&answer, *index),
                };
                spots.resize(answer.ids.len() + 1, None);
                answer.duplicates += u64::from(!matches!(verdict, Found::New));
                answer.positions.push(position);
                answer.ids.push(id);
            }
        }
        self.index(&request.types, &request.pairs, &spots);
        answer.tree_size = self.head.size;
        Ok(answer)
    }

    /// Which events of the request are new. Changes nothing, so a refused request leaves no trace.
    fn judge(
        &self,
        request: &Prepared,
        find: &mut dyn FnMut(&OriginKey) -> Result<Option<docket_event::Recorded>, AppendError>,
    ) -> Result<Vec<Found>, AppendError> {
        let mut earlier: HashMap<&OriginKey, (usize, &Event)> = HashMap::new();
        let mut faults = Vec::new();
        let mut found = Vec::with_capacity(request.events());
        for (index, event) in request
            .frames
            .iter()
            .flat_map(|frame| &frame.events)
            .enumerate()
        {
            let Some((key, content)) = event.unique.as_deref() else {
                found.push(Found::New);
                continue;
            };
            let known = if let Some((first, other)) = earlier.get(key) {
                Some((Found::Earlier(*first), same(other, content)))
            } else if let Some((position, id, other)) = self.unique.get(key) {
                Some((Found::Known(*position, *id), same(other, content)))
            } else {
                find(key)?.map(|other| {
                    (
                        Found::Known(other.position, other.id),
                        same(&other.event, content),
                    )
                })
            };
            match known {
                None => {
                    earlier.insert(key, (index, content));
                    found.push(Found::New);
                }
                Some((known, true)) => found.push(known),
                Some((known, false)) => {
                    if faults.len() < FAULTS_MAX {
                        let reason =
                            format!("`{}` is in the log already, with other content", key.id);
                        faults.push((index, Fault::new("origin.id", reason)));
                    }
                    found.push(known);
                }
            }
        }
        if faults.is_empty() {
            Ok(found)
        } else {
            Err(AppendError::Invalid(faults))
        }
    }

    /// Puts a frame of new events behind all others, all but their types and terms.
    fn put(&mut self, frame: Option<PreparedFrame>, params: &Params) -> Vec<(Spot, u64, EventId)> {
        let Some(PreparedFrame {
            events,
            frame,
            grams,
        }) = frame
        else {
            return Vec::new();
        };
        self.make_room(events.len(), frame.bytes.len(), params);
        let at = self.stretches.len().saturating_sub(1);
        let stretch = self.stretches.last_mut().expect("room was made");
        let recorded_micros = self.recorded_micros;
        let mut places = Vec::with_capacity(events.len());
        for event in events {
            let position = self.head.size;
            let micros = event.micros.unwrap_or(recorded_micros);
            let id = EventId::new(micros, position, &self.state.key);
            let leaf = finish_leaf(event.leaf, id, recorded_micros);
            self.frontier.append(leaf);
            self.head = Head {
                size: position + 1,
                recorded_micros,
            };
            if let Some(unique) = event.unique {
                let (key, content) = *unique;
                self.unique.insert(key, (position, id, content));
            }
            let columns = &mut stretch.joining.columns;
            let slot = u16::try_from(columns.len()).expect("a stretch fits into a block");
            columns.push(micros, recorded_micros, event.salt, leaf);
            places.push((Spot { stretch: at, slot }, position, id));
        }
        let columns = &mut stretch.joining.columns;
        columns
            .grams
            .push(u32::try_from(places.len()).unwrap_or(u32::MAX), grams);
        stretch.joining.frames.push(frame);
        places
    }

    /// Notes the types and terms of a request's events, which stand at `spots`.
    fn index(&mut self, types: &TypeSlots, pairs: &[Pair], spots: &[Option<Spot>]) {
        if let Some(first) = side_by_side(spots) {
            let stretch = self.stretches.get_mut(first.stretch);
            let stretch = stretch.expect("an event stands in a stretch of its group");
            return stretch.index(types, pairs, |number| Some(first.slot + number));
        }
        for (at, stretch) in self.stretches.iter_mut().enumerate() {
            stretch.index(types, pairs, |number| {
                let spot = spots.get(usize::from(number)).copied().flatten()?;
                (spot.stretch == at).then_some(spot.slot)
            });
        }
    }

    /// Makes sure that the last stretch has room for a frame.
    fn make_room(&mut self, events: usize, bytes: usize, params: &Params) {
        let fits = |stretch: &Stretch| {
            events <= stretch.room_events
                && (bytes <= stretch.room_bytes
                    || stretch.room_events == params.block_events as usize)
        };
        if self.stretches.last().is_none_or(|stretch| !fits(stretch)) {
            let active = self.state.active();
            let whole = params.block_events as usize;
            let old = Stretch::new(
                self.head.size,
                whole.saturating_sub(active.len() as usize),
                params.block_bytes.saturating_sub(active.frame_bytes()),
            );
            let usable = self.stretches.is_empty() && fits(&old);
            let stretch = if usable {
                old
            } else {
                Stretch {
                    fresh: true,
                    ..Stretch::new(self.head.size, whole, params.block_bytes)
                }
            };
            self.stretches.push(stretch);
        }
        if let Some(stretch) = self.stretches.last_mut() {
            stretch.room_events = stretch.room_events.saturating_sub(events);
            stretch.room_bytes = stretch.room_bytes.saturating_sub(bytes);
        }
    }

    /// The rows that make the work durable.
    pub fn rows(&self, group: GroupId) -> impl Iterator<Item = BatchRow> {
        let recorded_micros = self.recorded_micros;
        self.stretches.iter().map(move |stretch| {
            let columns = &stretch.joining.columns;
            let batch = Batch {
                recorded_micros,
                times: Cow::Borrowed(&columns.micros),
                salts: Cow::Borrowed(&columns.salts),
                frames: Cow::Borrowed(&stretch.joining.frames),
            };
            batch.encode(self.state.id, stretch.first, group)
        })
    }

    /// About how many bytes of memory the new events take in their tails.
    pub fn bytes(&self) -> usize {
        let stretches = self.stretches.iter();
        stretches.map(|stretch| stretch.joining.bytes()).sum()
    }

    /// Position and leaf of the first new event, if there is any.
    pub fn sample(&self) -> Option<(u64, Hash)> {
        let stretch = self.stretches.first()?;
        Some((stretch.first, *stretch.joining.columns.leaves.first()?))
    }

    /// Makes the durable events visible. Tails that became full stand in front of a fresh one; they are what is
    /// given back. Only for who holds [`LogState::changing`].
    pub fn publish(self, params: &Params) -> Vec<Arc<Tail>> {
        let mut full = Vec::new();
        for stretch in self.stretches {
            if stretch.fresh {
                full.extend(self.state.freeze());
            }
            self.state.active().join(stretch.joining);
        }
        let active = self.state.active();
        if !active.has_room(1, 0, params.block_events, params.block_bytes) {
            full.extend(self.state.freeze());
        }
        let mut head = self.state.head.lock();
        head.head = self.head;
        head.frontier = self.frontier;
        self.state
            .size
            .store(self.head.size, std::sync::atomic::Ordering::Release);
        full
    }
}

impl Stretch {
    fn new(first: u64, room_events: usize, room_bytes: usize) -> Self {
        Stretch {
            first,
            fresh: false,
            joining: Joining::default(),
            room_events,
            room_bytes,
        }
    }

    /// Notes types and terms; `slot` tells where the event of that number stands, if it stands here.
    fn index(&mut self, types: &TypeSlots, pairs: &[Pair], slot: impl Fn(u16) -> Option<u16>) {
        let columns = &mut self.joining.columns;
        for (name, numbers) in types {
            let slots = numbers.iter().copied().filter_map(&slot);
            match columns.types.get_mut(name) {
                Some(known) => known.extend(slots),
                None => {
                    let slots: Vec<u16> = slots.collect();
                    if !slots.is_empty() {
                        columns.types.insert(Arc::clone(name), slots);
                    }
                }
            }
        }
        // Slots rise with the numbers, so what was sorted stays so.
        let run = pairs.iter().filter_map(|one| {
            let slot = slot(pair_slot(*one))?;
            Some(pair(pair_term(*one), slot))
        });
        columns.terms.push(run.collect());
    }
}

/// Where an earlier event of the same request stands.
fn place_of(answer: &Appended, index: usize) -> (u64, EventId) {
    let position = answer.positions.get(index).copied();
    let place = position.zip(answer.ids.get(index).copied());
    place.expect("an event is compared with earlier ones only")
}

/// Where the first of a request's events stands, if all of them are new and stand side by side.
fn side_by_side(spots: &[Option<Spot>]) -> Option<Spot> {
    let first = spots.first().copied().flatten()?;
    let expected = |number: usize| u16::try_from(usize::from(first.slot) + number).ok();
    let fits = |(number, spot): (usize, &Option<Spot>)| {
        spot.is_some_and(|spot| {
            spot.stretch == first.stretch && Some(spot.slot) == expected(number)
        })
    };
    spots.iter().enumerate().all(fits).then_some(first)
}

/// What an origin's extra members tell of earlier stations of the event, not of the event.
const STATIONS: [&str; 3] = ["id", "recorded_at", "earlier"];

/// Whether two events say the same, whenever they were collected and wherever they have been since.
fn same(one: &Event, other: &Event) -> bool {
    let bare = |event: &Event| {
        let mut event = event.clone();
        if let Some(origin) = &mut event.origin {
            origin.collected_at = None;
            origin.extra = origin.extra.as_ref().and_then(without_stations);
        }
        event
    };
    bare(one) == bare(other)
}

fn without_stations(extra: &Json) -> Option<Json> {
    let Value::Object(members) = extra.value() else {
        return Some(extra.clone());
    };
    let rest: Vec<_> = members
        .into_iter()
        .filter(|(name, _)| !STATIONS.contains(&&**name))
        .collect();
    (!rest.is_empty()).then(|| Json::of(&Value::Object(rest)))
}

/// The frame without the events that are there already; `None` when nothing is left.
fn keep_new(
    frame: PreparedFrame,
    verdicts: &[Found],
    encoder: &mut FrameEncoder,
) -> Result<Option<PreparedFrame>, AppendError> {
    let new = |verdict: &Found| matches!(verdict, Found::New);
    if verdicts.iter().all(new) {
        return Ok(Some(frame));
    }
    let parts = frame::decode(&frame.frame.bytes).map_err(|error| {
        AppendError::Halted(format!("a frame of this request does not decode: {error}"))
    })?;
    let kept = frame.events.into_iter().zip(parts).zip(verdicts);
    let (events, parts): (Vec<PreparedEvent>, Vec<Parts>) = kept
        .filter(|(_, verdict)| new(verdict))
        .map(|(event, _)| event)
        .unzip();
    if events.is_empty() {
        return Ok(None);
    }
    let mut grams = GramMaker::new(parts.len());
    for parts in &parts {
        let event = merge(parts).map_err(|error| {
            AppendError::Halted(format!("an event of this request cannot be read: {error}"))
        })?;
        grams.event(&event);
    }
    let frame = encoder.encode(&parts);
    Ok(Some(PreparedFrame {
        events,
        frame,
        grams: grams.take(),
    }))
}
