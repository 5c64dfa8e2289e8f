//! What an order is answered with.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::import::Counts;

/// What an order is answered with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// An organization was made.
    Initialised {
        /// Its id.
        org: String,
        /// Id of its owner.
        owner: String,
        /// The owner's token.
        token: Revealed,
    },
    /// A member was added or changed.
    Member {
        /// The id.
        id: String,
    },
    /// All members.
    Members(Vec<MemberRow>),
    /// A token was made.
    Token {
        /// Its public id.
        id: String,
        /// The token itself.
        token: Revealed,
    },
    /// All tokens.
    Tokens(Vec<TokenRow>),
    /// A token was revoked.
    Revoked {
        /// Its public id.
        id: String,
    },
    /// Entries were stored.
    Imported(Counts),
    /// Something was written down, at this position of the log.
    Noted {
        /// 0-based position.
        position: u64,
    },
    /// Something was written down in every log.
    NotedIn(Vec<NotedIn>),
}

/// Where a log has a note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotedIn {
    /// The organization.
    pub org: String,
    /// 0-based position.
    pub position: u64,
}

/// The text of a secret on its way to its owner. Never printed by `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revealed(String);

impl Revealed {
    pub(crate) fn new(secret: &docket_access::Secret) -> Self {
        Revealed(secret.reveal().to_owned())
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Revealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Revealed(..)")
    }
}

/// A member, as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberRow {
    /// The id.
    pub id: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Display name.
    pub name: Option<String>,
    /// Name of the role.
    pub role: String,
    /// `active` or `blocked`.
    pub state: String,
    /// When the member was added, RFC 3339.
    pub created_at: String,
}

/// A token, as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRow {
    /// Public id.
    pub id: String,
    /// Id of its owner.
    pub owner: String,
    /// Name of the role.
    pub role: String,
    /// Display name.
    pub name: Option<String>,
    /// The project that it is limited to.
    pub project: Option<String>,
    /// `active`, `expired` or `revoked`.
    pub state: String,
    /// When it was made, RFC 3339.
    pub created_at: String,
    /// When it ends, RFC 3339.
    pub expires_at: Option<String>,
}
