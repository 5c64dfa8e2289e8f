//! What is answered instead of a list: the vendor's envelope for every refusal.

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use docket_event::Value;
use docket_surfaces_kit::{Asked, Permission, Refusal, auth};

use crate::wire::{KEY_PREFIX, READ_SCOPE};

const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Shortest key of which the end is shown, counted without its public prefix.
const MASKED_BYTES_MIN: usize = 12;
/// How much of a key is shown.
const MASKED_SHOWN: usize = 4;
/// Most characters of what was sent that a message repeats.
const SHOWN_CHARS: usize = 60;
/// Most characters of a path that a message repeats.
const PATH_CHARS: usize = 200;

const INVALID_REQUEST: &str = "invalid_request_error";
const SERVER_ERROR: &str = "server_error";

/// A refusal in the vendor's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    status: StatusCode,
    message: String,
    kind: &'static str,
    param: Option<&'static str>,
    code: Option<&'static str>,
    retry_after_s: Option<u64>,
}

impl ApiError {
    /// A parameter that has no such value.
    pub fn value(param: &'static str, message: impl Into<String>) -> Self {
        ApiError {
            param: Some(param),
            ..ApiError::coded(StatusCode::BAD_REQUEST, "invalid_value", message)
        }
    }

    /// A parameter whose value has another type.
    pub fn wrong_type(param: &'static str, expected: &str, got: &str) -> Self {
        let message =
            format!("Invalid type for '{param}': expected {expected}, but got {got} instead.");
        ApiError {
            code: Some("invalid_type"),
            ..ApiError::value(param, message)
        }
    }

    /// An integer above its bound; `got` is what was sent.
    pub fn above(param: &'static str, max: usize, got: &str) -> Self {
        let message = format!(
            "Invalid '{param}': integer above maximum value. Expected a value <= {max}, but got {} instead.",
            shown(got)
        );
        ApiError {
            code: Some("integer_above_max_value"),
            ..ApiError::value(param, message)
        }
    }

    /// An integer below its bound; `got` is what was sent.
    pub fn below(param: &'static str, min: usize, got: &str) -> Self {
        let message = format!(
            "Invalid '{param}': integer below minimum value. Expected a value >= {min}, but got {} instead.",
            shown(got)
        );
        ApiError {
            code: Some("integer_below_min_value"),
            ..ApiError::value(param, message)
        }
    }

    /// A query string that cannot be read.
    pub fn query(reason: &str) -> Self {
        let message = format!("Invalid query string: {reason}.");
        ApiError::coded(StatusCode::BAD_REQUEST, "invalid_value", message)
    }

    /// The header names another organization than the key's.
    pub fn other_organization() -> Self {
        let message =
            "The OpenAI-Organization header names another organization than that of the API key.";
        ApiError::coded(StatusCode::UNAUTHORIZED, "mismatched_organization", message)
    }

    /// What the kit refuses, in the vendor's words.
    pub fn refused(refusal: &Refusal, asked: &Asked) -> Self {
        let error = match refusal {
            Refusal::Anonymous => {
                ApiError::plain(StatusCode::UNAUTHORIZED, "You didn't provide an API key.")
            }
            Refusal::UnknownToken => {
                let secret = auth::credential(asked.headers(), auth::BEARER).unwrap_or_default();
                ApiError::coded(
                    StatusCode::UNAUTHORIZED,
                    "invalid_api_key",
                    wrong_key(secret),
                )
            }
            Refusal::Denied(lacked) => {
                ApiError::plain(StatusCode::FORBIDDEN, missing(lacked.permission()))
            }
            Refusal::UnknownPath => {
                let path: String = asked.path().chars().take(PATH_CHARS).collect();
                let message = format!("Invalid URL ({} {path})", asked.method());
                ApiError::plain(StatusCode::NOT_FOUND, message)
            }
            Refusal::UnknownMethod => {
                let message = format!("Method {} is not supported here; use GET.", asked.method());
                ApiError::coded(
                    StatusCode::METHOD_NOT_ALLOWED,
                    "method_not_supported",
                    message,
                )
            }
            Refusal::BadBody(_)
            | Refusal::UnknownEncoding(_)
            | Refusal::TooBroad(_)
            | Refusal::BodyTooLarge { .. }
            | Refusal::HeadTooLarge { .. } => {
                ApiError::plain(refusal.status(), format!("Invalid request: {refusal}."))
            }
            Refusal::TooMany { .. } => ApiError {
                kind: "requests",
                ..ApiError::coded(
                    refusal.status(),
                    "rate_limit_exceeded",
                    "Rate limit reached.",
                )
            },
            Refusal::Busy { .. } | Refusal::TimedOut | Refusal::Unavailable(_) => ApiError {
                kind: SERVER_ERROR,
                ..ApiError::plain(
                    refusal.status(),
                    "The server is overloaded. Try again later.",
                )
            },
            Refusal::Internal(_) => ApiError {
                kind: SERVER_ERROR,
                ..ApiError::plain(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "The server had an error while processing your request.",
                )
            },
        };
        ApiError {
            retry_after_s: refusal.retry_after_s(),
            ..error
        }
    }

    /// The body of the answer.
    pub fn body(&self) -> String {
        let text = |text: Option<&'static str>| text.map_or(Value::Null, Value::string);
        let error = Value::object([
            ("message", Value::string(self.message.as_str())),
            ("type", Value::string(self.kind)),
            ("param", text(self.param)),
            ("code", text(self.code)),
        ]);
        Value::object([("error", error)]).to_text()
    }

    fn plain(status: StatusCode, message: impl Into<String>) -> Self {
        ApiError {
            status,
            message: message.into(),
            kind: INVALID_REQUEST,
            param: None,
            code: None,
            retry_after_s: None,
        }
    }

    fn coded(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        ApiError {
            code: Some(code),
            ..ApiError::plain(status, message)
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.body()).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, JSON);
        match self.retry_after_s {
            Some(seconds) => headers.insert(RETRY_AFTER, HeaderValue::from(seconds)),
            None => headers.insert(SHOULD_RETRY, HeaderValue::from_static("false")),
        };
        response
    }
}

/// What was sent, cut to what a message may repeat.
pub fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARS).collect()
}

fn missing(permission: Permission) -> String {
    let scope = match permission {
        Permission::AuditRead | Permission::AuditReadOwn => READ_SCOPE,
        other => other.name(),
    };
    format!("You have insufficient permissions for this operation. Missing scopes: {scope}.")
}

/// Says which key was refused without giving it away: its last characters, if it is long enough to spare them.
fn wrong_key(secret: &str) -> String {
    let (prefix, rest) = match secret.strip_prefix(KEY_PREFIX) {
        Some(rest) => (KEY_PREFIX, rest),
        None => ("", secret),
    };
    let end = rest
        .len()
        .checked_sub(MASKED_SHOWN)
        .and_then(|at| rest.get(at..));
    match end {
        Some(end) if rest.len() >= MASKED_BYTES_MIN => {
            format!("Incorrect API key provided: {prefix}****{end}.")
        }
        _ => "Incorrect API key provided.".to_owned(),
    }
}

#[cfg(test)]
mod tests;
