//! Why the kit does not do what was asked.

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use docket_engine::QueryError;

use crate::principal::Missing;

/// Seconds after which a client may ask again when too much is under way.
pub const BUSY_RETRY_S: u64 = 2;
/// Says of an answer whether its client should ask again.
const SHOULD_RETRY: &str = "x-should-retry";
/// Most seconds that a client is told to wait.
pub const RETRY_MAX_S: u64 = 60;

/// Why the kit does not do what was asked. A surface maps every variant to its own status and envelope.
///
/// What [`std::fmt::Display`] writes is for the client: it holds no secret and nothing about the inside. The
/// operator's text is [`Refusal::cause`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No credential, or one in another form than the surface's scheme. (401)
    #[error("a token is needed")]
    Anonymous,
    /// A credential that is unknown, expired or revoked, or whose owner is gone. (401)
    #[error("the token is unknown, expired or revoked")]
    UnknownToken,
    /// The token lacks this permission. (403)
    ///
    /// [`Principal::denied`](crate::Principal::denied) makes it, so that it is recorded.
    #[error("the token lacks the permission {}", .0.permission().name())]
    Denied(Missing),
    /// No route has this path. (404)
    #[error("there is nothing at this path")]
    UnknownPath,
    /// The route has no such method; the answer's `allow` header is filled in behind the surface. (405)
    #[error("this path does not take this method")]
    UnknownMethod,
    /// The body, or what it decompresses to, cannot be read. (400)
    #[error("{0}")]
    BadBody(String),
    /// The body has a content encoding that is not taken. (415)
    #[error("the content encoding `{0}` is not taken; send gzip, zstd or none")]
    UnknownEncoding(String),
    /// A text search would have to look through too much; says what to write instead. (422)
    #[error("{0}")]
    TooBroad(String),
    /// More bytes than are taken: of the body, plain or decompressed. (413)
    #[error("the body has more than {max} bytes")]
    BodyTooLarge {
        /// Most bytes that are taken.
        max: usize,
    },
    /// The address, query string included, is too long (414), or the headers are (431).
    #[error("{} is longer than {max} bytes", head_part(*.status))]
    HeadTooLarge {
        /// 414 or 431.
        status: StatusCode,
        /// Most bytes that are taken.
        max: usize,
    },
    /// This token or address asks more often than it may, or the address sends too many credentials that are refused.
    /// (429)
    #[error("too many requests; ask again in {retry_after_s} s")]
    TooMany {
        /// For `retry-after`: 1 to [`RETRY_MAX_S`].
        retry_after_s: u64,
        /// Requests a second that are taken in the long run, at least 1.
        per_second: u32,
    },
    /// Too much is under way, or the server is just starting or stopping; nothing was done. (503)
    #[error("the server is busy; ask again in {retry_after_s} s")]
    Busy {
        /// For `retry-after`: 1 to [`RETRY_MAX_S`].
        retry_after_s: u64,
        /// For the operator.
        cause: String,
    },
    /// It took longer than a request may; whether it was done is not known. (503)
    #[error("the request took too long")]
    TimedOut,
    /// The store failed or has stopped; whether anything was done is not known. (503)
    #[error("the store is not available")]
    Unavailable(String),
    /// What is stored cannot be right, or a program fault. (500)
    #[error("the server had an error")]
    Internal(String),
}

impl Refusal {
    /// Too much of `what` is under way.
    pub fn busy(cause: impl Into<String>) -> Self {
        Refusal::Busy {
            retry_after_s: BUSY_RETRY_S,
            cause: cause.into(),
        }
    }

    /// The operator's text, if it says more than the client's.
    pub fn cause(&self) -> Option<&str> {
        match self {
            Refusal::Busy { cause, .. }
            | Refusal::Unavailable(cause)
            | Refusal::Internal(cause) => Some(cause),
            Refusal::Anonymous
            | Refusal::UnknownToken
            | Refusal::Denied(_)
            | Refusal::UnknownPath
            | Refusal::UnknownMethod
            | Refusal::BadBody(_)
            | Refusal::UnknownEncoding(_)
            | Refusal::TooBroad(_)
            | Refusal::BodyTooLarge { .. }
            | Refusal::HeadTooLarge { .. }
            | Refusal::TooMany { .. }
            | Refusal::TimedOut => None,
        }
    }

    /// The value of `retry-after` that belongs to it.
    pub fn retry_after_s(&self) -> Option<u64> {
        match self {
            Refusal::TooMany { retry_after_s, .. } | Refusal::Busy { retry_after_s, .. } => {
                Some((*retry_after_s).clamp(1, RETRY_MAX_S))
            }
            Refusal::Unavailable(_) | Refusal::TimedOut => Some(BUSY_RETRY_S),
            Refusal::Anonymous
            | Refusal::UnknownToken
            | Refusal::Denied(_)
            | Refusal::UnknownPath
            | Refusal::UnknownMethod
            | Refusal::BadBody(_)
            | Refusal::UnknownEncoding(_)
            | Refusal::TooBroad(_)
            | Refusal::BodyTooLarge { .. }
            | Refusal::HeadTooLarge { .. }
            | Refusal::Internal(_) => None,
        }
    }

    /// The status that HTTP has for it, for surfaces that follow HTTP.
    pub fn status(&self) -> StatusCode {
        match self {
            Refusal::Anonymous | Refusal::UnknownToken => StatusCode::UNAUTHORIZED,
            Refusal::Denied(_) => StatusCode::FORBIDDEN,
            Refusal::UnknownPath => StatusCode::NOT_FOUND,
            Refusal::UnknownMethod => StatusCode::METHOD_NOT_ALLOWED,
            Refusal::BadBody(_) => StatusCode::BAD_REQUEST,
            Refusal::UnknownEncoding(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Refusal::TooBroad(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Refusal::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::HeadTooLarge { status, .. } => *status,
            Refusal::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Refusal::Busy { .. } | Refusal::TimedOut | Refusal::Unavailable(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Refusal::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Hands the operator's text to the log line of `response`, which renders this refusal, and sets `retry-after`
    /// where the refusal has one and the surface has said nothing about retrying.
    #[must_use]
    pub fn noted(&self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        let silent = !headers.contains_key(RETRY_AFTER) && !headers.contains_key(SHOULD_RETRY);
        if let Some(seconds) = self.retry_after_s().filter(|_| silent) {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(cause) = self.cause() {
            response.extensions_mut().insert(Cause(cause.to_owned()));
        }
        response
    }
}

/// The operator's text of an answer.
#[derive(Clone)]
pub(crate) struct Cause(pub String);

fn head_part(status: StatusCode) -> &'static str {
    if status == StatusCode::URI_TOO_LONG {
        "the address"
    } else {
        "the request's head"
    }
}

impl From<QueryError> for Refusal {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::TooBroad(reason) => Refusal::TooBroad(reason),
            QueryError::Busy(cause) => Refusal::busy(cause),
            QueryError::Unavailable(cause) => Refusal::Unavailable(cause),
            QueryError::Corrupt(cause) => Refusal::Internal(cause),
        }
    }
}
