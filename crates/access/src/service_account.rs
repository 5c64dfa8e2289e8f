//! Accounts for programs: they own tokens and are nobody's person.

use docket_event::Target;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::audit::{Attributes, attributes, target};
use crate::kept::{Kept, Told, written};
use crate::names::check_name;
use crate::permission::Role;
use crate::record::{MemberRecord, ServiceAccountRecord, member_key};
use crate::{Access, AccessError, Caller};

/// What an account is made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewServiceAccount {
    /// The id, if it comes from elsewhere; drawn at random if absent.
    #[serde(default)]
    pub id: Option<String>,
    /// Display name.
    pub name: String,
    /// Its built-in role, any but owner.
    pub role: Role,
}

/// What changes of an account; members that are absent stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceAccountChange {
    /// Display name.
    #[serde(default)]
    pub name: Option<String>,
    /// Its built-in role, any but owner.
    #[serde(default)]
    pub role: Option<Role>,
}

/// An account for programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServiceAccount {
    /// Its id, which events carry as their actor's.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Its built-in role.
    pub role: Role,
    /// When it was made, RFC 3339.
    pub created_at: String,
}

impl Kept for ServiceAccountRecord {
    const KIND: &'static str = "service_account";
    const WHAT: &'static str = "service account";
    const PREFIX: &'static str = "svc_";

    fn is_gone(&self) -> bool {
        self.deleted
    }
}

impl Told for ServiceAccountRecord {
    type View = ServiceAccount;

    fn about(&self) -> Attributes {
        attributes(json!({ "name": self.name, "role": self.role }))
    }

    fn target(&self, id: &str) -> Target {
        target("service_account", id, Some(&self.name))
    }

    fn shown(&self, id: String) -> ServiceAccount {
        ServiceAccount {
            id,
            name: self.name.clone(),
            role: self.role,
            created_at: written(self.created_micros),
        }
    }
}

impl Access {
    /// Makes an account. Durable when it returns, with `service_account.created`.
    ///
    /// # Errors
    /// [`AccessError::Conflict`] when the id is taken, also by a member; [`AccessError::Forbidden`] when the caller
    /// lacks what the role allows.
    pub fn create_service_account(
        &self,
        org: &str,
        new: &NewServiceAccount,
        by: &Caller,
    ) -> Result<ServiceAccount, AccessError> {
        check_name("name", &new.name).map_err(AccessError::Invalid)?;
        check_role(new.role, by)?;
        let make = |id: &str| {
            if self.read::<MemberRecord>(&member_key(org, id))?.is_some() {
                let reason = format!("`{id}` is or was a member of `{org}`; choose another id");
                return Err(AccessError::Conflict(reason));
            }
            Ok(ServiceAccountRecord {
                name: new.name.clone(),
                role: new.role,
                assignments: Vec::new(),
                deleted: false,
                created_micros: self.now_micros(),
            })
        };
        self.create_kept(org, new.id.as_deref(), "service_account.created", by, make)
    }

    /// An account.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without one.
    pub fn service_account(&self, org: &str, id: &str) -> Result<ServiceAccount, AccessError> {
        self.view_kept::<ServiceAccountRecord>(org, id)
    }

    /// All accounts, by id.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without such an organization.
    pub fn service_accounts(&self, org: &str) -> Result<Vec<ServiceAccount>, AccessError> {
        self.view_all_kept::<ServiceAccountRecord>(org)
    }

    /// Changes an account; its tokens follow at once. Durable when it returns, with `service_account.updated`.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without one, [`AccessError::Forbidden`] when the caller lacks what the role allows.
    pub fn update_service_account(
        &self,
        org: &str,
        id: &str,
        change: &ServiceAccountChange,
        by: &Caller,
    ) -> Result<ServiceAccount, AccessError> {
        if let Some(name) = &change.name {
            check_name("name", name).map_err(AccessError::Invalid)?;
        }
        if let Some(role) = change.role {
            check_role(role, by)?;
        }
        let edit = |record: &mut ServiceAccountRecord| {
            check_role(record.role, by)?;
            if let Some(name) = &change.name {
                record.name.clone_from(name);
            }
            record.role = change.role.unwrap_or(record.role);
            Ok(())
        };
        self.edit_kept(org, id, "service_account.updated", by, edit)
    }

    /// Deletes an account: its tokens stop working for good, its id stays its own. Durable when it returns, with
    /// `service_account.deleted`.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without one.
    pub fn delete_service_account(
        &self,
        org: &str,
        id: &str,
        by: &Caller,
    ) -> Result<ServiceAccount, AccessError> {
        let end = |old: ServiceAccountRecord| {
            check_role(old.role, by)?;
            Ok(ServiceAccountRecord {
                deleted: true,
                assignments: Vec::new(),
                ..old
            })
        };
        self.end_kept(org, id, "service_account.deleted", by, end)
    }
}

fn check_role(role: Role, by: &Caller) -> Result<(), AccessError> {
    if role == Role::Owner {
        let reason = "an account for programs cannot own an organization; write another role";
        return Err(AccessError::invalid("role", reason));
    }
    by.authority.must_cover("the account", role.permissions())
}
