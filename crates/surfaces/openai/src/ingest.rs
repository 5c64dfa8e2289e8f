//! Reads an entry of the vendor's log as an event, losing nothing of it.

mod who;

use std::borrow::Cow;

use docket_event::vocabulary::{Surface, TypeEntry, vocabulary};
use docket_event::{
    Event, EventError, Fault, Faults, Json, Origin, Project, TEXT_BYTES_MAX, Timestamp, Value,
};
use docket_surfaces_kit::lossless;

use crate::entry;
use crate::payload::targets;
use crate::seconds::Seconds;
use crate::wire::{HASHED, SPELLING};

/// The event that an entry tells of. `account` is the vendor organization that it is a fact about, where the
/// sender names one.
///
/// # Errors
/// What cannot be an entry at all: no object, no type, an id that is no string, a time that is no Unix
/// seconds. Everything else is taken: what the event's fields cannot hold is kept beside them.
pub fn ingest(entry: &Value<'_>, account: Option<&str>) -> Result<Event, Faults> {
    let head = Head::read(entry)?;
    let origin_id = head.origin_id(entry);
    let entry = head.normal(entry);
    let mut event = Event {
        event_type: head.event_type.clone().into_owned(),
        occurred_at: head.occurred_at,
        project: entry.get("project").and_then(project),
        ..Event::default()
    };
    if let Some(actor) = entry.get("actor") {
        who::read_actor(&mut event, actor);
    }
    if let Some(payload) = entry
        .get(&head.printed)
        .filter(|value| **value != Value::Null)
    {
        read_payload(&mut event, head.listed, payload);
    }
    event.outcome = vocabulary()
        .fixed_outcome(&event.event_type)
        .unwrap_or_default();
    if !event.failed() {
        event.error = None;
    }
    event.origin = Some(Origin {
        surface: Surface::OpenAi.name().to_owned(),
        account: account.map(str::to_owned),
        id: origin_id,
        collected_at: None,
        extra: head.spelling().map(|extra| Json::of(&extra)),
    });
    keep_the_rest(&mut event, &head, &entry);
    Ok(event)
}

/// A text that a field can hold: a string, neither empty nor too long.
pub(crate) fn text(value: Option<&Value<'_>>) -> Option<String> {
    long_text(value).filter(|text| text.len() <= TEXT_BYTES_MAX)
}

fn long_text(value: Option<&Value<'_>>) -> Option<String> {
    value?
        .as_str()
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

/// What every entry must say in a form that can be used.
struct Head<'v> {
    /// The type as the entry spells it.
    word: &'v str,
    /// The type as it is printed today, which is the name of the payload.
    printed: Cow<'v, str>,
    event_type: Cow<'static, str>,
    listed: Option<&'static TypeEntry>,
    /// `None` where the entry has none and will be given one.
    id: Option<&'v str>,
    occurred_at: Option<Timestamp>,
}

impl<'v> Head<'v> {
    fn read(entry: &'v Value<'_>) -> Result<Self, Faults> {
        let mut faults = Faults::new();
        if entry.as_object().is_none() {
            let reason = format!("the entry is {}; write an object", entry.kind());
            return Err(vec![Fault::new("", reason)]);
        }
        let word = word(entry, &mut faults);
        let id = id(entry, &mut faults);
        let occurred_at = occurred_at(entry, &mut faults);
        if !faults.is_empty() {
            return Err(faults);
        }
        let listed = vocabulary().by_word(Surface::OpenAi, word);
        let (event_type, printed) =
            match listed.and_then(|one| Some((one, one.own_word(Surface::OpenAi)?))) {
                Some((one, own)) => (
                    Cow::Borrowed(one.name.as_str()),
                    Cow::Borrowed(own.text.as_str()),
                ),
                None => (
                    Cow::Owned(vocabulary().unlisted(Surface::OpenAi, word)),
                    Cow::Borrowed(word),
                ),
            };
        Ok(Head {
            word,
            printed,
            event_type,
            listed,
            id,
            occurred_at,
        })
    }

    /// The entry as it will be printed: under today's name of its type, without nulls where we fill in.
    fn normal<'e, 'a>(&self, entry: &'e Value<'a>) -> Cow<'e, Value<'a>> {
        let unset = |name: &str| entry.get(name) == Some(&Value::Null);
        let renamed = self.word != self.printed;
        if !renamed && !unset("id") && !unset("effective_at") {
            return Cow::Borrowed(entry);
        }
        let mut normal = entry.clone();
        if let Value::Object(members) = &mut normal {
            members.retain(|(name, value)| {
                *value != Value::Null || !matches!(&**name, "id" | "effective_at")
            });
            if renamed {
                self.rename(members);
            }
        }
        Cow::Owned(normal)
    }

    fn rename(&self, members: &mut [(Cow<'_, str>, Value<'_>)]) {
        let taken = members.iter().any(|(name, _)| *name == self.printed);
        for (name, value) in members {
            if name == "type" {
                *value = Value::string(self.printed.clone().into_owned());
            } else if *name == self.word && !taken {
                *name = Cow::Owned(self.printed.clone().into_owned());
            }
        }
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
        let prefix = &vocabulary().surface(Surface::OpenAi).unlisted_prefix;
        let said = match self.listed {
            Some(_) => self.word == self.printed,
            None => self.event_type.strip_prefix(prefix.as_str()) == Some(self.word),
        };
        (!said).then(|| Value::object([(SPELLING, Value::string(self.word))]))
    }
}

fn word<'v>(entry: &'v Value<'_>, faults: &mut Faults) -> &'v str {
    let reason = match entry.get("type") {
        Some(Value::String(word)) if !word.is_empty() => return word,
        Some(Value::String(_)) => {
            "is empty; write an event type such as project.created".to_owned()
        }
        Some(other) => format!("is {}; write a string", other.kind()),
        None => "is missing; write an event type such as project.created".to_owned(),
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

fn occurred_at(entry: &Value<'_>, faults: &mut Faults) -> Option<Timestamp> {
    let reason = match entry.get("effective_at")? {
        Value::Null => return None,
        Value::Number(text) => match Seconds::parse(text).map(Seconds::whole) {
            Some(Some(seconds)) => match Timestamp::new(seconds, 0) {
                Some(time) => return Some(time),
                None => format!(
                    "{text} is outside the years 1970 to 9999; write Unix seconds, such as 1722461446"
                ),
            },
            Some(None) | None => {
                format!("{text} is no whole number; write Unix seconds, such as 1722461446")
            }
        },
        other => format!(
            "is {}; write Unix seconds as a number, such as 1722461446",
            other.kind()
        ),
    };
    faults.push(Fault::new("effective_at", reason));
    None
}

fn project(value: &Value<'_>) -> Option<Project> {
    let project = Project {
        id: text(value.get("id")),
        name: text(value.get("name")),
    };
    (project.id.is_some() || project.name.is_some()).then_some(project)
}

fn read_payload(event: &mut Event, listed: Option<&TypeEntry>, payload: &Value<'_>) {
    event.data = Some(Json::of(payload));
    event.targets = listed
        .map(|entry| targets(entry, payload))
        .unwrap_or_default();
    let error = EventError {
        code: text(payload.get("error_code")),
        message: long_text(payload.get("error_message")),
    };
    event.error = (error != EventError::default()).then_some(error);
}

/// Renders the event back and keeps every difference from the entry.
fn keep_the_rest(event: &mut Event, head: &Head<'_>, entry: &Value<'_>) {
    let id = head
        .id
        .map(|_| entry::own_id(event).map_or(Value::Null, Value::string));
    let seconds = head.occurred_at.map(Timestamp::seconds);
    let rendered = entry::entry(event, id, seconds);
    let Some(patch) = lossless::difference(&rendered, entry) else {
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
