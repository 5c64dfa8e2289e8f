//! Who asks, and whether they may.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use docket_engine::QueryError;
use docket_event::{Field, Filter};
use tokio::time::Instant;

use docket_access::{Admission, Refused};
pub use docket_access::{Owner, Permission, Permissions, View};

use crate::asked::{Because, Denial, Who};
pub use crate::principal::Principal;
use crate::{App, Asked, Refusal};

/// In which form the `authorization` header carries the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scheme {
    /// The word in front of the token.
    pub word: &'static str,
    /// How the word may be spelled.
    pub spelling: Spelling,
}

/// How the word of a scheme may be spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// In any case, with any number of spaces behind it, as RFC 9110 has it.
    Free,
    /// Exactly as given, with one space behind it.
    Exact,
}

/// `Authorization: Bearer …` (RFC 6750).
pub const BEARER: Scheme = Scheme {
    word: "Bearer",
    spelling: Spelling::Free,
};

/// The secret that the request carries.
///
/// # Errors
/// Anonymous without the header, with two of them, or with another form.
pub fn credential(headers: &HeaderMap, scheme: Scheme) -> Result<&str, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(Refusal::Anonymous);
    };
    let secret = value.to_str().ok().and_then(|text| secret_in(text, scheme));
    secret.ok_or(Refusal::Anonymous)
}

fn secret_in(header: &str, scheme: Scheme) -> Option<&str> {
    let (word, rest) = header.split_once(' ')?;
    let secret = match scheme.spelling {
        Spelling::Free if word.eq_ignore_ascii_case(scheme.word) => rest.trim_matches(' '),
        Spelling::Exact if word == scheme.word => rest,
        Spelling::Free | Spelling::Exact => return None,
    };
    (!secret.is_empty() && !secret.contains(' ')).then_some(secret)
}

/// Finds out who asks, and counts the request against the token's rate.
///
/// # Errors
/// Anonymous, UnknownToken, TooMany, or what the store says.
pub async fn authenticate(app: &App, asked: &Asked, scheme: Scheme) -> Result<Principal, Refusal> {
    let secret = credential(asked.headers(), scheme)?.to_owned();
    authenticate_secret(app, asked, secret).await
}

/// The same for a secret that came another way than in the `authorization` header.
///
/// # Errors
/// UnknownToken, TooMany, or what the store says.
pub async fn authenticate_secret(
    app: &App,
    asked: &Asked,
    secret: String,
) -> Result<Principal, Refusal> {
    let access = app.access()?.clone();
    let from = asked.client();
    let found = app.reading(move || {
        let found = access.authenticate(&secret, from)?;
        // Opens the log, if this is the first that is asked of it here: later on nothing may wait for the store.
        if let Admission::Admitted(caller) = &found {
            access.engine().log(&caller.org)?;
        }
        Ok::<_, QueryError>(found)
    });
    let caller = match found.await?? {
        Admission::Admitted(caller) => caller,
        Admission::Refused(refused) => return Err(is_refused(app, asked, refused)),
    };
    asked.is_from(Who {
        org: caller.org.clone(),
        token_id: caller.token_id.clone(),
    });
    let now_micros = app.environment().now_micros();
    app.notes().used(&caller.org, &caller.token_id, now_micros);
    app.rates().of_token(&caller.token_id, Instant::now())?;
    Ok(Principal::new(caller, asked.clone()))
}

/// What is answered to a credential that is refused. Whoever sends many of them is told to wait instead; valid ones from
/// the same address are not touched by that.
fn is_refused(app: &App, asked: &Asked, refused: Refused) -> Refusal {
    let word = refused.because.word();
    metrics::counter!("docket_credentials_refused_total", "because" => word).increment(1);
    if let Some(whose) = refused.whose {
        asked.is_denied(Denial {
            org: whose.org,
            token_id: whose.token_id,
            owner: whose.owner,
            because: Because::Credential(word),
        });
    }
    let counted = app
        .rates()
        .of_failed_credential(asked.client(), Instant::now());
    counted.err().unwrap_or(Refusal::UnknownToken)
}

/// The caller must have this permission.
///
/// # Errors
/// Denied.
pub fn require(caller: &Principal, permission: Permission) -> Result<(), Refusal> {
    if caller.permissions.allows(permission) {
        Ok(())
    } else {
        Err(caller.denied(permission))
    }
}

/// `filter`, narrowed to what the caller may read: all of its organization with `audit:read`, its own events
/// with `audit:read_own`; in either case only what the token's view lets through, which has its project in it.
///
/// # Errors
/// Denied with neither permission.
pub fn scoped(filter: Filter, caller: &Principal) -> Result<Filter, Refusal> {
    let mut filter = if caller.permissions.allows(Permission::AuditRead) {
        filter
    } else if caller.permissions.allows(Permission::AuditReadOwn) {
        own(filter, caller)
    } else {
        return Err(caller.denied(Permission::AuditRead));
    };
    let view = &caller.view.filter;
    filter.groups.extend(view.groups.iter().cloned());
    filter.occurred = filter.occurred.and(view.occurred);
    filter.recorded = filter.recorded.and(view.recorded);
    Ok(filter)
}

/// Whether the caller's organization has a member of that id.
///
/// # Errors
/// What the store says.
pub async fn is_member(app: &App, caller: &Principal, id: &str) -> Result<bool, Refusal> {
    let (access, org, id) = (app.access()?.clone(), caller.org.clone(), id.to_owned());
    let found = app.reading(move || access.member(&org, &id)).await??;
    Ok(found.is_some())
}

/// `filter`, narrowed to the events whose actor is the token's owner: of the same id and the same kind, since the
/// platform itself or an account for programs may have any id.
#[must_use]
pub fn own(filter: Filter, caller: &Principal) -> Filter {
    filter
        .with(Field::ActorId, [caller.owner.id.clone()])
        .with(Field::ActorKind, [caller.owner.kind.word()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_found_in_their_scheme_only() {
        let check = |header: &str, scheme: Scheme, expected: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.append(AUTHORIZATION, header.parse().unwrap());
            assert_eq!(credential(&headers, scheme).ok(), expected, "{header:?}");
            headers.append(AUTHORIZATION, header.parse().unwrap());
            assert_eq!(credential(&headers, scheme), Err(Refusal::Anonymous));
        };
        let key = Scheme {
            word: "Key",
            spelling: Spelling::Exact,
        };
        for (header, bearer, exact) in [
            ("Bearer abc", Some("abc"), None),
            ("bEARER   abc ", Some("abc"), None),
            ("Bearer", None, None),
            ("Bearer ", None, None),
            ("Bearer a b", None, None),
            ("Bearerabc", None, None),
            ("Basic abc", None, None),
            ("Key abc", None, Some("abc")),
            ("key abc", None, None),
            ("Key  abc", None, None),
            ("", None, None),
        ] {
            check(header, BEARER, bearer);
            check(header, key, exact);
        }
        assert_eq!(
            credential(&HeaderMap::new(), BEARER),
            Err(Refusal::Anonymous)
        );
    }
}
