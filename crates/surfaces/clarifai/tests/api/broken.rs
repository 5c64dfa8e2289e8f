//! A server that has too much to do, is not ready, or is broken.

use std::num::NonZeroU32;

use docket_engine::testing::memory::ReadFault;
use docket_surfaces_kit::Limits;

use crate::world::{METHOD, World, of_user};
use prost::Message as _;

#[tokio::test]
async fn a_key_that_asks_too_often_is_told_its_rate() {
    let limits = Limits {
        token_rate: NonZeroU32::new(15),
        token_burst: NonZeroU32::MIN,
        ..Limits::default()
    };
    let world = World::with(limits);
    world.search("me", &world.auditor, "").await.is(200, 10_000);
    let refused = world.search("me", &world.auditor, "").await;
    refused.is(429, 11_005);
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!(
        refused.details(),
        "exceeded limit of 15 requests per second"
    );
    assert!(refused.text.ends_with(r#""entries":[]}"#));
    world.post(&world.auditor, &of_user("me")).await.is(11_005);
    world.post(&world.owner, &of_user("me")).await.is(10_000);
}

#[tokio::test]
async fn a_server_that_is_not_ready_asks_for_patience() {
    let world = World::starting(Limits::default());
    world.search("me", &world.auditor, "").await.is(503, 40_031);
    assert_eq!(world.post(&world.auditor, &of_user("me")).await.code, 14);
}

#[tokio::test]
async fn a_store_that_fails_is_an_internal_error() {
    for fault in [ReadFault::Unavailable, ReadFault::Corrupt] {
        let world = World::new();
        world.store.fail_read(1, fault);
        let answer = world.search("me", &world.auditor, "").await;
        answer.is(500, 99_009);
        assert!(answer.text.ends_with(r#""entries":[]}"#));
        world.search("me", &world.auditor, "").await.is(200, 10_000);
        world.store.fail_read(0, fault);
        world.post(&world.auditor, &of_user("me")).await.is(99_009);
        world.post(&world.auditor, &of_user("me")).await.is(10_000);
    }
}

#[tokio::test]
async fn a_deadline_ends_the_wait() {
    let limits = Limits {
        reads_max: 0,
        ..Limits::default()
    };
    let world = World::with(limits);
    let key = format!("Key {}", world.auditor);
    let message = of_user("me").encode_to_vec();
    let code = async |timeout| {
        let headers = [("authorization", key.as_str()), ("grpc-timeout", timeout)];
        world.call(METHOD, &headers, &message).await.code
    };
    assert_eq!(code("20m").await, 4);
    // What is no deadline is none, and then the server says that it is busy.
    tokio::time::pause();
    assert_eq!(code("20 m").await, 14);
}
