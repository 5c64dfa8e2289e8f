//! Routes by which events are written and read.

use docket_event::LIMIT_MAX;
use docket_surfaces_kit::Route;
use docket_surfaces_kit::auth::Permission;
use serde_json::{Value, json};

use super::{Answer, Body, Needs, Parameter, Place, Row};
use crate::events::{self, IDEMPOTENCY_KEY, LINES};
use crate::query::{FILTERS, LIMIT, NOT, TEXT};
use crate::shape::{Shape, reference};
use crate::{list, one, stats};

const GROUP: &str = "Events";
/// As what a batch can be sent.
const MEDIA: &[&str] = &["application/json", LINES[0]];

pub fn rows() -> Vec<Row> {
    vec![list(), write(), one(), stats(), write_into()]
}

fn write() -> Row {
    Row {
        route: Route::post("/api/v1/events", events::post),
        group: GROUP,
        summary: "Writes one event or many, all of them or none.",
        needs: Needs::Permission(Permission::AuditWrite),
        parameters: vec![format(), key()],
        body: Some(batch()),
        answer: Answer::json(appended()),
    }
}

fn write_into() -> Row {
    Row {
        route: Route::post("/api/v1/orgs/{org}/events", events::post_into),
        summary: "Writes events into the organization that the path names.",
        needs: Needs::Permission(Permission::InstanceWrite),
        ..write()
    }
}

fn list() -> Row {
    let limit = json!({
        "type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT,
    });
    let mut parameters = filters();
    parameters.extend([
        one_of(
            "order",
            "By what events are in order.",
            &["recorded", "occurred"],
        ),
        one_of("direction", "Newest or oldest first.", &["desc", "asc"]),
        query("limit", "Most events of the page.", limit),
        query("cursor", "`next` or `prev` of an answer before.", text()),
        one_of(
            "count",
            "Whether all are counted as well.",
            &["false", "true"],
        ),
    ]);
    Row {
        route: Route::get("/api/v1/events", list::list),
        group: GROUP,
        summary: "Gives a page of events.",
        needs: Needs::Reading,
        parameters,
        body: None,
        answer: Answer::json(page()),
    }
}

fn one() -> Row {
    Row {
        route: Route::get("/api/v1/events/{id}", one::one),
        group: GROUP,
        summary: "Gives an event, by its own id or the one that it had at its vendor.",
        needs: Needs::Reading,
        parameters: Vec::new(),
        body: None,
        answer: Answer::json(recorded()),
    }
}

fn stats() -> Row {
    let mut parameters = filters();
    let top = json!({ "type": "integer", "minimum": 1, "maximum": 100, "default": 10 });
    parameters.extend([
        query(
            "interval",
            "Width of the histogram's intervals: 30s, 15m, 1h, 7d, auto.",
            text(),
        ),
        query(
            "top",
            "How many types, actors and projects are listed.",
            top,
        ),
    ]);
    Row {
        route: Route::get("/api/v1/stats", stats::stats),
        group: GROUP,
        summary: "Counts events: by time, type, actor, project and surface.",
        needs: Needs::Reading,
        parameters,
        body: None,
        answer: Answer::json(statistics()),
    }
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn time() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

fn query(name: &str, meaning: &str, schema: Value) -> Parameter {
    Parameter {
        place: Place::Query,
        name: name.to_owned(),
        meaning: meaning.to_owned(),
        schema,
    }
}

/// A parameter that is one of these words, the first of which counts when it is left out.
fn one_of(name: &str, meaning: &str, words: &[&str]) -> Parameter {
    let schema = json!({ "type": "string", "enum": words, "default": words.first() });
    query(name, meaning, schema)
}

fn format() -> Parameter {
    query(
        "format",
        "The dialect in which the entries are written; native if absent.",
        text(),
    )
}

fn key() -> Parameter {
    let meaning = "Makes it safe to send the same body again.";
    let name = IDEMPOTENCY_KEY.to_owned();
    Parameter {
        place: Place::Header,
        name,
        ..query("", meaning, text())
    }
}

fn filters() -> Vec<Parameter> {
    let values = || json!({ "type": "array", "items": text() });
    let mut all = Vec::new();
    for (name, _) in FILTERS {
        all.push(query(name, "Equal to one of the values.", values()));
        all.push(query(
            &format!("{NOT}{name}"),
            "Equal to none of the values.",
            values(),
        ));
    }
    all.push(query(TEXT, "Contains one of the texts.", values()));
    all.push(query(
        &format!("{NOT}{TEXT}"),
        "Contains none of the texts.",
        values(),
    ));
    for (name, meaning) in [
        ("from", "Happened at this time or later."),
        ("to", "Happened before this time."),
        ("recorded_from", "Was recorded at this time or later."),
        ("recorded_to", "Was recorded before this time."),
    ] {
        all.push(query(name, meaning, time()));
    }
    all
}

fn batch() -> Body {
    let event = event();
    let many = json!({ "type": "array", "items": event.reference() });
    let page = json!({
        "type": "object", "required": ["events"], "properties": { "events": many },
    });
    let schema = json!({ "anyOf": [event.reference(), many, page] });
    Body {
        shape: Shape::written("Batch", schema).with(event),
        media: MEDIA,
        required: true,
    }
}

fn appended() -> Shape {
    let number = json!({ "type": "integer" });
    let schema = json!({
        "type": "object",
        "required": ["ids", "positions", "tree_size", "duplicates"],
        "properties": {
            "ids": { "type": "array", "items": text(), "description": "In the order given." },
            "positions": { "type": "array", "items": number, "description": "In the order given." },
            "tree_size": { "type": "integer", "description": "Size of the log with these in it." },
            "duplicates": { "type": "integer", "description": "How many were there already." },
        },
    });
    Shape::written("Appended", schema)
}

fn event() -> Shape {
    let texts = |names: &[&str]| -> Value {
        let members = names.iter().map(|name| ((*name).to_owned(), text()));
        json!({ "type": "object", "properties": members.collect::<serde_json::Map<_, _>>() })
    };
    let actor = json!({
        "type": "object",
        "properties": {
            "kind": { "type": "string", "enum": ["user", "service_account", "agent", "system"] },
            "id": text(), "email": text(), "name": text(),
            "reason": text(), "profile": {},
        },
    });
    let target = json!({
        "type": "object",
        "required": ["kind"],
        "properties": { "kind": text(), "id": text(), "name": text(), "data": {} },
    });
    let schema = json!({
        "type": "object",
        "required": ["type"],
        "properties": {
            "type": { "type": "string", "description": "Lower-case words joined by dots." },
            "occurred_at": time(),
            "actor": actor,
            "on_behalf_of": actor,
            "credential": texts(&["kind", "id"]),
            "source": { "type": "object" },
            "project": texts(&["id", "name"]),
            "targets": { "type": "array", "items": target },
            "outcome": { "type": "string", "enum": ["success", "failure"] },
            "error": texts(&["code", "message"]),
            "description": text(),
            "details": { "type": "array", "items": text() },
            "request_id": text(),
            "data": {},
            "origin": { "type": "object" },
        },
    });
    Shape::written("Event", schema)
}

fn recorded() -> Shape {
    let more = json!({
        "type": "object",
        "required": ["id", "recorded_at"],
        "properties": { "id": { "type": "string", "format": "uuid" }, "recorded_at": time() },
    });
    let schema = json!({ "allOf": [reference("Event"), more] });
    Shape::written("RecordedEvent", schema).with(event())
}

fn page() -> Shape {
    let recorded = recorded();
    let cursor = json!({ "type": ["string", "null"] });
    let schema = json!({
        "type": "object",
        "required": ["events", "next", "prev", "has_more"],
        "properties": {
            "events": { "type": "array", "items": recorded.reference() },
            "next": cursor,
            "prev": cursor,
            "has_more": { "type": "boolean" },
            "count": { "type": "integer" },
            "count_complete": { "type": "boolean" },
        },
    });
    Shape::written("EventPage", schema).with(recorded)
}

fn statistics() -> Shape {
    let number = json!({ "type": "integer" });
    let counted = |name: &str| {
        let item = json!({ "type": "object", "properties": { name: text(), "count": number } });
        json!({ "type": "array", "items": item })
    };
    let surface = json!({
        "type": "object",
        "properties": {
            "surface": text(), "shown": number, "cross_vendor_only": number, "not_shown": number,
        },
    });
    let schema = json!({
        "type": "object",
        "properties": {
            "count": number,
            "interval": { "type": ["string", "null"] },
            "histogram": counted("from"),
            "types": counted("type"),
            "actors": counted("id"),
            "projects": counted("id"),
            "surfaces": { "type": "array", "items": surface },
            "incomplete": { "type": "array", "items": text() },
        },
    });
    Shape::written("Stats", schema)
}
