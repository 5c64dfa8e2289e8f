//! Whom a JWT that is believed lets in, and what they may.

use docket_access::{
    Access, Admission, Issuer, NewProject, NewRole, NewServiceAccount, Permission, Permissions,
    RefusedBecause, Role, SettingsChange, Tenant,
};
use docket_event::ActorKind;
use serde_json::{Value, json};

use super::{NOW_S, Scene, claims, role_claim};
use crate::issuer::{AUDIENCE, path, rules};

#[test]
fn members_get_in_by_every_algorithm_with_what_they_may() {
    let scene = Scene::new();
    for algorithm in ["RS256", "PS256", "ES256", "EdDSA"] {
        let jwt = scene.keys.jwt_by(algorithm, &claims(&json!({})));
        let Admission::Admitted(caller) = scene.show(&jwt) else {
            panic!("{algorithm}");
        };
        assert_eq!(
            (caller.org.as_str(), caller.owner.id.as_str()),
            ("acme", "ada")
        );
        assert_eq!(caller.owner.email.as_deref(), Some("a@acme.example"));
        assert_eq!(caller.permissions, Role::Auditor.permissions());
        assert!(!caller.is_owner && caller.read_audit && !caller.of_instance);
        assert!(caller.token_id.starts_with("jwt:"), "{}", caller.token_id);
        // Nobody gets in by it where its issuer is not trusted.
        assert!(!scene.world.lets_in(&jwt));
    }
    let account = NewServiceAccount {
        id: Some("robot".to_owned()),
        name: "Robot".to_owned(),
        role: Role::Writer,
    };
    let (access, by) = (&scene.access, &scene.world.by);
    access.create_service_account("acme", &account, by).unwrap();
    let robot = scene.lets_in(&claims(&json!({"sub": "robot", "aud": ["x", AUDIENCE]})));
    assert_eq!(robot.owner.kind, ActorKind::ServiceAccount);
    assert_eq!(robot.permissions, Role::Writer.permissions());
}

#[test]
fn claims_decide_once_the_signature_holds() {
    let scene = Scene::new();
    for (change, because) in [
        (json!({"aud": "others"}), RefusedBecause::Claims),
        (json!({"aud": ["others"]}), RefusedBecause::Claims),
        (json!({"aud": null}), RefusedBecause::Claims),
        (json!({"exp": null}), RefusedBecause::Claims),
        (
            json!({"exp": (NOW_S + 600).to_string()}),
            RefusedBecause::Claims,
        ),
        (json!({"nbf": "later"}), RefusedBecause::Claims),
        (json!({"iat": {}}), RefusedBecause::Claims),
        (json!({"sub": null}), RefusedBecause::Claims),
        (json!({"sub": "a b"}), RefusedBecause::Claims),
        (json!({"sub": "docket-cli"}), RefusedBecause::Claims),
        (json!({"exp": NOW_S - 60}), RefusedBecause::Expired),
        (json!({"nbf": NOW_S + 61}), RefusedBecause::NotYetValid),
        (json!({"iat": NOW_S + 61}), RefusedBecause::NotYetValid),
        (json!({"sub": "nobody"}), RefusedBecause::Empty),
    ] {
        let refused = scene.refuses(&scene.keys.jwt(&claims(&change)));
        assert_eq!(refused.because, because, "{change}");
        assert_eq!(refused.whose.unwrap().org, "acme", "{change}");
    }
    for change in [
        json!({"exp": NOW_S - 59}),
        json!({"exp": 1e300}),
        json!({"exp": NOW_S as f64 + 0.5}),
        json!({"nbf": NOW_S + 60}),
        json!({"iat": NOW_S + 60}),
        json!({"iat": null}),
    ] {
        scene.lets_in(&claims(&change));
    }
}

#[test]
fn blocked_and_removed_members_are_out_at_once_everywhere() {
    let scene = Scene::with(Issuer {
        default_role: Some(Role::Auditor.into()),
        ..rules("acme")
    });
    let jwt = scene.keys.jwt(&claims(&json!({})));
    assert!(matches!(scene.show(&jwt), Admission::Admitted(_)));
    // Another process changes it.
    let (other, by) = (Access::open(scene.access.engine().clone()), &scene.world.by);
    other.block_member("acme", "ada", by).unwrap();
    assert_eq!(scene.refuses(&jwt).because, RefusedBecause::OwnerBlocked);
    other.unblock_member("acme", "ada", by).unwrap();
    assert!(matches!(scene.show(&jwt), Admission::Admitted(_)));
    other.remove_member("acme", "ada", by).unwrap();
    let refused = scene.refuses(&jwt);
    assert_eq!(refused.because, RefusedBecause::OwnerGone);
    assert_eq!(refused.whose.unwrap().owner.unwrap().id, "ada");
}

#[test]
fn role_claims_narrow_members() {
    let scene = Scene::with(Issuer {
        role: role_claim(
            "realm.roles",
            &[("write", "writer"), ("all", "admin"), ("look", "auditor")],
        ),
        ..rules("acme")
    });
    let by = |roles: Value| claims(&json!({"realm": {"roles": roles}}));
    let auditor = Role::Auditor.permissions();
    assert_eq!(scene.lets_in(&by(json!("all"))).permissions, auditor);
    assert_eq!(
        scene
            .lets_in(&by(json!(["write", "look", "?"])))
            .permissions,
        auditor
    );
    for nothing in [json!("write"), json!("auditor"), json!([]), json!(7)] {
        assert_eq!(scene.because(&by(nothing)), RefusedBecause::Empty);
    }
    assert_eq!(scene.because(&claims(&json!({}))), RefusedBecause::Empty);
    scene.world.join("boss", "boss@acme.example", Role::Owner);
    let boss = scene.lets_in(&claims(
        &json!({"sub": "boss", "realm": {"roles": ["all"]}}),
    ));
    assert!(!boss.is_owner);
}

#[test]
fn strangers_get_what_their_role_maps_to() {
    let scene = Scene::with(Issuer {
        role: role_claim(
            "https://acme.example/role",
            &[("sec", "auditor"), ("own", "audits"), ("part", "part")],
        ),
        ..rules("acme")
    });
    let role = |id: &str, permissions: &[&str], scope| NewRole {
        id: Some(id.to_owned()),
        name: id.to_owned(),
        description: None,
        permissions: permissions.iter().map(|one| (*one).to_owned()).collect(),
        scope,
    };
    let (access, by) = (&scene.access, &scene.world.by);
    let new = role(
        "audits",
        &["audit:read_own"],
        docket_access::RoleScope::Organization,
    );
    access.create_role("acme", &new, by).unwrap();
    let new = role("part", &["audit:read"], docket_access::RoleScope::Project);
    access.create_role("acme", &new, by).unwrap();
    let who = |role: &str| {
        claims(&json!({"sub": "auth0|7", "https://acme.example/role": role,
                       "email": "Eve@Acme.example", "name": "Eve"}))
    };
    let eve = scene.lets_in(&who("sec"));
    assert_eq!(eve.permissions, Role::Auditor.permissions());
    assert_eq!(
        (eve.owner.id.as_str(), eve.owner.kind),
        ("auth0|7", ActorKind::User)
    );
    assert_eq!(eve.owner.email.as_deref(), Some("eve@acme.example"));
    assert_eq!(eve.owner.name.as_deref(), Some("Eve"));
    assert!(!eve.is_owner && !eve.of_instance && !eve.view.cross_vendor);
    let own = Permissions::of(&[Permission::AuditReadOwn]);
    assert_eq!(scene.lets_in(&who("own")).permissions, own);
    // A role for projects says nothing where no project is named.
    assert_eq!(scene.because(&who("part")), RefusedBecause::Empty);
    assert_eq!(scene.because(&who("none")), RefusedBecause::Empty);
    access.delete_role("acme", "audits", by).unwrap();
    assert_eq!(scene.because(&who("own")), RefusedBecause::Empty);
}

#[test]
fn addresses_name_members_if_they_are_verified() {
    let scene = Scene::with(Issuer {
        member: path("email"),
        default_role: Some(Role::Member.into()),
        ..rules("acme")
    });
    let by = |email: &str, verified: Value| {
        claims(&json!({"sub": "7", "email": email, "email_verified": verified}))
    };
    let ada = scene.lets_in(&by("A@Acme.example", json!(true)));
    assert_eq!(ada.owner.id, "ada");
    assert_eq!(
        scene.lets_in(&by("a@acme.example", Value::Null)).owner.id,
        "ada"
    );
    assert_eq!(
        scene.because(&by("a@acme.example", json!(false))),
        RefusedBecause::Claims
    );
    assert_eq!(
        scene.because(&by("ada", json!(true))),
        RefusedBecause::Claims
    );
    let eve = scene.lets_in(&by("eve@acme.example", json!("true")));
    assert_eq!(eve.owner.id, "eve@acme.example");
    assert_eq!(eve.permissions, Role::Member.permissions());

    // A removed member does not come back as a stranger; whoever gets the address gets in by it.
    let (access, by_hand) = (&scene.access, &scene.world.by);
    access.remove_member("acme", "ada", by_hand).unwrap();
    let ada = by("a@acme.example", json!(true));
    assert_eq!(scene.because(&ada), RefusedBecause::OwnerGone);
    scene.world.join("ada2", "A@acme.example", Role::Auditor);
    assert_eq!(scene.lets_in(&ada).owner.id, "ada2");
    access.remove_member("acme", "ada2", by_hand).unwrap();
    assert_eq!(scene.because(&ada), RefusedBecause::OwnerGone);
}

#[test]
fn claims_choose_organization_and_project() {
    let scene = Scene::with(Issuer {
        organization: Tenant::Claim(path("org")),
        project: Some(path("project")),
        ..rules("acme")
    });
    let (access, by) = (&scene.access, &scene.world.by);
    let project = NewProject {
        id: Some("p1".to_owned()),
        name: "P".to_owned(),
    };
    access.create_project("acme", &project, by).unwrap();
    let of = |org: Value, project: Value| claims(&json!({"org": org, "project": project}));
    let ada = scene.lets_in(&of(json!("acme"), json!("p1")));
    assert_eq!(ada.project.as_deref(), Some("p1"));
    assert!(!ada.view.filter.groups.is_empty());
    assert_eq!(
        scene.because(&of(json!("acme"), Value::Null)),
        RefusedBecause::Claims
    );
    for org in [
        json!("other"),
        json!("instance"),
        json!(""),
        json!("a/b"),
        Value::Null,
    ] {
        let refused = scene.refuses(&scene.keys.jwt(&of(org.clone(), json!("p1"))));
        assert_eq!(
            (refused.because, refused.whose),
            (RefusedBecause::Unknown, None),
            "{org}"
        );
    }
    access.delete_project("acme", "p1", by).unwrap();
    assert_eq!(
        scene.because(&of(json!("acme"), json!("p1"))),
        RefusedBecause::Empty
    );
}

#[test]
fn organizations_take_jwts_from_their_addresses_only() {
    let scene = Scene::new();
    let change = SettingsChange {
        allowed_ips: Some(vec!["10.0.0.0/8".to_owned()]),
        ..SettingsChange::default()
    };
    let (access, by) = (&scene.access, &scene.world.by);
    access.update_settings("acme", &change, by).unwrap();
    let jwt = scene.keys.jwt(&claims(&json!({})));
    assert_eq!(scene.refuses(&jwt).because, RefusedBecause::Address);
    let from = Some("10.1.2.3".parse().unwrap());
    assert!(access.admits(&jwt, from).unwrap().is_some());
    access.delete_organization("acme", by).unwrap();
    assert_eq!(scene.refuses(&jwt).because, RefusedBecause::Empty);
}

#[test]
fn ids_of_jwts_are_the_same_for_the_same_person_or_jti() {
    let scene = Scene::new();
    let id = |change: Value| scene.lets_in(&claims(&change)).token_id;
    assert_eq!(id(json!({})), id(json!({"iat": NOW_S - 5})));
    assert_eq!(
        id(json!({"jti": "1"})),
        id(json!({"jti": "1", "iat": NOW_S - 5}))
    );
    assert_ne!(id(json!({"jti": "1"})), id(json!({"jti": "2"})));
    assert_ne!(id(json!({})), id(json!({"jti": "ada"})));
    assert_eq!(id(json!({})).len(), "jwt:".len() + 32);
    // Of JWTs no use is written down.
    scene.access.note_use("acme", &id(json!({}))).unwrap();
    assert!(scene.access.token("acme", &id(json!({}))).is_err());
}
