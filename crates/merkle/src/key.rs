//! The keys that sign and verify notes: C2SP signed-note, Ed25519 (signature type 0x01).

use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use ed25519_dalek::{Signature, Signer as _, VerifyingKey};
use sha2::{Digest, Sha256};

/// The signature type of plain Ed25519 (C2SP signed-note, "Signature types").
const ED25519: u8 = 0x01;

/// The longest key name or origin accepted.
pub const NAME_BYTES_MAX: usize = 255;

/// The name of a key: not empty, no white space, no plus sign, no control character.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

/// What tells keys of one name apart:
/// `SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key)[:4]` (C2SP signed-note, "Signatures").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; KeyId::LEN]);

/// The public half of a key. Its text is `<name>+<id as hex>+<base64 of 0x01 ‖ public key>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: KeyName,
    id: KeyId,
    key: VerifyingKey,
}

/// The secret half of a key. `Debug` shows the public half only.
#[derive(Clone)]
pub struct SigningKey {
    verifier: VerifierKey,
    key: ed25519_dalek::SigningKey,
}

/// Why a text is not a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The name is empty, above [`NAME_BYTES_MAX`], or holds a character that names may not have.
    #[error("key name is empty, too long, or holds a space, a plus sign or a control character")]
    Name,
    /// The text is not of the form `name+id+base64`, in its one spelling.
    #[error("verifier key is malformed")]
    Malformed,
    /// The key is not an Ed25519 public key under which only its owner can sign.
    #[error("verifier key is not a usable Ed25519 key")]
    PublicKey,
    /// The id does not belong to this name and this key.
    #[error("verifier key has id {found}, its name and key make {expected}")]
    Id {
        /// The id computed from name and key.
        expected: KeyId,
        /// The id in the text.
        found: KeyId,
    },
}

impl KeyName {
    /// Checks a name by the rule of C2SP signed-note, "Format".
    pub fn parse(name: &str) -> Result<KeyName, KeyError> {
        let forbidden = |c: char| c.is_whitespace() || c.is_control() || c == '+';
        if name.is_empty() || name.len() > NAME_BYTES_MAX || name.contains(forbidden) {
            return Err(KeyError::Name);
        }
        Ok(KeyName(name.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl KeyId {
    /// The length of an id in bytes.
    pub const LEN: usize = 4;

    pub(crate) const fn from_bytes(bytes: [u8; KeyId::LEN]) -> KeyId {
        KeyId(bytes)
    }

    /// The bytes as they stand in a signature.
    pub const fn as_bytes(&self) -> &[u8; KeyId::LEN] {
        &self.0
    }

    fn of(name: &KeyName, key: &VerifyingKey) -> KeyId {
        let hasher = Sha256::new_with_prefix(name.as_str()).chain_update([b'\n', ED25519]);
        let [a, b, c, d, ..] = <[u8; 32]>::from(hasher.chain_update(key.as_bytes()).finalize());
        KeyId([a, b, c, d])
    }
}

impl VerifierKey {
    fn new(name: KeyName, key: VerifyingKey) -> VerifierKey {
        VerifierKey {
            id: KeyId::of(&name, &key),
            name,
            key,
        }
    }

    /// Reads the text of a key, in the one spelling that its [`Display`](fmt::Display) writes.
    pub fn parse(text: &str) -> Result<VerifierKey, KeyError> {
        let (name, rest) = text.split_once('+').ok_or(KeyError::Malformed)?;
        let (id, key) = rest.split_once('+').ok_or(KeyError::Malformed)?;
        let key = BASE64_STANDARD
            .decode(key)
            .map_err(|_| KeyError::Malformed)?;
        let Some((&ED25519, key)) = key.split_first() else {
            return Err(KeyError::Malformed);
        };
        let key = key.try_into().map_err(|_| KeyError::Malformed)?;
        let key = VerifyingKey::from_bytes(key).map_err(|_| KeyError::PublicKey)?;
        if key.is_weak() {
            return Err(KeyError::PublicKey);
        }
        let verifier = VerifierKey::new(KeyName::parse(name)?, key);
        let found = u32::from_str_radix(id, 16).map_err(|_| KeyError::Malformed)?;
        let found = KeyId(found.to_be_bytes());
        if found != verifier.id {
            return Err(KeyError::Id {
                expected: verifier.id,
                found,
            });
        }
        if verifier.to_string() == text {
            Ok(verifier)
        } else {
            Err(KeyError::Malformed)
        }
    }

    /// The name of the key.
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// The id of the key.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Whether the key made this signature over this text. Strict: of all the encodings that some
    /// verifiers let pass, only the one that RFC 8032 signing makes.
    pub(crate) fn has_signed(&self, text: &str, signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.key.verify_strict(text.as_bytes(), &signature).is_ok())
    }
}

impl SigningKey {
    /// The key of a name and 32 secret bytes, which the caller draws at random (RFC 8032 §5.1.5).
    pub fn from_seed(name: KeyName, seed: &[u8; 32]) -> SigningKey {
        let key = ed25519_dalek::SigningKey::from_bytes(seed);
        SigningKey {
            verifier: VerifierKey::new(name, key.verifying_key()),
            key,
        }
    }

    /// The public half, to give to everyone.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The bytes the key was made from. SECRET: whoever has them signs as this key; they belong in
    /// protected storage only, never in a log, an error or an answer.
    pub fn seed(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    pub(crate) fn sign(&self, text: &str) -> [u8; Signature::BYTE_SIZE] {
        self.key.sign(text.as_bytes()).to_bytes()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.verifier)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key: Vec<u8> = [ED25519]
            .iter()
            .chain(self.key.as_bytes())
            .copied()
            .collect();
        write!(
            f,
            "{}+{}+{}",
            self.name,
            self.id,
            BASE64_STANDARD.encode(key)
        )
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}
