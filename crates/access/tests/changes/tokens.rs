//! Tokens: how wide, how long.

use std::sync::atomic::Ordering;

use docket_access::{AccessError, NewToken, Permission, Role, TokenState, View};
use docket_event::Field;

use crate::world::{HOUR_MICROS, START_MICROS, world};

#[test]
fn a_token_ends_by_time_by_hand_and_with_its_owner() {
    let world = world();
    world.init("acme");
    let grace = world
        .add("acme", "grace@example.com", Role::Auditor)
        .unwrap();
    let new = NewToken {
        expires_micros: Some(START_MICROS + HOUR_MICROS),
        ..NewToken::of_owner("GRACE@example.com")
    };
    let short = world.access.create_token("acme", &new, &world.by).unwrap();
    let long = world
        .access
        .create_token("acme", &NewToken::of_owner(&grace), &world.by)
        .unwrap();
    assert!(world.lets_in(short.secret.reveal()));
    world.clock.0.fetch_add(HOUR_MICROS, Ordering::SeqCst);
    assert!(!world.lets_in(short.secret.reveal()));
    let states: Vec<TokenState> = world
        .access
        .tokens("acme")
        .unwrap()
        .into_iter()
        .map(|token| token.state)
        .collect();
    assert_eq!(
        states
            .iter()
            .filter(|state| **state == TokenState::Expired)
            .count(),
        1
    );

    assert!(world.lets_in(long.secret.reveal()));
    world
        .access
        .block_member("acme", &grace, &world.by)
        .unwrap();
    assert!(!world.lets_in(long.secret.reveal()));
    assert!(
        world
            .access
            .block_member("acme", &grace, &world.by)
            .is_err()
    );
    assert!(world.access.create_token("acme", &new, &world.by).is_err());
    world
        .access
        .unblock_member("acme", "grace@example.com", &world.by)
        .unwrap();
    assert!(world.lets_in(long.secret.reveal()));

    world
        .access
        .revoke_token("acme", &long.id, &world.by)
        .unwrap();
    assert!(!world.lets_in(long.secret.reveal()));
    let again = world
        .access
        .revoke_token("acme", &long.id, &world.by)
        .unwrap_err();
    assert!(matches!(again, AccessError::Conflict(_)), "{again}");
    let expected = [
        "organization.created",
        "api_key.created",
        "user_account.created",
        "api_key.created",
        "api_key.created",
        "user_account.blocked",
        "user_account.unblocked",
        "api_key.deleted",
    ];
    assert_eq!(world.types("acme"), expected);
}

#[test]
fn tokens_are_no_wider_than_their_owner_and_their_project() {
    let world = world();
    let made = world.init("acme");
    let member = world.add("acme", "m@example.com", Role::Member).unwrap();
    let as_owner = NewToken {
        role: Some(Role::Owner.into()),
        ..NewToken::of_owner(&member)
    };
    let token = world
        .access
        .create_token("acme", &as_owner, &world.by)
        .unwrap();
    let principal = world
        .access
        .admits(token.secret.reveal(), None)
        .unwrap()
        .unwrap();
    let names: Vec<_> = principal.permissions.iter().map(Permission::name).collect();
    assert_eq!(names, ["audit:read_own"]);
    let nothing = NewToken {
        role: Some(Role::Writer.into()),
        ..NewToken::of_owner(&member)
    };
    let refused = world
        .access
        .create_token("acme", &nothing, &world.by)
        .unwrap_err();
    assert!(matches!(refused, AccessError::Invalid(_)), "{refused}");

    let view = View {
        cross_vendor: true,
        ..View::default()
    };
    let limited = NewToken {
        project: Some("p1".into()),
        view,
        ..NewToken::of_owner(&made.owner)
    };
    let token = world
        .access
        .create_token("acme", &limited, &world.by)
        .unwrap();
    let principal = world
        .access
        .admits(token.secret.reveal(), None)
        .unwrap()
        .unwrap();
    assert!(principal.view.cross_vendor);
    assert_eq!(principal.project.as_deref(), Some("p1"));
    let project = docket_event::Filter::default().with(Field::ProjectId, ["p1"]);
    assert_eq!(principal.view.filter, project);
    let created = world.events("acme").pop().unwrap();
    assert_eq!(created.event.project_of(), Some(("p1", None)));
}

#[test]
fn what_is_told_of_a_replaced_token_is_what_it_may() {
    let world = world();
    let made = world.init("acme");
    let mut new = NewToken::of_owner(&made.owner);
    new.view.filter = new.view.filter.with(Field::Type, ["a.b"]);
    let old = world.access.create_token("acme", &new, &world.by).unwrap();
    let next = world.access.rotate_token("acme", &old.id, 60, &world.by);
    let found = world.access.admits(next.unwrap().secret.reveal(), None);
    let may = found.unwrap().unwrap().permissions;
    assert!(!may.allows(Permission::AccessAdmin));
    let told = world
        .events("acme")
        .into_iter()
        .rev()
        .find(|one| one.event.event_type == "api_key.created");
    let data = told.unwrap().event.data.unwrap();
    let names: Vec<&str> = may.iter().map(Permission::name).collect();
    let scopes = format!(r#""scopes":["{}"]"#, names.join(r#"",""#));
    assert!(data.text().contains(&scopes), "{}", data.text());
}
