//! A server without sockets: an organization with tokens of every kind, entries, and a way to ask.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use docket_access::{Access, Caller, NewMember, NewOrganization, NewToken, Role};
use docket_engine::testing::memory::Memory;
use docket_engine::{Engine, Environment, Params, Request as Append};
use docket_event::json::parse;
use docket_event::{Event, Value};
use docket_surfaces_clarifai::ingest::ingest;
use docket_surfaces_clarifai::proto::{
    MultiAuditLogEntryResponse, PostAuditLogSearchesRequest, UserAppIdSet,
};
use docket_surfaces_kit::auth::View;
use docket_surfaces_kit::{App, Limits, Setup, edge};
use http_body_util::BodyExt;
use prost::Message as _;
use tower::ServiceExt;

pub const METHOD: &str = "/clarifai.api.V2/PostAuditLogSearches";
/// Id of the member whose token is [`World::member`].
pub const MEMBER: &str = "u-member";
/// Somebody without a token.
pub const OTHER_MEMBER: &str = "u-other";

/// A server without sockets.
pub struct World {
    pub app: App,
    pub store: Arc<Memory>,
    pub engine: Engine,
    router: Router,
    /// Secrets: of the organization `acme` by role, and of another organization's owner.
    pub owner: String,
    pub owner_id: String,
    pub auditor: String,
    pub writer: String,
    pub member: String,
    /// Sees facts about accounts at other vendors.
    pub crossing: String,
    pub stranger: String,
}

/// A REST answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

/// A gRPC answer, read to its end.
#[derive(Debug)]
pub struct Reply {
    /// gRPC's own status.
    pub code: i32,
    pub message: Option<MultiAuditLogEntryResponse>,
}

impl World {
    pub fn new() -> Self {
        World::with(Limits::default())
    }

    pub fn with(limits: Limits) -> Self {
        let world = World::starting(limits);
        let access = Access::open(world.engine.clone());
        world.app.open(world.engine.clone(), access);
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
            let made = access.create_token("acme", &new, &by).unwrap();
            made.secret.reveal().to_owned()
        };
        let of = |role| NewToken {
            role: Some(Role::into(role)),
            ..NewToken::of_owner(&acme.owner)
        };
        for id in [MEMBER, OTHER_MEMBER] {
            let member = NewMember {
                email: format!("{id}@acme.example"),
                id: Some(id.to_owned()),
                name: None,
                role: Role::Member,
            };
            access.add_member("acme", &member, &by).unwrap();
        }
        let app = App::new(Setup {
            surfaces: vec![docket_surfaces_clarifai::surface()],
            limits,
            environment,
            metrics: None,
        });
        let view = View {
            cross_vendor: true,
            ..View::default()
        };
        World {
            router: edge::router(app.clone()),
            app,
            store,
            auditor: token(of(Role::Auditor)),
            writer: token(of(Role::Writer)),
            member: token(NewToken::of_owner(MEMBER)),
            crossing: token(NewToken {
                view,
                ..of(Role::Auditor)
            }),
            owner: acme.secret.reveal().to_owned(),
            owner_id: acme.owner,
            stranger: other.secret.reveal().to_owned(),
            engine,
        }
    }

    /// Stores entries of the vendor's.
    pub async fn store(&self, entries: &[&str]) {
        let read = |text: &&str| ingest(&parse(text).unwrap(), None).unwrap();
        self.append(entries.iter().map(read).collect()).await;
    }

    pub async fn append(&self, events: Vec<Event>) {
        let log = self.engine.log("acme").unwrap().unwrap();
        let request = Append {
            events,
            ..Append::default()
        };
        let ticket = tokio::task::spawn_blocking(move || log.append(request));
        ticket.await.unwrap().unwrap().done().await.unwrap();
    }

    async fn send(
        &self,
        request: Request<Body>,
    ) -> (StatusCode, HeaderMap, Option<HeaderMap>, Bytes) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let whole = body.collect().await.unwrap();
        let trailers = whole.trailers().cloned();
        (parts.status, parts.headers, trailers, whole.to_bytes())
    }

    pub async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let request = headers.iter().fold(
            Request::builder().method(method).uri(path),
            |all, (name, value)| all.header(*name, *value),
        );
        let (status, headers, _, bytes) = self
            .send(request.body(body.to_owned().into()).unwrap())
            .await;
        Answer {
            status,
            headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    /// A search over REST.
    pub async fn search(&self, user_id: &str, token: &str, body: &str) -> Answer {
        let path = format!("/v2/users/{user_id}/audit_log/searches");
        let key = format!("Key {token}");
        self.ask("POST", &path, &[("authorization", &key)], body)
            .await
    }

    /// What a search lists, as the request ids of the entries; it must succeed.
    pub async fn listed(&self, user_id: &str, token: &str, body: &str) -> Vec<String> {
        let answer = self.search(user_id, token, body).await;
        answer.is(200, 10_000);
        answer.members("req_id")
    }

    /// A message to a gRPC method.
    pub async fn call(&self, path: &str, headers: &[(&str, &str)], message: &[u8]) -> Reply {
        let mut framed = vec![0];
        framed.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
        framed.extend(message);
        self.call_raw(path, headers, framed).await
    }

    /// Bytes to a gRPC method.
    pub async fn call_raw(&self, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Reply {
        let request = Request::post(path)
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        let request = headers
            .iter()
            .fold(request, |all, (name, value)| all.header(*name, *value));
        let (status, headers, trailers, bytes) =
            self.send(request.body(body.into()).unwrap()).await;
        assert_eq!(status, 200);
        assert_eq!(headers["content-type"], "application/grpc");
        let code = trailers.as_ref().unwrap_or(&headers).get("grpc-status");
        let code = code.expect("a gRPC answer has a status").to_str().unwrap();
        let message = (!bytes.is_empty()).then(|| {
            let (prefix, message) = bytes.split_at(5);
            assert_eq!(prefix[0], 0);
            assert_eq!(
                prefix[1..],
                u32::try_from(message.len()).unwrap().to_be_bytes()
            );
            MultiAuditLogEntryResponse::decode(message).unwrap()
        });
        Reply {
            code: code.parse().unwrap(),
            message,
        }
    }

    /// A search over gRPC.
    pub async fn post(&self, token: &str, request: &PostAuditLogSearchesRequest) -> Reply {
        let key = format!("Key {token}");
        self.call(METHOD, &[("authorization", &key)], &request.encode_to_vec())
            .await
    }
}

/// A request for the log of that user.
pub fn of_user(user_id: &str) -> PostAuditLogSearchesRequest {
    PostAuditLogSearchesRequest {
        user_app_id: Some(UserAppIdSet {
            user_id: user_id.to_owned(),
            app_id: String::new(),
        }),
        ..Default::default()
    }
}

impl Answer {
    pub fn json(&self) -> Value<'_> {
        parse(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// It has this HTTP status and this code, and what every answer has.
    pub fn is(&self, status: u16, code: u32) {
        assert_eq!(self.status, status, "{}", self.text);
        let json = self.json();
        let at = |name: &str| json.at(&["status", name]).map(Value::to_text);
        assert_eq!(at("code"), Some(code.to_string()), "{}", self.text);
        assert_eq!(at("details").is_none(), code == 10_000, "{}", self.text);
        let id = json.at(&["status", "req_id"]).and_then(Value::as_str);
        assert_eq!(self.headers["x-clarifai-request-id"], id.unwrap());
        assert_eq!(
            self.headers["content-type"],
            "application/json; charset=UTF-8"
        );
        assert_eq!(self.headers["access-control-allow-origin"], "*");
    }

    /// The text at `details`.
    pub fn details(&self) -> String {
        let json = self.json();
        let details = json.at(&["status", "details"]).and_then(Value::as_str);
        details.unwrap_or_default().to_owned()
    }

    /// A member of all entries.
    pub fn members(&self, name: &str) -> Vec<String> {
        let json = self.json();
        let Some(all) = json.get("entries").and_then(Value::as_array) else {
            panic!("no entries: {}", self.text);
        };
        let member = |entry: &Value<'_>| entry.get(name).and_then(Value::as_str).map(str::to_owned);
        all.iter()
            .map(|entry| member(entry).unwrap_or_default())
            .collect()
    }
}

impl Reply {
    /// gRPC calls it a success, and the status has this code.
    pub fn is(&self, code: u32) -> &MultiAuditLogEntryResponse {
        assert_eq!(self.code, 0, "{self:?}");
        let message = self.message.as_ref().unwrap();
        let status = message.status.as_ref().unwrap();
        assert_eq!(status.code, code, "{status:?}");
        assert_eq!(status.details.is_empty(), code == 10_000, "{status:?}");
        assert!(status.req_id.len() >= 32, "{status:?}");
        message
    }
}
