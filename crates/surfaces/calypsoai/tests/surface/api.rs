//! What a server answers: pages, whose events they hold, refusals.

use axum::body::Body;
use axum::http::Request;
use docket_access::Caller;
use docket_event::Value;
use docket_surfaces_calypsoai::cursor::Cursor;
use docket_surfaces_kit::Limits;

use crate::world::{ANN, World};

/// Events of Ann's and of a stranger's by turns, one a second; the ids of their targets are their numbers.
fn fill(world: &World, count: usize) {
    let event = |number: usize| {
        let (who, time) = (
            if number.is_multiple_of(2) {
                ANN
            } else {
                "u-zoe"
            },
            number % 60,
        );
        format!(
            r#"{{"type":"secret.created","occurred_at":"2024-01-01T00:{:02}:{time:02}Z","actor":{{"id":"{who}"}},"targets":[{{"kind":"secret","id":"{number}"}}]}}"#,
            number / 60
        )
    };
    let events: Vec<String> = (0..count).map(event).collect();
    world.store(&events.iter().map(String::as_str).collect::<Vec<_>>());
}

fn numbers(all: impl Iterator<Item = usize>) -> Vec<String> {
    all.map(|number| number.to_string()).collect()
}

/// All events that [`fill`] made, and no others.
const ALL: &str = "?onlyUser=false&type=secret-created";

#[tokio::test]
async fn by_default_the_owners_actions_are_shown() {
    let world = World::new();
    fill(&world, 6);
    world.store(&[&format!(
        r#"{{"type":"task.created","actor":{{"id":"{}"}}}}"#,
        world.owner_id
    )]);
    let own = world.get("", &world.ann).await;
    assert_eq!(own.events("secretId"), ["4", "2", "0"]);
    let owners = world.get("", &world.auditor).await;
    assert_eq!(owners.events("type"), ["task-created"]);
    let forced = world.get("?onlyUser=true", &world.auditor).await;
    assert_eq!(forced.text, owners.text);
    let all = world.get(ALL, &world.auditor).await;
    assert_eq!(all.events("secretId"), ["5", "4", "3", "2", "1", "0"]);
    let of_two = format!("?userId={ANN}&userId=u-zoe&userId=nobody");
    assert_eq!(
        world.get(&of_two, &world.auditor).await.events("id").len(),
        6
    );
    let one = world
        .get("?userId=u-zoe&onlyUser=true", &world.auditor)
        .await;
    assert_eq!(one.events("secretId"), ["5", "3", "1"]);
    let nobody = world.get("?userId=nobody", &world.auditor).await;
    nobody.is(200, r#"{"events":[],"next":null,"prev":null}"#);
}

#[tokio::test]
async fn others_events_need_the_permission() {
    let world = World::new();
    fill(&world, 2);
    let forbidden = r#"{"detail":"Forbidden: the token may not read these events"}"#;
    let only_others = [
        "?onlyUser=false".to_owned(),
        format!("?onlyUser=false&userId={ANN}"),
        "?userId=u-zoe".to_owned(),
        format!("?userId={ANN}&userId=u-zoe"),
        "?userId=".to_owned(),
    ];
    for query in only_others {
        world.get(&query, &world.ann).await.is(403, forbidden);
    }
    let own = world
        .get(&format!("?userId={ANN}&userId={ANN}"), &world.ann)
        .await;
    assert_eq!(own.events("secretId"), ["0"]);
    for query in ["", "?onlyUser=false", "?onlyUser=true"] {
        world.get(query, &world.writer).await.is(403, forbidden);
    }
    let stranger = world.get(&format!("?userId={ANN}"), &world.stranger).await;
    stranger.is(200, r#"{"events":[],"next":null,"prev":null}"#);
    let project = world.get(ALL, &world.project).await;
    assert_eq!(project.events("id"), [""; 0]);
}

#[tokio::test]
async fn pages_are_walked_forward_and_back() {
    let world = World::new();
    fill(&world, 25);
    let first = world.get(ALL, &world.owner).await;
    assert_eq!(first.events("secretId"), numbers((15..25).rev()));
    assert_eq!(first.member("prev"), None);
    let next = first.member("next").unwrap();
    assert_eq!(next, "eyJyb3ciOjEwLCJsaW1pdCI6MTAsInR5cGUiOiJyb3cifQ==");
    let second = world
        .get(&format!("{ALL}&cursor={next}"), &world.owner)
        .await;
    assert_eq!(second.events("secretId"), numbers((5..15).rev()));
    let back = second.member("prev").unwrap();
    let third = second.member("next").unwrap();
    let third = world
        .get(&format!("{ALL}&cursor={third}"), &world.owner)
        .await;
    assert_eq!(third.events("secretId"), numbers((0..5).rev()));
    assert_eq!(third.member("next"), None);
    let again = world
        .get(&format!("{ALL}&cursor={back}"), &world.owner)
        .await;
    assert_eq!(again.text, first.text);
    // The query's limit decides the size, the cursor the row.
    let wider = world
        .get(&format!("{ALL}&cursor={next}&limit=12"), &world.owner)
        .await;
    assert_eq!(wider.events("secretId"), numbers((3..15).rev()));
    let prev = Cursor { row: 0, limit: 12 };
    assert_eq!(wider.member("prev"), Some(prev.encode()));
    assert_eq!(
        wider.member("next"),
        Some(Cursor { row: 22, limit: 12 }.encode())
    );
}

#[tokio::test]
async fn the_last_page_says_so_even_when_it_is_full() {
    let world = World::new();
    fill(&world, 20);
    let page = world.get(&format!("{ALL}&limit=20"), &world.owner).await;
    assert_eq!((page.events("id").len(), page.member("next")), (20, None));
    let behind = Cursor { row: 20, limit: 10 }.encode();
    let page = world
        .get(&format!("{ALL}&cursor={behind}"), &world.owner)
        .await;
    let prev = Cursor { row: 10, limit: 10 }.encode();
    page.is(
        200,
        &format!(r#"{{"events":[],"next":null,"prev":"{prev}"}}"#),
    );
    let far = Cursor {
        row: 1 << 62,
        limit: 1_000,
    };
    let page = world
        .get(&format!("{ALL}&cursor={}", far.encode()), &world.owner)
        .await;
    let prev = Cursor {
        row: (1 << 62) - 1_000,
        limit: 1_000,
    }
    .encode();
    page.is(
        200,
        &format!(r#"{{"events":[],"next":null,"prev":"{prev}"}}"#),
    );
}

#[tokio::test]
async fn filters_hold_together() {
    let world = World::new();
    fill(&world, 10);
    world.store(&[
        r#"{"type":"secret.deleted","occurred_at":"2024-01-01T00:00:05Z","actor":{"id":"u-ann"}}"#,
        r#"{"type":"secret.deleted","occurred_at":"2024-01-01T00:00:06Z","outcome":"failure"}"#,
        r#"{"type":"login.succeeded","occurred_at":"2024-01-01T00:00:06Z"}"#,
    ]);
    let ids = async |query: &str| {
        let query = format!("?onlyUser=false&limit=1000&{query}");
        world.get(&query, &world.owner).await.events("secretId")
    };
    let window = "after=2024-01-01T00:00:03Z&before=2024-01-01T00:00:07Z";
    assert_eq!(
        ids(window).await,
        ["6", "", "5", "4"],
        "ties by place in the log"
    );
    assert_eq!(
        ids(&format!("{window}&ascending=true")).await,
        ["4", "5", "", "6"]
    );
    assert_eq!(
        ids(&format!("{window}&type=secret-created")).await,
        ["6", "5", "4"]
    );
    assert_eq!(ids(&format!("{window}&type=secret-deleted")).await, [""]);
    let both = format!("{window}&type=secret-deleted&type=secret-created&userId=u-zoe");
    assert_eq!(ids(&both).await, ["5"]);
    assert_eq!(
        ids("after=0001-01-01T00:00:00&type=secret-created")
            .await
            .len(),
        10
    );
    assert_eq!(ids("before=0001-01-01T00:00:00").await, [""; 0]);
}

#[tokio::test]
async fn a_text_is_searched_for_in_pages() {
    let world = World::new();
    fill(&world, 25);
    let walk = async |query: &str| {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = world
                .get(&format!("{ALL}&{query}{cursor}"), &world.owner)
                .await;
            all.extend(page.events("secretId"));
            match page.member("next") {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return all,
            }
        }
    };
    let anns = numbers((0..25).step_by(2).rev());
    assert_eq!(walk("search=U-ANN&limit=3").await, anns);
    assert_eq!(walk("search=u-ann&limit=13").await, anns);
    let zoes = numbers((1..25).step_by(2).rev());
    assert_eq!(walk("search=zo&limit=5").await, zoes);
    assert_eq!(walk("search=cret-cre&limit=1000").await.len(), 25);
    assert_eq!(walk("search=no+such+thing").await, [""; 0]);
    assert_eq!(walk("search=&limit=1000").await.len(), 25);
    let forbidden = world.get("?search=u-zoe&onlyUser=false", &world.ann).await;
    assert_eq!(forbidden.status, 403);
    let own = world.get("?search=u-zoe", &world.ann).await;
    assert_eq!(own.events("id"), [""; 0]);
}

#[tokio::test]
async fn other_vendors_accounts_show_to_views_that_cross_only() {
    let world = World::new();
    let user = r#""user":{"id":"u","org":"o"}"#;
    world.ingest(
        Some("org_1"),
        &[&format!(r#"{{"type":"project-created","id":"1",{user}}}"#)],
    );
    world.store(&[r#"{"type":"project.created","origin":{"surface":"openai","account":"a","id":"audit_log-1"}}"#]);
    let shown = async |token: &str| {
        let query = "?onlyUser=false&type=project-created";
        world.get(query, token).await.events("id").len()
    };
    assert_eq!(shown(&world.owner).await, 1);
    assert_eq!(shown(&world.crossing).await, 2);
}

#[tokio::test]
async fn our_own_members_print_as_they_stood() {
    let world = World::new();
    let event = format!(r#"{{"type":"task.created","actor":{{"id":"{ANN}"}}}}"#);
    world.write(&world.writer, &event).await;
    let access = world.access.clone();
    let block = move || access.block_member("acme", ANN, &Caller::command_line(None));
    std::thread::spawn(block).join().unwrap().unwrap();
    world.write(&world.writer, &event).await;
    let named = event.replace(ANN, "u-zoe");
    world.write(&world.writer, &named).await;
    let own = event.replace(
        "}}",
        r#","email":"a@b.c","profile":{"member":{"role":"gold"}}}}"#,
    );
    world.write(&world.writer, &own).await;
    let machine = event.replace(r#""id""#, r#""kind":"agent","id""#);
    world.write(&world.writer, &machine).await;
    let answer = world
        .get(
            "?onlyUser=false&type=task-created&ascending=1",
            &world.owner,
        )
        .await;
    let json = answer.json();
    let users = json.get("events").and_then(Value::as_array).unwrap();
    let mut users = users.iter().map(|event| event.get("user").unwrap());
    let mut check = |expected: &[(&str, &str)]| {
        let user = users.next().unwrap();
        for (name, value) in expected {
            assert_eq!(user.get(name).unwrap().to_text(), *value, "{name}");
        }
    };
    let read_own = r#"["organization:acme:audit_read_own"]"#;
    check(&[
        ("admin", "false"),
        ("blocked", "false"),
        ("email", r#""ann@acme.example""#),
        ("name", r#""Ann""#),
        ("permissions", read_own),
        ("roles", r#"["member"]"#),
    ]);
    check(&[("blocked", "true"), ("permissions", read_own)]);
    check(&[("admin", "null"), ("email", r#""""#), ("roles", "[]")]);
    check(&[
        ("email", r#""a@b.c""#),
        ("name", r#""""#),
        ("roles", r#"["gold"]"#),
    ]);
    check(&[("machine", "true"), ("roles", "[]")]);
    // What is printed of them is searched.
    for (needle, found) in [
        ("ANN@acme.example", 2),
        ("a@b.c", 1),
        ("ann@acme.example2", 0),
    ] {
        let query = format!("?onlyUser=false&type=task-created&search={needle}");
        let answer = world.get(&query, &world.owner).await;
        assert_eq!(answer.events("id").len(), found, "{needle}");
    }
}

#[tokio::test]
async fn a_word_finds_what_came_in_before_the_list_knew_it() {
    let world = World::new();
    let kept = |word: &str, id: &str| {
        format!(
            r#"{{"type":"x.calypsoai.task_created","origin":{{"surface":"calypsoai","id":"{id}","extra":{{"type":"{word}"}}}}}}"#
        )
    };
    world.store(&[&kept("task-created", "1"), &kept("task_created", "2")]);
    let found = world
        .get("?onlyUser=false&type=task-created", &world.owner)
        .await;
    assert_eq!(found.events("id"), ["1"]);
    let all = world
        .get(
            "?onlyUser=false&after=2020-01-01T00:00:00Z&limit=2",
            &world.owner,
        )
        .await;
    assert_eq!(all.events("type"), ["task_created", "task-created"]);
}

#[tokio::test]
async fn refusals_have_the_vendors_envelope() {
    let world = World::new();
    let anonymous = Request::get("/backend/v1/audit")
        .body(Body::empty())
        .unwrap();
    let anonymous = world.send(anonymous).await;
    anonymous.is(
        401,
        r#"{"detail":"Not authenticated: send the header Authorization: Bearer TOKEN"}"#,
    );
    assert_eq!(anonymous.headers["www-authenticate"], "Bearer");
    let unknown = world.get("?limit=0", "docket_nonsense").await;
    unknown.is(
        401,
        r#"{"detail":"Invalid token: it is unknown, expired or revoked"}"#,
    );
    assert_eq!(unknown.headers["www-authenticate"], "Bearer");
    let at = |method: &str, path: &str| {
        let request = Request::builder().method(method).uri(path);
        request.body(Body::empty()).unwrap()
    };
    let nowhere = world.send(at("GET", "/backend/v1/audits")).await;
    nowhere.is(404, r#"{"detail":"Not Found"}"#);
    let post = world.send(at("POST", "/backend/v1/audit")).await;
    post.is(405, r#"{"detail":"Method Not Allowed"}"#);
    assert!(post.headers["allow"].to_str().unwrap().contains("GET"));
    let long = world
        .get(&format!("?search={}", "x".repeat(62_000)), &world.owner)
        .await;
    assert_eq!(long.status, 414);
    let limit = world.get("?limit=1001", &world.owner).await;
    limit.is(
        422,
        r#"{"detail":[{"loc":["query","limit"],"msg":"Input should be less than or equal to 1000","type":"less_than_equal"}]}"#,
    );
}

#[tokio::test]
async fn too_many_requests_say_when_to_come_back() {
    let world = World::with(Limits {
        token_rate: Some(std::num::NonZeroU32::MIN),
        token_burst: std::num::NonZeroU32::MIN,
        ..Limits::default()
    });
    assert_eq!(world.get("", &world.owner).await.status, 200);
    let refused = world.get("", &world.owner).await;
    refused.is(429, r#"{"detail":"Too Many Requests"}"#);
    assert_eq!(refused.headers["retry-after"], "1");
}

#[tokio::test]
async fn a_token_that_is_revoked_between_pages_is_unknown_on_the_next() {
    let world = World::new();
    fill(&world, 4);
    let page = world.get("?limit=1", &world.ann).await;
    let next = page.member("next").unwrap();
    let (access, id) = (world.access.clone(), world.ann_id.clone());
    let revoke = move || access.revoke_token("acme", &id, &Caller::command_line(None));
    std::thread::spawn(revoke).join().unwrap().unwrap();
    let next = world.get(&format!("?cursor={next}"), &world.ann).await;
    next.is(
        401,
        r#"{"detail":"Invalid token: it is unknown, expired or revoked"}"#,
    );
}

#[tokio::test]
async fn no_cursor_makes_a_fault_of_the_server() {
    let world = World::new();
    let long = "A".repeat(2_000);
    for cursor in [
        "",
        "AAAA",
        "e30=",
        "bnVsbA==",
        "eyJyb3ciOi0xfQ==",
        "%00",
        "=",
        "%F0%9F%98%80",
        &long,
    ] {
        let answer = world.get(&format!("?cursor={cursor}"), &world.owner).await;
        assert_eq!(answer.status, 422, "{cursor}: {}", answer.text);
        assert!(
            answer
                .text
                .starts_with(r#"{"detail":[{"loc":["query","cursor"],"msg":""#)
        );
    }
}
