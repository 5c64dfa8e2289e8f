//! Blocking, unblocking and removing a member.

use docket_engine::store::RecordChange;
use docket_event::Event;
use serde_json::json;

use super::{about, person};
use crate::audit::attributes;
use crate::change::Plan;
use crate::record::{
    FormerEmailRecord, MemberEmailRecord, MemberRecord, MemberStateRecord, delete,
    former_email_key, insert, member_email_key, member_key, replace,
};
use crate::{Access, AccessError, Caller, Role};

impl Access {
    pub(super) fn change_state(
        &self,
        org: &str,
        who: &str,
        state: MemberStateRecord,
        by: &Caller,
    ) -> Result<String, AccessError> {
        let log = self.log(org)?;
        self.change(&log, || self.plan_state(org, who, state, by))
    }

    fn plan_state(
        &self,
        org: &str,
        who: &str,
        state: MemberStateRecord,
        by: &Caller,
    ) -> Result<Plan<String>, AccessError> {
        let found = self.find_member(org, who)?;
        let (id, old) = (found.name, found.value);
        by.authority.must_reach(old.role)?;
        let event = state_event(&id, &old, state, by)?;
        let mut records = Vec::new();
        if old.role == Role::Owner && old.state == MemberStateRecord::Active {
            self.spare_last_owner(org, &id)?;
        }
        let mut new = MemberRecord {
            state,
            ..old.clone()
        };
        if state == MemberStateRecord::Removed {
            // What is left says that the id was used, and nothing about the person.
            (new.email, new.name) = (None, None);
            (new.groups, new.assignments) = (Vec::new(), Vec::new());
            records.extend(self.release_address(org, old.email.as_deref())?);
            records.extend(self.remember_address(org, &id, old.email.as_deref())?);
        }
        records.push(replace(member_key(org, &id), found.version, &new)?);
        Ok(Plan::of(vec![event], records, id))
    }

    pub(super) fn release_address(
        &self,
        org: &str,
        email: Option<&str>,
    ) -> Result<Option<RecordChange>, AccessError> {
        let Some(email) = email else {
            return Ok(None);
        };
        let key = member_email_key(org, email);
        let found = self.read::<MemberEmailRecord>(&key)?;
        Ok(found.map(|record| delete(key, record.version)))
    }

    /// The change that remembers whose address it was.
    fn remember_address(
        &self,
        org: &str,
        id: &str,
        email: Option<&str>,
    ) -> Result<Option<RecordChange>, AccessError> {
        let Some(email) = email else {
            return Ok(None);
        };
        let key = former_email_key(org, email);
        let record = FormerEmailRecord {
            member: id.to_owned(),
        };
        let change = match self.read::<FormerEmailRecord>(&key)? {
            None => insert(key, &record)?,
            Some(found) => replace(key, found.version, &record)?,
        };
        Ok(Some(change))
    }

    /// Refuses when nobody but `id` is an active owner.
    pub(super) fn spare_last_owner(&self, org: &str, id: &str) -> Result<(), AccessError> {
        let others = self
            .list::<MemberRecord>(org, "member")?
            .into_iter()
            .any(|record| {
                record.name != id
                    && record.value.role == Role::Owner
                    && record.value.state == MemberStateRecord::Active
            });
        match others {
            true => Ok(()),
            false => Err(AccessError::Conflict(format!(
                "`{id}` is the last owner of `{org}`; add another one first: \
                 docket member add --org {org} --email EMAIL --role owner"
            ))),
        }
    }
}

fn state_event(
    id: &str,
    old: &MemberRecord,
    state: MemberStateRecord,
    by: &Caller,
) -> Result<Event, AccessError> {
    let wrong = |is: &str| Err(AccessError::Conflict(format!("`{id}` is {is}")));
    let blocked = |bit: bool| Some(attributes(json!({ "blocked": bit })));
    let targets = vec![person(id, old)];
    match (old.state, state) {
        (MemberStateRecord::Active, MemberStateRecord::Blocked) => by.tells(
            "user_account.blocked",
            targets,
            blocked(false),
            blocked(true),
        ),
        (MemberStateRecord::Blocked, MemberStateRecord::Active) => by.tells(
            "user_account.unblocked",
            targets,
            blocked(true),
            blocked(false),
        ),
        (MemberStateRecord::Active | MemberStateRecord::Blocked, MemberStateRecord::Removed) => {
            by.tells("user_account.deleted", targets, Some(about(old)), None)
        }
        (MemberStateRecord::Blocked, MemberStateRecord::Blocked) => wrong("blocked already"),
        (MemberStateRecord::Active, MemberStateRecord::Active) => wrong("not blocked"),
        (MemberStateRecord::Removed, _) => wrong("no member any more"),
    }
}
