//! Writes an event in its JSON form; absent parts are left out.

use crate::event::{
    Actor, Event, EventError, Geo, OnBehalfOf, Origin, Outcome, Project, Recorded, Source, Target,
};
use crate::json::{ObjectWriter, Value, parse};
use crate::time::Timestamp;

/// Appends the event as compact JSON, in the order of the event's fields.
///
/// `outcome` is left out for a success.
pub fn write_event(out: &mut String, event: &Event) {
    let mut object = ObjectWriter::open(out);
    object.text("type", Some(&event.event_type));
    write_time(&mut object, "occurred_at", event.occurred_at);
    event_members(&mut object, event);
    object.close();
}

/// Appends the event with its `id`, `occurred_at` and `recorded_at`, as the native API shows it.
pub fn write_recorded(out: &mut String, recorded: &Recorded) {
    let mut object = ObjectWriter::open(out);
    object.text("id", Some(&recorded.id.to_string()));
    object.text("type", Some(&recorded.event.event_type));
    write_time(&mut object, "occurred_at", Some(recorded.occurred_at()));
    write_time(&mut object, "recorded_at", Some(recorded.recorded_at()));
    event_members(&mut object, &recorded.event);
    object.close();
}

/// The document that [`write_recorded`] writes.
pub fn recorded_value(recorded: &Recorded) -> Value<'static> {
    let mut text = String::new();
    write_recorded(&mut text, recorded);
    parse(&text)
        .expect("what the writer writes is JSON")
        .into_owned()
}

fn event_members(object: &mut ObjectWriter<'_>, event: &Event) {
    object.inner("actor", event.actor.as_ref(), write_actor);
    object.inner(
        "on_behalf_of",
        event.on_behalf_of.as_ref(),
        write_on_behalf_of,
    );
    object.inner(
        "credential",
        event.credential.as_ref(),
        |object, credential| {
            object.text("kind", Some(credential.kind.word()));
            object.text("id", credential.id.as_deref());
        },
    );
    object.inner("source", event.source.as_ref(), write_source);
    object.inner("project", event.project.as_ref(), write_project);
    object.list("targets", &event.targets, write_target);
    if event.outcome != Outcome::Success {
        object.text("outcome", Some(event.outcome.word()));
    }
    object.inner("error", event.error.as_ref(), write_error);
    object.text("description", event.description.as_deref());
    object.texts("details", &event.details);
    object.text("request_id", event.request_id.as_deref());
    object.json("data", event.data.as_ref());
    object.inner("origin", event.origin.as_ref(), write_origin);
}

fn write_actor(object: &mut ObjectWriter<'_>, actor: &Actor) {
    object.text("kind", Some(actor.kind.word()));
    object.text("id", actor.id.as_deref());
    object.text("email", actor.email.as_deref());
    object.text("name", actor.name.as_deref());
    object.json("profile", actor.profile.as_ref());
}

fn write_on_behalf_of(object: &mut ObjectWriter<'_>, person: &OnBehalfOf) {
    object.text("kind", Some(person.kind.word()));
    object.text("id", person.id.as_deref());
    object.text("email", person.email.as_deref());
    object.text("name", person.name.as_deref());
    object.json("profile", person.profile.as_ref());
    object.text("reason", person.reason.as_deref());
}

/// Appends the members of a source.
pub fn write_source(object: &mut ObjectWriter<'_>, source: &Source) {
    object.text("ip", source.ip.as_deref());
    object.text("user_agent", source.user_agent.as_deref());
    object.text("ja3", source.ja3.as_deref());
    object.text("ja4", source.ja4.as_deref());
    object.inner("geo", source.geo.as_ref(), write_geo);
}

fn write_geo(object: &mut ObjectWriter<'_>, geo: &Geo) {
    object.text("country", geo.country.as_deref());
    object.text("city", geo.city.as_deref());
    object.text("region", geo.region.as_deref());
    object.text("region_code", geo.region_code.as_deref());
    object.text("asn", geo.asn.as_deref());
    object.text("latitude", geo.latitude.as_deref());
    object.text("longitude", geo.longitude.as_deref());
}

fn write_project(object: &mut ObjectWriter<'_>, project: &Project) {
    object.text("id", project.id.as_deref());
    object.text("name", project.name.as_deref());
}

fn write_target(object: &mut ObjectWriter<'_>, target: &Target) {
    object.text("kind", Some(&target.kind));
    object.text("id", target.id.as_deref());
    object.text("name", target.name.as_deref());
    object.json("data", target.data.as_ref());
}

fn write_error(object: &mut ObjectWriter<'_>, error: &EventError) {
    object.text("code", error.code.as_deref());
    object.text("message", error.message.as_deref());
}

fn write_origin(object: &mut ObjectWriter<'_>, origin: &Origin) {
    object.text("surface", Some(&origin.surface));
    object.text("account", origin.account.as_deref());
    object.text("id", origin.id.as_deref());
    write_time(object, "collected_at", origin.collected_at);
    object.json("extra", origin.extra.as_ref());
}

fn write_time(object: &mut ObjectWriter<'_>, name: &str, time: Option<Timestamp>) {
    if let Some(time) = time {
        time.with_text(|text| object.text(name, Some(text)));
    }
}
