//! A listing finds exactly the entries of which it is true, read as they are printed.

use docket_event::vocabulary::{Shown, ShownFacts, Surface, vocabulary};
use docket_event::{Event, Recorded, Value};
use docket_surfaces_openai::entry::render;
use docket_surfaces_openai::ingest::ingest;
use docket_surfaces_openai::query::{Reach, filter};
use docket_surfaces_openai::wire::{Listing, tenant_scoped};
use proptest::prelude::*;
use proptest::sample::select;

use crate::events::{EMAILS, IDS, OLDER, TYPES, TYPES_ELSEWHERE, TYPES_UNLISTED, elsewhere, own};
use crate::{stored, value};

/// What is asked, once as a query string and once as it is meant.
#[derive(Clone, Debug)]
struct Question {
    projects: Vec<&'static str>,
    types: Vec<&'static str>,
    actors: Vec<&'static str>,
    emails: Vec<&'static str>,
    resources: Vec<&'static str>,
    tenant_only: bool,
    /// Operator and half seconds.
    bounds: Vec<(&'static str, i64)>,
}

impl Question {
    fn listing(&self) -> Listing {
        let mut query = format!("tenant_only={}", self.tenant_only);
        for (name, values) in [
            ("project_ids", &self.projects),
            ("event_types", &self.types),
            ("actor_ids", &self.actors),
            ("actor_emails", &self.emails),
            ("resource_ids", &self.resources),
        ] {
            values
                .iter()
                .for_each(|value| query.push_str(&format!("&{name}%5B%5D={value}")));
        }
        for (op, halves) in &self.bounds {
            let sign = if *halves < 0 { "-" } else { "" };
            let (whole, half) = (halves.abs() / 2, halves.abs() % 2 * 5);
            query.push_str(&format!("&effective_at%5B{op}%5D={sign}{whole}.{half}"));
        }
        Listing::parse(&query).unwrap_or_else(|error| panic!("{query}: {}", error.body()))
    }

    fn wants(&self, recorded: &Recorded, reach: Reach) -> bool {
        let entry = render(recorded);
        let at = |path: &[&str]| entry.at(path).and_then(Value::as_str);
        let one_of = |wanted: &[&str], found: &[Option<&str>]| {
            wanted.is_empty() || found.iter().flatten().any(|found| wanted.contains(found))
        };
        let lower = |email: &&str| email.to_ascii_lowercase();
        let word = at(&["type"]).unwrap();
        let types: Vec<&str> = self.types.iter().map(|word| today(word)).collect();
        let actors = [
            at(&["actor", "session", "user", "id"]),
            at(&["actor", "api_key", "user", "id"]),
            at(&["actor", "api_key", "service_account", "id"]),
            at(&["actor", "api_key", "id"]),
        ];
        let emails = [
            at(&["actor", "session", "user", "email"]),
            at(&["actor", "api_key", "user", "email"]),
        ];
        let wanted: Vec<String> = self.emails.iter().map(lower).collect();
        let targets: Vec<Option<&str>> = recorded
            .event
            .targets
            .iter()
            .map(|target| target.id.as_deref())
            .collect();
        shown(&recorded.event, reach)
            && one_of(&self.projects, &[at(&["project", "id"])])
            && one_of(&types, &[Some(word)])
            && one_of(&self.actors, &actors)
            && (wanted.is_empty()
                || emails
                    .iter()
                    .flatten()
                    .any(|one| wanted.contains(&lower(one))))
            && one_of(&self.resources, &targets)
            && tenant_scoped(word) == self.tenant_only
            && self
                .bounds
                .iter()
                .all(|(op, halves)| holds(&entry, op, *halves))
    }
}

fn today(word: &'static str) -> &'static str {
    if word == OLDER {
        "checkpoint.permission.created"
    } else {
        word
    }
}

fn holds(entry: &Value<'_>, op: &str, halves: i64) -> bool {
    let Some(Value::Number(seconds)) = entry.get("effective_at") else {
        panic!("an entry has a time");
    };
    let printed = 2 * seconds.parse::<i64>().unwrap();
    match op {
        "gt" => printed > halves,
        "gte" => printed >= halves,
        "lt" => printed < halves,
        _ => printed <= halves,
    }
}

fn shown(event: &Event, reach: Reach) -> bool {
    let origin = event.origin.as_ref();
    let facts = ShownFacts {
        event_type: &event.event_type,
        failed: event.failed(),
        origin_surface: origin.map(|origin| origin.surface.as_str()),
        origin_account: origin.is_some_and(|origin| origin.account.is_some()),
    };
    match vocabulary().shown(Surface::OpenAi, &facts) {
        Shown::Everyone => true,
        Shown::CrossVendorOnly => reach == Reach::CrossVendor,
        Shown::No => false,
    }
}

fn question() -> impl Strategy<Value = Question> {
    let some = |pool| proptest::collection::vec(select(pool), 0..2);
    let bound = |op| (Just(op), -3_i64..16);
    let bounds = proptest::sample::subsequence(vec!["gt", "gte", "lt", "lte"], 0..2)
        .prop_flat_map(move |ops| ops.into_iter().map(bound).collect::<Vec<_>>());
    (
        some(IDS),
        asked_types(),
        some(IDS),
        some(EMAILS),
        some(IDS),
        bounds,
    )
        .prop_map(
            |(projects, (types, tenant_only), actors, emails, resources, bounds)| Question {
                projects,
                types,
                actors,
                emails,
                resources,
                tenant_only,
                bounds,
            },
        )
}

fn asked_types() -> impl Strategy<Value = (Vec<&'static str>, bool)> {
    let words = [TYPES, TYPES_ELSEWHERE, TYPES_UNLISTED, &[OLDER]].concat();
    let tenant: Vec<_> = words
        .iter()
        .copied()
        .filter(|word| tenant_scoped(word))
        .collect();
    let some = |pool: Vec<&'static str>| proptest::collection::vec(select(pool), 0..4);
    prop_oneof![
        4 => (some(words), Just(false)),
        1 => (some(tenant), Just(true)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn listings_find_what_is_printed(
        questions in proptest::collection::vec(question(), 6),
        events in proptest::collection::vec(prop_oneof![own(), elsewhere()], 40),
        recorded in 0_i64..8_000_000,
        crossing: bool,
    ) {
        let reach = if crossing { Reach::CrossVendor } else { Reach::Own };
        for question in &questions {
            let filter = filter(&question.listing(), reach);
            for event in &events {
                let recorded = stored(event, recorded);
                let (found, wanted) = (filter.matches(&recorded), question.wants(&recorded, reach));
                prop_assert_eq!(found, wanted, "{:?}\n{:?}\n{}", question, event, render(&recorded).to_text());
            }
        }
    }
}

#[test]
fn a_filter_of_random_events_finds_some() {
    let text = r#"{"type":"project.created","actor":{"type":"api_key","api_key":{"id":"key_1","type":"user","user":{"id":"user-1","email":"A@Example.com"}}},"effective_at":5,"project":{"id":"p"},"project.created":{"id":"proj"}}"#;
    let recorded = stored(&ingest(&value(text), None).unwrap(), 0);
    for query in [
        "",
        "project_ids=p",
        "actor_ids=key_1",
        "actor_ids=user-1",
        "actor_emails=a@example.COM",
        "resource_ids=proj",
        "event_types=project.created",
        "effective_at[gt]=4&effective_at[lte]=5",
        "effective_at[gte]=5&effective_at[lt]=5.1",
        "effective_at[gte]=-99999999999999999999999&effective_at[lt]=8.533e68",
    ] {
        assert!(
            filter(&Listing::parse(query).unwrap(), Reach::Own).matches(&recorded),
            "{query}"
        );
    }
    for query in [
        "effective_at[gt]=1e99",
        "effective_at[lt]=-5",
        "effective_at[gt]=5",
        "tenant_only=1",
    ] {
        assert!(
            !filter(&Listing::parse(query).unwrap(), Reach::Own).matches(&recorded),
            "{query}"
        );
    }
}
