//! What is answered instead of a page: the vendor's envelope for every refusal.

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use docket_event::Value;
use docket_surfaces_kit::Refusal;

use crate::wire::SEARCH;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const BEARER: HeaderValue = HeaderValue::from_static("Bearer");

/// Most characters of what was sent that a message repeats.
const SHOWN_CHARS: usize = 60;
/// Most faults that one answer tells.
const FAULTS_MAX: usize = 100;

/// A refusal in the vendor's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    status: StatusCode,
    detail: Value<'static>,
    retry_after_s: Option<u64>,
}

/// What is wrong with one parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    loc: Vec<Value<'static>>,
    message: String,
    kind: &'static str,
}

impl Detail {
    /// A value that is wrong; `kind` is the vendor's word for why.
    pub fn of(param: &'static str, kind: &'static str, message: impl Into<String>) -> Self {
        Detail {
            loc: vec![Value::string(param)],
            message: message.into(),
            kind,
        }
    }

    /// A value of a list that is no event type.
    pub fn unknown_type(param: &'static str, index: usize, value: &str) -> Self {
        let shown: String = value.chars().take(SHOWN_CHARS).collect();
        let message = format!(
            "Input should be one of the event types, such as 'project-created', not '{shown}'"
        );
        let index = i64::try_from(index).unwrap_or(i64::MAX);
        Detail {
            loc: vec![Value::string(param), Value::integer(index)],
            ..Detail::of(param, "enum", message)
        }
    }

    fn into_value(self) -> Value<'static> {
        let mut loc = vec![Value::string("query")];
        loc.extend(self.loc);
        Value::object([
            ("loc", Value::Array(loc)),
            ("msg", Value::string(self.message)),
            ("type", Value::string(self.kind)),
        ])
    }
}

impl ApiError {
    /// Parameters that are wrong; at most so many are told as an answer may tell.
    pub fn invalid(details: Vec<Detail>) -> Self {
        let details = details.into_iter().take(FAULTS_MAX);
        ApiError {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            detail: Value::Array(details.map(Detail::into_value).collect()),
            retry_after_s: None,
        }
    }

    /// A query string that cannot be read.
    pub fn query(reason: &str) -> Self {
        ApiError::invalid(vec![Detail {
            loc: Vec::new(),
            message: format!("Input should be a readable query string: {reason}"),
            kind: "value_error",
        }])
    }

    /// What the kit refuses, in the vendor's words.
    pub fn refused(refusal: &Refusal) -> Self {
        let text = match refusal {
            Refusal::TooBroad(reason) => {
                return ApiError::invalid(vec![Detail::of(SEARCH, "value_error", reason.as_str())]);
            }
            Refusal::Anonymous => "Not authenticated: send the header Authorization: Bearer TOKEN",
            Refusal::UnknownToken => "Invalid token: it is unknown, expired or revoked",
            Refusal::Denied(_) => "Forbidden: the token may not read these events",
            Refusal::UnknownPath => "Not Found",
            Refusal::UnknownMethod => "Method Not Allowed",
            Refusal::TooMany { .. } => "Too Many Requests",
            Refusal::Busy { .. } | Refusal::TimedOut | Refusal::Unavailable(_) => {
                "Service Unavailable"
            }
            Refusal::Internal(_) => "Internal Server Error",
            Refusal::BadBody(_)
            | Refusal::UnknownEncoding(_)
            | Refusal::BodyTooLarge { .. }
            | Refusal::HeadTooLarge { .. } => "",
        };
        let detail = if text.is_empty() {
            Value::string(refusal.to_string())
        } else {
            Value::string(text)
        };
        ApiError {
            status: refusal.status(),
            detail,
            retry_after_s: refusal.retry_after_s(),
        }
    }

    /// The body of the answer.
    pub fn body(&self) -> String {
        Value::object([("detail", self.detail.clone())]).to_text()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.body()).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, JSON);
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, BEARER);
        }
        if let Some(seconds) = self.retry_after_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
