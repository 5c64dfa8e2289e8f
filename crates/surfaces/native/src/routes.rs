//! The one table of routes: the router, the OpenAPI document, the page for people and the tests are made from it.

mod audit;
mod instance;
mod kind;
mod organization;
mod server;

use std::sync::LazyLock;

use docket_surfaces_kit::Route;
use docket_surfaces_kit::auth::Permission;
use serde_json::Value;

use crate::shape::Shape;

/// One route, and what there is to say of it.
#[derive(Clone, Debug)]
pub struct Row {
    /// What answers where.
    pub route: Route,
    /// What it belongs to, for people.
    pub group: &'static str,
    /// One sentence for people.
    pub summary: &'static str,
    /// Who may.
    pub needs: Needs,
    /// What can be said in the query string and in headers.
    pub parameters: Vec<Parameter>,
    /// What has to be sent.
    pub body: Option<Body>,
    /// What comes back.
    pub answer: Answer,
}

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Everybody.
    Nothing,
    /// Whoever has an invite's code, which stands in the body.
    Code,
    /// Whoever reads all events, or their own.
    Reading,
    /// A permission.
    Permission(Permission),
    /// The administration of the organization that the token belongs to, or that a token of the instance names in a
    /// header.
    OrganizationAdmin,
    /// The administration of the organization that the path names, or of the instance.
    NamedOrganizationAdmin,
}

impl Needs {
    /// The permissions that suffice, each by itself; none where no token is needed.
    pub fn permissions(self) -> Vec<Permission> {
        match self {
            Needs::Nothing | Needs::Code => Vec::new(),
            Needs::Reading => vec![Permission::AuditRead, Permission::AuditReadOwn],
            Needs::Permission(permission) => vec![permission],
            Needs::OrganizationAdmin | Needs::NamedOrganizationAdmin => {
                vec![Permission::AccessAdmin, Permission::InstanceAdmin]
            }
        }
    }

    /// The same in words.
    pub fn words(self) -> String {
        match self {
            Needs::Nothing => "no token".to_owned(),
            Needs::Code => "no token; the invite's code".to_owned(),
            Needs::Reading => "audit:read, or audit:read_own for one's own events".to_owned(),
            Needs::Permission(permission) => permission.name().to_owned(),
            Needs::OrganizationAdmin => {
                "access:admin, or instance:admin with the header docket-organization".to_owned()
            }
            Needs::NamedOrganizationAdmin => {
                "access:admin of that organization, or instance:admin".to_owned()
            }
        }
    }
}

/// Something that can be said in the query string or in a header.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Where it is said.
    pub place: Place,
    /// Its name.
    pub name: String,
    /// What it does, for people.
    pub meaning: String,
    /// What it looks like, as a JSON Schema.
    pub schema: Value,
}

/// Where a parameter is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the query string.
    Query,
    /// In a header.
    Header,
}

impl Place {
    /// The word that OpenAPI has for it.
    pub const fn word(self) -> &'static str {
        match self {
            Place::Query => "query",
            Place::Header => "header",
        }
    }
}

/// What has to be sent.
#[derive(Clone, Debug)]
pub struct Body {
    /// What it looks like.
    pub shape: Shape,
    /// As what it can be sent.
    pub media: &'static [&'static str],
    /// Whether an empty one is refused.
    pub required: bool,
}

/// What comes back when all went well.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// What the body is.
    pub content: Content,
}

/// What the body of an answer is.
#[derive(Clone, Debug)]
pub enum Content {
    /// A JSON document.
    Json(Shape),
    /// Text of this media type.
    Text(&'static str),
}

impl Answer {
    /// 200 with a JSON document.
    pub const fn json(shape: Shape) -> Self {
        Answer {
            status: 200,
            content: Content::Json(shape),
        }
    }

    /// 201 with a JSON document.
    pub const fn created(shape: Shape) -> Self {
        Answer {
            status: 201,
            content: Content::Json(shape),
        }
    }

    /// 200 with text.
    pub const fn text(media: &'static str) -> Self {
        Answer {
            status: 200,
            content: Content::Text(media),
        }
    }
}

/// The table, in the order in which people read it.
pub fn rows() -> &'static [Row] {
    static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
        let parts = [
            audit::rows(),
            organization::rows(),
            instance::rows(),
            server::rows(),
        ];
        parts.into_iter().flatten().collect()
    });
    &ROWS
}
