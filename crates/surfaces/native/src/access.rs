//! Routes that ask of access or change it: from a request to the deed that it wants, and to its answer.

mod given;
mod whose;

use std::fmt;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, State};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use docket_access::{Access, AccessError, Action, Caller, Done, InstanceAction, InviteAnswer};
use docket_surfaces_kit::auth::Principal;
use docket_surfaces_kit::body::discard;
use docket_surfaces_kit::caller::{caller_of, known_caller};
use docket_surfaces_kit::{App, Asked, Beyond, Route};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::Problem;
use crate::read_view;
use crate::routes::Needs;

pub use given::{Asks, BODY_BYTES_MAX, Given};
pub use whose::{ORGANIZATION, acting_for_ingest, own_organization};

/// What is escaped in a segment of a path: all but what never means anything else (RFC 3986 §2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What a request wants to have done.
pub enum Deed {
    /// Something to an organization.
    In(Action),
    /// Something to the instance.
    OnInstance(InstanceAction),
    /// To become a member.
    Accept(InviteAnswer),
    /// Not to become one.
    Decline(InviteAnswer),
}

/// Makes a deed of what a request gives.
pub type MakeDeed = dyn Fn(&Given) -> Result<Deed, Problem> + Send + Sync;

/// What a route does.
#[derive(Clone)]
pub struct Act {
    /// Where the route lies.
    pub path: &'static str,
    /// Who may.
    pub needs: Needs,
    /// What it heeds of a request.
    pub asks: Asks,
    /// Whether it makes something that is found below its path afterwards.
    pub creates: bool,
    /// What it wants to have done.
    pub deed: Arc<MakeDeed>,
}

impl fmt::Debug for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Act({})", self.path)
    }
}

impl Act {
    /// The route that does it.
    pub fn route(self, method: &Method) -> Route {
        let (path, act) = (self.path, Arc::new(self));
        let handler = async move |app: State<App>, segments: Segments, asked: Asked, body: Body| {
            answer(&app, &asked, segments, body, &act).await
        };
        match *method {
            Method::POST => Route::post(path, handler),
            Method::PUT => Route::put(path, handler),
            Method::PATCH => Route::patch(path, handler),
            Method::DELETE => Route::delete(path, handler),
            _ => Route::get(path, handler),
        }
    }
}

/// The parts of the path that vary.
type Segments = Result<RawPathParams, RawPathParamsRejection>;

async fn answer(
    app: &App,
    asked: &Asked,
    segments: Segments,
    body: Body,
    act: &Act,
) -> Result<Response, Problem> {
    let head = match head(app, asked, segments, act).await {
        Ok(head) => head,
        Err(problem) => {
            discard(asked, body).await;
            return Err(problem);
        }
    };
    let (caller, mut given) = head;
    if act.asks == Asks::Body {
        let sent = app.body_within(asked, body, BODY_BYTES_MAX).await?;
        given.text = sent.plain()?.text()?.to_owned();
    } else {
        discard(asked, body).await;
    }
    let deed = (act.deed)(&given)?;
    let org = given.org(caller.as_ref(), act.needs);
    let done = done(app, asked, caller, org, deed).await?;
    Ok(response(&done, act))
}

/// Who asks, and what they ask for, before the body is read.
async fn head(
    app: &App,
    asked: &Asked,
    segments: Segments,
    act: &Act,
) -> Result<(Option<Principal>, Given), Problem> {
    let segments = segments.map(|segments| {
        let pairs = segments.iter();
        pairs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    });
    let segments: Option<Vec<(String, String)>> = segments.ok();
    let named = segments.as_ref().and_then(|all| given::named(all, "org"));
    let caller = whose::admitted(app, asked, act.needs, named).await?;
    let segments = segments.ok_or_else(|| Problem::no_thing("an id in the path is not UTF-8"))?;
    Ok((caller, Given::read(asked, segments, act.asks)?))
}

async fn done(
    app: &App,
    asked: &Asked,
    caller: Option<Principal>,
    org: String,
    deed: Deed,
) -> Result<Done, Problem> {
    let only_asks = *asked.method() == Method::GET || *asked.method() == Method::HEAD;
    let (asked, asking) = (asked.clone(), caller.clone());
    let work = move |access: &Access| {
        let by = match &caller {
            Some(caller) => known_caller(access, &asked, caller)?,
            None => caller_of(&asked, None, None),
        };
        perform(access, &org, deed, &by)
    };
    let done = match only_asks {
        true => app.ask_access(work).await?,
        false => app.change_access(work).await?,
    };
    if let (Err(AccessError::Forbidden(_)), Some(asking)) = (&done, &asking) {
        asking.note_beyond(Beyond::Authority);
    }
    done.map_err(Problem::from)
}

fn perform(access: &Access, org: &str, deed: Deed, by: &Caller) -> Result<Done, AccessError> {
    match deed {
        Deed::In(action) => access.perform(org, action, read_view, by),
        Deed::OnInstance(action) => access.perform_on_instance(action, by),
        Deed::Accept(answer) => access.perform_accept(&answer, by),
        Deed::Decline(answer) => access.perform_decline(&answer, by),
    }
}

fn response(done: &Done, act: &Act) -> Response {
    let document = done.document();
    let json = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    let mut response = (json, document.to_string()).into_response();
    if act.creates {
        *response.status_mut() = StatusCode::CREATED;
        let id = document.get("id").and_then(|id| id.as_str());
        if let Some(place) = id.and_then(|id| location(act.path, id)) {
            response.headers_mut().insert(LOCATION, place);
        }
    }
    response
}

/// Where the thing of that id is found.
fn location(path: &str, id: &str) -> Option<HeaderValue> {
    let id = utf8_percent_encode(id, SEGMENT);
    HeaderValue::try_from(format!("{path}/{id}")).ok()
}
