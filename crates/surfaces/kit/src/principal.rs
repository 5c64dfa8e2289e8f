//! Who asks, in one request: what they are denied and what they read is noted with that request.

use std::fmt;
use std::ops::Deref;

use crate::asked::{Because, Beyond, Denial};
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
        self.note(Because::Permission(permission));
        Refusal::Denied(Missing(permission))
    }

    /// Notes that the request is denied for another reason than a permission; the answer is the surface's own.
    pub fn note_beyond(&self, beyond: Beyond) {
        self.note(Because::Beyond(beyond));
    }

    /// The same request, made as `principal`: a token of the instance that acts in an organization.
    #[must_use]
    pub fn acting_as(&self, principal: docket_access::Principal) -> Self {
        Principal::new(principal, self.asked.clone())
    }

    /// The request.
    pub fn asked(&self) -> &Asked {
        &self.asked
    }

    fn note(&self, because: Because) {
        self.asked.is_denied(Denial {
            org: self.org.clone(),
            token_id: self.token_id.clone(),
            owner: Some(self.owner.clone()),
            because,
        });
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
