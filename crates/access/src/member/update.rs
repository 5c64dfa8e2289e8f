//! Another name, address or role for a member.

use docket_engine::store::RecordChange;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{Member, member, person};
use crate::audit::{attributes, changed, target};
use crate::change::Plan;
use crate::names::{check_email, check_name};
use crate::record::{
    MemberEmailRecord, MemberRecord, MemberStateRecord, insert, member_email_key, member_key,
    replace,
};
use crate::{Access, AccessError, Caller, Role};

/// What changes of a member; members of it that are absent stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberChange {
    /// E-mail address.
    #[serde(default)]
    pub email: Option<String>,
    /// Display name.
    #[serde(default)]
    pub name: Option<String>,
    /// The built-in role.
    #[serde(default)]
    pub role: Option<Role>,
}

impl Access {
    /// Changes a member, named by id or e-mail address; their tokens follow at once. Durable when it returns, with
    /// `user_account.updated` for name and address and `organization.member.updated` for the role.
    ///
    /// # Errors
    /// [`AccessError::Conflict`] for an address that is taken and for the last owner's role,
    /// [`AccessError::Forbidden`] when the caller lacks what the role allows, or it touches an owner.
    pub fn update_member(
        &self,
        org: &str,
        who: &str,
        change: &MemberChange,
        by: &Caller,
    ) -> Result<Member, AccessError> {
        if let Some(email) = &change.email {
            check_email("email", email).map_err(AccessError::Invalid)?;
        }
        if let Some(name) = &change.name {
            check_name("name", name).map_err(AccessError::Invalid)?;
        }
        self.change(&self.log(org)?, || self.plan_update(org, who, change, by))
    }

    fn plan_update(
        &self,
        org: &str,
        who: &str,
        change: &MemberChange,
        by: &Caller,
    ) -> Result<Plan<Member>, AccessError> {
        let found = self.find_member(org, who)?;
        let (id, old) = (found.name, found.value);
        by.authority.must_reach(old.role)?;
        let new = MemberRecord {
            email: change.email.clone().or_else(|| old.email.clone()),
            name: change.name.clone().or_else(|| old.name.clone()),
            role: change.role.unwrap_or(old.role),
            ..old.clone()
        };
        by.authority.must_reach(new.role)?;
        let mut events = Vec::new();
        let person_of = |record: &MemberRecord| {
            attributes(json!({ "email": record.email, "name": record.name }))
        };
        if let Some((before, after)) = changed(person_of(&old), person_of(&new)) {
            let targets = vec![person(&id, &new)];
            events.push(by.tells("user_account.updated", targets, Some(before), Some(after))?);
        }
        if old.role != new.role {
            if old.role == Role::Owner && old.state == MemberStateRecord::Active {
                self.spare_last_owner(org, &id)?;
            }
            let role_of = |record: &MemberRecord| Some(attributes(json!({ "role": record.role })));
            let targets = vec![person(&id, &new), target("role", new.role.name(), None)];
            let event_type = "organization.member.updated";
            events.push(by.tells(event_type, targets, role_of(&old), role_of(&new))?);
        }
        let mut records = self.other_address(org, &id, &old, &new)?;
        if !events.is_empty() {
            records.push(replace(member_key(org, &id), found.version, &new)?);
        }
        let unknown = || super::unknown(org, who);
        let answer = member(id, new).ok_or_else(unknown)?;
        Ok(Plan::of(events, records, answer))
    }

    /// The records that say whose address it is, where it is another one.
    fn other_address(
        &self,
        org: &str,
        id: &str,
        old: &MemberRecord,
        new: &MemberRecord,
    ) -> Result<Vec<RecordChange>, AccessError> {
        let lower = |email: &Option<String>| email.as_deref().map(str::to_lowercase);
        if lower(&old.email) == lower(&new.email) {
            return Ok(Vec::new());
        }
        let mut records = Vec::new();
        records.extend(self.release_address(org, old.email.as_deref())?);
        if let Some(email) = &new.email {
            self.refuse_taken_address(org, email)?;
            let address = MemberEmailRecord {
                member: id.to_owned(),
            };
            records.push(insert(member_email_key(org, email), &address)?);
        }
        Ok(records)
    }
}
