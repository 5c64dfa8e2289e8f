//! Who is asking: what a credential turns into.

use docket_event::{ActorKind, Filter};

use crate::permission::Permissions;

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
    /// The project that it is limited to. [`View::filter`] says so already.
    pub project: Option<String>,
    /// What is added to everything that it asks.
    pub view: View,
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
