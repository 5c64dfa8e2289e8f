//! A page that is asked for, the ways to ask for it, and the native way.

use std::borrow::Cow;

use anyhow::{Context, ensure};
use docket_event::Outcome;
use docket_event::vocabulary::{Surface, TypeEntry};
use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use serde_json::Value;

use crate::http;
use crate::http2;
use crate::server::Server;

/// Later than all generated events, earlier than those of the organization's making: Unix seconds, and the same as text.
pub const UNTIL_SECONDS: i64 = 1_767_225_600;
/// See [`UNTIL_SECONDS`].
pub const UNTIL: &str = "2026-01-01T00:00:00Z";

/// The newest generated events that fit.
#[derive(Debug)]
pub struct Question {
    /// For the table.
    pub name: &'static str,
    /// How many.
    pub events: usize,
    /// How many newer ones are left out. The native API does not count rows.
    pub row: u64,
    /// It is asked so many times less often than others.
    pub rarer: usize,
    /// Their type, if one is asked for.
    pub entry: Option<&'static TypeEntry>,
    /// Their actor's id, if one is asked for.
    pub actor: Option<String>,
    /// Their outcome, where a surface does not show all.
    pub outcome: Option<Outcome>,
}

/// A vendor whose clients ask.
#[derive(Debug)]
pub struct Vendor {
    /// The surface that answers them.
    pub surface: Surface,
    /// What is asked of a log of so many events.
    pub questions: fn(u64) -> Vec<Question>,
    /// In which ways, the native one first where it can.
    pub ways: fn(&Question) -> Vec<Way>,
}

/// A way to ask.
#[derive(Debug)]
pub struct Way {
    /// For the table.
    pub name: &'static str,
    /// Makes a client that asks a question, with a token.
    pub client: fn(&Server, &str, &Question) -> anyhow::Result<Client>,
    /// Reads an answer: the request ids of its events, in order.
    pub request_ids: fn(&[u8]) -> anyhow::Result<Vec<String>>,
}

/// A client that asks one question over and over.
#[derive(Debug)]
pub enum Client {
    /// Over HTTP/1.1.
    Plain(http::Connection, Vec<u8>),
    /// Over gRPC.
    Grpc(http2::Connection, Box<Request<Full<Bytes>>>),
}

impl Client {
    /// Asks, and gives the body of the answer.
    pub fn ask(&mut self) -> anyhow::Result<Cow<'_, [u8]>> {
        match self {
            Client::Plain(connection, request) => {
                let answer = connection.ask(request)?;
                ensure!(
                    answer.status == 200,
                    "the server answered {}: {}",
                    answer.status,
                    String::from_utf8_lossy(answer.body)
                );
                Ok(Cow::Borrowed(answer.body))
            }
            Client::Grpc(connection, request) => {
                let answer = connection.ask(Request::clone(request))?;
                let status = answer.trailers.get("grpc-status");
                ensure!(
                    answer.status == 200 && status.is_some_and(|status| status == "0"),
                    "the server answered {}, {:?}",
                    answer.status,
                    answer.trailers
                );
                Ok(Cow::Owned(answer.body.into()))
            }
        }
    }
}

/// The native API.
pub const NATIVE: Way = Way {
    name: "native API",
    client: |server, token, question| {
        let mut path = format!(
            "/api/v1/events?limit={}&order=occurred&to={UNTIL}",
            question.events
        );
        if let Some(entry) = question.entry {
            path.push_str(&format!("&type={}", entry.name));
        }
        if let Some(actor) = &question.actor {
            path.push_str(&format!("&actor_id={actor}"));
        }
        if let Some(outcome) = question.outcome {
            path.push_str(&format!("&outcome={}", outcome.word()));
        }
        get(server, token, &path)
    },
    request_ids: |body| member_of_each(body, "events", "request_id"),
};

/// A client that gets a path.
pub fn get(server: &Server, token: &str, path: &str) -> anyhow::Result<Client> {
    let request =
        format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n");
    Ok(Client::Plain(server.connect()?, request.into_bytes()))
}

/// The texts of one member of all objects of a list.
pub fn member_of_each(body: &[u8], list: &str, member: &str) -> anyhow::Result<Vec<String>> {
    let answer: Value = serde_json::from_slice(body).context("an answer that is no JSON")?;
    let all = answer.get(list).and_then(Value::as_array);
    let text = |one: &Value| {
        let text = one.get(member).and_then(Value::as_str);
        Ok(text.context("an event without request id")?.to_owned())
    };
    all.context("an answer without events")?
        .iter()
        .map(text)
        .collect()
}
