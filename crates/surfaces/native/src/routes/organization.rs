//! Routes by which an organization is administered.

use axum::http::Method;
use docket_access::{
    Action, Assignment, Group, GroupChange, Hold, HoldChange, Invite, InviteAnswer, Member,
    MemberChange, NewAssignment, NewGroup, NewHold, NewInvite, NewMember, NewProject, NewRole,
    NewServiceAccount, Project, ProjectChange, RoleChange, RoleView, ServiceAccount,
    ServiceAccountChange, Settings, SettingsChange, Token, TokenChange, TokenWanted,
};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::kind::Kind;
use super::{Needs, Row};
use crate::access::Deed;
use crate::shape::Shape;

/// How a token is replaced by another one.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// For how many seconds the token that is replaced goes on working.
    #[serde(default)]
    pub overlap_s: u64,
}

pub fn rows() -> Vec<Row> {
    let parts = [
        members(),
        invites(),
        groups(),
        roles(),
        assignments(),
        tokens(),
        projects(),
        service_accounts(),
        settings(),
        holds(),
    ];
    parts.into_iter().flatten().collect()
}

const fn kind(group: &'static str) -> Kind {
    Kind {
        group,
        needs: Needs::OrganizationAdmin,
    }
}

/// Says of which thing something was done.
pub fn id_only() -> Shape {
    let id = json!({ "type": "string" });
    Shape::written(
        "Id",
        json!({ "type": "object", "required": ["id"], "properties": { "id": id } }),
    )
}

/// A token that was made.
pub fn issued() -> Shape {
    let token = "The token, shown this once; absent where another system issued it.";
    let schema = json!({
        "type": "object",
        "required": ["id"],
        "properties": {
            "id": { "type": "string", "description": "Its public id." },
            "token": { "type": "string", "description": token },
        },
    });
    Shape::written("IssuedToken", schema)
}

fn members() -> Vec<Row> {
    const ALL: &str = "/api/v1/members";
    const ONE: &str = "/api/v1/members/{id}";
    let kind = kind("Members");
    let member = Shape::of::<Member>;
    vec![
        kind.list::<Member>(ALL, "Lists members.", |part| {
            Deed::In(Action::MemberList(part))
        }),
        kind.create::<NewMember>(ALL, "Adds a member.", member(), |new| {
            Deed::In(Action::MemberAdd(new))
        }),
        kind.by_path(&Method::GET, ONE, "Gives a member.", member(), |given| {
            Deed::In(Action::MemberGet { id: given.id() })
        }),
        kind.by_body::<MemberChange>(
            &Method::PATCH,
            ONE,
            "Changes a member.",
            member(),
            |id, change| Deed::In(Action::MemberUpdate { id, change }),
        ),
        kind.by_path(
            &Method::DELETE,
            ONE,
            "Removes a member and ends their tokens.",
            id_only(),
            |given| Deed::In(Action::MemberRemove { id: given.id() }),
        ),
        kind.by_path(
            &Method::POST,
            "/api/v1/members/{id}/block",
            "Blocks a member: their tokens get in no more.",
            id_only(),
            |given| Deed::In(Action::MemberBlock { id: given.id() }),
        ),
        kind.by_path(
            &Method::POST,
            "/api/v1/members/{id}/unblock",
            "Lets a blocked member in again.",
            id_only(),
            |given| Deed::In(Action::MemberUnblock { id: given.id() }),
        ),
    ]
}

fn invites() -> Vec<Row> {
    const ALL: &str = "/api/v1/invites";
    const ONE: &str = "/api/v1/invites/{id}";
    let kind = kind("Invites");
    let invited = Kind {
        needs: Needs::Code,
        ..kind
    };
    let invite = Shape::of::<Invite>;
    vec![
        kind.list::<Invite>(ALL, "Lists invites.", |part| {
            Deed::In(Action::InviteList(part))
        }),
        kind.create::<NewInvite>(
            ALL,
            "Makes an invite; its code is shown this once.",
            sent(),
            |new| Deed::In(Action::InviteSend(new)),
        ),
        kind.by_path(&Method::GET, ONE, "Gives an invite.", invite(), |given| {
            Deed::In(Action::InviteGet { id: given.id() })
        }),
        kind.by_path(
            &Method::DELETE,
            ONE,
            "Takes an invite back.",
            invite(),
            |given| Deed::In(Action::InviteWithdraw { id: given.id() }),
        ),
        invited.by_body::<InviteAnswer>(
            &Method::POST,
            "/api/v1/invites/accept",
            "Makes a member, with a first token, of whoever has the code.",
            joined(),
            |_, answer| Deed::Accept(answer),
        ),
        invited.by_body::<InviteAnswer>(
            &Method::POST,
            "/api/v1/invites/decline",
            "Says no to an invite.",
            invite(),
            |_, answer| Deed::Decline(answer),
        ),
    ]
}

fn sent() -> Shape {
    let invite = Shape::of::<Invite>();
    let code = "Accepts the invite; shown this once.";
    let code = json!({
        "type": "object",
        "required": ["code"],
        "properties": { "code": { "type": "string", "description": code } },
    });
    let schema = json!({ "allOf": [invite.reference(), code] });
    Shape::written("SentInvite", schema).with(invite)
}

fn joined() -> Shape {
    let token = issued();
    let schema = json!({
        "type": "object",
        "required": ["organization", "member", "token"],
        "properties": {
            "organization": { "type": "string", "description": "Its id." },
            "member": { "type": "string", "description": "Id of the new member." },
            "token": token.reference(),
        },
    });
    Shape::written("Joined", schema).with(token)
}

fn groups() -> Vec<Row> {
    const ALL: &str = "/api/v1/groups";
    const ONE: &str = "/api/v1/groups/{id}";
    const MEMBER: &str = "/api/v1/groups/{id}/members/{member}";
    let kind = kind("Groups");
    let group = Shape::of::<Group>;
    vec![
        kind.list::<Group>(ALL, "Lists groups.", |part| {
            Deed::In(Action::GroupList(part))
        }),
        kind.create::<NewGroup>(ALL, "Makes a group.", group(), |new| {
            Deed::In(Action::GroupCreate(new))
        }),
        kind.by_path(&Method::GET, ONE, "Gives a group.", group(), |given| {
            Deed::In(Action::GroupGet { id: given.id() })
        }),
        kind.by_body::<GroupChange>(
            &Method::PATCH,
            ONE,
            "Changes a group.",
            group(),
            |id, change| Deed::In(Action::GroupUpdate { id, change }),
        ),
        kind.by_path(&Method::DELETE, ONE, "Deletes a group.", group(), |given| {
            Deed::In(Action::GroupDelete { id: given.id() })
        }),
        kind.by_path(
            &Method::PUT,
            MEMBER,
            "Puts a member into a group.",
            group(),
            |given| {
                let (id, member) = (given.id(), given.segment("member"));
                Deed::In(Action::GroupMemberAdd { id, member })
            },
        ),
        kind.by_path(
            &Method::DELETE,
            MEMBER,
            "Takes a member out of a group.",
            group(),
            |given| {
                let (id, member) = (given.id(), given.segment("member"));
                Deed::In(Action::GroupMemberRemove { id, member })
            },
        ),
    ]
}

fn roles() -> Vec<Row> {
    const ALL: &str = "/api/v1/roles";
    const ONE: &str = "/api/v1/roles/{id}";
    let kind = kind("Roles");
    let role = Shape::of::<RoleView>;
    vec![
        kind.list::<RoleView>(ALL, "Lists roles, the built-in ones too.", |part| {
            Deed::In(Action::RoleList(part))
        }),
        kind.create::<NewRole>(ALL, "Makes a role.", role(), |new| {
            Deed::In(Action::RoleCreate(new))
        }),
        kind.by_path(&Method::GET, ONE, "Gives a role.", role(), |given| {
            Deed::In(Action::RoleGet { id: given.id() })
        }),
        kind.by_body::<RoleChange>(
            &Method::PATCH,
            ONE,
            "Changes a role.",
            role(),
            |id, change| Deed::In(Action::RoleUpdate { id, change }),
        ),
        kind.by_path(&Method::DELETE, ONE, "Deletes a role.", role(), |given| {
            Deed::In(Action::RoleDelete { id: given.id() })
        }),
    ]
}

fn assignments() -> Vec<Row> {
    const ALL: &str = "/api/v1/assignments";
    const ONE: &str = "/api/v1/assignments/{id}";
    let kind = kind("Assignments");
    let assignment = Shape::of::<Assignment>;
    vec![
        kind.list::<Assignment>(
            ALL,
            "Lists who has which roles besides their own.",
            |part| Deed::In(Action::AssignmentList(part)),
        ),
        kind.create::<NewAssignment>(ALL, "Gives somebody a role.", assignment(), |new| {
            Deed::In(Action::Assign(new))
        }),
        kind.by_path(
            &Method::GET,
            ONE,
            "Gives an assignment.",
            assignment(),
            |given| Deed::In(Action::AssignmentGet { id: given.id() }),
        ),
        kind.by_path(
            &Method::DELETE,
            ONE,
            "Takes a role away.",
            assignment(),
            |given| Deed::In(Action::Unassign { id: given.id() }),
        ),
    ]
}

fn tokens() -> Vec<Row> {
    const ALL: &str = "/api/v1/tokens";
    const ONE: &str = "/api/v1/tokens/{id}";
    let kind = kind("Tokens");
    let token = Shape::of::<Token>;
    vec![
        kind.list::<Token>(ALL, "Lists tokens, never their secrets.", |part| {
            Deed::In(Action::TokenList(part))
        }),
        kind.create::<TokenWanted>(
            ALL,
            "Makes a token, shown this once, or registers a key that another system issued.",
            issued(),
            |wanted| Deed::In(Action::TokenCreate(wanted)),
        ),
        kind.by_path(&Method::GET, ONE, "Gives a token.", token(), |given| {
            Deed::In(Action::TokenGet { id: given.id() })
        }),
        kind.by_body::<TokenChange>(
            &Method::PATCH,
            ONE,
            "Gives a token another name or end.",
            token(),
            |id, change| Deed::In(Action::TokenUpdate { id, change }),
        ),
        kind.by_path(&Method::DELETE, ONE, "Ends a token.", id_only(), |given| {
            Deed::In(Action::TokenRevoke { id: given.id() })
        }),
        kind.by_optional_body::<Rotation>(
            "/api/v1/tokens/{id}/rotate",
            "Replaces a token by a new one, shown this once.",
            issued(),
            |id, Rotation { overlap_s }| Deed::In(Action::TokenRotate { id, overlap_s }),
        ),
    ]
}

fn projects() -> Vec<Row> {
    const ALL: &str = "/api/v1/projects";
    const ONE: &str = "/api/v1/projects/{id}";
    let kind = kind("Projects");
    let project = Shape::of::<Project>;
    vec![
        kind.list::<Project>(ALL, "Lists projects.", |part| {
            Deed::In(Action::ProjectList(part))
        }),
        kind.create::<NewProject>(ALL, "Makes a project.", project(), |new| {
            Deed::In(Action::ProjectCreate(new))
        }),
        kind.by_path(&Method::GET, ONE, "Gives a project.", project(), |given| {
            Deed::In(Action::ProjectGet { id: given.id() })
        }),
        kind.by_body::<ProjectChange>(
            &Method::PATCH,
            ONE,
            "Changes a project.",
            project(),
            |id, change| Deed::In(Action::ProjectUpdate { id, change }),
        ),
        kind.by_path(
            &Method::DELETE,
            ONE,
            "Deletes a project; its events stay.",
            project(),
            |given| Deed::In(Action::ProjectDelete { id: given.id() }),
        ),
        kind.by_path(
            &Method::POST,
            "/api/v1/projects/{id}/archive",
            "Archives a project.",
            project(),
            |given| Deed::In(Action::ProjectArchive { id: given.id() }),
        ),
    ]
}

fn service_accounts() -> Vec<Row> {
    const ALL: &str = "/api/v1/service-accounts";
    const ONE: &str = "/api/v1/service-accounts/{id}";
    let kind = kind("Service accounts");
    let account = Shape::of::<ServiceAccount>;
    vec![
        kind.list::<ServiceAccount>(ALL, "Lists accounts for programs.", |part| {
            Deed::In(Action::ServiceAccountList(part))
        }),
        kind.create::<NewServiceAccount>(ALL, "Makes an account for programs.", account(), |new| {
            Deed::In(Action::ServiceAccountCreate(new))
        }),
        kind.by_path(
            &Method::GET,
            ONE,
            "Gives an account for programs.",
            account(),
            |given| Deed::In(Action::ServiceAccountGet { id: given.id() }),
        ),
        kind.by_body::<ServiceAccountChange>(
            &Method::PATCH,
            ONE,
            "Changes an account for programs.",
            account(),
            |id, change| Deed::In(Action::ServiceAccountUpdate { id, change }),
        ),
        kind.by_path(
            &Method::DELETE,
            ONE,
            "Deletes an account for programs and ends its tokens.",
            account(),
            |given| Deed::In(Action::ServiceAccountDelete { id: given.id() }),
        ),
    ]
}

fn settings() -> Vec<Row> {
    const PATH: &str = "/api/v1/settings";
    let kind = kind("Settings");
    let settings = Shape::of::<Settings>;
    vec![
        kind.by_path(
            &Method::GET,
            PATH,
            "Gives the settings.",
            settings(),
            |_| Deed::In(Action::SettingsGet),
        ),
        kind.by_body::<SettingsChange>(
            &Method::PATCH,
            PATH,
            "Changes the settings.",
            settings(),
            |_, change| Deed::In(Action::SettingsUpdate(change)),
        ),
    ]
}

fn holds() -> Vec<Row> {
    const ALL: &str = "/api/v1/holds";
    const ONE: &str = "/api/v1/holds/{id}";
    let kind = kind("Legal holds");
    let hold = Shape::of::<Hold>;
    vec![
        kind.list::<Hold>(ALL, "Lists legal holds.", |part| {
            Deed::In(Action::HoldList(part))
        }),
        kind.create::<NewHold>(
            ALL,
            "Places a hold: nothing is pruned until it is released.",
            hold(),
            |new| Deed::In(Action::HoldPlace(new)),
        ),
        kind.by_path(&Method::GET, ONE, "Gives a hold.", hold(), |given| {
            Deed::In(Action::HoldGet { id: given.id() })
        }),
        kind.by_body::<HoldChange>(
            &Method::PATCH,
            ONE,
            "Changes a hold.",
            hold(),
            |id, change| Deed::In(Action::HoldUpdate { id, change }),
        ),
        kind.by_path(&Method::DELETE, ONE, "Releases a hold.", hold(), |given| {
            Deed::In(Action::HoldRelease { id: given.id() })
        }),
    ]
}
