//! Who gets which status from which route: one row for each route of every surface.

/// Id of a member who can be changed.
pub const MEMBER: &str = "u-thing";
/// Id of another one.
pub const OTHER_MEMBER: &str = "u-other";
/// Another organization.
pub const OTHER: &str = "other";

/// A way to say who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Credential {
    Nobody,
    Garbage,
    Expired,
    Revoked,
    /// The token of an owner of the organization who is blocked.
    Blocked,
    Owner,
    Admin,
    Auditor,
    Writer,
    Member,
    /// The owner of another organization.
    OtherOrganization,
    InstanceAdmin,
    /// The same, naming the organization in a header.
    InstanceAdminNaming,
    InstanceWrite,
}

use Credential as C;

/// The columns of the table.
pub const CREDENTIALS: [Credential; 14] = [
    C::Nobody,
    C::Garbage,
    C::Expired,
    C::Revoked,
    C::Blocked,
    C::Owner,
    C::Admin,
    C::Auditor,
    C::Writer,
    C::Member,
    C::OtherOrganization,
    C::InstanceAdmin,
    C::InstanceAdminNaming,
    C::InstanceWrite,
];

/// A status for each credential.
pub type Statuses = [u16; CREDENTIALS.len()];

/// What is asked of a route, and who gets which status.
pub struct Row {
    pub method: &'static str,
    /// The route's path.
    pub path: &'static str,
    /// The path that is asked, if it is another: a kind in braces is the id of a thing of that kind.
    pub asked: &'static str,
    pub body: &'static str,
    pub expected: Statuses,
}

const fn row(
    method: &'static str,
    path: &'static str,
    asked: &'static str,
    body: &'static str,
    expected: Statuses,
) -> Row {
    Row {
        method,
        path,
        asked: if asked.is_empty() { path } else { asked },
        body,
        expected,
    }
}

/// A status for everybody.
const fn all(status: u16) -> Statuses {
    [status; CREDENTIALS.len()]
}

/// Nobody without a working token, then these.
const fn known(rest: [u16; 9]) -> Statuses {
    let [
        owner,
        admin,
        auditor,
        writer,
        member,
        other,
        instance,
        naming,
        write,
    ] = rest;
    [
        401, 401, 401, 401, 401, owner, admin, auditor, writer, member, other, instance, naming,
        write,
    ]
}

/// Administration of an organization; whose other one gets this.
const fn administers(status: u16, other: u16) -> Statuses {
    known([status, status, 403, 403, 403, other, 403, status, 403])
}

/// Administration of the instance.
const fn instance(status: u16) -> Statuses {
    known([403, 403, 403, 403, 403, 403, status, status, 403])
}

/// Events that somebody else caused; the instance reads its own log alone.
const READS: Statuses = known([200, 200, 200, 403, 200, 200, 200, 403, 403]);
const READS_ONE: Statuses = known([200, 200, 200, 403, 404, 404, 404, 403, 403]);
const WRITES: Statuses = known([200, 200, 403, 200, 403, 200, 403, 403, 403]);
const WRITES_ANYWHERE: Statuses = known([403, 403, 403, 403, 403, 403, 403, 403, 200]);
/// On vendors' surfaces, which know no such header.
const READS_ALL: Statuses = known([200, 200, 200, 403, 403, 200, 200, 200, 403]);
const READS_OWN: Statuses = known([200, 200, 200, 403, 200, 200, 200, 200, 403]);

const EVENT: &str = r#"{"type":"shop.opened"}"#;
const NAME: &str = r#"{"name":"Other"}"#;

/// The table.
#[rustfmt::skip]
pub const ROWS: &[Row] = &[
    row("POST", "/api/v1/events", "", EVENT, WRITES),
    row("POST", "/api/v1/orgs/{org}/events", "/api/v1/orgs/acme/events", EVENT, WRITES_ANYWHERE),
    row("GET", "/api/v1/events", "", "", READS),
    row("GET", "/api/v1/events/{id}", "/api/v1/events/{events}", "", READS_ONE),
    row("GET", "/api/v1/stats", "", "", READS),
    row("GET", "/api/v1/openapi.json", "", "", all(200)),
    row("GET", "/api/v1/docs", "", "", all(200)),
    row("GET", "/healthz", "", "", all(200)),
    row("GET", "/readyz", "", "", all(200)),
    row("GET", "/metrics", "", "", all(200)),
    row("GET", "/api/v1/orgs", "", "", instance(200)),
    row("POST", "/api/v1/orgs", "", r#"{"id":"late","owner_email":"o@late.example"}"#, instance(201)),
    row("GET", "/api/v1/orgs/{org}", "/api/v1/orgs/acme", "", known([200, 200, 403, 403, 403, 403, 200, 200, 403])),
    // Whoever may is told that a legal hold stands.
    row("DELETE", "/api/v1/orgs/{org}", "/api/v1/orgs/acme", "", known([409, 403, 403, 403, 403, 403, 409, 409, 403])),
    row("GET", "/api/v1/instance/tokens", "", "", instance(200)),
    row("POST", "/api/v1/instance/tokens", "", r#"{"write":true}"#, instance(201)),
    row("GET", "/api/v1/instance/tokens/{id}", "/api/v1/instance/tokens/{instance}", "", instance(200)),
    row("DELETE", "/api/v1/instance/tokens/{id}", "/api/v1/instance/tokens/{instance}", "", instance(200)),
    row("POST", "/api/v1/instance/tokens/{id}/rotate", "/api/v1/instance/tokens/{instance}/rotate", "", instance(200)),
    row("GET", "/api/v1/members", "", "", administers(200, 200)),
    row("POST", "/api/v1/members", "", r#"{"email":"n@acme.example"}"#, administers(201, 201)),
    row("GET", "/api/v1/members/{id}", "/api/v1/members/{members}", "", administers(200, 404)),
    row("PATCH", "/api/v1/members/{id}", "/api/v1/members/{members}", NAME, administers(200, 404)),
    row("DELETE", "/api/v1/members/{id}", "/api/v1/members/{members}", "", administers(200, 404)),
    row("POST", "/api/v1/members/{id}/block", "/api/v1/members/{members}/block", "", administers(200, 404)),
    row("POST", "/api/v1/members/{id}/unblock", "/api/v1/members/u-blocked/unblock", "", known([200, 403, 403, 403, 403, 404, 403, 200, 403])),
    row("GET", "/api/v1/invites", "", "", administers(200, 200)),
    row("POST", "/api/v1/invites", "", r#"{"email":"n@acme.example","role":"member"}"#, administers(201, 201)),
    row("GET", "/api/v1/invites/{id}", "/api/v1/invites/{invites}", "", administers(200, 404)),
    row("DELETE", "/api/v1/invites/{id}", "/api/v1/invites/{invites}", "", administers(200, 404)),
    row("POST", "/api/v1/invites/accept", "", r#"{"code":"{code}"}"#, all(200)),
    row("POST", "/api/v1/invites/decline", "", r#"{"code":"{code}"}"#, all(200)),
    row("GET", "/api/v1/groups", "", "", administers(200, 200)),
    row("POST", "/api/v1/groups", "", NAME, administers(201, 201)),
    row("GET", "/api/v1/groups/{id}", "/api/v1/groups/{groups}", "", administers(200, 404)),
    row("PATCH", "/api/v1/groups/{id}", "/api/v1/groups/{groups}", NAME, administers(200, 404)),
    row("DELETE", "/api/v1/groups/{id}", "/api/v1/groups/{groups}", "", administers(200, 404)),
    row("PUT", "/api/v1/groups/{id}/members/{member}", "/api/v1/groups/{groups}/members/u-other", "", administers(200, 404)),
    row("DELETE", "/api/v1/groups/{id}/members/{member}", "/api/v1/groups/{groups}/members/{members}", "", administers(200, 404)),
    row("GET", "/api/v1/roles", "", "", administers(200, 200)),
    row("POST", "/api/v1/roles", "", r#"{"name":"Other","permissions":["audit:read"]}"#, administers(201, 201)),
    row("GET", "/api/v1/roles/{id}", "/api/v1/roles/{roles}", "", administers(200, 404)),
    row("PATCH", "/api/v1/roles/{id}", "/api/v1/roles/{roles}", NAME, administers(200, 404)),
    row("DELETE", "/api/v1/roles/{id}", "/api/v1/roles/{roles}", "", administers(200, 404)),
    row("GET", "/api/v1/assignments", "", "", administers(200, 200)),
    row("POST", "/api/v1/assignments", "", r#"{"role":"auditor","principal":{"kind":"user","id":"u-other"}}"#, administers(201, 404)),
    row("GET", "/api/v1/assignments/{id}", "/api/v1/assignments/{assignments}", "", administers(200, 404)),
    row("DELETE", "/api/v1/assignments/{id}", "/api/v1/assignments/{assignments}", "", administers(200, 404)),
    row("GET", "/api/v1/tokens", "", "", administers(200, 200)),
    row("POST", "/api/v1/tokens", "", r#"{"owner":"u-other"}"#, administers(201, 404)),
    row("GET", "/api/v1/tokens/{id}", "/api/v1/tokens/{tokens}", "", administers(200, 404)),
    row("PATCH", "/api/v1/tokens/{id}", "/api/v1/tokens/{tokens}", NAME, administers(200, 404)),
    row("DELETE", "/api/v1/tokens/{id}", "/api/v1/tokens/{tokens}", "", administers(200, 404)),
    row("POST", "/api/v1/tokens/{id}/rotate", "/api/v1/tokens/{tokens}/rotate", "", administers(200, 404)),
    row("GET", "/api/v1/projects", "", "", administers(200, 200)),
    row("POST", "/api/v1/projects", "", NAME, administers(201, 201)),
    row("GET", "/api/v1/projects/{id}", "/api/v1/projects/{projects}", "", administers(200, 404)),
    row("PATCH", "/api/v1/projects/{id}", "/api/v1/projects/{projects}", NAME, administers(200, 404)),
    row("DELETE", "/api/v1/projects/{id}", "/api/v1/projects/{projects}", "", administers(200, 404)),
    row("POST", "/api/v1/projects/{id}/archive", "/api/v1/projects/{projects}/archive", "", administers(200, 404)),
    row("GET", "/api/v1/service-accounts", "", "", administers(200, 200)),
    row("POST", "/api/v1/service-accounts", "", r#"{"name":"Robot","role":"writer"}"#, administers(201, 201)),
    row("GET", "/api/v1/service-accounts/{id}", "/api/v1/service-accounts/{service-accounts}", "", administers(200, 404)),
    row("PATCH", "/api/v1/service-accounts/{id}", "/api/v1/service-accounts/{service-accounts}", NAME, administers(200, 404)),
    row("DELETE", "/api/v1/service-accounts/{id}", "/api/v1/service-accounts/{service-accounts}", "", administers(200, 404)),
    row("GET", "/api/v1/settings", "", "", administers(200, 200)),
    row("PATCH", "/api/v1/settings", "", NAME, administers(200, 200)),
    row("GET", "/api/v1/holds", "", "", administers(200, 200)),
    row("POST", "/api/v1/holds", "", r#"{"name":"Matter","reason":"Why not."}"#, administers(201, 201)),
    row("GET", "/api/v1/holds/{id}", "/api/v1/holds/{holds}", "", administers(200, 404)),
    row("PATCH", "/api/v1/holds/{id}", "/api/v1/holds/{holds}", NAME, administers(200, 404)),
    row("DELETE", "/api/v1/holds/{id}", "/api/v1/holds/{holds}", "", administers(200, 404)),
    row("GET", "/v1/organization/audit_logs", "", "", READS_ALL),
    row("GET", "/organization/audit_logs", "", "", READS_ALL),
    row("POST", "/v2/users/{user_id}/audit_log/searches", "/v2/users/me/audit_log/searches", "", READS_OWN),
    row("OPTIONS", "/v2/users/{user_id}/audit_log/searches", "/v2/users/me/audit_log/searches", "", all(204)),
    row("GET", "/v2/auth/methods", "", "", all(200)),
    row("OPTIONS", "/v2/auth/methods", "", "", all(204)),
    row("POST", "/clarifai.api.V2/{method}", "/clarifai.api.V2/PostAuditLogSearches", "", READS_OWN),
    row("GET", "/backend/v1/audit", "", "", READS_OWN),
];
