//! Published and golden keys and notes, byte for byte.

use docket_merkle::{
    Checkpoint, Hash, Head, KeyName, Origin, SigningKey, VerifierKey, open_note, sign_note,
};

/// The example of the Go package `golang.org/x/mod/sumdb/note`, where the format comes from.
pub const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
pub const PETER_NOTE: &str = "\
If you think cryptography is the answer to your problem,
then you don't know what your problem is.

\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
";
pub const PETER_SEED: [u8; 32] = [
    0x81, 0x0a, 0x14, 0x02, 0xd5, 0x14, 0x6c, 0x8d, 0x84, 0xf2, 0x44, 0x33, 0x30, 0xf5, 0x40, 0x80,
    0xeb, 0xf9, 0x8e, 0xe1, 0x7d, 0x9c, 0x74, 0xf6, 0x25, 0x2f, 0xc5, 0xd5, 0xc7, 0x28, 0x31, 0x73,
];

/// What the key of [`golden_key`] makes, for ever.
pub const GOLDEN_KEY: &str = include_str!("../../testdata/verifier.key");
pub const GOLDEN_CHECKPOINT: &str = include_str!("../../testdata/checkpoint.note");

pub fn key(name: &str, seed: [u8; 32]) -> SigningKey {
    SigningKey::from_seed(KeyName::parse(name).expect("a key name"), &seed)
}

pub fn golden_key() -> SigningKey {
    key("log.example/an-org", [7; 32])
}

pub fn golden_checkpoint() -> Checkpoint {
    let origin = Origin::parse("log.example/an-org").expect("an origin");
    Checkpoint {
        origin,
        head: Head {
            size: 20_852_163,
            root: Hash::from([0xa5; 32]),
        },
    }
}

#[test]
fn the_published_note_comes_out_byte_for_byte() {
    let peter = key("PeterNeumann", PETER_SEED);
    let text = PETER_NOTE.split_inclusive('\n').take(2).collect::<String>();
    assert_eq!(peter.verifier().to_string(), PETER);
    assert_eq!(peter.verifier().id().to_string(), "c74f20a3");
    assert_eq!(sign_note(&text, &peter).as_deref(), Ok(PETER_NOTE));
    let verifier = VerifierKey::parse(PETER).expect("the published key");
    assert_eq!(&verifier, peter.verifier());
    assert_eq!(open_note(PETER_NOTE, &verifier), Ok(text.as_str()));
}

#[test]
fn golden_key_and_checkpoint_stay_the_same() {
    let key = golden_key();
    assert_eq!(format!("{}\n", key.verifier()), GOLDEN_KEY);
    assert_eq!(golden_checkpoint().sign(&key), GOLDEN_CHECKPOINT);

    let verifier = VerifierKey::parse(GOLDEN_KEY.trim_end()).expect("a verifier key");
    let origin = golden_checkpoint().origin;
    assert_eq!(
        Checkpoint::open(GOLDEN_CHECKPOINT, &origin, &verifier),
        Ok(golden_checkpoint())
    );
}
