//! Denied requests are in the log of the organization, a few a minute of each token.

use axum::body::Body;
use axum::http::Request;
use docket_access::{NewProject, NewToken, Role, SettingsChange};
use docket_engine::testing::memory::WriteFault;
use docket_event::{CredentialKind, Outcome};

use crate::world::{AGENT, HOUR, MINUTE_MICROS, Token, World, by, code, data};

const EVENTS: &str = "/api/v1/events";

#[tokio::test]
async fn a_denied_request_is_told_with_who_where_and_why() {
    let world = World::new();
    let (id, secret) = world.member("wu", Role::Writer);
    let answer = world.get("/api/v1/events/some-id?q=secret", &secret).await;
    assert_eq!(answer.status, 403);
    assert!(world.denied().is_empty(), "it is written behind the answer");
    world.stop().await;
    let [event] = world.denied().try_into().unwrap();
    assert_eq!(event.outcome, Outcome::Failure);
    assert_eq!(event.occurred_at.unwrap().micros(), HOUR);
    let actor = event.actor.as_ref().unwrap();
    assert_eq!(actor.id.as_deref(), Some("wu"));
    assert_eq!(actor.email.as_deref(), Some("wu@acme.example"));
    let credential = event.credential.as_ref().unwrap();
    assert_eq!(credential.kind, CredentialKind::ApiKey);
    assert_eq!(credential.id, Some(id));
    let source = event.source.as_ref().unwrap();
    assert_eq!(source.ip.as_deref(), Some("192.0.2.1"));
    assert_eq!(source.user_agent.as_deref(), Some(AGENT));
    let request_id = answer.headers["x-request-id"].to_str().unwrap();
    assert_eq!(event.request_id.as_deref(), Some(request_id));
    let error = event.error.as_ref().unwrap();
    assert_eq!(
        error.message.as_deref(),
        Some("the token lacks the permission audit:read")
    );
    assert_eq!(code(&event), "permission_missing");
    assert_eq!(
        data(&event),
        r#"{"surface":"native","route":"/api/v1/events/{id}","method":"GET","permission":"audit:read"}"#
    );
    assert_eq!(event.origin.as_ref().unwrap().surface, "docket");
}

#[tokio::test]
async fn every_reason_to_refuse_a_credential_has_its_word() {
    let world = World::new();
    let expired = world.token(NewToken {
        expires_micros: Some(HOUR + 1),
        ..NewToken::of_owner("owner@acme.example")
    });
    let revoked = world.token(NewToken::of_owner("owner@acme.example"));
    let blocked = world.member("blocked", Role::Auditor);
    let removed = world.member("removed", Role::Auditor);
    let project = NewProject {
        id: Some("p1".to_owned()),
        name: "One".to_owned(),
    };
    world.access(move |access| access.create_project("acme", &project, &by()).unwrap());
    let empty = world.token(NewToken {
        project: Some("p1".to_owned()),
        ..NewToken::of_owner("owner@acme.example")
    });
    let id = revoked.0.clone();
    world.access(move |access| {
        access.revoke_token("acme", &id, &by()).unwrap();
        access.block_member("acme", "blocked", &by()).unwrap();
        access.remove_member("acme", "removed", &by()).unwrap();
        access.delete_project("acme", "p1", &by()).unwrap();
    });
    world.clock.move_by(1);
    refuses(&world, &expired, "token_expired").await;
    refuses(&world, &revoked, "token_revoked").await;
    refuses(&world, &blocked, "owner_blocked").await;
    refuses(&world, &removed, "owner_removed").await;
    refuses(&world, &empty, "token_allows_nothing").await;
    let good = world.member("good", Role::Auditor);
    let change = SettingsChange {
        allowed_ips: Some(vec!["198.51.100.0/24".to_owned()]),
        ..SettingsChange::default()
    };
    world.access(move |access| access.update_settings("acme", &change, &by()).unwrap());
    refuses(&world, &good, "address_not_allowed").await;
    let before = world.denied().len();
    assert_eq!(world.get(EVENTS, "docket_unknown").await.status, 401);
    assert_eq!(world.get(EVENTS, "").await.status, 401);
    world.stop().await;
    assert_eq!(world.denied().len(), before, "nobody's log");
}

async fn refuses(world: &World, token: &Token, word: &str) {
    let before = world.denied().len();
    assert_eq!(world.get(EVENTS, &token.1).await.status, 401, "{word}");
    world.stop().await;
    let denied = world.denied();
    let [event] = denied.get(before..).unwrap() else {
        panic!("{word}: {denied:?}");
    };
    assert_eq!(code(event), word);
    assert_eq!(
        event.credential.as_ref().unwrap().id.as_ref(),
        Some(&token.0)
    );
    assert!(event.actor.as_ref().unwrap().id.is_some(), "{word}");
    let sentence = format!("the credential is refused: {}", word.replace('_', " "));
    let message = event.error.as_ref().unwrap().message.as_ref();
    assert_eq!(message, Some(&sentence));
}

#[tokio::test]
async fn every_surface_has_its_own_answer_and_the_same_event() {
    let world = World::new();
    let (_, member) = world.member("mo", Role::Member);
    let bearer = format!("Bearer {member}");
    let key = format!("Key {member}");
    let request = |method: &str, path: &str, authorization: &str| {
        Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", authorization)
    };
    // user_app_id { user_id: "acme" }, framed.
    let message: &[u8] = b"\0\0\0\0\x08\x0a\x06\x0a\x04acme";
    let grpc = "/clarifai.api.V2/PostAuditLogSearches";
    let requests = [
        (
            request("POST", EVENTS, &bearer).body(Body::from("{}")),
            403,
            "audit:write",
            r#"{"surface":"native","route":"/api/v1/events","method":"POST","permission":"audit:write"}"#,
        ),
        (
            request("GET", "/v1/organization/audit_logs", &bearer).body(Body::empty()),
            403,
            "Missing scopes",
            r#"{"surface":"openai","route":"/v1/organization/audit_logs","method":"GET","permission":"audit:read"}"#,
        ),
        (
            request("GET", "/backend/v1/audit?onlyUser=false", &bearer).body(Body::empty()),
            403,
            "Forbidden",
            r#"{"surface":"calypsoai","route":"/backend/v1/audit","method":"GET","permission":"audit:read"}"#,
        ),
        (
            request("POST", "/v2/users/acme/audit_log/searches", &key).body(Body::empty()),
            403,
            "11007",
            r#"{"surface":"clarifai","route":"/v2/users/{user_id}/audit_log/searches","method":"POST","permission":"audit:read"}"#,
        ),
        (
            request("POST", grpc, &key)
                .header("content-type", "application/grpc")
                .body(Body::from(message)),
            200,
            "AuditLogs_Get",
            r#"{"surface":"clarifai","route":"/clarifai.api.V2/{method}","method":"POST","permission":"audit:read"}"#,
        ),
    ];
    for (number, (request, status, words, told)) in requests.into_iter().enumerate() {
        let answer = world.send("192.0.2.1", request.unwrap()).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        assert!(answer.text.contains(words), "{words}: {}", answer.text);
        world.stop().await;
        let denied = world.denied();
        assert_eq!(denied.len(), number + 1, "{words}");
        assert_eq!(data(denied.last().unwrap()), told);
    }
    let other = request("GET", "/v1/organization/audit_logs", &bearer)
        .header("openai-organization", "other");
    let answer = world
        .send("192.0.2.1", other.body(Body::empty()).unwrap())
        .await;
    assert_eq!(answer.status, 401);
    world.stop().await;
    assert_eq!(code(world.denied().last().unwrap()), "other_organization");
}

#[tokio::test]
async fn a_flood_is_written_as_a_few_and_the_next_one_counts_the_rest() {
    let world = World::new();
    let (_, secret) = world.member("wu", Role::Writer);
    let (_, other) = world.member("wo", Role::Writer);
    for _ in 0..1_000 {
        assert_eq!(world.get(EVENTS, &secret).await.status, 403);
    }
    assert_eq!(world.get(EVENTS, &other).await.status, 403);
    world.stop().await;
    assert_eq!(world.denied().len(), 11);
    world.clock.move_by(MINUTE_MICROS);
    assert_eq!(world.get(EVENTS, &secret).await.status, 403);
    world.stop().await;
    let denied = world.denied();
    assert_eq!(denied.len(), 12);
    let told = data(denied.last().unwrap());
    assert!(told.ends_with(r#","left_out":990}"#), "{told}");
}

#[tokio::test]
async fn a_full_store_loses_no_count() {
    let world = World::new();
    let (_, secret) = world.member("wu", Role::Writer);
    world.store.fail_write(0, WriteFault::Busy);
    assert_eq!(world.get(EVENTS, &secret).await.status, 403);
    world.stop().await;
    assert_eq!(world.denied().len(), 0);
    assert_eq!(world.get(EVENTS, &secret).await.status, 403);
    world.stop().await;
    let [event] = world.denied().try_into().unwrap();
    assert!(data(&event).ends_with(r#","left_out":1}"#));
}
