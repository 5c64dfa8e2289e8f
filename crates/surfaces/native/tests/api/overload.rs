//! A server that has too much to do, is not ready, or is broken.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use docket_engine::testing::memory::{Memory, ReadFault};
use docket_engine::{Engine, Environment, Params};
use docket_surfaces_kit::Limits;

use crate::world::World;

const EVENTS: &str = "/api/v1/events";
const EVENT: &str = r#"{"type":"a.b"}"#;

#[tokio::test]
async fn readiness_follows_the_store() {
    let world = World::starting(Limits::default());
    let owner = world.owner.clone();
    assert_eq!(world.get("/healthz", "").await.status, 200);
    let starting = world.get("/readyz", "").await;
    assert_eq!(
        (starting.status.as_u16(), &*starting.text),
        (503, "the store is still being read\n")
    );
    let busy = world.get(EVENTS, &owner).await;
    busy.is_problem(503, "busy");
    assert_eq!(busy.headers["retry-after"], "2");
    let access = docket_access::Access::open(world.engine.clone());
    world.app.open(world.engine.clone(), access);
    assert_eq!(world.get("/readyz", "").await.status, 200);
    assert_eq!(world.get(EVENTS, &owner).await.status, 200);
    world.app.close();
    assert_eq!(world.get("/readyz", "").await.status, 503);
    assert_eq!(world.get(EVENTS, &owner).await.status, 200);
    world
        .get("/metrics", "")
        .await
        .is_problem(404, "nothing at this path");
}

#[tokio::test]
async fn a_server_without_its_database_is_not_ready() {
    let mut world = World::starting(Limits::default());
    let store = Memory::shared(4_096);
    let shared = Arc::new(store.clone());
    world.engine = Engine::open(shared, Params::default(), Environment::system()).unwrap();
    let access = docket_access::Access::open(world.engine.clone());
    world.app.open(world.engine.clone(), access);
    store.fail_read(0, ReadFault::Unavailable);
    for _ in 0..2 {
        let unready = world.get("/readyz", "").await;
        assert_eq!(
            (unready.status.as_u16(), &*unready.text),
            (503, "the database cannot be reached\n")
        );
    }
    assert_eq!(world.get("/healthz", "").await.status, 200);
}

#[tokio::test]
async fn a_token_that_asks_too_often_waits() {
    let limits = Limits {
        token_rate: NonZeroU32::new(1),
        token_burst: NonZeroU32::MIN,
        ..Limits::default()
    };
    let world = World::with(limits);
    assert_eq!(world.post(EVENTS, &[], EVENT).await.status, 200);
    let refused = world.post(EVENTS, &[], EVENT).await;
    refused.is_problem(429, "too many requests; ask again in 1 s");
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!(world.get(EVENTS, &world.owner).await.status, 200);
}

#[tokio::test]
async fn bodies_share_a_bounded_memory() {
    let world = World::with(Limits {
        bodies_bytes_max: 1_000,
        ..Limits::default()
    });
    let body = format!("{EVENT}{}", " ".repeat(1_000));
    world
        .post(EVENTS, &[], body.clone())
        .await
        .is_problem(503, "busy");
    let zstd = zstd::encode_all(body.as_bytes(), 3).unwrap();
    let packed = world
        .post(EVENTS, &[("content-encoding", "zstd")], zstd)
        .await;
    packed.is_problem(503, "busy");
    for _ in 0..50 {
        assert_eq!(
            world
                .post(EVENTS, &[], format!("{EVENT}{}", " ".repeat(900)))
                .await
                .status,
            200
        );
    }
}

#[tokio::test]
async fn heads_have_a_bounded_length() {
    let world = World::new();
    let long = format!("{EVENTS}?type={}", "x".repeat(62_000));
    world
        .get(&long, &world.owner)
        .await
        .is_problem(414, "the address is longer than 61440 bytes");
    let fat = "x".repeat(40_000);
    world
        .post(EVENTS, &[("x-fat", &fat)], EVENT)
        .await
        .is_problem(431, "longer than 32768 bytes");
}

#[tokio::test]
async fn a_panic_is_an_answer_of_the_surface_and_tells_nothing() {
    let world = World::new();
    let answer = world.get("/v1/panic", "").await;
    assert_eq!(answer.status, 500);
    assert_eq!(
        answer.text,
        "vendor: the server had an error (GET /v1/panic)"
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_that_never_ends_is_ended() {
    let world = World::with(Limits {
        request_time: Duration::from_secs(5),
        ..Limits::default()
    });
    let answer = world.get("/v1/slow", "").await;
    assert_eq!(
        answer.text,
        "vendor: the request took too long (GET /v1/slow)"
    );
    assert_eq!(answer.headers["retry-after"], "2");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_refused() {
    let world = World::new();
    let pieces: [Result<&str, std::io::Error>; 2] =
        [Ok("{\"type\":"), Err(std::io::Error::other("gone"))];
    let body = Body::from_stream(futures_util::stream::iter(pieces));
    world
        .post(EVENTS, &[], body)
        .await
        .is_problem(400, "the body breaks off");
}

#[tokio::test]
async fn a_store_that_fails_is_told_without_its_reasons() {
    let world = World::new();
    world.store.fail_read(1, ReadFault::Unavailable);
    let answer = world.get(EVENTS, &world.owner).await;
    answer.is_problem(503, "the store is not available");
    assert_eq!(world.get(EVENTS, &world.owner).await.status, 200);
}
