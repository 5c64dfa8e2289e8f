//! The status that every answer carries, and the vendor's codes for what can go wrong.

use axum::http::StatusCode;
use docket_event::Value;
use docket_surfaces_kit::{Asked, Permission, Refusal};

use crate::search::Unusable;
use crate::wire::{ID_PREFIX_CHARS_MAX, ID_PREFIX_HEADER, READ_SCOPE};

/// The vendor's codes, each with its number and fixed text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// `SUCCESS`
    Success,
    /// `CONN_THROTTLED`
    Throttled,
    /// `CONN_INSUFFICIENT_SCOPES`
    InsufficientScopes,
    /// `CONN_KEY_INVALID`
    KeyInvalid,
    /// `CONN_BAD_REQUEST_FORMAT`
    BadRequestFormat,
    /// `CONN_DOES_NOT_EXIST`
    DoesNotExist,
    /// `CONN_INVALID_REQUEST`
    InvalidRequest,
    /// `CONN_METHOD_NOT_ALLOWED`
    MethodNotAllowed,
    /// `RPC_SERVER_UNAVAILABLE`
    ServerUnavailable,
    /// `RPC_MAX_MESSAGE_SIZE_EXCEEDED`
    MessageTooLarge,
    /// `INTERNAL_UNCATEGORIZED`
    Internal,
}

impl Code {
    /// The number on the wire.
    pub const fn number(self) -> u32 {
        match self {
            Code::Success => 10_000,
            Code::Throttled => 11_005,
            Code::InsufficientScopes => 11_007,
            Code::KeyInvalid => 11_008,
            Code::BadRequestFormat => 11_100,
            Code::DoesNotExist => 11_101,
            Code::InvalidRequest => 11_102,
            Code::MethodNotAllowed => 11_103,
            Code::ServerUnavailable => 40_031,
            Code::MessageTooLarge => 40_033,
            Code::Internal => 99_009,
        }
    }

    /// The fixed text.
    pub const fn description(self) -> &'static str {
        match self {
            Code::Success => "Ok",
            Code::Throttled => "Making too many requests",
            Code::InsufficientScopes => "API key has insufficient scopes",
            Code::KeyInvalid => "Invalid API key or Invalid API key/application pair",
            Code::BadRequestFormat => "Bad request format",
            Code::DoesNotExist => "Resource does not exist",
            Code::InvalidRequest => "Invalid request",
            Code::MethodNotAllowed => "Method not allowed",
            Code::ServerUnavailable => {
                "Sorry, the server is unavailable at the moment. Please try again later."
            }
            Code::MessageTooLarge => "Request is larger than the allowed limit",
            Code::Internal => "Internal error",
        }
    }

    /// The HTTP status of a REST answer.
    pub const fn http(self) -> StatusCode {
        match self {
            Code::Success => StatusCode::OK,
            Code::Throttled => StatusCode::TOO_MANY_REQUESTS,
            Code::InsufficientScopes => StatusCode::FORBIDDEN,
            Code::KeyInvalid => StatusCode::UNAUTHORIZED,
            Code::BadRequestFormat | Code::InvalidRequest => StatusCode::BAD_REQUEST,
            Code::DoesNotExist => StatusCode::NOT_FOUND,
            Code::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Code::ServerUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Code::MessageTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// The status of one answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// What came of it.
    pub code: Code,
    /// What was wrong, for people; empty on success.
    pub details: String,
    /// The id of the answer.
    pub req_id: String,
}

/// Why there is no list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The vendor's code.
    pub code: Code,
    /// The HTTP status of a REST answer.
    pub http: StatusCode,
    /// What was wrong, for people.
    pub details: String,
    /// Whether the method itself answers, and so prints its empty list.
    pub reached: bool,
}

impl Status {
    /// It went well.
    pub fn success(asked: &Asked) -> Self {
        Status {
            code: Code::Success,
            details: String::new(),
            req_id: req_id(asked),
        }
    }

    /// The message.
    pub fn to_value(&self) -> Value<'static> {
        let details =
            (!self.details.is_empty()).then(|| ("details", Value::string(self.details.clone())));
        let members = [
            ("code", Value::integer(self.code.number().into())),
            ("description", Value::string(self.code.description())),
        ];
        let req_id = ("req_id", Value::string(self.req_id.clone()));
        Value::object(members.into_iter().chain(details).chain([req_id]))
    }
}

/// The id of an answer: ours, behind the prefix that the caller asks for. A prefix that is no prefix is left out.
pub fn req_id(asked: &Asked) -> String {
    let fits = |prefix: &&str| {
        (1..=ID_PREFIX_CHARS_MAX).contains(&prefix.len())
            && prefix.bytes().all(|byte| byte.is_ascii_graphic())
    };
    match asked.header(ID_PREFIX_HEADER).filter(fits) {
        Some(prefix) => format!("{prefix}-{}", asked.request_id()),
        None => asked.request_id().to_owned(),
    }
}

impl Failure {
    fn new(code: Code, details: impl Into<String>) -> Self {
        Failure {
            code,
            http: code.http(),
            details: details.into(),
            reached: true,
        }
    }

    fn before(code: Code, details: impl Into<String>) -> Self {
        Failure {
            reached: false,
            ..Failure::new(code, details)
        }
    }

    /// A body that is no request.
    pub fn unreadable(details: impl Into<String>) -> Self {
        Failure::before(Code::BadRequestFormat, details)
    }

    /// A path that leads nowhere.
    pub fn nowhere(details: impl Into<String>) -> Self {
        Failure::before(Code::DoesNotExist, details)
    }

    /// A path that names nobody.
    pub fn nobody(details: impl Into<String>) -> Self {
        Failure::new(Code::InvalidRequest, details)
    }

    /// The answer's status.
    pub fn status(&self, asked: &Asked) -> Status {
        Status {
            code: self.code,
            details: self.details.clone(),
            req_id: req_id(asked),
        }
    }

    /// The answer.
    pub fn answer(&self, asked: &Asked) -> Value<'static> {
        let status = ("status", self.status(asked).to_value());
        let entries = self.reached.then(|| ("entries", Value::Array(Vec::new())));
        Value::object([status].into_iter().chain(entries))
    }
}

impl From<Unusable> for Failure {
    fn from(unusable: Unusable) -> Self {
        match unusable {
            Unusable::Malformed(fault) => Failure::unreadable(fault.to_string()),
            Unusable::Invalid(fault) => Failure::new(Code::InvalidRequest, fault.to_string()),
        }
    }
}

impl From<&Refusal> for Failure {
    fn from(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::Anonymous => Failure {
                http: StatusCode::UNAUTHORIZED,
                ..Failure::new(
                    Code::InvalidRequest,
                    "Empty or malformed authorization header. Please provide an API key or session token.",
                )
            },
            Refusal::UnknownToken => Failure::new(
                Code::KeyInvalid,
                "The key is unknown, expired or revoked, or its owner may not sign in.",
            ),
            Refusal::Denied(lacked) => {
                Failure::new(Code::InsufficientScopes, missing(lacked.permission()))
            }
            Refusal::UnknownPath => Failure::nowhere("There is nothing at this path."),
            Refusal::UnknownMethod => Failure::before(Code::MethodNotAllowed, "Method Not Allowed"),
            Refusal::BadBody(_) | Refusal::UnknownEncoding(_) | Refusal::TooBroad(_) => {
                Failure::unreadable(refusal.to_string())
            }
            Refusal::BodyTooLarge { .. } => {
                Failure::before(Code::MessageTooLarge, refusal.to_string())
            }
            Refusal::HeadTooLarge { .. } => {
                Failure::before(Code::InvalidRequest, refusal.to_string())
            }
            Refusal::TooMany { per_second, .. } => Failure::new(
                Code::Throttled,
                format!("exceeded limit of {per_second} requests per second"),
            ),
            Refusal::Busy { .. } | Refusal::TimedOut => {
                Failure::before(Code::ServerUnavailable, refusal.to_string())
            }
            Refusal::Unavailable(_) | Refusal::Internal(_) => {
                Failure::new(Code::Internal, refusal.to_string())
            }
        }
    }
}

/// The same words for a log that belongs to somebody else and for one that does not exist.
fn missing(permission: Permission) -> String {
    match permission {
        Permission::AuditRead => format!("The key lacks the scope {READ_SCOPE} for this log."),
        other => format!("The key lacks the permission {}.", other.name()),
    }
}
