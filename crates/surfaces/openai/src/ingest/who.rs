//! Who acted, with what and from where: the entry's `actor`.

use docket_event::{Actor, ActorKind, Credential, CredentialKind, Event, Geo, Source, Value};

use super::{long_text, text};

/// Takes the branch that `type` names, or, where it names none, the one that is there.
pub fn read_actor(event: &mut Event, actor: &Value<'_>) {
    let branch = |name: &str| {
        actor
            .get(name)
            .filter(|branch| branch.as_object().is_some())
    };
    let kind = actor.get("type").and_then(Value::as_str);
    match (kind, branch("session"), branch("api_key")) {
        (Some("api_key"), _, Some(key)) | (_, None, Some(key)) => read_key(event, key),
        (_, Some(session), _) => read_session(event, session),
        (Some("session"), None, None) => read_session(event, &Value::Null),
        (Some("api_key"), None, None) => read_key(event, &Value::Null),
        (_, None, None) => {}
    }
}

fn read_session(event: &mut Event, session: &Value<'_>) {
    event.credential = Some(Credential {
        kind: CredentialKind::Session,
        id: None,
    });
    event.actor = session.get("user").and_then(user);
    let source = Source {
        ip: text(session.get("ip_address")),
        user_agent: long_text(session.get("user_agent")),
        ja3: text(session.get("ja3")),
        ja4: text(session.get("ja4")),
        geo: session.get("ip_address_details").and_then(geo),
    };
    event.source = (source != Source::default()).then_some(source);
}

fn geo(details: &Value<'_>) -> Option<Geo> {
    let geo = Geo {
        country: text(details.get("country")),
        city: text(details.get("city")),
        region: text(details.get("region")),
        region_code: text(details.get("region_code")),
        asn: text(details.get("asn")),
        latitude: text(details.get("latitude")),
        longitude: text(details.get("longitude")),
    };
    (geo != Geo::default()).then_some(geo)
}

fn read_key(event: &mut Event, key: &Value<'_>) {
    let id = text(key.get("id"));
    event.credential = Some(Credential {
        kind: CredentialKind::ApiKey,
        id,
    });
    let owner = |name: &str| key.get(name).filter(|owner| owner.as_object().is_some());
    let kind = key.get("type").and_then(Value::as_str);
    event.actor = match (kind, owner("user"), owner("service_account")) {
        (Some("service_account"), _, Some(account)) | (_, None, Some(account)) => Some(Actor {
            kind: ActorKind::ServiceAccount,
            id: text(account.get("id")),
            ..Actor::default()
        }),
        (_, Some(person), _) => Some(user(person).unwrap_or_default()),
        (Some("service_account"), None, None) => Some(Actor {
            kind: ActorKind::ServiceAccount,
            ..Actor::default()
        }),
        (Some("user"), None, None) => Some(Actor::default()),
        (_, None, None) => None,
    };
}

fn user(value: &Value<'_>) -> Option<Actor> {
    let actor = Actor {
        kind: ActorKind::User,
        id: text(value.get("id")),
        email: text(value.get("email")),
        ..Actor::default()
    };
    (actor.id.is_some() || actor.email.is_some()).then_some(actor)
}
