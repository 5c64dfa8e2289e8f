//! The events of one frame, put together as they are asked for.

use std::sync::OnceLock;

use docket_event::Event;

use crate::codec::Malformed;
use crate::encode::merge;
use crate::frame::OpenFrame;

/// About what an event takes besides its texts: itself, and what holds them.
const EVENT_BYTES: usize = size_of::<Event>() + 512;

/// A frame in memory. Putting an event together costs more than copying it, and often one of a frame is wanted.
#[derive(Debug)]
pub struct FrameEvents {
    frame: OpenFrame,
    events: Vec<OnceLock<Event>>,
}

impl FrameEvents {
    /// The events of a stored frame.
    ///
    /// # Errors
    /// It is not what an encoder makes.
    pub fn open(frame: &[u8]) -> Result<Self, Malformed> {
        let frame = OpenFrame::open(frame)?;
        let events = (0..frame.len()).map(|_| OnceLock::new()).collect();
        Ok(FrameEvents { frame, events })
    }

    /// The frame as it is stored, unpacked.
    pub fn raw(&self) -> &OpenFrame {
        &self.frame
    }

    /// An event by its place in the frame.
    ///
    /// # Errors
    /// There is none, or its parts are not what was split.
    pub fn event(&self, index: usize) -> Result<&Event, Malformed> {
        let place = self.events.get(index);
        let place = place.ok_or(Malformed("a frame lacks an event"))?;
        match place.get() {
            Some(event) => Ok(event),
            None => {
                let event = merge(&self.frame.parts(index)?)?;
                Ok(place.get_or_init(|| event))
            }
        }
    }

    /// About how many bytes of memory it takes when all its events are put together.
    pub fn bytes(&self) -> usize {
        2 * self.frame.bytes() + self.events.len() * EVENT_BYTES
    }
}
