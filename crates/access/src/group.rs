//! Groups: members who have roles together.

use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::audit::{Attributes, attributes, changed, target};
use crate::change::Plan;
use crate::kept::{Kept, written};
use crate::member::person;
use crate::names::check_name;
use crate::record::{GroupRecord, MemberRecord, insert, member_key, replace};
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
        self.change(&self.log(org)?, || {
            let id = self.new_id::<GroupRecord>(org, new.id.as_deref())?;
            let record = GroupRecord {
                name: new.name.clone(),
                assignments: Vec::new(),
                deleted: false,
                created_micros: self.now_micros(),
            };
            let targets = vec![target("group", &id, Some(&record.name))];
            let event = by.tells("group.created", targets, None, Some(about(&record)))?;
            let records = vec![insert(GroupRecord::key(org, &id), &record)?];
            Ok(Plan::of(vec![event], records, shown(id, &record, None)))
        })
    }

    /// A group with its members.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without one.
    pub fn group(&self, org: &str, id: &str) -> Result<Group, AccessError> {
        let found = self.kept::<GroupRecord>(org, id)?;
        let members = self.list::<MemberRecord>(org, "member")?.into_iter();
        let members = members.filter(|member| member.value.groups.contains(&found.name));
        let members = members.map(|member| member.name).collect();
        Ok(shown(found.name, &found.value, Some(members)))
    }

    /// All groups, by id.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without such an organization.
    pub fn groups(&self, org: &str) -> Result<Vec<Group>, AccessError> {
        let all = self.all_kept::<GroupRecord>(org)?.into_iter();
        Ok(all
            .map(|found| shown(found.name, &found.value, None))
            .collect())
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
        self.change(&self.log(org)?, || {
            let found = self.kept::<GroupRecord>(org, id)?;
            let mut new = found.value.clone();
            if let Some(name) = &change.name {
                new.name.clone_from(name);
            }
            let answer = shown(found.name.clone(), &new, None);
            let Some((before, after)) = changed(about(&found.value), about(&new)) else {
                return Ok(Plan::nothing(answer));
            };
            let targets = vec![target("group", &found.name, Some(&new.name))];
            let event = by.tells("group.updated", targets, Some(before), Some(after))?;
            let records = vec![replace(
                GroupRecord::key(org, &found.name),
                found.version,
                &new,
            )?];
            Ok(Plan::of(vec![event], records, answer))
        })
    }

    /// Deletes a group: what its members had by it they have no more. Durable when it returns, with `group.deleted`.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without one.
    pub fn delete_group(&self, org: &str, id: &str, by: &Caller) -> Result<Group, AccessError> {
        self.change(&self.log(org)?, || {
            let found = self.kept::<GroupRecord>(org, id)?;
            let targets = vec![target("group", &found.name, Some(&found.value.name))];
            let event = by.tells("group.deleted", targets, Some(about(&found.value)), None)?;
            let answer = shown(found.name.clone(), &found.value, None);
            let gone = GroupRecord {
                deleted: true,
                assignments: Vec::new(),
                ..found.value
            };
            let records = vec![replace(
                GroupRecord::key(org, &found.name),
                found.version,
                &gone,
            )?];
            Ok(Plan::of(vec![event], records, answer))
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
            let answer = shown(group.name.clone(), &group.value, None);
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
                target("group", &group.name, Some(&group.value.name)),
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

fn about(record: &GroupRecord) -> Attributes {
    attributes(json!({ "name": record.name }))
}

fn shown(id: String, record: &GroupRecord, members: Option<Vec<String>>) -> Group {
    Group {
        id,
        name: record.name.clone(),
        members,
        created_at: written(record.created_micros),
    }
}
