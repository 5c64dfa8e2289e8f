//! Which JWTs are believed: who signed them, and until when.

use std::sync::atomic::Ordering;

use docket_access::{Admission, Issuer, JWT_BYTES_MAX, RefusedBecause, Role, TrustedIssuer};
use serde_json::{Value, json};

use super::{NOW_S, Scene, claims};
use crate::issuer::{Keys, issuers, rules, unsigned, url};
use crate::world::{START_MICROS, world};

const DAY_S: i64 = 86_400;

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
