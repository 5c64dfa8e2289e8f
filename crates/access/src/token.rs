//! Tokens: what a program shows to be let in.

mod change;
mod draft;

use docket_engine::QueryError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::held::WHOLE_ONLY;
use crate::jwt;
use crate::kept::written;
use crate::permission::Permissions;
use crate::principal::View;
use crate::record::{
    MemberStateRecord, TokenRecord, TokenSecretRecord, TokenUseRecord, Versioned, token_key,
    token_secret_key, token_use_key,
};
use crate::role::RoleName;
use crate::secret::{Secret, SecretHash};
use crate::{Access, AccessError, Caller, Plan};

pub use change::TokenChange;
pub(crate) use draft::{
    DraftedToken, TokenDraft, check_end, created_event, end_micros, insert_records,
};

const ID_PREFIX: &str = "key_";
/// How old a token's last use must be before it is written down again: an hour.
pub const LAST_USED_STEP_MICROS: i64 = 3_600 * 1_000_000;

/// What a token is made from.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Its owner: a member by id or e-mail address, or an account for programs by id.
    pub owner: String,
    /// Its role, which can only narrow what its owner may; all of that if absent.
    pub role: Option<RoleName>,
    /// When it ends, Unix microseconds.
    pub expires_micros: Option<i64>,
    /// The project that it is limited to.
    pub project: Option<String>,
    /// Display name.
    pub name: Option<String>,
    /// What it gets to see.
    pub view: View,
    /// The view in the words in which it was given, for those who look at the token later.
    pub view_words: Vec<String>,
}

/// A new token.
#[derive(Clone, Debug)]
pub struct IssuedToken {
    /// Its public id.
    pub id: String,
    /// The token itself, shown this once.
    pub secret: Secret,
}

/// A token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Token {
    /// Its public id.
    pub id: String,
    /// Id of its owner; absent for tokens of the instance.
    pub owner: Option<String>,
    /// Its role, which narrows what its owner may.
    #[schema(value_type = Option<String>)]
    pub role: Option<RoleName>,
    /// What a token of the instance may.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<String>,
    /// Display name.
    pub name: Option<String>,
    /// The project that it is limited to.
    pub project: Option<String>,
    /// The filters that are added to everything it asks, as `name=value`.
    pub view: Vec<String>,
    /// Whether a vendor's surface shows it facts about accounts at other vendors too.
    pub cross_vendor: bool,
    /// Whether another system issued it.
    pub registered: bool,
    /// When it was made, RFC 3339.
    pub created_at: String,
    /// When it ends, RFC 3339.
    pub expires_at: Option<String>,
    /// When it was used last, to the hour, RFC 3339.
    pub last_used_at: Option<String>,
    /// Whether it works, as far as the token itself tells; its owner may be blocked.
    pub state: TokenState,
}

/// Whether a token works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenState {
    /// Yes.
    Active,
    /// Its time is over.
    Expired,
    /// Somebody ended it.
    Revoked,
}

impl NewToken {
    /// A token of that owner, with all that the owner may.
    pub fn of_owner(owner: &str) -> Self {
        NewToken {
            owner: owner.to_owned(),
            role: None,
            expires_micros: None,
            project: None,
            name: None,
            view: View::default(),
            view_words: Vec::new(),
        }
    }
}

impl Access {
    /// Makes a token. Durable when it returns, with `api_key.created`.
    ///
    /// # Errors
    /// [`AccessError::Invalid`] when role and owner together allow nothing, [`AccessError::Conflict`] when the owner
    /// is blocked, [`AccessError::Forbidden`] when the token would have what the caller lacks.
    pub fn create_token(
        &self,
        org: &str,
        new: &NewToken,
        by: &Caller,
    ) -> Result<IssuedToken, AccessError> {
        self.make_token(org, new, None, by)
    }

    /// Makes a token of a key that another system issued, of which only the SHA-256 comes here, in lower-case hex.
    /// Answers with the token's id. Durable when it returns, with `docket.api_key.registered`.
    ///
    /// # Errors
    /// As [`Access::create_token`]; [`AccessError::Conflict`] also when the hash is known.
    pub fn register_key(
        &self,
        org: &str,
        new: &NewToken,
        key_sha256: &str,
        by: &Caller,
    ) -> Result<String, AccessError> {
        let made = self.make_token(org, new, Some(key_sha256), by)?;
        Ok(made.id)
    }

    /// The id of the token of this organization that a key with that SHA-256 opens, if there is one.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without such an organization.
    pub fn find_key(&self, org: &str, key_sha256: &str) -> Result<Option<String>, AccessError> {
        self.must_exist(org)?;
        let hash = SecretHash::stored(key_sha256);
        let found = self.read::<TokenSecretRecord>(&token_secret_key(&hash))?;
        Ok(found
            .filter(|found| found.value.org == org)
            .map(|found| found.value.token))
    }

    fn make_token(
        &self,
        org: &str,
        new: &NewToken,
        key_sha256: Option<&str>,
        by: &Caller,
    ) -> Result<IssuedToken, AccessError> {
        self.change(&self.log(org)?, || {
            let owner = self.token_owner(org, &new.owner)?;
            if owner.state != MemberStateRecord::Active {
                let reason = format!("`{}` is blocked and cannot get a token", owner.id);
                return Err(AccessError::Conflict(reason));
            }
            let owner_may = self.may(org, &owner, new.project.as_deref())?;
            let drafted = self.draft_token(&TokenDraft {
                org,
                owner_id: &owner.id,
                owner_may,
                new,
                key_sha256,
            })?;
            by.authority
                .must_cover("the token", drafted.permissions())?;
            if owner.role == crate::Role::Owner && drafted.is_whole() {
                by.authority.must_own()?;
            }
            let events = vec![created_event(&drafted, by)?];
            Ok(Plan::of(
                events,
                insert_records(org, &drafted)?,
                drafted.issued(),
            ))
        })
    }

    /// All tokens, revoked ones too, by id.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without such an organization.
    pub fn tokens(&self, org: &str) -> Result<Vec<Token>, AccessError> {
        self.must_exist_or_be_instance(org)?;
        let now_micros = self.now_micros();
        let mut used = self
            .list::<TokenUseRecord>(org, "token_use")?
            .into_iter()
            .peekable();
        let all = self.list::<TokenRecord>(org, "token")?.into_iter();
        Ok(all
            .map(|record| {
                while used.next_if(|used| used.name < record.name).is_some() {}
                let used = used.next_if(|used| used.name == record.name);
                token(record, used.map(|used| used.value), now_micros)
            })
            .collect())
    }

    /// A token, revoked or not.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without one.
    pub fn token(&self, org: &str, id: &str) -> Result<Token, AccessError> {
        let found = self.find_token(org, id)?;
        let used = self.read::<TokenUseRecord>(&token_use_key(org, id))?;
        Ok(token(found, used.map(|used| used.value), self.now_micros()))
    }

    /// Writes down that a token was used, if that was last done more than [`LAST_USED_STEP_MICROS`] ago. It is no
    /// change of what anybody may, so no event tells of it. Of JWTs nothing is written down: they have no record.
    ///
    /// # Errors
    /// When the store cannot.
    pub fn note_use(&self, org: &str, id: &str) -> Result<(), AccessError> {
        if jwt::is_id(id) {
            return Ok(());
        }
        let key = token_use_key(org, id);
        let found = self.read::<TokenUseRecord>(&key)?;
        let now_micros = self.now_micros();
        let record = TokenUseRecord {
            last_used_micros: now_micros,
        };
        let change = match found {
            None => crate::record::insert(key, &record)?,
            Some(found) if now_micros - found.value.last_used_micros < LAST_USED_STEP_MICROS => {
                return Ok(());
            }
            Some(found) => crate::record::replace(key, found.version, &record)?,
        };
        let rider = docket_engine::store::Rider {
            idempotency: None,
            records: vec![change],
        };
        let request = docket_engine::Request {
            rider,
            ..docket_engine::Request::default()
        };
        match self.log(org)?.append(request)?.wait() {
            // Somebody else has written it down.
            Ok(_) | Err(docket_engine::AppendError::Stale(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) fn find_token(
        &self,
        org: &str,
        id: &str,
    ) -> Result<Versioned<TokenRecord>, AccessError> {
        self.must_exist_or_be_instance(org)?;
        self.read::<TokenRecord>(&token_key(org, id))?.ok_or_else(|| {
            let shown: String = id.chars().take(60).collect();
            AccessError::Unknown(format!(
                "`{org}` has no token `{shown}`; give its id, as `docket token list --org {org}` shows it"
            ))
        })
    }

    fn token_owner(&self, org: &str, who: &str) -> Result<crate::held::Holder, AccessError> {
        match self.find_member(org, who) {
            Ok(found) => Ok(crate::held::Holder::member(&found.name, &found.value)),
            Err(AccessError::Unknown(reason)) => {
                let found = self.find_kept::<crate::record::ServiceAccountRecord>(org, who)?;
                let found = found.ok_or(AccessError::Unknown(reason))?;
                Ok(crate::held::Holder::account(&found.name, &found.value))
            }
            Err(error) => Err(error),
        }
    }

    /// What a token may: what its role and its owner allow together, and nothing that needs the whole organization if it
    /// is limited to a part.
    pub(crate) fn token_may(
        &self,
        org: &str,
        token: &TokenRecord,
        owner_may: Permissions,
    ) -> Result<Permissions, AccessError> {
        let may = match &token.role {
            None => owner_may,
            Some(role) => {
                let allowed = self.role_allows(org, role)?;
                allowed.map_or(Permissions::NONE, |(allowed, _)| allowed.and(owner_may))
            }
        };
        Ok(match token.is_part() {
            true => may.without(WHOLE_ONLY),
            false => may,
        })
    }
}

/// What a question answers when access cannot be read.
pub(crate) fn unreadable(error: AccessError) -> QueryError {
    match error {
        AccessError::Busy(reason) => QueryError::Busy(reason),
        AccessError::Corrupt(reason) => QueryError::Corrupt(reason),
        AccessError::Unavailable(reason)
        | AccessError::Unknown(reason)
        | AccessError::Conflict(reason)
        | AccessError::Forbidden(reason) => QueryError::Unavailable(reason),
        AccessError::Invalid(fault) => QueryError::Unavailable(fault.to_string()),
    }
}

fn token(found: Versioned<TokenRecord>, used: Option<TokenUseRecord>, now_micros: i64) -> Token {
    let record = found.value;
    let state = match (record.revoked_micros, record.expires_micros) {
        (Some(_), _) => TokenState::Revoked,
        (None, Some(end)) if end <= now_micros => TokenState::Expired,
        (None, _) => TokenState::Active,
    };
    Token {
        id: found.name,
        owner: Some(record.owner).filter(|owner| !owner.is_empty()),
        role: record.role,
        permissions: record.instance,
        name: record.name,
        project: record.project,
        cross_vendor: record.view.is_cross_vendor(),
        view: record.view_words,
        registered: record.registered,
        created_at: written(record.created_micros),
        expires_at: record.expires_micros.map(written),
        last_used_at: used.map(|used| written(used.last_used_micros)),
        state,
    }
}
