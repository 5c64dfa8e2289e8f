//! How much whoever makes a change may hand on: never more than they have.

use crate::AccessError;
use crate::permission::{Permission, Permissions, Role};

/// What the maker of a change may hand on to others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Authority {
    permissions: Permissions,
    owner: bool,
}

impl Authority {
    /// Of whoever has the data: everything.
    pub const ALL: Authority = Authority {
        permissions: Permissions::of(&Permission::ALL),
        owner: true,
    };

    /// Of somebody with these permissions; `owner` says whether they own the organization.
    pub const fn of(permissions: Permissions, owner: bool) -> Self {
        Authority { permissions, owner }
    }

    /// Refuses to hand on more than there is. `what` is told of: `a token`.
    pub(crate) fn must_cover(self, what: &str, handed: Permissions) -> Result<(), AccessError> {
        if self.permissions.covers(handed) {
            return Ok(());
        }
        let beyond: Vec<&str> = handed
            .without(self.permissions)
            .iter()
            .map(Permission::name)
            .collect();
        Err(AccessError::Forbidden(format!(
            "{what} would have permissions that the caller lacks: {}",
            beyond.join(", ")
        )))
    }

    /// Refuses to touch an owner, or to make one, unless the maker is one.
    pub(crate) fn must_reach(self, role: Role) -> Result<(), AccessError> {
        if role == Role::Owner {
            return self.must_own();
        }
        self.must_cover("the member", role.permissions())
    }

    /// Refuses what only owners may do.
    pub(crate) fn must_own(self) -> Result<(), AccessError> {
        match self.owner {
            true => Ok(()),
            false => Err(AccessError::Forbidden(
                "only an owner of the organization can do this".to_owned(),
            )),
        }
    }
}
