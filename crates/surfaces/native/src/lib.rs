//! Docket's own API, `/api/v1`, and what operators ask a server: whether it lives, is ready, and its figures.

mod error;
mod events;
mod health;
mod ingest;
mod list;
mod one;
mod parameters;
mod query;
mod stats;
mod turning;
mod view;

use axum::Router;
use axum::routing::get;
use docket_surfaces_kit::{App, Ingest, PageShape, Surface};

pub use view::{VIEW_WORDS_MAX, read_view};

/// The name of the surface, which stands in `origin.surface` of events that brought their own id.
pub const NAME: &str = "native";

/// The surface. It answers for all paths that no vendor has.
pub fn surface() -> Surface {
    Surface {
        name: NAME,
        prefixes: &[""],
        routes,
        refuse: error::refuse,
        ingest: Some(Ingest {
            read: ingest::read,
            import: ingest::import,
            page: PageShape {
                member: "events",
                entry_member: "type",
            },
        }),
    }
}

fn routes() -> Router<App> {
    Router::new()
        .route("/api/v1/events", get(list::list).post(events::post))
        .route("/api/v1/events/{id}", get(one::one))
        .route("/api/v1/stats", get(stats::stats))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
}
