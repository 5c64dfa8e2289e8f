//! What every surface needs and no vendor owns: who asks, what may be asked, how much of it, and how it is
//! answered when it cannot be.
//!
//! A surface is a value, [`Surface`]. Its handlers take the shared state [`App`] and the request's [`Asked`]:
//!
//! ```text
//! let caller = auth::authenticate(&app, &asked, auth::BEARER).await?;      who
//! auth::require(&caller, Permission::AuditRead)?;                          may
//! let page = app.page(&caller, query).await?;                              scope is added here
//! ```
//!
//! Each `?` is a [`Refusal`], which the surface renders in its own words, without a `_` arm; the same
//! function answers what never reaches a handler: unknown paths, other methods, panics, overload.

pub mod auth;
pub mod body;
pub mod caller;
pub mod contract;
pub mod edge;
pub mod limits;
pub mod lossless;
pub mod query;
pub mod read;
pub mod route;
pub mod split;
#[cfg(feature = "testing")]
pub mod testing;
pub mod write;

pub mod app;
mod asked;
mod budget;
mod change;
pub mod notes;
mod principal;
mod rate;
mod reached;
mod refusal;

pub use app::{App, Readiness, Setup};
pub use asked::{Asked, Beyond, Client};
pub use auth::{Owner, Permission};
pub use contract::{Ingest, PageShape, Surface};
pub use docket_engine::Environment;
pub use limits::Limits;
pub use principal::{Missing, Principal};
pub use refusal::Refusal;
pub use route::Route;
