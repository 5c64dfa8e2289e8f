//! Clarifai's audit-log search: the vendor's clients read Docket as if it were their vendor, over REST and gRPC.
//!
//! See `README.md` beside this file for what is covered and where it differs.

use axum::response::Response;
use docket_event::{ActorKind, Page, vocabulary};
use docket_surfaces_kit::auth::{self, Scheme, Spelling};
use docket_surfaces_kit::read::shown_on;
use docket_surfaces_kit::{
    App, Asked, Ingest, PageShape, Permission, Principal, Refusal, Route, Surface, split,
};

use crate::query::Whose;
use crate::search::Search;
use crate::status::Failure;
use crate::wire::{AUTH_METHODS, ME, METHODS, PREFIXES, SEARCHES};

pub mod entry;
pub mod ingest;
pub mod json;
pub mod moment;
pub mod protobuf;
pub mod query;
pub mod schema;
pub mod search;
pub mod status;
pub mod wire;

mod grpc;
mod rest;

/// The messages of requests, made from `proto/audit_log.proto`.
pub mod proto {
    include!(concat!(env!("OUT_DIR"), "/clarifai.api.rs"));
}

const NAME: &str = vocabulary::Surface::Clarifai.name();

/// `Authorization: Key …`, spelled exactly so.
const KEY: Scheme = Scheme {
    word: "Key",
    spelling: Spelling::Exact,
};

/// The surface, for the list of all.
pub fn surface() -> Surface {
    Surface {
        name: NAME,
        prefixes: PREFIXES,
        routes,
        refuse,
        ingest: Some(Ingest {
            read: |text, account| split::by_tree(text, account, ingest::ingest),
            import: ingest::ingest,
            page: PageShape {
                member: "entries",
                entry_member: "operation",
            },
        }),
    }
}

fn routes() -> Vec<Route> {
    vec![
        Route::post(SEARCHES, rest::searches),
        Route::options(SEARCHES, rest::preflight),
        Route::get(AUTH_METHODS, rest::auth_methods),
        Route::options(AUTH_METHODS, rest::preflight),
        Route::post(METHODS, grpc::call),
    ]
}

fn refuse(refusal: &Refusal, asked: &Asked) -> Response {
    match grpc::is_grpc(asked) {
        true => grpc::refused(refusal, asked),
        false => rest::failed(&Failure::from(refusal), asked),
    }
}

/// Why there is no page: what was asked for, or what the kit says.
enum NoPage {
    Failure(Failure),
    Refusal(Refusal),
}

impl<T: Into<Failure>> From<T> for NoPage {
    fn from(failure: T) -> Self {
        NoPage::Failure(failure.into())
    }
}

/// The page that answers a search.
async fn page(app: &App, caller: &Principal, search: &Search) -> Result<Page, Refusal> {
    let whose = whose(app, caller, &search.user_id).await?;
    let query = query::query(search, &whose, |filter| shown_on(filter, NAME, caller));
    app.page_behind(caller, query, search.skip).await
}

/// Whose events `user_id` means to the caller: the organization's id and `me` are the whole log to those who may
/// read it, a member's id is that member's events, and one's own events are everybody's to read.
async fn whose(app: &App, caller: &Principal, user_id: &str) -> Result<Whose, Refusal> {
    let may = |permission| caller.permissions.allows(permission);
    let reads_all = may(Permission::AuditRead);
    if reads_all && (user_id == caller.org || user_id == ME) {
        return Ok(Whose::Everybodys);
    }
    let own = user_id == ME || user_id == caller.owner.id;
    if own && (reads_all || may(Permission::AuditReadOwn)) {
        return Ok(Whose::Actors {
            id: caller.owner.id.clone(),
            kind: caller.owner.kind,
        });
    }
    if reads_all && auth::is_member(app, caller, user_id).await? {
        return Ok(Whose::Actors {
            id: user_id.to_owned(),
            kind: ActorKind::User,
        });
    }
    Err(caller.denied(Permission::AuditRead))
}
