//! What is read back: filters, orders, pages, and who sees what.

use docket_event::Value;

use crate::world::{Answer, MEMBER, World};

const EVENTS: &str = "/api/v1/events";

/// Ten events, some by the member, event times against the order of recording.
async fn filled() -> World {
    let world = World::new();
    for n in 0..10 {
        let (actor, outcome) = match n % 2 {
            0 => (MEMBER, "success"),
            _ => ("somebody", "failure"),
        };
        let event = format!(
            "{{\"type\":\"shop.n{n}\",\"occurred_at\":\"2026-01-{:02}T00:00:00Z\",\
             \"actor\":{{\"id\":\"{actor}\",\"email\":\"N{n}@Shop.Example\"}},\
             \"credential\":{{\"kind\":\"api_key\",\"id\":\"c{n}\"}},\"source\":{{\"ip\":\"2001:db8::{n}\"}},\
             \"project\":{{\"id\":\"p{n}\"}},\"targets\":[{{\"kind\":\"k{n}\",\"id\":\"t{n}\"}}],\
             \"outcome\":\"{outcome}\",\"request_id\":\"r{n}\",\"origin\":{{\"surface\":\"s{n}\",\"id\":\"o{n}\"}}}}",
            20 - n
        );
        world.store(&event).await;
    }
    world
}

async fn types(world: &World, query: &str) -> Vec<String> {
    let answer = world.get(&format!("{EVENTS}?{query}"), &world.owner).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text);
    let types = answer.events("type");
    types
        .iter()
        .filter_map(|name| name.strip_prefix("shop."))
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn filters_find_what_they_name() {
    let world = filled().await;
    for query in [
        "type=shop.n3",
        "actor_email=n3@shop.example",
        "actor_email=N3%40SHOP.EXAMPLE",
        "credential_id=c3",
        "project_id=p3",
        "target_id=t3",
        "target_kind=k3",
        "ip=2001:db8::3",
        "ip=2001:0DB8:0::0003",
        "request_id=r3",
        "origin=s3",
        "origin_id=o3",
        "type=shop.*&target_id=t3&target_id=nothing",
        "from=2026-01-17T00:00:00Z&to=2026-01-17T00:00:00.000001Z",
        "from=2026-01-16T23:59:59.9999999Z&to=2026-01-17T12:00:00%2B09:00",
        "from=2026-01-17T01:00:00+01:00&to=2026-01-18T00:00:00Z",
    ] {
        assert_eq!(types(&world, query).await, ["n3"], "{query}");
    }
    assert_eq!(
        types(&world, "outcome=failure&not.type=shop.n9&not.type=shop.n7").await,
        ["n5", "n3", "n1"]
    );
    assert_eq!(
        types(&world, "type=shop.*&not.outcome=failure&limit=2").await,
        ["n8", "n6"]
    );
    assert_eq!(
        types(&world, "type=shop.*&order=occurred&limit=3").await,
        ["n0", "n1", "n2"]
    );
    assert_eq!(
        types(&world, "type=shop.*&direction=asc&limit=2").await,
        ["n0", "n1"]
    );
    assert_eq!(
        types(&world, "type=shop.*&recorded_from=9999-01-01T00:00:00Z").await,
        [""; 0]
    );
    assert_eq!(
        types(&world, "type=shop.*&recorded_to=2026-01-01T00:00:00Z").await,
        [""; 0]
    );
    assert_eq!(
        types(&world, "from=2026-01-17T00:00:00Z&to=2026-01-01T00:00:00Z").await,
        [""; 0]
    );
    assert_eq!(types(&world, "actor_id=SOMEBODY").await, [""; 0]);
}

#[tokio::test]
async fn texts_are_searched_for() {
    let world = filled().await;
    assert_eq!(types(&world, "q=N3%40shop.EX").await, ["n3"]);
    assert_eq!(types(&world, "q=SHOP.N4&q=n3@shop").await, ["n4", "n3"]);
    assert_eq!(
        types(&world, "type=shop.*&not.q=omebod&limit=2").await,
        ["n8", "n6"]
    );
    assert_eq!(types(&world, "q=nowhere").await, [""; 0]);
    let all = world
        .get(&format!("{EVENTS}?type=shop.n3"), &world.owner)
        .await;
    let id = all.events("id").remove(0);
    let part = id.get(9..30).unwrap_or_default();
    assert_eq!(types(&world, &format!("q={part}")).await, ["n3"]);
}

/// Follows `member` from the first page on; the types that it met, and the last answer.
async fn walk(
    world: &World,
    query: &str,
    member: &str,
    start: Option<String>,
) -> (Vec<String>, Answer) {
    let mut met = Vec::new();
    let mut cursor = start;
    loop {
        let from = cursor
            .map(|cursor| format!("&cursor={cursor}"))
            .unwrap_or_default();
        let answer = world
            .get(&format!("{EVENTS}?{query}{from}"), &world.owner)
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let page = answer.events("type");
        match member {
            "next" => met.extend(page),
            _ => met.splice(0..0, page).for_each(drop),
        }
        let json = answer.json();
        let more = member == "prev" || json.get("has_more") == Some(&Value::Bool(true));
        cursor = json
            .get(member)
            .and_then(Value::as_str)
            .filter(|_| more)
            .map(str::to_owned);
        if cursor.is_none() {
            return (met, answer);
        }
    }
}

#[tokio::test]
async fn pages_join_without_gap_or_overlap_in_every_order() {
    let world = filled().await;
    for order in ["recorded", "occurred"] {
        for direction in ["asc", "desc"] {
            for limit in [1, 3, 10, 11] {
                let query =
                    format!("order={order}&direction={direction}&type=shop.*&limit={limit}");
                let (met, last) = walk(&world, &query, "next", None).await;
                let mut expected: Vec<String> = (0..10).map(|n| format!("shop.n{n}")).collect();
                if (order == "recorded") == (direction == "desc") {
                    expected.reverse();
                }
                assert_eq!(met, expected, "{query}");
                let json = last.json();
                assert_eq!(json.get("has_more"), Some(&Value::Bool(false)));
                let follows = order == "recorded" && direction == "asc";
                assert_eq!(json.get("next").and_then(Value::as_str).is_some(), follows);
                if let Some(prev) = json.get("prev").and_then(Value::as_str) {
                    let (met, first) = walk(&world, &query, "prev", Some(prev.to_owned())).await;
                    let rest = last.events("type").len();
                    assert_eq!(met, expected[..10 - rest], "{query}");
                    assert_eq!(first.json().get("prev"), Some(&Value::Null));
                }
            }
        }
    }
}

#[tokio::test]
async fn who_keeps_the_cursor_misses_nothing() {
    let world = filled().await;
    let query = "direction=asc&type=late.*";
    let (met, last) = walk(&world, query, "next", None).await;
    assert!(met.is_empty());
    let mut next = last.member("next");
    for n in 0..3 {
        world.store(r#"{"type":"early.one"}"#).await;
        let empty = world
            .get(&format!("{EVENTS}?{query}&cursor={next}"), &world.owner)
            .await;
        assert!(empty.events("type").is_empty());
        next = empty.member("next");
        world
            .store(&format!(
                "{{\"type\":\"late.n{n}\",\"occurred_at\":\"1999-01-01T00:00:00Z\"}}"
            ))
            .await;
        let answer = world
            .get(&format!("{EVENTS}?{query}&cursor={next}"), &world.owner)
            .await;
        assert_eq!(answer.events("type"), [format!("late.n{n}")]);
        next = answer.member("next");
    }
}

#[tokio::test]
async fn one_sees_what_one_may() {
    let world = filled().await;
    let own = world.get(EVENTS, &world.member).await;
    assert_eq!(
        own.events("type"),
        ["shop.n8", "shop.n6", "shop.n4", "shop.n2", "shop.n0"]
    );
    let foreign = world
        .get(&format!("{EVENTS}?actor_id=somebody"), &world.member)
        .await;
    assert!(foreign.events("type").is_empty());
    for (id, status) in [("o2", 200), ("o3", 404)] {
        let path = format!("{EVENTS}/{id}");
        assert_eq!(world.get(&path, &world.member).await.status, status);
        assert_eq!(world.get(&path, &world.auditor).await.status, 200);
        assert_eq!(world.get(&path, &world.stranger).await.status, 404);
    }
    let stranger = world
        .get(&format!("{EVENTS}?type=shop.*"), &world.stranger)
        .await;
    assert!(stranger.events("type").is_empty());
    let all = world
        .get(&format!("{EVENTS}?limit=1000"), &world.owner)
        .await;
    assert_eq!(u64::try_from(all.events("id").len()).unwrap(), world.size());
    let first = all.events("type").pop();
    assert_eq!(first.as_deref(), Some("organization.created"));
}
