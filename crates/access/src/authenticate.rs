//! From a secret to whoever may use it, or to why it is refused.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use docket_engine::QueryError;
use docket_event::Field;
use ipnet::IpNet;
use parking_lot::Mutex;

use crate::held::Holder;
use crate::instance;
use crate::jwt::JWT_BYTES_MAX;
use crate::names::INSTANCE_ORG;
use crate::principal::{Owner, Principal, View};
use crate::record::{
    MemberStateRecord, TokenRecord, TokenSecretRecord, token_key, token_secret_key,
};
use crate::secret::{SECRET_BYTES_MAX, SecretHash};
use crate::token::unreadable;
use crate::{Access, AccessError, Role};

/// Most credentials that are remembered.
const KNOWN_MAX: usize = 65_536;

/// Why a credential is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedBecause {
    /// Nothing is known of it.
    Unknown,
    /// Its time is over.
    Expired,
    /// Somebody ended it.
    Revoked,
    /// Its owner is blocked.
    OwnerBlocked,
    /// Its owner is gone.
    OwnerGone,
    /// It allows nothing any more: its role, project or organization is gone.
    Empty,
    /// The organization takes no tokens from this address.
    Address,
    /// Its time has not come yet.
    NotYetValid,
    /// It is a JWT that was made for others, or lacks what its issuer's JWTs must say here.
    Claims,
}

impl RefusedBecause {
    /// The word that events have for it.
    pub const fn word(self) -> &'static str {
        match self {
            RefusedBecause::Unknown => "token_unknown",
            RefusedBecause::Expired => "token_expired",
            RefusedBecause::Revoked => "token_revoked",
            RefusedBecause::OwnerBlocked => "owner_blocked",
            RefusedBecause::OwnerGone => "owner_removed",
            RefusedBecause::Empty => "token_allows_nothing",
            RefusedBecause::Address => "address_not_allowed",
            RefusedBecause::NotYetValid => "token_not_yet_valid",
            RefusedBecause::Claims => "token_claims",
        }
    }
}

/// What becomes of a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Whoever shows it gets in.
    Admitted(Principal),
    /// Nobody gets in by it.
    Refused(Refused),
}

/// A credential that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Why.
    pub because: RefusedBecause,
    /// Whose credential it is or was, where that is known.
    pub whose: Option<Whose>,
}

/// Whose credential it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whose {
    /// The organization.
    pub org: String,
    /// Public id of the token.
    pub token_id: String,
    /// Its owner, where one is known.
    pub owner: Option<Owner>,
}

/// What was found out about credentials, each at one epoch of its organization.
#[derive(Debug, Default)]
pub(crate) struct Credentials {
    known: Mutex<HashMap<String, Arc<Known>>>,
}

/// A credential as it stands at one epoch.
#[derive(Debug)]
pub(crate) struct Known {
    pub whose: Whose,
    pub epoch: u64,
    /// Of a JWT, at which generation of the issuers' keys it was verified.
    pub keys: Option<u64>,
    pub expires_micros: Option<i64>,
    pub starts_micros: Option<i64>,
    pub allowed_ips: Vec<IpNet>,
    pub found: Result<Principal, RefusedBecause>,
}

impl Access {
    /// What becomes of whoever shows this secret, asking from this address. What a change of access brings holds from
    /// the next call on, in every process: one read tells whether anything of the organization's access has changed.
    ///
    /// # Errors
    /// When the store cannot tell; never for a secret, whatever it looks like.
    pub fn authenticate(
        &self,
        secret: &str,
        from: Option<IpAddr>,
    ) -> Result<Admission, QueryError> {
        let unknown = Admission::Refused(Refused {
            because: RefusedBecause::Unknown,
            whose: None,
        });
        let trusted = self.issuers.as_ref().map(|issuers| issuers.trusted());
        let bytes_max = trusted.as_ref().map_or(SECRET_BYTES_MAX, |_| JWT_BYTES_MAX);
        if secret.is_empty() || secret.len() > bytes_max {
            return Ok(unknown);
        }
        let hash = SecretHash::of(secret);
        let keys = trusted.as_ref().map(|trusted| trusted.generation);
        let remembered = self.credentials.known.lock().get(hash.as_str()).cloned();
        if let Some(known) = remembered {
            let epoch = self.epoch(&known.whose.org).map_err(unreadable)?;
            if epoch == known.epoch && (known.keys.is_none() || known.keys == keys) {
                return Ok(self.judge(&known, from));
            }
        }
        let jwt = trusted
            .as_ref()
            .and_then(|trusted| trusted.presented(secret));
        let found = match jwt {
            Some(jwt) => self.look_up_jwt(&jwt),
            None if secret.len() > SECRET_BYTES_MAX => Ok(None),
            None => self.look_up(&hash),
        };
        let Some(known) = found.map_err(unreadable)? else {
            return Ok(unknown);
        };
        let known = Arc::new(known);
        let mut all = self.credentials.known.lock();
        if all.len() >= KNOWN_MAX {
            all.clear();
        }
        all.insert(hash.as_str().to_owned(), Arc::clone(&known));
        drop(all);
        Ok(self.judge(&known, from))
    }

    /// Whoever shows this secret, if they get in.
    ///
    /// # Errors
    /// As [`Access::authenticate`].
    pub fn admits(
        &self,
        secret: &str,
        from: Option<IpAddr>,
    ) -> Result<Option<Principal>, QueryError> {
        Ok(match self.authenticate(secret, from)? {
            Admission::Admitted(caller) => Some(caller),
            Admission::Refused(_) => None,
        })
    }

    /// What depends on the moment and the address.
    fn judge(&self, known: &Known, from: Option<IpAddr>) -> Admission {
        let now_micros = self.now_micros();
        let over = known.expires_micros.is_some_and(|end| end <= now_micros);
        let early = known.starts_micros.is_some_and(|start| start > now_micros);
        let reached = known.allowed_ips.is_empty()
            || from.is_some_and(|from| {
                let from = from.to_canonical();
                known.allowed_ips.iter().any(|range| range.contains(&from))
            });
        let found = match &known.found {
            Ok(_) if over => Err(RefusedBecause::Expired),
            Ok(_) if early => Err(RefusedBecause::NotYetValid),
            Ok(_) if !reached => Err(RefusedBecause::Address),
            Ok(principal) => Ok(principal.clone()),
            Err(because) => Err(*because),
        };
        match found {
            Ok(principal) => Admission::Admitted(principal),
            Err(because) => Admission::Refused(Refused {
                because,
                whose: Some(known.whose.clone()),
            }),
        }
    }

    fn look_up(&self, hash: &SecretHash) -> Result<Option<Known>, AccessError> {
        let Some(opened) = self.read::<TokenSecretRecord>(&token_secret_key(hash))? else {
            return Ok(None);
        };
        let TokenSecretRecord { org, token: id } = opened.value;
        // Before all that depends on it.
        let epoch = self.epoch(&org)?;
        let Some(token) = self.read::<TokenRecord>(&token_key(&org, &id))? else {
            return Ok(None);
        };
        let token = token.value;
        if !hash.is(&token.secret_sha256) {
            return Ok(None);
        }
        let owner = match token.owner.is_empty() {
            true => None,
            false => self.holder(&org, &token.owner)?,
        };
        let settings = self.settings_record(&org)?.0;
        let whose = Whose {
            org: org.clone(),
            token_id: id.clone(),
            owner: owner.as_ref().map(owner_of),
        };
        let found = self.standing_of(&org, id, &token, owner.as_ref(), settings.read_audit)?;
        Ok(Some(Known {
            whose,
            epoch,
            keys: None,
            starts_micros: None,
            expires_micros: token.expires_micros,
            allowed_ips: settings.allowed_ips,
            found,
        }))
    }

    /// What a token may as access stands now.
    fn standing_of(
        &self,
        org: &str,
        token_id: String,
        token: &TokenRecord,
        owner: Option<&Holder>,
        read_audit: bool,
    ) -> Result<Result<Principal, RefusedBecause>, AccessError> {
        if token.revoked_micros.is_some() {
            return Ok(Err(RefusedBecause::Revoked));
        }
        if org == INSTANCE_ORG {
            return Ok(Ok(instance::principal(token_id, token)));
        }
        match owner.map(|owner| owner.state) {
            Some(MemberStateRecord::Active) => {}
            Some(MemberStateRecord::Blocked) => return Ok(Err(RefusedBecause::OwnerBlocked)),
            Some(MemberStateRecord::Removed) | None => return Ok(Err(RefusedBecause::OwnerGone)),
        }
        let (Some(owner), Some(view)) = (owner, token.view.view()) else {
            return Ok(Err(RefusedBecause::Empty));
        };
        let project = token.project.as_deref();
        let gone = self.organization(org)?.is_none() || self.is_deleted_project(org, project)?;
        let owner_may = self.may(org, owner, project)?;
        let permissions = self.token_may(org, token, owner_may)?;
        if gone || permissions.is_empty() {
            return Ok(Err(RefusedBecause::Empty));
        }
        Ok(Ok(Principal {
            org: org.to_owned(),
            owner: owner_of(owner),
            token_id,
            permissions,
            is_owner: owner.role == Role::Owner && token.is_whole(),
            of_instance: false,
            read_audit,
            view: View {
                filter: view.filter.with(Field::ProjectId, project),
                cross_vendor: view.cross_vendor,
            },
            project: token.project.clone(),
        }))
    }
}

pub(crate) fn owner_of(holder: &Holder) -> Owner {
    Owner {
        id: holder.id.clone(),
        kind: holder.kind,
        email: holder.email.clone(),
        name: holder.name.clone(),
    }
}
