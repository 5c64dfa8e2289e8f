//! Notes: how text and signatures are told apart, and which signatures count.

use docket_merkle::{Checkpoint, NOTE_BYTES_MAX, NoteError, VerifierKey, open_note, sign_note};
use proptest::prelude::*;

use crate::golden::{GOLDEN_CHECKPOINT, golden_key, key};

fn malformed(what: &'static str) -> NoteError {
    NoteError::Malformed(what)
}

#[test]
fn texts_that_are_no_note_cannot_be_signed() {
    let key = golden_key();
    assert!(sign_note("\n", &key).is_ok());
    assert!(sign_note("two\n\nparts\n", &key).is_ok());
    for text in ["", "no newline"] {
        assert_eq!(
            sign_note(text, &key),
            Err(malformed("text does not end with a newline"))
        );
    }
    for text in ["a\r\n", "a\tb\n", "\0\n"] {
        assert_eq!(sign_note(text, &key), Err(malformed("control character")));
    }
}

#[test]
fn the_last_empty_line_divides_text_and_signatures() {
    let key = golden_key();
    let inner = sign_note("a text\n", &key).expect("a note");
    for text in ["\n", "\n\n", "a\n\n", "a\n\nb\n", &inner] {
        let note = sign_note(text, &key).expect("a note");
        assert_eq!(open_note(&note, key.verifier()), Ok(text));
    }
}

#[test]
fn other_signatures_are_ignored_and_ours_must_hold() {
    let (ours, theirs) = (golden_key(), key("witness.example", [8; 32]));
    let text = "a text\n";
    let line = |text, key| {
        sign_note(text, key)
            .expect("a note")
            .split("\n\n")
            .nth(1)
            .map(String::from)
    };
    let [good, bad] = [text, "another text\n"].map(|text| line(text, &ours).expect("a line"));
    let other = line(text, &theirs).expect("a line");
    let opened = |lines: &[&str]| {
        open_note(&format!("{text}\n{}", lines.concat()), ours.verifier()).map(str::to_owned)
    };
    assert_eq!(opened(&[&other, &good]), Ok(text.to_owned()));
    assert_eq!(opened(&[&good, &other, &good]), Ok(text.to_owned()));
    assert_eq!(opened(&[&other]), Err(NoteError::Unsigned));
    assert_eq!(opened(&[&bad]), Err(NoteError::WrongSignature));
    assert_eq!(opened(&[&good, &bad]), Err(NoteError::WrongSignature));
    assert_eq!(
        opened(&[&good, "rubbish\n"]),
        Err(malformed("signature line"))
    );
    assert_eq!(opened(&[good.trim_end()]), Err(malformed("cut off")));
    assert_eq!(opened(&[]), Err(malformed("cut off")));
    let only_text = open_note(text, ours.verifier());
    assert_eq!(only_text, Err(malformed("no signatures")));

    let no_signature = "\u{2014} witness.example AAAAAA==\n";
    assert_eq!(
        opened(&[&good, no_signature]),
        Err(malformed("signature line"))
    );
    let tab = open_note("a\tb\n\n\u{2014} name AAAAAAA=\n", ours.verifier());
    assert_eq!(tab, Err(malformed("control character")));

    // One name with another key, and one key under another name, are other keys.
    let same_name = key(ours.verifier().name().as_str(), [8; 32]);
    assert_eq!(
        opened(&[&line(text, &same_name).expect("a line")]),
        Err(NoteError::Unsigned)
    );
    let same_key = key("witness.example", *ours.seed());
    assert_eq!(
        opened(&[&line(text, &same_key).expect("a line")]),
        Err(NoteError::Unsigned)
    );
}

#[test]
fn a_note_beyond_the_limit_is_not_read() {
    let note = "a".repeat(NOTE_BYTES_MAX) + GOLDEN_CHECKPOINT;
    assert_eq!(
        open_note(&note, golden_key().verifier()),
        Err(malformed("too long"))
    );
}

proptest! {
    #[test]
    fn hostile_text_is_never_a_panic(text in "\\PC{0,40}(\n\\PC{0,40}){0,4}\n?(\n— [a-z]+ [A-Za-z+/=]{0,40}\n)?") {
        let key = golden_key();
        prop_assert!(open_note(&text, key.verifier()).is_err());
        prop_assert!(VerifierKey::parse(&text).is_err());
        if let Ok(checkpoint) = Checkpoint::parse(&text) {
            prop_assert_eq!(checkpoint.to_string(), text);
        }
    }

    #[test]
    fn what_is_signed_opens(seed in any::<[u8; 32]>(), name in "[^\\s+\\pC]{1,20}", text in "(\\PC{0,20}\n){1,5}") {
        let key = key(&name, seed);
        let note = sign_note(&text, &key).expect("a text of lines");
        prop_assert_eq!(open_note(&note, key.verifier()), Ok(text.as_str()));
        let text = key.verifier().to_string();
        prop_assert_eq!(&VerifierKey::parse(&text), &Ok(key.verifier().clone()));
    }
}
