//! Whom a JWT lets in: a member, an account, or somebody whom only its issuer knows.

use docket_event::{ActorKind, Field, Filter};

use super::Presented;
use super::claims::{Claims, Named};
use crate::authenticate::{Known, owner_of};
use crate::held::{Holder, WHOLE_ONLY};
use crate::principal::INSTANCE_ONLY;
use crate::record::{
    FormerEmailRecord, MemberEmailRecord, MemberStateRecord, OrganizationRecord, former_email_key,
    member_email_key, organization_key,
};
use crate::role::RoleScope;
use crate::{
    Access, AccessError, Owner, Permissions, Principal, RefusedBecause, Role, View, Whose,
};

/// Where a JWT leads.
struct Place<'a> {
    org: &'a str,
    /// The organization was deleted.
    gone: bool,
    read_audit: bool,
}

impl Access {
    /// What a JWT may as access stands now; `None` if its signature does not hold, or there is no such organization.
    pub(crate) fn look_up_jwt(&self, jwt: &Presented<'_>) -> Result<Option<Known>, AccessError> {
        if !jwt.by.keys.verifies(&jwt.compact) {
            return Ok(None);
        }
        let claims = Claims {
            rules: &jwt.by.issuer,
            all: &jwt.compact.claims,
        };
        let Some(org) = claims.org() else {
            return Ok(None);
        };
        // Before all that depends on it.
        let epoch = self.epoch(org)?;
        let Some(found) = self.read::<OrganizationRecord>(&organization_key(org))? else {
            return Ok(None);
        };
        let settings = self.settings_record(org)?.0;
        let named = claims.named();
        let holder = match &named {
            Some(named) => self.jwt_holder(org, named)?,
            None => None,
        };
        let owner = match (&holder, named.as_ref()) {
            (Some(holder), _) => Some(owner_of(holder)),
            (None, named) => named.map(|named| stranger(named, &claims)),
        };
        let whose = Whose {
            org: org.to_owned(),
            token_id: claims.token_id(named.as_ref()),
            owner,
        };
        let place = Place {
            org,
            gone: found.value.deleted_micros.is_some(),
            read_audit: settings.read_audit,
        };
        let times = claims.times();
        let found = match times.is_some() && claims.is_for_us() {
            true => self.jwt_standing(&place, &claims, holder.as_ref(), &whose)?,
            false => Err(RefusedBecause::Claims),
        };
        Ok(Some(Known {
            whose,
            epoch,
            keys: Some(jwt.generation),
            expires_micros: times.as_ref().map(|times| times.expires_micros),
            starts_micros: times.and_then(|times| times.starts_micros),
            allowed_ips: settings.allowed_ips,
            found,
        }))
    }

    /// The member or account, gone ones too.
    fn jwt_holder(&self, org: &str, named: &Named) -> Result<Option<Holder>, AccessError> {
        let address = match named {
            Named::Id(id) => return self.holder(org, id),
            Named::Address(address) => address,
        };
        if let Some(found) = self.read::<MemberEmailRecord>(&member_email_key(org, address))? {
            return self.holder(org, &found.value.member);
        }
        if let Some(found) = self.read::<FormerEmailRecord>(&former_email_key(org, address))? {
            return self.holder(org, &found.value.member);
        }
        self.holder(org, address)
    }

    fn jwt_standing(
        &self,
        place: &Place<'_>,
        claims: &Claims<'_>,
        holder: Option<&Holder>,
        whose: &Whose,
    ) -> Result<Result<Principal, RefusedBecause>, AccessError> {
        match holder.map(|holder| holder.state) {
            Some(MemberStateRecord::Blocked) => return Ok(Err(RefusedBecause::OwnerBlocked)),
            Some(MemberStateRecord::Removed) => return Ok(Err(RefusedBecause::OwnerGone)),
            Some(MemberStateRecord::Active) | None => {}
        }
        let (Some(owner), Ok(project)) = (whose.owner.clone(), claims.project()) else {
            return Ok(Err(RefusedBecause::Claims));
        };
        let permissions = self.jwt_may(place.org, claims, holder, project)?;
        let gone = place.gone || self.is_deleted_project(place.org, project)?;
        if gone || permissions.is_empty() {
            return Ok(Err(RefusedBecause::Empty));
        }
        let is_owner = holder.is_some_and(|holder| holder.role == Role::Owner);
        Ok(Ok(Principal {
            org: place.org.to_owned(),
            owner,
            token_id: whose.token_id.clone(),
            permissions,
            is_owner: is_owner && claims.rules.role.is_none() && project.is_none(),
            of_instance: false,
            read_audit: place.read_audit,
            project: project.map(str::to_owned),
            view: View {
                filter: Filter::default().with(Field::ProjectId, project),
                cross_vendor: false,
            },
        }))
    }

    /// What a holder may, narrowed by the roles that the claims name if they are asked for roles; what these roles
    /// allow if there is no such holder.
    fn jwt_may(
        &self,
        org: &str,
        claims: &Claims<'_>,
        holder: Option<&Holder>,
        project: Option<&str>,
    ) -> Result<Permissions, AccessError> {
        let holder_may = match holder {
            Some(holder) => Some(self.may(org, holder, project)?),
            None => None,
        };
        if let (Some(all), None) = (holder_may, &claims.rules.role) {
            return Ok(all);
        }
        let mut mapped = Permissions::NONE;
        for role in claims.roles() {
            let allowed = self.role_allows(org, role)?;
            let reaches = |scope: RoleScope| scope == RoleScope::Organization || project.is_some();
            if let Some((permissions, scope)) = allowed
                && reaches(scope)
                && role.built_in() != Some(Role::Owner)
            {
                mapped = mapped.or(permissions.without(INSTANCE_ONLY));
            }
        }
        if project.is_some() {
            mapped = mapped.without(WHOLE_ONLY);
        }
        Ok(holder_may.map_or(mapped, |may| may.and(mapped)))
    }
}

/// Somebody whom only the issuer knows.
fn stranger(named: &Named, claims: &Claims<'_>) -> Owner {
    let (Named::Id(id) | Named::Address(id)) = named;
    Owner {
        id: id.clone(),
        kind: ActorKind::User,
        email: claims.address(),
        name: claims.name(),
    }
}
