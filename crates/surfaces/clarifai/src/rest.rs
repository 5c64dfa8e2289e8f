//! The log over REST: JSON in and out, readable from any page of a browser.

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    CONTENT_TYPE,
};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use docket_event::{Value, json as text};
use docket_surfaces_kit::body::discard;
use docket_surfaces_kit::{App, Asked, auth};
use prost::Message as _;

use crate::proto::PostAuditLogSearchesRequest;
use crate::schema::REQUEST;
use crate::search::Search;
use crate::status::{Failure, Status, req_id};
use crate::wire::{ID_HEADER, REQUEST_BYTES_MAX};
use crate::{KEY, NoPage, json, page, protobuf, query};

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=UTF-8");
const ID: HeaderName = HeaderName::from_static(ID_HEADER);

/// What lets pages of other origins read the answers.
const CORS: [(HeaderName, HeaderValue); 3] = [
    (ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    (
        ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET,HEAD,POST,PUT,PATCH,OPTIONS,DELETE"),
    ),
    (
        ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static(
            "Content-Type,Accept,Authorization,X-Clarifai-Session-Token,x-clarifai-request-id-prefix,x-request-id",
        ),
    ),
];

/// A browser asks whether it may ask.
pub async fn preflight(asked: Asked) -> Response {
    headed(StatusCode::NO_CONTENT.into_response(), &asked)
}

/// A client asks what it speaks to. There is nothing to sign in to: keys come from the command line.
pub async fn auth_methods(asked: Asked) -> Response {
    let status = Status::success(&asked).to_value();
    answered(StatusCode::OK, &Value::object([("status", status)]), &asked)
}

/// Lists entries of a log.
pub async fn searches(
    State(app): State<App>,
    user_id: Result<Path<String>, PathRejection>,
    asked: Asked,
    body: Body,
) -> Response {
    match list(&app, user_id, &asked, body).await {
        Ok(response) => response,
        Err(NoPage::Failure(failure)) => failed(&failure, &asked),
        Err(NoPage::Refusal(refusal)) => refusal.noted(failed(&Failure::from(&refusal), &asked)),
    }
}

/// The answer that says what was wrong.
pub fn failed(failure: &Failure, asked: &Asked) -> Response {
    answered(failure.http, &failure.answer(asked), asked)
}

async fn list(
    app: &App,
    user_id: Result<Path<String>, PathRejection>,
    asked: &Asked,
    body: Body,
) -> Result<Response, NoPage> {
    let caller = match auth::authenticate(app, asked, KEY).await {
        Ok(caller) => caller,
        Err(refusal) => {
            discard(asked, body).await;
            return Err(NoPage::Refusal(refusal));
        }
    };
    let sent = app.body_within(asked, body, REQUEST_BYTES_MAX).await;
    let plain = sent
        .and_then(|sent| sent.plain())
        .map_err(NoPage::Refusal)?;
    let Path(user_id) = user_id.map_err(|_| Failure::nobody("The user id is not UTF-8."))?;
    let request = request(plain.text().map_err(NoPage::Refusal)?)?;
    let search = Search::read(request, Some(user_id))?;
    let page = page(app, &caller, &search).await.map_err(NoPage::Refusal)?;
    let answer = query::answer(&Status::success(asked), &page);
    Ok(answered(StatusCode::OK, &answer, asked))
}

/// The request that a body spells; an empty one asks for everything. What its content type says is not looked at:
/// the vendor's own example for browsers sends none of use.
fn request(body: &str) -> Result<PostAuditLogSearchesRequest, Failure> {
    if body.trim_ascii().is_empty() {
        return Ok(PostAuditLogSearchesRequest::default());
    }
    let malformed = |fault: docket_event::Fault| Failure::unreadable(fault.to_string());
    let value = text::parse(body).map_err(|error| malformed(error.into()))?;
    let value = json::read(&value, *REQUEST).map_err(malformed)?;
    let mut bytes = Vec::new();
    protobuf::encode(&value, *REQUEST, &mut bytes);
    PostAuditLogSearchesRequest::decode(&*bytes)
        .map_err(|error| Failure::unreadable(error.to_string()))
}

fn answered(status: StatusCode, answer: &Value<'_>, asked: &Asked) -> Response {
    let mut body = String::new();
    text::write_value(&mut body, answer);
    headed(
        (status, [(CONTENT_TYPE, JSON)], body).into_response(),
        asked,
    )
}

/// The answer with the headers of this vendor's: its id once more, and leave to read it for pages of every origin.
fn headed(mut response: Response, asked: &Asked) -> Response {
    let headers = response.headers_mut();
    headers.extend(CORS);
    if let Ok(id) = HeaderValue::try_from(req_id(asked)) {
        headers.insert(ID, id);
    }
    response
}
