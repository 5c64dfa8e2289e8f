//! Reads an entry of the vendor's log as an event, losing nothing of it.

use std::borrow::Cow;

use docket_event::vocabulary::{Surface, TypeEntry, vocabulary};
use docket_event::{
    Actor, ActorKind, Event, Fault, Faults, Json, Origin, Outcome, Project, Source, TARGETS_MAX,
    TEXT_BYTES_MAX, Target, Timestamp, Value,
};
use docket_surfaces_kit::lossless;

use crate::entry;
use crate::schema::{ENTRY, ordered, usual};
use crate::wire::{APP, HASHED, NAMED_KINDS, SPELLING, description, shown_when_empty};

/// The event that an entry tells of. `account` is the vendor account that it is a fact about, where the sender
/// names one.
///
/// # Errors
/// What cannot be an entry at all: no object, no operation, a time that is none. Everything else is taken: what
/// the event's fields cannot hold is kept beside them.
pub fn ingest(sent: &Value<'_>, account: Option<&str>) -> Result<Event, Faults> {
    if sent.as_object().is_none() {
        let reason = format!("the entry is {}; write an object", sent.kind());
        return Err(vec![Fault::new("", reason)]);
    }
    let entry = completed(without_null_time(usual(sent, *ENTRY)));
    let mut faults = Faults::new();
    let word = word(&entry, &mut faults);
    let occurred_at = occurred_at(&entry, &mut faults);
    if !faults.is_empty() {
        return Err(faults);
    }
    let listed = vocabulary().by_word(Surface::Clarifai, &word);
    let targets = targets(entry.get("targets"));
    let mut event = Event {
        event_type: event_type(listed, &word),
        occurred_at,
        actor: entry.get("user").and_then(actor),
        source: text(entry.get("source_ip")).map(|ip| Source {
            ip: Some(ip),
            ..Source::default()
        }),
        project: project(&targets),
        targets,
        outcome: match entry.get("success") {
            Some(Value::Bool(true)) => Outcome::Success,
            _ => Outcome::Failure,
        },
        // The fixed text of a listed operation is not stored with each event.
        description: text(entry.get("description")).filter(|_| listed.is_none()),
        details: texts(entry.get("details")),
        request_id: text(entry.get("req_id")),
        origin: Some(Origin {
            surface: Surface::Clarifai.name().to_owned(),
            account: account.map(str::to_owned),
            id: occurred_at.map(|_| format!("{HASHED}{}", lossless::hash(&entry))),
            ..Origin::default()
        }),
        ..Event::default()
    };
    let spelling = spelling(&event, listed, &word);
    set_extra(&mut event, &spelling);
    keep_the_rest(&mut event, spelling, &entry);
    Ok(event)
}

/// The entry without a time of null, which is the same as none: it gets the one of its recording.
fn without_null_time(mut entry: Value<'_>) -> Value<'_> {
    if let Value::Object(members) = &mut entry {
        members.retain(|(name, value)| name != "timestamp" || *value != Value::Null);
    }
    entry
}

/// The entry with the members that the vendor prints in any case, also when they are empty: what is written by hand or
/// dumped by a client often lacks them.
fn completed(mut entry: Value<'_>) -> Value<'_> {
    let operation = match entry.get("operation") {
        Some(Value::Number(text)) => text.parse().ok(),
        _ => None,
    };
    if let Some(text) = operation.and_then(description)
        && entry.get("description").is_none()
    {
        entry.set("description", Value::string(text));
    }
    if entry.get("success").is_none() {
        entry.set("success", Value::Bool(false));
    }
    if let Value::Object(members) = &mut entry {
        for (_, targets) in members.iter_mut().filter(|(name, _)| name == "targets") {
            complete_targets(targets);
        }
    }
    ordered(entry, *ENTRY)
}

fn complete_targets(targets: &mut Value<'_>) {
    let Value::Array(all) = targets else { return };
    let kinds = all.iter_mut().filter_map(|target| match target {
        Value::Object(kinds) => Some(kinds),
        _ => None,
    });
    for (kind, inner) in kinds.flatten() {
        for (name, empty) in shown_when_empty(kind) {
            if inner.as_object().is_some() && inner.get(name).is_none() {
                inner.set(name, empty.value());
            }
        }
    }
}

/// The operation as a word of the vocabulary: the code in decimal, or a name that no list knows.
fn word(entry: &Value<'_>, faults: &mut Faults) -> String {
    let known = "write a number or a name, such as 600 or APPLICATION_CREATE";
    let reason = match entry.get("operation") {
        Some(Value::Number(text))
            if text
                .parse::<i32>()
                .is_ok_and(|one| one.to_string() == *text) =>
        {
            return text.clone().into_owned();
        }
        Some(Value::Number(text)) => format!("is {text}, no number of 32 bits; {known}"),
        Some(Value::String(name)) if !name.is_empty() => return name.clone().into_owned(),
        Some(Value::String(_)) => format!("is empty; {known}"),
        Some(other) => format!("is {}; {known}", other.kind()),
        None => format!("is missing; {known}"),
    };
    faults.push(Fault::new("operation", reason));
    String::new()
}

fn occurred_at(entry: &Value<'_>, faults: &mut Faults) -> Option<Timestamp> {
    let reason = match entry.get("timestamp")? {
        Value::String(text) => match Timestamp::parse(text) {
            Ok(time) => return Some(time),
            Err(reason) => reason,
        },
        other => format!(
            "is {}; write an RFC 3339 time such as 2024-05-01T00:00:00Z",
            other.kind()
        ),
    };
    faults.push(Fault::new("timestamp", reason));
    None
}

fn event_type(listed: Option<&TypeEntry>, word: &str) -> String {
    match listed {
        Some(entry) => entry.name.clone(),
        None => vocabulary().unlisted(Surface::Clarifai, word),
    }
}

/// A text that a field can hold: a string, neither empty nor too long.
fn text(value: Option<&Value<'_>>) -> Option<String> {
    let text = value?.as_str()?;
    let fits = !text.is_empty() && text.len() <= TEXT_BYTES_MAX;
    fits.then(|| text.to_owned())
}

/// A list of nothing but texts.
fn texts(value: Option<&Value<'_>>) -> Vec<String> {
    let all = value.and_then(Value::as_array).unwrap_or_default();
    let texts = all.iter().map(|one| one.as_str().map(str::to_owned));
    texts.collect::<Option<_>>().unwrap_or_default()
}

/// The acting user, with all that the vendor shows of them.
fn actor(user: &Value<'_>) -> Option<Actor> {
    let members = user.as_object()?;
    let id = text(user.get("id"));
    let profile = members
        .iter()
        .filter(|(name, _)| name != "id" || id.is_none())
        .cloned();
    let profile: Vec<(Cow<'_, str>, Value<'_>)> = profile.collect();
    (id.is_some() || !profile.is_empty()).then(|| Actor {
        kind: ActorKind::User,
        id,
        profile: (!profile.is_empty()).then(|| Json::of(&Value::Object(profile))),
        ..Actor::default()
    })
}

/// What was acted upon, by kind and id.
fn targets(value: Option<&Value<'_>>) -> Vec<Target> {
    let all = value.and_then(Value::as_array).unwrap_or_default();
    let known = all.iter().filter_map(target);
    known.take(TARGETS_MAX).collect()
}

fn target(element: &Value<'_>) -> Option<Target> {
    // What is null is absent, and a stranger beside the kind is no kind.
    let members = element.as_object()?.iter();
    let there = members.filter(|(_, inner)| *inner != Value::Null);
    let mut kinds = there.filter_map(|(kind, inner)| {
        let known = vocabulary().kind_by_clarifai(kind)?;
        Some((known, &**kind, inner))
    });
    let (Some((known, kind, inner)), None) = (kinds.next(), kinds.next()) else {
        return None;
    };
    let id = Some(text(inner.get("id"))?);
    let named = NAMED_KINDS.contains(&kind);
    Some(Target {
        kind: known.name.clone(),
        id,
        name: text(inner.get("name")).filter(|_| named),
        data: None,
    })
}

/// The one application, if there is only one.
fn project(targets: &[Target]) -> Option<Project> {
    let kind = vocabulary().kind_by_clarifai(APP)?;
    let mut apps = targets.iter().filter(|target| target.kind == kind.name);
    match (apps.next(), apps.next()) {
        (Some(only), None) => Some(Project {
            id: only.id.clone(),
            name: only.name.clone(),
        }),
        _ => None,
    }
}

/// The entry's own spelling of its operation, where the event's type does not lead back to it.
fn spelling(event: &Event, listed: Option<&TypeEntry>, word: &str) -> Value<'static> {
    let prefix = &vocabulary().surface(Surface::Clarifai).unlisted_prefix;
    let said = event.event_type.strip_prefix(prefix.as_str()) == Some(word);
    match listed.is_some() || said {
        true => Value::Object(Vec::new()),
        false => Value::object([(SPELLING, Value::string(word.to_owned()))]),
    }
}

fn set_extra(event: &mut Event, extra: &Value<'_>) {
    let any = extra.as_object().is_some_and(|members| !members.is_empty());
    if let Some(origin) = &mut event.origin {
        origin.extra = any.then(|| Json::of(extra));
    }
}

/// Renders the event back and keeps every difference from the entry.
fn keep_the_rest(event: &mut Event, spelling: Value<'static>, entry: &Value<'_>) {
    let rendered = entry::entry(event, event.occurred_at);
    let Some(patch) = lossless::difference(&rendered, entry) else {
        return;
    };
    let mut extra = spelling;
    for (name, value) in patch.as_object().unwrap_or_default() {
        extra.set(name, value.clone());
    }
    set_extra(event, &extra);
}
