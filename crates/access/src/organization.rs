//! Organizations: made once, with an owner, a signing key and a first token.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use docket_merkle::{KeyName, SigningKey};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::audit::{attributes, target};
use crate::change::Plan;
use crate::kept::written;
use crate::member;
use crate::names::{INSTANCE_ORG, check_name, check_org};
use crate::record::{
    MemberRecord, MemberStateRecord, OrganizationRecord, SigningKeyRecord, insert,
    organization_key, organizations, replace, signing_key_key,
};
use crate::secret::hex;
use crate::token::{self, NewToken, TokenDraft};
use crate::{Access, AccessError, Caller, Role, Secret};

/// What an organization is made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOrganization {
    /// Its id.
    #[serde(rename = "id")]
    pub org: String,
    /// Its display name.
    #[serde(default)]
    pub name: Option<String>,
    /// E-mail address of its first owner.
    pub owner_email: String,
}

/// A new organization.
#[derive(Clone, Debug)]
pub struct Initialised {
    /// Its id.
    pub org: String,
    /// Id of its first owner.
    pub owner: String,
    /// Public id of the owner's token.
    pub token_id: String,
    /// The token, shown this once.
    pub secret: Secret,
}

/// An organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Organization {
    /// Its id.
    #[serde(rename = "id")]
    pub org: String,
    /// Its display name.
    pub name: Option<String>,
    /// When it was made, RFC 3339.
    pub created_at: String,
}

impl Access {
    /// Makes an organization with its first owner, signing key and token. When this returns all of it is
    /// durable, and the log begins with `organization.created` and `api_key.created`.
    ///
    /// # Errors
    /// [`AccessError::Conflict`] when the organization exists.
    pub fn init(&self, new: &NewOrganization, by: &Caller) -> Result<Initialised, AccessError> {
        check_org(&new.org).map_err(AccessError::Invalid)?;
        if new.org == INSTANCE_ORG {
            let reason =
                format!("`{INSTANCE_ORG}` is kept for the instance itself; choose another");
            return Err(AccessError::invalid("org", reason));
        }
        if let Some(name) = &new.name {
            check_name("name", name).map_err(AccessError::Invalid)?;
        }
        crate::names::check_email("owner", &new.owner_email).map_err(AccessError::Invalid)?;
        self.refuse_existing(&new.org)?;
        // A log without an organization, from a process that died here, is picked up by the next call.
        let log = self.engine.create_log(&new.org)?;
        self.change(&log, || {
            self.refuse_existing(&new.org)?;
            self.plan_init(new, by)
        })
    }

    /// The organization of that id; `None` also for one that was deleted.
    ///
    /// # Errors
    /// When the store cannot tell.
    pub fn organization(&self, org: &str) -> Result<Option<Organization>, AccessError> {
        let found = self.read::<OrganizationRecord>(&organization_key(org))?;
        Ok(found.and_then(|record| shown(record.name, record.value)))
    }

    /// All organizations, by id.
    ///
    /// # Errors
    /// When the store cannot tell.
    pub fn organizations(&self) -> Result<Vec<Organization>, AccessError> {
        let (org, kind) = organizations();
        let all = self.list::<OrganizationRecord>(org, kind)?.into_iter();
        Ok(all
            .filter_map(|record| shown(record.name, record.value))
            .collect())
    }

    /// Orders the end of an organization: from now on nobody gets in. Its log stays, and ends with
    /// `docket.organization.deleted`; its id is never given again.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without such an organization, [`AccessError::Forbidden`] for all but its owners and
    /// whoever has the instance, [`AccessError::Conflict`] while a legal hold stands.
    pub fn delete_organization(&self, org: &str, by: &Caller) -> Result<Organization, AccessError> {
        by.authority.must_own()?;
        self.change(&self.log(org)?, || {
            let found = self.must_exist(org)?;
            if let Some(hold) = self.holds(org)?.first() {
                let reason = format!("legal hold `{}` stands; release it first", hold.id);
                return Err(AccessError::Conflict(reason));
            }
            let name = found.value.name.clone();
            let targets = vec![target("organization", org, name.as_deref())];
            let before = attributes(json!({ "name": name }));
            let event = by.tells("docket.organization.deleted", targets, Some(before), None)?;
            let gone = OrganizationRecord {
                deleted_micros: Some(self.now_micros()),
                ..found.value.clone()
            };
            let unknown = || AccessError::unknown_organization(org);
            let answer = shown(org.to_owned(), found.value).ok_or_else(unknown)?;
            let records = vec![replace(organization_key(org), found.version, &gone)?];
            Ok(Plan {
                instance_events: vec![event.clone()],
                ..Plan::of(vec![event], records, answer)
            })
        })
    }

    /// The key that signs the checkpoints of an organization's log. Its name is the log's origin.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without such an organization.
    pub fn signing_key(&self, org: &str) -> Result<SigningKey, AccessError> {
        let organization = self
            .read::<OrganizationRecord>(&organization_key(org))?
            .ok_or_else(|| AccessError::unknown_organization(org))?;
        let id = organization.value.signing_key;
        let corrupt = || AccessError::Corrupt(format!("signing key {id} of {org} is unreadable"));
        let record = self
            .read::<SigningKeyRecord>(&signing_key_key(org, &id))?
            .ok_or_else(corrupt)?
            .value;
        let seed = BASE64_STANDARD
            .decode(&record.seed)
            .map_err(|_| corrupt())?;
        let seed: [u8; 32] = seed.try_into().map_err(|_| corrupt())?;
        let name = KeyName::parse(&record.name).map_err(|_| corrupt())?;
        Ok(SigningKey::from_seed(name, &seed))
    }

    fn refuse_existing(&self, org: &str) -> Result<(), AccessError> {
        if self
            .read::<OrganizationRecord>(&organization_key(org))?
            .is_none()
        {
            return Ok(());
        }
        Err(AccessError::Conflict(format!(
            "organization `{org}` exists already; \
             `docket token create --org {org} --owner MEMBER` makes another token"
        )))
    }

    fn plan_init(
        &self,
        new: &NewOrganization,
        by: &Caller,
    ) -> Result<Plan<Initialised>, AccessError> {
        let created_micros = self.engine.environment().now_micros();
        let key = self.draw_signing_key(&new.org)?;
        let key_id = key.verifier().id().to_string();
        let owner = MemberRecord {
            email: Some(new.owner_email.clone()),
            name: None,
            role: Role::Owner,
            state: MemberStateRecord::Active,
            groups: Vec::new(),
            assignments: Vec::new(),
            created_micros,
        };
        let owner_id = self.random_id(member::ID_PREFIX);
        let draft = TokenDraft {
            org: &new.org,
            owner_id: &owner_id,
            owner_may: owner.role.permissions(),
            new: &NewToken::of_owner(&owner_id),
            key_sha256: None,
        };
        let issued = self.draft_token(&draft)?;
        let organization = OrganizationRecord {
            name: new.name.clone(),
            created_micros,
            signing_key: key_id.clone(),
            deleted_micros: None,
        };
        let signing_key = SigningKeyRecord {
            name: key.verifier().name().to_string(),
            seed: BASE64_STANDARD.encode(key.seed()),
            created_micros,
        };
        let mut records = vec![
            insert(organization_key(&new.org), &organization)?,
            insert(signing_key_key(&new.org, &key_id), &signing_key)?,
        ];
        records.extend(member::insert_records(&new.org, &owner_id, &owner)?);
        records.extend(token::insert_records(&new.org, &issued)?);
        let created = created_event(new, &owner_id, &key, by)?;
        let events = vec![created.clone(), token::created_event(&issued, by)?];
        let answer = Initialised {
            org: new.org.clone(),
            owner: owner_id.clone(),
            token_id: issued.id.clone(),
            secret: issued.secret.clone(),
        };
        // What the command line makes is told of in the organization's own log; who makes many of them by a token of
        // the instance finds them in its log, too.
        let instance_events = match by.credential.is_some() {
            true => vec![created],
            false => Vec::new(),
        };
        Ok(Plan {
            instance_events,
            ..Plan::of(events, records, answer)
        })
    }

    /// Draws the key of a log. The store's id is part of its name, so that logs of one organization in two
    /// stores cannot be taken for each other.
    fn draw_signing_key(&self, org: &str) -> Result<SigningKey, AccessError> {
        let [a, b, c, d, ..] = self.engine.store().identity().store_id;
        let name = format!("docket/{}/{org}", hex(&[a, b, c, d]));
        let name = KeyName::parse(&name)
            .map_err(|error| AccessError::Corrupt(format!("name of the signing key: {error}")))?;
        Ok(SigningKey::from_seed(
            name,
            &self.engine.environment().bytes(),
        ))
    }
}

fn created_event(
    new: &NewOrganization,
    owner_id: &str,
    key: &SigningKey,
    by: &Caller,
) -> Result<docket_event::Event, AccessError> {
    let verifier = key.verifier();
    let after = attributes(json!({
        "name": new.name,
        "owner": owner_id,
        "signing_key": { "id": verifier.id().to_string(), "public": verifier.to_string() },
    }));
    // The address stands in a name, which belongs to the part that can be erased.
    let targets = vec![
        target("organization", &new.org, new.name.as_deref()),
        target("user", owner_id, Some(&new.owner_email)),
    ];
    by.tells("organization.created", targets, None, Some(after))
}

fn shown(org: String, record: OrganizationRecord) -> Option<Organization> {
    record.deleted_micros.is_none().then(|| Organization {
        org,
        name: record.name,
        created_at: written(record.created_micros),
    })
}

impl NewOrganization {
    /// An organization of that id, whose first owner has that address.
    pub fn new(org: &str, owner_email: &str) -> Self {
        NewOrganization {
            org: org.to_owned(),
            name: None,
            owner_email: owner_email.to_owned(),
        }
    }
}
