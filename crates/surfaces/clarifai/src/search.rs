//! What is asked: a request message, understood.

use std::net::IpAddr;

use docket_event::{Fault, Span};
use prost_types::Timestamp;

use crate::moment::Moment;
use crate::proto::{self, audit_log_target::Target};
use crate::wire::{EVERY_OPERATION, PER_PAGE_DEFAULT, PER_PAGE_MAX, VALUES_MAX};

/// A question, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// Whose log it is: an id, or `me`.
    pub user_id: String,
    /// When it happened.
    pub occurred: Span,
    /// Acting users, by id; empty for all.
    pub user_ids: Vec<String>,
    /// Operations; `None` for all. Numbers that nobody knows are found where they came in.
    pub operations: Option<Vec<i32>>,
    /// What was acted upon; empty for all.
    pub targets: Vec<AskedTarget>,
    /// The outcome; `None` for both.
    pub success: Option<bool>,
    /// Addresses, of which none may be left when none can be read; `None` for all.
    pub source_ips: Option<Vec<IpAddr>>,
    /// Oldest first, instead of newest first.
    pub ascending: bool,
    /// Entries in front of the page.
    pub skip: u64,
    /// Most entries of the page, 1 to [`PER_PAGE_MAX`].
    pub limit: usize,
}

/// What was acted upon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedTarget {
    /// The vendor's word for its kind.
    pub kind: &'static str,
    /// Its id.
    pub id: String,
}

/// Why a request cannot be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// It holds something that its type does not allow.
    Malformed(Fault),
    /// It asks for something that is not given.
    Invalid(Fault),
}

impl Search {
    /// Understands a request. A `user_id` besides is that of the path, which wins.
    ///
    /// # Errors
    /// The first thing that is not allowed.
    pub fn read(
        request: proto::PostAuditLogSearchesRequest,
        user_id: Option<String>,
    ) -> Result<Self, Unusable> {
        let named = request.user_app_id.map(|ids| ids.user_id);
        let user_id = user_id.or(named).filter(|id| !id.is_empty());
        let Some(user_id) = user_id else {
            let reason = "is empty; name the organization, one of its members, or me";
            return Err(invalid("user_app_id.user_id", reason));
        };
        let query = request.query.unwrap_or_default();
        let (skip, limit) = page(&request.pagination.unwrap_or_default())?;
        check_count("query.user_ids", query.user_ids.len())?;
        check_count("query.operations", query.operations.len())?;
        check_count("query.targets", query.targets.len())?;
        check_count("query.source_ips", query.source_ips.len())?;
        let source_ips = query.source_ips.iter().map(|text| text.parse().ok());
        Ok(Search {
            user_id,
            occurred: span(query.timestamp_from, query.timestamp_to)?,
            operations: operations(query.operations),
            targets: targets(query.targets)?,
            success: query.success,
            source_ips: (!query.source_ips.is_empty()).then(|| source_ips.flatten().collect()),
            user_ids: query.user_ids,
            ascending: request.sort_ascending,
            skip,
            limit,
        })
    }
}

fn invalid(path: &str, reason: impl Into<String>) -> Unusable {
    Unusable::Invalid(Fault::new(path, reason))
}

/// Entries in front of the page, and most entries of it. Zero is the same as not given.
fn page(asked: &proto::Pagination) -> Result<(u64, usize), Unusable> {
    let per_page = match asked.per_page {
        0 => PER_PAGE_DEFAULT,
        fits @ 1..=PER_PAGE_MAX => fits,
        more => {
            let reason = format!("is {more}; a page has at most {PER_PAGE_MAX} entries");
            return Err(invalid("pagination.per_page", reason));
        }
    };
    let before = u64::from(asked.page.max(1)) - 1;
    let limit = usize::try_from(per_page).unwrap_or(usize::MAX);
    Ok((before * u64::from(per_page), limit))
}

fn check_count(path: &str, count: usize) -> Result<(), Unusable> {
    match count > VALUES_MAX {
        true => Err(invalid(
            path,
            format!("has {count} values; at most {VALUES_MAX} are taken"),
        )),
        false => Ok(()),
    }
}

/// Both bounds belong to it. Nothing happened before 1970.
fn span(from: Option<Timestamp>, to: Option<Timestamp>) -> Result<Span, Unusable> {
    let from = moment("query.timestamp_from", from)?;
    let to = moment("query.timestamp_to", to)?;
    Ok(Span {
        from: from.map(|from| from.micros_up().max(0)),
        to: to.map(|to| (to.micros() + 1).max(0)),
    })
}

fn moment(path: &str, asked: Option<Timestamp>) -> Result<Option<Moment>, Unusable> {
    let Some(Timestamp { seconds, nanos }) = asked else {
        return Ok(None);
    };
    let reason = || format!("{seconds} s and {nanos} ns are outside the years 1 to 9999");
    let found = Moment::new(seconds, nanos);
    found
        .map(Some)
        .ok_or_else(|| Unusable::Malformed(Fault::new(path, reason())))
}

/// Zeros mean every operation and are dropped first; if nothing is left, nothing is filtered.
fn operations(mut asked: Vec<i32>) -> Option<Vec<i32>> {
    asked.retain(|operation| *operation != EVERY_OPERATION);
    (!asked.is_empty()).then_some(asked)
}

fn targets(asked: Vec<proto::AuditLogTarget>) -> Result<Vec<AskedTarget>, Unusable> {
    let target = |(index, asked): (usize, proto::AuditLogTarget)| {
        let path = format!("query.targets[{index}]");
        let Some(target) = asked.target else {
            return Err(invalid(&path, "has no kind; write one such as app"));
        };
        let (kind, id) = kind_and_id(target);
        match id.is_empty() {
            true => Err(invalid(
                &format!("{path}.{kind}.id"),
                "is empty; write an id",
            )),
            false => Ok(AskedTarget { kind, id }),
        }
    };
    asked.into_iter().enumerate().map(target).collect()
}

fn kind_and_id(target: Target) -> (&'static str, String) {
    match target {
        Target::User(one) => ("user", one.id),
        Target::Role(one) => ("role", one.id),
        Target::Team(one) => ("team", one.id),
        Target::App(one) => ("app", one.id),
        Target::Module(one) => ("module", one.id),
        Target::ModuleVersion(one) => ("module_version", one.id),
        Target::Workflow(one) => ("workflow", one.id),
        Target::WorkflowVersion(one) => ("workflow_version", one.id),
        Target::Model(one) => ("model", one.id),
        Target::ModelVersion(one) => ("model_version", one.id),
        Target::ComputeCluster(one) => ("compute_cluster", one.id),
        Target::Nodepool(one) => ("nodepool", one.id),
        Target::Deployment(one) => ("deployment", one.id),
    }
}

#[cfg(test)]
mod tests;
