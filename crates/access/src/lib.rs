//! Who may do what: organizations, members, roles and tokens, and the record of every change to them.
//!
//! Everything is kept as small JSON records in the store, beside the logs. A change of records and the
//! event that tells of it are one commit: if the event cannot be stored, the change does not happen.
//! Of a secret only its SHA-256 is stored; the secret itself is shown once, to whoever made it.
//!
//! All calls block; they belong on threads that may.

#![warn(missing_docs)]

mod action;
mod assignment;
mod audit;
mod authenticate;
mod authority;
mod belongings;
mod change;
mod error;
mod group;
mod held;
mod hold;
mod instance;
mod invite;
mod jwt;
mod kept;
mod member;
mod names;
mod organization;
mod permission;
mod principal;
mod project;
mod record;
mod retention;
mod role;
mod secret;
mod service_account;
mod settings;
mod standing;
mod token;
mod view;

pub use action::{Action, Done, InstanceAction, ReadView, TokenWanted};
pub use assignment::{ASSIGNMENTS_MAX, Assignee, AssigneeKind, Assignment, NewAssignment};
pub use audit::Caller;
pub use authenticate::{Admission, Refused, RefusedBecause, Whose};
pub use authority::Authority;
pub use belongings::Belongings;
pub use error::AccessError;
pub use group::{GROUPS_MAX, Group, GroupChange, NewGroup};
pub use hold::{Hold, HoldChange, NewHold};
pub use instance::NewInstanceToken;
pub use invite::{
    INVITE_DEFAULT_S, INVITE_MAX_S, Invite, InviteAnswer, InviteState, Joined, NewInvite,
    SentInvite,
};
pub use jwt::{
    ClaimPath, Issuer, Issuers, JWT_BYTES_MAX, KEYS_MAX, KeySet, LEEWAY_S, RSA_BITS_MIN, RoleClaim,
    Tenant, TrustedIssuer,
};
pub use kept::{LIST_DEFAULT, LIST_MAX, Listed, Part};
pub use member::{Member, MemberChange, MemberState, NewMember};
pub use names::{
    EMAIL_BYTES_MAX, ID_BYTES_MAX, INSTANCE_ORG, NAME_BYTES_MAX, ORG_BYTES_MAX, check_email,
    check_id, check_name, check_org,
};
pub use organization::{Initialised, NewOrganization, Organization};
pub use permission::{Permission, Permissions, Role};
pub use principal::{Owner, Principal, View};
pub use project::{NewProject, Project, ProjectChange, ProjectState};
pub use retention::RetentionOrder;
pub use role::{NewRole, RoleChange, RoleName, RoleScope, RoleView};
pub use secret::{SECRET_BYTES_MAX, SECRET_PREFIX, Secret};
pub use service_account::{NewServiceAccount, ServiceAccount, ServiceAccountChange};
pub use settings::{
    RANGES_MAX, RETENTION_CONFIRMED_BELOW_DAYS, RETENTION_DAYS_MAX, Settings, SettingsChange,
};
pub use token::{IssuedToken, LAST_USED_STEP_MICROS, NewToken, Token, TokenChange, TokenState};

use std::sync::Arc;

use docket_engine::Engine;

use authenticate::Credentials;
use change::{Lanes, Plan};
use standing::Standings;

/// Access to the organizations, members and tokens of one store. Clones are the same.
#[derive(Clone, Debug)]
pub struct Access {
    engine: Engine,
    standings: Arc<Standings>,
    credentials: Arc<Credentials>,
    lanes: Arc<Lanes>,
    issuers: Option<Arc<Issuers>>,
}

impl Access {
    /// Access to what the engine's store keeps.
    pub fn open(engine: Engine) -> Self {
        Access {
            engine,
            standings: Arc::default(),
            credentials: Arc::default(),
            lanes: Arc::default(),
            issuers: None,
        }
    }

    /// The same, where JWTs of these issuers are credentials too.
    #[must_use]
    pub fn with_issuers(self, issuers: Arc<Issuers>) -> Self {
        Access {
            issuers: Some(issuers),
            ..self
        }
    }

    /// The engine below.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }
}
