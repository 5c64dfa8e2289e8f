//! The vendor's spelling: names on the wire, and the query string as it is asked in.

mod raw;

use docket_surfaces_kit::query::pairs;

use crate::error::{ApiError, shown};
use raw::Raw;

/// The value of an entry's `object`.
pub const OBJECT: &str = "organization.audit_log";
/// What the id of an event begins with that came without one.
pub const OUR_ID: &str = "audit_log-";
/// What `origin.id` begins with when it is the hash of an entry that came without an id.
pub const HASHED: &str = "sha256:";
/// The member of `origin.extra` that keeps how an entry spelled its type, where that is not printed today.
pub const SPELLING: &str = "type";
/// The public beginning of the vendor's admin keys.
pub const KEY_PREFIX: &str = "sk-admin-";
/// The vendor's name for the permission to read the log.
pub const READ_SCOPE: &str = "api.audit_logs.read";
/// The header that names an organization.
pub const ORGANIZATION_HEADER: &str = "openai-organization";
/// Types about a person's place in a project: the one-way words that are printed with their project.
pub const PLACE_TYPES: [&str; 1] = ["project.member."];
/// What tenant-scoped types begin with.
pub const TENANT_PREFIX: &str = "tenant.";
/// The tenant-scoped types that begin otherwise.
pub const TENANT_TYPES: [&str; 2] = ["role.bound_to_resource", "role.unbound_from_resource"];
/// The paths of the log.
pub const PATHS: [&str; 2] = ["/v1/organization/audit_logs", "/organization/audit_logs"];

/// Most entries of a page.
pub const LIMIT_MAX: usize = 100;
/// Entries of a page, unless the caller says otherwise.
pub const LIMIT_DEFAULT: usize = 20;

const TENANT_ONLY: &str = "tenant_only";
const LIMIT: &str = "limit";
const ORDER: &str = "order";
/// The cursor that a page follows.
pub const AFTER: &str = "after";
/// The cursor that a page stands in front of.
pub const BEFORE: &str = "before";
/// The range of times.
pub const EFFECTIVE_AT: &str = "effective_at";
/// The list of types.
pub const EVENT_TYPES: &str = "event_types";

/// What is asked: a query string, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Projects, by id.
    pub project_ids: Vec<String>,
    /// Types, as the vendor spells them.
    pub event_types: Vec<String>,
    /// Users, service accounts and keys, by id.
    pub actor_ids: Vec<String>,
    /// Users, by e-mail address.
    pub actor_emails: Vec<String>,
    /// What was acted upon, by id.
    pub resource_ids: Vec<String>,
    /// Only tenant-scoped entries; without it, none of them.
    pub tenant_only: bool,
    /// When it happened.
    pub effective_at: Range,
    /// Most entries of the page, 1 to [`LIMIT_MAX`].
    pub limit: usize,
    /// The entry that the page follows.
    pub after: Option<String>,
    /// The entry that the page stands in front of.
    pub before: Option<String>,
    /// In which order.
    pub order: ListOrder,
}

/// Bounds of a time, each in the first whole second that decides it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// First second inside, by `gt`.
    pub gt: Option<i64>,
    /// First second inside, by `gte`.
    pub gte: Option<i64>,
    /// First second behind, by `lt`.
    pub lt: Option<i64>,
    /// First second behind, by `lte`.
    pub lte: Option<i64>,
}

/// The orders of a listing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListOrder {
    /// Newest first.
    #[default]
    Desc,
    /// As recorded, oldest first.
    Asc,
}

impl Listing {
    /// Reads a query string in any of the spellings that clients use. Unknown parameters are ignored, and an
    /// empty value is an absent one.
    ///
    /// # Errors
    /// The first value that is not allowed. What names a known parameter is never ignored: the caller would
    /// be given more than was asked for.
    pub fn parse(query: &str) -> Result<Self, ApiError> {
        let mut raw = Raw::default();
        for (name, value) in pairs(query).map_err(|bad| ApiError::query(&bad.to_string()))? {
            if !value.is_empty() {
                raw.take(&name, value)?;
            }
        }
        let [
            project_ids,
            event_types,
            actor_ids,
            actor_emails,
            resource_ids,
        ] = raw.lists;
        let listing = Listing {
            project_ids,
            event_types,
            actor_ids,
            actor_emails,
            resource_ids,
            tenant_only: raw.tenant_only.unwrap_or_default(),
            effective_at: raw.effective_at,
            limit: raw.limit.unwrap_or(LIMIT_DEFAULT),
            after: raw.after,
            before: raw.before,
            order: raw.order.unwrap_or_default(),
        };
        listing.check_types()?;
        Ok(listing)
    }

    fn check_types(&self) -> Result<(), ApiError> {
        for word in &self.event_types {
            if !type_shaped(word) {
                let reason =
                    "is not an event type. Expected a dotted name such as project.created.";
                let message = format!("Invalid value: '{}' {reason}", shown(word));
                return Err(ApiError::value(EVENT_TYPES, message));
            }
            if self.tenant_only && !tenant_scoped(word) {
                let reason = "is not tenant-scoped. With 'tenant_only', every event type must be.";
                let message = format!("Invalid value: '{}' {reason}", shown(word));
                return Err(ApiError::value(EVENT_TYPES, message));
            }
        }
        Ok(())
    }
}

/// Whether entries of this type are shown with `tenant_only` alone.
pub fn tenant_scoped(word: &str) -> bool {
    word.starts_with(TENANT_PREFIX) || TENANT_TYPES.contains(&word)
}

/// Words of ASCII letters, digits, `_` and `-`, at least two, joined by dots.
fn type_shaped(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    name.contains('.')
        && name
            .split('.')
            .all(|word| !word.is_empty() && word.bytes().all(letter))
}

#[cfg(test)]
mod tests;
