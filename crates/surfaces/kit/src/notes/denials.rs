//! Which denied requests are written down: of each source a few a minute, so that nobody can fill the disk.

use std::collections::HashMap;

use docket_access::Caller;
use docket_event::{
    Actor, Credential, CredentialKind, Event, EventError, Outcome, Timestamp, Value,
};
use parking_lot::Mutex;

use crate::Asked;
use crate::asked::{Because, Beyond, Denial};
use crate::caller::caller_of;

/// Denied requests of one token that are written in a minute.
pub const DENIALS_OF_TOKEN_MAX: u32 = 10;
/// Denied requests of one organization that are written in a minute.
pub const DENIALS_OF_ORG_MAX: u32 = 100;
/// Tokens, and organizations, whose denied requests are counted at once. Beyond it those that were quiet for a minute
/// are forgotten; if there are none, what others are denied is counted by the metric alone.
pub const DENIALS_SOURCES_MAX: usize = 10_000;

const MINUTE_MICROS: i64 = 60 * 1_000_000;

/// What was denied lately, by whose token.
#[derive(Debug, Default)]
pub(super) struct Denials {
    sources: Mutex<Sources>,
}

#[derive(Debug, Default)]
struct Sources {
    tokens: HashMap<(String, String), Window>,
    orgs: HashMap<String, Window>,
}

/// One minute of a source.
#[derive(Debug, Default)]
struct Window {
    start_micros: i64,
    written: u32,
    /// Requests that no event tells of yet; the next one will.
    left_out: u64,
}

impl Denials {
    /// Whether another denied request of this token is to be written, and then how many it stands for besides itself.
    pub fn admit(&self, org: &str, token_id: &str, now_micros: i64) -> Option<u64> {
        let mut sources = self.sources.lock();
        let Sources { tokens, orgs } = &mut *sources;
        let token = window(tokens, (org.to_owned(), token_id.to_owned()), now_micros)?;
        if token.written >= DENIALS_OF_TOKEN_MAX {
            token.left_out += 1;
            return None;
        }
        let org = window(orgs, org.to_owned(), now_micros);
        let Some(org) = org.filter(|org| org.written < DENIALS_OF_ORG_MAX) else {
            token.left_out += 1;
            return None;
        };
        org.written += 1;
        token.written += 1;
        Some(std::mem::take(&mut token.left_out))
    }

    /// So many that were to be written are not.
    pub fn give_back(&self, org: &str, token_id: &str, count: u64) {
        let key = (org.to_owned(), token_id.to_owned());
        if let Some(token) = self.sources.lock().tokens.get_mut(&key) {
            token.left_out += count;
        }
    }
}

/// The window of a source at this moment; `None` if there is no room for one more source.
fn window<K: std::hash::Hash + Eq>(
    windows: &mut HashMap<K, Window>,
    key: K,
    now_micros: i64,
) -> Option<&mut Window> {
    let is_over = |window: &Window| {
        let age = now_micros.saturating_sub(window.start_micros);
        !(0..MINUTE_MICROS).contains(&age)
    };
    if windows.len() >= DENIALS_SOURCES_MAX && !windows.contains_key(&key) {
        windows.retain(|_, window| !is_over(window));
        if windows.len() >= DENIALS_SOURCES_MAX {
            return None;
        }
    }
    let window = windows.entry(key).or_default();
    if is_over(window) {
        window.start_micros = now_micros;
        window.written = 0;
    }
    Some(window)
}

/// Where a request was denied.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'p> {
    /// The request.
    pub asked: &'p Asked,
    /// The surface's name.
    pub surface: &'p str,
    /// The route's pattern: a path may hold what is nobody's business.
    pub route: &'p str,
    /// The method's name.
    pub method: &'p str,
}

/// The event that tells of a denied request, and of `left_out` others before it.
pub(super) fn event(denial: &Denial, place: Place<'_>, left_out: u64, now_micros: i64) -> Event {
    let (code, message) = words(denial.because);
    let permission = match denial.because {
        Because::Permission(permission) => Some(permission.name()),
        Because::Credential(_) | Because::Beyond(_) => None,
    };
    let left_out = i64::try_from(left_out).unwrap_or(i64::MAX);
    let members = [
        ("surface", Some(Value::string(place.surface))),
        ("route", Some(Value::string(place.route))),
        ("method", Some(Value::string(place.method))),
        ("permission", permission.map(Value::string)),
        ("left_out", (left_out > 0).then(|| Value::integer(left_out))),
    ];
    let members = members
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    let caller = Caller {
        credential: Some(credential(&denial.token_id)),
        ..caller_of(place.asked, None, None)
    };
    Event {
        actor: denial.owner.as_ref().map(actor),
        occurred_at: Timestamp::from_micros(now_micros),
        outcome: Outcome::Failure,
        error: Some(EventError {
            code: Some(code.to_owned()),
            message: Some(message),
        }),
        ..caller.event("docket.request.denied", Vec::new(), &Value::object(members))
    }
}

/// Code and sentence of the error.
fn words(because: Because) -> (&'static str, String) {
    match because {
        Because::Credential(word) => {
            let words = word.replace('_', " ");
            (word, format!("the credential is refused: {words}"))
        }
        Because::Permission(permission) => {
            let name = permission.name();
            let message = format!("the token lacks the permission {name}");
            ("permission_missing", message)
        }
        Because::Beyond(Beyond::Authority) => (
            "beyond_authority",
            "the token may hand on no more than it has, and do nothing that is an owner's"
                .to_owned(),
        ),
        Because::Beyond(Beyond::Organization) => (
            "other_organization",
            "the request names another organization than the token's".to_owned(),
        ),
    }
}

pub(super) fn actor(owner: &docket_access::Owner) -> Actor {
    Actor {
        kind: owner.kind,
        id: Some(owner.id.clone()),
        email: owner.email.clone(),
        name: owner.name.clone(),
        profile: None,
    }
}

pub(super) fn credential(token_id: &str) -> Credential {
    Credential {
        kind: CredentialKind::ApiKey,
        id: Some(token_id.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: i64 = 1_700_000_000_000_000;

    #[test]
    fn a_token_has_a_few_a_minute_and_the_next_one_counts_the_rest() {
        let denials = Denials::default();
        let admit = |token: &str, at: i64| denials.admit("acme", token, at);
        for _ in 0..DENIALS_OF_TOKEN_MAX {
            assert_eq!(admit("t", AT), Some(0));
        }
        for _ in 0..990 {
            assert_eq!(admit("t", AT + 1), None);
        }
        assert_eq!(admit("other", AT), Some(0));
        assert_eq!(admit("t", AT + MINUTE_MICROS), Some(990));
        assert_eq!(admit("t", AT + MINUTE_MICROS), Some(0));
        denials.give_back("acme", "t", 3);
        assert_eq!(admit("t", AT + MINUTE_MICROS), Some(3));
        assert_eq!(admit("t", AT), Some(0), "a clock that was put back");
    }

    #[test]
    fn an_organization_has_some_a_minute_whoever_asks() {
        let denials = Denials::default();
        let admit = |at: i64| {
            let tokens = (0..1_000).map(|token| format!("t{token}"));
            tokens
                .filter_map(|token| denials.admit("acme", &token, at))
                .collect::<Vec<u64>>()
        };
        let most = usize::try_from(DENIALS_OF_ORG_MAX).unwrap();
        assert_eq!(admit(AT), vec![0; most]);
        assert_eq!(denials.admit("other", "t", AT), Some(0));
        assert_eq!(admit(AT + MINUTE_MICROS).len(), most);
    }

    #[test]
    fn the_memory_of_sources_is_bounded() {
        let denials = Denials::default();
        for number in 0..DENIALS_SOURCES_MAX {
            let org = format!("o{}", number / 50);
            assert_eq!(denials.admit(&org, &format!("t{number}"), AT), Some(0));
        }
        assert_eq!(denials.admit("acme", "t", AT), None);
        assert_eq!(denials.admit("o1", "t50", AT), Some(0));
        let later = AT + MINUTE_MICROS;
        assert_eq!(denials.admit("acme", "t", later), Some(0));
        assert_eq!(denials.sources.lock().tokens.len(), 1);
    }
}
