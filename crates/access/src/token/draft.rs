//! A token on its way: checked, drawn, and told of.

use docket_engine::store::RecordChange;
use docket_event::{Event, Timestamp, Value};

use super::{ID_PREFIX, NewToken};
use crate::audit::{before_after, object, project, scopes, target, text, time};
use crate::names::{check_id, check_name};
use crate::permission::{Permissions, Role};
use crate::record::{TokenRecord, TokenSecretRecord, insert, token_key, token_secret_key};
use crate::secret::Secret;
use crate::view::ViewRecord;
use crate::{Access, AccessError, Caller};

/// What a token record is made from, once its owner is known.
pub(crate) struct TokenDraft<'d> {
    pub org: &'d str,
    pub owner_id: &'d str,
    pub owner_role: Role,
    pub new: &'d NewToken,
}

/// A token that is about to be written.
pub(crate) struct DraftedToken {
    pub id: String,
    pub secret: Secret,
    record: TokenRecord,
    permissions: Permissions,
}

impl Access {
    /// Draws id and secret of a token and checks what it is made from.
    pub(crate) fn draft_token(&self, draft: &TokenDraft<'_>) -> Result<DraftedToken, AccessError> {
        let TokenDraft {
            org,
            owner_id,
            owner_role,
            new,
        } = draft;
        let now_micros = self.engine.environment().now_micros();
        check_new(new, now_micros)?;
        let role = new.role.unwrap_or(*owner_role);
        let permissions = role.permissions().and(owner_role.permissions());
        if permissions.is_empty() {
            let reason = format!(
                "a token with role `{}` allows nothing in the hands of a `{}` of `{org}`",
                role.name(),
                owner_role.name()
            );
            return Err(AccessError::invalid("role", reason));
        }
        let environment = self.engine.environment();
        let secret = Secret::draw(environment);
        let record = TokenRecord {
            owner: (*owner_id).to_owned(),
            role,
            name: new.name.clone(),
            project: new.project.clone(),
            view: ViewRecord::of(&new.view),
            created_micros: now_micros,
            expires_micros: new.expires_micros,
            revoked_micros: None,
            secret_sha256: secret.hash().as_str().to_owned(),
        };
        Ok(DraftedToken {
            id: self.random_id(ID_PREFIX),
            secret,
            record,
            permissions,
        })
    }
}

/// The records of a new token.
pub(crate) fn insert_records(
    org: &str,
    drafted: &DraftedToken,
) -> Result<Vec<RecordChange>, AccessError> {
    let secret = TokenSecretRecord {
        org: org.to_owned(),
        token: drafted.id.clone(),
    };
    Ok(vec![
        insert(token_key(org, &drafted.id), &drafted.record)?,
        insert(token_secret_key(&drafted.secret.hash()), &secret)?,
    ])
}

pub(crate) fn created_event(drafted: &DraftedToken, by: &Caller) -> Event {
    let record = &drafted.record;
    let cross_vendor = record.view.is_cross_vendor().then_some(Value::Bool(true));
    let after = object([
        ("name", record.name.as_deref().map(Value::string)),
        ("owner", text(&record.owner)),
        ("role", text(record.role.name())),
        ("scopes", scopes(drafted.permissions)),
        ("project", record.project.as_deref().map(Value::string)),
        ("cross_vendor", cross_vendor),
        ("expires_at", record.expires_micros.and_then(time)),
    ]);
    let targets = vec![target("api_key", &drafted.id, record.name.as_deref())];
    let mut event = by.event("api_key.created", targets, &before_after(None, Some(after)));
    event.project = project(record.project.as_deref());
    event
}

pub(super) fn deleted_event(id: &str, record: &TokenRecord, by: &Caller) -> Event {
    let before = object([
        ("name", record.name.as_deref().map(Value::string)),
        ("owner", text(&record.owner)),
        ("role", text(record.role.name())),
    ]);
    let targets = vec![target("api_key", id, record.name.as_deref())];
    let mut event = by.event(
        "api_key.deleted",
        targets,
        &before_after(Some(before), None),
    );
    event.project = project(record.project.as_deref());
    event
}

fn check_new(new: &NewToken, now_micros: i64) -> Result<(), AccessError> {
    if let Some(name) = &new.name {
        check_name("name", name).map_err(AccessError::Invalid)?;
    }
    if let Some(project) = &new.project {
        check_id("project", project).map_err(AccessError::Invalid)?;
    }
    match new.expires_micros {
        Some(micros) if micros <= now_micros => Err(AccessError::invalid(
            "expires",
            "lies in the past; write a later time",
        )),
        Some(micros) if Timestamp::from_micros(micros).is_none() => Err(AccessError::invalid(
            "expires",
            "lies beyond the year 9999; leave it out",
        )),
        Some(_) | None => Ok(()),
    }
}
