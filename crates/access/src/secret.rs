//! The secret of a token: drawn at random, shown once, kept as a hash.

use std::fmt;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use docket_engine::Environment;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What every secret made here begins with, so that scanners for leaked secrets can know it.
pub const SECRET_PREFIX: &str = "docket_";
/// Longer texts are no secret of anybody.
pub const SECRET_BYTES_MAX: usize = 512;

const RANDOM_BYTES: usize = 32;

/// A secret. Never printed: [`Secret::reveal`] is the one way to its text.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub(crate) fn draw(environment: &Environment) -> Self {
        let random = BASE64_URL_SAFE_NO_PAD.encode(environment.bytes::<RANDOM_BYTES>());
        Secret(format!("{SECRET_PREFIX}{random}"))
    }

    /// The text, to be shown to its owner once and to nobody else.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    pub(crate) fn hash(&self) -> SecretHash {
        SecretHash::of(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// SHA-256 of a secret, in lower-case hex: the name under which its token is found.
#[derive(Clone)]
pub(crate) struct SecretHash(String);

impl SecretHash {
    pub(crate) fn of(secret: &str) -> Self {
        SecretHash(hex(&Sha256::digest(secret.as_bytes())))
    }

    /// A hash that was stored.
    pub(crate) fn stored(hash: &str) -> Self {
        SecretHash(hash.to_owned())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the stored hash; takes as long whatever the answer is.
    pub(crate) fn is(&self, stored: &str) -> bool {
        self.0.as_bytes().ct_eq(stored.as_bytes()).into()
    }
}

/// Lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_show_themselves() {
        let secret = Secret::draw(&Environment::system());
        let text = secret.reveal().to_owned();
        assert_eq!((text.len(), text.starts_with(SECRET_PREFIX)), (50, true));
        assert!(!format!("{secret:?}").contains(&text));
        assert_ne!(Secret::draw(&Environment::system()), secret);
        assert!(secret.hash().is(SecretHash::of(&text).as_str()));
        assert!(!secret.hash().is(""));
    }

    #[test]
    fn hash_is_sha_256_in_hex() {
        let hash = SecretHash::of("abc");
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash.as_str(), expected);
    }
}
