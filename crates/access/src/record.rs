//! The records: their names, their JSON, and how they are read and changed.

use docket_engine::store::{Expect, RecordChange, RecordKey, StoreError};
use ipnet::IpNet;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::invite::InviteState;
use crate::permission::Role;
use crate::project::ProjectState;
use crate::role::{RoleName, RoleScope};
use crate::secret::SecretHash;
use crate::view::ViewRecord;
use crate::{Access, AccessError};

/// The kind of records that say which token a secret opens.
pub(crate) const TOKEN_SECRET: &str = "token_secret";
/// The kind of records that say which invite a code opens.
pub(crate) const INVITE_CODE: &str = "invite_code";
/// The owner of records that belong to no organization.
pub(crate) const INSTANCE: &str = "";

/// An organization; kept with the instance, so that all of them can be listed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct OrganizationRecord {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub created_micros: i64,
    /// Id of the key that signs its checkpoints.
    pub signing_key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_micros: Option<i64>,
}

/// A member, under their id. The record outlives its member, so that an id never means somebody else.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct MemberRecord {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub role: Role,
    pub state: MemberStateRecord,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assignments: Vec<AssignmentRecord>,
    pub created_micros: i64,
}

/// A role that somebody has besides the built-in one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AssignmentRecord {
    pub id: String,
    pub role: RoleName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    pub created_micros: i64,
}

/// An account for programs, under its id. The record outlives the account, as a member's does.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ServiceAccountRecord {
    pub name: String,
    pub role: Role,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assignments: Vec<AssignmentRecord>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    pub created_micros: i64,
}

/// A group, under its id. Outlives the group, so that members of it do not become members of another one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct GroupRecord {
    pub name: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assignments: Vec<AssignmentRecord>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    pub created_micros: i64,
}

/// A role that the organization has made, under its id. Outlives the role.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RoleRecord {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// By name; what this version does not know allows nothing.
    pub permissions: Vec<String>,
    pub scope: RoleScope,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    pub created_micros: i64,
}

/// A project, under its id. Outlives the project, so that tokens of it do not become tokens of another one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ProjectRecord {
    pub name: String,
    pub state: ProjectState,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    pub created_micros: i64,
}

/// An invite, under its id.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct InviteRecord {
    /// Gone once the invite is settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    pub role: Role,
    pub state: InviteState,
    pub secret_sha256: String,
    pub created_micros: i64,
    pub expires_micros: i64,
}

/// Which invite a code opens; kept with the instance, like a token's secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct InviteCodeRecord {
    pub org: String,
    pub invite: String,
}

/// What an organization has set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SettingsRecord {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_ips: Vec<IpNet>,
    #[serde(default = "yes")]
    pub read_audit: bool,
}

impl Default for SettingsRecord {
    fn default() -> Self {
        SettingsRecord {
            retention_days: None,
            allowed_ips: Vec::new(),
            read_audit: true,
        }
    }
}

fn yes() -> bool {
    true
}

/// A legal hold, under its id.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct HoldRecord {
    pub name: String,
    pub reason: String,
    pub created_micros: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_micros: Option<i64>,
}

/// How far retention has been ordered to go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RetentionRecord {
    /// Events at positions below this one go.
    pub ordered: u64,
}

/// When a token was used last, to the hour or so.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TokenUseRecord {
    pub last_used_micros: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MemberStateRecord {
    Active,
    Blocked,
    Removed,
}

/// Whose e-mail address it is; under the address in lower case.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct MemberEmailRecord {
    pub member: String,
}

/// Whose address it was until they were removed; under the address's hash, so that nobody gets in by it as a stranger
/// and nothing is left of the address itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FormerEmailRecord {
    pub member: String,
}

/// A token, under its id.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct TokenRecord {
    pub owner: String,
    /// Narrows what the owner may; without one the token may all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<RoleName>,
    /// Instead of a role, for tokens of the instance: names of permissions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instance: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    #[serde(default, skip_serializing_if = "ViewRecord::is_open")]
    pub view: ViewRecord,
    /// The view in the words in which it was given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub view_words: Vec<String>,
    /// Another system issued it; only its hash came here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub registered: bool,
    pub created_micros: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_micros: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_micros: Option<i64>,
    pub secret_sha256: String,
}

/// Which token a secret opens; kept with the instance under the secret's hash, because whoever shows a
/// secret does not say where it belongs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TokenSecretRecord {
    pub org: String,
    pub token: String,
}

/// A key that signs a log's checkpoints, under its id. SECRET.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct SigningKeyRecord {
    pub name: String,
    /// In base64.
    pub seed: String,
    pub created_micros: i64,
}

pub(crate) fn organizations() -> (&'static str, &'static str) {
    (INSTANCE, "organization")
}

pub(crate) fn organization_key(org: &str) -> RecordKey {
    key(INSTANCE, "organization", org)
}

pub(crate) fn epoch_key(org: &str) -> RecordKey {
    key(org, "epoch", "access")
}

pub(crate) fn settings_key(org: &str) -> RecordKey {
    key(org, "settings", "settings")
}

pub(crate) fn retention_key(org: &str) -> RecordKey {
    key(org, "retention", "retention")
}

pub(crate) fn invite_key(org: &str, id: &str) -> RecordKey {
    key(org, "invite", id)
}

pub(crate) fn invite_code_key(hash: &SecretHash) -> RecordKey {
    key(INSTANCE, INVITE_CODE, hash.as_str())
}

pub(crate) fn token_use_key(org: &str, id: &str) -> RecordKey {
    key(org, "token_use", id)
}

pub(crate) fn member_key(org: &str, id: &str) -> RecordKey {
    key(org, "member", id)
}

pub(crate) fn member_email_key(org: &str, email: &str) -> RecordKey {
    key(org, "member_email", &email.to_lowercase())
}

pub(crate) fn former_email_key(org: &str, email: &str) -> RecordKey {
    let hash = SecretHash::of(&format!("{org}\0{}", email.to_lowercase()));
    key(org, "former_email", hash.as_str())
}

pub(crate) fn token_key(org: &str, id: &str) -> RecordKey {
    key(org, "token", id)
}

pub(crate) fn token_secret_key(hash: &SecretHash) -> RecordKey {
    key(INSTANCE, TOKEN_SECRET, hash.as_str())
}

pub(crate) fn signing_key_key(org: &str, id: &str) -> RecordKey {
    key(org, "signing_key", id)
}

pub(crate) fn key(org: &str, kind: &str, name: &str) -> RecordKey {
    RecordKey {
        org: org.to_owned(),
        kind: kind.to_owned(),
        name: name.to_owned(),
    }
}

/// A record as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Versioned<T> {
    pub name: String,
    pub version: u64,
    pub value: T,
}

impl Access {
    pub(crate) fn read<T: DeserializeOwned>(
        &self,
        key: &RecordKey,
    ) -> Result<Option<Versioned<T>>, StoreError> {
        let Some(record) = self.engine.store().record(key)? else {
            return Ok(None);
        };
        let value = parse(&record.key, &record.value)?;
        Ok(Some(Versioned {
            name: record.key.name,
            version: record.version,
            value,
        }))
    }

    pub(crate) fn list<T: DeserializeOwned>(
        &self,
        org: &str,
        kind: &str,
    ) -> Result<Vec<Versioned<T>>, StoreError> {
        let records = self.engine.store().records(org, kind)?;
        let read = records.into_iter().map(|record| {
            let value = parse(&record.key, &record.value)?;
            Ok(Versioned {
                name: record.key.name,
                version: record.version,
                value,
            })
        });
        read.collect()
    }
}

/// The change that makes a record that is not there yet.
pub(crate) fn insert<T: Serialize>(key: RecordKey, value: &T) -> Result<RecordChange, AccessError> {
    let value = Some(bytes(&key, value)?);
    Ok(RecordChange {
        key,
        expect: Expect::Absent,
        value,
    })
}

/// The change that replaces a record of this version.
pub(crate) fn replace<T: Serialize>(
    key: RecordKey,
    version: u64,
    value: &T,
) -> Result<RecordChange, AccessError> {
    let value = Some(bytes(&key, value)?);
    Ok(RecordChange {
        key,
        expect: Expect::Version(version),
        value,
    })
}

/// The change that removes a record of this version.
pub(crate) fn delete(key: RecordKey, version: u64) -> RecordChange {
    RecordChange {
        key,
        expect: Expect::Version(version),
        value: None,
    }
}

fn bytes<T: Serialize>(key: &RecordKey, value: &T) -> Result<Vec<u8>, AccessError> {
    serde_json::to_vec(value)
        .map_err(|error| AccessError::Corrupt(format!("write record {}: {error}", place(key))))
}

/// Reads a record's content. The parser's own words are left out: they may quote what is secret.
pub(crate) fn parse<T: DeserializeOwned>(key: &RecordKey, value: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(value)
        .map_err(|_| StoreError::corrupt(place(key), "is not what a record of this kind holds"))
}

/// Where a record stands, for messages; never the name of a secret.
fn place(key: &RecordKey) -> String {
    match key.kind.as_str() {
        secret @ (TOKEN_SECRET | INVITE_CODE) => format!("record {secret}"),
        kind => format!("record {}/{kind}/{}", key.org, key.name),
    }
}
