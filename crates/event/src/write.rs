//! Writes an event in its JSON form; absent parts are left out.

use crate::event::{
    Actor, Event, EventError, Geo, OnBehalfOf, Origin, Outcome, Project, Recorded, Source, Target,
};
use crate::json::{Json, Value, parse, write_string, write_value};

/// Appends the event as compact JSON, in the order of the event's fields.
///
/// `outcome` is left out for a success.
pub fn write_event(out: &mut String, event: &Event) {
    let mut object = ObjectWriter::open(out);
    object.text("type", Some(&event.event_type));
    object.text(
        "occurred_at",
        event.occurred_at.map(|time| time.to_string()).as_deref(),
    );
    event_members(&mut object, event);
    object.close();
}

/// Appends the event with its `id`, `occurred_at` and `recorded_at`, as the native API shows it.
pub fn write_recorded(out: &mut String, recorded: &Recorded) {
    let mut object = ObjectWriter::open(out);
    object.text("id", Some(&recorded.id.to_string()));
    object.text("type", Some(&recorded.event.event_type));
    object.text("occurred_at", Some(&recorded.occurred_at().to_string()));
    object.text("recorded_at", Some(&recorded.recorded_at().to_string()));
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

fn write_source(object: &mut ObjectWriter<'_>, source: &Source) {
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
    object.text(
        "collected_at",
        origin.collected_at.map(|time| time.to_string()).as_deref(),
    );
    object.json("extra", origin.extra.as_ref());
}

/// Writes the members of one object, leaving out what is absent.
struct ObjectWriter<'o> {
    out: &'o mut String,
    first: bool,
}

impl<'o> ObjectWriter<'o> {
    fn open(out: &'o mut String) -> Self {
        out.push('{');
        ObjectWriter { out, first: true }
    }

    fn close(self) {
        self.out.push('}');
    }

    fn name(&mut self, name: &str) {
        if !std::mem::take(&mut self.first) {
            self.out.push(',');
        }
        write_string(self.out, name);
        self.out.push(':');
    }

    fn text(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.name(name);
            write_string(self.out, text);
        }
    }

    fn texts(&mut self, name: &str, texts: &[String]) {
        if !texts.is_empty() {
            self.name(name);
            let texts = texts
                .iter()
                .map(|text| Value::string(text.as_str()))
                .collect();
            write_value(self.out, &Value::Array(texts));
        }
    }

    fn json(&mut self, name: &str, json: Option<&Json>) {
        if let Some(json) = json {
            self.name(name);
            self.out.push_str(json.text());
        }
    }

    fn inner<T>(
        &mut self,
        name: &str,
        value: Option<&T>,
        write: impl FnOnce(&mut ObjectWriter<'_>, &T),
    ) {
        if let Some(value) = value {
            self.name(name);
            let mut inner = ObjectWriter::open(self.out);
            write(&mut inner, value);
            inner.close();
        }
    }

    fn list<T>(&mut self, name: &str, all: &[T], write: impl Fn(&mut ObjectWriter<'_>, &T)) {
        if all.is_empty() {
            return;
        }
        self.name(name);
        self.out.push('[');
        for (index, value) in all.iter().enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            let mut inner = ObjectWriter::open(self.out);
            write(&mut inner, value);
            inner.close();
        }
        self.out.push(']');
    }
}
