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
