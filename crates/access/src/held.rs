//! Whoever can have tokens and roles: members and accounts for programs, and what they may.

use docket_event::ActorKind;

use crate::kept::Kept;
use crate::permission::{Permission, Permissions, Role};
use crate::record::{
    AssignmentRecord, GroupRecord, MemberRecord, MemberStateRecord, ServiceAccountRecord,
    member_key,
};
use crate::role::RoleScope;
use crate::{Access, AccessError};

/// What nobody has who is limited to a part of an organization.
pub(crate) const WHOLE_ONLY: Permissions = Permissions::of(&[Permission::AccessAdmin]);

/// Whoever can have tokens and roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    pub id: String,
    pub kind: ActorKind,
    pub email: Option<String>,
    pub name: Option<String>,
    pub role: Role,
    pub state: MemberStateRecord,
    groups: Vec<String>,
    assignments: Vec<AssignmentRecord>,
}

impl Holder {
    pub(crate) fn member(id: &str, record: &MemberRecord) -> Self {
        Holder {
            id: id.to_owned(),
            kind: ActorKind::User,
            email: record.email.clone(),
            name: record.name.clone(),
            role: record.role,
            state: record.state,
            groups: record.groups.clone(),
            assignments: record.assignments.clone(),
        }
    }

    pub(crate) fn account(id: &str, record: &ServiceAccountRecord) -> Self {
        Holder {
            id: id.to_owned(),
            kind: ActorKind::ServiceAccount,
            email: None,
            name: Some(record.name.clone()),
            role: record.role,
            state: match record.deleted {
                true => MemberStateRecord::Removed,
                false => MemberStateRecord::Active,
            },
            groups: Vec::new(),
            assignments: record.assignments.clone(),
        }
    }
}

impl Access {
    /// The member or account of that id, gone ones too.
    pub(crate) fn holder(&self, org: &str, id: &str) -> Result<Option<Holder>, AccessError> {
        if let Some(found) = self.read::<MemberRecord>(&member_key(org, id))? {
            return Ok(Some(Holder::member(id, &found.value)));
        }
        let found = self.read::<ServiceAccountRecord>(&ServiceAccountRecord::key(org, id))?;
        Ok(found.map(|found| Holder::account(id, &found.value)))
    }

    /// What somebody may: in all of the organization, or in one project of it.
    pub(crate) fn may(
        &self,
        org: &str,
        holder: &Holder,
        project: Option<&str>,
    ) -> Result<Permissions, AccessError> {
        let mut all = holder.role.permissions();
        let mut assigned = holder.assignments.clone();
        for group in &holder.groups {
            if let Some(found) = self.find_kept::<GroupRecord>(org, group)? {
                assigned.extend(found.value.assignments);
            }
        }
        for one in assigned {
            if one.project.is_some() && one.project.as_deref() != project {
                continue;
            }
            let Some((permissions, scope)) = self.role_allows(org, &one.role)? else {
                continue;
            };
            if scope == RoleScope::Organization || one.project.is_some() {
                let part = match one.project {
                    Some(_) => permissions.without(WHOLE_ONLY),
                    None => permissions,
                };
                all = all.or(part);
            }
        }
        Ok(match project {
            Some(_) => all.without(WHOLE_ONLY),
            None => all,
        })
    }
}
