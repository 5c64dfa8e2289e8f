//! `GET /api/v1/openapi.json`: the table of routes as an OpenAPI 3.1 document.

use std::sync::LazyLock;

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::routes::{Answer, Body, Content, Needs, Parameter, Row, rows};
use crate::shape::{Shape, reference};

/// Name of the scheme by which tokens are shown.
const SCHEME: &str = "token";
/// Name of the schema of every answer that is not what was asked for.
const PROBLEM: &str = "Problem";

/// The document.
pub async fn answer() -> Response {
    static TEXT: LazyLock<String> = LazyLock::new(|| document(rows()).to_string());
    ([(CONTENT_TYPE, "application/json")], TEXT.as_str()).into_response()
}

fn document(rows: &[Row]) -> Value {
    let mut paths = Map::new();
    let mut schemas = Map::from_iter([(PROBLEM.to_owned(), problem())]);
    for row in rows {
        let path = paths
            .entry(row.route.path())
            .or_insert_with(|| Value::Object(Map::new()));
        let method = row.route.method().as_str().to_ascii_lowercase();
        if let Value::Object(path) = path {
            path.insert(method, operation(row));
        }
        for (name, schema) in shapes(row).flat_map(Shape::all) {
            schemas.insert(name.to_owned(), schema.clone());
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Docket",
            "summary": "A tamper-evident audit log.",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache 2.0", "identifier": "Apache-2.0" },
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": { SCHEME: { "type": "http", "scheme": "bearer" } },
        },
    })
}

fn shapes(row: &Row) -> impl Iterator<Item = &Shape> {
    let answer = match &row.answer.content {
        Content::Json(shape) => Some(shape),
        Content::Text(_) => None,
    };
    row.body.iter().map(|body| &body.shape).chain(answer)
}

fn operation(row: &Row) -> Value {
    let mut operation = json!({
        "operationId": name(row),
        "tags": [row.group],
        "summary": row.summary,
        "description": format!("Needs {}.", row.needs.words()),
        "security": security(row.needs),
        "parameters": parameters(row),
        "responses": {
            row.answer.status.to_string(): answered(&row.answer),
            "default": {
                "description": "Something else than what was asked for.",
                "content": { "application/problem+json": { "schema": reference(PROBLEM) } },
            },
        },
    });
    if let (Value::Object(members), Some(body)) = (&mut operation, &row.body) {
        members.insert("requestBody".to_owned(), sent(body));
    }
    operation
}

/// A name that stays the same as long as method and path do: `get_members_id`.
fn name(row: &Row) -> String {
    let path = row.route.path().trim_start_matches("/api/v1");
    let words = path
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    let method = row.route.method().as_str().to_ascii_lowercase();
    std::iter::once(method.as_str())
        .chain(words)
        .collect::<Vec<_>>()
        .join("_")
}

/// Each permission that suffices is a way in by itself.
fn security(needs: Needs) -> Value {
    let ways = needs.permissions().into_iter();
    ways.map(|permission| json!({ SCHEME: [permission.name()] }))
        .collect()
}

fn parameters(row: &Row) -> Value {
    let segments = row
        .route
        .path()
        .split(['{', '}'])
        .skip(1)
        .step_by(2)
        .map(|name| json!({ "in": "path", "name": name, "required": true, "schema": { "type": "string" } }));
    let said = row.parameters.iter().map(parameter);
    segments.chain(said).collect()
}

fn parameter(parameter: &Parameter) -> Value {
    json!({
        "in": parameter.place.word(),
        "name": parameter.name,
        "description": parameter.meaning,
        "schema": parameter.schema,
    })
}

fn sent(body: &Body) -> Value {
    let content = body.media.iter().map(|media| {
        let schema = json!({ "schema": body.shape.reference() });
        ((*media).to_owned(), schema)
    });
    json!({ "required": body.required, "content": content.collect::<Map<_, _>>() })
}

fn answered(answer: &Answer) -> Value {
    let (media, schema) = match &answer.content {
        Content::Json(shape) => ("application/json", shape.reference()),
        Content::Text(media) => (*media, json!({ "type": "string" })),
    };
    let mut answered = json!({
        "description": "What was asked for.",
        "content": { media: { "schema": schema } },
    });
    if let (Value::Object(members), 201) = (&mut answered, answer.status) {
        let place = json!({
            "description": "Where it is found.", "schema": { "type": "string" },
        });
        members.insert("headers".to_owned(), json!({ "location": place }));
    }
    answered
}

/// Problem details (RFC 9457).
fn problem() -> Value {
    let text = json!({ "type": "string" });
    let error = json!({
        "type": "object",
        "required": ["path", "reason"],
        "properties": { "index": { "type": "integer" }, "path": text, "reason": text },
    });
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": { "type": "string", "description": "urn:docket:problem: and a word." },
            "title": text,
            "status": { "type": "integer" },
            "detail": text,
            "errors": { "type": "array", "items": error },
        },
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Calls `check` with each value of that member, wherever it stands.
    fn each(value: &Value, name: &str, check: &mut dyn FnMut(&Value)) {
        match value {
            Value::Object(members) => {
                for (known, value) in members {
                    if known == name {
                        check(value);
                    }
                    each(value, name, check);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| each(item, name, check)),
            _ => {}
        }
    }

    #[test]
    fn every_route_is_in_the_document_and_every_reference_leads_somewhere() {
        let document = document(rows());
        for row in rows() {
            let method = row.route.method().as_str().to_ascii_lowercase();
            let found = &document["paths"][row.route.path()][&method];
            assert_eq!(found["summary"], row.summary, "{}", row.route.path());
        }
        let mut references = 0;
        each(&document, "$ref", &mut |reference| {
            let pointer = reference.as_str().unwrap().strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference}");
            references += 1;
        });
        assert!(references > rows().len());
        let mut names = BTreeSet::new();
        each(&document["paths"], "operationId", &mut |name| {
            assert!(names.insert(name.to_string()), "{name} stands twice");
        });
        assert_eq!(names.len(), rows().len());
    }

    #[test]
    fn schemas_of_one_name_are_one_schema() {
        let mut known: Map<String, Value> = Map::new();
        for (name, schema) in rows().iter().flat_map(shapes).flat_map(Shape::all) {
            let before = known.insert(name.to_owned(), schema.clone());
            assert!(before.is_none_or(|before| before == *schema), "{name}");
        }
        assert_eq!(
            known["NewMember"]["additionalProperties"],
            Value::Bool(false)
        );
    }
}
