//! Clarifai's clients: over REST, and over gRPC without TLS.

use anyhow::Context;
use docket_event::vocabulary::Surface;
use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use prost::Message;
use serde_json::json;

use super::question::{
    Client, NATIVE, Question, UNTIL, UNTIL_SECONDS, Vendor, Way, member_of_each,
};
use crate::generate::{Words, actor_id, types};
use crate::http2::Connection;
use crate::server::Server;

const SURFACE: Surface = Surface::Clarifai;
const SEARCHES: &str = "/v2/users/me/audit_log/searches";
const METHOD: &str = "/clarifai.api.V2/PostAuditLogSearches";
/// Bytes in front of a message of gRPC.
const PREFIX_BYTES: usize = 5;

/// What is asked: the newest page, that of one type, and that of one actor.
pub const VENDOR: Vendor = Vendor {
    surface: SURFACE,
    questions: |_| {
        let question = |name| Question {
            name,
            events: 128,
            row: 0,
            rarer: 1,
            entry: None,
            actor: None,
            outcome: None,
        };
        vec![
            question("newest 128"),
            Question {
                entry: types(Words::Of(SURFACE)).next(),
                ..question("of the most common type, 128")
            },
            Question {
                actor: Some(actor_id(0, 0)),
                ..question("of the most active actor, 128")
            },
        ]
    },
    ways: |_| vec![NATIVE, REST, GRPC],
};

const REST: Way = Way {
    name: "Clarifai REST",
    client: rest,
    request_ids: |body| member_of_each(body, "entries", "req_id"),
};

const GRPC: Way = Way {
    name: "Clarifai gRPC",
    client: grpc,
    request_ids: |body| {
        let message = body
            .get(PREFIX_BYTES..)
            .context("an answer without a message")?;
        let answer = Answer::decode(message).context("an answer that is no message")?;
        Ok(answer
            .entries
            .into_iter()
            .map(|entry| entry.req_id)
            .collect())
    },
};

fn rest(server: &Server, token: &str, question: &Question) -> anyhow::Result<Client> {
    let Query {
        user_ids,
        operations,
        ..
    } = query(question)?;
    let query = json!({ "timestamp_to": UNTIL, "user_ids": user_ids, "operations": operations });
    let body = json!({ "query": query, "pagination": { "page": 1, "per_page": question.events } });
    let body = body.to_string();
    let request = format!(
        "POST {SEARCHES} HTTP/1.1\r\nhost: localhost\r\nauthorization: Key {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    Ok(Client::Plain(server.connect()?, request.into_bytes()))
}

fn grpc(server: &Server, token: &str, question: &Question) -> anyhow::Result<Client> {
    let searches = Searches {
        user_app_id: Some(UserAppId {
            user_id: "me".to_owned(),
        }),
        query: Some(query(question)?),
        pagination: Some(Pagination {
            page: 1,
            per_page: u32::try_from(question.events)?,
        }),
    };
    let message = searches.encode_to_vec();
    let mut body = vec![0];
    body.extend(u32::try_from(message.len())?.to_be_bytes());
    body.extend(message);
    let request = Request::post(format!("http://localhost{METHOD}"))
        .header("authorization", format!("Key {token}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(Full::new(Bytes::from(body)))?;
    Ok(Client::Grpc(
        Connection::open(server.port())?,
        Box::new(request),
    ))
}

fn query(question: &Question) -> anyhow::Result<Query> {
    let word = question.entry.map(|entry| entry.own_word(SURFACE));
    let code = word.map(|word| {
        word.and_then(|word| word.code)
            .context("a type without code")
    });
    let operations = code.transpose()?.map(i32::try_from).transpose()?;
    Ok(Query {
        timestamp_to: Some(Time {
            seconds: UNTIL_SECONDS,
        }),
        user_ids: question.actor.iter().cloned().collect(),
        operations: operations.into_iter().collect(),
    })
}

#[derive(Clone, PartialEq, Message)]
struct Searches {
    #[prost(message, optional, tag = "1")]
    user_app_id: Option<UserAppId>,
    #[prost(message, optional, tag = "2")]
    query: Option<Query>,
    #[prost(message, optional, tag = "5")]
    pagination: Option<Pagination>,
}

#[derive(Clone, PartialEq, Message)]
struct UserAppId {
    #[prost(string, tag = "1")]
    user_id: String,
}

#[derive(Clone, PartialEq, Message)]
struct Query {
    #[prost(message, optional, tag = "2")]
    timestamp_to: Option<Time>,
    #[prost(string, repeated, tag = "3")]
    user_ids: Vec<String>,
    #[prost(int32, repeated, tag = "4")]
    operations: Vec<i32>,
}

#[derive(Clone, PartialEq, Message)]
struct Time {
    #[prost(int64, tag = "1")]
    seconds: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Pagination {
    #[prost(uint32, tag = "1")]
    page: u32,
    #[prost(uint32, tag = "2")]
    per_page: u32,
}

#[derive(Clone, PartialEq, Message)]
struct Answer {
    #[prost(message, repeated, tag = "2")]
    entries: Vec<Entry>,
}

#[derive(Clone, PartialEq, Message)]
struct Entry {
    #[prost(string, tag = "8")]
    req_id: String,
}
