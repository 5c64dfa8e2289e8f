//! Keys and rules of issuers that cannot be right.

use docket_access::{Issuer, Issuers, KeySet, Role, RoleName, Tenant};
use serde_json::{Value, json};

use super::{Scene, claims, role_claim};
use crate::issuer::{Keys, issuers, rules, set, url};

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
