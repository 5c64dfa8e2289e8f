//! A server without sockets: an organization with members and tokens, and a way to ask.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use docket_access::{Access, Caller, NewMember, NewOrganization, NewToken, Role};
use docket_engine::testing::memory::Memory;
use docket_engine::{Engine, Environment, Params, Request as Write};
use docket_event::json::parse;
use docket_event::{Event, Field, Filter, Value, read_event};
use docket_surfaces_calypsoai::{ingest::ingest, surface};
use docket_surfaces_kit::auth::View;
use docket_surfaces_kit::write::Batch;
use docket_surfaces_kit::{App, Limits, Setup, edge};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::value;

/// Member of `acme` with the role of that name.
pub const ANN: &str = "u-ann";

/// A server without sockets.
pub struct World {
    router: Router,
    app: App,
    engine: Engine,
    pub access: Access,
    /// Id of the owner of `acme`.
    pub owner_id: String,
    /// Secrets: of `acme` by role, with a view of failures only, and of another organization's owner.
    pub owner: String,
    pub auditor: String,
    pub writer: String,
    pub ann: String,
    pub ann_id: String,
    pub crossing: String,
    pub project: String,
    pub stranger: String,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl World {
    pub fn new() -> Self {
        World::with(Limits::default())
    }

    pub fn with(limits: Limits) -> Self {
        let made = std::thread::spawn(move || World::made(limits));
        made.join()
            .expect("the organization is made on a thread that may block")
    }

    fn made(limits: Limits) -> Self {
        let store = Arc::new(Memory::new(4_096));
        let environment = Environment::system();
        let engine = Engine::open(store, Params::default(), environment.clone()).unwrap();
        let access = Access::open(engine.clone());
        let by = Caller::command_line(None);
        let init = |org: &str| {
            let new = NewOrganization {
                org: org.to_owned(),
                name: None,
                owner_email: format!("owner@{org}.example"),
            };
            access.init(&new, &by).unwrap()
        };
        let (acme, other) = (init("acme"), init("other"));
        let ann = NewMember {
            email: "ann@acme.example".to_owned(),
            id: Some(ANN.to_owned()),
            name: Some("Ann".to_owned()),
            role: Role::Member,
        };
        access.add_member("acme", &ann, &by).unwrap();
        let issue = |new: NewToken| access.create_token("acme", &new, &by).unwrap();
        let token = |new: NewToken| issue(new).secret.reveal().to_owned();
        let of = |role| NewToken {
            role: Some(Role::into(role)),
            ..NewToken::of_owner(&acme.owner)
        };
        let ann = issue(NewToken::of_owner(ANN));
        let crossing = View {
            filter: Filter::default().with(Field::Type, ["project.created"]),
            cross_vendor: true,
        };
        let app = App::new(Setup {
            surfaces: vec![surface()],
            limits,
            environment,
            metrics: None,
        });
        app.open(engine.clone(), access.clone());
        World {
            router: edge::router(app.clone()),
            app,
            owner: acme.secret.reveal().to_owned(),
            auditor: token(of(Role::Auditor)),
            writer: token(of(Role::Writer)),
            crossing: token(NewToken {
                view: crossing,
                ..of(Role::Auditor)
            }),
            project: token(NewToken {
                project: Some("p1".to_owned()),
                ..of(Role::Auditor)
            }),
            ann: ann.secret.reveal().to_owned(),
            ann_id: ann.id,
            stranger: other.secret.reveal().to_owned(),
            owner_id: acme.owner,
            engine,
            access,
        }
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    /// Asks for the log.
    pub async fn get(&self, query: &str, token: &str) -> Answer {
        let request = Request::get(format!("/backend/v1/audit{query}"))
            .header("authorization", format!("Bearer {token}"));
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Stores events of our own dialect in `acme`.
    pub fn store(&self, events: &[&str]) {
        self.append(
            events
                .iter()
                .map(|text| read_event(text).unwrap())
                .collect(),
        );
    }

    /// Stores entries of the vendor's dialect in `acme`.
    pub fn ingest(&self, account: Option<&str>, entries: &[&str]) {
        let events = entries
            .iter()
            .map(|text| ingest(&value(text), account).unwrap());
        self.append(events.collect());
    }

    /// Writes an event of our own dialect, as who has the token, the way that surfaces write.
    pub async fn write(&self, token: &str, event: &str) {
        let (access, secret) = (self.access.clone(), token.to_owned());
        let caller = std::thread::spawn(move || access.admits(&secret, None));
        let caller = caller.join().unwrap().unwrap().unwrap();
        let batch = Batch {
            events: vec![read_event(event).unwrap()],
            idempotency: None,
        };
        self.app.write(&caller, || Ok(batch)).await.unwrap();
    }

    fn append(&self, events: Vec<Event>) {
        let log = self.engine.log("acme").unwrap().unwrap();
        let write = Write {
            events,
            ..Write::default()
        };
        let appended = std::thread::spawn(move || log.append(write).unwrap().wait());
        appended.join().unwrap().unwrap();
    }
}

impl Answer {
    pub fn json(&self) -> Value<'_> {
        parse(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The text of a member at the top; `None` when it is null.
    pub fn member(&self, name: &str) -> Option<String> {
        let json = self.json();
        let member = json.get(name);
        let member = member.unwrap_or_else(|| panic!("no {name}: {}", self.text));
        member.as_str().map(str::to_owned)
    }

    /// One member of each event of the page.
    pub fn events(&self, member: &str) -> Vec<String> {
        assert_eq!(self.status, 200, "{}", self.text);
        let json = self.json();
        let all = json.get("events").and_then(Value::as_array).unwrap();
        let text = |event: &Value<'_>| event.get(member)?.as_str().map(str::to_owned);
        all.iter()
            .map(|event| text(event).unwrap_or_default())
            .collect()
    }

    /// It is a refusal with this body.
    pub fn is(&self, status: u16, body: &str) {
        assert_eq!((self.status.as_u16(), self.text.as_str()), (status, body));
        assert_eq!(self.headers["content-type"], "application/json");
    }
}
