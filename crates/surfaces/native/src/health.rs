//! Whether the server lives, whether it is ready, and its figures. None of this needs a token.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use docket_surfaces_kit::{App, Readiness, Refusal};

use crate::error::Problem;

/// `GET /healthz`: the process answers.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: whether requests belong here.
pub async fn ready(State(app): State<App>) -> (StatusCode, String) {
    let unready = |why: &str| (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n"));
    match app.readiness() {
        Readiness::Ready if !app.is_reached().await => unready("the database cannot be reached"),
        Readiness::Ready => (StatusCode::OK, "ready\n".to_owned()),
        Readiness::Starting => unready("the store is still being read"),
        Readiness::Closing => unready("the server is stopping"),
        Readiness::Halted(why) => unready(&format!("the log has stopped: {why}")),
    }
}

/// `GET /metrics`: the text format of Prometheus.
pub async fn metrics(State(app): State<App>) -> Response {
    match app.metrics() {
        Some(text) => ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response(),
        None => Problem::from(Refusal::UnknownPath).into_response(),
    }
}
