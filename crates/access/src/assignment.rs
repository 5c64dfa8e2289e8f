//! Assignments: who has which role besides the built-in one, and where.

use docket_engine::store::RecordChange;
use docket_event::{Event, Target};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::audit::{attributes, project, target};
use crate::change::Plan;
use crate::kept::{Kept, written};
use crate::member::person;
use crate::permission::Role;
use crate::record::{
    AssignmentRecord, GroupRecord, MemberRecord, ProjectRecord, ServiceAccountRecord, Versioned,
    member_key, replace,
};
use crate::role::{self, RoleName, RoleScope};
use crate::{Access, AccessError, Caller};

/// Most roles that one holder has besides the built-in one.
pub const ASSIGNMENTS_MAX: usize = 100;

const ID_PREFIX: &str = "assign_";

/// Who has a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Assignee {
    /// What kind of holder.
    pub kind: AssigneeKind,
    /// Its id.
    pub id: String,
}

/// What can have a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AssigneeKind {
    /// A member.
    User,
    /// All members of a group.
    Group,
    /// An account for programs.
    ServiceAccount,
}

/// What an assignment is made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAssignment {
    /// The role: a built-in one by name, another by id.
    pub role: RoleName,
    /// Who gets it.
    pub principal: Assignee,
    /// The project that it is limited to; what it allows there counts for tokens of that project.
    #[serde(default)]
    pub project: Option<String>,
}

/// An assignment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Assignment {
    /// Its id.
    pub id: String,
    /// The role.
    pub role: RoleName,
    /// Who has it.
    pub principal: Assignee,
    /// The project that it is limited to.
    pub project: Option<String>,
    /// When it was made, RFC 3339.
    pub created_at: String,
}

/// A holder as it was read, to be written back with other assignments.
enum Held {
    Member(Versioned<MemberRecord>),
    Group(Versioned<GroupRecord>),
    Account(Versioned<ServiceAccountRecord>),
}

impl Held {
    fn assignments(&mut self) -> &mut Vec<AssignmentRecord> {
        match self {
            Held::Member(found) => &mut found.value.assignments,
            Held::Group(found) => &mut found.value.assignments,
            Held::Account(found) => &mut found.value.assignments,
        }
    }

    fn write(&self, org: &str) -> Result<RecordChange, AccessError> {
        match self {
            Held::Member(Versioned {
                name,
                version,
                value,
            }) => replace(member_key(org, name), *version, value),
            Held::Group(Versioned {
                name,
                version,
                value,
            }) => replace(GroupRecord::key(org, name), *version, value),
            Held::Account(Versioned {
                name,
                version,
                value,
            }) => replace(ServiceAccountRecord::key(org, name), *version, value),
        }
    }

    fn target(&self) -> Target {
        match self {
            Held::Member(found) => person(&found.name, &found.value),
            Held::Group(found) => target("group", &found.name, Some(&found.value.name)),
            Held::Account(found) => target("service_account", &found.name, Some(&found.value.name)),
        }
    }

    fn assignee(&self) -> Assignee {
        let (kind, id) = match self {
            Held::Member(found) => (AssigneeKind::User, &found.name),
            Held::Group(found) => (AssigneeKind::Group, &found.name),
            Held::Account(found) => (AssigneeKind::ServiceAccount, &found.name),
        };
        Assignee {
            kind,
            id: id.clone(),
        }
    }

    /// The types of the events that tell of a role given and taken.
    fn types(&self) -> (&'static str, &'static str) {
        match self {
            Held::Member(_) => ("user.role.granted", "user.role.retracted"),
            Held::Group(_) | Held::Account(_) => {
                ("role.assignment.created", "role.assignment.deleted")
            }
        }
    }
}

impl Access {
    /// Gives somebody a role. Durable when it returns, with `user.role.granted` or `role.assignment.created`.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] for a role, holder or project that is not there, [`AccessError::Conflict`] when they
    /// have it already, [`AccessError::Forbidden`] when the caller lacks what it allows.
    pub fn assign(
        &self,
        org: &str,
        new: &NewAssignment,
        by: &Caller,
    ) -> Result<Assignment, AccessError> {
        self.change(&self.log(org)?, || {
            self.check_assignment(org, new, by)?;
            let mut held = self.held(org, &new.principal)?;
            let same = |one: &AssignmentRecord| one.role == new.role && one.project == new.project;
            if let Some(there) = held.assignments().iter().find(|one| same(one)) {
                let reason = format!("they have this role already, by assignment `{}`", there.id);
                return Err(AccessError::Conflict(reason));
            }
            if held.assignments().len() >= ASSIGNMENTS_MAX {
                let reason = format!("nobody has more than {ASSIGNMENTS_MAX} roles; end one first");
                return Err(AccessError::Conflict(reason));
            }
            let record = AssignmentRecord {
                id: self.random_id(ID_PREFIX),
                role: new.role.clone(),
                project: new.project.clone(),
                created_micros: self.now_micros(),
            };
            let (given, _) = held.types();
            let event = event(org, &held, &record, given, by)?;
            held.assignments().push(record.clone());
            let records = vec![held.write(org)?];
            Ok(Plan::of(
                vec![event],
                records,
                shown(held.assignee(), &record),
            ))
        })
    }

    /// Takes a role away again. Durable when it returns, with `user.role.retracted` or `role.assignment.deleted`.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without such an assignment.
    pub fn unassign(&self, org: &str, id: &str, by: &Caller) -> Result<Assignment, AccessError> {
        self.change(&self.log(org)?, || {
            let found = self.assignment(org, id)?;
            let mut held = self.held(org, &found.principal)?;
            let all = held.assignments();
            let Some(at) = all.iter().position(|one| one.id == id) else {
                return Err(unknown(org, id));
            };
            let record = all.remove(at);
            if let Some((permissions, _)) = self.role_allows(org, &record.role)? {
                by.authority.must_cover("the assignment", permissions)?;
            }
            let (_, taken) = held.types();
            let event = event(org, &held, &record, taken, by)?;
            let records = vec![held.write(org)?];
            Ok(Plan::of(vec![event], records, found))
        })
    }

    /// An assignment.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without one.
    pub fn assignment(&self, org: &str, id: &str) -> Result<Assignment, AccessError> {
        let all = self.assignments(org)?;
        all.into_iter()
            .find(|one| one.id == id)
            .ok_or_else(|| unknown(org, id))
    }

    /// All assignments, by id.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without such an organization.
    pub fn assignments(&self, org: &str) -> Result<Vec<Assignment>, AccessError> {
        self.must_exist(org)?;
        let members = self.list::<MemberRecord>(org, "member")?.into_iter();
        let groups = self.all_kept::<GroupRecord>(org)?.into_iter();
        let accounts = self.all_kept::<ServiceAccountRecord>(org)?.into_iter();
        let all = members
            .map(Held::Member)
            .chain(groups.map(Held::Group))
            .chain(accounts.map(Held::Account));
        let mut all: Vec<Assignment> = all
            .flat_map(|mut held| {
                let who = held.assignee();
                let records = std::mem::take(held.assignments()).into_iter();
                records.map(move |record| shown(who.clone(), &record))
            })
            .collect();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(all)
    }

    fn check_assignment(
        &self,
        org: &str,
        new: &NewAssignment,
        by: &Caller,
    ) -> Result<(), AccessError> {
        if new.role.built_in() == Some(Role::Owner) {
            let reason = "owner is a member's own role; change the member instead";
            return Err(AccessError::invalid("role", reason));
        }
        let Some((permissions, scope)) = self.role_allows(org, &new.role)? else {
            return Err(role::unknown(org, &new.role));
        };
        by.authority.must_cover("the assignment", permissions)?;
        if let Some(project) = &new.project {
            self.kept::<ProjectRecord>(org, project)?;
        }
        match (scope, &new.project, new.role.built_in()) {
            (RoleScope::Project, None, _) => Err(AccessError::invalid(
                "project",
                "is missing: this role is limited to the project that an assignment names",
            )),
            (RoleScope::Organization, Some(_), None) => Err(AccessError::invalid(
                "project",
                "is one too many: this role is for all of the organization",
            )),
            (RoleScope::Project, Some(_), _) | (RoleScope::Organization, _, _) => Ok(()),
        }
    }

    fn held(&self, org: &str, who: &Assignee) -> Result<Held, AccessError> {
        Ok(match who.kind {
            AssigneeKind::User => Held::Member(self.find_member(org, &who.id)?),
            AssigneeKind::Group => Held::Group(self.kept(org, &who.id)?),
            AssigneeKind::ServiceAccount => Held::Account(self.kept(org, &who.id)?),
        })
    }
}

fn event(
    org: &str,
    held: &Held,
    record: &AssignmentRecord,
    event_type: &str,
    by: &Caller,
) -> Result<Event, AccessError> {
    let scope = match &record.project {
        Some(id) => target("project", id, None),
        None => target("organization", org, None),
    };
    let role = target("role", record.role.as_str(), None);
    let mut targets = vec![held.target(), role, scope];
    if matches!(held, Held::Group(_) | Held::Account(_)) {
        targets.insert(0, target("role_assignment", &record.id, None));
    }
    let about = attributes(json!({
        "assignment": record.id,
        "role": record.role,
        "project": record.project,
    }));
    let (before, after) = match event_type.ends_with("created") || event_type.ends_with("granted") {
        true => (None, Some(about)),
        false => (Some(about), None),
    };
    let mut event = by.tells(event_type, targets, before, after)?;
    event.project = project(record.project.as_deref());
    Ok(event)
}

fn unknown(org: &str, id: &str) -> AccessError {
    let shown: String = id.chars().take(60).collect();
    AccessError::Unknown(format!("`{org}` has no assignment `{shown}`"))
}

fn shown(principal: Assignee, record: &AssignmentRecord) -> Assignment {
    Assignment {
        id: record.id.clone(),
        role: record.role.clone(),
        principal,
        project: record.project.clone(),
        created_at: written(record.created_micros),
    }
}
