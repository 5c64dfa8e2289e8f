//! Counts and statistics, and that nobody counts what they may not see.

use docket_event::Value;

use crate::world::{Answer, MEMBER, World};

const STATS: &str = "/api/v1/stats";
const EVENTS: &str = "/api/v1/events";

/// Twelve events on four days: a third by the member, a quarter failed, half of them in `p1`, one at another vendor.
async fn filled() -> World {
    let world = World::new();
    for n in 0..12 {
        let actor = if n % 3 == 0 { MEMBER } else { "somebody" };
        let project = if n % 2 == 0 { "p1" } else { "p2" };
        let outcome = if n % 4 == 0 { "failure" } else { "success" };
        let origin = match n {
            11 => r#","origin":{"surface":"clarifai","account":"c","id":"1"}"#,
            _ => "",
        };
        let kind = ["shop.opened", "project.created"][usize::from(n >= 9)];
        world
            .store(&format!(
                "{{\"type\":\"{kind}\",\"occurred_at\":\"2026-01-0{}T0{}:00:00Z\",\"actor\":{{\"id\":\"{actor}\"}},\
                 \"project\":{{\"id\":\"{project}\"}},\"outcome\":\"{outcome}\"{origin}}}",
                1 + n / 3,
                n % 3
            ))
            .await;
    }
    world
}

/// The statistics of the twelve, and nothing that Docket told of itself.
async fn of_the_twelve(world: &World, token: &str, query: &str) -> Answer {
    let path = format!("{STATS}?from=2026-01-01T00:00:00Z&to=2026-01-05T00:00:00Z&{query}");
    let answer = world.get(&path, token).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer
}

#[tokio::test]
async fn everything_is_counted() {
    let world = filled().await;
    let answer = of_the_twelve(&world, &world.owner, "interval=1d&top=1").await;
    assert_eq!(
        answer.text,
        "{\"count\":12,\"interval\":\"1d\",\"histogram\":[\
         {\"from\":\"2026-01-01T00:00:00Z\",\"count\":3},{\"from\":\"2026-01-02T00:00:00Z\",\"count\":3},\
         {\"from\":\"2026-01-03T00:00:00Z\",\"count\":3},{\"from\":\"2026-01-04T00:00:00Z\",\"count\":3}],\
         \"types\":[{\"type\":\"shop.opened\",\"count\":9}],\"actors\":[{\"id\":\"somebody\",\"count\":8}],\
         \"projects\":[{\"id\":\"p1\",\"count\":6}],\"surfaces\":[\
         {\"surface\":\"openai\",\"shown\":2,\"cross_vendor_only\":1,\"not_shown\":9},\
         {\"surface\":\"clarifai\",\"shown\":3,\"cross_vendor_only\":0,\"not_shown\":9},\
         {\"surface\":\"calypsoai\",\"shown\":2,\"cross_vendor_only\":1,\"not_shown\":9}],\
         \"incomplete\":[]}"
    );
    let some = of_the_twelve(&world, &world.owner, "type=project.*&not.actor_id=somebody").await;
    assert_eq!(
        (some.member("count"), some.member("interval")),
        ("1".into(), "1h".into())
    );
    let tops = "[{\"id\":\"u-member\",\"count\":1}]";
    assert_eq!(some.member("actors"), tops);
    let none = world
        .get(&format!("{STATS}?type=no.such"), &world.owner)
        .await;
    assert_eq!(none.member("count"), "0");
    assert_eq!(none.member("interval"), "null");
    for list in ["histogram", "types", "actors", "projects", "incomplete"] {
        assert_eq!(none.member(list), "[]", "{list}");
    }
}

#[tokio::test]
async fn one_counts_what_one_may_see() {
    let world = filled().await;
    for (token, count, types) in [
        (
            &world.owner,
            "12",
            "[{\"type\":\"shop.opened\",\"count\":9},{\"type\":\"project.created\",\"count\":3}]",
        ),
        (
            &world.auditor,
            "12",
            "[{\"type\":\"shop.opened\",\"count\":9},{\"type\":\"project.created\",\"count\":3}]",
        ),
        (
            &world.member,
            "4",
            "[{\"type\":\"shop.opened\",\"count\":3},{\"type\":\"project.created\",\"count\":1}]",
        ),
        (
            &world.viewer,
            "3",
            "[{\"type\":\"shop.opened\",\"count\":3}]",
        ),
        (
            &world.project_writer,
            "6",
            "[{\"type\":\"shop.opened\",\"count\":5},{\"type\":\"project.created\",\"count\":1}]",
        ),
        (&world.stranger, "0", "[]"),
    ] {
        let answer = of_the_twelve(&world, token, "interval=1d").await;
        assert_eq!(answer.member("count"), count);
        assert_eq!(answer.member("types"), types);
        let json = answer.json();
        let histogram = json.get("histogram").and_then(Value::as_array).unwrap();
        let sum = histogram
            .iter()
            .map(|one| number(one.get("count").unwrap()));
        assert_eq!(sum.sum::<u64>().to_string(), count);
        for surface in json.get("surfaces").and_then(Value::as_array).unwrap() {
            let parts = ["shown", "cross_vendor_only", "not_shown"];
            let parts = parts.map(|part| number(surface.get(part).unwrap()));
            assert_eq!(parts.iter().sum::<u64>().to_string(), count);
        }
        let path = format!(
            "{EVENTS}?from=2026-01-01T00:00:00Z&to=2026-01-05T00:00:00Z&count=true&limit=1"
        );
        let page = world.get(&path, token).await;
        assert_eq!(page.member("count"), count);
    }
    let own = of_the_twelve(&world, &world.member, "").await;
    assert_eq!(own.member("actors"), "[{\"id\":\"u-member\",\"count\":4}]");
    let foreign = of_the_twelve(&world, &world.member, "actor_id=somebody").await;
    assert_eq!(
        (foreign.member("count"), foreign.member("histogram")),
        ("0".into(), "[]".into())
    );
    world
        .get(STATS, &world.writer)
        .await
        .is_problem(403, "audit:read");
    world
        .get(STATS, "docket_nonsense")
        .await
        .is_problem(401, "");
}

fn number(value: &Value<'_>) -> u64 {
    value.to_text().parse().unwrap()
}

#[tokio::test]
async fn a_page_has_a_count_when_asked_for_one() {
    let world = filled().await;
    let path = format!("{EVENTS}?type=shop.*&limit=2&count=");
    let page = world.get(&format!("{path}true"), &world.owner).await;
    assert_eq!(page.events("id").len(), 2);
    assert_eq!(
        (page.member("count"), page.member("count_complete")),
        ("9".into(), "true".into())
    );
    let next = page.member("next");
    let second = world
        .get(&format!("{path}true&cursor={next}"), &world.owner)
        .await;
    assert_eq!(
        second.member("count"),
        "9",
        "of all pages, not of what is left"
    );
    for query in [format!("{path}false"), format!("{EVENTS}?limit=1")] {
        let page = world.get(&query, &world.owner).await;
        assert_eq!(page.json().get("count"), None);
    }
    world
        .get(&format!("{path}1"), &world.owner)
        .await
        .is_problem(400, "count: is neither yes nor no");
    let again = world.post(EVENTS, &[], page.text.clone()).await;
    assert_eq!(
        again.status, 200,
        "a page can be handed back: {}",
        again.text
    );
}

#[tokio::test]
async fn wrong_questions_are_told_what_to_ask() {
    let world = filled().await;
    for (query, says) in [
        (
            "interval=1w",
            "interval: 1w is no interval; write 30s, 15m, 1h, 1d or auto",
        ),
        ("top=1000", "top: is no number from 1 to 100"),
        ("order=recorded", "order: is no parameter here"),
        (
            "actorid=1",
            "actorid: is no parameter here; the nearest one is `actor_id`",
        ),
        ("from=yesterday", "from: yesterday is not an RFC 3339 time"),
        (
            "type=shop.*&interval=1s",
            "interval: makes 180001 intervals of these events, and at most 1000",
        ),
    ] {
        let answer = world.get(&format!("{STATS}?{query}"), &world.owner).await;
        answer.is_problem(400, says);
    }
    let auto = world
        .get(&format!("{STATS}?type=shop.*&interval=auto"), &world.owner)
        .await;
    assert_eq!(auto.member("interval"), "1h");
}
