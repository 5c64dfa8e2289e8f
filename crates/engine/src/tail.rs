//! Events that are durable and not yet sealed, indexed in memory.
//!
//! A tail grows while its log is written to, is frozen when it is full, and stays readable until its block
//! is committed. Readers hold the lock only to pick candidates and to copy frames' handles.

mod search;
mod sets;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use docket_event::{Direction, IdKey, Order, Place, Recorded};
use docket_merkle::Frontier;
use parking_lot::RwLock;

use crate::bits::Bits;
use crate::block::{BLOCK_EVENTS_MAX, place};
use crate::codec::Malformed;
use crate::columns::Columns;
use crate::encode::merge;
use crate::frame::{Frame, OpenFrame};
use crate::plan::{Candidates, Plan};

pub use search::TailCandidate;

/// Candidates that are fewer than one in this many events are sorted; others are picked along the order.
const SPARSE: u32 = 16;

/// The unsealed events from one position on.
#[derive(Debug)]
pub struct Tail {
    first: u64,
    inner: RwLock<Content>,
}

/// What a tail holds.
#[derive(Debug, Default)]
pub struct Content {
    /// What is known of each event.
    pub columns: Columns,
    /// The frames that hold them.
    pub frames: Vec<Frame>,
    /// Slots in occurred order.
    pub order: Vec<u16>,
    /// First slot of each frame.
    starts: Vec<u32>,
    frame_bytes: usize,
}

/// Some events that join a tail: what is known of them, and the frames that hold them.
#[derive(Clone, Debug, Default)]
pub struct Joining {
    /// What is known of each event; slots count from the first of these.
    pub columns: Columns,
    /// Their frames.
    pub frames: Vec<Frame>,
}

/// Where an event of a tail is.
#[derive(Debug)]
struct Found {
    slot: u32,
    frame_first: u32,
    frame: Arc<[u8]>,
    recorded_micros: i64,
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

impl Joining {
    /// Bytes of memory that they take in a tail, about.
    pub fn bytes(&self) -> usize {
        let frames: usize = self.frames.iter().map(|frame| frame.bytes.len()).sum();
        frames + self.columns.bytes()
    }
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
        self.inner.read().count()
    }

    /// Position behind its last event.
    pub fn end(&self) -> u64 {
        self.first + u64::from(self.len())
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of its frames.
    pub fn frame_bytes(&self) -> usize {
        self.inner.read().frame_bytes
    }

    /// About how many bytes of memory it takes.
    pub fn bytes(&self) -> usize {
        let inner = self.inner.read();
        inner.frame_bytes + inner.columns.bytes()
    }

    /// Whether `events` more of `bytes` fit, when it may hold `events_max` and `bytes_max`. An empty tail takes
    /// any frame.
    pub fn has_room(&self, events: usize, bytes: usize, events_max: u32, bytes_max: usize) -> bool {
        let inner = self.inner.read();
        let events_max = events_max.min(BLOCK_EVENTS_MAX) as usize;
        inner.columns.is_empty()
            || (inner.columns.len() + events <= events_max
                && inner.frame_bytes + bytes <= bytes_max)
    }

    /// Makes events visible, in the order of the log.
    pub fn join(&self, joining: Joining) {
        self.inner.write().join(joining);
    }

    /// Looks at everything, such as to build a block from it. The caller makes sure that no events join meanwhile:
    /// they would wait.
    pub fn content<T>(&self, look: impl FnOnce(&Content) -> T) -> T {
        look(&self.inner.read())
    }

    /// The candidates for `plan`, in walking order. Fewer than asked for: there are no more.
    pub fn candidates(&self, plan: &Plan, walk: &TailWalk, key: &IdKey) -> Vec<TailCandidate> {
        let inner = self.inner.read();
        let visible = walk
            .end
            .saturating_sub(self.first)
            .min(u64::from(inner.count()));
        let visible = u32::try_from(visible).unwrap_or(u32::MAX);
        let Candidates { mut wanted, looks } = inner.evaluate(plan, self.first, key);
        let slots = plan.slots(self.first, visible, &mut |micros| {
            inner.columns.first_recorded_from(micros)
        });
        wanted.clamp(slots.start, slots.end);
        if walk.order == Order::Recorded {
            plan.span_filter(&mut wanted, |slot| inner.micros(slot));
        }
        let found = match walk.order {
            Order::Recorded => self.by_position(&wanted, walk),
            Order::Occurred => inner.by_time(&wanted, self.first, plan, walk),
        };
        let candidate = |slot: u32| TailCandidate {
            place: Place {
                micros: inner.micros(slot),
                position: self.first + u64::from(slot),
            },
            needs: looks.needs(slot),
        };
        found.into_iter().map(candidate).collect()
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
        let all = self.inner.read().find(self.first, positions)?;
        let mut opened: HashMap<u32, OpenFrame> = HashMap::new();
        let mut events = Vec::with_capacity(positions.len());
        for (position, found) in positions.iter().zip(all) {
            let frame = match opened.entry(found.frame_first) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => entry.insert(OpenFrame::open(&found.frame)?),
            };
            let event = merge(&frame.parts((found.slot - found.frame_first) as usize)?)?;
            events.push(place(event, found.recorded_micros, *position, key));
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
        let inner = self.inner.read();
        let leaves = inner.columns.leaves.iter();
        leaves.for_each(|leaf| frontier.append(*leaf));
    }
}

impl Content {
    fn count(&self) -> u32 {
        u32::try_from(self.columns.len()).unwrap_or(u32::MAX)
    }

    fn join(&mut self, joining: Joining) {
        let mut first = self.count();
        let last = first as usize + joining.columns.len();
        assert!(
            last <= BLOCK_EVENTS_MAX as usize,
            "a tail is frozen before it outgrows a block"
        );
        self.columns.append(joining.columns);
        self.put_in_order(first);
        for frame in joining.frames {
            self.frame_bytes += frame.bytes.len();
            self.starts.push(first);
            first += u32::try_from(frame.events).unwrap_or(u32::MAX);
            self.frames.push(frame);
        }
    }

    /// Puts the slots from `from` on into occurred order. Late events move only what happened after them.
    fn put_in_order(&mut self, from: u32) {
        let micros = &self.columns.micros;
        let time = |slot: &u16| micros.get(usize::from(*slot)).copied().unwrap_or_default();
        let slots = from..u32::try_from(micros.len()).unwrap_or(u32::MAX);
        let slots = slots.filter_map(|slot| u16::try_from(slot).ok());
        let Some(earliest) = slots.clone().map(|slot| time(&slot)).min() else {
            return;
        };
        let late = self.order.partition_point(|slot| time(slot) <= earliest);
        self.order.extend(slots);
        if let Some(moved) = self.order.get_mut(late..) {
            // Stable: of equal times the lower slot comes first. Both parts are sorted mostly, which is cheap.
            moved.sort_by_key(time);
        }
    }

    fn micros(&self, slot: u32) -> i64 {
        self.columns
            .micros
            .get(slot as usize)
            .copied()
            .unwrap_or_default()
    }

    fn evaluate(&self, plan: &Plan, first: u64, key: &IdKey) -> Candidates {
        let mut index = search::TailIndex {
            content: self,
            first,
            key,
        };
        match plan.evaluate(self.count(), &mut index) {
            Ok(candidates) => candidates,
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

    /// Where the events of some positions are.
    fn find(&self, first: u64, positions: &[u64]) -> Result<Vec<Found>, Malformed> {
        let find = |position: &u64| {
            let slot = u32::try_from(position.checked_sub(first)?).ok()?;
            let after = self.starts.partition_point(|start| *start <= slot);
            let at = after.checked_sub(1)?;
            (slot < self.count()).then(|| {
                Some(Found {
                    slot,
                    frame_first: self.starts.get(at).copied()?,
                    frame: Arc::clone(&self.frames.get(at)?.bytes),
                    recorded_micros: self.columns.recorded(slot),
                })
            })?
        };
        positions
            .iter()
            .map(|position| find(position).ok_or(Malformed("no such event")))
            .collect()
    }
}
