//! Issuers of JWTs: which are trusted, and what their claims mean.

use std::collections::BTreeMap;
use std::path::PathBuf;

use docket_access::{ClaimPath, Issuer, Issuers, RoleClaim, RoleName, Tenant};
use docket_event::Fault;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::FileError;

/// The name of the list in the file.
pub(super) const SECTION: &str = "jwt";

/// An issuer of JWTs that is trusted, and what its claims mean here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JwtSection {
    /// What `iss` must be, to the letter. Must be set.
    pub issuer: String,
    /// What `aud` must be, or have among its values. Must be set.
    pub audience: String,
    /// File with the issuer's public keys, a JWKS. Must be set. Nothing is ever fetched over the network.
    pub keys: PathBuf,
    /// The organization into which its JWTs lead. Whoever has the issuer's keys can speak for everybody there.
    pub organization: Option<String>,
    /// Instead, the claim that names the organization: then the issuer speaks for all organizations.
    pub organization_claim: Option<String>,
    /// The claim that is a member's or an account's id; `email`: a member's address.
    pub member_claim: String,
    /// The claim that names roles in the issuer's words. With it, nobody may more than these roles allow.
    pub role_claim: Option<String>,
    /// The role that each value of `role_claim` means.
    pub roles: BTreeMap<String, String>,
    /// The role where the claims name none.
    pub default_role: Option<String>,
    /// The claim that names the project to which a JWT is limited; every JWT must have it then.
    pub project_claim: Option<String>,
}

impl Default for JwtSection {
    fn default() -> Self {
        JwtSection {
            issuer: String::new(),
            audience: String::new(),
            keys: PathBuf::new(),
            organization: None,
            organization_claim: None,
            member_claim: "sub".to_owned(),
            role_claim: None,
            roles: BTreeMap::new(),
            default_role: None,
            project_claim: None,
        }
    }
}

impl JwtSection {
    /// The rules by which the issuer's JWTs are taken.
    ///
    /// # Errors
    /// Which key is wrong or missing.
    pub fn issuer(&self) -> Result<Issuer, Fault> {
        if self.keys.as_os_str().is_empty() {
            let reason = "must be the path of a file with the issuer's public keys (JWKS)";
            return Err(Fault::new("keys", reason));
        }
        let issuer = Issuer {
            issuer: self.issuer.clone(),
            audience: self.audience.clone(),
            organization: self.tenant()?,
            member: claim("member_claim", &self.member_claim)?,
            role: self.role()?,
            default_role: self.default_role.clone().map(RoleName::new),
            project: optional("project_claim", self.project_claim.as_deref())?,
        };
        issuer.check()?;
        Ok(issuer)
    }

    fn tenant(&self) -> Result<Tenant, Fault> {
        match (&self.organization, &self.organization_claim) {
            (Some(org), None) => Ok(Tenant::Fixed(org.clone())),
            (None, Some(path)) => claim("organization_claim", path).map(Tenant::Claim),
            (None, None) => Err(Fault::new(
                "organization",
                "must be set, or `organization_claim` instead",
            )),
            (Some(_), Some(_)) => Err(Fault::new(
                "organization_claim",
                "contradicts `organization`; leave out one of them",
            )),
        }
    }

    fn role(&self) -> Result<Option<RoleClaim>, Fault> {
        let Some(path) = optional("role_claim", self.role_claim.as_deref())? else {
            return match self.roles.is_empty() {
                true => Ok(None),
                false => Err(Fault::new(
                    "role_claim",
                    "must be set where there are `roles`",
                )),
            };
        };
        if self.roles.is_empty() {
            let reason = "must say which role each value of `role_claim` means";
            return Err(Fault::new("roles", reason));
        }
        let role = |(value, role): (&String, &String)| (value.clone(), RoleName::new(role));
        Ok(Some(RoleClaim {
            path,
            roles: self.roles.iter().map(role).collect(),
        }))
    }

    /// The keys of an entry, such as `jwt.issuer`.
    pub(super) fn keys() -> Vec<String> {
        let members = serde_json::to_value(JwtSection::default()).unwrap_or_default();
        let names = members.as_object().into_iter().flat_map(|all| all.keys());
        names.map(|name| format!("{SECTION}.{name}")).collect()
    }
}

fn optional(key: &str, path: Option<&str>) -> Result<Option<ClaimPath>, Fault> {
    path.map(|path| claim(key, path)).transpose()
}

fn claim(key: &str, path: &str) -> Result<ClaimPath, Fault> {
    ClaimPath::parse(path).map_err(|fault| Fault::new(key, fault.reason))
}

/// Reads the entries of the list. Each key is read alone at first, so that what is wrong with it is told with its name.
pub(super) fn read(value: Value) -> Result<Vec<JwtSection>, FileError> {
    let not_a_list = || {
        wrong(
            SECTION.to_owned(),
            "is a list of issuers; begin each with [[jwt]]",
        )
    };
    let Value::Array(entries) = value else {
        return Err(not_a_list());
    };
    let mut sections = Vec::new();
    for (index, entry) in entries.into_iter().enumerate() {
        let Value::Table(entry) = entry else {
            return Err(not_a_list());
        };
        let place = format!("{SECTION}[{index}]");
        let section = section(&place, entry)?;
        let at = |fault: Fault| wrong(format!("{place}.{}", fault.path), fault.reason);
        section.issuer().map_err(at)?;
        sections.push(section);
    }
    let issuers: Vec<Issuer> = sections.iter().flat_map(JwtSection::issuer).collect();
    Issuers::check(&issuers)
        .map_err(|fault| wrong(format!("{SECTION}{}", fault.path), fault.reason))?;
    Ok(sections)
}

fn section(place: &str, entry: Table) -> Result<JwtSection, FileError> {
    let known = JwtSection::keys();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    for (name, value) in &entry {
        if !known.contains(&format!("{SECTION}.{name}").as_str()) {
            return Err(super::file::unknown(format!("{place}.{name}"), &known));
        }
        let alone = Table::from_iter([(name.clone(), value.clone())]);
        parse(alone).map_err(|reason| wrong(format!("{place}.{name}"), reason))?;
    }
    parse(entry).map_err(|reason| wrong(place.to_owned(), reason))
}

fn parse(entry: Table) -> Result<JwtSection, String> {
    let read = Value::Table(entry).try_into();
    read.map_err(|error: toml::de::Error| error.message().to_owned())
}

fn wrong(key: String, reason: impl Into<String>) -> FileError {
    FileError::Value {
        key,
        reason: reason.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Settings;
    use super::*;

    const GOOD: &str = "[[jwt]]\nissuer = \"https://id.example.com/\"\naudience = \"docket\"\n\
                        keys = \"id.json\"\norganization = \"acme\"\n";

    fn parse(text: &str) -> Result<Vec<JwtSection>, String> {
        let settings = Settings::parse(text, &[]).map_err(|error| error.to_string());
        settings.map(|settings| settings.config.jwt)
    }

    #[test]
    fn issuers_are_read() {
        let second = "[[jwt]]\nissuer = \"https://login.example.org\"\naudience = \"log\"\nkeys = \"/k\"\n\
                      organization_claim = \"tenant.id\"\nmember_claim = \"email\"\nrole_claim = \"groups\"\n\
                      default_role = \"member\"\nproject_claim = \"project\"\n[jwt.roles]\nsec = \"auditor\"\n\
                      \"log admins\" = \"log_admin\"\n";
        let all = parse(&format!("{GOOD}{second}[log]\nformat = \"json\"\n")).unwrap();
        assert_eq!(all[0].member_claim, "sub");
        assert_eq!(all[1].roles["log admins"], "log_admin");
        let rules = all[1].issuer().unwrap();
        assert_eq!(
            rules.organization,
            Tenant::Claim(ClaimPath::parse("tenant.id").unwrap())
        );
        assert_eq!(rules.role.unwrap().roles["sec"], RoleName::new("auditor"));
        assert_eq!(parse("").unwrap(), []);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_key() {
        let without = |key: &str| {
            let lines = GOOD.lines().filter(|line| !line.starts_with(key));
            lines.map(|line| format!("{line}\n")).collect::<String>()
        };
        let with = |line: &str| format!("{GOOD}{line}\n");
        for (text, parts) in [
            (without("issuer"), ["`jwt[0].issuer`", "bytes"]),
            (without("audience"), ["`jwt[0].audience`", "bytes"]),
            (without("keys"), ["`jwt[0].keys`", "JWKS"]),
            (
                without("organization"),
                ["`jwt[0].organization`", "organization_claim"],
            ),
            (
                with("organization_claim = \"o\""),
                ["`jwt[0].organization_claim`", "contradicts"],
            ),
            (
                with("audiense = \"x\""),
                ["`jwt[0].audiense`", "`jwt.audience`"],
            ),
            (
                with("member_claim = 7"),
                ["`jwt[0].member_claim`", "string"],
            ),
            (
                with("member_claim = \"\""),
                ["`jwt[0].member_claim`", "claim"],
            ),
            (with("role_claim = \"r\""), ["`jwt[0].roles`", "role_claim"]),
            (
                with("default_role = \"owner\""),
                ["`jwt[0].default_role`", "admin"],
            ),
            (
                with("[jwt.roles]\na = \"admin\""),
                ["`jwt[0].role_claim`", "roles"],
            ),
            (
                with("role_claim = \"r\"\n[jwt.roles]\nboss = \"owner\""),
                ["`jwt[0].roles.boss`", "admin"],
            ),
            (
                with("role_claim = \"r\"\n[jwt.roles]\nboss = 1"),
                ["`jwt[0].roles`", "string"],
            ),
            (format!("{GOOD}{GOOD}"), ["`jwt[1].issuer`", "twice"]),
            (GOOD.replace("[[jwt]]", "[jwt]"), ["`jwt`", "[[jwt]]"]),
            ("jwt = [1]".to_owned(), ["`jwt`", "[[jwt]]"]),
        ] {
            let told = parse(&text).unwrap_err();
            assert!(
                parts.iter().all(|part| told.contains(part)),
                "{text}: {told}"
            );
        }
    }
}
