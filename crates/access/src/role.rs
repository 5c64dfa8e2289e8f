//! Roles that an organization makes for itself, beside the built-in ones.

use std::fmt;

use docket_event::Target;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::audit::{Attributes, attributes, target};
use crate::kept::{Kept, Told, written};
use crate::names::check_name;
use crate::permission::{Permission, Permissions, Role};
use crate::record::{RoleRecord, TokenRecord};
use crate::{Access, AccessError, Caller};

/// Names a role: a built-in one by its name, another by its id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct RoleName(String);

impl RoleName {
    /// The role of that name or id.
    pub fn new(name: impl Into<String>) -> Self {
        RoleName(name.into())
    }

    /// The name or id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The built-in role, if it is one.
    pub fn built_in(&self) -> Option<Role> {
        Role::parse(&self.0)
    }
}

impl From<Role> for RoleName {
    fn from(role: Role) -> Self {
        RoleName(role.name().to_owned())
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How far a role reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoleScope {
    /// All of the organization.
    #[default]
    Organization,
    /// The project that an assignment names.
    Project,
}

/// What a role is made from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRole {
    /// The id, if it is chosen; drawn at random if absent.
    #[serde(default)]
    pub id: Option<String>,
    /// Display name.
    pub name: String,
    /// One sentence for people.
    #[serde(default)]
    pub description: Option<String>,
    /// Names of permissions, such as `audit:read`.
    pub permissions: Vec<String>,
    /// How far it reaches; all of the organization if absent.
    #[serde(default)]
    pub scope: RoleScope,
}

/// What changes of a role; members that are absent stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleChange {
    /// Display name.
    #[serde(default)]
    pub name: Option<String>,
    /// One sentence for people.
    #[serde(default)]
    pub description: Option<String>,
    /// All its permissions from now on.
    #[serde(default)]
    pub permissions: Option<Vec<String>>,
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoleView {
    /// Its id; of a built-in role its name.
    pub id: String,
    /// Display name.
    pub name: String,
    /// One sentence for people.
    pub description: Option<String>,
    /// Names of permissions.
    pub permissions: Vec<String>,
    /// How far it reaches.
    pub scope: RoleScope,
    /// Whether every organization has it and nobody can change it.
    pub built_in: bool,
    /// When it was made, RFC 3339; absent for built-in roles.
    pub created_at: Option<String>,
}

impl Kept for RoleRecord {
    const KIND: &'static str = "role";
    const WHAT: &'static str = "role";
    const PREFIX: &'static str = "role_";

    fn is_gone(&self) -> bool {
        self.deleted
    }
}

impl Told for RoleRecord {
    type View = RoleView;

    fn about(&self) -> Attributes {
        attributes(json!({
            "name": self.name,
            "description": self.description,
            "permissions": self.permissions,
            "scope": self.scope,
        }))
    }

    fn target(&self, id: &str) -> Target {
        target("role", id, Some(&self.name))
    }

    fn first_targets(&self, org: &str, id: &str) -> Vec<Target> {
        vec![self.target(id), target("organization", org, None)]
    }

    fn shown(&self, id: String) -> RoleView {
        RoleView {
            id,
            name: self.name.clone(),
            description: self.description.clone(),
            permissions: self.permissions.clone(),
            scope: self.scope,
            built_in: false,
            created_at: Some(written(self.created_micros)),
        }
    }
}

impl RoleRecord {
    /// What it allows; names that this version does not know allow nothing.
    pub(crate) fn allows(&self) -> Permissions {
        Permissions::named(&self.permissions)
    }
}

impl Access {
    /// Makes a role. Durable when it returns, with `role.created`.
    ///
    /// # Errors
    /// [`AccessError::Invalid`] for permissions that a role cannot have, [`AccessError::Forbidden`] for those that
    /// the caller lacks, [`AccessError::Conflict`] when the id is taken.
    pub fn create_role(
        &self,
        org: &str,
        new: &NewRole,
        by: &Caller,
    ) -> Result<RoleView, AccessError> {
        check(Some(&new.name), new.description.as_deref())?;
        let permissions = permissions(&new.permissions, new.scope)?;
        by.authority.must_cover("the role", permissions)?;
        if let Some(id) = new.id.as_deref().filter(|id| Role::parse(id).is_some()) {
            let reason = format!("`{id}` is a built-in role; choose another id");
            return Err(AccessError::Conflict(reason));
        }
        let make = |_: &str| {
            Ok(RoleRecord {
                name: new.name.clone(),
                description: new.description.clone(),
                permissions: names(permissions),
                scope: new.scope,
                deleted: false,
                created_micros: self.now_micros(),
            })
        };
        self.create_kept(org, new.id.as_deref(), "role.created", by, make)
    }

    /// A role, built in or not.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without one.
    pub fn role(&self, org: &str, id: &str) -> Result<RoleView, AccessError> {
        match Role::parse(id) {
            Some(role) => Ok(built_in(role)),
            None => self.view_kept::<RoleRecord>(org, id),
        }
    }

    /// All roles by id, the built-in ones too.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without such an organization.
    pub fn roles(&self, org: &str) -> Result<Vec<RoleView>, AccessError> {
        let own = self.view_all_kept::<RoleRecord>(org)?;
        let mut all: Vec<RoleView> = Role::ALL.into_iter().map(built_in).chain(own).collect();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(all)
    }

    /// Changes a role, for all who have it. Durable when it returns, with `role.updated`.
    ///
    /// # Errors
    /// As [`Access::create_role`]; [`AccessError::Unknown`] without one.
    pub fn update_role(
        &self,
        org: &str,
        id: &str,
        change: &RoleChange,
        by: &Caller,
    ) -> Result<RoleView, AccessError> {
        refuse_built_in(id)?;
        check(change.name.as_deref(), change.description.as_deref())?;
        self.edit_kept(org, id, "role.updated", by, |record: &mut RoleRecord| {
            if let Some(name) = &change.name {
                record.name.clone_from(name);
            }
            if let Some(description) = &change.description {
                record.description = Some(description.clone());
            }
            if let Some(wanted) = &change.permissions {
                let wanted = permissions(wanted, record.scope)?;
                by.authority.must_cover("the role", wanted)?;
                record.permissions = names(wanted);
            }
            Ok(())
        })
    }

    /// Deletes a role that nobody has. Durable when it returns, with `role.deleted`.
    ///
    /// # Errors
    /// [`AccessError::Conflict`] while somebody has it.
    pub fn delete_role(&self, org: &str, id: &str, by: &Caller) -> Result<RoleView, AccessError> {
        refuse_built_in(id)?;
        self.end_kept(org, id, "role.deleted", by, |old: RoleRecord| {
            self.refuse_if_used(org, id)?;
            Ok(RoleRecord {
                deleted: true,
                ..old
            })
        })
    }

    /// What a role of the organization allows, with how far it reaches; `None` without such a role.
    pub(crate) fn role_allows(
        &self,
        org: &str,
        role: &RoleName,
    ) -> Result<Option<(Permissions, RoleScope)>, AccessError> {
        if let Some(role) = role.built_in() {
            return Ok(Some((role.permissions(), RoleScope::Organization)));
        }
        let found = self.find_kept::<RoleRecord>(org, role.as_str())?;
        Ok(found.map(|found| (found.value.allows(), found.value.scope)))
    }

    fn refuse_if_used(&self, org: &str, id: &str) -> Result<(), AccessError> {
        let assigned = self.assignments(org)?;
        if let Some(one) = assigned.iter().find(|one| one.role.as_str() == id) {
            let who = &one.principal.id;
            let reason = format!(
                "`{who}` has the role `{id}`; end assignment `{}` first",
                one.id
            );
            return Err(AccessError::Conflict(reason));
        }
        let tokens = self.list::<TokenRecord>(org, "token")?;
        let with = |token: &TokenRecord| {
            token.revoked_micros.is_none()
                && token.role.as_ref().is_some_and(|role| role.as_str() == id)
        };
        if let Some(token) = tokens.iter().find(|token| with(&token.value)) {
            let reason = format!(
                "token `{}` has the role `{id}`; revoke it first",
                token.name
            );
            return Err(AccessError::Conflict(reason));
        }
        Ok(())
    }
}

/// The organization has no such role.
pub(crate) fn unknown(org: &str, role: &RoleName) -> AccessError {
    let shown: String = role.as_str().chars().take(60).collect();
    AccessError::Unknown(format!("`{org}` has no role `{shown}`"))
}

fn refuse_built_in(id: &str) -> Result<(), AccessError> {
    match Role::parse(id) {
        Some(_) => Err(AccessError::Conflict(format!(
            "`{id}` is a built-in role, which nobody can change"
        ))),
        None => Ok(()),
    }
}

fn check(name: Option<&str>, description: Option<&str>) -> Result<(), AccessError> {
    for (path, text) in [("name", name), ("description", description)] {
        if let Some(text) = text {
            check_name(path, text).map_err(AccessError::Invalid)?;
        }
    }
    Ok(())
}

/// The set of these names, as far as a role of that scope can have them.
fn permissions(names: &[String], scope: RoleScope) -> Result<Permissions, AccessError> {
    let mut all = Permissions::NONE;
    for (index, name) in names.iter().enumerate() {
        let path = format!("permissions[{index}]");
        let permission = Permission::parse(name).filter(|permission| can_have(*permission, scope));
        let Some(permission) = permission else {
            let known = Permission::ALL
                .into_iter()
                .filter(|one| can_have(*one, scope));
            let known: Vec<&str> = known.map(Permission::name).collect();
            let shown: String = name.chars().take(60).collect();
            let reason = format!(
                "a role cannot have `{shown}`; write some of {}",
                known.join(", ")
            );
            return Err(AccessError::invalid(&path, reason));
        };
        all = all.or(Permissions::of(&[permission]));
    }
    match all.is_empty() {
        true => Err(AccessError::invalid(
            "permissions",
            "is empty; a role allows something",
        )),
        false => Ok(all),
    }
}

fn can_have(permission: Permission, scope: RoleScope) -> bool {
    match permission {
        Permission::InstanceAdmin | Permission::InstanceWrite => false,
        Permission::AccessAdmin => scope == RoleScope::Organization,
        Permission::AuditReadOwn
        | Permission::AuditRead
        | Permission::AuditWrite
        | Permission::AuditExport
        | Permission::AuditVerify => true,
    }
}

/// The names of permissions, in the order of [`Permission::ALL`].
pub(crate) fn names(permissions: Permissions) -> Vec<String> {
    permissions
        .iter()
        .map(|one| one.name().to_owned())
        .collect()
}

fn built_in(role: Role) -> RoleView {
    RoleView {
        id: role.name().to_owned(),
        name: role.name().to_owned(),
        description: Some(role.meaning().to_owned()),
        permissions: names(role.permissions()),
        scope: RoleScope::Organization,
        built_in: true,
        created_at: None,
    }
}
