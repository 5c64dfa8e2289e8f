//! Members of an organization.

mod state;

use docket_engine::QueryError;
use docket_engine::store::RecordChange;
use docket_event::Value;

use crate::audit::{before_after, object, target, text};
use crate::change::Plan;
use crate::names::{check_email, check_id, check_name, check_not_reserved};
use crate::record::{
    MemberEmailRecord, MemberRecord, MemberStateRecord, OrganizationRecord, Versioned, insert,
    member_email_key, member_key, organization_key,
};
use crate::{Access, AccessError, Caller, Role};

/// What a member's id begins with, unless it comes from elsewhere.
pub(crate) const ID_PREFIX: &str = "user_";

/// What a member is made from.
#[derive(Clone, Debug)]
pub struct NewMember {
    /// E-mail address.
    pub email: String,
    /// The id; drawn at random if absent. Imported events belong to the member whose id they carry.
    pub id: Option<String>,
    /// Display name.
    pub name: Option<String>,
    /// The role.
    pub role: Role,
}

/// A member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The id.
    pub id: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Display name.
    pub name: Option<String>,
    /// The role.
    pub role: Role,
    /// Whether the member gets in.
    pub state: MemberState,
    /// When the member was added, Unix microseconds.
    pub created_micros: i64,
}

/// Whether a member gets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
        found.ok_or_else(|| {
            let shown: String = who.chars().take(60).collect();
            AccessError::Unknown(format!(
                "`{org}` has no member `{shown}`; `docket member list --org {org}` shows all"
            ))
        })
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
        self.read(&organization_key(org))?
            .ok_or_else(|| AccessError::unknown_organization(org))
    }

    fn plan_add(
        &self,
        org: &str,
        new: &NewMember,
        by: &Caller,
    ) -> Result<Plan<String>, AccessError> {
        self.must_exist(org)?;
        let id = new.id.clone().unwrap_or_else(|| self.random_id(ID_PREFIX));
        if self.read::<MemberRecord>(&member_key(org, &id))?.is_some() {
            let reason = format!("`{id}` is or was a member of `{org}`; choose another id");
            return Err(AccessError::Conflict(reason));
        }
        if self
            .read::<MemberEmailRecord>(&member_email_key(org, &new.email))?
            .is_some()
        {
            let reason = format!("`{}` belongs to a member of `{org}` already", new.email);
            return Err(AccessError::Conflict(reason));
        }
        let record = MemberRecord {
            email: Some(new.email.clone()),
            name: new.name.clone(),
            role: new.role,
            state: MemberStateRecord::Active,
            created_micros: self.engine.environment().now_micros(),
        };
        let after = before_after(None, Some(about(&record)));
        let targets = vec![person(&id, &record), target("role", new.role.name(), None)];
        Ok(Plan {
            events: vec![by.event("user_account.created", targets, &after)],
            records: insert_records(org, &id, &record)?,
            answer: id,
        })
    }
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

fn about(record: &MemberRecord) -> Value<'_> {
    object([
        ("email", record.email.as_deref().map(Value::string)),
        ("name", record.name.as_deref().map(Value::string)),
        ("role", text(record.role.name())),
    ])
}

fn person(id: &str, record: &MemberRecord) -> docket_event::Target {
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
    let MemberRecord {
        email,
        name,
        role,
        created_micros,
        ..
    } = record;
    Some(Member {
        id,
        email,
        name,
        role,
        state,
        created_micros,
    })
}
