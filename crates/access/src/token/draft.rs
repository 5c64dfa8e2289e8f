//! A token on its way: checked, drawn, and told of.

use docket_engine::store::RecordChange;
use docket_event::{Event, Timestamp};
use serde_json::json;

use super::{ID_PREFIX, IssuedToken, NewToken};
use crate::audit::{Attributes, attributes, project, target};
use crate::kept::written;
use crate::names::{check_id, check_name};
use crate::permission::Permissions;
use crate::record::{
    ProjectRecord, TokenRecord, TokenSecretRecord, insert, token_key, token_secret_key,
};
use crate::role::{self, names};
use crate::secret::{Secret, SecretHash};
use crate::view::ViewRecord;
use crate::{Access, AccessError, Caller};

/// What a token record is made from, once its owner is known.
pub(crate) struct TokenDraft<'d> {
    pub org: &'d str,
    pub owner_id: &'d str,
    /// What the owner may in the token's project, or everywhere without one.
    pub owner_may: Permissions,
    pub new: &'d NewToken,
    /// Of a key that another system issued.
    pub key_sha256: Option<&'d str>,
}

/// A token that is about to be written.
pub(crate) struct DraftedToken {
    pub id: String,
    pub secret: Secret,
    pub record: TokenRecord,
    pub permissions: Permissions,
}

impl DraftedToken {
    /// What its maker gets.
    pub fn issued(&self) -> IssuedToken {
        IssuedToken {
            id: self.id.clone(),
            secret: self.secret.clone(),
        }
    }

    pub fn permissions(&self) -> Permissions {
        self.permissions
    }

    /// Whether it may all that its owner may.
    pub fn is_whole(&self) -> bool {
        self.record.is_whole()
    }
}

impl TokenRecord {
    /// Whether it is limited to a part of what the organization has.
    pub(crate) fn is_part(&self) -> bool {
        self.project.is_some() || self.view.narrows()
    }

    /// Whether nothing but its owner limits what it may.
    pub(crate) fn is_whole(&self) -> bool {
        let owners = self
            .role
            .as_ref()
            .is_none_or(|role| role.built_in() == Some(crate::Role::Owner));
        owners && !self.is_part()
    }
}

impl Access {
    /// Draws id and secret of a token and checks what it is made from.
    pub(crate) fn draft_token(&self, draft: &TokenDraft<'_>) -> Result<DraftedToken, AccessError> {
        let TokenDraft {
            org,
            owner_id,
            owner_may,
            new,
            key_sha256,
        } = draft;
        let now_micros = self.now_micros();
        check_new(new, now_micros)?;
        self.refuse_deleted_project(org, new.project.as_deref())?;
        if let Some(role) = &new.role
            && self.role_allows(org, role)?.is_none()
        {
            return Err(role::unknown(org, role));
        }
        let secret = Secret::draw(self.engine.environment());
        let hash = match key_sha256 {
            Some(hash) => self.foreign_hash(hash)?,
            None => secret.hash(),
        };
        let record = TokenRecord {
            owner: (*owner_id).to_owned(),
            role: new.role.clone(),
            instance: Vec::new(),
            name: new.name.clone(),
            project: new.project.clone(),
            view: ViewRecord::of(&new.view),
            view_words: new.view_words.clone(),
            registered: key_sha256.is_some(),
            created_micros: now_micros,
            expires_micros: new.expires_micros,
            revoked_micros: None,
            secret_sha256: hash.as_str().to_owned(),
        };
        let permissions = self.token_may(org, &record, *owner_may)?;
        if permissions.is_empty() {
            let role = new
                .role
                .as_ref()
                .map_or("the owner's", |role| role.as_str());
            let reason =
                format!("a token with role `{role}` allows nothing in the hands of `{owner_id}`");
            return Err(AccessError::invalid("role", reason));
        }
        Ok(DraftedToken {
            id: self.random_id(ID_PREFIX),
            secret,
            record,
            permissions,
        })
    }

    pub(crate) fn refuse_deleted_project(
        &self,
        org: &str,
        project: Option<&str>,
    ) -> Result<(), AccessError> {
        match self.is_deleted_project(org, project)? {
            false => Ok(()),
            true => Err(AccessError::Unknown(format!(
                "project `{}` of `{org}` was deleted",
                project.unwrap_or_default()
            ))),
        }
    }

    /// Whether a project was made and deleted here. Projects that Docket never heard of may be limited to, too.
    pub(crate) fn is_deleted_project(
        &self,
        org: &str,
        project: Option<&str>,
    ) -> Result<bool, AccessError> {
        let Some(id) = project else {
            return Ok(false);
        };
        let key = <ProjectRecord as crate::kept::Kept>::key(org, id);
        let found = self.read::<ProjectRecord>(&key)?;
        Ok(found.is_some_and(|found| found.value.deleted))
    }

    /// The hash of a key that another system issued, if it can be one and nobody here has it.
    fn foreign_hash(&self, hash: &str) -> Result<SecretHash, AccessError> {
        let digits = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if hash.len() != 64 || !hash.bytes().all(digits) {
            let reason = "is no SHA-256; write 64 lower-case hex digits, never the key itself";
            return Err(AccessError::invalid("key_sha256", reason));
        }
        let hash = SecretHash::stored(hash);
        match self.read::<TokenSecretRecord>(&token_secret_key(&hash))? {
            None => Ok(hash),
            Some(_) => Err(AccessError::Conflict(
                "this key was registered before; a key opens one token, and for good".to_owned(),
            )),
        }
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
    let hash = SecretHash::stored(&drafted.record.secret_sha256);
    Ok(vec![
        insert(token_key(org, &drafted.id), &drafted.record)?,
        insert(token_secret_key(&hash), &secret)?,
    ])
}

pub(crate) fn created_event(drafted: &DraftedToken, by: &Caller) -> Result<Event, AccessError> {
    let record = &drafted.record;
    let mut after = about(record);
    after.insert("scopes".to_owned(), json!(names(drafted.permissions)));
    let event_type = match record.registered {
        true => "docket.api_key.registered",
        false => "api_key.created",
    };
    let targets = vec![target("api_key", &drafted.id, record.name.as_deref())];
    let mut event = by.tells(event_type, targets, None, Some(after))?;
    event.project = project(record.project.as_deref());
    Ok(event)
}

/// What events tell of a token.
pub(crate) fn about(record: &TokenRecord) -> Attributes {
    let words = (!record.view_words.is_empty()).then_some(&record.view_words);
    let owner = (!record.owner.is_empty()).then_some(&record.owner);
    let instance = (!record.instance.is_empty()).then_some(&record.instance);
    attributes(json!({
        "name": record.name,
        "owner": owner,
        "role": record.role,
        "permissions": instance,
        "project": record.project,
        "view": words,
        "cross_vendor": record.view.is_cross_vendor().then_some(true),
        "expires_at": record.expires_micros.map(written),
    }))
}

pub(super) fn check_new(new: &NewToken, now_micros: i64) -> Result<(), AccessError> {
    if let Some(name) = &new.name {
        check_name("name", name).map_err(AccessError::Invalid)?;
    }
    if let Some(project) = &new.project {
        check_id("project", project).map_err(AccessError::Invalid)?;
    }
    check_end(new.expires_micros, now_micros)
}

/// The moment so many seconds from now.
pub(crate) fn end_micros(now_micros: i64, seconds: u64) -> i64 {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    now_micros.saturating_add(seconds.saturating_mul(1_000_000))
}

/// Checks when a token ends.
pub(crate) fn check_end(end_micros: Option<i64>, now_micros: i64) -> Result<(), AccessError> {
    match end_micros {
        Some(micros) if micros <= now_micros => Err(AccessError::invalid(
            "expires_in_s",
            "lies in the past; write a later time",
        )),
        Some(micros) if Timestamp::from_micros(micros).is_none() => Err(AccessError::invalid(
            "expires_in_s",
            "lies beyond the year 9999; leave it out",
        )),
        Some(_) | None => Ok(()),
    }
}
