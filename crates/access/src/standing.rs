//! How a member stands at a moment: the profile of the events that tell what they do.

use std::collections::HashMap;

use docket_engine::QueryError;
use docket_event::{Json, STANDING, Value};
use parking_lot::Mutex;

use crate::audit::{object, scopes, text, time};
use crate::held::Holder;
use crate::permission::Permissions;
use crate::record::{MemberRecord, MemberStateRecord, member_key};
use crate::{Access, token};

/// How long what was looked up counts, in case another process changes it. What this process changes counts at
/// once.
const STANDING_MICROS: i64 = 1_000_000;
/// Most actors that are remembered.
const STANDINGS_MAX: usize = 65_536;

/// What was looked up lately, strangers included: most events of a platform are about people who are no members
/// here, and each of them names one.
#[derive(Debug, Default)]
pub(crate) struct Standings {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// How often access changed: what was read before a change is not kept after it.
    changes: u64,
    since_micros: i64,
    count: usize,
    by_org: HashMap<String, HashMap<String, Option<Json>>>,
}

impl Standings {
    /// Forgets everything: access changed.
    pub fn forget(&self) {
        let mut known = self.known.lock();
        known.changes += 1;
        known.clear();
    }
}

impl Known {
    fn clear(&mut self) {
        self.count = 0;
        self.by_org.clear();
    }

    fn get(&mut self, org: &str, id: &str, now_micros: i64) -> Option<Option<Json>> {
        if now_micros.saturating_sub(self.since_micros) > STANDING_MICROS {
            self.clear();
            self.since_micros = now_micros;
        }
        self.by_org.get(org)?.get(id).cloned()
    }

    fn keep(&mut self, org: &str, id: &str, profile: Option<Json>) {
        if self.count >= STANDINGS_MAX {
            self.clear();
        }
        self.count += 1;
        let org = self.by_org.entry(org.to_owned()).or_default();
        org.insert(id.to_owned(), profile);
    }
}

impl Access {
    /// The profile of an actor of that id: how they stand in the organization now. `None` for whoever is no
    /// member.
    ///
    /// # Errors
    /// When the store cannot tell.
    pub fn profile(&self, org: &str, id: &str) -> Result<Option<Json>, QueryError> {
        let now_micros = self.engine.environment().now_micros();
        let changes = {
            let mut known = self.standings.known.lock();
            if let Some(profile) = known.get(org, id, now_micros) {
                return Ok(profile);
            }
            known.changes
        };
        let found = self.read::<MemberRecord>(&member_key(org, id))?;
        let found = found.filter(|found| found.value.state != MemberStateRecord::Removed);
        let profile = match found {
            None => None,
            Some(found) => {
                let holder = Holder::member(id, &found.value);
                let may = self.may(org, &holder, None).map_err(token::unreadable)?;
                Some(profile(&found.value, may))
            }
        };
        let mut known = self.standings.known.lock();
        if known.changes == changes {
            known.keep(org, id, profile.clone());
        }
        Ok(profile)
    }
}

fn profile(member: &MemberRecord, may: Permissions) -> Json {
    let standing = object([
        ("email", member.email.as_deref().and_then(text)),
        ("name", member.name.as_deref().and_then(text)),
        ("role", text(member.role.name())),
        ("permissions", scopes(may)),
        ("created_at", time(member.created_micros)),
        (
            "blocked",
            Some(Value::Bool(member.state == MemberStateRecord::Blocked)),
        ),
    ]);
    Json::of(&Value::object([(STANDING, standing)]))
}
