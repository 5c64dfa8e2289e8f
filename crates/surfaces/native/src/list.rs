//! `GET /api/v1/events`: a page of the log.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use docket_event::json::write_string;
use docket_event::{Cursor, Filter, IdKey, Page, write_recorded};
use docket_surfaces_kit::auth::{self, BEARER};
use docket_surfaces_kit::read::Count;
use docket_surfaces_kit::{App, Asked};

use crate::access::own_organization;
use crate::error::Problem;
use crate::parameters::Parameters;
use crate::query::{Listing, listing};
use crate::turning::{Turn, other_side, question, turn};

/// The page that the parameters ask for, with the cursors of the pages beside it.
pub async fn list(State(app): State<App>, asked: Asked) -> Result<Response, Problem> {
    let caller = auth::authenticate(&app, &asked, BEARER).await?;
    own_organization(&asked, &caller)?;
    auth::scoped(Filter::default(), &caller)?;
    let key = app.id_key(&caller)?;
    let mut parameters = Parameters::of(&asked)?;
    let Listing {
        query,
        cursor,
        count,
    } = listing(&mut parameters, &key);
    parameters.finish()?;
    let query = question(&query, cursor);
    let page = app.page(&caller, query.clone()).await?;
    let beyond = match other_side(&query, &page) {
        Some(probe) => !app.page(&caller, probe).await?.events.is_empty(),
        None => false,
    };
    let count = match count {
        true => Some(app.count(&caller, query.filter.clone()).await?),
        false => None,
    };
    let text = document(&page, &turn(&query, &page, beyond), count, &key);
    Ok(([(CONTENT_TYPE, "application/json")], text).into_response())
}

fn document(page: &Page, turn: &Turn, count: Option<Count>, key: &IdKey) -> String {
    let mut text = String::from("{\"events\":[");
    for (index, event) in page.events.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        write_recorded(&mut text, event);
    }
    text.push(']');
    for (name, cursor) in [("next", turn.next), ("prev", turn.prev)] {
        text.push_str(&format!(",\"{name}\":"));
        write_cursor(&mut text, cursor, key);
    }
    text.push_str(&format!(",\"has_more\":{}", turn.has_more));
    if let Some(Count { events, complete }) = count {
        text.push_str(&format!(
            ",\"count\":{events},\"count_complete\":{complete}"
        ));
    }
    text.push('}');
    text
}

fn write_cursor(text: &mut String, cursor: Option<Cursor>, key: &IdKey) {
    match cursor {
        Some(cursor) => write_string(text, &cursor.encode(key)),
        None => text.push_str("null"),
    }
}
