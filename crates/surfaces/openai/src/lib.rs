//! OpenAI's organization audit-log API: the vendor's clients read Docket as if it were their vendor.
//!
//! See `README.md` beside this file for what is covered and where it differs.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use docket_event::vocabulary;
use docket_event::{Place, Recorded};
use docket_surfaces_kit::{
    App, Asked, Beyond, Ingest, PageShape, Permission, Principal, Refusal, Route, Surface, auth,
    read::Found, split,
};

use crate::error::ApiError;
use crate::query::Reach;
use crate::wire::{AFTER, BEFORE, Listing, ORGANIZATION_HEADER, OUR_ID, PATHS};

pub mod entry;
pub mod error;
pub mod ingest;
pub mod query;
pub mod seconds;
pub mod wire;

mod payload;

const NAME: &str = vocabulary::Surface::OpenAi.name();

/// The surface, for the list of all.
pub fn surface() -> Surface {
    Surface {
        name: NAME,
        prefixes: &["/v1", "/organization"],
        routes,
        refuse,
        ingest: Some(Ingest {
            read: |text, account| split::by_tree(text, account, ingest::ingest),
            import: ingest::ingest,
            page: PageShape {
                member: "data",
                entry_member: "type",
            },
        }),
    }
}

fn routes() -> Vec<Route> {
    PATHS.map(|path| Route::get(path, list)).into()
}

fn refuse(refusal: &Refusal, asked: &Asked) -> Response {
    ApiError::refused(refusal, asked).into_response()
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
    check_organization(asked, &caller)?;
    auth::require(&caller, Permission::AuditRead)?;
    let listing = Listing::parse(asked.query())?;
    let after = cursor(app, &caller, AFTER, listing.after.as_deref()).await?;
    let before = cursor(app, &caller, BEFORE, listing.before.as_deref()).await?;
    let reach = if caller.view.cross_vendor {
        Reach::CrossVendor
    } else {
        Reach::Own
    };
    let page = app
        .page(&caller, query::query(&listing, reach, after, before))
        .await?;
    let mut ends = [None, None];
    for (end, event) in ends
        .iter_mut()
        .zip([page.events.first(), page.events.last()])
    {
        if let Some(event) = event {
            *end = Some(cursor_of(app, &caller, event).await?);
        }
    }
    let [first_id, last_id] = ends;
    Ok(query::list(
        &query::entries(&page),
        first_id.as_deref(),
        last_id.as_deref(),
        page.has_more,
    ))
}

/// A configured organization must be the key's.
fn check_organization(asked: &Asked, caller: &Principal) -> Result<(), ApiError> {
    match asked.headers().get(ORGANIZATION_HEADER) {
        Some(named) if !named.is_empty() && named.as_bytes() != caller.org.as_bytes() => {
            caller.note_beyond(Beyond::Organization);
            Err(ApiError::other_organization())
        }
        _ => Ok(()),
    }
}

async fn cursor(
    app: &App,
    caller: &Principal,
    param: &'static str,
    id: Option<&str>,
) -> Result<Option<Place>, Failure> {
    let Some(id) = id else {
        return Ok(None);
    };
    match resolve(app, caller, id).await? {
        Some(place) => Ok(Some(place)),
        // The first page instead would send paginating clients round for ever.
        None => {
            let message = format!(
                "Invalid '{param}': no entry has the id '{}'.",
                error::shown(id)
            );
            Err(ApiError::value(param, message).into())
        }
    }
}

/// Where the entry of this id stands. A vendor's id and one of ours may look alike; then it is the one that was
/// recorded first, so that nothing written later can lead a reader astray.
async fn resolve(app: &App, caller: &Principal, id: &str) -> Result<Option<Place>, Refusal> {
    let found = app.find(caller, id).await?;
    let vendors = vendors_own(&found).map(Place::of);
    let ours = match id.strip_prefix(OUR_ID) {
        Some(ours) => app.find(caller, ours).await?.ours,
        None => found.ours,
    };
    let both = [vendors, ours.as_ref().map(Place::of)];
    Ok(both
        .into_iter()
        .flatten()
        .min_by_key(|place| place.position))
}

fn vendors_own(found: &Found) -> Option<&Recorded> {
    found.vendors.iter().find(|one| {
        one.event
            .origin
            .as_ref()
            .is_some_and(|origin| origin.surface == NAME)
    })
}

/// What a client must send to go on from `event`: the id that is printed, unless that leads elsewhere because
/// two accounts gave the same one, or cannot be sent at all; then our id of it.
async fn cursor_of(app: &App, caller: &Principal, event: &Recorded) -> Result<String, Refusal> {
    let entry = entry::render(event);
    let printed = query::printed_id(&entry);
    let leads_back = match printed {
        "" => false,
        printed => resolve(app, caller, printed).await? == Some(Place::of(event)),
    };
    Ok(if leads_back {
        printed.to_owned()
    } else {
        event.id.to_string()
    })
}
