//! Reads an event from its JSON form, reporting every fault with its path.

use std::fmt;

use crate::event::{
    Actor, ActorKind, Credential, CredentialKind, Event, EventError, Geo, OnBehalfOf, Origin,
    Outcome, Project, Source, Target,
};
use crate::fault::{Fault, Faults};
use crate::json::{Json, Value, parse};
use crate::rules::{FAULTS_MAX, TARGETS_MAX, TEXT_BYTES_MAX};
use crate::time::Timestamp;
use crate::vocabulary::vocabulary;

/// Reads an event from JSON text.
///
/// # Errors
/// Every fault found, at most [`FAULTS_MAX`]: bad JSON, wrong types, unknown members.
pub fn read_event(text: &str) -> Result<Event, Faults> {
    match parse(text) {
        Ok(value) => read_value(&value),
        Err(error) => Err(vec![error.into()]),
    }
}

/// Reads an event from a parsed document.
///
/// A missing `outcome` is the one that the type fixes, else success. What the members mean together is
/// looked at by [`crate::check_event`].
///
/// # Errors
/// Every fault found, at most [`FAULTS_MAX`].
pub fn read_value(value: &Value<'_>) -> Result<Event, Faults> {
    let mut faults = Faults::new();
    let event = event(value, Unsaid::ByType, &mut faults);
    match (event, faults.is_empty()) {
        (Some(event), true) => Ok(event),
        _ => Err(faults),
    }
}

/// Reads an event as it was stored: what is not said is not filled in, so that no later list of types can
/// change what an old event says.
///
/// # Errors
/// Every fault found, at most [`FAULTS_MAX`].
pub fn read_stored(text: &str) -> Result<Event, Faults> {
    let value = parse(text).map_err(|error| vec![error.into()])?;
    let mut faults = Faults::new();
    let event = event(&value, Unsaid::Success, &mut faults);
    match (event, faults.is_empty()) {
        (Some(event), true) => Ok(event),
        _ => Err(faults),
    }
}

/// What a missing outcome means.
#[derive(Clone, Copy)]
enum Unsaid {
    /// The outcome that the type fixes, else success.
    ByType,
    /// Success.
    Success,
}

fn event(value: &Value<'_>, unsaid: Unsaid, faults: &mut Faults) -> Option<Event> {
    let root = Path::Root;
    let mut all = Members::of(value, &root, faults)?;
    let mut event = Event {
        event_type: all.required_text("type"),
        occurred_at: all.time("occurred_at"),
        actor: all.inner("actor", actor),
        on_behalf_of: all.inner("on_behalf_of", on_behalf_of),
        credential: all.inner("credential", credential),
        source: all
            .inner("source", source)
            .filter(|one| *one != Source::default()),
        project: all
            .inner("project", project)
            .filter(|one| *one != Project::default()),
        targets: all.list("targets", TARGETS_MAX, target),
        outcome: Outcome::Success,
        error: all.inner("error", |error| EventError {
            code: error.text("code"),
            message: error.long_text("message"),
        }),
        description: all.long_text("description"),
        details: all.texts("details"),
        request_id: all.text("request_id"),
        data: all.json("data"),
        origin: all.inner("origin", origin),
    };
    let outcome = all.word("outcome", Outcome::parse);
    let unsaid = match unsaid {
        Unsaid::ByType => vocabulary().fixed_outcome(&event.event_type),
        Unsaid::Success => None,
    };
    event.outcome = outcome.or(unsaid).unwrap_or_default();
    all.finish();
    Some(event)
}

fn actor(all: &mut Members<'_, '_, '_>) -> Actor {
    Actor {
        kind: all.word("kind", ActorKind::parse).unwrap_or_default(),
        id: all.text("id"),
        email: all.text("email"),
        name: all.text("name"),
        profile: all.json("profile"),
    }
}

fn on_behalf_of(all: &mut Members<'_, '_, '_>) -> OnBehalfOf {
    OnBehalfOf {
        kind: all.word("kind", ActorKind::parse).unwrap_or_default(),
        id: all.text("id"),
        email: all.text("email"),
        name: all.text("name"),
        profile: all.json("profile"),
        reason: all.long_text("reason"),
    }
}

fn credential(all: &mut Members<'_, '_, '_>) -> Credential {
    Credential {
        kind: all.word("kind", CredentialKind::parse).unwrap_or_default(),
        id: all.text("id"),
    }
}

fn source(all: &mut Members<'_, '_, '_>) -> Source {
    Source {
        ip: all.text("ip"),
        user_agent: all.long_text("user_agent"),
        ja3: all.text("ja3"),
        ja4: all.text("ja4"),
        geo: all.inner("geo", geo).filter(|one| *one != Geo::default()),
    }
}

fn geo(all: &mut Members<'_, '_, '_>) -> Geo {
    Geo {
        country: all.text("country"),
        city: all.text("city"),
        region: all.text("region"),
        region_code: all.text("region_code"),
        asn: all.text("asn"),
        latitude: all.text("latitude"),
        longitude: all.text("longitude"),
    }
}

fn project(all: &mut Members<'_, '_, '_>) -> Project {
    Project {
        id: all.text("id"),
        name: all.text("name"),
    }
}

fn target(all: &mut Members<'_, '_, '_>) -> Target {
    Target {
        kind: all.required_text("kind"),
        id: all.text("id"),
        name: all.text("name"),
        data: all.json("data"),
    }
}

fn origin(all: &mut Members<'_, '_, '_>) -> Origin {
    Origin {
        surface: all.required_text("surface"),
        account: all.text("account").filter(|account| !account.is_empty()),
        id: all.text("id"),
        collected_at: all.time("collected_at"),
        extra: all.object("extra"),
    }
}

/// Where in the event a value stands; becomes text only when there is a fault to report.
enum Path<'p> {
    Root,
    Name(&'p Path<'p>, &'p str),
    Index(&'p Path<'p>, &'p str, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => Ok(()),
            Path::Name(Path::Root, name) => f.write_str(name),
            Path::Name(parent, name) => write!(f, "{parent}.{name}"),
            Path::Index(Path::Root, name, index) => write!(f, "{name}[{index}]"),
            Path::Index(parent, name, index) => write!(f, "{parent}.{name}[{index}]"),
        }
    }
}

/// The members of one object, each of which is asked for once; what nobody asked for is unknown.
struct Members<'v, 'p, 'f> {
    members: Vec<(&'v str, Option<&'v Value<'v>>)>,
    path: &'p Path<'p>,
    faults: &'f mut Faults,
}

impl<'v, 'p, 'f> Members<'v, 'p, 'f> {
    fn of(value: &'v Value<'v>, path: &'p Path<'p>, faults: &'f mut Faults) -> Option<Self> {
        let Some(members) = value.as_object() else {
            let reason = format!("is {}; write an object", value.kind());
            let path = match path.to_string() {
                root if root.is_empty() => return fail(faults, "", format!("the event {reason}")),
                inner => inner,
            };
            return fail(faults, &path, reason);
        };
        let members = members
            .iter()
            .map(|(name, value)| (&**name, Some(value)))
            .collect();
        Some(Members {
            members,
            path,
            faults,
        })
    }

    /// Takes the member `name`; an explicit null counts as absent.
    fn take(&mut self, name: &str) -> Option<&'v Value<'v>> {
        let found = self.members.iter_mut().find(|(key, _)| *key == name)?;
        found.1.take().filter(|value| !matches!(value, Value::Null))
    }

    fn text(&mut self, name: &str) -> Option<String> {
        let text = self.long_text(name)?;
        if text.len() > TEXT_BYTES_MAX {
            let reason = format!(
                "has {} bytes; at most {TEXT_BYTES_MAX} are kept",
                text.len()
            );
            return self.fault(name, reason);
        }
        Some(text)
    }

    fn long_text(&mut self, name: &str) -> Option<String> {
        match self.take(name)? {
            Value::String(text) => Some(text.clone().into_owned()),
            other => self.fault(name, format!("is {}; write a string", other.kind())),
        }
    }

    fn required_text(&mut self, name: &str) -> String {
        if !self
            .members
            .iter()
            .any(|(key, value)| *key == name && value != &Some(&Value::Null))
        {
            self.fault::<()>(name, "is missing".to_owned());
        }
        match self.text(name) {
            Some(text) if text.is_empty() => {
                self.fault::<()>(name, "is empty".to_owned());
                text
            }
            text => text.unwrap_or_default(),
        }
    }

    fn texts(&mut self, name: &str) -> Vec<String> {
        let Some(value) = self.take(name) else {
            return Vec::new();
        };
        let texts: Option<Vec<String>> = value.as_array().and_then(|all| {
            all.iter()
                .map(|element| element.as_str().map(str::to_owned))
                .collect()
        });
        texts.unwrap_or_else(|| {
            self.fault::<()>(name, "is no array of strings".to_owned());
            Vec::new()
        })
    }

    fn time(&mut self, name: &str) -> Option<Timestamp> {
        let text = self.long_text(name)?;
        match Timestamp::parse(&text) {
            Ok(time) => Some(time),
            Err(reason) => self.fault(name, reason),
        }
    }

    fn word<T>(&mut self, name: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let text = self.long_text(name)?;
        match parse(&text) {
            Ok(word) => Some(word),
            Err(reason) => self.fault(name, reason),
        }
    }

    fn object(&mut self, name: &str) -> Option<Json> {
        match self.take(name)? {
            object @ Value::Object(_) => Some(Json::of(object)),
            other => self.fault(name, format!("is {}; write an object", other.kind())),
        }
    }

    fn json(&mut self, name: &str) -> Option<Json> {
        self.take(name).map(Json::of)
    }

    fn inner<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Members<'v, '_, '_>) -> T,
    ) -> Option<T> {
        let value = self.take(name)?;
        let path = Path::Name(self.path, name);
        let mut inner = Members::of(value, &path, self.faults)?;
        let read = read(&mut inner);
        inner.finish();
        Some(read)
    }

    fn list<T>(
        &mut self,
        name: &str,
        max: usize,
        read: impl Fn(&mut Members<'v, '_, '_>) -> T,
    ) -> Vec<T> {
        let Some(value) = self.take(name) else {
            return Vec::new();
        };
        let Some(elements) = value.as_array() else {
            self.fault::<()>(name, format!("is {}; write an array", value.kind()));
            return Vec::new();
        };
        if elements.len() > max {
            self.fault::<()>(
                name,
                format!("has {} elements; at most {max} are kept", elements.len()),
            );
            return Vec::new();
        }
        let mut found = Vec::with_capacity(elements.len());
        for (index, element) in elements.iter().enumerate() {
            let path = Path::Index(self.path, name, index);
            if let Some(mut inner) = Members::of(element, &path, self.faults) {
                found.push(read(&mut inner));
                inner.finish();
            }
        }
        found
    }

    fn fault<T>(&mut self, name: &str, reason: String) -> Option<T> {
        let path = Path::Name(self.path, name).to_string();
        fail(self.faults, &path, reason)
    }

    fn finish(self) {
        for (name, value) in self.members {
            if value.is_some_and(|value| !matches!(value, Value::Null)) {
                let path = Path::Name(self.path, name).to_string();
                fail::<()>(self.faults, &path, "is no member of an event".to_owned());
            }
        }
    }
}

fn fail<T>(faults: &mut Faults, path: &str, reason: String) -> Option<T> {
    if faults.len() < FAULTS_MAX {
        faults.push(Fault::new(path, reason));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::write::write_event;

    fn faults(text: &str, expected: &[&str]) {
        let found: Vec<String> = read_event(text)
            .unwrap_err()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_full_event_comes_back_as_it_was() {
        let text = include_str!("../testdata/full-event.json").trim_end();
        let event = read_event(text).unwrap();
        let mut written = String::new();
        write_event(&mut written, &event);
        assert_eq!(written, text);
    }

    #[test]
    fn faults_have_paths() {
        faults("[]", &["the event is an array; write an object"]);
        faults("{}", &["type: is missing"]);
        faults(r#"{"type":""}"#, &["type: is empty"]);
        faults(r#"{"type":7}"#, &["type: is a number; write a string"]);
        faults(
            r#"{"type":"a.b","actr":{},"actor":{"kind":"robot","mail":1},"targets":[{},{"kind":1}]}"#,
            &[
                "actor.kind: `robot` is no kind of actor; write one of user service_account agent system",
                "actor.mail: is no member of an event",
                "targets[0].kind: is missing",
                "targets[1].kind: is a number; write a string",
                "actr: is no member of an event",
            ],
        );
        faults(
            r#"{"type":"a.b","occurred_at":"2026-11-20T00:00:00","targets":{},"details":[1]}"#,
            &[
                "occurred_at: 2026-11-20T00:00:00 has no time zone; write 2026-11-20T00:00:00Z",
                "targets: is an object; write an array",
                "details: is no array of strings",
            ],
        );
        faults(
            r#"{"type":"a.b","data":{"x":"\ud800"}}"#,
            &["data.x: half a surrogate pair (byte 33)"],
        );
    }

    #[test]
    fn the_type_fixes_an_absent_outcome() {
        assert!(read_event(r#"{"type":"login.failed"}"#).unwrap().failed());
        assert!(
            !read_event(r#"{"type":"login.succeeded"}"#)
                .unwrap()
                .failed()
        );
    }
}
