//! Docket's own API, `/api/v1`, and what operators ask a server: whether it lives, is ready, and its figures.

mod access;
mod docs;
mod error;
mod events;
mod health;
mod ingest;
mod list;
mod one;
mod openapi;
mod parameters;
mod query;
mod routes;
mod shape;
mod stats;
mod turning;
mod view;

use docket_surfaces_kit::{Ingest, PageShape, Route, Surface};

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

fn routes() -> Vec<Route> {
    let rows = routes::rows().iter();
    rows.map(|row| row.route.clone()).collect()
}
