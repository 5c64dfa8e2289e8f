//! Random events that listings are asked about: of the vendor's own and from elsewhere.

use docket_event::vocabulary::vocabulary;
use docket_event::{
    Actor, ActorKind, Credential, CredentialKind, Event, Json, Origin, Outcome, Project, Target,
    Timestamp, Value,
};
use docket_surfaces_openai::ingest::ingest;
use proptest::prelude::*;
use proptest::sample::select;

use crate::value;

pub const IDS: &[&str] = &["one", "two", "three"];
pub const EMAILS: &[&str] = &["a@example.com", "A@Example.com", "b@example.com"];
pub const TYPES: &[&str] = &[
    "project.created",
    "user.added",
    "user.updated",
    "login.failed",
    "role.updated",
    "role.bound_to_resource",
    "checkpoint.permission.created",
    "tenant.user.added",
];
pub const TYPES_ELSEWHERE: &[&str] = &[
    "user_account.created",
    "project.member.added",
    "organization.member.updated",
    "user.roles.updated",
    "role.permissions.added",
    "user.role.granted",
    "acme.thing.made",
    "docket.events.read",
];
pub const TYPES_UNLISTED: &[&str] = &["brand.new", "tenant.brand.new", "project.member.added"];
pub const OLDER: &str = "checkpoint_permission.created";

fn id() -> impl Strategy<Value = Option<String>> {
    proptest::option::weighted(0.8, select(IDS).prop_map(str::to_owned))
}

fn email() -> impl Strategy<Value = Option<String>> {
    proptest::option::of(select(EMAILS).prop_map(str::to_owned))
}

/// An event that came in as an entry: one branch of the actor, as the vendor has it.
pub fn own() -> impl Strategy<Value = Event> {
    let words = [TYPES, TYPES_UNLISTED, &[OLDER]].concat();
    let account = proptest::option::of(Just("org-1"));
    (
        select(words),
        0_i64..8,
        id(),
        id(),
        id(),
        id(),
        email(),
        0..4,
        account,
    )
        .prop_map(
            |(word, seconds, project, owner, key, target, email, kind, account)| {
                let text = |text: &Option<String>| text.clone().map_or(Value::Null, Value::string);
                let user = Value::object([("id", text(&owner)), ("email", text(&email))]);
                let machine = Value::object([("id", text(&owner)), ("email", text(&email))]);
                let actor = match kind {
                    0 => Value::Null,
                    1 => Value::object([
                        ("type", Value::string("session")),
                        ("session", Value::object([("user", user)])),
                    ]),
                    _ => {
                        let owner = if kind == 2 {
                            ("user", user)
                        } else {
                            ("service_account", machine)
                        };
                        let key = Value::object([
                            ("id", text(&key)),
                            ("type", Value::string(owner.0)),
                            owner,
                        ]);
                        Value::object([("type", Value::string("api_key")), ("api_key", key)])
                    }
                };
                let entry = Value::object([
                    ("type", Value::string(word)),
                    ("effective_at", Value::integer(seconds)),
                    ("project", Value::object([("id", text(&project))])),
                    ("actor", actor),
                    (
                        word,
                        Value::object([("id", text(&target)), ("role_id", text(&key))]),
                    ),
                ]);
                ingest(&entry, account).unwrap()
            },
        )
}

/// An event that came in any other way.
pub fn elsewhere() -> impl Strategy<Value = Event> {
    let words = [TYPES, TYPES_ELSEWHERE].concat();
    let kinds = [
        ActorKind::User,
        ActorKind::ServiceAccount,
        ActorKind::Agent,
        ActorKind::System,
    ];
    let actor = (select(kinds.to_vec()), id(), email()).prop_map(|(kind, id, email)| Actor {
        kind,
        id,
        email,
        ..Actor::default()
    });
    // The id of a browser session has no place in an entry, yet a filter by it finds the event.
    let credential = prop_oneof![
        Just(Credential {
            kind: CredentialKind::Session,
            id: None
        }),
        (
            select(vec![CredentialKind::ApiKey, CredentialKind::Token]),
            id()
        )
            .prop_map(|(kind, id)| Credential { kind, id }),
    ];
    let targets = proptest::collection::vec((select(vec!["project", "user", "role"]), id()), 0..3);
    let origin = (
        select(vec!["native", "clarifai", "calypsoai", "docket"]),
        any::<bool>(),
    );
    let who = (
        proptest::option::weighted(0.8, actor),
        proptest::option::of(credential),
    );
    let whence = proptest::option::of(origin);
    (
        select(words),
        0_i64..8_000_000,
        who,
        id(),
        targets,
        any::<u8>(),
        whence,
    )
        .prop_map(
            |(word, micros, (actor, credential), project, targets, luck, whence)| Event {
                event_type: word.to_owned(),
                occurred_at: Timestamp::from_micros(micros).filter(|_| luck > 50),
                actor,
                credential,
                project: project
                    .map(|id| Project {
                        id: Some(id),
                        name: None,
                    })
                    .filter(|_| luck % 2 == 0),
                targets: targets
                    .into_iter()
                    .map(|(kind, id)| Target {
                        kind: kind.to_owned(),
                        id,
                        ..Target::default()
                    })
                    .collect(),
                outcome: match vocabulary().fixed_outcome(word) {
                    Some(fixed) => fixed,
                    None if luck % 5 == 0 => Outcome::Failure,
                    None => Outcome::Success,
                },
                data: (luck % 3 == 0)
                    .then(|| Json::of(&value(r#"{"after":{"id":"one","role":"two"}}"#))),
                origin: whence.map(|(surface, account)| Origin {
                    surface: surface.to_owned(),
                    account: (account && surface != "docket").then(|| "acme".to_owned()),
                    ..Origin::default()
                }),
                ..Event::default()
            },
        )
}
