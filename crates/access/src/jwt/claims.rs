//! What a JWT claims, by the rules of its issuer.

use std::fmt;

use docket_event::Fault;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{ID_PREFIX, Issuer, TEXT_BYTES_MAX, Tenant};
use crate::RoleName;
use crate::names::{
    INSTANCE_ORG, check_email, check_id, check_name, check_not_reserved, check_org,
};
use crate::secret::hex;

/// How far the clocks of an issuer and of this machine may be apart, in seconds.
pub const LEEWAY_S: i64 = 60;
const LEEWAY_MICROS: i64 = LEEWAY_S * 1_000_000;
/// The claim that is an e-mail address and no id.
const EMAIL: &str = "email";
/// Bytes of the hash that a JWT's public id has.
const ID_HASH_BYTES: usize = 16;

/// Names a claim: a member of the claims by its whole name, or else one inside of others, with dots between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimPath(String);

/// Claims with the rules by which they are understood.
pub(super) struct Claims<'a> {
    pub rules: &'a Issuer,
    pub all: &'a Map<String, Value>,
}

/// When a JWT counts.
pub(super) struct Times {
    /// From here on it does not.
    pub expires_micros: i64,
    /// Before this it does not.
    pub starts_micros: Option<i64>,
}

/// Whom a JWT speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    Id(String),
    /// In lower case.
    Address(String),
}

impl ClaimPath {
    /// The claim of that name or path.
    ///
    /// # Errors
    /// It cannot be one.
    pub fn parse(path: &str) -> Result<Self, Fault> {
        if path.is_empty() || path.len() > TEXT_BYTES_MAX || path.chars().any(char::is_control) {
            let reason =
                "is no claim; write its name, such as `sub`, or a path such as `realm.role`";
            return Err(Fault::new("", reason));
        }
        Ok(ClaimPath(path.to_owned()))
    }

    fn value<'a>(&self, claims: &'a Map<String, Value>) -> Option<&'a Value> {
        if let Some(found) = claims.get(&self.0) {
            return Some(found);
        }
        let mut names = self.0.split('.');
        let first = claims.get(names.next()?)?;
        names.try_fold(first, |value, name| value.as_object()?.get(name))
    }

    fn text<'a>(&self, claims: &'a Map<String, Value>) -> Option<&'a str> {
        self.value(claims)?.as_str()
    }
}

impl fmt::Display for ClaimPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'a> Claims<'a> {
    /// The organization, if it can be one.
    pub fn org(&self) -> Option<&'a str> {
        let org = match &self.rules.organization {
            Tenant::Fixed(org) => org,
            Tenant::Claim(path) => path.text(self.all)?,
        };
        (check_org(org).is_ok() && org != INSTANCE_ORG).then_some(org)
    }

    /// Whether it was made for us.
    pub fn is_for_us(&self) -> bool {
        let wanted = self.rules.audience.as_str();
        match self.all.get("aud") {
            Some(Value::String(one)) => one == wanted,
            Some(Value::Array(all)) => all.iter().any(|one| one.as_str() == Some(wanted)),
            Some(_) | None => false,
        }
    }

    /// When it counts; `None` if it has no end, or a time that is none.
    pub fn times(&self) -> Option<Times> {
        let expires = self.time("exp").ok()??;
        let starts = self.time("nbf").ok()?.max(self.time("iat").ok()?);
        Some(Times {
            expires_micros: expires.saturating_add(LEEWAY_MICROS),
            starts_micros: starts.map(|starts| starts.saturating_sub(LEEWAY_MICROS)),
        })
    }

    /// A time in Unix microseconds, if it is there.
    fn time(&self, name: &str) -> Result<Option<i64>, NoTime> {
        match self.all.get(name) {
            None => Ok(None),
            Some(value) => seconds(value).map(Some).ok_or(NoTime),
        }
    }

    /// Whom it speaks for; `None` if it does not say so, or by an address that is not verified.
    pub fn named(&self) -> Option<Named> {
        if self.rules.member.0 == EMAIL {
            return self.address().map(Named::Address);
        }
        let id = self.rules.member.text(self.all)?;
        let sound = check_id("", id).is_ok() && check_not_reserved("", id).is_ok();
        sound.then(|| Named::Id(id.to_owned()))
    }

    /// The e-mail address, unless the issuer says that it is not known to be theirs.
    pub fn address(&self) -> Option<String> {
        let verified = match self.all.get("email_verified") {
            None => true,
            Some(Value::Bool(verified)) => *verified,
            Some(other) => other.as_str() == Some("true"),
        };
        let email = self.all.get(EMAIL)?.as_str()?;
        (verified && check_email("", email).is_ok()).then(|| email.to_lowercase())
    }

    /// The display name.
    pub fn name(&self) -> Option<String> {
        let name = self.all.get("name")?.as_str()?;
        check_name("", name).is_ok().then(|| name.to_owned())
    }

    /// The project that it is limited to, if JWTs of this issuer are.
    pub fn project(&self) -> Result<Option<&'a str>, NoProject> {
        let Some(path) = &self.rules.project else {
            return Ok(None);
        };
        let id = path.text(self.all).filter(|id| check_id("", id).is_ok());
        id.map(Some).ok_or(NoProject)
    }

    /// The roles that it names, or else the one of those that name none.
    pub fn roles(&self) -> Vec<&'a RoleName> {
        let mut mapped = Vec::new();
        if let Some(claim) = &self.rules.role {
            let values = match claim.path.value(self.all) {
                Some(Value::Array(all)) => all.as_slice(),
                Some(one) => std::slice::from_ref(one),
                None => &[],
            };
            let role = |value: &Value| claim.roles.get(value.as_str()?);
            mapped.extend(values.iter().filter_map(role));
        }
        if mapped.is_empty() {
            mapped.extend(&self.rules.default_role);
        }
        mapped
    }

    /// The name that rates and events have for it: the same for the same `jti`, or else for the same person.
    pub fn token_id(&self, named: Option<&Named>) -> String {
        let text = |name: &str| self.all.get(name).and_then(Value::as_str);
        let (kind, value) = match (text("jti"), text("sub"), named) {
            (Some(id), _, _) => ("jti", id),
            (None, Some(subject), _) => ("sub", subject),
            (None, None, Some(Named::Id(id) | Named::Address(id))) => ("member", id.as_str()),
            (None, None, None) => ("", ""),
        };
        let text = format!("{}\0{kind}\0{value}", self.rules.issuer);
        let hash = Sha256::digest(text.as_bytes());
        format!("{ID_PREFIX}{}", hex(hash.split_at(ID_HASH_BYTES).0))
    }
}

/// What should be a time is none.
pub(super) struct NoTime;

/// The project to which it must be limited is not named.
pub(super) struct NoProject;

/// A `NumericDate` (RFC 7519 §2) in microseconds; what is too far away for them is as far away as they reach.
fn seconds(value: &Value) -> Option<i64> {
    match value.as_i64() {
        Some(seconds) => Some(seconds.saturating_mul(1_000_000)),
        None => value.as_f64().map(|seconds| (seconds * 1e6) as i64),
    }
}
