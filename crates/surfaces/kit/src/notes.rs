//! What is written down about requests behind their answers: those that were denied, reads, and the use of tokens.
//!
//! No answer waits for it. Notes go through a bounded queue to [`App::keep_notes`], which the server runs beside its
//! listeners; without it nothing is written. What a kill loses: of denied requests and used tokens what is still queued,
//! usually nothing; of reads the counts of this process for the hour under way.

mod denials;
mod keeping;
mod reads;
mod uses;

use std::fmt;

use docket_event::Event;
use tokio::sync::{Mutex, Notify, mpsc};

pub(crate) use denials::Place;
pub use denials::{DENIALS_OF_ORG_MAX, DENIALS_OF_TOKEN_MAX, DENIALS_SOURCES_MAX};
pub use reads::{READS_EARLY, READS_MAX};
pub use uses::USES_MAX;

use denials::Denials;
use reads::{Count, Key, Reads, Room};
use uses::Uses;

use crate::asked::Denial;
use crate::contract::surface_of;
use crate::{App, Principal};

/// Notes that wait to be written. Beyond it denied requests are left out, and counted by the next one that is written.
pub const NOTES_MAX: usize = 1_024;

/// What is to be written down, and what was lately.
pub(crate) struct Notes {
    sender: mpsc::Sender<Note>,
    queue: Mutex<mpsc::Receiver<Note>>,
    denials: Denials,
    reads: Reads,
    uses: Uses,
    /// Tells that the counts of reads fill their memory.
    reads_due: Notify,
}

/// One thing to write down.
#[derive(Debug)]
enum Note {
    Denied(Box<Denied>),
    Used { org: String, token_id: String },
}

#[derive(Debug)]
struct Denied {
    org: String,
    token_id: String,
    event: Event,
    /// How many requests it stands for.
    requests: u64,
}

impl Notes {
    pub fn new() -> Self {
        let (sender, queue) = mpsc::channel(NOTES_MAX);
        Notes {
            sender,
            queue: Mutex::new(queue),
            denials: Denials::default(),
            reads: Reads::default(),
            uses: Uses::default(),
            reads_due: Notify::new(),
        }
    }

    /// A request was denied.
    pub fn denied(&self, denial: &Denial, place: Place<'_>, now_micros: i64) {
        let admitted = self
            .denials
            .admit(&denial.org, &denial.token_id, now_micros);
        let Some(left_out) = admitted else {
            return count_denied("no");
        };
        let denied = Denied {
            org: denial.org.clone(),
            token_id: denial.token_id.clone(),
            event: denials::event(denial, place, left_out, now_micros),
            requests: left_out.saturating_add(1),
        };
        if let Err(unsent) = self.sender.try_send(Note::Denied(Box::new(denied))) {
            self.is_unwritten(unsent.into_inner());
        }
    }

    /// A token was let in.
    pub fn used(&self, org: &str, token_id: &str, now_micros: i64) {
        if !self.uses.is_due(org, token_id, now_micros) {
            return;
        }
        let (org, token_id) = (org.to_owned(), token_id.to_owned());
        if let Err(unsent) = self.sender.try_send(Note::Used { org, token_id }) {
            self.is_unwritten(unsent.into_inner());
        }
    }

    fn is_unwritten(&self, note: Note) {
        match note {
            Note::Denied(denied) => {
                count_denied("no");
                self.denials
                    .give_back(&denied.org, &denied.token_id, denied.requests);
            }
            Note::Used { org, token_id } => self.uses.forget(&org, &token_id),
        }
    }

    fn read(&self, key: Key, count: &Count) {
        match self.reads.add(key, &count.owner, count.requests) {
            Room::Enough => {}
            Room::Scarce => self.reads_due.notify_one(),
            Room::None => {
                metrics::counter!("docket_reads_unrecorded_total").increment(count.requests);
            }
        }
    }
}

impl fmt::Debug for Notes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Notes(..)")
    }
}

fn count_denied(written: &'static str) {
    metrics::counter!("docket_requests_denied_total", "written" => written).increment(1);
}

impl App {
    /// Counts the request as one that read events, if its organization wants that recorded. Whoever reads through
    /// [`App::page`] and its like need not call it; a second call for one request changes nothing.
    pub fn note_read(&self, caller: &Principal) {
        if !caller.read_audit || !caller.asked().is_first_read() {
            return;
        }
        let Some(surface) = surface_of(self.surfaces(), caller.asked().path()) else {
            return;
        };
        let now_micros = self.environment().now_micros();
        let key = Key::new(&caller.org, &caller.token_id, surface.name, now_micros);
        let owner = caller.owner.clone();
        self.notes().read(key, &Count { owner, requests: 1 });
    }
}
