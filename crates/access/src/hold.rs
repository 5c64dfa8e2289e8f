//! Legal holds: as long as one stands, nothing of the organization's log goes.

use docket_event::Target;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::audit::{Attributes, attributes, target};
use crate::kept::{Kept, Told, written};
use crate::names::check_name;
use crate::record::HoldRecord;
use crate::{Access, AccessError, Caller};

/// What a hold is made from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHold {
    /// The id, if it is chosen; drawn at random if absent.
    #[serde(default)]
    pub id: Option<String>,
    /// Display name, such as the matter's.
    pub name: String,
    /// Why.
    pub reason: String,
}

/// What changes of a hold; members that are absent stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldChange {
    /// Display name.
    #[serde(default)]
    pub name: Option<String>,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
}

/// A legal hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Hold {
    /// Its id.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Why.
    pub reason: String,
    /// When it was placed, RFC 3339.
    pub placed_at: String,
}

impl Kept for HoldRecord {
    const KIND: &'static str = "hold";
    const WHAT: &'static str = "legal hold";
    const PREFIX: &'static str = "hold_";

    fn is_gone(&self) -> bool {
        self.released_micros.is_some()
    }
}

impl Told for HoldRecord {
    type View = Hold;

    fn about(&self) -> Attributes {
        attributes(json!({ "name": self.name, "reason": self.reason }))
    }

    fn target(&self, id: &str) -> Target {
        target("legal_hold", id, Some(&self.name))
    }

    fn shown(&self, id: String) -> Hold {
        Hold {
            id,
            name: self.name.clone(),
            reason: self.reason.clone(),
            placed_at: written(self.created_micros),
        }
    }
}

impl Access {
    /// Places a hold. Durable when it returns, with `docket.legal_hold.placed`.
    ///
    /// # Errors
    /// [`AccessError::Conflict`] when the id is taken.
    pub fn place_hold(&self, org: &str, new: &NewHold, by: &Caller) -> Result<Hold, AccessError> {
        check_name("name", &new.name).map_err(AccessError::Invalid)?;
        check_name("reason", &new.reason).map_err(AccessError::Invalid)?;
        let make = |_: &str| {
            Ok(HoldRecord {
                name: new.name.clone(),
                reason: new.reason.clone(),
                created_micros: self.now_micros(),
                released_micros: None,
            })
        };
        self.create_kept(org, new.id.as_deref(), "docket.legal_hold.placed", by, make)
    }

    /// A hold that stands.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without one.
    pub fn hold(&self, org: &str, id: &str) -> Result<Hold, AccessError> {
        self.view_kept::<HoldRecord>(org, id)
    }

    /// All holds that stand, by id.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without such an organization.
    pub fn holds(&self, org: &str) -> Result<Vec<Hold>, AccessError> {
        self.view_all_kept::<HoldRecord>(org)
    }

    /// Changes name or reason of a hold. Durable when it returns, with `docket.legal_hold.updated`.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without one.
    pub fn update_hold(
        &self,
        org: &str,
        id: &str,
        change: &HoldChange,
        by: &Caller,
    ) -> Result<Hold, AccessError> {
        for (path, text) in [("name", &change.name), ("reason", &change.reason)] {
            if let Some(text) = text {
                check_name(path, text).map_err(AccessError::Invalid)?;
            }
        }
        self.edit_kept(
            org,
            id,
            "docket.legal_hold.updated",
            by,
            |record: &mut HoldRecord| {
                if let Some(name) = &change.name {
                    record.name.clone_from(name);
                }
                if let Some(reason) = &change.reason {
                    record.reason.clone_from(reason);
                }
                Ok(())
            },
        )
    }

    /// Releases a hold. Durable when it returns, with `docket.legal_hold.released`.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without one.
    pub fn release_hold(&self, org: &str, id: &str, by: &Caller) -> Result<Hold, AccessError> {
        self.end_kept(
            org,
            id,
            "docket.legal_hold.released",
            by,
            |old: HoldRecord| {
                Ok(HoldRecord {
                    released_micros: Some(self.now_micros()),
                    ..old
                })
            },
        )
    }
}
