//! Projects: what tokens and roles can be limited to.

use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::audit::{Attributes, attributes, changed, project, target};
use crate::change::Plan;
use crate::kept::{Kept, written};
use crate::names::check_name;
use crate::record::{ProjectRecord, Versioned, insert, replace};
use crate::{Access, AccessError, Caller};

/// What a project is made from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProject {
    /// The id, if it comes from elsewhere; drawn at random if absent.
    #[serde(default)]
    pub id: Option<String>,
    /// Display name.
    pub name: String,
}

/// What changes of a project; members that are absent stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectChange {
    /// Display name.
    #[serde(default)]
    pub name: Option<String>,
}

/// A project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Project {
    /// The id, which events carry as their project's.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Whether work goes on in it. What an archived project's tokens may do does not change.
    pub status: ProjectState,
    /// When it was made, RFC 3339.
    pub created_at: String,
}

/// Whether work goes on in a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProjectState {
    /// Yes.
    Active,
    /// No more.
    Archived,
}

impl Kept for ProjectRecord {
    const KIND: &'static str = "project";
    const WHAT: &'static str = "project";
    const PREFIX: &'static str = "proj_";

    fn is_gone(&self) -> bool {
        self.deleted
    }
}

impl Access {
    /// Makes a project. Durable when it returns, with `project.created`.
    ///
    /// # Errors
    /// [`AccessError::Conflict`] when the id is taken.
    pub fn create_project(
        &self,
        org: &str,
        new: &NewProject,
        by: &Caller,
    ) -> Result<Project, AccessError> {
        check_name("name", &new.name).map_err(AccessError::Invalid)?;
        self.change(&self.log(org)?, || {
            let id = self.new_id::<ProjectRecord>(org, new.id.as_deref())?;
            let record = ProjectRecord {
                name: new.name.clone(),
                state: ProjectState::Active,
                deleted: false,
                created_micros: self.now_micros(),
            };
            let events = vec![by.tells(
                "project.created",
                vec![target("project", &id, Some(&record.name))],
                None,
                Some(about(&record)),
            )?];
            let records = vec![insert(ProjectRecord::key(org, &id), &record)?];
            Ok(Plan::of(events, records, shown(id, &record)))
        })
    }

    /// A project.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without one.
    pub fn project(&self, org: &str, id: &str) -> Result<Project, AccessError> {
        let found = self.kept::<ProjectRecord>(org, id)?;
        Ok(shown(found.name, &found.value))
    }

    /// All projects, by id.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without such an organization.
    pub fn projects(&self, org: &str) -> Result<Vec<Project>, AccessError> {
        let all = self.all_kept::<ProjectRecord>(org)?.into_iter();
        Ok(all.map(|found| shown(found.name, &found.value)).collect())
    }

    /// Renames a project. Durable when it returns, with `project.updated`.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without one.
    pub fn update_project(
        &self,
        org: &str,
        id: &str,
        change: &ProjectChange,
        by: &Caller,
    ) -> Result<Project, AccessError> {
        if let Some(name) = &change.name {
            check_name("name", name).map_err(AccessError::Invalid)?;
        }
        self.change_project(org, id, "project.updated", by, |record| {
            if let Some(name) = &change.name {
                record.name.clone_from(name);
            }
        })
    }

    /// Notes that work in a project is over. Durable when it returns, with `project.archived`.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without one.
    pub fn archive_project(
        &self,
        org: &str,
        id: &str,
        by: &Caller,
    ) -> Result<Project, AccessError> {
        self.change_project(org, id, "project.archived", by, |record| {
            record.state = ProjectState::Archived;
        })
    }

    /// Deletes a project: tokens that are limited to it stop working, its events stay. Durable when it returns,
    /// with `project.deleted`.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without one.
    pub fn delete_project(&self, org: &str, id: &str, by: &Caller) -> Result<Project, AccessError> {
        self.change(&self.log(org)?, || {
            let Versioned {
                name: id,
                version,
                value: old,
            } = self.kept::<ProjectRecord>(org, id)?;
            let mut event = by.tells(
                "project.deleted",
                vec![target("project", &id, Some(&old.name))],
                Some(about(&old)),
                None,
            )?;
            event.project = project(Some(&id));
            let answer = shown(id.clone(), &old);
            let gone = ProjectRecord {
                deleted: true,
                ..old
            };
            let records = vec![replace(ProjectRecord::key(org, &id), version, &gone)?];
            Ok(Plan::of(vec![event], records, answer))
        })
    }

    fn change_project(
        &self,
        org: &str,
        id: &str,
        event_type: &str,
        by: &Caller,
        edit: impl Fn(&mut ProjectRecord),
    ) -> Result<Project, AccessError> {
        self.change(&self.log(org)?, || {
            let found = self.kept::<ProjectRecord>(org, id)?;
            let mut new = found.value.clone();
            edit(&mut new);
            let answer = shown(found.name.clone(), &new);
            let Some((before, after)) = changed(about(&found.value), about(&new)) else {
                return Ok(Plan::nothing(answer));
            };
            let targets = vec![target("project", &found.name, Some(&new.name))];
            let mut event = by.tells(event_type, targets, Some(before), Some(after))?;
            event.project = project(Some(&found.name));
            let key = ProjectRecord::key(org, &found.name);
            let records = vec![replace(key, found.version, &new)?];
            Ok(Plan::of(vec![event], records, answer))
        })
    }
}

fn about(record: &ProjectRecord) -> Attributes {
    attributes(json!({ "name": record.name, "status": record.state }))
}

fn shown(id: String, record: &ProjectRecord) -> Project {
    Project {
        id,
        name: record.name.clone(),
        status: record.state,
        created_at: written(record.created_micros),
    }
}
