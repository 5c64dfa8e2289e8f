//! Routes by which the instance is administered: its organizations, and its own tokens.

use axum::http::Method;
use docket_access::{
    Action, InstanceAction, NewInstanceToken, NewOrganization, Organization, Token,
};
use docket_surfaces_kit::auth::Permission;
use serde_json::json;

use super::kind::Kind;
use super::organization::{Rotation, id_only, issued};
use super::{Needs, Row};
use crate::access::Deed;
use crate::shape::Shape;

pub fn rows() -> Vec<Row> {
    organizations().into_iter().chain(tokens()).collect()
}

const fn kind(group: &'static str) -> Kind {
    Kind {
        group,
        needs: Needs::Permission(Permission::InstanceAdmin),
    }
}

fn organizations() -> Vec<Row> {
    const ALL: &str = "/api/v1/orgs";
    const ONE: &str = "/api/v1/orgs/{org}";
    let kind = kind("Organizations");
    let named = Kind {
        needs: Needs::NamedOrganizationAdmin,
        ..kind
    };
    let organization = Shape::of::<Organization>;
    vec![
        kind.list::<Organization>(ALL, "Lists organizations.", |part| {
            Deed::OnInstance(InstanceAction::OrganizationList(part))
        }),
        kind.create::<NewOrganization>(
            ALL,
            "Makes an organization with its first owner, whose token is shown this once.",
            initialised(),
            |new| Deed::OnInstance(InstanceAction::OrganizationCreate(new)),
        ),
        named.by_path(
            &Method::GET,
            ONE,
            "Gives an organization.",
            organization(),
            |_| Deed::In(Action::OrganizationGet),
        ),
        named.by_path(
            &Method::DELETE,
            ONE,
            "Deletes an organization; only its owners and the instance can.",
            organization(),
            |_| Deed::In(Action::OrganizationDelete),
        ),
    ]
}

fn initialised() -> Shape {
    let token = issued();
    let schema = json!({
        "type": "object",
        "required": ["id", "owner", "token"],
        "properties": {
            "id": { "type": "string", "description": "Its id." },
            "owner": { "type": "string", "description": "Id of its first owner." },
            "token": token.reference(),
        },
    });
    Shape::written("NewlyMadeOrganization", schema).with(token)
}

fn tokens() -> Vec<Row> {
    const ALL: &str = "/api/v1/instance/tokens";
    const ONE: &str = "/api/v1/instance/tokens/{id}";
    let kind = kind("Tokens of the instance");
    vec![
        kind.list::<Token>(ALL, "Lists the instance's tokens.", |part| {
            Deed::In(Action::TokenList(part))
        }),
        kind.create::<NewInstanceToken>(
            ALL,
            "Makes a token of the instance, shown this once.",
            issued(),
            |new| Deed::OnInstance(InstanceAction::TokenCreate(new)),
        ),
        kind.by_path(
            &Method::GET,
            ONE,
            "Gives a token of the instance.",
            Shape::of::<Token>(),
            |given| Deed::In(Action::TokenGet { id: given.id() }),
        ),
        kind.by_path(
            &Method::DELETE,
            ONE,
            "Ends a token of the instance.",
            id_only(),
            |given| Deed::In(Action::TokenRevoke { id: given.id() }),
        ),
        kind.by_optional_body::<Rotation>(
            "/api/v1/instance/tokens/{id}/rotate",
            "Replaces a token of the instance by a new one, shown this once.",
            issued(),
            |id, Rotation { overlap_s }| Deed::In(Action::TokenRotate { id, overlap_s }),
        ),
    ]
}
