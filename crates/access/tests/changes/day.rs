//! A day of administration as data: what is done, and which events tell of it.

use docket_access::{
    Action, Assignee, AssigneeKind, GroupChange, HoldChange, InstanceAction, MemberChange,
    NewAssignment, NewGroup, NewHold, NewInstanceToken, NewInvite, NewMember, NewOrganization,
    NewProject, NewRole, NewServiceAccount, ProjectChange, Role, RoleChange, RoleName, RoleScope,
    ServiceAccountChange, SettingsChange, TokenChange, TokenWanted,
};

/// What is done.
pub enum Do {
    /// In `acme`. Ids that earlier steps gave stand as `$name`.
    Here(Action),
    /// To the instance.
    Instance(InstanceAction),
}

pub struct Step {
    pub what: Do,
    /// Under which name the id of the answer is kept.
    pub keep: &'static str,
    pub events: &'static [&'static str],
}

fn step(action: Action, keep: &'static str, events: &'static [&'static str]) -> Step {
    Step {
        what: Do::Here(action),
        keep,
        events,
    }
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn some(value: &str) -> Option<String> {
    Some(value.to_owned())
}

pub fn assignment(
    role: &str,
    kind: AssigneeKind,
    id: &str,
    project: Option<&str>,
) -> NewAssignment {
    NewAssignment {
        role: RoleName::new(role),
        principal: Assignee { kind, id: text(id) },
        project: project.map(text),
    }
}

pub fn member(email: &str, id: &str, role: Role) -> NewMember {
    NewMember {
        email: text(email),
        id: some(id),
        name: None,
        role,
    }
}

pub fn token(owner: &str) -> TokenWanted {
    TokenWanted {
        owner: text(owner),
        ..TokenWanted::default()
    }
}

/// The day, in order. Each change once; what changes nothing leaves nothing.
pub fn day() -> Vec<Step> {
    let mut all = people();
    all.extend(groups_and_roles());
    all.extend(projects_and_accounts());
    all.extend(tokens());
    all.extend(settings());
    all.extend(instance());
    all
}

fn people() -> Vec<Step> {
    let grace = || text("grace");
    let change = |change| Action::MemberUpdate {
        id: grace(),
        change,
    };
    let invite = |email: &str| {
        Action::InviteSend(NewInvite {
            email: text(email),
            role: Role::Auditor,
            expires_in_s: None,
        })
    };
    vec![
        step(
            Action::MemberAdd(member("grace@example.com", "grace", Role::Member)),
            "",
            &["user_account.created"],
        ),
        step(
            Action::MemberAdd(member("alan@example.com", "alan", Role::Member)),
            "",
            &["user_account.created"],
        ),
        step(
            change(MemberChange {
                name: some("Grace Hopper"),
                ..MemberChange::default()
            }),
            "",
            &["user_account.updated"],
        ),
        step(
            change(MemberChange {
                email: some("hopper@example.com"),
                ..MemberChange::default()
            }),
            "",
            &["user_account.updated"],
        ),
        step(
            change(MemberChange {
                role: Some(Role::Auditor),
                ..MemberChange::default()
            }),
            "",
            &["organization.member.updated"],
        ),
        step(
            change(MemberChange {
                name: some("Grace"),
                role: Some(Role::Admin),
                ..MemberChange::default()
            }),
            "",
            &["user_account.updated", "organization.member.updated"],
        ),
        step(
            change(MemberChange {
                name: some("Grace"),
                role: Some(Role::Admin),
                ..MemberChange::default()
            }),
            "",
            &[],
        ),
        step(
            Action::MemberBlock { id: grace() },
            "",
            &["user_account.blocked"],
        ),
        step(
            Action::MemberUnblock {
                id: text("hopper@example.com"),
            },
            "",
            &["user_account.unblocked"],
        ),
        step(invite("new@example.com"), "invite", &["invite.sent"]),
        step(
            Action::InviteWithdraw {
                id: text("$invite"),
            },
            "",
            &["invite.deleted"],
        ),
    ]
}

fn groups_and_roles() -> Vec<Step> {
    let group = || text("security");
    let rename = |name: &str| Action::GroupUpdate {
        id: group(),
        change: GroupChange { name: some(name) },
    };
    let role = |id: &str, scope, permissions: &[&str]| {
        Action::RoleCreate(NewRole {
            id: some(id),
            name: text(id),
            description: None,
            permissions: permissions.iter().map(|&one| text(one)).collect(),
            scope,
        })
    };
    vec![
        step(
            Action::GroupCreate(NewGroup {
                id: some("security"),
                name: text("Security"),
            }),
            "",
            &["group.created"],
        ),
        step(rename("Security team"), "", &["group.updated"]),
        step(rename("Security team"), "", &[]),
        step(
            Action::GroupMemberAdd {
                id: group(),
                member: text("alan"),
            },
            "",
            &["group.member.added"],
        ),
        step(
            Action::GroupMemberAdd {
                id: group(),
                member: text("alan@example.com"),
            },
            "",
            &[],
        ),
        step(
            role("readers", RoleScope::Organization, &["audit:read"]),
            "",
            &["role.created"],
        ),
        step(
            role("project-reader", RoleScope::Project, &["audit:read"]),
            "",
            &["role.created"],
        ),
        step(
            Action::RoleUpdate {
                id: text("readers"),
                change: RoleChange {
                    description: some("May look"),
                    ..RoleChange::default()
                },
            },
            "",
            &["role.updated"],
        ),
        step(
            Action::RoleUpdate {
                id: text("readers"),
                change: RoleChange {
                    permissions: Some(vec![text("audit:read"), text("audit:verify")]),
                    ..RoleChange::default()
                },
            },
            "",
            &["role.updated"],
        ),
        step(
            Action::Assign(assignment("readers", AssigneeKind::Group, "security", None)),
            "to_group",
            &["role.assignment.created"],
        ),
        step(
            Action::Assign(assignment("auditor", AssigneeKind::User, "alan", None)),
            "to_alan",
            &["user.role.granted"],
        ),
        step(
            Action::Unassign {
                id: text("$to_alan"),
            },
            "",
            &["user.role.retracted"],
        ),
        step(
            Action::Unassign {
                id: text("$to_group"),
            },
            "",
            &["role.assignment.deleted"],
        ),
        step(
            Action::RoleDelete {
                id: text("readers"),
            },
            "",
            &["role.deleted"],
        ),
        step(
            Action::GroupMemberRemove {
                id: group(),
                member: text("alan"),
            },
            "",
            &["group.member.removed"],
        ),
        step(Action::GroupDelete { id: group() }, "", &["group.deleted"]),
    ]
}

fn projects_and_accounts() -> Vec<Step> {
    let account = || text("ci");
    let change = |change| Action::ServiceAccountUpdate {
        id: account(),
        change,
    };
    let rename = |name: &str| Action::ProjectUpdate {
        id: text("p1"),
        change: ProjectChange { name: some(name) },
    };
    vec![
        step(
            Action::ProjectCreate(NewProject {
                id: some("p1"),
                name: text("Chat"),
            }),
            "",
            &["project.created"],
        ),
        step(rename("Chatbot"), "", &["project.updated"]),
        step(
            Action::Assign(assignment(
                "project-reader",
                AssigneeKind::User,
                "alan",
                Some("p1"),
            )),
            "in_p1",
            &["user.role.granted"],
        ),
        step(
            Action::Unassign { id: text("$in_p1") },
            "",
            &["user.role.retracted"],
        ),
        step(
            Action::RoleDelete {
                id: text("project-reader"),
            },
            "",
            &["role.deleted"],
        ),
        step(
            Action::ServiceAccountCreate(NewServiceAccount {
                id: some("ci"),
                name: text("CI"),
                role: Role::Writer,
            }),
            "",
            &["service_account.created"],
        ),
        step(
            change(ServiceAccountChange {
                name: some("Builds"),
                ..ServiceAccountChange::default()
            }),
            "",
            &["service_account.updated"],
        ),
        step(
            change(ServiceAccountChange {
                role: Some(Role::Auditor),
                ..ServiceAccountChange::default()
            }),
            "",
            &["service_account.updated"],
        ),
        step(
            Action::Assign(assignment(
                "writer",
                AssigneeKind::ServiceAccount,
                "ci",
                None,
            )),
            "to_ci",
            &["role.assignment.created"],
        ),
        step(
            Action::Unassign { id: text("$to_ci") },
            "",
            &["role.assignment.deleted"],
        ),
    ]
}

fn tokens() -> Vec<Step> {
    let registered = TokenWanted {
        key_sha256: some("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
        ..token("alan")
    };
    let viewing = TokenWanted {
        view: vec![text("type=project.*")],
        cross_vendor: true,
        role: Some(Role::Auditor.into()),
        project: some("p1"),
        expires_in_s: Some(3_600),
        name: some("viewer"),
        ..token("grace")
    };
    let update = |change| Action::TokenUpdate {
        id: text("$key"),
        change,
    };
    vec![
        step(
            Action::TokenCreate(token("ci")),
            "key",
            &["api_key.created"],
        ),
        step(Action::TokenCreate(viewing), "viewer", &["api_key.created"]),
        step(
            Action::TokenCreate(registered),
            "foreign",
            &["docket.api_key.registered"],
        ),
        step(
            update(TokenChange {
                name: some("builds"),
                ..TokenChange::default()
            }),
            "",
            &["api_key.updated"],
        ),
        step(
            update(TokenChange {
                expires_in_s: Some(86_400),
                ..TokenChange::default()
            }),
            "",
            &["api_key.updated"],
        ),
        step(
            Action::TokenRotate {
                id: text("$key"),
                overlap_s: 60,
            },
            "next",
            &["api_key.created", "api_key.updated"],
        ),
        step(
            Action::TokenRevoke { id: text("$next") },
            "",
            &["api_key.deleted"],
        ),
        step(
            Action::TokenRevoke {
                id: text("$foreign"),
            },
            "",
            &["api_key.deleted"],
        ),
        step(
            Action::ServiceAccountDelete { id: text("ci") },
            "",
            &["service_account.deleted"],
        ),
        step(
            Action::ProjectArchive { id: text("p1") },
            "",
            &["project.archived"],
        ),
        step(
            Action::ProjectDelete { id: text("p1") },
            "",
            &["project.deleted"],
        ),
        step(
            Action::MemberRemove { id: text("alan") },
            "",
            &["user_account.deleted"],
        ),
    ]
}

fn settings() -> Vec<Step> {
    let set = Action::SettingsUpdate;
    let ranges = |all: &[&str]| SettingsChange {
        allowed_ips: Some(all.iter().map(|&one| text(one)).collect()),
        ..SettingsChange::default()
    };
    let hold = |change| Action::HoldUpdate {
        id: text("case-7"),
        change,
    };
    vec![
        step(
            set(SettingsChange {
                name: some("Acme Inc"),
                ..SettingsChange::default()
            }),
            "",
            &["organization.updated"],
        ),
        step(
            set(SettingsChange {
                retention_days: Some(400),
                ..SettingsChange::default()
            }),
            "",
            &["organization.updated"],
        ),
        step(
            set(SettingsChange {
                retention_days: Some(90),
                confirm: true,
                ..SettingsChange::default()
            }),
            "",
            &["organization.updated"],
        ),
        step(
            set(SettingsChange {
                retention_days: Some(0),
                ..SettingsChange::default()
            }),
            "",
            &["organization.updated"],
        ),
        step(
            set(SettingsChange {
                read_audit: Some(false),
                ..SettingsChange::default()
            }),
            "",
            &["organization.updated"],
        ),
        step(
            set(SettingsChange {
                read_audit: Some(true),
                ..SettingsChange::default()
            }),
            "",
            &["organization.updated"],
        ),
        step(
            set(SettingsChange {
                read_audit: Some(true),
                ..SettingsChange::default()
            }),
            "",
            &[],
        ),
        step(
            set(ranges(&["203.0.113.0/24"])),
            "",
            &["ip_allowlist.created"],
        ),
        step(
            set(ranges(&["203.0.113.0/24", "2001:db8::/32"])),
            "",
            &["ip_allowlist.updated"],
        ),
        step(set(ranges(&[])), "", &["ip_allowlist.deleted"]),
        step(
            Action::HoldPlace(NewHold {
                id: some("case-7"),
                name: text("Case 7"),
                reason: text("Subpoena"),
            }),
            "",
            &["docket.legal_hold.placed"],
        ),
        step(
            hold(HoldChange {
                reason: some("Court order"),
                ..HoldChange::default()
            }),
            "",
            &["docket.legal_hold.updated"],
        ),
        step(
            Action::HoldRelease { id: text("case-7") },
            "",
            &["docket.legal_hold.released"],
        ),
    ]
}

fn instance() -> Vec<Step> {
    let token = |write| {
        InstanceAction::TokenCreate(NewInstanceToken {
            write,
            ..NewInstanceToken::default()
        })
    };
    let make =
        |org: &str| InstanceAction::OrganizationCreate(NewOrganization::new(org, "o@example.com"));
    let step = |action, events| Step {
        what: Do::Instance(action),
        keep: "",
        events,
    };
    vec![
        step(token(false), &["api_key.created"]),
        step(token(true), &["api_key.created"]),
        step(make("second"), &["organization.created", "api_key.created"]),
    ]
}

/// The action with the ids that earlier steps gave.
pub fn filled(action: &Action, ids: &[(String, String)]) -> Action {
    let mut text = serde_json::to_string(action).unwrap();
    for (name, id) in ids {
        text = text.replace(&format!("\"${name}\""), &format!("\"{id}\""));
    }
    serde_json::from_str(&text).unwrap()
}
