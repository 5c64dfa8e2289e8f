//! A server without sockets that speaks all dialects.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request};
use docket_access::{Access, Caller, NewOrganization};
use docket_engine::testing::memory::Memory;
use docket_engine::{Engine, Environment, Params};
use docket_event::Value;
use docket_event::json::parse;
use docket_surfaces_kit::{App, Limits, Setup, edge};
use http_body_util::BodyExt;
use tower::ServiceExt;

pub struct Server {
    router: Router,
    /// The owner's secret.
    secret: String,
}

impl Server {
    pub fn new() -> Self {
        let made = std::thread::spawn(Server::made);
        made.join()
            .expect("the organization is made on a thread that may block")
    }

    fn made() -> Self {
        let environment = Environment::system();
        let store = Arc::new(Memory::new(4_096));
        let engine = Engine::open(store, Params::default(), environment.clone()).unwrap();
        let access = Access::open(engine.clone());
        let new = NewOrganization {
            org: "acme".to_owned(),
            name: None,
            owner_email: "owner@acme.example".to_owned(),
        };
        let made = access.init(&new, &Caller::command_line(None)).unwrap();
        let app = App::new(Setup {
            surfaces: docket_surfaces::all(),
            limits: Limits::default(),
            environment,
            metrics: None,
        });
        app.open(engine, access);
        Server {
            router: edge::router(app),
            secret: made.secret.reveal().to_owned(),
        }
    }

    /// Writes an entry of a dialect.
    pub async fn write(&self, format: &str, entry: &str) {
        let request = Request::post(format!("/api/v1/events?format={format}"));
        let request = request.body(Body::from(entry.to_owned())).unwrap();
        let answer = self.read(request).await;
        assert!(answer.get("ids").is_some(), "{}: {entry}", answer.to_text());
    }

    /// Sends a request with the owner's token; gives the answer, which must be JSON.
    pub async fn read(&self, mut request: Request<Body>) -> Value<'static> {
        // One of the dialects has a scheme of its own.
        let scheme = match request.uri().path().starts_with("/v2/") {
            true => "Key",
            false => "Bearer",
        };
        let value = HeaderValue::try_from(format!("{scheme} {}", self.secret)).unwrap();
        request.headers_mut().insert("authorization", value);
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        assert_eq!(status, 200, "{text}");
        parse(&text).unwrap().into_owned()
    }
}
