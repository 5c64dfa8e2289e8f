//! Renders an event as an entry of the vendor's log.

use std::borrow::Cow;

use docket_event::vocabulary::{Surface, TypeEntry, vocabulary};
use docket_event::{Event, Recorded, Target, Value, unlisted_word};
use docket_surfaces_kit::lossless;

use crate::times;
use crate::user::user;
use crate::wire::HASHED;

const SURFACE: Surface = Surface::CalypsoAi;
/// The subject fields that something besides a target can fill.
const PROJECT_ID: &str = "projectId";
const ORG_ID: &str = "orgId";

type Members<'a> = Vec<(Cow<'a, str>, Value<'a>)>;

/// The entry that shows an event to an organization; what came in as one comes back member for member.
pub fn render<'a>(recorded: &'a Recorded, org: &'a str) -> Value<'a> {
    let event = &recorded.event;
    let id = match own_id(event) {
        Some(id) => Value::string(id),
        None => Value::string(recorded.id.to_string()),
    };
    let created_at = Value::string(times::printed(recorded.occurred_at()));
    let entry = entry(event, org, Some(id), Some(created_at));
    let entry = match extra(event) {
        Some(extra) => lossless::apply(entry, &extra),
        None => entry,
    };
    in_order(entry)
}

/// The entry as the event's fields give it, with the given id and time, its members in no particular order.
pub(crate) fn entry<'a>(
    event: &'a Event,
    org: &'a str,
    id: Option<Value<'a>>,
    created_at: Option<Value<'a>>,
) -> Value<'a> {
    let word = word(event);
    let owner = vocabulary().by_word(SURFACE, &word);
    let (subjects, others) = subjects(owner, event, org);
    let mut members: Members<'a> = Vec::with_capacity(8);
    members.extend(created_at.map(|time| ("createdAt".into(), time)));
    members.push(("data".into(), data(event, others)));
    members.extend(id.map(|id| ("id".into(), id)));
    members.extend(subjects);
    let request_id = event.request_id.as_deref();
    members.extend(request_id.map(|id| ("requestId".into(), Value::string(id))));
    members.push(("type".into(), Value::String(word)));
    members.push(("user".into(), user(event, org)));
    Value::Object(members)
}

/// The vendor's own id of an event, where it can serve as one.
pub(crate) fn own_id(event: &Event) -> Option<&str> {
    let origin = event.origin.as_ref().filter(|_| is_own(event))?;
    let id = origin.id.as_deref()?;
    (!id.starts_with(HASHED)).then_some(id)
}

/// Whether the event came in as an entry of this log.
pub(crate) fn is_own(event: &Event) -> bool {
    let origin = event.origin.as_ref();
    origin.is_some_and(|origin| origin.surface == SURFACE.name())
}

fn extra(event: &Event) -> Option<Value<'_>> {
    let origin = event.origin.as_ref().filter(|_| is_own(event))?;
    Some(origin.extra.as_ref()?.value())
}

/// The type that is printed: the vendor's word, or the spelling in which an unlisted one came in.
fn word(event: &Event) -> Cow<'_, str> {
    let name = event.event_type.as_str();
    match vocabulary().word(SURFACE, name) {
        Some(word) => Cow::Borrowed(&word.text),
        None => unlisted_word(event).unwrap_or(Cow::Borrowed(name)),
    }
}

/// The subject fields of the word, and the targets that none of them tells.
fn subjects<'a>(
    owner: Option<&'static TypeEntry>,
    event: &'a Event,
    org: &'a str,
) -> (Members<'a>, Vec<&'a Target>) {
    let mut others: Vec<&Target> = event.targets.iter().collect();
    let mut subjects = Members::new();
    let rules = owner
        .map(|owner| owner.targets.as_slice())
        .unwrap_or_default();
    for rule in rules {
        let Some(field) = rule.calypsoai.as_deref() else {
            continue;
        };
        let fits = |target: &&Target| target.kind == rule.kind && target.id.is_some();
        let target = others.iter().position(fits).map(|at| others.remove(at));
        let id = match (target, field) {
            (Some(target), _) => target.id.as_deref(),
            (None, PROJECT_ID) => event.project_of().map(|(id, _)| id),
            // Of an entry that came in without it, nothing may depend on who asks.
            (None, ORG_ID) if !is_own(event) => Some(org),
            (None, _) => None,
        };
        subjects.extend(id.map(|id| (Cow::Borrowed(field), Value::string(id))));
    }
    (subjects, others)
}

/// The entry's own data; of an event from elsewhere, what the entry has no other place for.
fn data<'a>(event: &'a Event, others: Vec<&'a Target>) -> Value<'a> {
    let data = event.data.as_ref().map(|data| data.value());
    if is_own(event) {
        return data.unwrap_or(Value::Null);
    }
    let others: Vec<Value<'a>> = others.into_iter().map(target).collect();
    let others = (!others.is_empty()).then_some(Value::Array(others));
    let members = [("targets", others), ("data", data)];
    let mut members = members
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .peekable();
    if members.peek().is_none() {
        return Value::Null;
    }
    Value::object(members)
}

fn target(target: &Target) -> Value<'_> {
    let text = |text: &'_ Option<String>| text.clone().map(Value::string);
    let members = [
        ("kind", Some(Value::string(target.kind.as_str()))),
        ("id", text(&target.id)),
        ("name", text(&target.name)),
        ("data", target.data.as_ref().map(|data| data.value())),
    ];
    let there = members.into_iter();
    Value::object(there.filter_map(|(name, value)| Some((name, value?))))
}

/// The entry with its members and those of its user by name, as the vendor prints them.
fn in_order(mut entry: Value<'_>) -> Value<'_> {
    if let Value::Object(members) = &mut entry {
        members.sort_by(|(one, _), (other, _)| one.cmp(other));
        let user = members.iter_mut().find(|(name, _)| name == "user");
        if let Some((_, Value::Object(members))) = user {
            members.sort_by(|(one, _), (other, _)| one.cmp(other));
        }
    }
    entry
}
