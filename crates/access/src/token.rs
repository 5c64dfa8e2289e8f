//! Tokens: what a program shows to be let in.

mod draft;

use crate::change::Plan;
use crate::permission::Role;
use crate::principal::View;
use crate::record::{
    MemberStateRecord, TokenRecord, TokenSecretRecord, delete, replace, token_key, token_secret_key,
};
use crate::secret::{Secret, SecretHash};
use crate::{Access, AccessError, Caller};
use draft::deleted_event;

pub(crate) use draft::{TokenDraft, created_event, insert_records};

const ID_PREFIX: &str = "key_";

/// What a token is made from.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Its owner, by id or e-mail address.
    pub owner: String,
    /// Its role, which can only narrow its owner's; the owner's if absent.
    pub role: Option<Role>,
    /// When it ends, Unix microseconds.
    pub expires_micros: Option<i64>,
    /// The project that it is limited to.
    pub project: Option<String>,
    /// Display name.
    pub name: Option<String>,
    /// What it gets to see.
    pub view: View,
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its public id.
    pub id: String,
    /// Id of its owner.
    pub owner: String,
    /// Its role, which narrows its owner's.
    pub role: Role,
    /// Display name.
    pub name: Option<String>,
    /// The project that it is limited to.
    pub project: Option<String>,
    /// When it was made, Unix microseconds.
    pub created_micros: i64,
    /// When it ends, Unix microseconds.
    pub expires_micros: Option<i64>,
    /// Whether it works, as far as the token itself tells; its owner may be blocked.
    pub state: TokenState,
}

/// Whether a token works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
        }
    }
}

impl Access {
    /// Makes a token. Durable when it returns, with `api_key.created`.
    ///
    /// # Errors
    /// [`AccessError::Invalid`] when role and owner together allow nothing.
    pub fn create_token(
        &self,
        org: &str,
        new: &NewToken,
        by: &Caller,
    ) -> Result<IssuedToken, AccessError> {
        let log = self.log(org)?;
        self.change(&log, || {
            let owner = self.find_member(org, &new.owner)?;
            if owner.value.state != MemberStateRecord::Active {
                let reason = format!("`{}` is blocked and cannot get a token", owner.name);
                return Err(AccessError::Conflict(reason));
            }
            let drafted = self.draft_token(&TokenDraft {
                org,
                owner_id: &owner.name,
                owner_role: owner.value.role,
                new,
            })?;
            Ok(Plan {
                events: vec![created_event(&drafted, by)],
                records: insert_records(org, &drafted)?,
                answer: IssuedToken {
                    id: drafted.id,
                    secret: drafted.secret,
                },
            })
        })
    }

    /// All tokens, revoked ones too, by id.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without such an organization.
    pub fn tokens(&self, org: &str) -> Result<Vec<Token>, AccessError> {
        self.must_exist(org)?;
        let now_micros = self.engine.environment().now_micros();
        let all = self.list::<TokenRecord>(org, "token")?.into_iter();
        Ok(all
            .map(|record| token(record.name, record.value, now_micros))
            .collect())
    }

    /// Ends a token for good. Durable when it returns, with `api_key.deleted`.
    ///
    /// # Errors
    /// [`AccessError::Conflict`] when it was revoked already.
    pub fn revoke_token(&self, org: &str, id: &str, by: &Caller) -> Result<(), AccessError> {
        let log = self.log(org)?;
        self.change(&log, || self.plan_revoke(org, id, by))
    }

    fn plan_revoke(&self, org: &str, id: &str, by: &Caller) -> Result<Plan<()>, AccessError> {
        let key = token_key(org, id);
        let Some(found) = self.read::<TokenRecord>(&key)? else {
            let shown: String = id.chars().take(60).collect();
            let reason = format!(
                "`{org}` has no token `{shown}`; give its id, as `docket token list --org {org}` shows it"
            );
            return Err(AccessError::Unknown(reason));
        };
        if found.value.revoked_micros.is_some() {
            return Err(AccessError::Conflict(format!(
                "token `{id}` is revoked already"
            )));
        }
        let event = deleted_event(id, &found.value, by);
        let revoked = TokenRecord {
            revoked_micros: Some(self.engine.environment().now_micros()),
            ..found.value
        };
        let mut records = vec![replace(key, found.version, &revoked)?];
        let secret_key = token_secret_key(&SecretHash::stored(&revoked.secret_sha256));
        if let Some(secret) = self.read::<TokenSecretRecord>(&secret_key)? {
            records.push(delete(secret_key, secret.version));
        }
        Ok(Plan {
            events: vec![event],
            records,
            answer: (),
        })
    }
}

fn token(id: String, record: TokenRecord, now_micros: i64) -> Token {
    let state = match (record.revoked_micros, record.expires_micros) {
        (Some(_), _) => TokenState::Revoked,
        (None, Some(end)) if end <= now_micros => TokenState::Expired,
        (None, _) => TokenState::Active,
    };
    let TokenRecord {
        owner,
        role,
        name,
        project,
        created_micros,
        expires_micros,
        ..
    } = record;
    Token {
        id,
        owner,
        role,
        name,
        project,
        created_micros,
        expires_micros,
        state,
    }
}
