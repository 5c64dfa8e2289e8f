//! JWTs: which of them let in, and whom.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use docket_access::{
    Access, Admission, Issuer, Issuers, JWT_BYTES_MAX, KeySet, NewMember, NewProject, NewRole,
    NewServiceAccount, Permission, Permissions, Principal, Refused, RefusedBecause, Role,
    RoleClaim, RoleName, SettingsChange, Tenant, TrustedIssuer,
};
use docket_event::ActorKind;
use serde_json::{Value, json};

use crate::issuer::{AUDIENCE, ISSUER, Keys, issuers, path, rules, set, unsigned, url};
use crate::world::{START_MICROS, World, world};

const NOW_S: i64 = START_MICROS / 1_000_000;
const DAY_S: i64 = 86_400;

/// A world with an organization `acme`, a member `ada` who is an auditor, and an issuer.
struct Scene {
    world: World,
    keys: Keys,
    access: Access,
}

impl Scene {
    fn new() -> Self {
        Scene::with(rules("acme"))
    }

    fn with(issuer: Issuer) -> Self {
        let (world, keys) = (world(), Keys::draw());
        world.init("acme");
        world.join("ada", "a@acme.example", Role::Auditor);
        let access = world.access.clone();
        let access = access.with_issuers(issuers(issuer, keys.set()));
        Scene {
            world,
            keys,
            access,
        }
    }

    fn show(&self, jwt: &str) -> Admission {
        self.access.authenticate(jwt, None).unwrap()
    }

    fn lets_in(&self, claims: &Value) -> Principal {
        match self.show(&self.keys.jwt(claims)) {
            Admission::Admitted(principal) => principal,
            Admission::Refused(refused) => panic!("{refused:?}: {claims}"),
        }
    }

    fn refuses(&self, jwt: &str) -> Refused {
        match self.show(jwt) {
            Admission::Refused(refused) => refused,
            Admission::Admitted(principal) => panic!("{principal:?}"),
        }
    }

    fn because(&self, claims: &Value) -> RefusedBecause {
        self.refuses(&self.keys.jwt(claims)).because
    }
}

impl World {
    fn join(&self, id: &str, email: &str, role: Role) {
        let new = NewMember {
            email: email.to_owned(),
            id: Some(id.to_owned()),
            name: None,
            role,
        };
        self.access.add_member("acme", &new, &self.by).unwrap();
    }
}

/// The claims of `ada`, changed; `null` removes one.
fn claims(change: &Value) -> Value {
    let mut all =
        json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "iat": NOW_S, "exp": NOW_S + 600});
    let members = all.as_object_mut().unwrap();
    for (name, value) in change.as_object().unwrap() {
        match value {
            Value::Null => drop(members.remove(name)),
            value => drop(members.insert(name.clone(), value.clone())),
        }
    }
    all
}

fn role_claim(claim: &str, roles: &[(&str, &str)]) -> Option<RoleClaim> {
    let role = |(value, role): &(&str, &str)| ((*value).to_owned(), RoleName::new(*role));
    Some(RoleClaim {
        path: path(claim),
        roles: roles.iter().map(role).collect::<BTreeMap<_, _>>(),
    })
}

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
fn forgeries_are_unknown() {
    let scene = Scene::new();
    let (keys, good) = (&scene.keys, claims(&json!({})));
    let genuine = keys.jwt(&good);
    let (signed, signature) = genuine.rsplit_once('.').unwrap();
    let (header, payload) = signed.split_once('.').unwrap();
    let other = url(claims(&json!({"sub": "owner"})).to_string().as_bytes());
    let public = keys.published()[0]["n"].as_str().unwrap().to_owned();
    let hmac = |secret: &[u8]| {
        let signed = unsigned(&json!({"alg": "HS256", "kid": "rsa"}), &good);
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
        format!(
            "{signed}.{}",
            url(ring::hmac::sign(&key, signed.as_bytes()).as_ref())
        )
    };
    let with = |header: Value, algorithm: &str| keys.with_header(&header, algorithm, &good);
    let none = unsigned(&json!({"alg": "none", "kid": "ed25519"}), &good);
    let long = claims(&json!({"pad": "x".repeat(JWT_BYTES_MAX)}));
    for (what, jwt) in [
        ("another payload", format!("{header}.{other}.{signature}")),
        ("another signature", format!("{signed}.{}", url(&[7; 64]))),
        ("no signature", format!("{signed}.")),
        (
            "four parts",
            format!("{header}.{payload}.{payload}.{signature}"),
        ),
        ("padding", format!("{genuine}=")),
        ("none", format!("{none}.")),
        ("none, signed", format!("{none}.{signature}")),
        ("HS256 with the public key", hmac(public.as_bytes())),
        ("HS256 with a published secret", hmac(b"secret")),
        (
            "an unknown key",
            with(json!({"alg": "EdDSA", "kid": "new"}), "EdDSA"),
        ),
        ("no key named", with(json!({"alg": "EdDSA"}), "EdDSA")),
        (
            "a key of another kind",
            with(json!({"alg": "RS256", "kid": "p256"}), "RS256"),
        ),
        (
            "another algorithm",
            with(json!({"alg": "PS256", "kid": "rsa"}), "RS256"),
        ),
        (
            "an unknown extension",
            with(
                json!({"alg": "EdDSA", "kid": "ed25519", "crit": ["b64"]}),
                "EdDSA",
            ),
        ),
        ("another's key", Keys::draw().jwt(&good)),
        (
            "another issuer",
            keys.jwt(&claims(&json!({"iss": "https://id.example.com"}))),
        ),
        ("no issuer", keys.jwt(&claims(&json!({"iss": null})))),
        ("too long", keys.jwt(&long)),
        ("no JWT", "x".repeat(600)),
    ] {
        let refused = scene.refuses(&jwt);
        assert_eq!(
            (refused.because, refused.whose),
            (RefusedBecause::Unknown, None),
            "{what}"
        );
    }
    scene.lets_in(&good);
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
fn time_goes_by_for_what_is_remembered() {
    let scene = Scene::new();
    let jwt = scene
        .keys
        .jwt(&claims(&json!({"nbf": NOW_S + 600, "exp": NOW_S + 1_200})));
    let at = |seconds: i64| {
        let now_micros = START_MICROS + seconds * 1_000_000;
        scene.world.clock.0.store(now_micros, Ordering::SeqCst);
        match scene.show(&jwt) {
            Admission::Admitted(_) => None,
            Admission::Refused(refused) => Some(refused.because),
        }
    };
    assert_eq!(at(0), Some(RefusedBecause::NotYetValid));
    assert_eq!(at(540), None);
    assert_eq!(at(1_259), None);
    assert_eq!(at(1_260), Some(RefusedBecause::Expired));
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
fn keys_that_are_replaced_count_no_more() {
    let (world, old, new) = (world(), Keys::draw(), Keys::draw());
    world.init("acme");
    world.join("ada", "a@acme.example", Role::Auditor);
    let issuers = issuers(rules("acme"), old.set());
    let access = world.access.clone().with_issuers(issuers.clone());
    let lets_in = |keys: &Keys| {
        access
            .admits(&keys.jwt(&claims(&json!({}))), None)
            .unwrap()
            .is_some()
    };
    assert_eq!((lets_in(&old), lets_in(&new)), (true, false));
    let trusted = |issuer, keys| vec![TrustedIssuer { issuer, keys }];
    issuers.replace(trusted(rules("acme"), new.set())).unwrap();
    assert_eq!((lets_in(&old), lets_in(&new)), (false, true));
    let broken = Issuer {
        audience: String::new(),
        ..rules("acme")
    };
    assert!(issuers.replace(trusted(broken, old.set())).is_err());
    assert_eq!((lets_in(&old), lets_in(&new)), (false, true));
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

#[test]
fn registered_keys_that_look_like_jwts_stay_keys() {
    let scene = Scene::new();
    let text = scene.keys.jwt(&claims(
        &json!({"iss": "https://platform.example", "exp": NOW_S + DAY_S}),
    ));
    let hash = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let hash: String = hash
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let new = docket_access::NewToken::of_owner("ada");
    let (access, by) = (&scene.access, &scene.world.by);
    let id = access.register_key("acme", &new, &hash, by).unwrap();
    assert_eq!(access.admits(&text, None).unwrap().unwrap().token_id, id);
}

#[test]
fn sets_that_cannot_be_right_are_refused() {
    let published = Keys::draw().published();
    let changed = |index: usize, name: &str, value: Value| {
        let mut keys = published.clone();
        keys[index][name] = value;
        json!({"keys": keys}).to_string()
    };
    for (text, part) in [
        ("secret".to_owned(), "JWKS"),
        (json!({"keys": [7]}).to_string(), "`keys[0]` is no JWK"),
        (json!({"keys": []}).to_string(), "no key"),
        (json!({"keys": published[3..]}).to_string(), "no key"),
        (changed(0, "d", json!("secret")), "private"),
        (changed(0, "n", json!(url(&[255; 128]))), "1024 bits"),
        (changed(0, "e", json!("AA")), "`e`"),
        (changed(1, "y", json!("AA")), "`y`"),
        (changed(2, "x", json!("secret=")), "`x`"),
        (
            json!({"keys": vec![published[0].clone(); 65]}).to_string(),
            "64",
        ),
    ] {
        let told = KeySet::parse(text.as_bytes()).unwrap_err();
        assert!(told.contains(part) && !told.contains("secret"), "{told}");
    }
    // A key that names no id serves JWTs that name none, if it is the only one.
    let scene = Scene::new();
    let mut alone = scene.keys.published().remove(2);
    alone.as_object_mut().unwrap().remove("kid");
    let access = scene
        .world
        .access
        .clone()
        .with_issuers(issuers(rules("acme"), set(&[alone])));
    let jwt = scene
        .keys
        .with_header(&json!({"alg": "EdDSA"}), "EdDSA", &claims(&json!({})));
    assert!(access.admits(&jwt, None).unwrap().is_some());
    assert!(
        access
            .admits(&scene.keys.jwt(&claims(&json!({}))), None)
            .unwrap()
            .is_none()
    );
}

#[test]
fn rules_that_cannot_be_right_name_their_key() {
    let good = rules("acme");
    let owner = || RoleName::from(Role::Owner);
    for (rules, key) in [
        (
            Issuer {
                issuer: String::new(),
                ..good.clone()
            },
            "[0].issuer",
        ),
        (
            Issuer {
                audience: String::new(),
                ..good.clone()
            },
            "[0].audience",
        ),
        (
            Issuer {
                organization: Tenant::Fixed("a/b".to_owned()),
                ..good.clone()
            },
            "[0].organization",
        ),
        (
            Issuer {
                organization: Tenant::Fixed("instance".to_owned()),
                ..good.clone()
            },
            "[0].organization",
        ),
        (
            Issuer {
                default_role: Some(owner()),
                ..good.clone()
            },
            "[0].default_role",
        ),
        (
            Issuer {
                role: role_claim("role", &[("boss", "owner")]),
                ..good.clone()
            },
            "[0].roles.boss",
        ),
        (
            Issuer {
                role: role_claim("role", &[("boss", "")]),
                ..good.clone()
            },
            "[0].roles.boss",
        ),
    ] {
        assert_eq!(Issuers::check([&rules]).unwrap_err().path, key);
    }
    assert_eq!(
        Issuers::check([&good, &good]).unwrap_err().path,
        "[1].issuer"
    );
    assert_eq!(Issuers::check([&good]), Ok(()));
}
