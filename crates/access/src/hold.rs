//! Legal holds: as long as one stands, nothing of the organization's log goes.

use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::audit::{Attributes, attributes, changed, target};
use crate::change::Plan;
use crate::kept::{Kept, written};
use crate::names::check_name;
use crate::record::{HoldRecord, Versioned, hold_key, insert, replace};
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

impl Access {
    /// Places a hold. Durable when it returns, with `docket.legal_hold.placed`.
    ///
    /// # Errors
    /// [`AccessError::Conflict`] when the id is taken.
    pub fn place_hold(&self, org: &str, new: &NewHold, by: &Caller) -> Result<Hold, AccessError> {
        check_name("name", &new.name).map_err(AccessError::Invalid)?;
        check_name("reason", &new.reason).map_err(AccessError::Invalid)?;
        self.change(&self.log(org)?, || {
            let id = self.new_id::<HoldRecord>(org, new.id.as_deref())?;
            let record = HoldRecord {
                name: new.name.clone(),
                reason: new.reason.clone(),
                created_micros: self.now_micros(),
                released_micros: None,
            };
            let targets = vec![target("legal_hold", &id, Some(&record.name))];
            let event = by.tells(
                "docket.legal_hold.placed",
                targets,
                None,
                Some(about(&record)),
            )?;
            let records = vec![insert(hold_key(org, &id), &record)?];
            Ok(Plan::of(vec![event], records, shown(id, &record)))
        })
    }

    /// A hold that stands.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without one.
    pub fn hold(&self, org: &str, id: &str) -> Result<Hold, AccessError> {
        let found = self.kept::<HoldRecord>(org, id)?;
        Ok(shown(found.name, &found.value))
    }

    /// All holds that stand, by id.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without such an organization.
    pub fn holds(&self, org: &str) -> Result<Vec<Hold>, AccessError> {
        let all = self.all_kept::<HoldRecord>(org)?.into_iter();
        Ok(all.map(|found| shown(found.name, &found.value)).collect())
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
        self.change(&self.log(org)?, || {
            let Versioned {
                name: id,
                version,
                value: old,
            } = self.kept::<HoldRecord>(org, id)?;
            let new = HoldRecord {
                name: change.name.clone().unwrap_or_else(|| old.name.clone()),
                reason: change.reason.clone().unwrap_or_else(|| old.reason.clone()),
                ..old.clone()
            };
            let answer = shown(id.clone(), &new);
            let Some((before, after)) = changed(about(&old), about(&new)) else {
                return Ok(Plan::nothing(answer));
            };
            let targets = vec![target("legal_hold", &id, Some(&new.name))];
            let event = by.tells(
                "docket.legal_hold.updated",
                targets,
                Some(before),
                Some(after),
            )?;
            let records = vec![replace(hold_key(org, &id), version, &new)?];
            Ok(Plan::of(vec![event], records, answer))
        })
    }

    /// Releases a hold. Durable when it returns, with `docket.legal_hold.released`.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without one.
    pub fn release_hold(&self, org: &str, id: &str, by: &Caller) -> Result<Hold, AccessError> {
        self.change(&self.log(org)?, || {
            let Versioned {
                name: id,
                version,
                value: old,
            } = self.kept::<HoldRecord>(org, id)?;
            let targets = vec![target("legal_hold", &id, Some(&old.name))];
            let event = by.tells(
                "docket.legal_hold.released",
                targets,
                Some(about(&old)),
                None,
            )?;
            let answer = shown(id.clone(), &old);
            let released = HoldRecord {
                released_micros: Some(self.now_micros()),
                ..old
            };
            let records = vec![replace(hold_key(org, &id), version, &released)?];
            Ok(Plan::of(vec![event], records, answer))
        })
    }
}

fn about(record: &HoldRecord) -> Attributes {
    attributes(json!({ "name": record.name, "reason": record.reason }))
}

fn shown(id: String, record: &HoldRecord) -> Hold {
    Hold {
        id,
        name: record.name.clone(),
        reason: record.reason.clone(),
        placed_at: written(record.created_micros),
    }
}
