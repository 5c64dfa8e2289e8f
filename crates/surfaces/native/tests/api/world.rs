//! A server without sockets: an organization with tokens of every kind, and a way to ask.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::IntoResponse;
use docket_access::{Access, Caller, NewInstanceToken, NewMember, NewOrganization, NewToken, Role};
use docket_engine::testing::memory::Memory;
use docket_engine::{Engine, Environment, Params};
use docket_event::json::parse;
use docket_event::{Field, Filter, Value};
use docket_surfaces_kit::auth::View;
use docket_surfaces_kit::{App, Asked, Limits, Refusal, Route, Setup, Surface, edge};
use http_body_util::BodyExt;
use tower::ServiceExt;

/// A server without sockets.
pub struct World {
    pub app: App,
    pub store: Arc<Memory>,
    pub engine: Engine,
    router: Router,
    /// Secrets: of the organization `acme` by role, and of another organization's owner.
    pub owner: String,
    pub auditor: String,
    pub writer: String,
    pub member: String,
    pub project_writer: String,
    /// Reads failures only.
    pub viewer: String,
    pub stranger: String,
    /// Tokens of the instance: one that administers organizations, one that writes into them.
    pub instance_admin: String,
    pub instance_writer: String,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

/// Id of the member whose token is [`World::member`].
pub const MEMBER: &str = "u-member";

impl World {
    pub fn new() -> Self {
        World::with(Limits::default())
    }

    pub fn with(limits: Limits) -> Self {
        let world = World::starting(limits);
        world
            .app
            .open(world.engine.clone(), Access::open(world.engine.clone()));
        world
    }

    /// A server whose store is not open yet.
    pub fn starting(limits: Limits) -> Self {
        let made = std::thread::spawn(move || World::made(limits));
        made.join()
            .expect("the organization is made on a thread that may block")
    }

    fn made(limits: Limits) -> Self {
        let store = Arc::new(Memory::new(4_096));
        let environment = Environment::system();
        let engine = Engine::open(store.clone(), Params::default(), environment.clone()).unwrap();
        let access = Access::open(engine.clone());
        let by = Caller::command_line(None);
        let init = |org: &str| {
            let owner_email = format!("owner@{org}.example");
            let new = NewOrganization {
                org: org.to_owned(),
                name: None,
                owner_email,
            };
            access.init(&new, &by).unwrap()
        };
        let (acme, other) = (init("acme"), init("other"));
        let token = |new: NewToken| {
            access
                .create_token("acme", &new, &by)
                .unwrap()
                .secret
                .reveal()
                .to_owned()
        };
        let of = |role| NewToken {
            role: Some(Role::into(role)),
            ..NewToken::of_owner(&acme.owner)
        };
        let member = NewMember {
            email: "member@acme.example".to_owned(),
            id: Some(MEMBER.to_owned()),
            name: None,
            role: Role::Member,
        };
        access.add_member("acme", &member, &by).unwrap();
        let of_instance = |write| {
            let new = NewInstanceToken {
                write,
                ..NewInstanceToken::default()
            };
            let made = access.create_instance_token(&new, &by).unwrap();
            made.secret.reveal().to_owned()
        };
        let project = Some("p1".to_owned());
        let failures = View {
            filter: Filter::default().with(Field::Outcome, ["failure"]),
            cross_vendor: false,
        };
        let surfaces = vec![docket_surfaces_native::surface(), vendor()];
        let app = App::new(Setup {
            surfaces,
            limits,
            environment,
            metrics: None,
        });
        World {
            router: edge::router(app.clone()),
            app,
            store,
            auditor: token(of(Role::Auditor)),
            writer: token(of(Role::Writer)),
            member: token(NewToken::of_owner(MEMBER)),
            project_writer: token(NewToken {
                project,
                ..of(Role::Owner)
            }),
            viewer: token(NewToken {
                view: failures,
                ..of(Role::Auditor)
            }),
            owner: acme.secret.reveal().to_owned(),
            stranger: other.secret.reveal().to_owned(),
            instance_admin: of_instance(false),
            instance_writer: of_instance(true),
            engine,
        }
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        assert_eq!(parts.headers["x-request-id"].len(), 32);
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    pub async fn get(&self, path: &str, token: &str) -> Answer {
        let request = Request::get(path).header("authorization", format!("Bearer {token}"));
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Asks with a method, and a body unless that is empty.
    pub async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let request = Request::builder().method(method).uri(path);
        let request = headers
            .iter()
            .fold(request, |all, (name, value)| all.header(*name, *value));
        self.send(request.body(body.into()).unwrap()).await
    }

    /// Posts with the writer's token and these headers besides.
    pub async fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        self.post_as(&self.writer, path, headers, body).await
    }

    pub async fn post_as(
        &self,
        token: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let request = Request::post(path).header("authorization", format!("Bearer {token}"));
        let request = headers
            .iter()
            .fold(request, |all, (name, value)| all.header(*name, *value));
        self.send(request.body(body.into()).unwrap()).await
    }

    /// Stores one event; gives its id.
    pub async fn store(&self, event: &str) -> String {
        let answer = self.post("/api/v1/events", &[], event.to_owned()).await;
        assert_eq!(answer.status, 200, "{event}: {}", answer.text);
        answer.strings("ids").remove(0)
    }

    /// How many events `acme` has.
    pub fn size(&self) -> u64 {
        self.engine.log("acme").unwrap().unwrap().size()
    }
}

impl Answer {
    pub fn json(&self) -> Value<'_> {
        parse(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The text of a member at the top.
    pub fn member(&self, name: &str) -> String {
        let json = self.json();
        let member = json
            .get(name)
            .unwrap_or_else(|| panic!("no {name}: {}", self.text));
        member
            .as_str()
            .map_or_else(|| member.to_text(), str::to_owned)
    }

    pub fn strings(&self, name: &str) -> Vec<String> {
        let json = self.json();
        let all = json.get(name).and_then(Value::as_array).unwrap();
        all.iter()
            .map(|one| one.as_str().unwrap().to_owned())
            .collect()
    }

    /// The events of a page, as texts of one of their members.
    pub fn events(&self, member: &str) -> Vec<String> {
        let json = self.json();
        let Some(all) = json.get("events").and_then(Value::as_array) else {
            panic!("no events: {}", self.text);
        };
        all.iter()
            .map(|event| event.get(member).unwrap().as_str().unwrap().to_owned())
            .collect()
    }

    /// It is a problem of that status whose detail has these words in it.
    pub fn is_problem(&self, status: u16, words: &str) {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(self.member("status"), status.to_string());
        assert!(self.member("type").starts_with("urn:docket:problem:"));
        assert!(
            self.member("detail").contains(words),
            "{words:?} is not in {}",
            self.text
        );
    }
}

/// A vendor with a prefix of its own, a handler that panics and one that never ends.
fn vendor() -> Surface {
    Surface {
        name: "vendor",
        prefixes: &["/v1", "/v1/deeper"],
        routes: || {
            vec![
                Route::get("/v1/panic", panics),
                Route::get("/v1/slow", std::future::pending::<()>),
            ]
        },
        refuse: |refusal: &Refusal, asked: &Asked| {
            let text = format!("vendor: {refusal} ({} {})", asked.method(), asked.path());
            (refusal.status(), text).into_response()
        },
        ingest: None,
    }
}

async fn panics() {
    panic!("with the secret inside");
}
