//! Reads an event from its JSON form, reporting every fault with its path.

mod members;

use crate::event::{
    Actor, ActorKind, Credential, CredentialKind, Event, EventError, Geo, OnBehalfOf, Origin,
    Outcome, Project, Source, Target,
};
use crate::fault::Faults;
use crate::json::{Node, Outline, Value};
use crate::rules::TARGETS_MAX;
use crate::vocabulary::vocabulary;

use members::{Members, Path};

/// Reads an event from JSON text.
///
/// A missing `outcome` is the one that the type fixes, else success. What the members mean together is
/// looked at by [`crate::check_event`].
///
/// # Errors
/// Every fault found, at most [`crate::FAULTS_MAX`]: bad JSON, wrong types, unknown members.
pub fn read_event(text: &str) -> Result<Event, Faults> {
    read(text, Unsaid::ByType)
}

/// Reads an event from a tree, as [`read_event`] reads its text.
///
/// # Errors
/// Every fault found, at most [`crate::FAULTS_MAX`].
pub fn read_value(value: &Value<'_>) -> Result<Event, Faults> {
    read(&value.to_text(), Unsaid::ByType)
}

/// Reads an event as it was stored: what is not said is not filled in, so that no later list of types can
/// change what an old event says.
///
/// # Errors
/// Every fault found, at most [`crate::FAULTS_MAX`].
pub fn read_stored(text: &str) -> Result<Event, Faults> {
    read(text, Unsaid::Success)
}

/// Reads an event that has members of others, too: those that are named in `beside` are passed over.
///
/// # Errors
/// Every fault found, at most [`crate::FAULTS_MAX`].
pub fn read_beside(document: &Outline<'_>, beside: &[&str]) -> Result<Event, Faults> {
    let mut faults = Faults::new();
    let event = event(document.root(), Unsaid::ByType, beside, &mut faults);
    match event {
        Some(event) if faults.is_empty() => Ok(event),
        _ => Err(faults),
    }
}

/// Reads a source that stands alone.
///
/// # Errors
/// Every fault found, at most [`crate::FAULTS_MAX`].
pub fn read_source(node: Node<'_, '_>) -> Result<Source, Faults> {
    let mut faults = Faults::new();
    let path = Path::Name(&Path::Root, "source");
    let source = Members::of(node, &path, &mut faults).map(|all| all.read(source));
    source.filter(|_| faults.is_empty()).ok_or(faults)
}

fn read(text: &str, unsaid: Unsaid) -> Result<Event, Faults> {
    let document = Outline::read(text).map_err(|error| vec![error.into()])?;
    let mut faults = Faults::new();
    let event = event(document.root(), unsaid, &[], &mut faults);
    match event {
        Some(event) if faults.is_empty() => Ok(event),
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

fn event(
    node: Node<'_, '_>,
    unsaid: Unsaid,
    beside: &[&str],
    faults: &mut Faults,
) -> Option<Event> {
    let mut all = Members::of(node, &Path::Root, faults)?;
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
        Unsaid::ByType if outcome.is_none() => vocabulary().fixed_outcome(&event.event_type),
        Unsaid::ByType | Unsaid::Success => None,
    };
    event.outcome = outcome.or(unsaid).unwrap_or_default();
    beside.iter().for_each(|name| {
        all.take(name);
    });
    all.finish();
    Some(event)
}

fn actor(all: &mut Members<'_, '_, '_, '_>) -> Actor {
    Actor {
        kind: all.word("kind", ActorKind::parse).unwrap_or_default(),
        id: all.text("id"),
        email: all.text("email"),
        name: all.text("name"),
        profile: all.json("profile"),
    }
}

fn on_behalf_of(all: &mut Members<'_, '_, '_, '_>) -> OnBehalfOf {
    OnBehalfOf {
        kind: all.word("kind", ActorKind::parse).unwrap_or_default(),
        id: all.text("id"),
        email: all.text("email"),
        name: all.text("name"),
        profile: all.json("profile"),
        reason: all.long_text("reason"),
    }
}

fn credential(all: &mut Members<'_, '_, '_, '_>) -> Credential {
    Credential {
        kind: all.word("kind", CredentialKind::parse).unwrap_or_default(),
        id: all.text("id"),
    }
}

fn source(all: &mut Members<'_, '_, '_, '_>) -> Source {
    Source {
        ip: all.text("ip"),
        user_agent: all.long_text("user_agent"),
        ja3: all.text("ja3"),
        ja4: all.text("ja4"),
        geo: all.inner("geo", geo).filter(|one| *one != Geo::default()),
    }
}

fn geo(all: &mut Members<'_, '_, '_, '_>) -> Geo {
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

fn project(all: &mut Members<'_, '_, '_, '_>) -> Project {
    Project {
        id: all.text("id"),
        name: all.text("name"),
    }
}

fn target(all: &mut Members<'_, '_, '_, '_>) -> Target {
    Target {
        kind: all.required_text("kind"),
        id: all.text("id"),
        name: all.text("name"),
        data: all.json("data"),
    }
}

fn origin(all: &mut Members<'_, '_, '_, '_>) -> Origin {
    Origin {
        surface: all.required_text("surface"),
        account: all.text("account").filter(|account| !account.is_empty()),
        id: all.text("id"),
        collected_at: all.time("collected_at"),
        extra: all.object("extra"),
    }
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
