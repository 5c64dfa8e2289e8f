//! Who is asking: what a credential turns into.

use docket_event::{ActorKind, Filter};

use crate::Authority;
use crate::permission::{Permission, Permissions};

/// Whoever showed a valid token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The organization that the token belongs to.
    pub org: String,
    /// Whose token it is.
    pub owner: Owner,
    /// Public id of the token.
    pub token_id: String,
    /// What it may do: no more than its owner.
    pub permissions: Permissions,
    /// Whether it may all that an owner of the organization may.
    pub is_owner: bool,
    /// Whether it belongs to the instance; it may act in an organization then, and read no events there.
    pub of_instance: bool,
    /// Whether its organization wants to have it recorded who reads events.
    pub read_audit: bool,
    /// The project that it is limited to. [`View::filter`] says so already.
    pub project: Option<String>,
    /// What is added to everything that it asks.
    pub view: View,
}

/// What no role of an organization has.
pub(crate) const INSTANCE_ONLY: Permissions =
    Permissions::of(&[Permission::InstanceAdmin, Permission::InstanceWrite]);

impl Principal {
    /// What it may hand on to others.
    pub fn authority(&self) -> Authority {
        if self.permissions.allows(Permission::InstanceAdmin) {
            return Authority::ALL;
        }
        if self.of_instance && self.permissions.allows(Permission::AccessAdmin) {
            let all = Permissions::of(&Permission::ALL).without(INSTANCE_ONLY);
            return Authority::of(all, true);
        }
        Authority::of(self.permissions, self.is_owner)
    }
}

/// The owner of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Id, the one that events carry as their actor's.
    pub id: String,
    /// A person, or an account for programs.
    pub kind: ActorKind,
    /// E-mail address.
    pub email: Option<String>,
    /// Display name.
    pub name: Option<String>,
}

/// What a token gets to see of its organization's events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Added to every question, the token's project included.
    pub filter: Filter,
    /// Whether a vendor's surface shows it facts about accounts at other vendors too.
    pub cross_vendor: bool,
}
