//! Who may do what: organizations, members, roles and tokens, and the record of every change to them.
//!
//! Everything is kept as small JSON records in the store, beside the logs. A change of records and the
//! event that tells of it are one commit: if the event cannot be stored, the change does not happen.
//! Of a secret only its SHA-256 is stored; the secret itself is shown once, to whoever made it.
//!
//! All calls block; they belong on threads that may.

#![warn(missing_docs)]

mod audit;
mod authenticate;
mod belongings;
mod change;
mod error;
mod member;
mod names;
mod organization;
mod permission;
mod principal;
mod record;
mod secret;
mod standing;
mod token;
mod view;

pub use audit::Caller;
pub use belongings::Belongings;
pub use error::AccessError;
pub use member::{Member, MemberState, NewMember};
pub use names::{
    EMAIL_BYTES_MAX, ID_BYTES_MAX, INSTANCE_ORG, NAME_BYTES_MAX, ORG_BYTES_MAX, check_email,
    check_id, check_name, check_org,
};
pub use organization::{Initialised, NewOrganization, Organization};
pub use permission::{Permission, Permissions, Role};
pub use principal::{Owner, Principal, View};
pub use secret::{SECRET_BYTES_MAX, SECRET_PREFIX, Secret};
pub use token::{IssuedToken, NewToken, Token, TokenState};

use std::sync::Arc;

use docket_engine::Engine;

use standing::Standings;

/// Access to the organizations, members and tokens of one store. Clones are the same.
#[derive(Clone, Debug)]
pub struct Access {
    engine: Engine,
    standings: Arc<Standings>,
}

impl Access {
    /// Access to what the engine's store keeps.
    pub fn open(engine: Engine) -> Self {
        Access {
            engine,
            standings: Arc::default(),
        }
    }

    /// The engine below.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }
}
