//! Members of an organization.

mod state;
mod update;

use docket_engine::QueryError;
use docket_engine::store::RecordChange;
use docket_event::Event;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::audit::{Attributes, attributes, target};
use crate::change::Plan;
use crate::kept::{Kept, written};
use crate::names::{check_email, check_id, check_name, check_not_reserved};
use crate::record::{
    MemberEmailRecord, MemberRecord, MemberStateRecord, OrganizationRecord, ServiceAccountRecord,
    Versioned, insert, member_email_key, member_key, organization_key,
};
use crate::{Access, AccessError, Caller, Role};

pub use update::MemberChange;

/// What a member's id begins with, unless it comes from elsewhere.
pub(crate) const ID_PREFIX: &str = "user_";

/// What a member is made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMember {
    /// E-mail address.
    pub email: String,
    /// The id; drawn at random if absent. Imported events belong to the member whose id they carry.
    #[serde(default)]
    pub id: Option<String>,
    /// Display name.
    #[serde(default)]
    pub name: Option<String>,
    /// The built-in role; `member` if absent.
    #[serde(default = "member_role")]
    pub role: Role,
}

fn member_role() -> Role {
    Role::Member
}

/// A member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Member {
    /// The id.
    pub id: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Display name.
    pub name: Option<String>,
    /// The built-in role.
    pub role: Role,
    /// Whether the member gets in.
    pub state: MemberState,
    /// Ids of the groups that the member is in.
    pub groups: Vec<String>,
    /// When the member was added, RFC 3339.
    pub created_at: String,
}

/// Whether a member gets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MemberState {
    /// Yes.
    Active,
    /// Not until unblocked.
    Blocked,
}

impl Access {
    /// Adds a member; answers with the id. Durable when it returns, with `user_account.created`.
    ///
    /// # Errors
    /// [`AccessError::Conflict`] when id or address are taken.
    pub fn add_member(
        &self,
        org: &str,
        new: &NewMember,
        by: &Caller,
    ) -> Result<String, AccessError> {
        check_new(new)?;
        by.authority.must_reach(new.role)?;
        let log = self.log(org)?;
        self.change(&log, || self.plan_add(org, new, by))
    }

    /// All members, by id.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without such an organization.
    pub fn members(&self, org: &str) -> Result<Vec<Member>, AccessError> {
        self.must_exist(org)?;
        let all = self.list::<MemberRecord>(org, "member")?.into_iter();
        Ok(all
            .filter_map(|record| member(record.name, record.value))
            .collect())
    }

    /// The member of that id, blocked or not; `None` for strangers and for those who were removed.
    ///
    /// # Errors
    /// When the store cannot tell.
    pub fn member(&self, org: &str, id: &str) -> Result<Option<Member>, QueryError> {
        let found = self.read::<MemberRecord>(&member_key(org, id))?;
        Ok(found.and_then(|record| member(id.to_owned(), record.value)))
    }

    /// A member, named by id or e-mail address, blocked or not.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without one.
    pub fn member_of(&self, org: &str, who: &str) -> Result<Member, AccessError> {
        let found = self.find_member(org, who)?;
        let unknown = || unknown(org, who);
        member(found.name, found.value).ok_or_else(unknown)
    }

    /// Blocks a member, named by id or e-mail address: their tokens stop working. Answers with the id.
    /// Durable when it returns, with `user_account.blocked`.
    ///
    /// # Errors
    /// [`AccessError::Conflict`] when blocked already, or the last owner.
    pub fn block_member(&self, org: &str, who: &str, by: &Caller) -> Result<String, AccessError> {
        self.change_state(org, who, MemberStateRecord::Blocked, by)
    }

    /// Lets a blocked member in again. Durable when it returns, with `user_account.unblocked`.
    ///
    /// # Errors
    /// [`AccessError::Conflict`] when not blocked.
    pub fn unblock_member(&self, org: &str, who: &str, by: &Caller) -> Result<String, AccessError> {
        self.change_state(org, who, MemberStateRecord::Active, by)
    }

    /// Removes a member: their tokens stop working for good, their address is free again, their id stays
    /// theirs. Durable when it returns, with `user_account.deleted`.
    ///
    /// # Errors
    /// [`AccessError::Conflict`] for the last owner.
    pub fn remove_member(&self, org: &str, who: &str, by: &Caller) -> Result<String, AccessError> {
        self.change_state(org, who, MemberStateRecord::Removed, by)
    }

    /// The record of a member who was not removed, by id or else by e-mail address.
    pub(crate) fn find_member(
        &self,
        org: &str,
        who: &str,
    ) -> Result<Versioned<MemberRecord>, AccessError> {
        self.must_exist(org)?;
        let by_id = self.present_member(org, who)?;
        let found = match by_id {
            Some(found) => Some(found),
            None => match self.read::<MemberEmailRecord>(&member_email_key(org, who))? {
                Some(address) => self.present_member(org, &address.value.member)?,
                None => None,
            },
        };
        found.ok_or_else(|| unknown(org, who))
    }

    fn present_member(
        &self,
        org: &str,
        id: &str,
    ) -> Result<Option<Versioned<MemberRecord>>, AccessError> {
        let found = self.read::<MemberRecord>(&member_key(org, id))?;
        Ok(found.filter(|record| record.value.state != MemberStateRecord::Removed))
    }

    pub(crate) fn must_exist(
        &self,
        org: &str,
    ) -> Result<Versioned<OrganizationRecord>, AccessError> {
        let found = self.read::<OrganizationRecord>(&organization_key(org))?;
        found
            .filter(|found| found.value.deleted_micros.is_none())
            .ok_or_else(|| AccessError::unknown_organization(org))
    }

    pub(crate) fn refuse_taken_address(&self, org: &str, email: &str) -> Result<(), AccessError> {
        let found = self.read::<MemberEmailRecord>(&member_email_key(org, email))?;
        match found {
            None => Ok(()),
            Some(_) => Err(AccessError::Conflict(format!(
                "`{email}` belongs to a member of `{org}` already"
            ))),
        }
    }

    fn plan_add(
        &self,
        org: &str,
        new: &NewMember,
        by: &Caller,
    ) -> Result<Plan<String>, AccessError> {
        self.must_exist(org)?;
        let id = new.id.clone().unwrap_or_else(|| self.random_id(ID_PREFIX));
        let was_member = self.read::<MemberRecord>(&member_key(org, &id))?.is_some();
        let account = ServiceAccountRecord::key(org, &id);
        if was_member || self.read::<ServiceAccountRecord>(&account)?.is_some() {
            let reason = format!("`{id}` is or was a member of `{org}`; choose another id");
            return Err(AccessError::Conflict(reason));
        }
        self.refuse_taken_address(org, &new.email)?;
        let (event, records) = new_member(self, org, &id, new, by)?;
        Ok(Plan::of(vec![event], records, id))
    }
}

/// What makes a member, and tells of it.
pub(crate) fn new_member(
    access: &Access,
    org: &str,
    id: &str,
    new: &NewMember,
    by: &Caller,
) -> Result<(Event, Vec<RecordChange>), AccessError> {
    let record = MemberRecord {
        email: Some(new.email.clone()),
        name: new.name.clone(),
        role: new.role,
        state: MemberStateRecord::Active,
        groups: Vec::new(),
        assignments: Vec::new(),
        created_micros: access.now_micros(),
    };
    let targets = vec![person(id, &record), target("role", new.role.name(), None)];
    let event = by.tells("user_account.created", targets, None, Some(about(&record)))?;
    Ok((event, insert_records(org, id, &record)?))
}

fn unknown(org: &str, who: &str) -> AccessError {
    let shown: String = who.chars().take(60).collect();
    AccessError::Unknown(format!(
        "`{org}` has no member `{shown}`; `docket member list --org {org}` shows all"
    ))
}

/// The records of a new member.
pub(crate) fn insert_records(
    org: &str,
    id: &str,
    record: &MemberRecord,
) -> Result<Vec<RecordChange>, AccessError> {
    let mut records = vec![insert(member_key(org, id), record)?];
    if let Some(email) = &record.email {
        let address = MemberEmailRecord {
            member: id.to_owned(),
        };
        records.push(insert(member_email_key(org, email), &address)?);
    }
    Ok(records)
}

fn check_new(new: &NewMember) -> Result<(), AccessError> {
    check_email("email", &new.email).map_err(AccessError::Invalid)?;
    if let Some(id) = &new.id {
        check_id("id", id).map_err(AccessError::Invalid)?;
        check_not_reserved("id", id).map_err(AccessError::Invalid)?;
    }
    if let Some(name) = &new.name {
        check_name("name", name).map_err(AccessError::Invalid)?;
    }
    Ok(())
}

fn about(record: &MemberRecord) -> Attributes {
    attributes(json!({
        "email": record.email,
        "name": record.name,
        "role": record.role,
    }))
}

pub(crate) fn person(id: &str, record: &MemberRecord) -> docket_event::Target {
    target(
        "user",
        id,
        record.name.as_deref().or(record.email.as_deref()),
    )
}

fn member(id: String, record: MemberRecord) -> Option<Member> {
    let state = match record.state {
        MemberStateRecord::Active => MemberState::Active,
        MemberStateRecord::Blocked => MemberState::Blocked,
        MemberStateRecord::Removed => return None,
    };
    Some(Member {
        id,
        email: record.email,
        name: record.name,
        role: record.role,
        state,
        groups: record.groups,
        created_at: written(record.created_micros),
    })
}
