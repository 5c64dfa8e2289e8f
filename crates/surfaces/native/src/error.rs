//! Problem details (RFC 9457): every answer of the native API that is not what was asked for.

use axum::http::header::{ACCEPT_ENCODING, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use docket_access::AccessError;
use docket_event::{Fault, Value};
use docket_surfaces_kit::write::WriteError;
use docket_surfaces_kit::{Asked, Refusal, body};

/// What the `type` of every problem begins with.
const TYPE_PREFIX: &str = "urn:docket:problem:";

/// An answer that is not what was asked for.
#[derive(Debug)]
pub struct Problem(Box<Parts>);

#[derive(Debug)]
struct Parts {
    status: StatusCode,
    /// Last part of its `type`, which stays the same for ever.
    kind: &'static str,
    title: &'static str,
    detail: String,
    errors: Vec<(Option<usize>, Fault)>,
    refusal: Option<Refusal>,
}

impl Problem {
    fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Problem(Box::new(Parts {
            status,
            kind,
            title,
            detail: detail.into(),
            errors: Vec::new(),
            refusal: None,
        }))
    }

    /// Query parameters or headers that are wrong, by name.
    pub fn parameters(faults: Vec<Fault>) -> Self {
        let detail = summary(faults.iter().map(ToString::to_string));
        let kind = "invalid-parameter";
        let title = "A parameter is wrong";
        let mut problem = Problem::new(StatusCode::BAD_REQUEST, kind, title, detail);
        problem.0.errors = faults.into_iter().map(|fault| (None, fault)).collect();
        problem
    }

    /// A body that is no JSON object; where it stops being one.
    pub fn no_object(path: &str, reason: String) -> Self {
        let kind = "malformed-body";
        let title = "The body is no JSON object";
        let mut problem = Problem::new(StatusCode::BAD_REQUEST, kind, title, reason.clone());
        problem.0.errors.push((None, Fault::new(path, reason)));
        problem
    }

    /// A value that cannot be taken, by its path in the body.
    pub fn value(fault: Fault) -> Self {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        let title = "A value cannot be taken";
        let mut problem = Problem::new(status, "invalid-value", title, fault.to_string());
        problem.0.errors.push((None, fault));
        problem
    }

    /// There is nothing of that name, as far as the caller may know.
    pub fn no_thing(detail: impl Into<String>) -> Self {
        let title = "There is no such thing";
        Problem::new(StatusCode::NOT_FOUND, "no-such-thing", title, detail)
    }

    /// The caller may not do this.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        let title = "The token does not allow this";
        Problem::new(StatusCode::FORBIDDEN, "forbidden", title, detail)
    }

    /// No event has this id, as far as the caller may know.
    pub fn no_event(id: &str) -> Self {
        let shown: String = id.chars().take(100).collect();
        let detail = format!("no event has the id {shown}");
        Problem::new(
            StatusCode::NOT_FOUND,
            "no-such-event",
            "There is no such event",
            detail,
        )
    }
}

/// Renders what the kit refuses.
pub fn refuse(refusal: &Refusal, _: &Asked) -> Response {
    Problem::from(refusal.clone()).into_response()
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let (kind, title) = words(&refusal);
        let detail = match refusal == Refusal::Anonymous {
            true => "send the header `Authorization: Bearer <token>`, exactly once".to_owned(),
            false => refusal.to_string(),
        };
        let mut problem = Problem::new(refusal.status(), kind, title, detail);
        problem.0.refusal = Some(refusal);
        problem
    }
}

fn words(refusal: &Refusal) -> (&'static str, &'static str) {
    match refusal {
        Refusal::Anonymous => ("no-token", "A token is needed"),
        Refusal::UnknownToken => ("invalid-token", "The token is not valid"),
        Refusal::Denied(_) => ("forbidden", "The token does not allow this"),
        Refusal::UnknownPath => ("unknown-path", "There is nothing here"),
        Refusal::UnknownMethod => ("unknown-method", "This path does not take this method"),
        Refusal::BadBody(_) => ("unreadable-body", "The body cannot be read"),
        Refusal::UnknownEncoding(_) => ("unknown-encoding", "The body's encoding is not taken"),
        Refusal::TooBroad(_) => ("search-too-broad", "The search would look through too much"),
        Refusal::BodyTooLarge { .. } => ("body-too-large", "The body is too large"),
        Refusal::HeadTooLarge { .. } => ("head-too-large", "The request's head is too large"),
        Refusal::TooMany { .. } => ("too-many-requests", "Too many requests"),
        Refusal::Busy { .. } => ("busy", "The server is busy"),
        Refusal::TimedOut => ("timed-out", "The request took too long"),
        Refusal::Unavailable(_) => ("unavailable", "The store is not available"),
        Refusal::Internal(_) => ("internal", "The server had an error"),
    }
}

/// The header that belongs to a refusal.
fn header(refusal: &Refusal) -> Option<(HeaderName, HeaderValue)> {
    const ASK: HeaderValue = HeaderValue::from_static("Bearer realm=\"docket\"");
    const ASK_AGAIN: HeaderValue =
        HeaderValue::from_static("Bearer realm=\"docket\", error=\"invalid_token\"");
    match refusal {
        Refusal::Anonymous => Some((WWW_AUTHENTICATE, ASK)),
        Refusal::UnknownToken => Some((WWW_AUTHENTICATE, ASK_AGAIN)),
        Refusal::UnknownEncoding(_) => {
            Some((ACCEPT_ENCODING, HeaderValue::from_static(body::ENCODINGS)))
        }
        Refusal::Denied(_)
        | Refusal::UnknownPath
        | Refusal::UnknownMethod
        | Refusal::BadBody(_)
        | Refusal::TooBroad(_)
        | Refusal::BodyTooLarge { .. }
        | Refusal::HeadTooLarge { .. }
        | Refusal::TooMany { .. }
        | Refusal::Busy { .. }
        | Refusal::TimedOut
        | Refusal::Unavailable(_)
        | Refusal::Internal(_) => refusal
            .retry_after_s()
            .map(|seconds| (RETRY_AFTER, HeaderValue::from(seconds))),
    }
}

impl From<AccessError> for Problem {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::Invalid(fault) => Problem::value(fault),
            AccessError::Unknown(detail) => Problem::no_thing(detail),
            AccessError::Conflict(detail) => {
                let title = "What is there already forbids it";
                Problem::new(StatusCode::CONFLICT, "conflict", title, detail)
            }
            AccessError::Forbidden(detail) => Problem::forbidden(detail),
            AccessError::Busy(cause) => Refusal::busy(cause).into(),
            AccessError::Unavailable(cause) => Refusal::Unavailable(cause).into(),
            AccessError::Corrupt(cause) => Refusal::Internal(cause).into(),
        }
    }
}

impl From<WriteError> for Problem {
    fn from(error: WriteError) -> Self {
        let text = error.to_string();
        match error {
            WriteError::Malformed(fault) => {
                let title = "The body is no batch of events";
                let mut problem =
                    Problem::new(StatusCode::BAD_REQUEST, "malformed-body", title, text);
                problem.0.errors.push((None, fault));
                problem
            }
            WriteError::TooMany { .. } => {
                let title = "There are too many events in one request";
                Problem::new(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "too-many-events",
                    title,
                    text,
                )
            }
            WriteError::Invalid(faults) => {
                let lines = faults
                    .iter()
                    .map(|(index, fault)| format!("event {index}: {fault}"));
                let detail = format!("nothing was stored: {}", summary(lines));
                let title = "Some events cannot be stored";
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                let mut problem = Problem::new(status, "invalid-event", title, detail);
                let errors = faults
                    .into_iter()
                    .map(|(index, fault)| (Some(index), fault));
                problem.0.errors = errors.collect();
                problem
            }
            WriteError::KeyReused => {
                let title = "The idempotency key stands for another body";
                Problem::new(StatusCode::CONFLICT, "idempotency-key-reused", title, text)
            }
            WriteError::Refused(refusal) => refusal.into(),
        }
    }
}

/// The first line, and how many more there are.
fn summary(mut lines: impl Iterator<Item = String>) -> String {
    let first = lines.next().unwrap_or_default();
    match lines.count() {
        0 => first,
        more => format!("{first} (and {more} more)"),
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let parts = *self.0;
        let text = document(&parts).to_text();
        let content_type = HeaderValue::from_static("application/problem+json");
        let mut response = (parts.status, [(CONTENT_TYPE, content_type)], text).into_response();
        let Some(refusal) = parts.refusal else {
            return response;
        };
        if let Some((name, value)) = header(&refusal) {
            response.headers_mut().insert(name, value);
        }
        refusal.noted(response)
    }
}

fn document(problem: &Parts) -> Value<'_> {
    let mut members = vec![
        (
            "type",
            Value::string(format!("{TYPE_PREFIX}{}", problem.kind)),
        ),
        ("title", Value::string(problem.title)),
        ("status", Value::integer(problem.status.as_u16().into())),
        ("detail", Value::string(problem.detail.as_str())),
    ];
    if !problem.errors.is_empty() {
        members.push((
            "errors",
            Value::Array(problem.errors.iter().map(error).collect()),
        ));
    }
    Value::object(members)
}

fn error((index, fault): &(Option<usize>, Fault)) -> Value<'_> {
    let index = index.and_then(|index| i64::try_from(index).ok());
    let index = index.map(|index| ("index", Value::integer(index)));
    let rest = [
        ("path", Value::string(fault.path.as_str())),
        ("reason", Value::string(fault.reason.as_str())),
    ];
    Value::object(index.into_iter().chain(rest))
}
