//! What all things of an organization have in common that are made, looked up, listed and deleted by id.

use docket_engine::store::RecordKey;
use docket_event::{Project, Target, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::audit::{Attributes, changed};
use crate::change::Plan;
use crate::names::{ID_BYTES_MAX, check_id, check_not_reserved};
use crate::record::{Versioned, insert, key, replace};
use crate::{Access, AccessError, Caller};

/// Most items of one answer to a list.
pub const LIST_MAX: usize = 1_000;
/// Items of an answer to a list that does not say how many.
pub const LIST_DEFAULT: usize = 100;

/// A kind of things that an organization keeps under ids, whose records outlive them.
pub(crate) trait Kept: Serialize + DeserializeOwned {
    /// The kind of its records.
    const KIND: &'static str;
    /// What people call it.
    const WHAT: &'static str;
    /// What an id begins with that is drawn.
    const PREFIX: &'static str;

    /// Whether only the record is left.
    fn is_gone(&self) -> bool;

    /// Where the thing of that id is kept.
    fn key(org: &str, id: &str) -> RecordKey {
        key(org, Self::KIND, id)
    }
}

/// A kind of things that are made, changed and ended one like the other.
pub(crate) trait Told: Kept + Clone {
    /// How it is shown.
    type View;

    /// What events tell of it.
    fn about(&self) -> Attributes;

    /// The target of events about it.
    fn target(&self, id: &str) -> Target;

    /// How it is shown.
    fn shown(&self, id: String) -> Self::View;

    /// The targets of the event that tells of its beginning.
    fn first_targets(&self, _org: &str, id: &str) -> Vec<Target> {
        vec![self.target(id)]
    }

    /// The project that events about it belong to.
    fn project(_id: &str) -> Option<Project> {
        None
    }
}

/// Which part of a list is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Only what stands behind this id.
    pub after: Option<String>,
    /// Most items, 1 to [`LIST_MAX`]; [`LIST_DEFAULT`] if absent.
    pub limit: Option<usize>,
}

/// A part of a list, by id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed<T> {
    /// The items.
    pub data: Vec<T>,
    /// Whether more stand behind them.
    pub has_more: bool,
    /// What to ask for next with `after`, if there is more.
    pub next: Option<String>,
}

impl Part {
    /// Cuts a whole list, in the order of ids, to the part.
    pub fn of<T>(&self, all: Vec<T>, id: impl Fn(&T) -> &str) -> Listed<T> {
        let limit = self.limit.unwrap_or(LIST_DEFAULT).clamp(1, LIST_MAX);
        let behind = |item: &T| self.after.as_deref().is_none_or(|after| id(item) > after);
        let mut data: Vec<T> = all.into_iter().filter(behind).take(limit + 1).collect();
        let has_more = data.len() > limit;
        data.truncate(limit);
        let next = data
            .last()
            .filter(|_| has_more)
            .map(|item| id(item).to_owned());
        Listed {
            data,
            has_more,
            next,
        }
    }
}

impl Access {
    /// The thing of that id, as it is shown.
    pub(crate) fn view_kept<T: Told>(&self, org: &str, id: &str) -> Result<T::View, AccessError> {
        let found = self.kept::<T>(org, id)?;
        Ok(found.value.shown(found.name))
    }

    /// All things of the kind, by id, as they are shown.
    pub(crate) fn view_all_kept<T: Told>(&self, org: &str) -> Result<Vec<T::View>, AccessError> {
        let all = self.all_kept::<T>(org)?.into_iter();
        Ok(all.map(|found| found.value.shown(found.name)).collect())
    }

    /// Makes a thing, told of by an event of that type. `make` may be called several times.
    pub(crate) fn create_kept<T: Told>(
        &self,
        org: &str,
        chosen: Option<&str>,
        event_type: &str,
        by: &Caller,
        make: impl Fn(&str) -> Result<T, AccessError>,
    ) -> Result<T::View, AccessError> {
        self.change(&self.log(org)?, || {
            let id = self.new_id::<T>(org, chosen)?;
            let record = make(&id)?;
            let targets = record.first_targets(org, &id);
            let mut event = by.tells(event_type, targets, None, Some(record.about()))?;
            event.project = T::project(&id);
            let records = vec![insert(T::key(org, &id), &record)?];
            Ok(Plan::of(vec![event], records, record.shown(id)))
        })
    }

    /// Changes a thing, told of by an event of that type with what was before and what is after; without one if
    /// nothing of it changes.
    pub(crate) fn edit_kept<T: Told>(
        &self,
        org: &str,
        id: &str,
        event_type: &str,
        by: &Caller,
        edit: impl Fn(&mut T) -> Result<(), AccessError>,
    ) -> Result<T::View, AccessError> {
        self.change(&self.log(org)?, || {
            let found = self.kept::<T>(org, id)?;
            let (id, mut new) = (found.name, found.value.clone());
            edit(&mut new)?;
            let Some((before, after)) = changed(found.value.about(), new.about()) else {
                return Ok(Plan::nothing(new.shown(id)));
            };
            let targets = vec![new.target(&id)];
            let mut event = by.tells(event_type, targets, Some(before), Some(after))?;
            event.project = T::project(&id);
            let records = vec![replace(T::key(org, &id), found.version, &new)?];
            Ok(Plan::of(vec![event], records, new.shown(id)))
        })
    }

    /// Ends a thing, told of by an event of that type. `end` makes what is left of it, or says why not.
    pub(crate) fn end_kept<T: Told>(
        &self,
        org: &str,
        id: &str,
        event_type: &str,
        by: &Caller,
        end: impl Fn(T) -> Result<T, AccessError>,
    ) -> Result<T::View, AccessError> {
        self.change(&self.log(org)?, || {
            let Versioned {
                name: id,
                version,
                value: old,
            } = self.kept::<T>(org, id)?;
            let gone = end(old.clone())?;
            let targets = vec![old.target(&id)];
            let mut event = by.tells(event_type, targets, Some(old.about()), None)?;
            event.project = T::project(&id);
            let records = vec![replace(T::key(org, &id), version, &gone)?];
            Ok(Plan::of(vec![event], records, old.shown(id)))
        })
    }

    /// The thing of that id.
    pub(crate) fn kept<T: Kept>(&self, org: &str, id: &str) -> Result<Versioned<T>, AccessError> {
        self.must_exist(org)?;
        let found = self.find_kept::<T>(org, id)?;
        found.ok_or_else(|| {
            let shown: String = id.chars().take(60).collect();
            AccessError::Unknown(format!("`{org}` has no {} `{shown}`", T::WHAT))
        })
    }

    /// The thing of that id, if there is one.
    pub(crate) fn find_kept<T: Kept>(
        &self,
        org: &str,
        id: &str,
    ) -> Result<Option<Versioned<T>>, AccessError> {
        if id.len() > ID_BYTES_MAX {
            return Ok(None);
        }
        let found = self.read::<T>(&T::key(org, id))?;
        Ok(found.filter(|record| !record.value.is_gone()))
    }

    /// All things of the kind, by id.
    pub(crate) fn all_kept<T: Kept>(&self, org: &str) -> Result<Vec<Versioned<T>>, AccessError> {
        self.must_exist(org)?;
        let mut all = self.list::<T>(org, T::KIND)?;
        all.retain(|record| !record.value.is_gone());
        Ok(all)
    }

    /// The id of a new thing: the one that was chosen, if nothing has or had it, else a random one.
    pub(crate) fn new_id<T: Kept>(
        &self,
        org: &str,
        chosen: Option<&str>,
    ) -> Result<String, AccessError> {
        self.must_exist(org)?;
        let Some(id) = chosen else {
            return Ok(self.random_id(T::PREFIX));
        };
        check_id("id", id).map_err(AccessError::Invalid)?;
        check_not_reserved("id", id).map_err(AccessError::Invalid)?;
        if self.read::<T>(&T::key(org, id))?.is_some() {
            let what = T::WHAT;
            let reason = format!("`{id}` is or was a {what} of `{org}`; choose another id");
            return Err(AccessError::Conflict(reason));
        }
        Ok(id.to_owned())
    }
}

/// A time that a record holds, RFC 3339; such times were checked when they were written.
pub(crate) fn written(micros: i64) -> String {
    Timestamp::from_micros(micros).map_or_else(String::new, |time| time.to_string())
}
