//! CalypsoAI's client: one's own actions or everybody's, page by page or from a row on.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use docket_event::Outcome;
use docket_event::vocabulary::Surface;

use super::question::{Client, NATIVE, Question, UNTIL, Vendor, Way, get, member_of_each};
use crate::generate::actor_id;
use crate::server::Server;

const AUDIT: &str = "/backend/v1/audit";

/// What is asked: pages of 10 and 1,000 of one's own actions and of everybody's, and a page in the middle.
pub const VENDOR: Vendor = Vendor {
    surface: Surface::CalypsoAi,
    questions: |events| {
        let question = |name, events, rarer| Question {
            name,
            events,
            row: 0,
            rarer,
            entry: None,
            actor: None,
            // Events of this vendor's do not say that they failed: those that did are not shown.
            outcome: Some(Outcome::Success),
        };
        let own = |question: Question| Question {
            actor: Some(actor_id(0, 0)),
            ..question
        };
        vec![
            own(question("own, 10", 10, 1)),
            own(question("own, 1,000", 1_000, 8)),
            question("everybody's, 10", 10, 1),
            question("everybody's, 1,000", 1_000, 8),
            Question {
                row: events / 2,
                ..question("everybody's, 10 from the middle row", 10, 8)
            },
        ]
    },
    ways: |question| match question.row {
        0 => vec![NATIVE, CLIENT],
        _ => vec![CLIENT],
    },
};

const CLIENT: Way = Way {
    name: "CalypsoAI",
    client,
    request_ids: |body| member_of_each(body, "events", "requestId"),
};

fn client(server: &Server, token: &str, question: &Question) -> anyhow::Result<Client> {
    let mut path = format!("{AUDIT}?limit={}&before={UNTIL}", question.events);
    if question.actor.is_none() {
        path.push_str("&onlyUser=false");
    }
    if question.row > 0 {
        path.push_str(&format!("&cursor={}", cursor(question)));
    }
    get(server, token, &path)
}

/// The cursor of the page that begins at the row. It needs no page that leads to it. Of JSON like this no character
/// of base64 has to be escaped in a query.
fn cursor(question: &Question) -> String {
    let (row, limit) = (question.row, question.events);
    STANDARD.encode(format!(r#"{{"row":{row},"limit":{limit},"type":"row"}}"#))
}
