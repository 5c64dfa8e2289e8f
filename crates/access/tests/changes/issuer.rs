//! An issuer of JWTs with a key of every kind, and texts that pretend to be its JWTs.

use std::sync::Arc;

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use docket_access::{ClaimPath, Issuer, Issuers, KeySet, Tenant, TrustedIssuer};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaEncoding, RsaKeyPair, RsaPublicKeyComponents,
};
use serde_json::{Value, json};

pub const ISSUER: &str = "https://id.example.com/";
pub const AUDIENCE: &str = "docket";

/// A key that no set has the private half of but this file; made for these tests.
const RSA: &str = include_str!("issuer.pem");

pub struct Keys {
    rsa: RsaKeyPair,
    p256: EcdsaKeyPair,
    ed25519: Ed25519KeyPair,
}

impl Keys {
    pub fn draw() -> Self {
        let random = SystemRandom::new();
        let lines = RSA.lines().filter(|line| !line.starts_with('-'));
        let rsa = BASE64_STANDARD.decode(lines.collect::<String>()).unwrap();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let p256 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let ed25519 = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        Keys {
            rsa: RsaKeyPair::from_pkcs8(&rsa).unwrap(),
            p256: EcdsaKeyPair::from_pkcs8(algorithm, p256.as_ref(), &random).unwrap(),
            ed25519: Ed25519KeyPair::from_pkcs8(ed25519.as_ref()).unwrap(),
        }
    }

    /// What the issuer publishes.
    pub fn published(&self) -> Vec<Value> {
        let rsa = RsaPublicKeyComponents::<Vec<u8>>::from(self.rsa.public());
        let (x, y) = self.p256.public_key().as_ref()[1..].split_at(32);
        vec![
            json!({"kty": "RSA", "kid": "rsa", "use": "sig", "n": url(&rsa.n), "e": url(&rsa.e)}),
            json!({"kty": "EC", "kid": "p256", "crv": "P-256", "x": url(x), "y": url(y)}),
            json!({"kty": "OKP", "kid": "ed25519", "crv": "Ed25519", "alg": "EdDSA",
                   "x": url(self.ed25519.public_key().as_ref())}),
            json!({"kty": "oct", "kid": "shared", "k": url(b"secret")}),
            json!({"kty": "EC", "kid": "p384", "crv": "P-384", "x": "AA", "y": "AA"}),
        ]
    }

    pub fn set(&self) -> KeySet {
        set(&self.published())
    }

    /// A signature, by the key and the algorithm.
    pub fn sign(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        match algorithm {
            "RS256" => self.rsa(&RSA_PKCS1_SHA256, message),
            "PS256" => self.rsa(&RSA_PSS_SHA256, message),
            "ES256" => {
                let signature = self.p256.sign(&SystemRandom::new(), message).unwrap();
                signature.as_ref().to_vec()
            }
            "EdDSA" => self.ed25519.sign(message).as_ref().to_vec(),
            _ => unreachable!("{algorithm}"),
        }
    }

    fn rsa(&self, padding: &'static dyn RsaEncoding, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.rsa.public().modulus_len()];
        let random = SystemRandom::new();
        self.rsa
            .sign(padding, &random, message, &mut signature)
            .unwrap();
        signature
    }

    /// A JWT with this header.
    pub fn with_header(&self, header: &Value, algorithm: &str, claims: &Value) -> String {
        let signed = unsigned(header, claims);
        let signature = self.sign(algorithm, signed.as_bytes());
        format!("{signed}.{}", url(&signature))
    }

    /// A JWT, signed by the key for that algorithm.
    pub fn jwt_by(&self, algorithm: &str, claims: &Value) -> String {
        let kid = match algorithm {
            "RS256" | "PS256" => "rsa",
            "ES256" => "p256",
            _ => "ed25519",
        };
        self.with_header(&json!({"alg": algorithm, "kid": kid}), algorithm, claims)
    }

    pub fn jwt(&self, claims: &Value) -> String {
        self.jwt_by("EdDSA", claims)
    }
}

pub fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| url(value.to_string().as_bytes());
    format!("{}.{}", part(header), part(claims))
}

pub fn url(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

pub fn set(keys: &[Value]) -> KeySet {
    KeySet::parse(json!({"keys": keys}).to_string().as_bytes()).unwrap()
}

pub fn path(claim: &str) -> ClaimPath {
    ClaimPath::parse(claim).unwrap()
}

/// Rules without roles.
pub fn rules(org: &str) -> Issuer {
    Issuer {
        issuer: ISSUER.to_owned(),
        audience: AUDIENCE.to_owned(),
        organization: Tenant::Fixed(org.to_owned()),
        member: path("sub"),
        role: None,
        default_role: None,
        project: None,
    }
}

pub fn issuers(issuer: Issuer, keys: KeySet) -> Arc<Issuers> {
    Arc::new(Issuers::new(vec![TrustedIssuer { issuer, keys }]).unwrap())
}
