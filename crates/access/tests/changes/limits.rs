//! Nobody hands on what they lack, and what anybody may ends at once everywhere.

use docket_access::{
    Access, AccessError, Action, AssigneeKind, Authority, Caller, InviteAnswer, MemberChange,
    NewInvite, NewRole, NewServiceAccount, NewToken, Permission, Principal, Role, RoleChange,
    RoleScope, SettingsChange, TokenWanted,
};
use docket_engine::testing::memory::{Memory, ReadFault};
use docket_event::{Fault, Filter};

use crate::day::{assignment, member, token};
use crate::world::{World, world, world_over};

fn no_view(_: &[String]) -> Result<Filter, Fault> {
    Ok(Filter::default())
}

fn principal(access: &Access, secret: &str) -> Principal {
    access.admits(secret, None).unwrap().expect("it is let in")
}

fn caller(authority: Authority) -> Caller {
    Caller {
        authority,
        ..Caller::default()
    }
}

/// A member's token, and who makes changes by it.
fn joined(world: &World, id: &str, role: Role) -> (String, Caller) {
    let email = format!("{id}@example.com");
    world
        .access
        .add_member("acme", &member(&email, id, role), &world.by)
        .unwrap();
    let made = world
        .access
        .create_token("acme", &NewToken::of_owner(id), &world.by)
        .unwrap();
    let secret = made.secret.reveal().to_owned();
    let authority = principal(&world.access, &secret).authority();
    (secret, caller(authority))
}

fn forbidden<T: std::fmt::Debug>(result: Result<T, AccessError>) {
    match result {
        Err(AccessError::Forbidden(_)) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_admin_makes_no_owner_and_touches_none() {
    let world = world();
    let made = world.init("acme");
    let (_, admin) = joined(&world, "adam", Role::Admin);
    let access = &world.access;
    let owner = || MemberChange {
        role: Some(Role::Owner),
        ..MemberChange::default()
    };
    forbidden(access.add_member("acme", &member("o@x.y", "o", Role::Owner), &admin));
    forbidden(access.update_member("acme", "adam", &owner(), &admin));
    forbidden(access.update_member("acme", &made.owner, &MemberChange::default(), &admin));
    forbidden(access.block_member("acme", &made.owner, &admin));
    forbidden(access.remove_member("acme", &made.owner, &admin));
    forbidden(access.create_token("acme", &NewToken::of_owner(&made.owner), &admin));
    forbidden(access.rotate_token("acme", &made.token_id, 0, &admin));
    forbidden(access.delete_organization("acme", &admin));
    let invite = NewInvite {
        email: "i@x.y".to_owned(),
        role: Role::Owner,
        expires_in_s: None,
    };
    forbidden(access.send_invite("acme", &invite, &admin));
    assert_eq!(world.types("acme").len(), 4, "nothing of it happened");
    // What an admin may do, with the same calls.
    access
        .add_member("acme", &member("m@x.y", "m", Role::Auditor), &admin)
        .unwrap();
    access
        .create_token("acme", &NewToken::of_owner("m"), &admin)
        .unwrap();
    access.remove_member("acme", "m", &admin).unwrap();
}

#[test]
fn whoever_only_administers_hands_on_no_right_to_read() {
    let world = world();
    world.init("acme");
    let access = &world.access;
    let role = |id: &str, permissions: &[&str]| NewRole {
        id: Some(id.to_owned()),
        name: id.to_owned(),
        permissions: permissions.iter().map(|&one| one.to_owned()).collect(),
        ..NewRole::default()
    };
    access
        .create_role("acme", &role("clerk", &["access:admin"]), &world.by)
        .unwrap();
    joined(&world, "carl", Role::Member);
    let clerk = assignment("clerk", AssigneeKind::User, "carl", None);
    access.assign("acme", &clerk, &world.by).unwrap();
    let made = access
        .create_token("acme", &NewToken::of_owner("carl"), &world.by)
        .unwrap();
    let carl = caller(principal(access, made.secret.reveal()).authority());
    forbidden(access.create_role("acme", &role("spy", &["audit:read"]), &carl));
    forbidden(access.assign(
        "acme",
        &assignment("auditor", AssigneeKind::User, "carl", None),
        &carl,
    ));
    forbidden(access.add_member("acme", &member("s@x.y", "s", Role::Auditor), &carl));
    let account = NewServiceAccount {
        id: None,
        name: "s".to_owned(),
        role: Role::Auditor,
    };
    forbidden(access.create_service_account("acme", &account, &carl));
    let change = RoleChange {
        permissions: Some(vec!["audit:read".to_owned()]),
        ..RoleChange::default()
    };
    forbidden(access.update_role("acme", "clerk", &change, &carl));
    access
        .add_member("acme", &member("t@x.y", "t", Role::Member), &carl)
        .unwrap();
    let action = Action::TokenCreate(token("t"));
    access.perform("acme", action, no_view, &carl).unwrap();
    let register = Action::TokenCreate(TokenWanted {
        key_sha256: Some("ab".repeat(32)),
        ..token("adam")
    });
    joined(&world, "adam", Role::Admin);
    forbidden(access.perform("acme", register, no_view, &carl));
}

#[test]
fn a_token_of_a_part_does_not_administer() {
    let world = world();
    let made = world.init("acme");
    let limited = NewToken {
        project: Some("p".to_owned()),
        ..NewToken::of_owner(&made.owner)
    };
    let mut viewing = NewToken::of_owner(&made.owner);
    viewing.view.filter = Filter::default().with(docket_event::Field::Type, ["a.b"]);
    for new in [limited, viewing] {
        let made = world.access.create_token("acme", &new, &world.by).unwrap();
        let found = principal(&world.access, made.secret.reveal());
        assert!(found.permissions.allows(Permission::AuditRead));
        assert!(!found.permissions.allows(Permission::AccessAdmin) && !found.is_owner);
    }
}

#[test]
fn roles_of_a_project_count_for_tokens_of_that_project() {
    let world = world();
    world.init("acme");
    let access = &world.access;
    access
        .add_member("acme", &member("g@x.y", "g", Role::Member), &world.by)
        .unwrap();
    let new = |id: &str| docket_access::NewProject {
        id: Some(id.to_owned()),
        name: id.to_owned(),
    };
    for id in ["p", "q"] {
        access.create_project("acme", &new(id), &world.by).unwrap();
    }
    let in_p = assignment("auditor", AssigneeKind::User, "g", Some("p"));
    let given = access.assign("acme", &in_p, &world.by).unwrap();
    let reads = |project: Option<&str>| {
        let new = NewToken {
            project: project.map(str::to_owned),
            ..NewToken::of_owner("g")
        };
        let made = access.create_token("acme", &new, &world.by).unwrap();
        let found = principal(access, made.secret.reveal());
        (made, found.permissions.allows(Permission::AuditRead))
    };
    assert!(!reads(None).1 && !reads(Some("q")).1);
    let (made, allowed) = reads(Some("p"));
    assert!(allowed);
    access.unassign("acme", &given.id, &world.by).unwrap();
    let now = principal(access, made.secret.reveal());
    assert!(!now.permissions.allows(Permission::AuditRead));
    access.delete_project("acme", "p", &world.by).unwrap();
    assert!(!world.lets_in(made.secret.reveal()), "its project is gone");
    assert!(
        access.create_project("acme", &new("p"), &world.by).is_err(),
        "an id is given once"
    );
    let project_only = NewRole {
        id: None,
        name: "x".to_owned(),
        description: None,
        permissions: vec!["access:admin".to_owned()],
        scope: RoleScope::Project,
    };
    let refused = access.create_role("acme", &project_only, &world.by);
    assert!(matches!(refused, Err(AccessError::Invalid(fault)) if fault.path == "permissions[0]"));
}

#[test]
fn what_one_process_takes_away_is_gone_in_all() {
    let store = Memory::shared(4_096);
    let (here, there) = (world_over(store.clone()), world_over(store));
    here.init("acme");
    let (secret, _) = joined(&here, "g", Role::Auditor);
    let allows = |what| {
        there
            .access
            .admits(&secret, None)
            .unwrap()
            .map(|found| found.permissions.allows(what))
    };
    assert_eq!(allows(Permission::AuditRead), Some(true));
    let role = MemberChange {
        role: Some(Role::Member),
        ..MemberChange::default()
    };
    here.access
        .update_member("acme", "g", &role, &here.by)
        .unwrap();
    assert_eq!(allows(Permission::AuditRead), Some(false));
    here.access.block_member("acme", "g", &here.by).unwrap();
    assert_eq!(allows(Permission::AuditRead), None);
    there.access.unblock_member("acme", "g", &there.by).unwrap();
    assert!(here.lets_in(&secret));
    let ranges = SettingsChange {
        allowed_ips: Some(vec!["203.0.113.0/24".to_owned()]),
        ..SettingsChange::default()
    };
    here.access
        .update_settings("acme", &ranges, &here.by)
        .unwrap();
    let from = |address: &str| {
        let from = Some(address.parse().unwrap());
        there.access.admits(&secret, from).unwrap().is_some()
    };
    assert!(from("203.0.113.9") && from("::ffff:203.0.113.9") && !from("198.51.100.1"));
    assert_eq!(
        allows(Permission::AuditRead),
        None,
        "an unknown address is none of them"
    );
    here.access.remove_member("acme", "g", &here.by).unwrap();
    assert!(!from("203.0.113.9"));
}

#[test]
fn nobody_locks_themselves_out_by_accident() {
    let world = world();
    world.init("acme");
    let by = Caller {
        source: Some(docket_event::Source {
            ip: Some("198.51.100.7".to_owned()),
            ..docket_event::Source::default()
        }),
        authority: Authority::ALL,
        ..Caller::default()
    };
    let set = |range: &str, confirm| {
        let change = SettingsChange {
            allowed_ips: Some(vec![range.to_owned()]),
            confirm,
            ..SettingsChange::default()
        };
        world.access.update_settings("acme", &change, &by)
    };
    let refused = set("203.0.113.0/24", false);
    assert!(matches!(refused, Err(AccessError::Invalid(fault)) if fault.path == "allowed_ips"));
    let host = set("198.51.100.7", false).unwrap();
    assert_eq!(host.allowed_ips, ["198.51.100.7/32".parse().unwrap()]);
    set("203.0.113.0/24", true).unwrap();
    let short = SettingsChange {
        retention_days: Some(182),
        ..SettingsChange::default()
    };
    let refused = world.access.update_settings("acme", &short, &by);
    assert!(matches!(refused, Err(AccessError::Invalid(fault)) if fault.path == "retention_days"));
}

#[test]
fn whoever_has_the_code_joins_once() {
    let store = Memory::new(4_096);
    let world = world_over(store.clone());
    world.init("acme");
    let access = &world.access;
    let invite = |email: &str| {
        let new = NewInvite {
            email: email.to_owned(),
            role: Role::Auditor,
            expires_in_s: Some(60),
        };
        access.send_invite("acme", &new, &world.by).unwrap()
    };
    let answer = |code: &str| InviteAnswer {
        code: code.to_owned(),
        name: Some("Grace".to_owned()),
    };
    let nobody = Caller::default();
    let sent = invite("g@x.y");
    let joined = access
        .accept_invite(&answer(sent.code.reveal()), &nobody)
        .unwrap();
    assert!(
        principal(access, joined.token.secret.reveal())
            .permissions
            .allows(Permission::AuditRead)
    );
    let types = world.types("acme");
    let last = [
        "invite.sent",
        "invite.accepted",
        "user_account.created",
        "api_key.created",
    ];
    assert_eq!(types[types.len() - 4..], last);
    let again = access.accept_invite(&answer(sent.code.reveal()), &nobody);
    assert!(matches!(again, Err(AccessError::Unknown(_))));
    let declined = invite("d@x.y");
    access
        .decline_invite(&answer(declined.code.reveal()), &nobody)
        .unwrap();
    assert!(
        access
            .accept_invite(&answer(declined.code.reveal()), &nobody)
            .is_err()
    );
    let late = invite("l@x.y");
    world
        .clock
        .0
        .fetch_add(61_000_000, std::sync::atomic::Ordering::SeqCst);
    assert!(
        access
            .accept_invite(&answer(late.code.reveal()), &nobody)
            .is_err()
    );
    // A store that cannot tell is not a code that opens nothing.
    let asked = invite("s@x.y");
    let answered = answer(asked.code.reveal());
    let before = store.reads();
    access.accept_invite(&answered, &nobody).unwrap();
    let again = invite("t@x.y");
    let answered = answer(again.code.reveal());
    for nth in 0..store.reads() - before {
        store.fail_read(nth, ReadFault::Unavailable);
        let told = access.accept_invite(&answered, &nobody);
        store.forget_faults();
        if told.is_ok() {
            break;
        }
        assert!(
            !matches!(told, Err(AccessError::Unknown(_))),
            "{nth}: {told:?}"
        );
    }
    for wrong in ["", "docket_nonsense", &"x".repeat(10_000)] {
        assert!(access.accept_invite(&answer(wrong), &nobody).is_err());
    }
}
