//! Renaming, replacing and ending tokens.

use docket_event::Event;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::draft::{about, check_end, end_micros};
use super::{DraftedToken, ID_PREFIX, IssuedToken, Token, created_event, insert_records, token};
use crate::audit::{changed, project, target};
use crate::change::Plan;
use crate::names::check_name;
use crate::permission::Permissions;
use crate::record::{MemberStateRecord, TokenRecord, Versioned, replace, token_key};
use crate::secret::Secret;
use crate::{Access, AccessError, Caller};

/// Longest time that a replaced token goes on working, in seconds: 30 days.
pub const OVERLAP_MAX_S: u64 = 30 * 24 * 3_600;

/// What changes of a token; members that are absent stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenChange {
    /// Display name.
    #[serde(default)]
    pub name: Option<String>,
    /// After how many seconds from now it ends.
    #[serde(default)]
    pub expires_in_s: Option<u64>,
}

impl Access {
    /// Gives a token another name or end. Durable when it returns, with `api_key.updated`.
    ///
    /// # Errors
    /// [`AccessError::Conflict`] when it is revoked.
    pub fn update_token(
        &self,
        org: &str,
        id: &str,
        change: &TokenChange,
        by: &Caller,
    ) -> Result<Token, AccessError> {
        if let Some(name) = &change.name {
            check_name("name", name).map_err(AccessError::Invalid)?;
        }
        let now_micros = self.now_micros();
        let end = change
            .expires_in_s
            .map(|seconds| end_micros(now_micros, seconds));
        check_end(end, now_micros)?;
        self.change(&self.log(org)?, || {
            let found = self.working_token(org, id)?;
            self.must_reach_token(org, &found.value, by)?;
            let new = TokenRecord {
                name: change.name.clone().or_else(|| found.value.name.clone()),
                expires_micros: end.or(found.value.expires_micros),
                ..found.value.clone()
            };
            let answer = |record| {
                let found = Versioned {
                    name: id.to_owned(),
                    version: 0,
                    value: record,
                };
                token(found, None, now_micros)
            };
            let Some(event) = updated_event(id, &found.value, &new, by)? else {
                return Ok(Plan::nothing(answer(new)));
            };
            let records = vec![replace(token_key(org, id), found.version, &new)?];
            Ok(Plan::of(vec![event], records, answer(new)))
        })
    }

    /// Replaces a token by a new one that may the same; the old one goes on working for `overlap_s` seconds. Durable
    /// when it returns, with `api_key.created` and `api_key.updated`.
    ///
    /// # Errors
    /// [`AccessError::Conflict`] when it is revoked, or its owner gets no tokens.
    pub fn rotate_token(
        &self,
        org: &str,
        id: &str,
        overlap_s: u64,
        by: &Caller,
    ) -> Result<IssuedToken, AccessError> {
        if overlap_s > OVERLAP_MAX_S {
            let reason = format!("is more than {OVERLAP_MAX_S}");
            return Err(AccessError::invalid("overlap_s", reason));
        }
        self.change(&self.log(org)?, || {
            let found = self.working_token(org, id)?;
            let permissions = self.must_reach_token(org, &found.value, by)?;
            let now_micros = self.now_micros();
            let secret = Secret::draw(self.engine.environment());
            let drafted = DraftedToken {
                id: self.random_id(ID_PREFIX),
                record: TokenRecord {
                    secret_sha256: secret.hash().as_str().to_owned(),
                    created_micros: now_micros,
                    registered: false,
                    ..found.value.clone()
                },
                secret,
                permissions,
            };
            let end = end_micros(now_micros, overlap_s);
            let old = TokenRecord {
                expires_micros: Some(
                    found
                        .value
                        .expires_micros
                        .map_or(end, |before| before.min(end)),
                ),
                ..found.value.clone()
            };
            let mut events = vec![created_event(&drafted, by)?];
            events.extend(updated_event(id, &found.value, &old, by)?);
            let mut records = insert_records(org, &drafted)?;
            records.push(replace(token_key(org, id), found.version, &old)?);
            Ok(Plan::of(events, records, drafted.issued()))
        })
    }

    /// Ends a token for good. Durable when it returns, with `api_key.deleted`.
    ///
    /// # Errors
    /// [`AccessError::Conflict`] when it was revoked already.
    pub fn revoke_token(&self, org: &str, id: &str, by: &Caller) -> Result<(), AccessError> {
        self.change(&self.log(org)?, || {
            let found = self.find_token(org, id)?;
            if found.value.revoked_micros.is_some() {
                let reason = format!("token `{id}` is revoked already");
                return Err(AccessError::Conflict(reason));
            }
            let targets = vec![target("api_key", id, found.value.name.as_deref())];
            let before = Some(about(&found.value));
            let mut event = by.tells("api_key.deleted", targets, before, None)?;
            event.project = project(found.value.project.as_deref());
            let revoked = TokenRecord {
                revoked_micros: Some(self.now_micros()),
                ..found.value
            };
            let records = vec![replace(token_key(org, id), found.version, &revoked)?];
            Ok(Plan::of(vec![event], records, ()))
        })
    }

    fn working_token(&self, org: &str, id: &str) -> Result<Versioned<TokenRecord>, AccessError> {
        let found = self.find_token(org, id)?;
        let over = found
            .value
            .expires_micros
            .is_some_and(|end| end <= self.now_micros());
        if found.value.revoked_micros.is_some() || over {
            let reason = format!("token `{id}` has ended; make another one");
            return Err(AccessError::Conflict(reason));
        }
        Ok(found)
    }

    /// Refuses to prolong or replace a token that may what the caller may not. Answers with what it may.
    fn must_reach_token(
        &self,
        org: &str,
        record: &TokenRecord,
        by: &Caller,
    ) -> Result<Permissions, AccessError> {
        if !record.instance.is_empty() {
            let all = Permissions::named(&record.instance);
            by.authority.must_cover("the token", all)?;
            return Ok(all);
        }
        let owner = self.holder(org, &record.owner)?;
        let owner = owner.filter(|owner| owner.state == MemberStateRecord::Active);
        let Some(owner) = owner else {
            let reason = format!(
                "`{}` is blocked or gone and cannot get a token",
                record.owner
            );
            return Err(AccessError::Conflict(reason));
        };
        let may = self.may(org, &owner, record.project.as_deref())?;
        let may = self.token_may(org, record, may)?;
        by.authority.must_cover("the token", may)?;
        if owner.role == crate::Role::Owner && record.is_whole() {
            by.authority.must_own()?;
        }
        Ok(may)
    }
}

fn updated_event(
    id: &str,
    old: &TokenRecord,
    new: &TokenRecord,
    by: &Caller,
) -> Result<Option<Event>, AccessError> {
    let Some((before, after)) = changed(about(old), about(new)) else {
        return Ok(None);
    };
    let targets = vec![target("api_key", id, new.name.as_deref())];
    let mut event = by.tells("api_key.updated", targets, Some(before), Some(after))?;
    event.project = project(new.project.as_deref());
    Ok(Some(event))
}
