//! Questions drawn at random, one for each way to ask.

use std::future::Future;
use std::pin::Pin;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use docket_engine::testing::random::Dice;
use docket_event::Value;
use docket_event::json::parse;
use docket_surfaces_clarifai::proto::{
    AuditLogQuery, MultiAuditLogEntryResponse, PostAuditLogSearchesRequest, UserAppIdSet,
};
use http_body_util::BodyExt;
use prost::Message as _;
use tower::ServiceExt;

use crate::granted::Token;
use crate::world::World;

/// What came back.
pub struct Asked {
    /// The question, for messages.
    pub what: String,
    /// Marks of the events in the answer.
    pub found: Vec<String>,
    /// Whether it must be all that the token may see.
    pub exactly: bool,
}

type Answering<'a> = Pin<Box<dyn Future<Output = Option<Asked>> + 'a>>;
type Question = for<'a> fn(&'a World, &'a Token, &'a mut Dice) -> Answering<'a>;

/// All ways to ask. `None`: the question was refused.
pub const QUESTIONS: &[Question] = &[
    |world, token, dice| Box::pin(native(world, token, dice)),
    |world, token, _| Box::pin(native_all(world, token)),
    |world, token, dice| Box::pin(native_one(world, token, dice)),
    |world, token, dice| Box::pin(native_stats(world, token, dice)),
    |world, token, dice| Box::pin(openai(world, token, dice)),
    |world, token, dice| Box::pin(calypsoai(world, token, dice)),
    |world, token, dice| Box::pin(clarifai(world, token, dice)),
    |world, token, dice| Box::pin(clarifai_grpc(world, token, dice)),
];

async fn send(world: &World, request: Request<Body>) -> (StatusCode, Vec<u8>) {
    let response = world.router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, bytes.to_vec())
}

/// The answer to a GET with the token; `None` when it is refused.
async fn get(world: &World, token: &Token, path: &str) -> Option<Value<'static>> {
    let request = Request::get(path).header("authorization", format!("Bearer {}", token.secret));
    let (status, bytes) = send(world, request.body(Body::empty()).unwrap()).await;
    let refused = [StatusCode::FORBIDDEN, StatusCode::NOT_FOUND].contains(&status);
    assert!(status == StatusCode::OK || refused, "{path}: {status}");
    (!refused).then(|| {
        parse(std::str::from_utf8(&bytes).unwrap())
            .unwrap()
            .into_owned()
    })
}

fn text(value: &Value<'_>, name: &str) -> Option<String> {
    value.get(name).and_then(Value::as_str).map(str::to_owned)
}

fn entries<'v>(answer: &'v Value<'v>, page: &str) -> &'v [Value<'v>] {
    answer
        .get(page)
        .and_then(Value::as_array)
        .unwrap_or_default()
}

/// The mark of a native event.
fn mark(event: &Value<'_>) -> String {
    text(event, "request_id")
        .or_else(|| text(event, "id"))
        .unwrap_or_default()
}

fn some<'p>(dice: &mut Dice, name: &str, from: &[&'p str]) -> Option<String> {
    let value: &'p str = dice.pick(from)?;
    dice.once_in(3).then(|| format!("{name}={value}"))
}

const ACTORS: [&str; 7] = ["m0", "m1", "m2", "m3", "robot", "stranger", "docket-cli"];

fn filters(dice: &mut Dice) -> Vec<String> {
    let all = [
        some(dice, "actor_id", &ACTORS),
        some(dice, "not.actor_id", &ACTORS),
        some(dice, "project_id", &["p0", "p1", "p2"]),
        some(dice, "not.project_id", &["p0", "p1"]),
        some(
            dice,
            "type",
            &["project.*", "user_account.created", "*", "api_key.created"],
        ),
        some(dice, "q", &["mark", "docket", "project"]),
        some(dice, "outcome", &["success"]),
        some(dice, "request_id", &["mark-1", "mark-2"]),
    ];
    all.into_iter()
        .flatten()
        .filter(|one| one != "type=*")
        .collect()
}

/// Pages of the native listing, turned to the end.
async fn pages(world: &World, token: &Token, query: &str) -> Option<Vec<String>> {
    let mut found = Vec::new();
    let mut path = format!("/api/v1/events?{query}");
    for _ in 0..200 {
        let answer = get(world, token, &path).await?;
        found.extend(entries(&answer, "events").iter().map(mark));
        if answer.get("has_more") != Some(&Value::Bool(true)) {
            return Some(found);
        }
        let next = text(&answer, "next").unwrap();
        path = format!("/api/v1/events?{query}&cursor={next}");
    }
    panic!("no end: {query}")
}

async fn native(world: &World, token: &Token, dice: &mut Dice) -> Option<Asked> {
    let mut query = filters(dice);
    query.extend(some(dice, "order", &["recorded", "occurred"]));
    query.extend(some(dice, "direction", &["asc", "desc"]));
    query.push(format!("limit={}", 1 + dice.below(40)));
    let query = query.join("&");
    Some(Asked {
        found: pages(world, token, &query).await?,
        what: format!("native {query}"),
        exactly: false,
    })
}

async fn native_all(world: &World, token: &Token) -> Option<Asked> {
    Some(Asked {
        found: pages(world, token, "limit=17").await?,
        what: "native, all".to_owned(),
        exactly: true,
    })
}

async fn native_one(world: &World, token: &Token, dice: &mut Dice) -> Option<Asked> {
    // Ids are no secret: whoever knows one may ask.
    let id = dice.pick(&world.ids())?.clone();
    let answer = get(world, token, &format!("/api/v1/events/{id}")).await?;
    Some(Asked {
        what: format!("native, one: {id}"),
        found: vec![mark(&answer)],
        exactly: false,
    })
}

/// The count must be of what the token may see.
async fn native_stats(world: &World, token: &Token, dice: &mut Dice) -> Option<Asked> {
    let query = filters(dice).join("&");
    let listed = pages(world, token, &format!("{query}&limit=1000")).await?;
    let answer = get(world, token, &format!("/api/v1/stats?{query}")).await?;
    let count = answer.get("count").map(Value::to_text);
    assert_eq!(count, Some(listed.len().to_string()), "{query}: {token:?}");
    let counted = get(
        world,
        token,
        &format!("/api/v1/events?{query}&limit=1&count=true"),
    )
    .await?;
    let count = counted.get("count").map(Value::to_text);
    assert_eq!(count, Some(listed.len().to_string()), "{query}: {token:?}");
    Some(Asked {
        what: format!("stats {query}"),
        found: listed,
        exactly: false,
    })
}

/// The marks of events by their ids.
fn by_ids(world: &World, ids: Vec<String>) -> Vec<String> {
    let mut marks = Vec::with_capacity(ids.len());
    for id in ids {
        let hex: String = id.trim_start_matches("audit_log-").replace('-', "");
        let dashed = |hex: &str| {
            let cuts = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)];
            let parts: Vec<&str> = cuts.iter().filter_map(|(a, b)| hex.get(*a..*b)).collect();
            parts.join("-")
        };
        marks.push(world.mark_of(&dashed(&hex)));
    }
    marks
}

/// The entries of a vendor's page, which have ids.
async fn listed(world: &World, token: &Token, path: String, page: &str) -> Option<Asked> {
    let answer = get(world, token, &path).await?;
    let ids = entries(&answer, page)
        .iter()
        .filter_map(|entry| text(entry, "id"));
    Some(Asked {
        found: by_ids(world, ids.collect()),
        what: path,
        exactly: false,
    })
}

async fn openai(world: &World, token: &Token, dice: &mut Dice) -> Option<Asked> {
    let mut query = vec![format!("limit={}", 1 + dice.below(100))];
    query.extend(some(dice, "actor_ids[]", &ACTORS));
    query.extend(some(dice, "project_ids[]", &["p0", "p1", "p2"]));
    query.extend(some(
        dice,
        "event_types[]",
        &["project.created", "user.added"],
    ));
    let path = format!("/v1/organization/audit_logs?{}", query.join("&"));
    listed(world, token, path, "data").await
}

async fn calypsoai(world: &World, token: &Token, dice: &mut Dice) -> Option<Asked> {
    let mut query = Vec::new();
    query.extend(some(dice, "onlyUser", &["true", "false"]));
    query.extend(some(dice, "userId", &ACTORS));
    query.extend(some(dice, "projectId", &["p0", "p1", "p2"]));
    let path = format!("/backend/v1/audit?{}", query.join("&"));
    listed(world, token, path, "events").await
}

async fn clarifai(world: &World, token: &Token, dice: &mut Dice) -> Option<Asked> {
    let user = *dice.pick(&["acme", "me", "m0", "m1", "robot", "other"])?;
    let body = match dice.pick(&["", "m1"])? {
        &"" => "{}".to_owned(),
        id => format!(r#"{{"query":{{"user_ids":["{id}"]}}}}"#),
    };
    let request = Request::post(format!("/v2/users/{user}/audit_log/searches"))
        .header("authorization", format!("Key {}", token.secret));
    let (status, bytes) = send(world, request.body(Body::from(body)).unwrap()).await;
    if status != StatusCode::OK {
        return None;
    }
    let answer = parse(std::str::from_utf8(&bytes).unwrap()).unwrap();
    let found = entries(&answer, "entries")
        .iter()
        .filter_map(|entry| text(entry, "req_id"));
    Some(Asked {
        found: found.collect(),
        what: format!("clarifai {user}"),
        exactly: false,
    })
}

async fn clarifai_grpc(world: &World, token: &Token, dice: &mut Dice) -> Option<Asked> {
    let user = *dice.pick(&["acme", "me", "m0", "m2", "robot"])?;
    let message = PostAuditLogSearchesRequest {
        user_app_id: Some(UserAppIdSet {
            user_id: user.to_owned(),
            app_id: String::new(),
        }),
        query: dice.once_in(2).then(|| AuditLogQuery {
            user_ids: vec!["m1".to_owned()],
            ..AuditLogQuery::default()
        }),
        ..PostAuditLogSearchesRequest::default()
    };
    let mut framed = vec![0];
    let encoded = message.encode_to_vec();
    framed.extend(u32::try_from(encoded.len()).unwrap().to_be_bytes());
    framed.extend(encoded);
    let request = Request::post("/clarifai.api.V2/PostAuditLogSearches")
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("authorization", format!("Key {}", token.secret));
    let (_, bytes) = send(world, request.body(Body::from(framed)).unwrap()).await;
    let message = MultiAuditLogEntryResponse::decode(bytes.get(5..)?).unwrap();
    let found = message.entries.into_iter().map(|entry| entry.req_id);
    Some(Asked {
        found: found.collect(),
        what: format!("clarifai over gRPC {user}"),
        exactly: false,
    })
}
