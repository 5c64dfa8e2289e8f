//! Renders an event as an entry of the vendor's log.

use std::borrow::Cow;

use docket_event::vocabulary::{Surface, vocabulary};
use docket_event::{Actor, ActorKind, Event, Recorded, Target, Timestamp, Value, unlisted_word};
use docket_surfaces_kit::lossless;

use crate::schema::{ENTRY, ordered};
use crate::wire::{APP, NAMED_KINDS, description, shown_when_empty};

/// The entry that shows an event; what came in as one comes back member for member.
pub fn render(recorded: &Recorded) -> Value<'_> {
    let event = &recorded.event;
    let entry = entry(event, Some(recorded.occurred_at()));
    let extra = event
        .origin
        .as_ref()
        .filter(|_| is_own(event))
        .and_then(|origin| origin.extra.as_ref());
    match extra {
        Some(extra) => ordered(lossless::apply(entry, &extra.value()), *ENTRY),
        None => entry,
    }
}

/// The entry as the event's fields give it, with the given time.
pub(crate) fn entry(event: &Event, timestamp: Option<Timestamp>) -> Value<'_> {
    let word = Word::of(event);
    let user = event.actor.as_ref().and_then(|actor| user(event, actor));
    let details = event
        .details
        .iter()
        .map(|text| Value::string(text.as_str()));
    let ip = event
        .source
        .as_ref()
        .and_then(|source| source.ip.as_deref());
    let members = [
        (
            "timestamp",
            timestamp.map(|time| Value::string(time.to_string())),
        ),
        ("user", user),
        ("operation", Some(word.operation())),
        ("description", word.description(event).map(Value::string)),
        ("targets", listed(targets(event))),
        ("details", listed(details.collect())),
        ("success", Some(Value::Bool(!event.failed()))),
        ("req_id", event.request_id.as_deref().map(Value::string)),
        ("source_ip", ip.map(Value::string)),
    ];
    let there = members
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    Value::object(there)
}

/// Empty lists are not printed.
fn listed(all: Vec<Value<'_>>) -> Option<Value<'_>> {
    (!all.is_empty()).then_some(Value::Array(all))
}

/// Whether the event came in as an entry of this log.
pub(crate) fn is_own(event: &Event) -> bool {
    event
        .origin
        .as_ref()
        .is_some_and(|origin| origin.surface == Surface::Clarifai.name())
}

/// What the entry says was done.
enum Word<'e> {
    /// An operation of the list, by its code.
    Listed(u32),
    /// One that no list knows, as it came in.
    Unlisted(Cow<'e, str>),
}

impl<'e> Word<'e> {
    fn of(event: &'e Event) -> Self {
        let listed = vocabulary().word(Surface::Clarifai, &event.event_type);
        match listed.and_then(|word| word.code) {
            Some(code) => Word::Listed(code),
            None => Word::Unlisted(unlisted_word(event).unwrap_or_default()),
        }
    }

    /// The number; what came in as another name than those of the list stays a name.
    fn operation(&self) -> Value<'static> {
        match self {
            Word::Listed(code) => Value::integer((*code).into()),
            Word::Unlisted(word) => match word.parse::<i32>() {
                Ok(number) => Value::integer(number.into()),
                Err(_) => Value::string(word.clone().into_owned()),
            },
        }
    }

    fn description(&self, event: &'e Event) -> Option<&'e str> {
        match self {
            Word::Listed(code) => description(*code),
            Word::Unlisted(_) => event.description.as_deref(),
        }
    }
}

/// Who acted. The vendor's profile is shown where it came with the entry; elsewhere nobody guesses at one.
fn user<'e>(event: &'e Event, actor: &'e Actor) -> Option<Value<'e>> {
    match actor.kind {
        ActorKind::User | ActorKind::ServiceAccount | ActorKind::Agent => {}
        ActorKind::System => return None,
    }
    let id = actor
        .id
        .as_deref()
        .map(|id| ("id".into(), Value::string(id)));
    let mut members: Vec<(Cow<'_, str>, Value<'_>)> = id.into_iter().collect();
    if let Some(profile) = actor.profile.as_ref().filter(|_| is_own(event))
        && let Value::Object(rest) = profile.value()
    {
        members.extend(rest);
    }
    (!members.is_empty()).then_some(Value::Object(members))
}

fn targets(event: &Event) -> Vec<Value<'_>> {
    let own = is_own(event);
    let listed = event.targets.iter();
    let mut all: Vec<Value<'_>> = listed.filter_map(|one| target(one, own)).collect();
    if let Some(project) = event.project_beside()
        && !own
        && has_app(&event.event_type)
    {
        all.push(object_of(APP, Some(project), None));
    }
    all
}

/// The target as the vendor shows it: by its id. Kinds that the vendor does not have are left out.
fn target(target: &Target, own: bool) -> Option<Value<'_>> {
    let kind = vocabulary().kind(&target.kind)?.clarifai.as_deref()?;
    let id = target.id.as_deref()?;
    let name = target.name.as_deref();
    let name = name.filter(|_| own && NAMED_KINDS.contains(&kind));
    Some(object_of(kind, Some(id), name))
}

/// `{"kind":{"id":…}}`, with what is printed of that kind though it is empty.
fn object_of<'a>(kind: &'static str, id: Option<&'a str>, name: Option<&'a str>) -> Value<'a> {
    let named = [("id", id), ("name", name)];
    let named = named
        .into_iter()
        .filter_map(|(member, text)| Some((member, Value::string(text?))));
    let empty = shown_when_empty(kind).iter();
    let empty = empty.map(|(name, empty)| (*name, empty.value()));
    Value::object([(kind, Value::object(named.chain(empty)))])
}

/// Whether entries of a type usually have an application among their targets.
pub(crate) fn has_app(event_type: &str) -> bool {
    let word = vocabulary().word(Surface::Clarifai, event_type);
    let owner = word.and_then(|word| vocabulary().by_word(Surface::Clarifai, &word.text));
    owner.is_some_and(|owner| {
        let mut kinds = owner.targets.iter();
        kinds.any(|rule| rule.clarifai.as_deref() == Some(APP))
    })
}
