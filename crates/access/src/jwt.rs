//! JWTs of issuers that the operator trusts: what is said of an issuer, and which of them count now.

mod claims;
mod compact;
mod identity;
mod keys;

use std::collections::BTreeMap;
use std::sync::Arc;

use docket_event::Fault;
use parking_lot::RwLock;

use self::compact::Compact;
use crate::names::{INSTANCE_ORG, check_id, check_org};
use crate::{Role, RoleName};

pub use self::claims::{ClaimPath, LEEWAY_S};
pub use self::compact::JWT_BYTES_MAX;
pub use self::keys::{KEYS_MAX, KeySet, RSA_BITS_MIN};

/// What the ids of JWTs begin with, where a token has its public id.
const ID_PREFIX: &str = "jwt:";
/// Most bytes of an issuer's name, of an audience, and of a role claim's value.
const TEXT_BYTES_MAX: usize = 2_048;

/// An issuer of JWTs, and how its claims are understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// What `iss` must be, to the letter.
    pub issuer: String,
    /// What `aud` must be, or have among its values.
    pub audience: String,
    /// Into which organization its JWTs lead.
    pub organization: Tenant,
    /// The claim that names a member or an account; `email` means an e-mail address.
    pub member: ClaimPath,
    /// The claim that names roles.
    pub role: Option<RoleClaim>,
    /// The role where no claim names one.
    pub default_role: Option<RoleName>,
    /// The claim that names the project to which a JWT is limited. If it is set, every JWT must have it.
    pub project: Option<ClaimPath>,
}

/// Into which organization JWTs of an issuer lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tenant {
    /// Always this one.
    Fixed(String),
    /// The one that a claim names.
    Claim(ClaimPath),
}

/// A claim that names roles, in words of the issuer's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleClaim {
    /// The claim: a text or a list of texts.
    pub path: ClaimPath,
    /// The role that each value means. Values that are not here mean none.
    pub roles: BTreeMap<String, RoleName>,
}

/// An issuer with the keys that its JWTs may be signed with.
#[derive(Clone, Debug)]
pub struct TrustedIssuer {
    /// How its claims are understood.
    pub issuer: Issuer,
    /// Its keys.
    pub keys: KeySet,
}

/// All issuers that are trusted. Their keys can be replaced while they are used.
#[derive(Debug)]
pub struct Issuers {
    trusted: RwLock<Arc<Trusted>>,
}

/// The issuers between two replacements.
#[derive(Debug)]
pub(crate) struct Trusted {
    /// How often they were replaced: what was verified at one generation counts at that one.
    pub generation: u64,
    all: Vec<TrustedIssuer>,
}

/// A text that says it is a JWT of a trusted issuer; its signature is not looked at yet.
pub(crate) struct Presented<'a> {
    compact: Compact<'a>,
    by: &'a TrustedIssuer,
    generation: u64,
}

impl Issuer {
    /// Whether it can be used.
    ///
    /// # Errors
    /// Which setting is wrong, and what to write instead.
    pub fn check(&self) -> Result<(), Fault> {
        for (path, text) in [("issuer", &self.issuer), ("audience", &self.audience)] {
            if text.is_empty() || text.len() > TEXT_BYTES_MAX {
                let reason = format!("must be 1 to {TEXT_BYTES_MAX} bytes");
                return Err(Fault::new(path, reason));
            }
        }
        if let Tenant::Fixed(org) = &self.organization {
            check_org(org).map_err(|fault| Fault::new("organization", fault.reason))?;
            if org == INSTANCE_ORG {
                let reason =
                    format!("`{INSTANCE_ORG}` is Docket's own log; nobody gets into it by a JWT");
                return Err(Fault::new("organization", reason));
            }
        }
        if let Some(role) = &self.default_role {
            check_role("default_role", role)?;
        }
        for (value, role) in self.role.iter().flat_map(|claim| &claim.roles) {
            check_role(&format!("roles.{value}"), role)?;
        }
        Ok(())
    }
}

fn check_role(path: &str, role: &RoleName) -> Result<(), Fault> {
    if role.built_in() == Some(Role::Owner) {
        let reason =
            "a JWT makes nobody an owner; write `admin`, which may all but end the organization";
        return Err(Fault::new(path, reason));
    }
    check_id(path, role.as_str())
}

impl Issuers {
    /// These issuers.
    ///
    /// # Errors
    /// As [`Issuers::check`].
    pub fn new(all: Vec<TrustedIssuer>) -> Result<Self, Fault> {
        Issuers::check(all.iter().map(|one| &one.issuer))?;
        let trusted = Trusted { generation: 0, all };
        Ok(Issuers {
            trusted: RwLock::new(Arc::new(trusted)),
        })
    }

    /// Whether these issuers can be trusted together.
    ///
    /// # Errors
    /// Which setting of which of them is wrong, such as `[1].issuer`, and what to write instead.
    pub fn check<'a>(all: impl IntoIterator<Item = &'a Issuer>) -> Result<(), Fault> {
        let mut seen: Vec<&str> = Vec::new();
        for (index, issuer) in all.into_iter().enumerate() {
            let place =
                |fault: Fault| Fault::new(format!("[{index}].{}", fault.path), fault.reason);
            issuer.check().map_err(place)?;
            if seen.contains(&issuer.issuer.as_str()) {
                let reason = "stands there twice; one issuer has one set of rules";
                return Err(place(Fault::new("issuer", reason)));
            }
            seen.push(&issuer.issuer);
        }
        Ok(())
    }

    /// Puts these in the place of all that were trusted. JWTs that are shown from now on are verified anew.
    ///
    /// # Errors
    /// As [`Issuers::check`]; nothing changes then.
    pub fn replace(&self, all: Vec<TrustedIssuer>) -> Result<(), Fault> {
        Issuers::check(all.iter().map(|one| &one.issuer))?;
        let mut trusted = self.trusted.write();
        let generation = trusted.generation + 1;
        *trusted = Arc::new(Trusted { generation, all });
        Ok(())
    }

    pub(crate) fn trusted(&self) -> Arc<Trusted> {
        Arc::clone(&self.trusted.read())
    }
}

impl Trusted {
    /// The text, if it has the form of a JWT and names an issuer that is trusted. All else is no JWT, whatever it
    /// looks like: platforms issue keys of that form too.
    pub fn presented<'a>(&'a self, text: &'a str) -> Option<Presented<'a>> {
        let compact = Compact::parse(text)?;
        let by = self
            .all
            .iter()
            .find(|one| compact.is_by(&one.issuer.issuer))?;
        Some(Presented {
            compact,
            by,
            generation: self.generation,
        })
    }
}

/// Whether a public id is that of a JWT and not of a token.
pub(crate) fn is_id(id: &str) -> bool {
    id.starts_with(ID_PREFIX)
}
