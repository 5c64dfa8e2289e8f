//! The instance: tokens that belong to no organization, and acting in one that is named.

use docket_event::{ActorKind, Filter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::change::Plan;
use crate::names::{INSTANCE_ORG, check_name};
use crate::permission::{Permission, Permissions};
use crate::principal::{Owner, Principal, View};
use crate::record::TokenRecord;
use crate::role::names;
use crate::secret::Secret;
use crate::token::{DraftedToken, check_end, created_event, end_micros, insert_records};
use crate::view::ViewRecord;
use crate::{Access, AccessError, Caller, IssuedToken};

/// Id of the actor of everything that is done by a token of the instance.
pub(crate) const INSTANCE_ACTOR: &str = "docket-instance";

/// What a token of the instance is made from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInstanceToken {
    /// Whether it may write events into any organization, and nothing else; without this it makes, changes and
    /// deletes organizations, and reads the instance's own log.
    #[serde(default)]
    pub write: bool,
    /// Display name.
    #[serde(default)]
    pub name: Option<String>,
    /// After how many seconds it ends; never if absent.
    #[serde(default)]
    pub expires_in_s: Option<u64>,
}

impl Access {
    /// Makes a token of the instance. Durable when it returns, with `api_key.created` in the instance's own log.
    ///
    /// # Errors
    /// [`AccessError::Forbidden`] when it would have what the caller lacks.
    pub fn create_instance_token(
        &self,
        new: &NewInstanceToken,
        by: &Caller,
    ) -> Result<IssuedToken, AccessError> {
        if let Some(name) = &new.name {
            check_name("name", name).map_err(AccessError::Invalid)?;
        }
        let now_micros = self.now_micros();
        let end = new
            .expires_in_s
            .map(|seconds| end_micros(now_micros, seconds));
        check_end(end, now_micros)?;
        let permissions = match new.write {
            true => Permissions::of(&[Permission::InstanceWrite]),
            false => Permissions::of(&[
                Permission::InstanceAdmin,
                Permission::AuditRead,
                Permission::AuditReadOwn,
                Permission::AuditExport,
                Permission::AuditVerify,
            ]),
        };
        by.authority.must_cover("the token", permissions)?;
        let log = self.engine.create_log(INSTANCE_ORG)?;
        self.change(&log, || {
            let secret = Secret::draw(self.engine.environment());
            let drafted = DraftedToken {
                id: self.random_id("key_"),
                record: TokenRecord {
                    owner: String::new(),
                    role: None,
                    instance: names(permissions),
                    name: new.name.clone(),
                    project: None,
                    view: ViewRecord::default(),
                    view_words: Vec::new(),
                    registered: false,
                    created_micros: now_micros,
                    expires_micros: end,
                    revoked_micros: None,
                    secret_sha256: secret.hash().as_str().to_owned(),
                },
                secret,
                permissions,
            };
            let events = vec![created_event(&drafted, by)?];
            let records = insert_records(INSTANCE_ORG, &drafted)?;
            Ok(Plan::of(events, records, drafted.issued()))
        })
    }

    /// An organization must be there, or it is the instance itself.
    pub(crate) fn must_exist_or_be_instance(&self, org: &str) -> Result<(), AccessError> {
        match org == INSTANCE_ORG {
            true => Ok(()),
            false => self.must_exist(org).map(|_| ()),
        }
    }

    /// The caller as they may act in an organization that they named: a token with `instance:admin` administers it,
    /// one with `instance:write` writes into it, and neither reads its events.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without such an organization.
    pub fn acting_in(&self, caller: &Principal, org: &str) -> Result<Principal, AccessError> {
        self.must_exist(org)?;
        let mut permissions = Permissions::NONE;
        if caller.permissions.allows(Permission::InstanceAdmin) {
            permissions = permissions.or(Permissions::of(&[Permission::AccessAdmin]));
        }
        if caller.permissions.allows(Permission::InstanceWrite) {
            permissions = permissions.or(Permissions::of(&[Permission::AuditWrite]));
        }
        Ok(Principal {
            org: org.to_owned(),
            permissions,
            of_instance: true,
            ..caller.clone()
        })
    }
}

/// The principal of a token of the instance.
pub(crate) fn principal(token_id: String, record: &TokenRecord) -> Principal {
    Principal {
        org: INSTANCE_ORG.to_owned(),
        owner: Owner {
            id: INSTANCE_ACTOR.to_owned(),
            kind: ActorKind::System,
            email: None,
            name: record.name.clone(),
        },
        token_id,
        permissions: Permissions::named(&record.instance),
        is_owner: false,
        of_instance: true,
        project: None,
        view: View {
            filter: Filter::default(),
            cross_vendor: false,
        },
        read_audit: true,
    }
}
