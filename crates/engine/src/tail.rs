//! Events that are durable and not yet sealed, indexed in memory.
//!
//! A tail grows while its log is written to, is frozen when it is full, and stays readable until its block
//! is committed. Readers hold the lock only to pick candidates and to copy frames' handles.

use std::collections::HashMap;
use std::sync::Arc;

use docket_event::{Direction, IdKey, Order, Place, Recorded};
use docket_merkle::Frontier;
use parking_lot::RwLock;

use crate::bits::Bits;
use crate::block::{BLOCK_EVENTS_MAX, Slot};
use crate::codec::Malformed;
use crate::encode::merge;
use crate::frame;
use crate::plan::Plan;
use crate::terms::Term;

/// Candidates that are fewer than one in this many events are sorted; others are picked along the order.
const SPARSE: u32 = 16;

/// The unsealed events from one position on.
#[derive(Debug)]
pub struct Tail {
    first: u64,
    inner: RwLock<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    slots: Vec<Slot>,
    frames: Vec<FrameOf>,
    /// Slots in occurred order.
    order: Vec<u16>,
    postings: HashMap<Term, Vec<u16>>,
    types: HashMap<Arc<str>, Vec<u16>>,
    frame_bytes: usize,
}

#[derive(Clone, Debug)]
struct FrameOf {
    first: u32,
    events: usize,
    data: Arc<Vec<u8>>,
}

/// Some events that join a tail: their slots and the frame that holds them.
#[derive(Clone, Debug)]
pub struct Joining {
    /// What is known of each event.
    pub slots: Vec<Slot>,
    /// Their frame.
    pub frame: Vec<u8>,
}

/// What a tail holds, for sealing.
#[derive(Debug)]
pub struct TailContent {
    /// All events.
    pub slots: Vec<Slot>,
    /// Their frames.
    pub frames: Vec<(usize, Vec<u8>)>,
}

/// Which of a tail's events are wanted, and how far a look at them goes.
#[derive(Clone, Copy, Debug)]
pub struct TailWalk {
    /// The order.
    pub order: Order,
    /// The direction.
    pub direction: Direction,
    /// Only behind this place, in the direction of the walk.
    pub after: Option<Place>,
    /// Most candidates to give.
    pub most: usize,
    /// Positions of this and more were not there when the question was asked.
    pub end: u64,
}

impl Tail {
    /// An empty tail that begins at a position.
    pub fn new(first: u64) -> Self {
        Tail {
            first,
            inner: RwLock::default(),
        }
    }

    /// Position of its first event.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// How many events it has.
    pub fn len(&self) -> u32 {
        u32::try_from(self.inner.read().slots.len()).unwrap_or(u32::MAX)
    }

    /// Position behind its last event.
    pub fn end(&self) -> u64 {
        self.first + u64::from(self.len())
    }

    /// Bytes of its frames.
    pub fn frame_bytes(&self) -> usize {
        self.inner.read().frame_bytes
    }

    /// Whether `events` more of `bytes` fit, when it may hold `events_max` and `bytes_max`. An empty tail takes
    /// any frame.
    pub fn has_room(&self, events: usize, bytes: usize, events_max: u32, bytes_max: usize) -> bool {
        let inner = self.inner.read();
        let events_max = events_max.min(BLOCK_EVENTS_MAX) as usize;
        inner.slots.is_empty()
            || (inner.slots.len() + events <= events_max && inner.frame_bytes + bytes <= bytes_max)
    }

    /// Makes events visible, in the order of the log.
    pub fn join(&self, joining: impl IntoIterator<Item = Joining>) {
        let mut inner = self.inner.write();
        for frame in joining {
            inner.join(frame);
        }
    }

    /// A copy of everything, to build a block from.
    pub fn content(&self) -> TailContent {
        let inner = self.inner.read();
        let frames = inner
            .frames
            .iter()
            .map(|frame| (frame.events, frame.data.to_vec()));
        TailContent {
            slots: inner.slots.clone(),
            frames: frames.collect(),
        }
    }

    /// The positions of candidates for `plan`, in walking order. Fewer than asked for: there are no more.
    pub fn candidates(&self, plan: &Plan, walk: &TailWalk) -> Vec<u64> {
        let inner = self.inner.read();
        let visible = walk
            .end
            .saturating_sub(self.first)
            .min(inner.slots.len() as u64);
        let visible = u32::try_from(visible).unwrap_or(u32::MAX);
        let mut wanted = inner.evaluate(plan);
        let slots = plan.slots(self.first, visible, &mut |micros| {
            inner.first_recorded_from(micros)
        });
        wanted.clamp(slots.start, slots.end);
        if walk.order == Order::Recorded {
            plan.span_filter(&mut wanted, |slot| inner.micros(slot));
        }
        let found = match walk.order {
            Order::Recorded => self.by_position(&wanted, walk),
            Order::Occurred => inner.by_time(&wanted, self.first, plan, walk),
        };
        found
            .into_iter()
            .map(|slot| self.first + u64::from(slot))
            .collect()
    }

    fn by_position(&self, wanted: &Bits, walk: &TailWalk) -> Vec<u32> {
        let slot = |place: Place| u32::try_from(place.position.saturating_sub(self.first)).ok();
        let mut found = Vec::new();
        match walk.direction {
            Direction::Ascending => {
                let mut at = match walk.after {
                    Some(place) if place.position >= self.first => slot(place).map(|slot| slot + 1),
                    _ => Some(0),
                };
                while let Some(next) = at
                    .and_then(|at| wanted.next(at))
                    .filter(|_| found.len() < walk.most)
                {
                    found.push(next);
                    at = Some(next + 1);
                }
            }
            Direction::Descending => {
                let mut below = walk.after.map_or(wanted.end(), |place| {
                    if place.position < self.first {
                        0
                    } else {
                        slot(place).unwrap_or(u32::MAX)
                    }
                });
                while let Some(next) = wanted.previous(below).filter(|_| found.len() < walk.most) {
                    found.push(next);
                    below = next;
                }
            }
        }
        found
    }

    /// The events at some positions, in the order given.
    ///
    /// # Errors
    /// A frame in memory is not what was put there.
    pub fn events(&self, positions: &[u64], key: &IdKey) -> Result<Vec<Recorded>, Malformed> {
        let frames = self.inner.read().frames_of(self.first, positions)?;
        let mut decoded: HashMap<u32, Vec<crate::encode::Parts>> = HashMap::new();
        let mut events = Vec::with_capacity(positions.len());
        for (position, (frame, recorded_micros)) in positions.iter().zip(frames) {
            if let std::collections::hash_map::Entry::Vacant(entry) = decoded.entry(frame.first) {
                entry.insert(frame::decode(&frame.data)?);
            }
            let slot = (position - self.first) as usize;
            let parts = decoded
                .get(&frame.first)
                .and_then(|all| all.get(slot - frame.first as usize));
            let event = merge(parts.ok_or(Malformed("a frame lacks an event"))?)?;
            events.push(crate::block::place(event, recorded_micros, *position, key));
        }
        Ok(events)
    }

    /// The earliest and the latest event time; `None` when empty.
    pub fn times(&self) -> Option<(i64, i64)> {
        let inner = self.inner.read();
        let time = |slot: Option<&u16>| slot.map(|slot| inner.micros(u32::from(*slot)));
        Some((time(inner.order.first())?, time(inner.order.last())?))
    }

    /// Appends the leaves of all its events to a frontier.
    pub fn extend(&self, frontier: &mut Frontier) {
        self.inner
            .read()
            .slots
            .iter()
            .for_each(|slot| frontier.append(slot.leaf));
    }
}

impl Inner {
    fn join(&mut self, joining: Joining) {
        let first = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        let events = joining.slots.len();
        self.frame_bytes += joining.frame.len();
        self.frames.push(FrameOf {
            first,
            events,
            data: Arc::new(joining.frame),
        });
        for slot in joining.slots {
            let number = u16::try_from(self.slots.len())
                .expect("a tail is frozen before it outgrows a block");
            for term in &slot.terms {
                self.postings.entry(*term).or_default().push(number);
            }
            match self.types.get_mut(&slot.event_type) {
                Some(ids) => ids.push(number),
                None => {
                    self.types
                        .insert(Arc::clone(&slot.event_type), vec![number]);
                }
            }
            let late = self
                .order
                .last()
                .is_some_and(|last| self.micros(u32::from(*last)) > slot.micros);
            if late {
                let at = self
                    .order
                    .partition_point(|other| self.micros(u32::from(*other)) <= slot.micros);
                self.order.insert(at, number);
            } else {
                self.order.push(number);
            }
            self.slots.push(slot);
        }
    }

    fn micros(&self, slot: u32) -> i64 {
        self.slots.get(slot as usize).map_or(0, |slot| slot.micros)
    }

    fn first_recorded_from(&self, micros: i64) -> u32 {
        let at = self
            .slots
            .partition_point(|slot| slot.recorded_micros < micros);
        u32::try_from(at).unwrap_or(u32::MAX)
    }

    fn evaluate(&self, plan: &Plan) -> Bits {
        let end = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        let sets = plan.evaluate::<std::convert::Infallible>(
            end,
            &|_| true,
            &mut |term, bits| {
                let ids = self.postings.get(&term).map_or(&[][..], Vec::as_slice);
                ids.iter().for_each(|id| bits.set(u32::from(*id)));
                Ok(())
            },
            &mut |wanted, bits| {
                for (_, ids) in self.types.iter().filter(|(name, _)| wanted(name)) {
                    ids.iter().for_each(|id| bits.set(u32::from(*id)));
                }
                Ok(())
            },
        );
        match sets {
            Ok(bits) => bits,
            Err(never) => match never {},
        }
    }

    /// Wanted slots in occurred order, from the end that the walk begins at.
    fn by_time(&self, wanted: &Bits, first: u64, plan: &Plan, walk: &TailWalk) -> Vec<u32> {
        let key = |slot: u32| Place {
            micros: self.micros(slot),
            position: first + u64::from(slot),
        };
        let ahead = |slot: &u32| {
            plan.occurred.contains(self.micros(*slot))
                && walk.after.is_none_or(|after| {
                    let found = key(*slot).compare(&after, Order::Occurred);
                    match walk.direction {
                        Direction::Ascending => found.is_gt(),
                        Direction::Descending => found.is_lt(),
                    }
                })
        };
        if wanted.count() < self.order.len() as u32 / SPARSE {
            let mut found: Vec<u32> = wanted.iter().filter(ahead).collect();
            found.sort_unstable_by(|a, b| key(*a).compare(&key(*b), Order::Occurred));
            if walk.direction == Direction::Descending {
                found.reverse();
            }
            found.truncate(walk.most);
            return found;
        }
        let pick =
            |slot: &u16| Some(u32::from(*slot)).filter(|slot| wanted.has(*slot) && ahead(slot));
        match walk.direction {
            Direction::Ascending => self.order.iter().filter_map(pick).take(walk.most).collect(),
            Direction::Descending => self
                .order
                .iter()
                .rev()
                .filter_map(pick)
                .take(walk.most)
                .collect(),
        }
    }

    fn frames_of(&self, first: u64, positions: &[u64]) -> Result<Vec<(FrameOf, i64)>, Malformed> {
        let find = |position: &u64| {
            let slot = u32::try_from(position.checked_sub(first)?).ok()?;
            let after = self.frames.partition_point(|frame| frame.first <= slot);
            let frame = self.frames.get(after.checked_sub(1)?)?.clone();
            Some((frame, self.slots.get(slot as usize)?.recorded_micros))
        };
        positions
            .iter()
            .map(|position| find(position).ok_or(Malformed("no such event")))
            .collect()
    }
}
