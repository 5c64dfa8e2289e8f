//! What an organization sets for itself: its name, how long events are kept, from where it is reached, whether reads
//! are recorded.

use docket_event::Event;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::audit::{Attributes, attributes, changed, target};
use crate::change::Plan;
use crate::names::check_name;
use crate::record::{
    OrganizationRecord, SettingsRecord, insert, organization_key, replace, settings_key,
};
use crate::{Access, AccessError, Caller};

/// Most ranges of addresses.
pub const RANGES_MAX: usize = 256;
/// Shorter retention than this, in days, must be confirmed (OpenAI and others keep theirs for at least as long).
pub const RETENTION_CONFIRMED_BELOW_DAYS: u32 = 183;
/// Longest retention that can be set, in days: a hundred years.
pub const RETENTION_DAYS_MAX: u32 = 36_525;

/// The settings of an organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Settings {
    /// Display name of the organization.
    pub name: Option<String>,
    /// For how many days events are kept; for ever if absent.
    pub retention_days: Option<u32>,
    /// Ranges of addresses (CIDR) from which tokens are taken; from everywhere if empty.
    #[schema(value_type = Vec<String>)]
    pub allowed_ips: Vec<IpNet>,
    /// Whether it is recorded who reads events.
    pub read_audit: bool,
}

/// What changes of the settings; members that are absent stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingsChange {
    /// Display name of the organization.
    #[serde(default)]
    pub name: Option<String>,
    /// For how many days events are kept; 0: for ever.
    #[serde(default)]
    pub retention_days: Option<u32>,
    /// Ranges of addresses (CIDR) from which tokens are taken; an empty list: from everywhere.
    #[serde(default)]
    pub allowed_ips: Option<Vec<String>>,
    /// Whether it is recorded who reads events.
    #[serde(default)]
    pub read_audit: Option<bool>,
    /// Must be true to keep events for fewer than 183 days, and for ranges that the caller's own address is not in.
    #[serde(default)]
    pub confirm: bool,
}

impl Access {
    /// The settings of an organization.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without such an organization.
    pub fn settings(&self, org: &str) -> Result<Settings, AccessError> {
        let organization = self.must_exist(org)?;
        let record = self.settings_record(org)?.0;
        Ok(shown(&organization.value, record))
    }

    /// Changes settings. Durable when it returns, with `organization.updated` and `ip_allowlist.created`, `.updated`
    /// or `.deleted`, as far as they apply.
    ///
    /// # Errors
    /// [`AccessError::Invalid`] for values that cannot be, also for a short retention that is not confirmed.
    pub fn update_settings(
        &self,
        org: &str,
        change: &SettingsChange,
        by: &Caller,
    ) -> Result<Settings, AccessError> {
        check(change)?;
        let ranges = change.allowed_ips.as_deref().map(ranges).transpose()?;
        if let Some(ranges) = ranges.as_deref().filter(|_| !change.confirm) {
            must_admit(ranges, by)?;
        }
        self.change(&self.log(org)?, || {
            let organization = self.must_exist(org)?;
            let (old, version) = self.settings_record(org)?;
            let mut new = old.clone();
            let mut renamed = organization.value.clone();
            if let Some(name) = &change.name {
                renamed.name = Some(name.clone());
            }
            if let Some(days) = change.retention_days {
                new.retention_days = Some(days).filter(|days| *days > 0);
            }
            if let Some(ranges) = &ranges {
                new.allowed_ips.clone_from(ranges);
            }
            new.read_audit = change.read_audit.unwrap_or(new.read_audit);
            let mut events = Vec::new();
            let before = about(&organization.value, &old);
            if let Some((before, after)) = changed(before, about(&renamed, &new)) {
                let targets = vec![target("organization", org, renamed.name.as_deref())];
                events.push(by.tells(
                    "organization.updated",
                    targets,
                    Some(before),
                    Some(after),
                )?);
            }
            events.extend(addresses_event(org, &old, &new, by)?);
            let mut records = Vec::new();
            if old != new {
                records.push(match version {
                    None => insert(settings_key(org), &new)?,
                    Some(version) => replace(settings_key(org), version, &new)?,
                });
            }
            if organization.value.name != renamed.name {
                records.push(replace(
                    organization_key(org),
                    organization.version,
                    &renamed,
                )?);
            }
            Ok(Plan::of(events, records, shown(&renamed, new)))
        })
    }

    /// What is set, with the record's version if there is one.
    pub(crate) fn settings_record(
        &self,
        org: &str,
    ) -> Result<(SettingsRecord, Option<u64>), AccessError> {
        let found = self.read::<SettingsRecord>(&settings_key(org))?;
        Ok(match found {
            Some(found) => (found.value, Some(found.version)),
            None => (SettingsRecord::default(), None),
        })
    }
}

fn check(change: &SettingsChange) -> Result<(), AccessError> {
    if let Some(name) = &change.name {
        check_name("name", name).map_err(AccessError::Invalid)?;
    }
    match change.retention_days {
        Some(days) if days > RETENTION_DAYS_MAX => Err(AccessError::invalid(
            "retention_days",
            format!("is more than {RETENTION_DAYS_MAX}; write 0 to keep events for ever"),
        )),
        Some(days @ 1..RETENTION_CONFIRMED_BELOW_DAYS) if !change.confirm => {
            let reason = format!(
                "{days} is less than {RETENTION_CONFIRMED_BELOW_DAYS}, and what is older goes for good; \
                 say `confirm` (`--yes` on the command line) if that is meant"
            );
            Err(AccessError::invalid("retention_days", reason))
        }
        Some(_) | None => Ok(()),
    }
}

fn ranges(texts: &[String]) -> Result<Vec<IpNet>, AccessError> {
    if texts.len() > RANGES_MAX {
        let reason = format!("has more than {RANGES_MAX} ranges");
        return Err(AccessError::invalid("allowed_ips", reason));
    }
    let mut all = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        let range = text.parse::<IpNet>().ok();
        let single = || text.parse::<std::net::IpAddr>().ok().map(IpNet::from);
        let Some(range) = range.or_else(single) else {
            let shown: String = text.chars().take(60).collect();
            let reason = format!("`{shown}` is no range; write one such as 203.0.113.0/24");
            return Err(AccessError::invalid(
                &format!("allowed_ips[{index}]"),
                reason,
            ));
        };
        let range = range.trunc();
        if !all.contains(&range) {
            all.push(range);
        }
    }
    Ok(all)
}

/// Refuses ranges that would keep whoever sets them out.
fn must_admit(ranges: &[IpNet], by: &Caller) -> Result<(), AccessError> {
    let ip = by.source.as_ref().and_then(|source| source.ip.as_deref());
    let Some(ip) = ip.and_then(|ip| ip.parse::<std::net::IpAddr>().ok()) else {
        return Ok(());
    };
    let ip = ip.to_canonical();
    if ranges.is_empty() || ranges.iter().any(|range| range.contains(&ip)) {
        return Ok(());
    }
    let reason = format!(
        "does not contain {ip}, from where this is asked: the caller would be locked out; say `confirm` if that is meant"
    );
    Err(AccessError::invalid("allowed_ips", reason))
}

/// The event that tells of other ranges of addresses, if they are others.
fn addresses_event(
    org: &str,
    old: &SettingsRecord,
    new: &SettingsRecord,
    by: &Caller,
) -> Result<Option<Event>, AccessError> {
    if old.allowed_ips == new.allowed_ips {
        return Ok(None);
    }
    let event_type = match (old.allowed_ips.is_empty(), new.allowed_ips.is_empty()) {
        (true, _) => "ip_allowlist.created",
        (false, true) => "ip_allowlist.deleted",
        (false, false) => "ip_allowlist.updated",
    };
    let about = |settings: &SettingsRecord| {
        let some = !settings.allowed_ips.is_empty();
        some.then(|| attributes(json!({ "allowed_ips": settings.allowed_ips })))
    };
    let targets = vec![target("ip_allowlist", org, None)];
    by.tells(event_type, targets, about(old), about(new))
        .map(Some)
}

/// What `organization.updated` tells of.
fn about(organization: &OrganizationRecord, settings: &SettingsRecord) -> Attributes {
    attributes(json!({
        "name": organization.name,
        "retention_days": settings.retention_days,
        "read_audit": settings.read_audit,
    }))
}

fn shown(organization: &OrganizationRecord, settings: SettingsRecord) -> Settings {
    Settings {
        name: organization.name.clone(),
        retention_days: settings.retention_days,
        allowed_ips: settings.allowed_ips,
        read_audit: settings.read_audit,
    }
}
