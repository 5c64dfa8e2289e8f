//! Keys: what is shown of them, and which names and texts are refused.

use docket_merkle::{KeyError, KeyName, NAME_BYTES_MAX, VerifierKey};

use crate::golden::{PETER, key};

#[test]
fn the_secret_is_not_printed() {
    let key = key(
        "log.example/an-org",
        std::array::from_fn(|at| 0xc0 + at as u8),
    );
    assert_eq!(
        format!("{key:?}"),
        format!("SigningKey({})", key.verifier())
    );
    assert_eq!(key.seed()[31], 0xdf);
    let shown = format!("{key:#?}").to_lowercase();
    for secret in ["c0c1c2", "c0, c1", "192, 193", "192,\n", "wmhcw8"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[test]
fn key_names_that_break_a_line_are_refused() {
    for name in ["a", "log.example/an-org", "grüße", "=", "—"] {
        assert_eq!(
            KeyName::parse(name).map(|name| name.to_string()).as_deref(),
            Ok(name)
        );
    }
    for name in [
        "",
        " ",
        "a b",
        "a+b",
        "a\n",
        "a\tb",
        "a\u{a0}b",
        "a\u{2003}b",
        "a\u{0}",
        "\u{7f}",
    ] {
        assert_eq!(KeyName::parse(name), Err(KeyError::Name), "{name:?}");
    }
    assert!(KeyName::parse(&"a".repeat(NAME_BYTES_MAX)).is_ok());
    assert_eq!(
        KeyName::parse(&"a".repeat(NAME_BYTES_MAX + 1)),
        Err(KeyError::Name)
    );
}

#[test]
fn altered_verifier_keys_are_refused() {
    assert_eq!(
        VerifierKey::parse(&PETER.replace("c74f20a3", "C74F20A3")),
        Err(KeyError::Malformed)
    );
    let other = VerifierKey::parse(&PETER.replace("c74f20a3", "c74f20a4"));
    assert!(matches!(other, Err(KeyError::Id { .. })), "{other:?}");
    for end in 0..PETER.len() {
        assert!(VerifierKey::parse(&PETER[..end]).is_err(), "{end} bytes");
        assert!(VerifierKey::parse(&PETER[end + 1..]).is_err(), "from {end}");
    }
    for at in 0..PETER.len() {
        let mut text = PETER.as_bytes().to_vec();
        text[at] ^= 1;
        let text = String::from_utf8(text).expect("still ASCII");
        assert!(VerifierKey::parse(&text).is_err(), "{text}");
    }
    assert!(VerifierKey::parse(&format!("{PETER}\n")).is_err());
    // The neutral element as a key: anyone can sign for it.
    let weak = "weak+00000000+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    assert_eq!(VerifierKey::parse(weak), Err(KeyError::PublicKey));
}
