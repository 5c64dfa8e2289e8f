//! The keys of an issuer, as it publishes them (JWKS, RFC 7517), and whether one of them made a signature.

use std::fmt;

use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use serde_json::Value;

use super::compact::{Compact, decoded};

/// Most keys of one issuer.
pub const KEYS_MAX: usize = 64;
/// Shortest RSA key that is taken.
pub const RSA_BITS_MIN: usize = 2_048;
/// Longest RSA key that is taken.
const RSA_BITS_MAX: usize = 8_192;
/// Bytes of a coordinate of P-256, and of an Ed25519 key.
const POINT_BYTES: usize = 32;
/// What an uncompressed point begins with (SEC 1 §2.3.3).
const UNCOMPRESSED: u8 = 4;

/// How a JWT may be signed. No other way is taken: neither `none` nor one with a shared secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Rs256,
    Ps256,
    Es256,
    EdDsa,
}

/// The public keys that an issuer signs with.
#[derive(Clone, PartialEq, Eq)]
pub struct KeySet(Vec<PublicKey>);

#[derive(Clone, PartialEq, Eq)]
struct PublicKey {
    id: Option<String>,
    /// The one way to use it, if its owner names one.
    only: Option<Algorithm>,
    material: Material,
}

#[derive(Clone, PartialEq, Eq)]
enum Material {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// An uncompressed point.
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

/// A key as it is published (RFC 7518 §6, RFC 8037 §2).
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default, rename = "use")]
    usage: Option<String>,
    #[serde(default)]
    key_ops: Option<Vec<String>>,
    #[serde(default)]
    crv: Option<String>,
    #[serde(default)]
    n: Option<String>,
    #[serde(default)]
    e: Option<String>,
    #[serde(default)]
    x: Option<String>,
    #[serde(default)]
    y: Option<String>,
    /// Present in private keys only.
    #[serde(default)]
    d: Option<Value>,
}

impl Algorithm {
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Algorithm::Rs256),
            "PS256" => Some(Algorithm::Ps256),
            "ES256" => Some(Algorithm::Es256),
            "EdDSA" => Some(Algorithm::EdDsa),
            _ => None,
        }
    }
}

impl KeySet {
    /// Reads a set. Keys of kinds that are not taken, or not for signatures, are passed over.
    ///
    /// # Errors
    /// What is wrong with it; nothing of its content is shown.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let document: Document = serde_json::from_slice(bytes).map_err(
            |_| "is no JWKS: write a JSON object whose `keys` are the issuer's public keys",
        )?;
        if document.keys.len() > KEYS_MAX {
            return Err(format!("has more than {KEYS_MAX} keys"));
        }
        let mut keys = Vec::new();
        for (index, key) in document.keys.into_iter().enumerate() {
            let read = serde_json::from_value(key).map_err(|_| "is no JWK".to_owned());
            let key = read.and_then(public_key);
            keys.extend(key.map_err(|reason| format!("`keys[{index}]` {reason}"))?);
        }
        match keys.is_empty() {
            true => Err("has no key for RS256, PS256, ES256 or EdDSA signatures".to_owned()),
            false => Ok(KeySet(keys)),
        }
    }

    /// Whether one of the keys made the signature: the one that the JWT names, or the only one there is if it names
    /// none.
    pub(super) fn verifies(&self, jwt: &Compact<'_>) -> bool {
        let Some(algorithm) = jwt.algorithm else {
            return false;
        };
        let named = |key: &&PublicKey| match &jwt.key_id {
            Some(id) => key.id.as_ref() == Some(id),
            None => self.0.len() == 1,
        };
        let (message, signature) = (jwt.signed.as_bytes(), jwt.signature.as_slice());
        let mut candidates = self.0.iter().filter(named);
        candidates.any(|key| key.verifies(algorithm, message, signature))
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeySet({} keys)", self.0.len())
    }
}

impl PublicKey {
    fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        if self.only.is_some_and(|only| only != algorithm) {
            return false;
        }
        let verified =
            match (&self.material, algorithm) {
                (Material::Rsa { n, e }, Algorithm::Rs256) => RsaPublicKeyComponents { n, e }
                    .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature),
                (Material::Rsa { n, e }, Algorithm::Ps256) => RsaPublicKeyComponents { n, e }
                    .verify(&RSA_PSS_2048_8192_SHA256, message, signature),
                (Material::P256(point), Algorithm::Es256) => {
                    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                        .verify(message, signature)
                }
                (Material::Ed25519(key), Algorithm::EdDsa) => {
                    UnparsedPublicKey::new(&ED25519, key).verify(message, signature)
                }
                (Material::Rsa { .. } | Material::P256(_) | Material::Ed25519(_), _) => {
                    return false;
                }
            };
        verified.is_ok()
    }
}

/// A key that is read; `None` for one that is not for us.
fn public_key(jwk: Jwk) -> Result<Option<PublicKey>, String> {
    if jwk.d.is_some() {
        return Err(
            "is a private key, which belongs to the issuer alone: write its public keys, and \
                    replace this one if others could read it"
                .to_owned(),
        );
    }
    let signs = jwk.usage.as_deref().is_none_or(|usage| usage == "sig");
    let verifies = |operations: &Vec<String>| operations.iter().any(|one| one == "verify");
    if !signs || !jwk.key_ops.as_ref().is_none_or(verifies) {
        return Ok(None);
    }
    let only = match jwk.alg.as_deref().map(Algorithm::parse) {
        None => None,
        Some(Some(algorithm)) => Some(algorithm),
        Some(None) => return Ok(None),
    };
    let material = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("RSA", _) => rsa(&jwk)?,
        ("EC", Some("P-256")) => {
            let mut point = vec![UNCOMPRESSED];
            point.extend(coordinate("x", jwk.x.as_deref())?);
            point.extend(coordinate("y", jwk.y.as_deref())?);
            Material::P256(point)
        }
        ("OKP", Some("Ed25519")) => Material::Ed25519(coordinate("x", jwk.x.as_deref())?),
        _ => return Ok(None),
    };
    Ok(Some(PublicKey {
        id: jwk.kid,
        only,
        material,
    }))
}

fn rsa(jwk: &Jwk) -> Result<Material, String> {
    let n = number("n", jwk.n.as_deref())?;
    let e = number("e", jwk.e.as_deref())?;
    let leading = n.first().map_or(0, |first| first.leading_zeros());
    let bits = n.len() * 8 - usize::try_from(leading).unwrap_or(0);
    if !(RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits) {
        return Err(format!(
            "is an RSA key of {bits} bits; {RSA_BITS_MIN} to {RSA_BITS_MAX} are taken"
        ));
    }
    Ok(Material::Rsa { n, e })
}

/// A number without leading zeros, as the verifier wants it.
fn number(name: &str, text: Option<&str>) -> Result<Vec<u8>, String> {
    let bytes = member(name, text)?;
    let digits: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
    match digits.is_empty() {
        true => Err(format!("has no number as its `{name}`")),
        false => Ok(digits),
    }
}

fn coordinate(name: &str, text: Option<&str>) -> Result<Vec<u8>, String> {
    let bytes = member(name, text)?;
    match bytes.len() {
        POINT_BYTES => Ok(bytes),
        length => Err(format!(
            "has {length} bytes as its `{name}`, not {POINT_BYTES}"
        )),
    }
}

fn member(name: &str, text: Option<&str>) -> Result<Vec<u8>, String> {
    let bytes = text.and_then(decoded);
    bytes.ok_or_else(|| format!("lacks its `{name}`, in base64url without padding"))
}
