//! Accounts for programs: they own tokens and are nobody's person.

use docket_event::Target;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::audit::{Attributes, attributes, changed, target};
use crate::change::Plan;
use crate::kept::{Kept, written};
use crate::names::check_name;
use crate::permission::Role;
use crate::record::{MemberRecord, ServiceAccountRecord, insert, member_key, replace};
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
        self.change(&self.log(org)?, || {
            let id = self.new_id::<ServiceAccountRecord>(org, new.id.as_deref())?;
            if self.read::<MemberRecord>(&member_key(org, &id))?.is_some() {
                let reason = format!("`{id}` is or was a member of `{org}`; choose another id");
                return Err(AccessError::Conflict(reason));
            }
            let record = ServiceAccountRecord {
                name: new.name.clone(),
                role: new.role,
                assignments: Vec::new(),
                deleted: false,
                created_micros: self.now_micros(),
            };
            let targets = targets(&id, &record);
            let event = by.tells(
                "service_account.created",
                targets,
                None,
                Some(about(&record)),
            )?;
            let records = vec![insert(ServiceAccountRecord::key(org, &id), &record)?];
            Ok(Plan::of(vec![event], records, shown(id, &record)))
        })
    }

    /// An account.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without one.
    pub fn service_account(&self, org: &str, id: &str) -> Result<ServiceAccount, AccessError> {
        let found = self.kept::<ServiceAccountRecord>(org, id)?;
        Ok(shown(found.name, &found.value))
    }

    /// All accounts, by id.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without such an organization.
    pub fn service_accounts(&self, org: &str) -> Result<Vec<ServiceAccount>, AccessError> {
        let all = self.all_kept::<ServiceAccountRecord>(org)?.into_iter();
        Ok(all.map(|found| shown(found.name, &found.value)).collect())
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
        self.change(&self.log(org)?, || {
            let found = self.kept::<ServiceAccountRecord>(org, id)?;
            check_role(found.value.role, by)?;
            let mut new = found.value.clone();
            if let Some(name) = &change.name {
                new.name.clone_from(name);
            }
            new.role = change.role.unwrap_or(new.role);
            let answer = shown(found.name.clone(), &new);
            let Some((before, after)) = changed(about(&found.value), about(&new)) else {
                return Ok(Plan::nothing(answer));
            };
            let targets = targets(&found.name, &new);
            let event = by.tells(
                "service_account.updated",
                targets,
                Some(before),
                Some(after),
            )?;
            let key = ServiceAccountRecord::key(org, &found.name);
            let records = vec![replace(key, found.version, &new)?];
            Ok(Plan::of(vec![event], records, answer))
        })
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
        self.change(&self.log(org)?, || {
            let found = self.kept::<ServiceAccountRecord>(org, id)?;
            check_role(found.value.role, by)?;
            let targets = targets(&found.name, &found.value);
            let before = Some(about(&found.value));
            let event = by.tells("service_account.deleted", targets, before, None)?;
            let answer = shown(found.name.clone(), &found.value);
            let gone = ServiceAccountRecord {
                deleted: true,
                assignments: Vec::new(),
                ..found.value
            };
            let key = ServiceAccountRecord::key(org, &found.name);
            let records = vec![replace(key, found.version, &gone)?];
            Ok(Plan::of(vec![event], records, answer))
        })
    }
}

fn check_role(role: Role, by: &Caller) -> Result<(), AccessError> {
    if role == Role::Owner {
        let reason = "an account for programs cannot own an organization; write another role";
        return Err(AccessError::invalid("role", reason));
    }
    by.authority.must_cover("the account", role.permissions())
}

fn targets(id: &str, record: &ServiceAccountRecord) -> Vec<Target> {
    vec![target("service_account", id, Some(&record.name))]
}

fn about(record: &ServiceAccountRecord) -> Attributes {
    attributes(json!({ "name": record.name, "role": record.role }))
}

fn shown(id: String, record: &ServiceAccountRecord) -> ServiceAccount {
    ServiceAccount {
        id,
        name: record.name.clone(),
        role: record.role,
        created_at: written(record.created_micros),
    }
}
