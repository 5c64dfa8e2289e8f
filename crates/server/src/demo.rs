//! The demo: an organization with three months of believable events, and what to paste to see them.

mod cast;
mod dice;
mod story;

use std::path::Path;

use docket_access::{Access, Caller, NewOrganization, NewToken};
use docket_engine::{Log, Request};
use docket_event::{Event, Writer, check_event};

use crate::operations::{CHUNK_ENTRIES_MAX, Failure, FailureKind, ingest_of};

/// The organization.
pub const ORG: &str = "demo";
/// Its owner.
const OWNER: &str = "ada@example.com";
/// How long ago its first event happened.
const DAYS: u32 = 90;

/// A demo that is ready to be looked at.
#[derive(Debug)]
pub struct Demo {
    token: docket_access::Secret,
    events: u64,
}

/// Makes the demo organization and its events, or, where it is there already, another token for it. Blocks;
/// durable when it returns.
///
/// # Errors
/// When the store does not take it.
pub fn prepare(access: &Access) -> Result<Demo, Failure> {
    let by = Caller::command_line(None);
    if access.organization(ORG)?.is_some() {
        let issued = access.create_token(ORG, &NewToken::of_owner(OWNER), &by)?;
        let events = access.engine().log(ORG)?.map_or(0, |log| log.size());
        return Ok(Demo {
            token: issued.secret,
            events,
        });
    }
    let new = NewOrganization {
        name: Some("Demo".to_owned()),
        ..NewOrganization::new(ORG, OWNER)
    };
    let made = access.init(&new, &by)?;
    let log = access
        .engine()
        .log(ORG)?
        .ok_or_else(|| broken("the demo's log is not there"))?;
    let now_micros = access.engine().environment().now_micros();
    store(&log, now_micros)?;
    Ok(Demo {
        token: made.secret,
        events: log.size(),
    })
}

fn store(log: &Log, now_micros: i64) -> Result<(), Failure> {
    let mut events = Vec::new();
    for entry in story::entries(now_micros, DAYS) {
        let event = event(&entry).map_err(|reason| broken(&format!("{}: {reason}", entry.text)))?;
        check_event(&event, Writer::Client, now_micros)
            .map_err(|faults| broken(&format!("{}: {faults:?}", entry.text)))?;
        events.push(event);
    }
    for chunk in events.chunks(CHUNK_ENTRIES_MAX) {
        log.append(Request {
            events: chunk.to_vec(),
            ..Request::default()
        })?
        .wait()?;
    }
    Ok(())
}

fn event(entry: &story::Entry) -> Result<Event, String> {
    let ingest = ingest_of(entry.format)?;
    (ingest.read)(&entry.text, None).map_err(|faults| format!("{faults:?}"))
}

/// The story is built in: what is wrong with it is wrong with this program.
fn broken(reason: &str) -> Failure {
    Failure::new(FailureKind::Corrupt, format!("the demo: {reason}"))
}

impl Demo {
    /// What to read and paste: the token, and snippets that work as they are. `authority` is the certificate
    /// that a client of `url` must trust.
    pub fn banner(&self, url: &str, authority: Option<&Path>) -> String {
        let trust = authority.map(|path| {
            let path = path.display();
            format!(
                "\n  Trust its certificate authority in this terminal first:\n\n\
                 export CURL_CA_BUNDLE='{path}' SSL_CERT_FILE='{path}' NODE_EXTRA_CA_CERTS='{path}'\n"
            )
        });
        include_str!("demo/banner.txt")
            .replace("{events}", &self.events.to_string())
            .replace("{token}", self.token.reveal())
            .replace("{trust}", &trust.unwrap_or_default())
            .replace("{url}", url)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use docket_engine::testing::memory::Memory;
    use docket_engine::{Engine, Environment, Params};
    use docket_event::{Field, Filter, Query};

    use super::*;

    #[test]
    fn the_demo_can_be_looked_at() {
        let store = Arc::new(Memory::new(4_096));
        let engine = Engine::open(store, Params::default(), Environment::system()).unwrap();
        let access = Access::open(engine.clone());
        let demo = prepare(&access).unwrap();
        assert!((2_000..5_000).contains(&demo.events), "{}", demo.events);
        assert!(access.admits(demo.token.reveal(), None).unwrap().is_some());
        let log = engine.log(ORG).unwrap().unwrap();
        let filter = Filter::default().with(Field::ShownOn, ["openai"]);
        let page = log
            .query(&Query {
                filter,
                limit: 1_000,
                ..Query::default()
            })
            .unwrap();
        assert!(page.has_more, "most of it is shown by a vendor's API");
        // The second time it gets another token and keeps its events.
        let again = prepare(&access).unwrap();
        assert_eq!(again.events, demo.events + 1);
        let banner = again.banner("http://127.0.0.1:8080", None);
        assert!(
            banner.contains(again.token.reveal())
                && !banner.contains("{url}")
                && !banner.contains("{trust}"),
            "{banner}"
        );
        let banner = again.banner("https://localhost:8081", Some(Path::new("/x/ca.pem")));
        assert!(banner.contains("SSL_CERT_FILE='/x/ca.pem'"), "{banner}");
    }
}
