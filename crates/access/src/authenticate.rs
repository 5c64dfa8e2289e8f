//! From a secret to whoever may use it.

use docket_engine::QueryError;
use docket_event::{ActorKind, Field};

use crate::Access;
use crate::principal::{Owner, Principal, View};
use crate::record::{
    MemberRecord, MemberStateRecord, TokenRecord, TokenSecretRecord, member_key, token_key,
    token_secret_key,
};
use crate::secret::{SECRET_BYTES_MAX, SecretHash};

impl Access {
    /// Who shows this secret; `None` when it opens nothing: unknown, revoked, expired, or its owner is
    /// blocked or gone. Nothing is kept in memory, so a revocation holds from the next call on, in every
    /// process.
    ///
    /// # Errors
    /// When the store cannot tell; never for a secret, whatever it looks like.
    pub fn authenticate(&self, secret: &str) -> Result<Option<Principal>, QueryError> {
        if secret.is_empty() || secret.len() > SECRET_BYTES_MAX {
            return Ok(None);
        }
        let hash = SecretHash::of(secret);
        let Some(opened) = self.read::<TokenSecretRecord>(&token_secret_key(&hash))? else {
            return Ok(None);
        };
        let TokenSecretRecord {
            org,
            token: token_id,
        } = opened.value;
        let Some(token) = self.read::<TokenRecord>(&token_key(&org, &token_id))? else {
            return Ok(None);
        };
        let token = token.value;
        if !hash.is(&token.secret_sha256) || !self.in_force(&token) {
            return Ok(None);
        }
        let Some(owner) = self.read::<MemberRecord>(&member_key(&org, &token.owner))? else {
            return Ok(None);
        };
        Ok(principal(org, token_id, token, owner.value))
    }

    fn in_force(&self, token: &TokenRecord) -> bool {
        let now_micros = self.engine.environment().now_micros();
        token.revoked_micros.is_none() && token.expires_micros.is_none_or(|end| now_micros < end)
    }
}

fn principal(
    org: String,
    token_id: String,
    token: TokenRecord,
    owner: MemberRecord,
) -> Option<Principal> {
    match owner.state {
        MemberStateRecord::Active => {}
        MemberStateRecord::Blocked | MemberStateRecord::Removed => return None,
    }
    let view = token.view.view()?;
    let filter = view.filter.with(Field::ProjectId, token.project.as_deref());
    Some(Principal {
        org,
        owner: Owner {
            id: token.owner,
            kind: ActorKind::User,
            email: owner.email,
            name: owner.name,
        },
        token_id,
        permissions: token.role.permissions().and(owner.role.permissions()),
        project: token.project,
        view: View {
            filter,
            cross_vendor: view.cross_vendor,
        },
    })
}
