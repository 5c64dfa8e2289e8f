//! From a listing to a question of the log, and from its page to the object that answers.

use docket_event::json::write_value;
use docket_event::vocabulary::{Surface, vocabulary};
use docket_event::{Direction, Field, Filter, Group, Needle, Order, Page, Query, Span, Test};
use docket_surfaces_kit::{Permission, Principal, Refusal, auth, read};

use crate::cursor::Cursor;
use crate::entry::render;
use crate::wire::Listing;

const SURFACE: Surface = Surface::CalypsoAi;

/// The question that a listing asks.
///
/// # Errors
/// Denied to whoever asks for others' events and may not read them.
pub fn query(listing: &Listing, caller: &Principal) -> Result<Query, Refusal> {
    let filter = read::shown_on(filter(listing), SURFACE.name(), caller);
    Ok(Query {
        filter: whose(filter, listing, caller)?,
        order: Order::Occurred,
        direction: if listing.ascending {
            Direction::Ascending
        } else {
            Direction::Descending
        },
        limit: listing.limit,
        ..Query::default()
    })
}

/// Which events a listing wants, whoever did it.
fn filter(listing: &Listing) -> Filter {
    let before = listing
        .before
        .map_or(Span::default(), |bound| bound.before());
    let after = listing.after.map_or(Span::default(), |bound| bound.after());
    let mut filter = Filter {
        occurred: before.and(after),
        ..Filter::default()
    };
    if !listing.types.is_empty() {
        let types = listing.types.iter().flat_map(|word| types(word));
        filter.groups.push(Group::any(types));
    }
    match &listing.search {
        Some(needle) => with_text(filter, needle),
        None => filter,
    }
}

/// The filter, narrowed to what has the text in it: in what is searched of every event, or in the vendor's word
/// for its type.
fn with_text(mut filter: Filter, needle: &Needle) -> Filter {
    let own = vocabulary()
        .types()
        .filter_map(|entry| entry.own_word(SURFACE));
    let found = own.filter(|word| needle.is_in(&word.text));
    let types = found.flat_map(|word| types(&word.text));
    let text = std::iter::once(Test::Contains(needle.clone()));
    filter.groups.push(Group::any(text.chain(types)));
    filter
}

/// The types that entries of a word can have. What came in before the list knew the word must have been
/// spelled like it.
fn types(word: &str) -> impl Iterator<Item = Test> {
    let unlisted = vocabulary().unlisted(SURFACE, word);
    let names = vocabulary().types_shown_as(SURFACE, word).into_iter();
    names.map(move |name| {
        if *name == *unlisted {
            Test::Unlisted {
                event_type: name.into_owned(),
                word: word.to_owned(),
            }
        } else {
            Test::Is(Field::Type, name.into_owned())
        }
    })
}

/// The filter, narrowed to those whose events are asked for: the caller's own, unless the listing says
/// otherwise and the caller may.
fn whose(filter: Filter, listing: &Listing, caller: &Principal) -> Result<Filter, Refusal> {
    let others = listing.user_ids.iter().any(|id| *id != caller.owner.id);
    if others || listing.only_user == Some(false) {
        auth::require(caller, Permission::AuditRead)?;
    }
    Ok(if !listing.user_ids.is_empty() {
        filter.with(Field::ActorId, listing.user_ids.iter().map(String::as_str))
    } else if listing.only_user == Some(false) {
        filter
    } else {
        auth::own(filter, caller)
    })
}

/// The object that answers with a page, whose first event is at the listing's row.
pub fn answer(page: &Page, listing: &Listing, org: &str) -> String {
    let mut text = String::from(r#"{"events":["#);
    for (index, event) in page.events.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        write_value(&mut text, &render(event, org));
    }
    let limit = listing.limit;
    let rows = u64::try_from(limit).unwrap_or(u64::MAX);
    let cursor = |row: u64| format!("\"{}\"", Cursor { row, limit }.encode());
    let null = || "null".to_owned();
    let next = if page.has_more {
        cursor(listing.row.saturating_add(rows))
    } else {
        null()
    };
    let prev = if listing.row > 0 {
        cursor(listing.row.saturating_sub(rows))
    } else {
        null()
    };
    text.push_str(&format!(r#"],"next":{next},"prev":{prev}}}"#));
    text
}
