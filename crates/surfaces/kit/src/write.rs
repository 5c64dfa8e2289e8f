//! The one way in which surfaces write events.

use docket_access::{Access, Principal};
pub use docket_engine::Appended;
use docket_engine::store::{Idempotency, Rider};
use docket_engine::{AppendError, Log, Request, Ticket};
use docket_event::{ActorKind, Event, FAULTS_MAX, Fault, Faults, Writer, check_event};
use sha2::{Digest, Sha256};

use crate::{App, Refusal};

/// Longest idempotency key.
pub const KEY_BYTES_MAX: usize = 255;

/// Faults by index of the event, at most [`FAULTS_MAX`].
pub type Indexed = Vec<(usize, Fault)>;

/// Events that are written together or not at all.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// The events, in the order of the answer.
    pub events: Vec<Event>,
    /// Makes it safe to repeat.
    pub idempotency: Option<Key>,
}

/// An idempotency key with the body that it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    key: String,
    body_hash: [u8; 32],
}

impl Key {
    /// The key for this body, decompressed; `None` unless it is 1 to [`KEY_BYTES_MAX`] visible ASCII
    /// characters.
    pub fn new(key: &str, body: &[u8]) -> Option<Self> {
        let body_hash = || Sha256::digest(body).into();
        Key::fits(key).then(|| Key {
            key: key.to_owned(),
            body_hash: body_hash(),
        })
    }

    /// Whether `key` can be one.
    pub fn fits(key: &str) -> bool {
        let visible = key.bytes().all(|byte| byte.is_ascii_graphic());
        visible && (1..=KEY_BYTES_MAX).contains(&key.len())
    }
}

/// Why nothing of a batch was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The document as a whole is not a batch.
    #[error("{0}")]
    Malformed(Fault),
    /// More events than a batch may have.
    #[error("more than {max} events in one request")]
    TooMany {
        /// Most events of a batch.
        max: usize,
    },
    /// Some events are wrong.
    #[error("some events cannot be stored")]
    Invalid(Indexed),
    /// The idempotency key was used with another body.
    #[error("this idempotency key was used with another body")]
    KeyReused,
    /// Whatever else the kit refuses.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl App {
    /// Makes a batch with `parse`, on a thread that may block, and appends it. When this returns, the events
    /// are durable and visible.
    ///
    /// The caller's permission is the surface's to check. A token that is bound to a project writes events of
    /// that project only.
    ///
    /// # Errors
    /// [`WriteError`]; nothing of the batch was written then, save perhaps after Unavailable and TimedOut.
    pub async fn write(
        &self,
        caller: &Principal,
        parse: impl FnOnce() -> Result<Batch, WriteError> + Send + 'static,
    ) -> Result<Appended, WriteError> {
        let log = self.log(caller)?;
        let access = self.access()?.clone();
        let now_micros = self.environment().now_micros();
        let caller = caller.clone();
        let begun = self
            .writing(move || begin(&log, &access, &caller, now_micros, parse))
            .await??;
        match begun {
            Begun::Nothing(appended) => Ok(appended),
            Begun::Queued(ticket) => Ok(ticket.done().await?),
        }
    }
}

enum Begun {
    Nothing(Appended),
    Queued(Ticket),
}

fn begin(
    log: &Log,
    access: &Access,
    caller: &Principal,
    now_micros: i64,
    parse: impl FnOnce() -> Result<Batch, WriteError>,
) -> Result<Begun, WriteError> {
    let mut batch = parse()?;
    for event in &mut batch.events {
        note_standing(event, access, caller)?;
    }
    let mut faults = Indexed::new();
    for (index, event) in batch.events.iter().enumerate() {
        let found = check_event(event, Writer::Client, now_micros)
            .err()
            .unwrap_or_default();
        add_faults(&mut faults, index, found);
        add_faults(&mut faults, index, outside_project(event, caller));
    }
    if !faults.is_empty() {
        return Err(WriteError::Invalid(faults));
    }
    let idempotency = batch.idempotency.map(|key| Idempotency {
        token: caller.token_id.clone(),
        key: key.key,
        body_hash: key.body_hash,
        at_micros: now_micros,
    });
    if batch.events.is_empty() && idempotency.is_none() {
        return Ok(Begun::Nothing(Appended {
            tree_size: log.size(),
            ..Appended::default()
        }));
    }
    let rider = Rider {
        idempotency,
        records: Vec::new(),
    };
    Ok(Begun::Queued(log.append(Request {
        events: batch.events,
        rider,
        ..Request::default()
    })?))
}

/// Notes in a live event how its actor stands, if that is a member of ours. What was written elsewhere tells of
/// another time, and a profile that came along is left as it is.
fn note_standing(event: &mut Event, access: &Access, caller: &Principal) -> Result<(), Refusal> {
    let live = event.origin.is_none();
    let actor = event.actor.as_mut().filter(|_| live);
    if let Some(actor) = actor.filter(|actor| actor.kind == ActorKind::User)
        && actor.profile.is_none()
        && let Some(id) = &actor.id
    {
        actor.profile = access.profile(&caller.org, id)?;
    }
    Ok(())
}

/// Adds an event's faults, as long as there is room.
pub fn add_faults(faults: &mut Indexed, index: usize, found: Faults) {
    let room = FAULTS_MAX.saturating_sub(faults.len());
    faults.extend(found.into_iter().take(room).map(|fault| (index, fault)));
}

fn outside_project(event: &Event, caller: &Principal) -> Faults {
    let Some(project) = &caller.project else {
        return Faults::new();
    };
    match event.project_of() {
        Some((id, _)) if id == project => Faults::new(),
        Some((id, _)) => {
            vec![Fault::new(
                "project.id",
                format!("is {id}, but the token is for {project}"),
            )]
        }
        None => vec![Fault::new(
            "project.id",
            format!("is missing; the token is for {project}"),
        )],
    }
}

impl From<AppendError> for WriteError {
    fn from(error: AppendError) -> Self {
        WriteError::Refused(match error {
            AppendError::Invalid(faults) => return WriteError::Invalid(faults),
            AppendError::KeyReused => return WriteError::KeyReused,
            AppendError::Busy(cause) => Refusal::busy(cause),
            // No record rides with a batch of a client's events.
            AppendError::Stale(key) => Refusal::Internal(format!("{} {}", key.kind, key.name)),
            AppendError::Unavailable(cause) | AppendError::Halted(cause) => {
                Refusal::Unavailable(cause)
            }
        })
    }
}
