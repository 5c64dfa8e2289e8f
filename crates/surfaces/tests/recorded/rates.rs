//! Addresses that ask too often, or guess at credentials, are told to wait.

use std::num::NonZeroU32;

use axum::body::Body;
use axum::http::Request;
use docket_access::Role;
use docket_surfaces_kit::Limits;

use crate::world::{Answer, World, code};

const PATHS: [(&str, &str, &str); 4] = [
    ("GET", "/api/v1/events", "Bearer"),
    ("GET", "/v1/organization/audit_logs", "Bearer"),
    ("GET", "/backend/v1/audit", "Bearer"),
    ("POST", "/v2/users/me/audit_log/searches", "Key"),
];

async fn ask(world: &World, from: &str, path: (&str, &str, &str), secret: &str) -> Answer {
    let (method, path, scheme) = path;
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("{scheme} {secret}"));
    world.send(from, request.body(Body::empty()).unwrap()).await
}

#[tokio::test(start_paused = true)]
async fn an_address_that_asks_too_often_waits_on_every_surface() {
    let world = World::with(Limits {
        address_rate: NonZeroU32::new(1),
        address_burst: NonZeroU32::MIN,
        ..Limits::default()
    });
    for (number, path) in PATHS.into_iter().enumerate() {
        let from = format!("2001:db8:0:{number}::1");
        let neighbour = format!("2001:db8:0:{number}::2");
        let first = ask(&world, &from, path, &world.owner).await;
        assert_eq!(first.status, 200, "{}", first.text);
        let refused = ask(&world, &neighbour, path, &world.owner).await;
        assert_eq!(refused.status, 429, "{}", refused.text);
        assert_eq!(refused.headers["retry-after"], "1", "{}", path.1);
    }
    let health = Request::get("/healthz").body(Body::empty()).unwrap();
    assert_eq!(world.send("2001:db8::1", health).await.status, 429);
}

#[tokio::test(start_paused = true)]
async fn who_sends_many_refused_credentials_waits_and_others_do_not() {
    let world = World::with(Limits {
        failed_credentials_per_minute: NonZeroU32::new(2).unwrap(),
        ..Limits::default()
    });
    for (number, path) in PATHS.into_iter().enumerate() {
        let from = format!("192.0.2.{number}");
        for _ in 0..2 {
            let refused = ask(&world, &from, path, "docket_guess").await;
            assert_eq!(refused.status, 401, "{}", refused.text);
        }
        let slowed = ask(&world, &from, path, "docket_guess").await;
        assert_eq!(slowed.status, 429, "{}", slowed.text);
        assert_eq!(slowed.headers["retry-after"], "30", "{}", path.1);
        let valid = ask(&world, &from, path, &world.owner).await;
        assert_eq!(valid.status, 200, "{}", valid.text);
        let elsewhere = ask(&world, "198.51.100.1", path, "").await;
        assert_eq!(elsewhere.status, 401, "{}", elsewhere.text);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_credential_is_recorded_also_when_its_sender_waits() {
    let world = World::with(Limits {
        failed_credentials_per_minute: NonZeroU32::MIN,
        ..Limits::default()
    });
    let (_, secret) = world.member("gone", Role::Auditor);
    world.access(|access| {
        access
            .block_member("acme", "gone", &crate::world::by())
            .unwrap()
    });
    for status in [401, 429] {
        let [path, ..] = PATHS;
        assert_eq!(ask(&world, "192.0.2.1", path, &secret).await.status, status);
    }
    world.stop().await;
    let denied = world.denied();
    assert_eq!(denied.len(), 2);
    assert!(denied.iter().all(|event| code(event) == "owner_blocked"));
}
