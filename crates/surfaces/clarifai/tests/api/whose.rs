//! Whose events a user id means, for every kind of token, over both transports.

use crate::world::{MEMBER, OTHER_MEMBER, World, of_user};

/// An entry of each actor.
async fn world() -> World {
    let world = World::new();
    let owner = world.owner_id.clone();
    let entries: Vec<String> = [owner.as_str(), MEMBER, OTHER_MEMBER, "u-foreign"]
        .iter()
        .enumerate()
        .map(|(index, id)| {
            format!(
                r#"{{"timestamp":"2025-01-0{}T00:00:00Z","user":{{"id":"{id}"}},"operation":800,"success":true,"req_id":"{index}"}}"#,
                index + 1
            )
        })
        .collect();
    let entries: Vec<&str> = entries.iter().map(String::as_str).collect();
    world.store(&entries).await;
    world
}

#[tokio::test]
async fn a_user_id_means_what_the_token_may_read() {
    let world = world().await;
    let owner_id = world.owner_id.clone();
    // The organization's own record of its members is shown, too.
    let all = ["", "", "3", "2", "1", "0"].as_slice();
    let cases: &[(&str, &str, Option<&[&str]>)] = &[
        (&world.auditor, "acme", Some(all)),
        (&world.auditor, "me", Some(all)),
        (&world.auditor, &owner_id, Some(&["0"])),
        (&world.auditor, MEMBER, Some(&["1"])),
        (&world.auditor, OTHER_MEMBER, Some(&["2"])),
        (&world.auditor, "u-foreign", None),
        (&world.auditor, "other", None),
        (&world.auditor, "ACME", None),
        (&world.owner, "acme", Some(all)),
        (&world.member, MEMBER, Some(&["1"])),
        (&world.member, "me", Some(&["1"])),
        (&world.member, "acme", None),
        (&world.member, OTHER_MEMBER, None),
        (&world.member, "u-foreign", None),
        (&world.writer, "acme", None),
        (&world.writer, "me", None),
        (&world.writer, &owner_id, None),
        (&world.stranger, "acme", None),
        (&world.stranger, MEMBER, None),
        (&world.stranger, "other", Some(&[])),
    ];
    for (token, user_id, expected) in cases {
        let answer = world.search(user_id, token, "").await;
        let reply = world.post(token, &of_user(user_id)).await;
        match expected {
            Some(expected) => {
                answer.is(200, 10_000);
                assert_eq!(answer.members("req_id"), *expected, "{user_id}");
                let entries = &reply.is(10_000).entries;
                let sent: Vec<&str> = entries.iter().map(|entry| entry.req_id.as_str()).collect();
                assert_eq!(sent, *expected, "{user_id}");
            }
            None => {
                answer.is(403, 11_007);
                assert!(
                    answer.text.ends_with(r#","entries":[]}"#),
                    "{}",
                    answer.text
                );
                assert!(reply.is(11_007).entries.is_empty());
                assert_eq!(
                    answer.details(),
                    "The key lacks the scope AuditLogs_Get for this log."
                );
            }
        }
    }
}

#[tokio::test]
async fn another_kind_of_actor_with_the_same_id_is_somebody_else() {
    let world = world().await;
    let event = |kind: &str| {
        let text = format!(
            r#"{{"type":"project.deleted","actor":{{"kind":"{kind}","id":"{MEMBER}"}},"request_id":"{kind}"}}"#
        );
        docket_event::read_event(&text).unwrap()
    };
    let kinds = ["system", "service_account", "agent", "user"];
    world.append(kinds.map(event).to_vec()).await;
    for (user_id, token) in [
        ("me", &world.member),
        (MEMBER, &world.member),
        (MEMBER, &world.auditor),
    ] {
        assert_eq!(world.listed(user_id, token, "").await, ["user", "1"]);
    }
    // What is printed as a user is found as one.
    let by_user = format!(r#"{{"query":{{"user_ids":["{MEMBER}"],"operations":[602]}}}}"#);
    let found = world.listed("me", &world.auditor, &by_user).await;
    assert_eq!(found, ["user", "agent", "service_account"]);
}

#[tokio::test]
async fn the_path_wins_over_the_body_and_is_decoded() {
    let world = world().await;
    let body = r#"{"user_app_id":{"user_id":"nobody","app_id":"x"},"query":{"operations":[800]}}"#;
    assert_eq!(world.listed("me", &world.auditor, body).await.len(), 4);
    assert_eq!(
        world.listed("u%2Dmember", &world.auditor, body).await,
        ["1"]
    );
    world
        .search("%ff", &world.auditor, "")
        .await
        .is(400, 11_102);
    world.search("", &world.auditor, "").await.is(400, 11_102);
    world
        .search("a/b", &world.auditor, "")
        .await
        .is(404, 11_101);
    let nobody = world.post(&world.auditor, &Default::default()).await;
    nobody.is(11_102);
}
