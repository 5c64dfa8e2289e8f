//! What a handler is told about its request besides path and body.

use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use docket_access::Owner;

use crate::Permission;

/// The address that a request came from, as the listener knows it: behind a trusted proxy, what the proxy
/// says. The listener puts it into the request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client(pub IpAddr);

/// The head of a request. Cheap to clone.
#[derive(Clone)]
pub struct Asked {
    inner: Arc<Inner>,
}

struct Inner {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    request_id: String,
    client: Option<IpAddr>,
    who: OnceLock<Who>,
    denial: OnceLock<Denial>,
    has_read: AtomicBool,
}

/// Who asked, for the log line.
pub(crate) struct Who {
    pub org: String,
    pub token_id: String,
}

/// Why the request is denied, where it is known whose token it carries.
#[derive(Debug)]
pub(crate) struct Denial {
    pub org: String,
    pub token_id: String,
    pub owner: Option<Owner>,
    pub because: Because,
}

/// What a token that has the permission may not do all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beyond {
    /// To hand on more than it has, or to do what only an owner of the organization may.
    Authority,
    /// To act in another organization than its own.
    Organization,
}

/// What denies a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Because {
    /// The credential itself, by the word that events have for it.
    Credential(&'static str),
    /// The want of a permission.
    Permission(Permission),
    /// What else the caller may not.
    Beyond(Beyond),
}

impl Asked {
    pub(crate) fn new(parts: &Parts, request_id: String) -> Self {
        let inner = Inner {
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            headers: parts.headers.clone(),
            request_id,
            client: parts.extensions.get::<Client>().map(|client| client.0),
            who: OnceLock::new(),
            denial: OnceLock::new(),
            has_read: AtomicBool::new(false),
        };
        Asked {
            inner: Arc::new(inner),
        }
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.inner.method
    }

    /// The path as it was sent, percent signs and all.
    pub fn path(&self) -> &str {
        self.inner.uri.path()
    }

    /// The query string as it was sent; empty without one. Read it with [`crate::query::pairs`].
    pub fn query(&self) -> &str {
        self.inner.uri.query().unwrap_or_default()
    }

    /// The headers. They hold the secret: never log them.
    pub fn headers(&self) -> &HeaderMap {
        &self.inner.headers
    }

    /// A header's text; `None` when it is absent or not visible ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.inner.headers.get(name)?.to_str().ok()
    }

    /// The request's id, 32 hex digits; the answer carries it as `x-request-id`.
    pub fn request_id(&self) -> &str {
        &self.inner.request_id
    }

    /// The address that asked, if the listener knows it.
    pub fn client(&self) -> Option<IpAddr> {
        self.inner.client
    }

    /// Notes who asked, for the log line.
    pub(crate) fn is_from(&self, who: Who) {
        let _ = self.inner.who.set(who);
    }

    pub(crate) fn who(&self) -> Option<&Who> {
        self.inner.who.get()
    }

    /// Notes that the request is denied; the first reason counts.
    pub(crate) fn is_denied(&self, denial: Denial) {
        let _ = self.inner.denial.set(denial);
    }

    pub(crate) fn denial(&self) -> Option<&Denial> {
        self.inner.denial.get()
    }

    /// Whether the request has read no events before.
    pub(crate) fn is_first_read(&self) -> bool {
        !self.inner.has_read.swap(true, Ordering::Relaxed)
    }
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Asked({} {}, {})",
            self.method(),
            self.path(),
            self.request_id()
        )
    }
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        parts
            .extensions
            .get::<Asked>()
            .cloned()
            .ok_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}
