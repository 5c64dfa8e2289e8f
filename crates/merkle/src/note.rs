//! Signed notes, a text with signature lines below it: C2SP signed-note.

use base64::prelude::{BASE64_STANDARD, Engine as _};

use crate::key::{KeyId, KeyName, SigningKey, VerifierKey};

/// The longest note that is opened. The specification asks for room for 16 signatures of 5 kB.
pub const NOTE_BYTES_MAX: usize = 1 << 20;

/// What a signature line begins with: an em dash and a space.
const LINE_PREFIX: &str = "\u{2014} ";

/// Why a note cannot be signed or trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// The note, or the text to sign, does not have the form of one.
    #[error("note is malformed: {0}")]
    Malformed(&'static str),
    /// No signature claims to be by the key.
    #[error("note is not signed by the key")]
    Unsigned,
    /// A signature claims to be by the key and is not.
    #[error("note has a wrong signature")]
    WrongSignature,
}

/// Signs a text of whole lines, without control characters in them. The result is the whole note:
/// text, empty line, signature line (C2SP signed-note, "Format").
pub fn sign_note(text: &str, key: &SigningKey) -> Result<String, NoteError> {
    check_characters(text)?;
    if !text.ends_with('\n') {
        return Err(NoteError::Malformed("text does not end with a newline"));
    }
    let verifier = key.verifier();
    let signature = [verifier.id().as_bytes().as_slice(), &key.sign(text)].concat();
    let signature = BASE64_STANDARD.encode(signature);
    Ok(format!(
        "{text}\n{LINE_PREFIX}{} {signature}\n",
        verifier.name()
    ))
}

/// The text of a note, once it is certain that the key signed it.
///
/// Signatures by other keys are ignored; every one that names this key must hold (C2SP
/// signed-note, "Signatures").
pub fn open_note<'a>(note: &'a str, key: &VerifierKey) -> Result<&'a str, NoteError> {
    let (text, lines) = divide(note)?;
    let mut signed = Err(NoteError::Unsigned);
    for line in lines.split('\n') {
        let line = SignatureLine::parse(line)?;
        if line.name == *key.name() && line.id == key.id() {
            if !key.has_signed(text, &line.signature) {
                return Err(NoteError::WrongSignature);
            }
            signed = Ok(text);
        }
    }
    signed
}

/// Divides a note at its last empty line: the text with its final newline, the signature lines
/// without.
fn divide(note: &str) -> Result<(&str, &str), NoteError> {
    if note.len() > NOTE_BYTES_MAX {
        return Err(NoteError::Malformed("too long"));
    }
    check_characters(note)?;
    let no_signatures = NoteError::Malformed("no signatures");
    let (before, lines) = note.rsplit_once("\n\n").ok_or(no_signatures)?;
    let text = note.get(..=before.len()).ok_or(no_signatures)?;
    let lines = lines
        .strip_suffix('\n')
        .ok_or(NoteError::Malformed("cut off"))?;
    Ok((text, lines))
}

fn check_characters(text: &str) -> Result<(), NoteError> {
    if text.bytes().any(|byte| byte < b' ' && byte != b'\n') {
        return Err(NoteError::Malformed("control character"));
    }
    Ok(())
}

/// One line `— <key name> base64(<key id> ‖ <signature>)`.
struct SignatureLine {
    name: KeyName,
    id: KeyId,
    signature: Vec<u8>,
}

impl SignatureLine {
    fn parse(line: &str) -> Result<SignatureLine, NoteError> {
        SignatureLine::parse_parts(line).ok_or(NoteError::Malformed("signature line"))
    }

    fn parse_parts(line: &str) -> Option<SignatureLine> {
        let (name, base64) = line.strip_prefix(LINE_PREFIX)?.split_once(' ')?;
        let bytes = BASE64_STANDARD.decode(base64).ok()?;
        let (id, signature) = bytes.split_first_chunk::<{ KeyId::LEN }>()?;
        let name = KeyName::parse(name).ok()?;
        (!signature.is_empty()).then_some(())?;
        Some(SignatureLine {
            name,
            id: KeyId::from_bytes(*id),
            signature: signature.to_vec(),
        })
    }
}
