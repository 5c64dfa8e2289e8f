//! Members come and go.

use std::thread;

use docket_access::{AccessError, NewMember, NewToken, Role};

use crate::world::world;

#[test]
fn a_removed_member_leaves_an_id_and_no_name() {
    let world = world();
    world.init("acme");
    let grace = world
        .add("acme", "grace@example.com", Role::Member)
        .unwrap();
    let token = world
        .access
        .create_token("acme", &NewToken::of_owner(&grace), &world.by)
        .unwrap();
    world
        .access
        .remove_member("acme", &grace, &world.by)
        .unwrap();
    assert!(!world.lets_in(token.secret.reveal()));
    let found = world.access.remove_member("acme", &grace, &world.by);
    assert!(matches!(found, Err(AccessError::Unknown(_))));
    assert_eq!(world.access.members("acme").unwrap().len(), 1);
    for record in world
        .access
        .engine()
        .store()
        .records("acme", "member")
        .unwrap()
    {
        let value = String::from_utf8(record.value).unwrap();
        assert!(!value.contains("grace@example.com"), "{value}");
    }
    // The address is free again; the id would hand the old tokens to somebody else.
    let anew = NewMember {
        email: "grace@example.com".to_owned(),
        id: Some(grace.clone()),
        name: None,
        role: Role::Owner,
    };
    assert!(matches!(
        world.access.add_member("acme", &anew, &world.by),
        Err(AccessError::Conflict(_))
    ));
    world
        .add("acme", "grace@example.com", Role::Member)
        .unwrap();
    assert!(!world.lets_in(token.secret.reveal()));
}

#[test]
fn nobody_gets_the_id_under_which_docket_acts() {
    let world = world();
    world.init("acme");
    let new = NewMember {
        email: "spy@example.com".to_owned(),
        id: Some("docket-cli".to_owned()),
        name: None,
        role: Role::Member,
    };
    match world.access.add_member("acme", &new, &world.by) {
        Err(AccessError::Invalid(fault)) => assert_eq!(fault.path, "id"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_last_owner_stays() {
    let world = world();
    let made = world.init("acme");
    for gone in [
        world.access.remove_member("acme", &made.owner, &world.by),
        world.access.block_member("acme", &made.owner, &world.by),
    ] {
        assert!(matches!(gone, Err(AccessError::Conflict(_))));
    }
    let second = world.add("acme", "b@example.com", Role::Owner).unwrap();
    // Of two that remove each other at the same time, one stays.
    let results: Vec<Result<String, AccessError>> = thread::scope(|scope| {
        let remove = |id: String| {
            let world = &world;
            scope.spawn(move || world.access.remove_member("acme", &id, &world.by))
        };
        let both = [remove(made.owner.clone()), remove(second)];
        both.map(|thread| thread.join().unwrap())
            .into_iter()
            .collect()
    });
    assert_eq!(
        results.iter().filter(|result| result.is_ok()).count(),
        1,
        "{results:?}"
    );
    assert_eq!(world.access.members("acme").unwrap().len(), 1);
}

#[test]
fn of_many_at_once_one_gets_the_address() {
    let world = world();
    world.init("acme");
    let results: Vec<_> = thread::scope(|scope| {
        let add = |_| scope.spawn(|| world.add("acme", "same@example.com", Role::Member));
        let threads: Vec<_> = (0..8).map(add).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(
        results.iter().filter(|result| result.is_ok()).count(),
        1,
        "{results:?}"
    );
    let added = world
        .types("acme")
        .iter()
        .filter(|name| *name == "user_account.created")
        .count();
    assert_eq!(added, 1);
    assert_eq!(world.access.members("acme").unwrap().len(), 2);
}

#[test]
fn a_profile_tells_how_a_member_stands_at_the_moment() {
    let world = world();
    let made = world.init("acme");
    world.init("other");
    let grace = world
        .add("acme", "grace@example.com", Role::Auditor)
        .unwrap();
    let profile = |org: &str, id: &str| {
        let profile = world.access.profile(org, id).unwrap();
        profile.map(|profile| profile.text().to_owned())
    };
    let standing = |blocked: bool| {
        Some(format!(
            r#"{{"member":{{"email":"grace@example.com","role":"auditor","permissions":["audit:read_own","audit:read","audit:export","audit:verify"],"created_at":"2026-11-20T00:00:00Z","blocked":{blocked}}}}}"#
        ))
    };
    assert!(profile("acme", &made.owner).is_some());
    assert_eq!(profile("other", &grace), None);
    assert_eq!(profile("acme", "nobody"), None);
    for _ in 0..2 {
        assert_eq!(profile("acme", &grace), standing(false));
    }
    let access = &world.access;
    access.block_member("acme", &grace, &world.by).unwrap();
    assert_eq!(profile("acme", &grace), standing(true));
    access.unblock_member("acme", &grace, &world.by).unwrap();
    assert_eq!(profile("acme", &grace), standing(false));
    access.remove_member("acme", &grace, &world.by).unwrap();
    assert_eq!(profile("acme", &grace), None);
    // Somebody who was looked up as a stranger joins.
    let anew = NewMember {
        email: "ida@example.com".to_owned(),
        id: Some("nobody".to_owned()),
        name: Some("Ida".to_owned()),
        role: Role::Member,
    };
    access.add_member("acme", &anew, &world.by).unwrap();
    assert!(
        profile("acme", "nobody")
            .unwrap()
            .contains(r#""name":"Ida""#)
    );
}
