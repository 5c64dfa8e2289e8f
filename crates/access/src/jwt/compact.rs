//! The form of a JWT (RFC 7519, RFC 7515 §3.1): three parts of base64url with dots between them.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::keys::Algorithm;

/// Longer texts are no JWT of anybody.
pub const JWT_BYTES_MAX: usize = 8 << 10;

/// A JWT whose parts were read. Nothing in it can be believed until its signature was verified.
pub(super) struct Compact<'a> {
    /// How it says that it is signed; `None` for every way that is not taken.
    pub algorithm: Option<Algorithm>,
    /// Which key it says that it is signed with.
    pub key_id: Option<String>,
    pub claims: Map<String, Value>,
    /// What is signed.
    pub signed: &'a str,
    pub signature: Vec<u8>,
}

/// What counts of a header. Keys and addresses of keys that a header brings along are not looked at.
#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    /// Extensions that a reader must understand (RFC 7515 §4.1.11); this one understands none.
    #[serde(default)]
    crit: Option<Value>,
}

impl<'a> Compact<'a> {
    /// Reads a text's parts; `None` for what does not have the form.
    pub fn parse(text: &'a str) -> Option<Self> {
        if text.len() > JWT_BYTES_MAX {
            return None;
        }
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header: Header = serde_json::from_slice(&decoded(header)?).ok()?;
        if header.crit.is_some() {
            return None;
        }
        Some(Compact {
            algorithm: Algorithm::parse(&header.alg),
            key_id: header.kid,
            claims: serde_json::from_slice(&decoded(claims)?).ok()?,
            signed,
            signature: decoded(signature)?,
        })
    }

    /// Whether it says that this issuer made it.
    pub fn is_by(&self, issuer: &str) -> bool {
        self.claims.get("iss").and_then(Value::as_str) == Some(issuer)
    }
}

/// A second dot in the claims is no letter of base64url, so a text of four parts is refused here.
pub(super) fn decoded(part: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(part).ok()
}
