//! A search finds exactly the entries of which it is true, read as they are printed.

use std::net::IpAddr;

use docket_event::vocabulary::{Shown, ShownFacts, Surface, vocabulary};
use docket_event::{ActorKind, Event, Field, Recorded, Span, Timestamp, Value};
use docket_surfaces_clarifai::entry::render;
use docket_surfaces_clarifai::query::{Whose, filter};
use docket_surfaces_clarifai::search::{AskedTarget, Search};
use proptest::prelude::*;
use proptest::sample::select;

use crate::events::{IDS, IPS, KINDS, OPERATIONS, elsewhere, own};
use crate::stored;

/// Whether the printed entry is what was asked for, and the event is to be shown.
fn wants(search: &Search, whose: &Whose, recorded: &Recorded) -> bool {
    if !shown(&recorded.event) {
        return false;
    }
    let entry = render(recorded);
    let text = |path: &[&str]| entry.at(path).and_then(Value::as_str);
    let time = Timestamp::parse(text(&["timestamp"]).unwrap()).unwrap();
    let user = text(&["user", "id"]);
    let operation = match entry.get("operation") {
        Some(Value::Number(number)) => number.parse::<i32>().unwrap(),
        other => panic!("{other:?}"),
    };
    let ip = text(&["source_ip"]).and_then(|text| text.parse::<IpAddr>().ok());
    let success = entry.get("success") == Some(&Value::Bool(true));
    let targets = entry
        .get("targets")
        .and_then(Value::as_array)
        .unwrap_or_default();
    let is_target = |asked: &AskedTarget| {
        let named = |one: &Value<'_>| {
            one.at(&[asked.kind, "id"]).and_then(Value::as_str) == Some(asked.id.as_str())
        };
        targets.iter().any(named)
    };
    (match whose {
        Whose::Everybodys => true,
        Whose::Actors { id, kind } => {
            let actor = recorded.event.actor.as_ref();
            actor.is_some_and(|actor| actor.id.as_ref() == Some(id) && actor.kind == *kind)
        }
    }) && search.occurred.contains(time.micros())
        && (search.user_ids.is_empty()
            || user.is_some_and(|user| search.user_ids.iter().any(|id| id == user)))
        && search
            .operations
            .as_ref()
            .is_none_or(|all| all.contains(&operation))
        && (search.targets.is_empty() || search.targets.iter().any(is_target))
        && search.success.is_none_or(|wanted| wanted == success)
        && search
            .source_ips
            .as_ref()
            .is_none_or(|all| ip.is_some_and(|ip| all.contains(&ip)))
}

fn shown(event: &Event) -> bool {
    let origin = event.origin.as_ref();
    let facts = ShownFacts {
        event_type: &event.event_type,
        failed: event.failed(),
        origin_surface: origin.map(|origin| origin.surface.as_str()),
        origin_account: origin.is_some_and(|origin| origin.account.is_some()),
    };
    vocabulary().shown(Surface::Clarifai, &facts) == Shown::Everyone
}

fn search() -> impl Strategy<Value = (Search, Whose)> {
    let id = || select(IDS).prop_map(str::to_owned);
    let micros = || proptest::option::weighted(0.3, 999_999_i64..1_000_004);
    let operations = proptest::collection::vec(select(OPERATIONS), 1..4);
    let operations =
        operations.prop_map(|all| all.into_iter().filter(|one| *one != 0).collect::<Vec<_>>());
    let target = (select(KINDS), id()).prop_map(|(kind, id)| AskedTarget { kind, id });
    let ips = proptest::collection::vec(select(IPS), 1..3);
    let ips = ips.prop_map(|all| all.into_iter().filter_map(|ip| ip.parse().ok()).collect());
    let kind = select(vec![
        ActorKind::User,
        ActorKind::ServiceAccount,
        ActorKind::System,
    ]);
    let whose = prop_oneof![3 => Just(Whose::Everybodys), 1 => (id(), kind).prop_map(|(id, kind)| Whose::Actors { id, kind })];
    (
        (micros(), micros()),
        proptest::collection::vec(id(), 0..2),
        proptest::option::weighted(0.4, operations),
        proptest::collection::vec(target, 0..3),
        proptest::option::weighted(0.3, any::<bool>()),
        proptest::option::weighted(0.2, ips),
        whose,
    )
        .prop_map(
            |((from, to), user_ids, operations, targets, success, source_ips, whose)| {
                let search = Search {
                    user_id: "acme".to_owned(),
                    occurred: Span { from, to },
                    user_ids,
                    operations: operations.filter(|all| !all.is_empty()),
                    targets,
                    success,
                    source_ips,
                    ascending: false,
                    skip: 0,
                    limit: 1,
                };
                (search, whose)
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn searches_find_what_is_printed(
        searches in proptest::collection::vec(search(), 6),
        events in proptest::collection::vec(prop_oneof![own(), elsewhere()], 40),
        recorded in 0_i64..2_000_000,
    ) {
        for (search, whose) in &searches {
            let filter = filter(search, whose).with(Field::ShownOn, ["clarifai"]);
            for event in &events {
                let recorded = stored(event, recorded);
                let (found, wanted) = (filter.matches(&recorded), wants(search, whose, &recorded));
                prop_assert_eq!(found, wanted, "{:?} {:?}\n{:?}\n{}", search, whose, event, render(&recorded).to_text());
            }
        }
    }
}
