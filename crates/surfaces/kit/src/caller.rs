//! Who makes a change by a request, as the change's event tells it.

use docket_access::{Access, Caller, Principal};
use docket_engine::QueryError;
use docket_event::{Actor, ActorKind, Credential, CredentialKind, Json, Source};

use crate::Asked;

/// Most bytes of what a client says of itself that an event keeps.
pub const USER_AGENT_BYTES_MAX: usize = 512;

/// Whoever sent the request, as events tell of them: `profile` is how the token's owner stands in the organization.
/// Without a principal the actor is unknown, and may hand on nothing.
pub fn caller_of(asked: &Asked, principal: Option<&Principal>, profile: Option<Json>) -> Caller {
    let actor = principal.map(|principal| Actor {
        kind: principal.owner.kind,
        id: Some(principal.owner.id.clone()),
        email: principal.owner.email.clone(),
        name: principal.owner.name.clone(),
        profile,
    });
    let credential = principal.map(|principal| Credential {
        kind: CredentialKind::ApiKey,
        id: Some(principal.token_id.clone()),
    });
    Caller {
        actor: actor.unwrap_or_default(),
        credential,
        source: source(asked),
        request_id: Some(asked.request_id().to_owned()),
        authority: principal.map(Principal::authority).unwrap_or_default(),
    }
}

/// The same, with the profile that the owner has in the principal's organization. May block.
///
/// # Errors
/// When the store cannot tell.
pub fn known_caller(
    access: &Access,
    asked: &Asked,
    principal: &Principal,
) -> Result<Caller, QueryError> {
    let is_person = principal.owner.kind == ActorKind::User;
    let profile = match is_person && !principal.of_instance {
        true => access.profile(&principal.org, &principal.owner.id)?,
        false => None,
    };
    Ok(caller_of(asked, Some(principal), profile))
}

fn source(asked: &Asked) -> Option<Source> {
    let ip = asked.client().map(|ip| ip.to_canonical().to_string());
    let user_agent = asked
        .header("user-agent")
        .filter(|agent| !agent.is_empty())
        // Visible ASCII alone: every byte is a character.
        .map(|agent| agent.chars().take(USER_AGENT_BYTES_MAX).collect());
    let known = ip.is_some() || user_agent.is_some();
    known.then(|| Source {
        ip,
        user_agent,
        ..Source::default()
    })
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use axum::http::Request;
    use docket_access::{Authority, Owner, Permission, Permissions, View};

    use super::*;
    use crate::Client;

    fn asked(agent: &str) -> Asked {
        let request = Request::get("/").header("user-agent", agent).body(());
        let (mut parts, ()) = request.unwrap().into_parts();
        let mapped: IpAddr = "::ffff:192.0.2.7".parse().unwrap();
        parts.extensions.insert(Client(mapped));
        Asked::new(&parts, "r-1".to_owned())
    }

    #[test]
    fn a_change_tells_of_owner_token_address_and_program() {
        let permissions = Permissions::of(&[Permission::AccessAdmin]);
        let principal = Principal {
            org: "acme".to_owned(),
            owner: Owner {
                id: "u-1".to_owned(),
                kind: ActorKind::User,
                email: Some("ada@acme.example".to_owned()),
                name: None,
            },
            token_id: "key_1".to_owned(),
            permissions,
            is_owner: false,
            of_instance: false,
            read_audit: true,
            project: None,
            view: View::default(),
        };
        let long = "x".repeat(USER_AGENT_BYTES_MAX + 1);
        let caller = caller_of(&asked(&long), Some(&principal), None);
        assert_eq!(caller.actor.id.as_deref(), Some("u-1"));
        assert_eq!(caller.actor.email.as_deref(), Some("ada@acme.example"));
        assert_eq!(caller.authority, Authority::of(permissions, false));
        assert_eq!(caller.request_id.as_deref(), Some("r-1"));
        let credential = caller.credential.unwrap();
        assert_eq!(credential.kind, CredentialKind::ApiKey);
        assert_eq!(credential.id.as_deref(), Some("key_1"));
        let source = caller.source.unwrap();
        assert_eq!(source.ip.as_deref(), Some("192.0.2.7"));
        let agent = source.user_agent.unwrap();
        assert_eq!(agent.len(), USER_AGENT_BYTES_MAX);
    }

    #[test]
    fn a_stranger_may_hand_on_nothing() {
        let caller = caller_of(&asked(""), None, None);
        assert_eq!(caller.actor, Actor::default());
        assert_eq!(
            (caller.credential, caller.authority),
            (None, Authority::default())
        );
        assert_eq!(caller.source.unwrap().user_agent, None);
    }
}
