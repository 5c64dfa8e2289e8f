//! Groups: members who have roles together.

use docket_event::Target;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::audit::{Attributes, attributes, target};
use crate::change::Plan;
use crate::kept::{Kept, Told, written};
use crate::member::person;
use crate::names::check_name;
use crate::record::{GroupRecord, MemberRecord, member_key, replace};
use crate::{Access, AccessError, Caller};

/// Most groups that one member is in.
pub const GROUPS_MAX: usize = 100;

/// What a group is made from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGroup {
    /// The id, if it comes from elsewhere; drawn at random if absent.
    #[serde(default)]
    pub id: Option<String>,
    /// Display name.
    pub name: String,
}

/// What changes of a group; members that are absent stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupChange {
    /// Display name.
    #[serde(default)]
    pub name: Option<String>,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Group {
    /// Its id.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Ids of its members; left out where many groups are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<String>>,
    /// When it was made, RFC 3339.
    pub created_at: String,
}

impl Kept for GroupRecord {
    const KIND: &'static str = "group";
    const WHAT: &'static str = "group";
    const PREFIX: &'static str = "group_";

    fn is_gone(&self) -> bool {
        self.deleted
    }
}

impl Told for GroupRecord {
    type View = Group;

    fn about(&self) -> Attributes {
        attributes(json!({ "name": self.name }))
    }

    fn target(&self, id: &str) -> Target {
        target("group", id, Some(&self.name))
    }

    fn shown(&self, id: String) -> Group {
        Group {
            id,
            name: self.name.clone(),
            members: None,
            created_at: written(self.created_micros),
        }
    }
}

impl Access {
    /// Makes a group. Durable when it returns, with `group.created`.
    ///
    /// # Errors
    /// [`AccessError::Conflict`] when the id is taken.
    pub fn create_group(
        &self,
        org: &str,
        new: &NewGroup,
        by: &Caller,
    ) -> Result<Group, AccessError> {
        check_name("name", &new.name).map_err(AccessError::Invalid)?;
        let make = |_: &str| {
            Ok(GroupRecord {
                name: new.name.clone(),
                assignments: Vec::new(),
                deleted: false,
                created_micros: self.now_micros(),
            })
        };
        self.create_kept(org, new.id.as_deref(), "group.created", by, make)
    }

    /// A group with its members.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without one.
    pub fn group(&self, org: &str, id: &str) -> Result<Group, AccessError> {
        let found = self.view_kept::<GroupRecord>(org, id)?;
        let members = self.list::<MemberRecord>(org, "member")?.into_iter();
        let members = members.filter(|member| member.value.groups.contains(&found.id));
        let members = members.map(|member| member.name).collect();
        Ok(Group {
            members: Some(members),
            ..found
        })
    }

    /// All groups, by id.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without such an organization.
    pub fn groups(&self, org: &str) -> Result<Vec<Group>, AccessError> {
        self.view_all_kept::<GroupRecord>(org)
    }

    /// Renames a group. Durable when it returns, with `group.updated`.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without one.
    pub fn update_group(
        &self,
        org: &str,
        id: &str,
        change: &GroupChange,
        by: &Caller,
    ) -> Result<Group, AccessError> {
        if let Some(name) = &change.name {
            check_name("name", name).map_err(AccessError::Invalid)?;
        }
        self.edit_kept(org, id, "group.updated", by, |record: &mut GroupRecord| {
            if let Some(name) = &change.name {
                record.name.clone_from(name);
            }
            Ok(())
        })
    }

    /// Deletes a group: what its members had by it they have no more. Durable when it returns, with `group.deleted`.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without one.
    pub fn delete_group(&self, org: &str, id: &str, by: &Caller) -> Result<Group, AccessError> {
        self.end_kept(org, id, "group.deleted", by, |old: GroupRecord| {
            Ok(GroupRecord {
                deleted: true,
                assignments: Vec::new(),
                ..old
            })
        })
    }

    /// Puts a member into a group, or takes one out of it. Durable when it returns, with `group.member.added` or
    /// `group.member.removed`; without either if it is so already.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without the group or the member, [`AccessError::Forbidden`] when the group has roles
    /// that the caller lacks.
    pub fn set_group_member(
        &self,
        org: &str,
        id: &str,
        member: &str,
        is_in: bool,
        by: &Caller,
    ) -> Result<Group, AccessError> {
        self.change(&self.log(org)?, || {
            let group = self.kept::<GroupRecord>(org, id)?;
            let found = self.find_member(org, member)?;
            for assignment in &group.value.assignments {
                if let Some((permissions, _)) = self.role_allows(org, &assignment.role)? {
                    by.authority.must_cover("the member", permissions)?;
                }
            }
            let answer = group.value.shown(group.name.clone());
            if found.value.groups.contains(&group.name) == is_in {
                return Ok(Plan::nothing(answer));
            }
            let mut new = found.value.clone();
            if is_in && new.groups.len() >= GROUPS_MAX {
                let reason = format!("nobody is in more than {GROUPS_MAX} groups");
                return Err(AccessError::Conflict(reason));
            }
            let event_type = match is_in {
                true => {
                    new.groups.push(group.name.clone());
                    "group.member.added"
                }
                false => {
                    new.groups.retain(|one| *one != group.name);
                    "group.member.removed"
                }
            };
            let targets = vec![
                group.value.target(&group.name),
                person(&found.name, &found.value),
            ];
            let who = Some(attributes(json!({ "member": found.name })));
            let (before, after) = if is_in { (None, who) } else { (who, None) };
            let event = by.tells(event_type, targets, before, after)?;
            let records = vec![replace(member_key(org, &found.name), found.version, &new)?];
            Ok(Plan::of(vec![event], records, answer))
        })
    }
}
