//! Routes that tell of the API and of the server. None of them needs a token.

use docket_surfaces_kit::Route;
use serde_json::json;

use super::{Answer, Needs, Row};
use crate::shape::Shape;
use crate::{docs, health, openapi};

pub fn rows() -> Vec<Row> {
    let document = Shape::written("OpenApi", json!({ "type": "object" }));
    vec![
        row(
            "The API",
            Route::get("/api/v1/openapi.json", openapi::answer),
            "Gives the description of this API in OpenAPI 3.1.",
            Answer::json(document),
        ),
        row(
            "The API",
            Route::get("/api/v1/docs", docs::answer),
            "Gives the description of this API as a page for people.",
            Answer::text("text/html"),
        ),
        row(
            "The server",
            Route::get("/healthz", health::alive),
            "Tells whether the process answers.",
            Answer::text("text/plain"),
        ),
        row(
            "The server",
            Route::get("/readyz", health::ready),
            "Tells whether requests belong here.",
            Answer::text("text/plain"),
        ),
        row(
            "The server",
            Route::get("/metrics", health::metrics),
            "Gives the server's figures, where the listener has them.",
            Answer::text("text/plain"),
        ),
    ]
}

fn row(group: &'static str, route: Route, summary: &'static str, answer: Answer) -> Row {
    Row {
        route,
        group,
        summary,
        needs: Needs::Nothing,
        parameters: Vec::new(),
        body: None,
        answer,
    }
}
