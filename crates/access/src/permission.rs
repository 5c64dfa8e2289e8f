//! Permissions, and the built-in roles that bundle them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One thing that may be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Permission {
    /// Events whose actor is the token's owner.
    AuditReadOwn,
    /// All events of the organization.
    AuditRead,
    /// Ingest.
    AuditWrite,
    /// Bulk export.
    AuditExport,
    /// Checkpoints, hash tiles, proofs.
    AuditVerify,
    /// Members, roles, tokens, projects, settings.
    AccessAdmin,
    /// Organizations.
    InstanceAdmin,
    /// Ingest into any organization.
    InstanceWrite,
}

impl Permission {
    /// Every permission, in the order in which lists show them.
    pub const ALL: [Permission; 8] = [
        Permission::AuditReadOwn,
        Permission::AuditRead,
        Permission::AuditWrite,
        Permission::AuditExport,
        Permission::AuditVerify,
        Permission::AccessAdmin,
        Permission::InstanceAdmin,
        Permission::InstanceWrite,
    ];

    /// The name that people and programs read.
    pub const fn name(self) -> &'static str {
        match self {
            Permission::AuditReadOwn => "audit:read_own",
            Permission::AuditRead => "audit:read",
            Permission::AuditWrite => "audit:write",
            Permission::AuditExport => "audit:export",
            Permission::AuditVerify => "audit:verify",
            Permission::AccessAdmin => "access:admin",
            Permission::InstanceAdmin => "instance:admin",
            Permission::InstanceWrite => "instance:write",
        }
    }

    /// The permission of that name.
    pub fn parse(name: &str) -> Option<Permission> {
        Permission::ALL
            .into_iter()
            .find(|permission| permission.name() == name)
    }

    /// What it allows, for people.
    pub const fn meaning(self) -> &'static str {
        match self {
            Permission::AuditReadOwn => "read the events whose actor is the token's owner",
            Permission::AuditRead => "read all events of the organization",
            Permission::AuditWrite => "write events",
            Permission::AuditExport => "export in bulk",
            Permission::AuditVerify => "read checkpoints, hash tiles and proofs",
            Permission::AccessAdmin => "change members, roles, tokens, projects and settings",
            Permission::InstanceAdmin => "make, change and delete organizations, and act in them",
            Permission::InstanceWrite => "write events into any organization",
        }
    }

    const fn bit(self) -> u16 {
        match self {
            Permission::AuditReadOwn => 1,
            Permission::AuditRead => 1 << 1,
            Permission::AuditWrite => 1 << 2,
            Permission::AuditExport => 1 << 3,
            Permission::AuditVerify => 1 << 4,
            Permission::AccessAdmin => 1 << 5,
            Permission::InstanceAdmin => 1 << 6,
            Permission::InstanceWrite => 1 << 7,
        }
    }
}

/// A set of permissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Permissions(u16);

impl Permissions {
    /// The set that allows nothing.
    pub const NONE: Permissions = Permissions(0);

    /// The set of these.
    pub const fn of(all: &[Permission]) -> Self {
        let (mut bits, mut rest) = (0, all);
        while let Some((first, tail)) = rest.split_first() {
            bits |= first.bit();
            rest = tail;
        }
        Permissions(bits)
    }

    /// Whether the set allows it.
    pub const fn allows(self, permission: Permission) -> bool {
        self.0 & permission.bit() != 0
    }

    /// The set of these names. Names that this version does not know allow nothing.
    pub(crate) fn named(names: &[String]) -> Self {
        let known = names.iter().filter_map(|name| Permission::parse(name));
        known.fold(Permissions::NONE, |all, one| {
            all.or(Permissions::of(&[one]))
        })
    }

    /// What either set allows.
    #[must_use]
    pub const fn or(self, other: Permissions) -> Permissions {
        Permissions(self.0 | other.0)
    }

    /// The set without these.
    #[must_use]
    pub const fn without(self, other: Permissions) -> Permissions {
        Permissions(self.0 & !other.0)
    }

    /// Whether the set allows all that the other one does.
    pub const fn covers(self, other: Permissions) -> bool {
        other.0 & !self.0 == 0
    }

    /// What both sets allow.
    #[must_use]
    pub const fn and(self, other: Permissions) -> Permissions {
        Permissions(self.0 & other.0)
    }

    /// Whether the set allows nothing.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The permissions in the set, in the order of [`Permission::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL
            .into_iter()
            .filter(move |permission| self.allows(*permission))
    }
}

/// A built-in role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// All of the organization.
    Owner,
    /// All but deleting the organization.
    Admin,
    /// Read, export, verify, nothing else.
    Auditor,
    /// Write events, nothing else.
    Writer,
    /// Read the own events.
    Member,
}

impl Role {
    /// Every role, widest first.
    pub const ALL: [Role; 5] = [
        Role::Owner,
        Role::Admin,
        Role::Auditor,
        Role::Writer,
        Role::Member,
    ];

    /// The name that people and programs read.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Owner => "owner",
            Role::Admin => "admin",
            Role::Auditor => "auditor",
            Role::Writer => "writer",
            Role::Member => "member",
        }
    }

    /// What it is for, for people.
    pub const fn meaning(self) -> &'static str {
        match self {
            Role::Owner => "all of the organization, its end too",
            Role::Admin => "all but deleting the organization",
            Role::Auditor => "read, export and verify, nothing else",
            Role::Writer => "write events, nothing else",
            Role::Member => "read the events that they caused",
        }
    }

    /// The role of that name.
    pub fn parse(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.name() == name)
    }

    /// What the role allows.
    pub const fn permissions(self) -> Permissions {
        match self {
            Role::Owner | Role::Admin => Permissions::of(&[
                Permission::AuditReadOwn,
                Permission::AuditRead,
                Permission::AuditWrite,
                Permission::AuditExport,
                Permission::AuditVerify,
                Permission::AccessAdmin,
            ]),
            Role::Auditor => Permissions::of(&[
                Permission::AuditReadOwn,
                Permission::AuditRead,
                Permission::AuditExport,
                Permission::AuditVerify,
            ]),
            Role::Writer => Permissions::of(&[Permission::AuditWrite]),
            Role::Member => Permissions::of(&[Permission::AuditReadOwn]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(permissions: Permissions) -> Vec<&'static str> {
        permissions.iter().map(Permission::name).collect()
    }

    #[test]
    fn roles_allow_what_the_table_says() {
        let auditor = [
            "audit:read_own",
            "audit:read",
            "audit:export",
            "audit:verify",
        ];
        assert_eq!(names(Role::Auditor.permissions()), auditor);
        assert_eq!(names(Role::Writer.permissions()), ["audit:write"]);
        assert_eq!(names(Role::Member.permissions()), ["audit:read_own"]);
        assert_eq!(Role::Owner.permissions(), Role::Admin.permissions());
        assert!(!Role::Owner.permissions().allows(Permission::InstanceAdmin));
        for role in Role::ALL {
            let reads_own = role.permissions().allows(Permission::AuditReadOwn);
            assert_eq!(reads_own, role != Role::Writer, "{}", role.name());
            assert_eq!(Role::parse(role.name()), Some(role));
        }
    }

    #[test]
    fn a_token_is_no_wider_than_its_owner() {
        let both = Role::Writer.permissions().and(Role::Auditor.permissions());
        assert!(both.is_empty());
        let both = Role::Owner.permissions().and(Role::Auditor.permissions());
        assert_eq!(both, Role::Auditor.permissions());
    }
}
