//! From a search to a question of the log, and from its page to the answer.

use std::sync::LazyLock;

use docket_event::vocabulary::{Surface, vocabulary};
use docket_event::{
    ActorKind, Direction, Field, Filter, Group, Order, Outcome, Page, Query, Test, Value,
    target_value,
};

use crate::entry::{has_app, render};
use crate::search::{AskedTarget, Search};
use crate::status::Status;
use crate::wire::APP;

/// Whose events of a log are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Everybody's.
    Everybodys,
    /// Those of this actor: another kind of actor may have the same id.
    Actors {
        /// Id.
        id: String,
        /// Kind.
        kind: ActorKind,
    },
}

/// The question that a search asks. What the caller may see is the reader's to add.
pub fn query(search: &Search, whose: &Whose, shown_on: impl FnOnce(Filter) -> Filter) -> Query {
    Query {
        filter: shown_on(filter(search, whose)),
        order: Order::Occurred,
        direction: match search.ascending {
            true => Direction::Ascending,
            false => Direction::Descending,
        },
        after: None,
        before: None,
        limit: search.limit,
    }
}

/// Which events a search wants.
pub fn filter(search: &Search, whose: &Whose) -> Filter {
    let mut filter = Filter {
        occurred: search.occurred,
        ..Filter::default()
    };
    if let Whose::Actors { id, kind } = whose {
        filter = filter
            .with(Field::ActorId, [id.as_str()])
            .with(Field::ActorKind, [kind.word()]);
    }
    if !search.user_ids.is_empty() {
        // Entries name no user where the platform itself acted.
        filter = filter
            .with(Field::ActorId, search.user_ids.iter().map(String::as_str))
            .without_actors(&[ActorKind::System]);
    }
    if let Some(operations) = &search.operations {
        let types = operations.iter().flat_map(|operation| types(*operation));
        filter.groups.push(Group::any(types));
    }
    if let Some(success) = search.success {
        let outcome = match success {
            true => Outcome::Success,
            false => Outcome::Failure,
        };
        filter = filter.with(Field::Outcome, [outcome.word()]);
    }
    if let Some(addresses) = &search.source_ips {
        let address = |ip: &std::net::IpAddr| Test::Is(Field::SourceIp, ip.to_string());
        filter
            .groups
            .push(Group::any(addresses.iter().map(address)));
    }
    filter.groups.extend(targets(&search.targets));
    filter
}

/// The types that entries of an operation can have. Of a number that no list knows, only that number counts.
fn types(operation: i32) -> Vec<Test> {
    let word = operation.to_string();
    if vocabulary().by_word(Surface::Clarifai, &word).is_none() {
        let event_type = vocabulary().unlisted(Surface::Clarifai, &word);
        return vec![Test::Unlisted { event_type, word }];
    }
    let names = vocabulary().types_shown_as(Surface::Clarifai, &word);
    let names = names.into_iter();
    names
        .map(|name| Test::Is(Field::Type, name.into_owned()))
        .collect()
}

/// One of these targets, printed. An application may be printed that the event names as its project only: either
/// a target is there, or the project is the one and the type prints it.
fn targets(asked: &[AskedTarget]) -> Vec<Group> {
    if asked.is_empty() {
        return Vec::new();
    }
    let named = asked.iter().filter_map(|target| {
        let kind = vocabulary().kind_by_clarifai(target.kind)?;
        let value = target_value(&kind.name, &target.id);
        Some(Test::Is(Field::Target, value))
    });
    let named: Vec<Test> = named.collect();
    let projects: Vec<Test> = asked
        .iter()
        .filter(|target| target.kind == APP)
        .map(|target| Test::Is(Field::ProjectBeside, target.id.clone()))
        .collect();
    if projects.is_empty() {
        return vec![Group::any(named)];
    }
    let either = |others: &[Test]| Group::any(named.iter().chain(others).cloned());
    vec![either(&projects), either(&APP_TYPES)]
}

/// The types whose entries have an application.
static APP_TYPES: LazyLock<Vec<Test>> = LazyLock::new(|| {
    let shown = vocabulary().types().filter(|entry| has_app(&entry.name));
    let names = shown.map(|entry| Test::Is(Field::Type, entry.name.clone()));
    names.collect()
});

/// The answer with the entries of a page.
pub fn answer<'p>(status: &Status, page: &'p Page) -> Value<'p> {
    let entries = page.events.iter().map(render).collect();
    Value::object([
        ("status", status.to_value()),
        ("entries", Value::Array(entries)),
    ])
}
