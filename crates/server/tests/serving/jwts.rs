//! JWTs as clients show them.

use std::fs;
use std::sync::Arc;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use docket_access::{Access, Caller, NewOrganization};
use docket_engine::testing::memory::Memory;
use docket_engine::{Engine, Environment, Params};
use docket_server::config::{JwtSection, Listen};
use docket_server::jwt::Jwts;
use rcgen::{KeyPair, PKCS_ED25519, PublicKeyData, SigningKey};
use serde_json::{Value, json};

use crate::site::{Site, ask, rest};

const ISSUER: &str = "https://id.example.com/";

fn url(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn jwks(key: &KeyPair) -> String {
    let key = json!({"kty": "OKP", "crv": "Ed25519", "kid": "1", "x": url(key.der_bytes())});
    json!({"keys": [key]}).to_string()
}

/// A JWT of Ada's, with something in it to make it long.
fn jwt(key: &KeyPair, pad: usize) -> String {
    let now_s = Environment::system().now_micros() / 1_000_000;
    let part = |value: Value| url(value.to_string());
    let claims = json!({"iss": ISSUER, "aud": "docket", "email": "ada@acme.example", "exp": now_s + 600,
                        "pad": "x".repeat(pad)});
    let signed = format!(
        "{}.{}",
        part(json!({"alg": "EdDSA", "kid": "1"})),
        part(claims)
    );
    let signature = key.sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", url(signature))
}

/// A store with an organization whose owner is Ada.
fn store() -> Arc<Memory> {
    let store = Arc::new(Memory::new(4_096));
    let engine = Engine::open(store.clone(), Params::default(), Environment::system()).unwrap();
    let new = NewOrganization::new("acme", "ada@acme.example");
    let access = Access::open(engine.clone());
    access.init(&new, &Caller::command_line(None)).unwrap();
    engine.close();
    store
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jwt_reads_the_log_until_its_key_is_gone() {
    let keys = [(); 2].map(|()| KeyPair::generate_for(&PKCS_ED25519).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jwks.json");
    fs::write(&file, jwks(&keys[0])).unwrap();
    let section = JwtSection {
        issuer: ISSUER.to_owned(),
        audience: "docket".to_owned(),
        keys: file.clone(),
        organization: Some("acme".to_owned()),
        member_claim: "email".to_owned(),
        ..JwtSection::default()
    };
    let jwts = Jwts::open(&[section]).unwrap().unwrap();
    let store = tokio::task::spawn_blocking(store).await.unwrap();
    let issuers = jwts.issuers();
    let wire = |wiring: &mut docket_server::Wiring| wiring.issuers = Some(issuers);
    let site = Site::with(Listen::default(), Box::new(move || Ok(store)), wire).await;
    site.ready().await;
    let read = async |jwt: &str| {
        let mut stream = site.connect().await;
        let headers = format!("connection: close\r\nauthorization: Bearer {jwt}\r\n");
        ask(&mut stream, "/v1/organization/audit_logs", &headers).await;
        rest(&mut stream).await
    };
    let (short, long) = (jwt(&keys[0], 0), jwt(&keys[0], 5_800));
    assert!((7_800..8_192).contains(&long.len()), "{}", long.len());
    for jwt in [&short, &long] {
        let answer = read(jwt).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.contains("api_key.created"), "{answer}");
    }
    let later = jwt(&keys[1], 0);
    assert!(read(&later).await.starts_with("HTTP/1.1 401"));
    fs::write(&file, "broken").unwrap();
    let told = format!("{:#}", jwts.reload().unwrap_err());
    assert!(
        told.contains("jwks.json") && told.contains(ISSUER),
        "{told}"
    );
    assert!(read(&short).await.starts_with("HTTP/1.1 200"));
    fs::write(&file, jwks(&keys[1])).unwrap();
    jwts.reload().unwrap();
    assert!(read(&short).await.starts_with("HTTP/1.1 401"));
    assert!(read(&later).await.starts_with("HTTP/1.1 200"));
    site.stop().await.unwrap();
}
