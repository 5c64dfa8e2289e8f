//! What was granted, and what may be seen by it: the naive model.

use std::collections::{BTreeMap, BTreeSet};

/// An event, as far as tokens are limited by it.
#[derive(Debug)]
pub struct Fact {
    /// Its request id, of which no two events have the same.
    pub mark: String,
    pub event_type: String,
    pub actor_kind: &'static str,
    pub actor: String,
    pub project: Option<String>,
}

/// A role somebody has: its permissions, and the project that it is limited to.
#[derive(Clone, Debug)]
pub struct Grant {
    pub permissions: BTreeSet<&'static str>,
    pub project: Option<String>,
}

/// Everything that was granted, by member or account.
#[derive(Debug, Default)]
pub struct Granted(pub BTreeMap<String, Vec<Grant>>);

/// A token, as it was asked for.
#[derive(Debug)]
pub struct Token {
    pub secret: String,
    pub owner: String,
    pub owner_kind: &'static str,
    /// What its role allows; all that the owner may without one.
    pub role: Option<BTreeSet<&'static str>>,
    pub project: Option<String>,
    /// Types that it sees, if its view says so.
    pub only_type: Option<String>,
    /// An actor that it does not see.
    pub not_actor: Option<String>,
}

impl Granted {
    /// Whether the token has the permission.
    fn allows(&self, token: &Token, permission: &str) -> bool {
        let of = self.0.get(&token.owner).into_iter().flatten();
        let mut counting =
            of.filter(|grant| grant.project.is_none() || grant.project == token.project);
        let has = counting.any(|grant| grant.permissions.contains(permission));
        has && token
            .role
            .as_ref()
            .is_none_or(|role| role.contains(permission))
    }

    /// Whether the token may see the event.
    pub fn shows(&self, token: &Token, fact: &Fact) -> bool {
        let own = token.owner == fact.actor && token.owner_kind == fact.actor_kind;
        let mine = self.allows(token, "audit:read_own") && own;
        (self.allows(token, "audit:read") || mine)
            && (token.project.is_none() || token.project == fact.project)
            && token
                .only_type
                .as_ref()
                .is_none_or(|only| *only == fact.event_type)
            && token
                .not_actor
                .as_ref()
                .is_none_or(|not| *not != fact.actor)
    }
}
