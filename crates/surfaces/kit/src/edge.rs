//! All surfaces as one service, and what happens to every request on its way in and out.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use tokio::time::Instant;

use crate::body::discard;
use crate::contract::{Surface, surface_of};
use crate::notes::Place;
use crate::refusal::Cause;
use crate::{App, Asked, Limits, Refusal, route};

/// Carries the request's id on every answer.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What stands in the log and in metrics for a path without a route.
const NO_ROUTE: &str = "(none)";

/// All surfaces as one service.
///
/// # Panics
/// When two surfaces have the same route.
pub fn router(app: App) -> Router {
    let routes = app.surfaces().iter().flat_map(|surface| (surface.routes)());
    route::router(routes)
        .fallback(unknown_path)
        .method_not_allowed_fallback(unknown_method)
        .layer(from_fn_with_state(app.clone(), edge))
        .with_state(app)
}

async fn unknown_path(State(app): State<App>, asked: Asked, body: Body) -> Response {
    discard(&asked, body).await;
    refused(
        surface_of(app.surfaces(), asked.path()),
        &Refusal::UnknownPath,
        &asked,
    )
}

async fn unknown_method(State(app): State<App>, asked: Asked, body: Body) -> Response {
    discard(&asked, body).await;
    refused(
        surface_of(app.surfaces(), asked.path()),
        &Refusal::UnknownMethod,
        &asked,
    )
}

/// Gives the request its id, answers it within limits whatever happens inside, and logs it once.
async fn edge(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let (mut parts, body) = request.into_parts();
    let asked = Asked::new(&parts, request_id(&app));
    parts.extensions.insert(asked.clone());
    let surface = surface_of(app.surfaces(), asked.path());
    let route = parts.extensions.get::<MatchedPath>().cloned();
    let may_ask = app
        .rates()
        .of_address(asked.client(), started)
        .and_then(|()| head_fits(&parts, app.limits()));
    let answered = match may_ask {
        Ok(()) => answered(next.run(Request::from_parts(parts, body)), app.limits()).await,
        Err(refusal) => Err(refusal),
    };
    let mut response = answered.unwrap_or_else(|refusal| refused(surface, &refusal, &asked));
    finish_headers(&mut response, &asked);
    let told = Told {
        asked: &asked,
        surface: surface.map_or(NO_ROUTE, |surface| surface.name),
        route: route.as_ref().map_or(NO_ROUTE, |route| route.as_str()),
        status: response.status(),
        started,
        cause: response
            .extensions()
            .get::<Cause>()
            .map_or("", |cause| &cause.0),
    };
    told.log();
    told.count();
    told.note(&app);
    response
}

fn request_id(app: &App) -> String {
    let bytes: [u8; 16] = app.environment().bytes();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn head_fits(parts: &Parts, limits: &Limits) -> Result<(), Refusal> {
    let uri = parts
        .uri
        .path_and_query()
        .map_or(0, |uri| uri.as_str().len());
    if uri > limits.uri_bytes_max {
        let status = StatusCode::URI_TOO_LONG;
        return Err(Refusal::HeadTooLarge {
            status,
            max: limits.uri_bytes_max,
        });
    }
    let header = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len();
    let headers: usize = parts.headers.iter().map(header).sum();
    if headers > limits.headers_bytes_max {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return Err(Refusal::HeadTooLarge {
            status,
            max: limits.headers_bytes_max,
        });
    }
    Ok(())
}

async fn answered(
    answer: impl Future<Output = Response>,
    limits: &Limits,
) -> Result<Response, Refusal> {
    let caught = AssertUnwindSafe(answer).catch_unwind();
    match tokio::time::timeout(limits.request_time, caught).await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(panic)) => Err(Refusal::Internal(format!(
            "the handler panicked: {}",
            text_of(&*panic)
        ))),
        Err(_) => Err(Refusal::TimedOut),
    }
}

fn text_of(panic: &(dyn Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("(no text)")
}

fn refused(surface: Option<&Surface>, refusal: &Refusal, asked: &Asked) -> Response {
    let response = match surface {
        Some(surface) => (surface.refuse)(refusal, asked),
        None => refusal.status().into_response(),
    };
    refusal.noted(response)
}

fn finish_headers(response: &mut Response, asked: &Asked) {
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(asked.request_id()) {
        headers.insert(X_REQUEST_ID, id);
    }
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

/// What is told of a request to log and metrics: never its secret, its query string or its body.
struct Told<'t> {
    asked: &'t Asked,
    surface: &'static str,
    route: &'t str,
    status: StatusCode,
    started: Instant,
    cause: &'t str,
}

impl Told<'_> {
    fn log(&self) {
        let who = self.asked.who();
        let (org, token) = who.map_or(("", ""), |who| (who.org.as_str(), who.token_id.as_str()));
        let ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (id, method) = (self.asked.request_id(), method_word(self.asked.method()));
        let (route, status, cause) = (self.route, self.status.as_u16(), self.cause);
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            tracing::warn!(
                id,
                method,
                route,
                status,
                ms,
                org,
                token,
                cause,
                "not answered"
            );
        } else if self.status.is_server_error() {
            tracing::error!(id, method, route, status, ms, org, token, cause, "failed");
        } else if org.is_empty() && self.status.is_success() {
            tracing::debug!(id, method, route, status, ms, "answered");
        } else {
            tracing::info!(id, method, route, status, ms, org, token, "answered");
        }
    }

    /// Has it written down that the request was denied, if it was.
    fn note(&self, app: &App) {
        let Some(denial) = self.asked.denial() else {
            return;
        };
        let place = Place {
            asked: self.asked,
            surface: self.surface,
            route: self.route,
            method: method_word(self.asked.method()),
        };
        let now_micros = app.environment().now_micros();
        app.notes().denied(denial, place, now_micros);
    }

    fn count(&self) {
        let surface = self.surface;
        let route = self.route.to_owned();
        let (method, status) = (method_word(self.asked.method()), self.status.as_u16());
        metrics::counter!("docket_http_requests_total", "surface" => surface,
            "route" => route.clone(), "method" => method, "status" => status.to_string())
        .increment(1);
        metrics::histogram!("docket_http_request_seconds", "surface" => surface, "route" => route)
            .record(self.started.elapsed());
    }
}

/// A method's name out of a fixed list, so that no client can make up labels.
fn method_word(method: &Method) -> &'static str {
    const KNOWN: [(Method, &str); 7] = [
        (Method::GET, "GET"),
        (Method::HEAD, "HEAD"),
        (Method::POST, "POST"),
        (Method::PUT, "PUT"),
        (Method::PATCH, "PATCH"),
        (Method::DELETE, "DELETE"),
        (Method::OPTIONS, "OPTIONS"),
    ];
    KNOWN
        .iter()
        .find(|(known, _)| known == method)
        .map_or("other", |(_, word)| word)
}
