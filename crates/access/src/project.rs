//! Projects: what tokens and roles can be limited to.

use docket_event::Target;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::audit::{Attributes, attributes, project, target};
use crate::kept::{Kept, Told, written};
use crate::names::check_name;
use crate::record::ProjectRecord;
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

impl Told for ProjectRecord {
    type View = Project;

    fn about(&self) -> Attributes {
        attributes(json!({ "name": self.name, "status": self.state }))
    }

    fn target(&self, id: &str) -> Target {
        target("project", id, Some(&self.name))
    }

    fn shown(&self, id: String) -> Project {
        Project {
            id,
            name: self.name.clone(),
            status: self.state,
            created_at: written(self.created_micros),
        }
    }

    fn project(id: &str) -> Option<docket_event::Project> {
        project(Some(id))
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
        let make = |_: &str| {
            Ok(ProjectRecord {
                name: new.name.clone(),
                state: ProjectState::Active,
                deleted: false,
                created_micros: self.now_micros(),
            })
        };
        self.create_kept(org, new.id.as_deref(), "project.created", by, make)
    }

    /// A project.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without one.
    pub fn project(&self, org: &str, id: &str) -> Result<Project, AccessError> {
        self.view_kept::<ProjectRecord>(org, id)
    }

    /// All projects, by id.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without such an organization.
    pub fn projects(&self, org: &str) -> Result<Vec<Project>, AccessError> {
        self.view_all_kept::<ProjectRecord>(org)
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
        self.edit_kept(
            org,
            id,
            "project.updated",
            by,
            |record: &mut ProjectRecord| {
                if let Some(name) = &change.name {
                    record.name.clone_from(name);
                }
                Ok(())
            },
        )
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
        self.edit_kept(
            org,
            id,
            "project.archived",
            by,
            |record: &mut ProjectRecord| {
                record.state = ProjectState::Archived;
                Ok(())
            },
        )
    }

    /// Deletes a project: tokens that are limited to it stop working, its events stay. Durable when it returns,
    /// with `project.deleted`.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without one.
    pub fn delete_project(&self, org: &str, id: &str, by: &Caller) -> Result<Project, AccessError> {
        self.end_kept(org, id, "project.deleted", by, |old: ProjectRecord| {
            Ok(ProjectRecord {
                deleted: true,
                ..old
            })
        })
    }
}
