//! Reads are counted by token, surface and hour, and a token's last use is written down.

use std::time::Duration;

use docket_access::{LAST_USED_STEP_MICROS, NewToken, Role, SettingsChange};
use tokio::sync::oneshot;

use crate::world::{HOUR, World, by, data};

const EVENTS: &str = "/api/v1/events";
const HOUR_MICROS: i64 = 3_600_000_000;

#[tokio::test]
async fn a_request_is_one_read_however_often_it_asks() {
    let world = World::new();
    let (id, secret) = world.member("ada", Role::Auditor);
    // Each of these asks the log more than once, or finds nothing.
    for path in [
        "/api/v1/events?count=true&limit=1",
        "/api/v1/events/unknown",
        "/api/v1/stats",
    ] {
        world.get(path, &secret).await;
    }
    assert_eq!(
        world.get("/api/v1/events?limit=none", &secret).await.status,
        400
    );
    for _ in 0..2 {
        let openai = world.get("/v1/organization/audit_logs", &secret).await;
        assert_eq!(openai.status, 200, "{}", openai.text);
    }
    assert!(world.reads().is_empty());
    world.stop().await;
    let reads = world.reads();
    let told: Vec<String> = reads.iter().map(data).collect();
    let hour = r#""from":"2025-11-20T01:00:00Z","to":"2025-11-20T02:00:00Z""#;
    assert_eq!(
        told,
        [
            format!(r#"{{"surface":"native","count":3,{hour}}}"#),
            format!(r#"{{"surface":"openai","count":2,{hour}}}"#),
        ]
    );
    for event in reads {
        assert_eq!(event.actor.unwrap().id.as_deref(), Some("ada"));
        assert_eq!(event.credential.unwrap().id.as_ref(), Some(&id));
        assert_eq!((event.source, event.request_id), (None, None));
    }
    world.stop().await;
    assert_eq!(world.reads().len(), 2, "once");
}

#[tokio::test(start_paused = true)]
async fn reads_are_written_when_their_hour_is_over() {
    let world = World::new();
    let (stop, stopped) = oneshot::channel::<()>();
    let keeping = tokio::spawn({
        let app = world.app.clone();
        async move {
            let stopped = async {
                let _ = stopped.await;
            };
            app.keep_notes(stopped).await;
        }
    });
    let look = || tokio::time::sleep(Duration::from_secs(61));
    assert_eq!(world.get(EVENTS, &world.owner).await.status, 200);
    world.clock.move_by(HOUR_MICROS - 1);
    look().await;
    assert_eq!(world.reads().len(), 0);
    world.clock.move_by(1);
    assert_eq!(world.get(EVENTS, &world.owner).await.status, 200);
    look().await;
    assert_eq!(world.reads().len(), 1);
    let _ = stop.send(());
    keeping.await.unwrap();
    let reads = world.reads();
    assert_eq!(reads.len(), 2, "what the hour under way has so far");
    assert!(data(&reads[1]).contains(r#""count":1,"from":"2025-11-20T02:00:00Z""#));
}

#[tokio::test]
async fn an_organization_that_wants_no_record_of_reads_has_none() {
    let world = World::new();
    let change = SettingsChange {
        read_audit: Some(false),
        ..SettingsChange::default()
    };
    assert_eq!(world.get(EVENTS, &world.owner).await.status, 200);
    world.access(move |access| access.update_settings("acme", &change, &by()).unwrap());
    assert_eq!(world.get(EVENTS, &world.owner).await.status, 200);
    world.stop().await;
    let [read] = world.reads().try_into().unwrap();
    assert!(data(&read).contains(r#""count":1,"#));
}

#[tokio::test]
async fn the_last_use_of_a_token_is_written_down_once_a_step() {
    let world = World::new();
    let owner = world.owner_id.clone();
    let (id, secret) = world.token(NewToken::of_owner(&owner));
    let last_used = || {
        let id = id.clone();
        world.access(move |access| access.token("acme", &id).unwrap().last_used_at)
    };
    assert_eq!(last_used(), None);
    for _ in 0..2 {
        assert_eq!(world.get("/api/v1/stats", &secret).await.status, 200);
    }
    assert_eq!(last_used(), None, "behind the answer");
    world.stop().await;
    let first = last_used().unwrap();
    assert!(first.starts_with("2025-11-20T01:00:00"), "{first}");
    world.clock.move_by(LAST_USED_STEP_MICROS - 1);
    assert_eq!(world.get("/api/v1/stats", &secret).await.status, 200);
    world.stop().await;
    assert_eq!(last_used(), Some(first));
    world.clock.move_by(1);
    assert_eq!(world.get("/api/v1/stats", &secret).await.status, 200);
    world.stop().await;
    assert!(last_used().unwrap().starts_with("2025-11-20T02:00:00"));
    assert_eq!(HOUR % HOUR_MICROS, 0);
}
