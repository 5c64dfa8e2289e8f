//! Everything that an organization and the instance are administered by, over HTTP.

use serde_json::{Value, json};

use crate::world::World;

/// Somebody who asks.
struct Asker<'w> {
    world: &'w World,
    headers: Vec<(&'static str, String)>,
}

impl<'w> Asker<'w> {
    fn new(world: &'w World, token: &str) -> Self {
        let headers = vec![("authorization", format!("Bearer {token}"))];
        Asker { world, headers }
    }

    /// The same, naming an organization.
    fn naming(mut self, org: &str) -> Self {
        self.headers.push(("docket-organization", org.to_owned()));
        self
    }

    async fn answer(&self, method: &str, path: &str, body: Option<Value>) -> crate::world::Answer {
        let headers: Vec<(&str, &str)> = self
            .headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let path = format!("/api/v1{path}");
        self.world.ask(method, &path, &headers, body).await
    }

    /// Asks; the answer must have that status.
    async fn ask(&self, method: &str, path: &str, body: Option<Value>, status: u16) -> Value {
        let answer = self.answer(method, path, body).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text);
        serde_json::from_str(&answer.text).unwrap()
    }

    async fn get(&self, path: &str) -> Value {
        self.ask("GET", path, None, 200).await
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.ask("POST", path, Some(body), 201).await
    }
}

/// Makes a thing, looks it up, finds it in the list, changes it, deletes it.
async fn lives_and_dies(asker: &Asker<'_>, path: &str, new: Value, change: Value) {
    let made = asker.answer("POST", path, Some(new)).await;
    assert_eq!(made.status, 201, "{path}: {}", made.text);
    let thing: Value = serde_json::from_str(&made.text).unwrap();
    let id = thing["id"].as_str().unwrap();
    let place = made.headers["location"].to_str().unwrap();
    assert_eq!(place, format!("/api/v1{path}/{id}"));
    let one = format!("{path}/{id}");
    assert_eq!(asker.get(&one).await["id"], id, "{path}");
    let list = asker.get(path).await;
    let listed = list["data"].as_array().unwrap().iter();
    assert!(
        listed.into_iter().any(|one| one["id"] == id),
        "{path}: {list}"
    );
    let changed = asker.ask("PATCH", &one, Some(change.clone()), 200).await;
    for (name, value) in change.as_object().unwrap() {
        assert_eq!(changed[name], *value, "{path}: {changed}");
    }
    let kept = asker.get(&one).await;
    for (name, value) in changed.as_object().unwrap() {
        assert_eq!(kept[name], *value, "{path}: {kept}");
    }
    let gone = asker.ask("DELETE", &one, None, 200).await;
    assert_eq!(gone["id"], id, "{path}: {gone}");
    asker.answer("GET", &one, None).await.is_problem(404, id);
}

#[tokio::test]
async fn things_are_made_looked_up_listed_changed_and_deleted() {
    let world = World::new();
    let name = json!({ "name": "Other" });
    let check = async |path: &str, new: Value| {
        let owner = Asker::new(&world, &world.owner);
        lives_and_dies(&owner, path, new.clone(), name.clone()).await;
        let admin = Asker::new(&world, &world.instance_admin).naming("other");
        lives_and_dies(&admin, path, new, name.clone()).await;
    };
    check(
        "/members",
        json!({ "email": "ada@acme.example", "role": "auditor" }),
    )
    .await;
    check("/groups", json!({ "name": "Crew" })).await;
    check("/projects", json!({ "name": "Apollo" })).await;
    check(
        "/service-accounts",
        json!({ "name": "Robot", "role": "writer" }),
    )
    .await;
    check(
        "/roles",
        json!({ "name": "Reader", "permissions": ["audit:read"] }),
    )
    .await;
    check(
        "/holds",
        json!({ "name": "Matter", "reason": "A court asks." }),
    )
    .await;
}

#[tokio::test]
async fn a_member_is_blocked_and_unblocked_and_in_a_group() {
    let world = World::new();
    let owner = Asker::new(&world, &world.owner);
    let block = owner
        .ask("POST", "/members/u-member/block", None, 200)
        .await;
    assert_eq!(block, json!({ "id": "u-member" }));
    assert_eq!(owner.get("/members/u-member").await["state"], "blocked");
    assert_eq!(world.get("/api/v1/events", &world.member).await.status, 401);
    owner
        .ask("POST", "/members/u-member/unblock", None, 200)
        .await;
    assert_eq!(world.get("/api/v1/events", &world.member).await.status, 200);
    let group = owner
        .post("/groups", json!({ "id": "crew", "name": "Crew" }))
        .await;
    assert_eq!(group["id"], "crew");
    let membership = "/groups/crew/members/u-member";
    owner.ask("PUT", membership, None, 200).await;
    assert_eq!(
        owner.get("/members/u-member").await["groups"],
        json!(["crew"])
    );
    let given = json!({ "role": "writer", "principal": { "kind": "group", "id": "crew" } });
    let assignment = owner.post("/assignments", given).await;
    let one = format!("/assignments/{}", assignment["id"].as_str().unwrap());
    assert_eq!(owner.get(&one).await, assignment);
    assert_eq!(owner.get("/assignments").await["data"], json!([assignment]));
    owner.ask("DELETE", &one, None, 200).await;
    owner.ask("GET", &one, None, 404).await;
    owner.ask("DELETE", membership, None, 200).await;
    assert_eq!(owner.get("/members/u-member").await["groups"], json!([]));
}

#[tokio::test]
async fn an_invite_is_answered_by_its_code_alone() {
    let world = World::new();
    let owner = Asker::new(&world, &world.owner);
    let nobody = Asker {
        world: &world,
        headers: Vec::new(),
    };
    let sent = owner
        .post(
            "/invites",
            json!({ "email": "b@acme.example", "role": "auditor" }),
        )
        .await;
    let id = sent["id"].as_str().unwrap();
    let kept = owner.get(&format!("/invites/{id}")).await;
    assert_eq!(
        (kept["status"].as_str(), kept.get("code")),
        (Some("pending"), None)
    );
    let code = sent["code"].clone();
    let answer = json!({ "code": code, "name": "Bea" });
    let joined = nobody
        .ask("POST", "/invites/accept", Some(answer.clone()), 200)
        .await;
    assert_eq!(joined["organization"], "acme");
    let token = joined["token"]["token"].as_str().unwrap();
    assert_eq!(world.get("/api/v1/events", token).await.status, 200);
    let again = nobody.answer("POST", "/invites/accept", Some(answer)).await;
    assert!(again.status.is_client_error(), "{}", again.text);
    assert!(
        !again.text.contains(code.as_str().unwrap()),
        "{}",
        again.text
    );
    let second = owner
        .post(
            "/invites",
            json!({ "email": "c@acme.example", "role": "member" }),
        )
        .await;
    let answer = json!({ "code": second["code"] });
    let declined = nobody
        .ask("POST", "/invites/decline", Some(answer), 200)
        .await;
    assert_eq!(declined["status"], "declined");
    let third = owner
        .post(
            "/invites",
            json!({ "email": "d@acme.example", "role": "member" }),
        )
        .await;
    let path = format!("/invites/{}", third["id"].as_str().unwrap());
    assert_eq!(
        owner.ask("DELETE", &path, None, 200).await["status"],
        "withdrawn"
    );
    let none = json!({ "code": "no such code" });
    let refused = nobody.answer("POST", "/invites/accept", Some(none)).await;
    assert!(refused.status.is_client_error(), "{}", refused.text);
    assert_eq!(
        owner.get("/invites").await["data"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

#[tokio::test]
async fn a_token_is_made_rotated_and_ended() {
    let world = World::new();
    let owner = Asker::new(&world, &world.owner);
    let wanted = json!({ "owner": "u-member", "name": "first", "view": ["type=login.*"] });
    let made = owner.post("/tokens", wanted).await;
    let (id, secret) = (
        made["id"].as_str().unwrap(),
        made["token"].as_str().unwrap(),
    );
    assert_eq!(world.get("/api/v1/events", secret).await.status, 200);
    let one = format!("/tokens/{id}");
    let kept = owner.get(&one).await;
    assert_eq!(kept["view"], json!(["type=login.*"]));
    assert!(!kept.to_string().contains(secret), "{kept}");
    owner
        .ask("PATCH", &one, Some(json!({ "name": "second" })), 200)
        .await;
    let rotate = format!("{one}/rotate");
    let next = owner.ask("POST", &rotate, None, 200).await;
    assert_eq!(world.get("/api/v1/events", secret).await.status, 401);
    let secret = next["token"].as_str().unwrap();
    let one = format!("/tokens/{}", next["id"].as_str().unwrap());
    let overlap = json!({ "overlap_s": 60 });
    let last = owner
        .ask("POST", &format!("{one}/rotate"), Some(overlap), 200)
        .await;
    assert_eq!(world.get("/api/v1/events", secret).await.status, 200);
    let one = format!("/tokens/{}", last["id"].as_str().unwrap());
    owner.ask("DELETE", &one, None, 200).await;
    let last = last["token"].as_str().unwrap();
    assert_eq!(world.get("/api/v1/events", last).await.status, 401);
    assert_eq!(owner.get(&one).await["state"], "revoked");
    let key = json!({ "owner": "u-member", "key_sha256": "ab".repeat(32) });
    assert_eq!(owner.post("/tokens", key).await.get("token"), None);
}

#[tokio::test]
async fn the_instance_makes_organizations_and_tokens_of_its_own() {
    let world = World::new();
    let admin = Asker::new(&world, &world.instance_admin);
    let new = json!({ "id": "late", "name": "Late", "owner_email": "o@late.example" });
    let made = admin.post("/orgs", new).await;
    let owners = Asker::new(&world, made["token"]["token"].as_str().unwrap());
    assert_eq!(owners.get("/orgs/late").await["name"], "Late");
    let listed = admin.get("/orgs?limit=1&after=acme").await;
    assert_eq!(listed["data"][0]["id"], "late");
    assert_eq!(
        (&listed["has_more"], &listed["next"]),
        (&json!(true), &json!("late"))
    );
    let members = Asker::new(&world, &world.instance_admin).naming("late");
    assert_eq!(
        members.get("/members").await["data"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let writer = admin
        .post("/instance/tokens", json!({ "write": true }))
        .await;
    let writers = Asker::new(&world, writer["token"].as_str().unwrap());
    let event = json!({ "type": "shop.opened" });
    let written = writers
        .ask("POST", "/orgs/late/events", Some(event.clone()), 200)
        .await;
    assert_eq!(written["ids"].as_array().unwrap().len(), 1);
    assert_eq!(
        owners.get("/events?type=shop.opened").await["events"][0]["type"],
        "shop.opened"
    );
    writers
        .ask("POST", "/orgs/nowhere/events", Some(event.clone()), 404)
        .await;
    admin
        .ask("POST", "/orgs/late/events", Some(event), 403)
        .await;
    let one = format!("/instance/tokens/{}", writer["id"].as_str().unwrap());
    assert_eq!(
        admin.get(&one).await["permissions"],
        json!(["instance:write"])
    );
    let next = admin.ask("POST", &format!("{one}/rotate"), None, 200).await;
    let one = format!("/instance/tokens/{}", next["id"].as_str().unwrap());
    admin.ask("DELETE", &one, None, 200).await;
    assert!(
        admin.get("/instance/tokens").await["data"]
            .as_array()
            .unwrap()
            .len()
            >= 4
    );
    assert_eq!(
        owners.ask("DELETE", "/orgs/late", None, 200).await["id"],
        "late"
    );
    admin.ask("GET", "/orgs/late", None, 404).await;
}

#[tokio::test]
async fn a_token_of_the_instance_names_an_organization_and_others_only_their_own() {
    let world = World::new();
    let bare = Asker::new(&world, &world.instance_admin);
    bare.answer("GET", "/members", None)
        .await
        .is_problem(403, "docket-organization: <id>");
    let lost = Asker::new(&world, &world.instance_admin).naming("nowhere");
    lost.answer("GET", "/members", None)
        .await
        .is_problem(404, "nowhere");
    let writes = Asker::new(&world, &world.instance_writer).naming("acme");
    writes
        .answer("GET", "/members", None)
        .await
        .is_problem(403, "access:admin");
    Asker::new(&world, &world.owner)
        .naming("acme")
        .get("/members")
        .await;
    let crossing = Asker::new(&world, &world.owner).naming("other");
    for path in ["/members", "/events", "/events/x", "/stats"] {
        crossing
            .answer("GET", path, None)
            .await
            .is_problem(403, "another organization");
    }
    let twice = crossing.naming("acme");
    twice
        .answer("GET", "/members", None)
        .await
        .is_problem(403, "exactly once");
    let stranger = Asker::new(&world, &world.stranger);
    stranger
        .answer("GET", "/orgs/acme", None)
        .await
        .is_problem(403, "instance:admin");
    let gone = stranger.answer("GET", "/members/u-member", None).await;
    gone.is_problem(404, "u-member");
}

#[tokio::test]
async fn a_batch_for_a_named_organization_is_as_any_other() {
    let world = World::new();
    let mut writer = Asker::new(&world, &world.instance_writer);
    writer
        .headers
        .push(("idempotency-key", "batch-1".to_owned()));
    let event = json!([{ "type": "shop.opened" }]);
    let path = "/orgs/acme/events?format=native";
    let first = writer.ask("POST", path, Some(event.clone()), 200).await;
    let again = writer.ask("POST", path, Some(event), 200).await;
    assert_eq!(first, again);
    let other = json!([{ "type": "shop.closed" }]);
    let reused = writer.answer("POST", path, Some(other)).await;
    reused.is_problem(409, "another body");
    let wrong = writer
        .answer("POST", "/orgs/acme/events?format=x", None)
        .await;
    wrong.is_problem(400, "format");
    let wrong = json!([{ "typ": "shop.closed" }]);
    let plain = Asker::new(&world, &world.instance_writer);
    let told = plain
        .ask("POST", "/orgs/other/events", Some(wrong), 422)
        .await;
    assert_eq!(told["errors"][0]["index"], 0);
    plain
        .answer("POST", "/orgs/%ff/events", None)
        .await
        .is_problem(404, "");
}

#[tokio::test]
async fn settings_are_read_and_changed() {
    let world = World::new();
    let owner = Asker::new(&world, &world.owner);
    assert_eq!(owner.get("/settings").await["retention_days"], Value::Null);
    let change = json!({ "retention_days": 400, "allowed_ips": [] });
    let changed = owner.ask("PATCH", "/settings", Some(change), 200).await;
    assert_eq!(changed["retention_days"], 400);
    let short = json!({ "retention_days": 7 });
    owner.ask("PATCH", "/settings", Some(short), 422).await;
}

#[tokio::test]
async fn a_project_is_archived() {
    let world = World::new();
    let owner = Asker::new(&world, &world.owner);
    owner
        .post("/projects", json!({ "id": "apollo", "name": "Apollo" }))
        .await;
    let archived = owner
        .ask("POST", "/projects/apollo/archive", None, 200)
        .await;
    assert_eq!(archived["status"], "archived");
}

#[tokio::test]
async fn a_body_that_is_wrong_is_told_by_path() {
    let world = World::new();
    let owner = Asker::new(&world, &world.owner);
    let refused = async |body: Value, status: u16, path: &str| {
        let told = owner.ask("POST", "/roles", Some(body), status).await;
        assert_eq!(told["errors"][0]["path"], path, "{told}");
    };
    refused(
        json!({ "name": "r", "permissions": ["audit:read", 5] }),
        422,
        "permissions[1]",
    )
    .await;
    refused(
        json!({ "name": "r", "permissions": [], "nam": 1 }),
        422,
        "nam",
    )
    .await;
    refused(json!({ "name": 7, "permissions": [] }), 422, "name").await;
    refused(json!(["r", []]), 400, "").await;
    let long = json!({ "name": "x".repeat(64 << 10), "permissions": [] });
    owner
        .answer("POST", "/roles", Some(long))
        .await
        .is_problem(413, "65536");
    owner
        .answer("POST", "/roles", None)
        .await
        .is_problem(400, "JSON object");
    for query in [
        "limit=0",
        "limit=1001",
        "limit=x",
        "after=",
        "before=x",
        "limit=1&limit=2",
    ] {
        owner
            .answer("GET", &format!("/roles?{query}"), None)
            .await
            .is_problem(400, "");
    }
    owner
        .answer("GET", "/roles/%ff", None)
        .await
        .is_problem(404, "UTF-8");
}

#[tokio::test]
async fn a_change_tells_who_made_it_with_what_from_where() {
    let world = World::new();
    let mut owner = Asker::new(&world, &world.owner);
    owner.headers.push(("user-agent", "probe/1".to_owned()));
    let made = owner
        .answer("POST", "/groups", Some(json!({ "name": "Crew" })))
        .await;
    let told = owner.get("/events?type=group.created").await;
    let event = &told["events"][0];
    assert_eq!(
        event["request_id"],
        made.headers["x-request-id"].to_str().unwrap()
    );
    assert_eq!(event["actor"]["email"], "owner@acme.example");
    assert_eq!(event["actor"]["profile"]["member"]["role"], "owner");
    assert_eq!(event["credential"]["kind"], "api_key");
    let token = event["credential"]["id"].as_str().unwrap();
    assert_eq!(
        owner.get(&format!("/tokens/{token}")).await["owner"],
        event["actor"]["id"]
    );
    assert_eq!(event["source"]["user_agent"], "probe/1");
    let admin = Asker::new(&world, &world.instance_admin).naming("acme");
    admin.post("/groups", json!({ "name": "Guests" })).await;
    let told = owner.get("/events?type=group.created").await;
    let actor = &told["events"][0]["actor"];
    assert_eq!(
        (&actor["kind"], &actor["id"]),
        (&json!("system"), &json!("docket-instance"))
    );
}

#[tokio::test]
async fn the_document_and_the_page_need_no_token() {
    let world = World::new();
    let nobody = Asker {
        world: &world,
        headers: Vec::new(),
    };
    assert_eq!(nobody.get("/openapi.json").await["openapi"], "3.1.0");
    let page = nobody.answer("GET", "/docs", None).await;
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    assert!(
        page.headers["content-security-policy"]
            .to_str()
            .unwrap()
            .contains("'none'")
    );
    assert!(page.text.contains("POST /api/v1/tokens/{id}/rotate"));
}
