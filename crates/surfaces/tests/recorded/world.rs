//! A server without sockets whose clock the tests move, and its log as they find it.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use docket_access::{Access, Caller, NewMember, NewOrganization, NewToken, Role};
use docket_engine::testing::memory::Memory;
use docket_engine::testing::random::{TestClock, TestRandom};
use docket_engine::{Engine, Environment, Params};
use docket_event::{Direction, Event, Query};
use docket_surfaces_kit::{App, Client, Limits, Setup, edge};
use http_body_util::BodyExt;
use tower::ServiceExt;

/// The beginning of an hour.
pub const HOUR: i64 = 1_763_600_400_000_000;
pub const MINUTE_MICROS: i64 = 60_000_000;
pub const AGENT: &str = "audit-client/1.0";

pub struct World {
    pub app: App,
    pub store: Memory,
    pub access: Access,
    pub clock: Arc<TestClock>,
    router: Router,
    /// Id of the owner of the organization `acme`, and their secret.
    pub owner_id: String,
    pub owner: String,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

/// A token's public id and its secret.
pub type Token = (String, String);

impl World {
    pub fn new() -> Self {
        World::with(Limits::default())
    }

    pub fn with(limits: Limits) -> Self {
        let clock = Arc::new(TestClock::at(HOUR));
        let environment = Environment {
            clock: clock.clone(),
            random: Arc::new(TestRandom::default()),
        };
        let app = App::new(Setup {
            surfaces: docket_surfaces::all(),
            limits,
            environment: environment.clone(),
            metrics: None,
        });
        let store = Memory::new(65_536);
        let (engine, owner_id, owner) = blocking({
            let store = Arc::new(store.clone());
            move || {
                let engine = Engine::open(store, Params::default(), environment).unwrap();
                let access = Access::open(engine.clone());
                let new = NewOrganization {
                    org: "acme".to_owned(),
                    name: None,
                    owner_email: "owner@acme.example".to_owned(),
                };
                let made = access.init(&new, &by()).unwrap();
                (engine, made.owner, made.secret.reveal().to_owned())
            }
        });
        let access = Access::open(engine.clone());
        app.open(engine, access.clone());
        World {
            router: edge::router(app.clone()),
            app,
            store,
            access,
            clock,
            owner_id,
            owner,
        }
    }

    /// Does something about access.
    pub fn access<T: Send + 'static>(&self, work: impl FnOnce(&Access) -> T + Send + 'static) -> T {
        let access = self.access.clone();
        blocking(move || work(&access))
    }

    /// A new member and a token of theirs.
    pub fn member(&self, id: &'static str, role: Role) -> Token {
        self.access(move |access| {
            let new = NewMember {
                email: format!("{id}@acme.example"),
                id: Some(id.to_owned()),
                name: None,
                role,
            };
            access.add_member("acme", &new, &by()).unwrap();
        });
        self.token(NewToken::of_owner(id))
    }

    pub fn token(&self, new: NewToken) -> Token {
        let made = self.access(move |access| access.create_token("acme", &new, &by()).unwrap());
        (made.id, made.secret.reveal().to_owned())
    }

    pub async fn send(&self, from: &str, mut request: Request<Body>) -> Answer {
        let from: IpAddr = from.parse().unwrap();
        request.extensions_mut().insert(Client(from));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    pub async fn get(&self, path: &str, secret: &str) -> Answer {
        let request = Request::get(path)
            .header("authorization", format!("Bearer {secret}"))
            .header("user-agent", AGENT);
        self.send("192.0.2.1", request.body(Body::empty()).unwrap())
            .await
    }

    /// Writes what is to be written, as a server does that stops.
    pub async fn stop(&self) {
        self.app.keep_notes(std::future::ready(())).await;
    }

    /// All events of that type, oldest first.
    pub fn events(&self, event_type: &'static str) -> Vec<Event> {
        self.access(move |access| {
            let log = access.engine().log("acme").unwrap().unwrap();
            let query = Query {
                direction: Direction::Ascending,
                limit: 1_000,
                ..Query::default()
            };
            let page = log.query(&query).unwrap();
            assert!(!page.has_more);
            let all = page.events.into_iter().map(|recorded| recorded.event);
            all.filter(|event| event.event_type == event_type).collect()
        })
    }

    pub fn denied(&self) -> Vec<Event> {
        self.events("docket.request.denied")
    }

    pub fn reads(&self) -> Vec<Event> {
        self.events("docket.events.read")
    }
}

pub fn by() -> Caller {
    Caller::command_line(None)
}

/// The event's data as text.
pub fn data(event: &Event) -> String {
    let data = event.data.as_ref().unwrap();
    data.value().to_text()
}

/// The event's error code.
pub fn code(event: &Event) -> &str {
    let error = event.error.as_ref().unwrap();
    error.code.as_deref().unwrap()
}

fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::spawn(work).join().unwrap()
}
