//! Finds the events that have a text in them, by looking at one after the other for a bounded time.

use std::time::Duration;

use docket_event::{LIMIT_MAX, Page, Place, Query, Value};
use docket_surfaces_kit::{App, Principal};
use tokio::time::Instant;

use crate::Failure;
use crate::entry::render;
use crate::error::{ApiError, Detail};
use crate::wire::SEARCH;

/// How long events are looked at.
const TIME: Duration = Duration::from_secs(1);

/// The page of `query` without its first `skip` events, of those that have `needle` in them.
///
/// # Errors
/// What the kit refuses; 422 when the time is over before the page is full.
pub async fn page(
    app: &App,
    caller: &Principal,
    mut query: Query,
    skip: u64,
    needle: &str,
) -> Result<Page, Failure> {
    let needle = needle.to_lowercase();
    let (deadline, limit) = (Instant::now() + TIME, query.limit);
    query.limit = LIMIT_MAX;
    let (mut found, mut skipped) = (Page::default(), 0);
    loop {
        let page = app.page(caller, query.clone()).await?;
        query.after = page.events.last().map(Place::of);
        for event in page.events {
            if !has(&render(&event, &caller.org), &needle) {
                continue;
            }
            if skipped < skip {
                skipped += 1;
            } else if found.events.len() < limit {
                found.events.push(event);
            } else {
                found.has_more = true;
            }
        }
        if found.has_more || !page.has_more {
            return Ok(found);
        }
        if Instant::now() >= deadline {
            return Err(ApiError::invalid(vec![too_wide()]).into());
        }
    }
}

fn too_wide() -> Detail {
    let message = "Input should be a text that is found in time: \
        narrow the search down with type, userId, after or before";
    Detail::of(SEARCH, "value_error", message)
}

/// Whether an entry has the text, in lower case, in what a search looks at.
fn has(entry: &Value<'_>, needle: &str) -> bool {
    let within = |text: &str| text.to_lowercase().contains(needle);
    let user = entry.get("user").and_then(Value::as_object);
    let members = entry.as_object().unwrap_or_default().iter();
    let mut texts = members
        .filter(|(name, _)| matches!(&**name, "id" | "type") || name.ends_with("Id"))
        .chain(
            user.unwrap_or_default()
                .iter()
                .filter(|(name, _)| matches!(&**name, "id" | "name" | "email")),
        )
        .filter_map(|(_, value)| value.as_str());
    let data = entry.get("data").filter(|data| **data != Value::Null);
    texts.any(within) || data.is_some_and(|data| within(&data.to_text()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use docket_event::json::parse;

    #[test]
    fn texts_are_looked_for_where_the_contract_says() {
        let entry = r#"{"createdAt":"2026","data":{"Größe":["Ab"]},"id":"I-1","projectId":"p-1","requestId":"req-1","type":"project-created","user":{"admin":null,"email":"ann@x","id":"u-1","name":"Ann","roles":["owner"]},"other":"none"}"#;
        let entry = parse(entry).unwrap();
        for needle in [
            "i-1", "-1", "p-1", "req", "ject-cr", "nn@x", "u-1", "ann", "größe", "[\"ab", "",
        ] {
            assert!(has(&entry, needle), "{needle}");
        }
        for needle in ["2026", "owner", "none", "admin", "ann@xu", "null"] {
            assert!(!has(&entry, needle), "{needle}");
        }
    }
}
