//! `GET /api/v1/events/{id}`: one event, by our id or by its vendor's.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use docket_event::{Filter, write_recorded};
use docket_surfaces_kit::auth::{self, BEARER};
use docket_surfaces_kit::{App, Asked};

use crate::access::own_organization;
use crate::error::Problem;
use crate::parameters::Parameters;

/// The event of that id. An id that several vendors gave means the event that came first.
pub async fn one(
    State(app): State<App>,
    asked: Asked,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let caller = auth::authenticate(&app, &asked, BEARER).await?;
    own_organization(&asked, &caller)?;
    auth::scoped(Filter::default(), &caller)?;
    let Ok(Path(id)) = id else {
        return Err(Problem::no_event("that is not UTF-8"));
    };
    Parameters::of(&asked)?.finish()?;
    let found = app.find(&caller, &id).await?;
    let event = found.ours.or_else(|| found.vendors.into_iter().next());
    let event = event.ok_or_else(|| Problem::no_event(&id))?;
    let mut text = String::new();
    write_recorded(&mut text, &event);
    Ok(([(CONTENT_TYPE, "application/json")], text).into_response())
}
