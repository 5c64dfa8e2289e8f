//! From a listing to a question of the log, and from its page to the list that answers.

use docket_event::json::write_value;
use docket_event::vocabulary::{Surface, vocabulary};
use docket_event::{
    ActorKind, Direction, Field, Filter, Group, Order, Page, Place, Query, Span, Test, Value,
};

use crate::entry::{hides_project, render};
use crate::wire::{ListOrder, Listing, Range, TENANT_PREFIX, TENANT_TYPES};

const MICROS: i64 = 1_000_000;
/// The first second behind the year 9999: no event is that late.
const SECONDS_END: i64 = 253_402_300_800;

/// Whose events the caller is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Those written here and those of this vendor's accounts.
    #[default]
    Own,
    /// Those of other vendors' accounts too.
    CrossVendor,
}

/// The question that a listing asks; its cursors are looked up by the caller.
pub fn query(
    listing: &Listing,
    reach: Reach,
    after: Option<Place>,
    before: Option<Place>,
) -> Query {
    let (order, direction) = match listing.order {
        ListOrder::Desc => (Order::Occurred, Direction::Descending),
        ListOrder::Asc => (Order::Recorded, Direction::Ascending),
    };
    Query {
        filter: filter(listing, reach),
        order,
        direction,
        after,
        before,
        limit: listing.limit,
    }
}

/// Which events a listing wants.
pub fn filter(listing: &Listing, reach: Reach) -> Filter {
    let surface = Surface::OpenAi.name();
    let crossing = (reach == Reach::CrossVendor).then(|| format!("{surface}+"));
    let mut filter = Filter {
        occurred: span(listing.effective_at),
        ..Filter::default()
    }
    .with(
        Field::ShownOn,
        std::iter::once(surface.to_owned()).chain(crossing),
    )
    .with(
        Field::ProjectId,
        listing.project_ids.iter().map(String::as_str),
    )
    .with(
        Field::TargetId,
        listing.resource_ids.iter().map(String::as_str),
    )
    .with(
        Field::ActorEmail,
        listing
            .actor_emails
            .iter()
            .map(|one| one.to_ascii_lowercase()),
    );
    if !listing.event_types.is_empty() {
        let types = listing.event_types.iter().flat_map(|word| types(word));
        filter.groups.push(Group::any(types));
    }
    filter.groups.push(tenant(listing.tenant_only));
    if !listing.project_ids.is_empty() {
        filter.groups.push(Group::none(without_project()));
    }
    if !listing.actor_ids.is_empty() {
        filter
            .groups
            .push(Group::any(listing.actor_ids.iter().flat_map(|id| {
                [Field::ActorId, Field::KeyId].map(|field| Test::Is(field, id.clone()))
            })));
        filter = filter.without_actors(&[ActorKind::System]);
    }
    if !listing.actor_emails.is_empty() {
        // Entries show an address of a person only.
        filter = filter.without_actors(&[
            ActorKind::ServiceAccount,
            ActorKind::Agent,
            ActorKind::System,
        ]);
    }
    filter
}

/// The types that entries of a word can have. Of a word that no list knows, only the spelling counts.
fn types(word: &str) -> Vec<Test> {
    if vocabulary().by_word(Surface::OpenAi, word).is_none() {
        let event_type = vocabulary().unlisted(Surface::OpenAi, word);
        return vec![Test::Unlisted {
            event_type,
            word: word.to_owned(),
        }];
    }
    let names = vocabulary()
        .types_shown_as(Surface::OpenAi, word)
        .into_iter();
    names
        .map(|name| Test::Is(Field::Type, name.into_owned()))
        .collect()
}

/// Tenant-scoped entries only, or none of them.
fn tenant(only: bool) -> Group {
    let unlisted = &vocabulary().surface(Surface::OpenAi).unlisted_prefix;
    let prefixes = [
        TENANT_PREFIX.to_owned(),
        format!("{unlisted}{TENANT_PREFIX}"),
    ];
    let types = TENANT_TYPES.map(|name| Test::Is(Field::Type, name.to_owned()));
    let any = prefixes
        .map(Test::TypeStartsWith)
        .into_iter()
        .chain(types)
        .collect();
    Group {
        any,
        negated: !only,
    }
}

/// The types whose entries have no `project`, though the event may.
fn without_project() -> impl Iterator<Item = Test> {
    let hidden = vocabulary()
        .types()
        .filter(|entry| hides_project(&entry.name));
    hidden.map(|entry| Test::Is(Field::Type, entry.name.clone()))
}

/// Times are compared as entries print them, in whole seconds.
fn span(range: Range) -> Span {
    let micros = |seconds: i64| seconds.clamp(0, SECONDS_END) * MICROS;
    let first = |bound: Option<i64>| Span {
        from: bound.map(micros),
        to: None,
    };
    let behind = |bound: Option<i64>| Span {
        from: None,
        to: bound.map(micros),
    };
    first(range.gt)
        .and(first(range.gte))
        .and(behind(range.lt))
        .and(behind(range.lte))
}

/// The entries of a page, rendered.
pub fn entries(page: &Page) -> Vec<Value<'_>> {
    page.events.iter().map(render).collect()
}

/// The list object: clients go on with `last_id` as long as `has_more` says so and there were entries.
pub fn list(
    entries: &[Value<'_>],
    first_id: Option<&str>,
    last_id: Option<&str>,
    has_more: bool,
) -> String {
    let id = |id: Option<&str>| id.map_or("null".to_owned(), |id| Value::string(id).to_text());
    let mut text = String::from(r#"{"object":"list","data":["#);
    for (index, entry) in entries.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        write_value(&mut text, entry);
    }
    let has_more = has_more && !entries.is_empty();
    text.push_str(&format!(
        r#"],"first_id":{},"last_id":{},"has_more":{has_more}}}"#,
        id(first_id),
        id(last_id)
    ));
    text
}

/// The id that an entry prints.
pub fn printed_id<'e>(entry: &'e Value<'_>) -> &'e str {
    entry.get("id").and_then(Value::as_str).unwrap_or_default()
}
