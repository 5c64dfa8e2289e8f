//! The log over gRPC: what is wrong with a question rides in the answer's status, gRPC's own status is for the
//! transport.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use docket_event::Value;
use docket_surfaces_kit::body::discard;
use docket_surfaces_kit::{App, Asked, Refusal, auth};
use http_body_util::{BodyExt, Full};
use prost::Message as _;
use tonic::codec::{DecodeBuf, Decoder, Streaming};
use tonic::{Code, Status as GrpcStatus};

use crate::proto::PostAuditLogSearchesRequest;
use crate::schema::RESPONSE;
use crate::search::Search;
use crate::status::{Failure, Status};
use crate::wire::{METHOD, REQUEST_BYTES_MAX, SEARCHES};
use crate::{KEY, NoPage, page, protobuf, query, rest};

const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
const ENCODING: &str = "grpc-encoding";
const TIMEOUT: &str = "grpc-timeout";
const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const OK: HeaderValue = HeaderValue::from_static("0");

/// Bytes in front of a message: whether it is compressed, and its length.
const PREFIX_BYTES: usize = 5;
/// Most digits of a deadline, by the protocol.
const TIMEOUT_DIGITS_MAX: usize = 8;

/// Whether a request is one of gRPC. gRPC-Web is another protocol.
pub fn is_grpc(asked: &Asked) -> bool {
    let content_type = asked.header(CONTENT_TYPE.as_str()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence == "application/grpc" || essence.starts_with("application/grpc+")
}

/// Any method of the vendor's service. One of them is answered.
pub async fn call(
    State(app): State<App>,
    method: Result<Path<String>, PathRejection>,
    asked: Asked,
    body: Body,
) -> Response {
    if !is_grpc(&asked) {
        discard(&asked, body).await;
        let details = format!("Send content-type application/grpc, or ask {SEARCHES} with JSON.");
        return rest::failed(&Failure::nowhere(details), &asked);
    }
    if !method.is_ok_and(|Path(method)| method == METHOD) {
        discard(&asked, body).await;
        let only = format!("of this service, {METHOD} alone is answered here");
        return GrpcStatus::unimplemented(only).into_http();
    }
    let answer = searches(&app, &asked, body);
    match asked.header(TIMEOUT).and_then(deadline) {
        None => answer.await,
        Some(time) => match tokio::time::timeout(time, answer).await {
            Ok(response) => response,
            Err(_) => GrpcStatus::deadline_exceeded("the deadline has passed").into_http(),
        },
    }
}

/// What the kit refuses, as an answer to a gRPC client.
pub fn refused(refusal: &Refusal, asked: &Asked) -> Response {
    match refusal {
        Refusal::Busy { .. } | Refusal::TimedOut => {
            GrpcStatus::unavailable(refusal.to_string()).into_http()
        }
        Refusal::BodyTooLarge { .. } | Refusal::HeadTooLarge { .. } => {
            GrpcStatus::resource_exhausted(refusal.to_string()).into_http()
        }
        Refusal::BadBody(_) => GrpcStatus::invalid_argument(refusal.to_string()).into_http(),
        Refusal::UnknownPath | Refusal::UnknownMethod | Refusal::UnknownEncoding(_) => {
            GrpcStatus::unimplemented(refusal.to_string()).into_http()
        }
        Refusal::Anonymous
        | Refusal::UnknownToken
        | Refusal::Denied(_)
        | Refusal::TooBroad(_)
        | Refusal::TooMany { .. }
        | Refusal::Unavailable(_)
        | Refusal::Internal(_) => message(&Failure::from(refusal).answer(asked)),
    }
}

async fn searches(app: &App, asked: &Asked, body: Body) -> Response {
    let request = match request(app, asked, body).await {
        Ok(Ok(request)) => request,
        Ok(Err(status)) => return status.into_http(),
        Err(refusal) => return refusal.noted(refused(&refusal, asked)),
    };
    match list(app, asked, request).await {
        Ok(response) => response,
        Err(NoPage::Failure(failure)) => message(&failure.answer(asked)),
        Err(NoPage::Refusal(refusal)) => refusal.noted(refused(&refusal, asked)),
    }
}

async fn list(
    app: &App,
    asked: &Asked,
    request: PostAuditLogSearchesRequest,
) -> Result<Response, NoPage> {
    let caller = auth::authenticate(app, asked, KEY)
        .await
        .map_err(NoPage::Refusal)?;
    let search = Search::read(request, None)?;
    let page = page(app, &caller, &search).await.map_err(NoPage::Refusal)?;
    Ok(message(&query::answer(&Status::success(asked), &page)))
}

/// The one message of a request.
async fn request(
    app: &App,
    asked: &Asked,
    body: Body,
) -> Result<Result<PostAuditLogSearchesRequest, GrpcStatus>, Refusal> {
    let encoding = asked.header(ENCODING).unwrap_or("identity");
    if encoding != "identity" {
        discard(asked, body).await;
        let only = "messages are taken uncompressed; send grpc-encoding identity";
        return Ok(Err(GrpcStatus::unimplemented(only)));
    }
    let max = REQUEST_BYTES_MAX + PREFIX_BYTES;
    let plain = app.body_within(asked, body, max).await?.plain()?;
    let bytes = Full::new(Bytes::copy_from_slice(plain.bytes()));
    let mut messages = Streaming::new_request(Requests, bytes, None, Some(REQUEST_BYTES_MAX));
    Ok(match messages.message().await {
        Ok(Some(request)) => Ok(request),
        Ok(None) => Err(GrpcStatus::invalid_argument(
            "there is no message in the request",
        )),
        Err(status) => Err(by_the_contract(&status)),
    })
}

/// The library has other codes for messages that are too large or damaged than this vendor's server.
fn by_the_contract(status: &GrpcStatus) -> GrpcStatus {
    let code = match status.code() {
        Code::OutOfRange => Code::ResourceExhausted,
        Code::Internal => Code::InvalidArgument,
        other => other,
    };
    GrpcStatus::new(code, status.message())
}

struct Requests;

impl Decoder for Requests {
    type Item = PostAuditLogSearchesRequest;
    type Error = GrpcStatus;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Self::Item>, GrpcStatus> {
        let request = PostAuditLogSearchesRequest::decode(buffer);
        let unreadable =
            |error: prost::DecodeError| GrpcStatus::invalid_argument(error.to_string());
        request.map(Some).map_err(unreadable)
    }
}

/// The answer of a call that gRPC calls a success: one message, and the status behind it.
fn message(answer: &Value<'_>) -> Response {
    let mut bytes = vec![0; PREFIX_BYTES];
    protobuf::encode(answer, *RESPONSE, &mut bytes);
    let length = u32::try_from(bytes.len() - PREFIX_BYTES).unwrap_or(u32::MAX);
    if let Some(prefix) = bytes.get_mut(1..PREFIX_BYTES) {
        prefix.copy_from_slice(&length.to_be_bytes());
    }
    let trailers = HeaderMap::from_iter([(STATUS, OK)]);
    let body = Full::new(Bytes::from(bytes)).with_trailers(std::future::ready(Some(Ok(trailers))));
    let mut response = Response::new(Body::new(body));
    response.headers_mut().insert(CONTENT_TYPE, GRPC);
    response
}

/// The time that a client gives: up to eight digits and a unit. What is none is not heeded.
fn deadline(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > TIMEOUT_DIGITS_MAX {
        return None;
    }
    let count: u64 = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| digits.parse().ok())??;
    match unit {
        "H" => Some(Duration::from_secs(count * 3_600)),
        "M" => Some(Duration::from_secs(count * 60)),
        "S" => Some(Duration::from_secs(count)),
        "m" => Some(Duration::from_millis(count)),
        "u" => Some(Duration::from_micros(count)),
        "n" => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_are_read_as_the_protocol_writes_them() {
        let check = |text: &str, expected: Option<u128>| {
            assert_eq!(
                deadline(text).map(|time| time.as_nanos()),
                expected,
                "{text}"
            );
        };
        check("1S", Some(1_000_000_000));
        check("99999999H", Some(359_999_996_400_000_000_000));
        check("250m", Some(250_000_000));
        check("7u", Some(7_000));
        check("7n", Some(7));
        for bad in ["", "S", "1", "1s", "123456789S", "-1S", "+1S", "1.5S", "1é"] {
            check(bad, None);
        }
    }
}
