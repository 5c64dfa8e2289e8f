//! Checkpoints, heads that a key has signed: C2SP tlog-checkpoint.

use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine as _};

use crate::hash::Hash;
use crate::key::{NAME_BYTES_MAX, SigningKey, VerifierKey};
use crate::note::{NoteError, open_note, sign_note};
use crate::tree::Head;

/// The name of a log, its first line in every checkpoint: not empty, no control character.
///
/// The specification recommends a URL without scheme, and a key of the same name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(String);

/// What a log claims: this origin has this head. It is a claim until a key signs it.
///
/// Its text is origin, size and root in base64, each on a line. We neither write nor accept
/// extension lines, against which the specification advises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log that makes the claim.
    pub origin: Origin,
    /// The claim.
    pub head: Head,
}

/// Why a text is not a checkpoint, or not one to trust.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The text does not have the form of a checkpoint.
    #[error("checkpoint is malformed: {0}")]
    Malformed(&'static str),
    /// The checkpoint is of another log.
    #[error("checkpoint is of origin {found:?}, not {expected:?}")]
    WrongOrigin {
        /// The log whose checkpoint was expected.
        expected: Origin,
        /// The log whose checkpoint it is.
        found: Origin,
    },
    /// The note around it does not have the form of one, or the key did not sign it.
    #[error(transparent)]
    Note(#[from] NoteError),
}

impl Origin {
    /// Checks an origin by the rule of C2SP tlog-checkpoint, "Note text", up to
    /// [`NAME_BYTES_MAX`].
    pub fn parse(origin: &str) -> Result<Origin, CheckpointError> {
        let fits = (1..=NAME_BYTES_MAX).contains(&origin.len());
        if !fits || origin.contains(char::is_control) {
            return Err(CheckpointError::Malformed("origin"));
        }
        Ok(Origin(origin.to_owned()))
    }

    /// The origin as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Checkpoint {
    /// Reads the text of a checkpoint, without signatures: it is not to be trusted.
    pub fn parse(text: &str) -> Result<Checkpoint, CheckpointError> {
        let malformed = CheckpointError::Malformed;
        let text = text.strip_suffix('\n').ok_or(malformed("cut off"))?;
        let mut lines = text.split('\n');
        let origin = Origin::parse(lines.next().unwrap_or_default())?;
        let size = lines.next().and_then(parse_size).ok_or(malformed("size"))?;
        let root = lines.next().and_then(parse_root).ok_or(malformed("root"))?;
        if lines.next().is_some() {
            return Err(malformed("extension line"));
        }
        Ok(Checkpoint {
            origin,
            head: Head { size, root },
        })
    }

    /// The checkpoint as a signed note.
    pub fn sign(&self, key: &SigningKey) -> String {
        sign_note(&self.to_string(), key).expect("a checkpoint is a text that can be signed")
    }

    /// The checkpoint in a note, once it is certain that the key signed it for this log.
    pub fn open(
        note: &str,
        expected: &Origin,
        key: &VerifierKey,
    ) -> Result<Checkpoint, CheckpointError> {
        let checkpoint = Checkpoint::parse(open_note(note, key)?)?;
        if checkpoint.origin != *expected {
            let (expected, found) = (expected.clone(), checkpoint.origin);
            return Err(CheckpointError::WrongOrigin { expected, found });
        }
        Ok(checkpoint)
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = BASE64_STANDARD.encode(self.head.root);
        write!(f, "{}\n{}\n{root}\n", self.origin, self.head.size)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads a size in its one spelling: no sign, no leading zero.
fn parse_size(line: &str) -> Option<u64> {
    let size: u64 = line.parse().ok()?;
    (size.to_string() == line).then_some(size)
}

fn parse_root(line: &str) -> Option<Hash> {
    Hash::try_from(BASE64_STANDARD.decode(line).ok()?.as_slice()).ok()
}
