//! The events of one frame, put together as they are asked for.

use std::sync::OnceLock;

use docket_event::Event;

use crate::codec::Malformed;
use crate::encode::{Parts, merge};
use crate::frame;

/// About what an event takes besides its texts: itself, and what holds them.
const EVENT_BYTES: usize = size_of::<Event>() + 512;

/// A frame in memory. Putting an event together costs more than copying it, and often one of a frame is wanted.
#[derive(Debug)]
pub struct FrameEvents {
    parts: Vec<Parts>,
    events: Vec<OnceLock<Event>>,
}

impl FrameEvents {
    /// The events of a stored frame.
    ///
    /// # Errors
    /// It is not what an encoder makes.
    pub fn decode(frame: &[u8]) -> Result<Self, Malformed> {
        let parts = frame::decode(frame)?;
        let events = parts.iter().map(|_| OnceLock::new()).collect();
        Ok(FrameEvents { parts, events })
    }

    /// An event by its place in the frame.
    ///
    /// # Errors
    /// There is none, or its parts are not what was split.
    pub fn event(&self, index: usize) -> Result<&Event, Malformed> {
        let missing = Malformed("a frame lacks an event");
        let place = self.events.get(index).ok_or(missing)?;
        match place.get() {
            Some(event) => Ok(event),
            None => {
                let event = merge(self.parts.get(index).ok_or(missing)?)?;
                Ok(place.get_or_init(|| event))
            }
        }
    }

    /// About how many bytes of memory it takes when all its events are put together.
    pub fn bytes(&self) -> usize {
        let texts: usize = self.parts.iter().map(Parts::len).sum();
        2 * texts + self.parts.len() * EVENT_BYTES
    }
}
