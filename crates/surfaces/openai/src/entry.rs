//! Renders an event as an entry of the vendor's log.

use std::borrow::Cow;

use docket_event::vocabulary::{Surface, Via, vocabulary};
use docket_event::{
    Actor, ActorKind, Credential, CredentialKind, Event, Geo, Recorded, Source, Value,
};
use docket_surfaces_kit::lossless;

use crate::payload::payload;
use crate::wire::{HASHED, OBJECT, OUR_ID, PLACE_TYPES, SPELLING};

/// The entry that shows an event; what came in as one comes back member for member.
pub fn render(recorded: &Recorded) -> Value<'_> {
    let event = &recorded.event;
    let id = match own_id(event) {
        Some(id) => Value::string(id),
        None => Value::string(format!("{OUR_ID}{}", recorded.id.simple())),
    };
    let entry = entry(event, Some(id), Some(recorded.occurred_at().seconds()));
    match extra(event) {
        Some(extra) => lossless::apply(entry, &extra),
        None => entry,
    }
}

/// The entry as the event's fields give it, with the given id and time.
pub(crate) fn entry<'a>(
    event: &'a Event,
    id: Option<Value<'a>>,
    effective_at: Option<i64>,
) -> Value<'a> {
    let word = word(event);
    let owner = vocabulary().by_word(Surface::OpenAi, &word);
    let mut members: Vec<(Cow<'a, str>, Value<'a>)> = Vec::with_capacity(7);
    members.extend(id.map(|id| ("id".into(), id)));
    members.push(("object".into(), Value::string(OBJECT)));
    members.push(("type".into(), Value::String(word.clone())));
    members.extend(effective_at.map(|seconds| ("effective_at".into(), Value::integer(seconds))));
    members.extend(project(event).map(|project| ("project".into(), project)));
    members.push(("actor".into(), actor(event)));
    let payload = match (&event.data, owner) {
        (Some(data), _) if is_own(event) => Some(data.value()),
        (None, _) if is_own(event) => None,
        (_, Some(owner)) => Some(payload(owner, event)),
        (_, None) => Some(Value::Object(Vec::new())),
    };
    // A payload under the name of another member would hide it; no type is called so.
    let taken = members.iter().any(|(name, _)| *name == word);
    members.extend(payload.filter(|_| !taken).map(|payload| (word, payload)));
    Value::Object(members)
}

/// The vendor's own id of an event, where it can serve as one.
pub(crate) fn own_id(event: &Event) -> Option<&str> {
    let id = event
        .origin
        .as_ref()
        .filter(|_| is_own(event))?
        .id
        .as_deref()?;
    (!id.starts_with(HASHED)).then_some(id)
}

/// Whether the event came in as an entry of this log.
fn is_own(event: &Event) -> bool {
    event
        .origin
        .as_ref()
        .is_some_and(|origin| origin.surface == Surface::OpenAi.name())
}

fn extra(event: &Event) -> Option<Value<'_>> {
    let origin = event.origin.as_ref().filter(|_| is_own(event))?;
    Some(origin.extra.as_ref()?.value())
}

/// The type that is printed: the vendor's word, or the spelling in which an unlisted one came in.
fn word(event: &Event) -> Cow<'_, str> {
    let name = event.event_type.as_str();
    if let Some(word) = vocabulary().word(Surface::OpenAi, name) {
        return Cow::Borrowed(&word.text);
    }
    let spelling = extra(event).and_then(|extra| Some(extra.get(SPELLING)?.as_str()?.to_owned()));
    match spelling.filter(|word| vocabulary().unlisted(Surface::OpenAi, word) == name) {
        Some(word) => Cow::Owned(word),
        None => {
            let prefix = &vocabulary().surface(Surface::OpenAi).unlisted_prefix;
            Cow::Borrowed(name.strip_prefix(prefix.as_str()).unwrap_or(name))
        }
    }
}

/// The entry's project. A one-way word for a person's place in the organization has none: with it, the
/// entry would say that the place was in the project.
fn project(event: &Event) -> Option<Value<'_>> {
    if hides_project(&event.event_type) {
        return None;
    }
    let (id, name) = match &event.project {
        Some(project) => (project.id.as_deref(), project.name.as_deref()),
        None => event.project_of().map(|(id, name)| (Some(id), name))?,
    };
    Some(object([("id", id), ("name", name)]))
}

/// Whether entries of this type are printed without their project.
pub(crate) fn hides_project(event_type: &str) -> bool {
    let word = vocabulary().word(Surface::OpenAi, event_type);
    word.is_some_and(|word| word.via == Via::OneWay && word.text.starts_with("user."))
        && !PLACE_TYPES
            .iter()
            .any(|prefix| event_type.starts_with(prefix))
}

fn actor(event: &Event) -> Value<'_> {
    let actor = event.actor.as_ref();
    let credential = event.credential.as_ref();
    match (
        actor.map(|actor| actor.kind),
        credential.map(|credential| credential.kind),
    ) {
        (Some(ActorKind::System), _) | (None, None) => Value::Null,
        (Some(ActorKind::User), None)
        | (None | Some(ActorKind::User), Some(CredentialKind::Session)) => {
            let session = session(actor, event.source.as_ref());
            Value::object([("type", Value::string("session")), ("session", session)])
        }
        (Some(ActorKind::ServiceAccount | ActorKind::Agent), _)
        | (None | Some(ActorKind::User), Some(CredentialKind::ApiKey | CredentialKind::Token)) => {
            let key = api_key(actor, credential);
            Value::object([("type", Value::string("api_key")), ("api_key", key)])
        }
    }
}

fn session<'a>(actor: Option<&'a Actor>, source: Option<&'a Source>) -> Value<'a> {
    let mut session = Value::Object(Vec::new());
    if let Some(user) = actor.and_then(user) {
        session.set("user", user);
    }
    let Some(source) = source else {
        return session;
    };
    for (name, text) in [
        ("ip_address", &source.ip),
        ("user_agent", &source.user_agent),
        ("ja3", &source.ja3),
        ("ja4", &source.ja4),
    ] {
        if let Some(text) = text {
            session.set(name, Value::string(text.as_str()));
        }
    }
    if let Some(geo) = &source.geo {
        session.set("ip_address_details", place(geo));
    }
    session
}

fn place(geo: &Geo) -> Value<'_> {
    object([
        ("country", geo.country.as_deref()),
        ("city", geo.city.as_deref()),
        ("region", geo.region.as_deref()),
        ("region_code", geo.region_code.as_deref()),
        ("asn", geo.asn.as_deref()),
        ("latitude", geo.latitude.as_deref()),
        ("longitude", geo.longitude.as_deref()),
    ])
}

fn api_key<'a>(actor: Option<&'a Actor>, credential: Option<&'a Credential>) -> Value<'a> {
    let mut key = Value::Object(Vec::new());
    // The id of a browser session is not the tracking id of a key.
    let credential = credential.filter(|one| one.kind != CredentialKind::Session);
    if let Some(id) = credential.and_then(|credential| credential.id.as_deref()) {
        key.set("id", Value::string(id));
    }
    let Some(actor) = actor else {
        return key;
    };
    let (owner, of_owner) = match actor.kind {
        ActorKind::User | ActorKind::System => ("user", user(actor)),
        ActorKind::ServiceAccount | ActorKind::Agent => {
            let id = actor.id.as_deref();
            (
                "service_account",
                id.map(|id| Value::object([("id", Value::string(id))])),
            )
        }
    };
    key.set("type", Value::string(owner));
    if let Some(of_owner) = of_owner {
        key.set(owner, of_owner);
    }
    key
}

/// Id and e-mail of a person; the name has no place here.
fn user(actor: &Actor) -> Option<Value<'_>> {
    let user = object([
        ("id", actor.id.as_deref()),
        ("email", actor.email.as_deref()),
    ]);
    user.as_object()
        .is_some_and(|members| !members.is_empty())
        .then_some(user)
}

/// An object of the texts that are there.
fn object<'a, const N: usize>(members: [(&'static str, Option<&'a str>); N]) -> Value<'a> {
    let there = members
        .into_iter()
        .filter_map(|(name, text)| Some((name, Value::string(text?))));
    Value::object(there)
}
