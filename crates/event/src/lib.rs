//! What happened: the event, the words for its types, and the questions that can be asked of events.
//!
//! This room does no input or output and knows no vendor's wire shape. Vendor *words* are data of the
//! [`vocabulary`]; everything else here speaks of one canonical record.

pub mod json;
pub mod vocabulary;

mod event;
mod fault;
mod filter;
mod id;
mod order;
mod read;
mod rules;
mod search;
mod time;
mod write;

pub use event::{
    Actor, ActorKind, Credential, CredentialKind, Event, EventError, Geo, OnBehalfOf, Origin,
    Outcome, Project, Recorded, Source, Target,
};
pub use fault::{Fault, Faults};
pub use filter::{
    Field, Filter, Group, Span, Test, each_value, target_value, unlisted_word, usual_address,
};
pub use id::{EventId, IdKey, IdPart};
pub use json::{Json, Value};
pub use order::{Cursor, Direction, LIMIT_MAX, Order, Page, Place, Query, Side};
pub use read::{read_beside, read_event, read_source, read_stored, read_value};
pub use rules::{
    BATCH_BYTES_MAX, BATCH_EVENTS_MAX, EVENT_BYTES_MAX, FAULTS_MAX, SKEW_MAX_MICROS, TARGETS_MAX,
    TEXT_BYTES_MAX, TYPE_BYTES_MAX, Writer, check_event,
};
pub use search::{NEEDLE_BYTES_MAX, Needle, STANDING, each_text, lower_case};
pub use time::Timestamp;
pub use write::{recorded_value, write_event, write_recorded, write_source};
