//! Organizations and the events that they begin with.

use docket_access::{AccessError, NewOrganization, Permission, View};
use docket_event::{Recorded, write_recorded};

use crate::world::world;

fn text(recorded: &Recorded) -> String {
    let mut text = String::new();
    write_recorded(&mut text, recorded);
    text
}

#[test]
fn a_new_organization_has_two_events_and_an_owner() {
    let world = world();
    let made = world.init("acme");
    assert_eq!(
        world.types("acme"),
        ["organization.created", "api_key.created"]
    );

    let principal = world
        .access
        .admits(made.secret.reveal(), None)
        .unwrap()
        .unwrap();
    assert_eq!(
        (principal.org.as_str(), &principal.owner.id),
        ("acme", &made.owner)
    );
    assert_eq!(principal.owner.email.as_deref(), Some("Ada@Example.com"));
    assert_eq!(principal.token_id, made.token_id);
    assert!(principal.permissions.allows(Permission::AccessAdmin));
    assert_eq!(principal.view, View::default());

    let again = world
        .access
        .init(&NewOrganization::new("acme", "b@c"), &world.by)
        .unwrap_err();
    assert!(matches!(again, AccessError::Conflict(_)), "{again}");
    assert_eq!(world.types("acme").len(), 2);
    let instance = world
        .access
        .init(&NewOrganization::new("instance", "b@c"), &world.by);
    assert!(matches!(instance, Err(AccessError::Invalid(_))));
}

#[test]
fn events_tell_who_did_what_and_no_secret() {
    let world = world();
    let made = world.init("acme");
    let key = world.access.signing_key("acme").unwrap();
    let public = key.verifier().to_string();
    assert!(public.starts_with("docket/"), "{public}");

    let events = world.events("acme");
    let created = text(&events[0]);
    assert!(created.contains(&format!(
        r#""signing_key":{{"id":"{}""#,
        key.verifier().id()
    )));
    assert!(
        created.contains(&public) && created.contains(&made.owner),
        "{created}"
    );
    // The address stands in a target's name, which is personal, and nowhere else.
    assert_eq!(created.matches("Ada@Example.com").count(), 1);
    assert_eq!(
        events[0].event.targets[1].name.as_deref(),
        Some("Ada@Example.com")
    );
    for event in &events {
        let text = text(event);
        assert!(
            text.contains(
                r#""actor":{"kind":"system","id":"docket-cli","profile":{"user":"ada"}}"#
            )
        );
        assert!(text.contains(r#""origin":{"surface":"docket"}"#), "{text}");
        assert!(
            !text.contains(made.secret.reveal()) && !text.contains("seed"),
            "{text}"
        );
    }
    let after = events[1].event.data.as_ref().unwrap().value();
    let scopes = after
        .at(&["after", "scopes"])
        .and_then(|scopes| scopes.as_array())
        .unwrap();
    assert_eq!(scopes.len(), 6);
}

#[test]
fn what_is_stored_does_not_open_anything() {
    let world = world();
    let made = world.init("acme");
    let store = world.access.engine().store();
    for (org, kind) in [("", "token_secret"), ("acme", "token"), ("acme", "member")] {
        for record in store.records(org, kind).unwrap() {
            let value = String::from_utf8(record.value.clone()).unwrap();
            assert!(!value.contains(made.secret.reveal()));
            // Neither a hash nor an id is taken for a secret.
            assert!(!world.lets_in(&record.key.name));
        }
    }
    for wrong in [
        "",
        " ",
        "docket_",
        &format!("{} ", made.secret.reveal()),
        &"x".repeat(10_000),
    ] {
        assert!(!world.lets_in(wrong), "{wrong}");
    }
}

#[test]
fn organizations_do_not_see_each_other() {
    let world = world();
    let (a, b) = (world.init("a"), world.init("b"));
    assert!(
        world
            .access
            .remove_member("a", &b.owner, &world.by)
            .is_err()
    );
    assert!(
        world
            .access
            .revoke_token("a", &b.token_id, &world.by)
            .is_err()
    );
    assert!(world.access.members("c").is_err());
    let principal = world
        .access
        .admits(a.secret.reveal(), None)
        .unwrap()
        .unwrap();
    assert_eq!(principal.org, "a");
    let names: Vec<String> = world
        .access
        .organizations()
        .unwrap()
        .into_iter()
        .map(|one| one.org)
        .collect();
    assert_eq!(names, ["a", "b"]);
    assert_ne!(
        world
            .access
            .signing_key("a")
            .unwrap()
            .verifier()
            .to_string(),
        world
            .access
            .signing_key("b")
            .unwrap()
            .verifier()
            .to_string()
    );
}
