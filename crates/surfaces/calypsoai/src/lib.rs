//! CalypsoAI's audit-log API: the vendor's clients read Docket as if it were their vendor.
//!
//! See `README.md` beside this file for what is covered and where it differs.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use docket_event::vocabulary;
use docket_surfaces_kit::{App, Asked, Ingest, PageShape, Refusal, Route, Surface, auth, split};

use crate::error::ApiError;
use crate::wire::{EVENTS, Listing, PATH, PREFIX};

pub mod cursor;
pub mod entry;
pub mod error;
pub mod ingest;
pub mod query;
pub mod times;
pub mod user;
pub mod wire;

const NAME: &str = vocabulary::Surface::CalypsoAi.name();

/// The surface, for the list of all.
pub fn surface() -> Surface {
    Surface {
        name: NAME,
        prefixes: &[PREFIX],
        routes: || vec![Route::get(PATH, list)],
        refuse,
        ingest: Some(Ingest {
            read: |text, account| split::by_tree(text, account, ingest::ingest),
            import: ingest::ingest,
            page: PageShape {
                member: EVENTS,
                entry_member: "type",
            },
        }),
    }
}

fn refuse(refusal: &Refusal, _: &Asked) -> Response {
    ApiError::refused(refusal).into_response()
}

async fn list(State(app): State<App>, asked: Asked) -> Response {
    match answer(&app, &asked).await {
        Ok(body) => ([(CONTENT_TYPE, "application/json")], body).into_response(),
        Err(Failure::Api(error)) => error.into_response(),
        Err(Failure::Kit(refusal)) => refusal.noted(refuse(&refusal, &asked)),
    }
}

enum Failure {
    Api(ApiError),
    Kit(Refusal),
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Failure::Api(error)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Failure::Kit(refusal)
    }
}

async fn answer(app: &App, asked: &Asked) -> Result<String, Failure> {
    let caller = auth::authenticate(app, asked, auth::BEARER).await?;
    let listing = Listing::parse(asked.query())?;
    let question = query::query(&listing, &caller)?;
    let page = app.page_behind(&caller, question, listing.row).await?;
    Ok(query::answer(&page, &listing, &caller.org))
}
