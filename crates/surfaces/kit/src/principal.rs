//! Who asks, in one request: what they are denied and what they read is noted with that request.

use std::fmt;
use std::ops::Deref;

use crate::asked::{Because, Denial};
use crate::{Asked, Permission, Refusal};

/// Whoever showed a valid token, in one request. It reads like the principal that access knows.
#[derive(Clone)]
pub struct Principal {
    principal: docket_access::Principal,
    asked: Asked,
}

impl Principal {
    pub(crate) fn new(principal: docket_access::Principal, asked: Asked) -> Self {
        Principal { principal, asked }
    }

    /// The refusal for want of `permission`. Nobody else can make one, so that no denied request is forgotten: it is
    /// recorded in the organization's log.
    pub fn denied(&self, permission: Permission) -> Refusal {
        self.asked.is_denied(Denial {
            org: self.org.clone(),
            token_id: self.token_id.clone(),
            owner: Some(self.owner.clone()),
            because: Because::Permission(permission),
        });
        Refusal::Denied(Missing(permission))
    }

    /// The request.
    pub fn asked(&self) -> &Asked {
        &self.asked
    }
}

/// A permission that somebody lacked, which is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing(Permission);

impl Missing {
    /// The permission.
    pub fn permission(self) -> Permission {
        self.0
    }
}

impl Deref for Principal {
    type Target = docket_access::Principal;

    fn deref(&self) -> &docket_access::Principal {
        &self.principal
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} in {:?}", self.principal, self.asked)
    }
}
