//! Rows for kinds of things that are all listed, made, looked up, changed and deleted in the same way.

use std::sync::Arc;

use axum::http::Method;
use docket_access::{LIST_DEFAULT, LIST_MAX, Part};
use serde::de::DeserializeOwned;
use serde_json::json;
use utoipa::ToSchema;

use super::{Answer, Body, Needs, Parameter, Place, Row};
use crate::access::{Act, Asks, Deed, Given, ORGANIZATION};
use crate::error::Problem;
use crate::shape::Shape;

/// As what the bodies of all these routes are sent.
const JSON: &[&str] = &["application/json"];

/// What rows of one kind of things have in common.
#[derive(Clone, Copy)]
pub struct Kind {
    /// What they are called, for people.
    pub group: &'static str,
    /// Who may.
    pub needs: Needs,
}

impl Kind {
    /// Lists them.
    pub fn list<T: ToSchema>(
        self,
        path: &'static str,
        summary: &'static str,
        deed: fn(Part) -> Deed,
    ) -> Row {
        let asks = Asks::Part;
        let act = self.act(path, asks, move |given| Ok(deed(given.part())));
        let mut row = self.row(&Method::GET, act, summary, Answer::json(Shape::list::<T>()));
        row.parameters.extend(part());
        row
    }

    /// Makes one, which is found below the path then.
    pub fn create<B: ToSchema + DeserializeOwned + 'static>(
        self,
        path: &'static str,
        summary: &'static str,
        answer: Shape,
        deed: fn(B) -> Deed,
    ) -> Row {
        let mut act = self.act(path, Asks::Body, move |given| Ok(deed(given.body()?)));
        act.creates = true;
        let mut row = self.row(&Method::POST, act, summary, Answer::created(answer));
        row.body = Some(body::<B>(true));
        row
    }

    /// Does something for which the path says it all.
    pub fn by_path(
        self,
        method: &Method,
        path: &'static str,
        summary: &'static str,
        answer: Shape,
        deed: fn(&Given) -> Deed,
    ) -> Row {
        let act = self.act(path, Asks::Nothing, move |given| Ok(deed(given)));
        self.row(method, act, summary, Answer::json(answer))
    }

    /// Does something for which a body is needed.
    pub fn by_body<B: ToSchema + DeserializeOwned + 'static>(
        self,
        method: &Method,
        path: &'static str,
        summary: &'static str,
        answer: Shape,
        deed: fn(String, B) -> Deed,
    ) -> Row {
        let act = self.act(path, Asks::Body, move |given| {
            Ok(deed(given.id(), given.body()?))
        });
        let mut row = self.row(method, act, summary, Answer::json(answer));
        row.body = Some(body::<B>(true));
        row
    }

    /// Does something for which a body can say more.
    pub fn by_optional_body<B: ToSchema + DeserializeOwned + Default + 'static>(
        self,
        path: &'static str,
        summary: &'static str,
        answer: Shape,
        deed: fn(String, B) -> Deed,
    ) -> Row {
        let act = self.act(path, Asks::Body, move |given| {
            Ok(deed(given.id(), given.body_or_default()?))
        });
        let mut row = self.row(&Method::POST, act, summary, Answer::json(answer));
        row.body = Some(body::<B>(false));
        row
    }

    fn act(
        self,
        path: &'static str,
        asks: Asks,
        deed: impl Fn(&Given) -> Result<Deed, Problem> + Send + Sync + 'static,
    ) -> Act {
        Act {
            path,
            needs: self.needs,
            asks,
            creates: false,
            deed: Arc::new(deed),
        }
    }

    fn row(self, method: &Method, act: Act, summary: &'static str, answer: Answer) -> Row {
        let by_header = self.needs == Needs::OrganizationAdmin;
        Row {
            route: act.route(method),
            group: self.group,
            summary,
            needs: self.needs,
            parameters: by_header.then(organization).into_iter().collect(),
            body: None,
            answer,
        }
    }
}

fn body<B: ToSchema>(required: bool) -> Body {
    Body {
        shape: Shape::of::<B>(),
        media: JSON,
        required,
    }
}

fn part() -> [Parameter; 2] {
    let limit = json!({
        "type": "integer", "minimum": 1, "maximum": LIST_MAX, "default": LIST_DEFAULT,
    });
    let of = |name: &str, meaning: &str, schema| Parameter {
        place: Place::Query,
        name: name.to_owned(),
        meaning: meaning.to_owned(),
        schema,
    };
    [
        of("limit", "Most items of the answer.", limit),
        of(
            "after",
            "Only what stands behind this id: `next` of the answer before.",
            json!({ "type": "string" }),
        ),
    ]
}

fn organization() -> Parameter {
    Parameter {
        place: Place::Header,
        name: ORGANIZATION.to_owned(),
        meaning: "The organization in which a token of the instance acts. Other tokens need none."
            .to_owned(),
        schema: json!({ "type": "string" }),
    }
}
