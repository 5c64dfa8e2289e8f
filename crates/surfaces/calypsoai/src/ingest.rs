//! Reads an entry of the vendor's log as an event, losing nothing of it.

use std::borrow::Cow;

use docket_event::vocabulary::{Surface, TypeEntry, vocabulary};
use docket_event::{
    Actor, ActorKind, Event, EventId, Fault, Faults, Json, Origin, Project, TEXT_BYTES_MAX, Target,
    Timestamp, Value,
};
use docket_surfaces_kit::lossless;

use crate::user::{FIELDS, MACHINE};
use crate::wire::{HASHED, SPELLING};
use crate::{entry, times};

const SURFACE: Surface = Surface::CalypsoAi;
/// Stands for the organization while an entry is compared with what its event prints.
const NO_ORG: &str = "";
/// What nests deeper in a user is kept with the other differences: a profile lies deeper than a user.
const PROFILE_LEVELS_MAX: usize = 32;

/// The event that an entry tells of. `account` is the vendor organization that it is a fact about, where the
/// sender names one.
///
/// # Errors
/// What cannot be an entry at all: no object, no type, an id that is no string, a time that is none.
/// Everything else is taken: what the event's fields cannot hold is kept beside them.
pub fn ingest(entry: &Value<'_>, account: Option<&str>) -> Result<Event, Faults> {
    let head = Head::read(entry)?;
    let mut event = Event {
        event_type: head.event_type.clone().into_owned(),
        occurred_at: head.occurred_at,
        actor: entry.get("user").and_then(actor),
        request_id: text(entry.get("requestId")),
        data: entry
            .get("data")
            .filter(|data| **data != Value::Null)
            .map(Json::of),
        outcome: vocabulary()
            .fixed_outcome(&head.event_type)
            .unwrap_or_default(),
        ..Event::default()
    };
    read_subjects(&mut event, head.listed, entry);
    event.origin = Some(Origin {
        surface: SURFACE.name().to_owned(),
        account: account.map(str::to_owned),
        id: head.origin_id(entry),
        collected_at: None,
        extra: head.spelling().map(|extra| Json::of(&extra)),
    });
    keep_the_rest(&mut event, &head, entry);
    Ok(event)
}

/// A text that a field can hold: a string, neither empty nor too long.
fn text(value: Option<&Value<'_>>) -> Option<String> {
    let text = value?.as_str()?;
    let fits = !text.is_empty() && text.len() <= TEXT_BYTES_MAX;
    fits.then(|| text.to_owned())
}

/// What every entry must say in a form that can be used.
struct Head<'v> {
    /// The type as the entry spells it.
    word: &'v str,
    event_type: Cow<'static, str>,
    listed: Option<&'static TypeEntry>,
    /// `None` where the entry has none and will be given one.
    id: Option<&'v str>,
    /// Whether the entry says something about its time, be it null.
    timed: bool,
    occurred_at: Option<Timestamp>,
}

impl<'v> Head<'v> {
    fn read(entry: &'v Value<'_>) -> Result<Self, Faults> {
        if entry.as_object().is_none() {
            let reason = format!("the entry is {}; write an object", entry.kind());
            return Err(vec![Fault::new("", reason)]);
        }
        let mut faults = Faults::new();
        let word = word(entry, &mut faults);
        let id = id(entry, &mut faults);
        let created_at = created_at(entry, &mut faults);
        if !faults.is_empty() {
            return Err(faults);
        }
        let listed = vocabulary().by_word(SURFACE, word);
        let event_type = match listed {
            Some(one) => Cow::Borrowed(one.name.as_str()),
            None => Cow::Owned(vocabulary().unlisted(SURFACE, word)),
        };
        Ok(Head {
            word,
            event_type,
            listed,
            id,
            timed: entry.get("createdAt").is_some(),
            occurred_at: created_at.or_else(|| time_of(id?)),
        })
    }

    /// What tells this entry from all others of its account. An entry with neither id nor time is a live
    /// write, and a second one like it is a second event.
    fn origin_id(&self, entry: &Value<'_>) -> Option<String> {
        let usable = |id: &&str| !id.is_empty() && id.len() <= TEXT_BYTES_MAX;
        match self.id.filter(usable) {
            Some(id) => Some(id.to_owned()),
            None => self
                .occurred_at
                .map(|_| format!("{HASHED}{}", lossless::hash(entry))),
        }
    }

    /// The entry's own spelling of its type, where the event's type does not lead back to it.
    fn spelling(&self) -> Option<Value<'v>> {
        let prefix = &vocabulary().surface(SURFACE).unlisted_prefix;
        let said = self.listed.is_some()
            || self.event_type.strip_prefix(prefix.as_str()) == Some(self.word);
        (!said).then(|| Value::object([(SPELLING, Value::string(self.word))]))
    }
}

fn word<'v>(entry: &'v Value<'_>, faults: &mut Faults) -> &'v str {
    let reason = match entry.get("type") {
        Some(Value::String(word)) if !word.is_empty() => return word,
        Some(Value::String(_)) => {
            "is empty; write an event type such as project-created".to_owned()
        }
        Some(other) => format!("is {}; write a string", other.kind()),
        None => "is missing; write an event type such as project-created".to_owned(),
    };
    faults.push(Fault::new("type", reason));
    ""
}

fn id<'v>(entry: &'v Value<'_>, faults: &mut Faults) -> Option<&'v str> {
    match entry.get("id")? {
        Value::Null => None,
        Value::String(id) => Some(id),
        other => {
            let reason = format!("is {}; write a string, or leave it out", other.kind());
            faults.push(Fault::new("id", reason));
            None
        }
    }
}

fn created_at(entry: &Value<'_>, faults: &mut Faults) -> Option<Timestamp> {
    let reason = match entry.get("createdAt")? {
        Value::Null => return None,
        Value::String(text) => match times::instant(text) {
            Ok(time) => return Some(time),
            Err(reason) => reason,
        },
        other => format!(
            "is {}; write a time such as 2026-11-20T00:00:00.000000Z",
            other.kind()
        ),
    };
    faults.push(Fault::new("createdAt", reason));
    None
}

/// The time that a UUID of version 7 carries, to the millisecond.
fn time_of(id: &str) -> Option<Timestamp> {
    const VERSION_AT: usize = 14;
    let dashed = id.len() == 36 && id.as_bytes().get(VERSION_AT) == Some(&b'7');
    let id = EventId::parse(id).filter(|_| dashed)?;
    let millis = id
        .to_bytes()
        .iter()
        .take(6)
        .fold(0_i64, |sum, byte| sum << 8 | i64::from(*byte));
    Timestamp::from_micros(millis.checked_mul(1_000)?)
}

/// Who did it; what the fields cannot hold is the profile.
fn actor(user: &Value<'_>) -> Option<Actor> {
    let members = user.as_object()?;
    let [id, email, name] = FIELDS.map(|name| text(user.get(name)));
    let mut actor = Actor {
        kind: match user.get(MACHINE) {
            Some(Value::Bool(true)) => ActorKind::ServiceAccount,
            Some(_) | None => ActorKind::User,
        },
        id,
        email,
        name,
        profile: None,
    };
    let held = |member: &str| {
        let mut fields = FIELDS.into_iter().zip(crate::user::fields(&actor));
        fields.any(|(name, text)| name == member && text.is_some())
    };
    let rest: Vec<_> = members
        .iter()
        .filter(|(name, value)| !held(name) && shallow(value, PROFILE_LEVELS_MAX))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    actor.profile = (!rest.is_empty()).then(|| Json::of(&Value::Object(rest)));
    Some(actor)
}

/// Whether the value nests no more than so many levels of arrays and objects.
fn shallow(value: &Value<'_>, levels: usize) -> bool {
    let inner = |value: &Value<'_>| levels > 0 && shallow(value, levels - 1);
    match value {
        Value::Array(all) => levels > 0 && all.iter().all(inner),
        Value::Object(all) => levels > 0 && all.iter().all(|(_, value)| inner(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

fn read_subjects(event: &mut Event, listed: Option<&TypeEntry>, entry: &Value<'_>) {
    for rule in listed.map(|one| one.targets.as_slice()).unwrap_or_default() {
        let field = rule.calypsoai.as_deref();
        let Some(id) = field.and_then(|field| text(entry.get(field))) else {
            continue;
        };
        if field == Some("projectId") {
            event.project = Some(Project {
                id: Some(id.clone()),
                name: None,
            });
        }
        event.targets.push(Target {
            kind: rule.kind.clone(),
            id: Some(id),
            ..Target::default()
        });
    }
}

/// Renders the event back and keeps every difference from the entry.
fn keep_the_rest(event: &mut Event, head: &Head<'_>, entry: &Value<'_>) {
    let id = head
        .id
        .map(|_| entry::own_id(event).map_or(Value::Null, Value::string));
    let time = head.occurred_at.map_or(Value::Bool(false), |time| {
        Value::string(times::printed(time))
    });
    let rendered = entry::entry(event, NO_ORG, id, head.timed.then_some(time));
    let unset = entry.get("id") == Some(&Value::Null);
    let patch = if unset {
        let mut given = entry.clone();
        if let Value::Object(members) = &mut given {
            members.retain(|(name, _)| name != "id");
        }
        lossless::difference(&rendered, &given)
    } else {
        lossless::difference(&rendered, entry)
    };
    let Some(patch) = patch else {
        return;
    };
    let mut extra = head.spelling().unwrap_or(Value::Object(Vec::new()));
    for (name, value) in patch.as_object().unwrap_or_default() {
        extra.set(name, value.clone());
    }
    let extra = Json::of(&extra);
    if let Some(origin) = &mut event.origin {
        origin.extra = Some(extra);
    }
}
