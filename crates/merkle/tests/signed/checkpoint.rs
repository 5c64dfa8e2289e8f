//! Checkpoints: one spelling, one log, and no bit of a signed one can change.

use docket_merkle::{Checkpoint, CheckpointError, NAME_BYTES_MAX, Origin};

use crate::golden::{GOLDEN_CHECKPOINT, golden_checkpoint, golden_key};

#[test]
fn every_altered_bit_of_a_checkpoint_is_noticed() {
    let checkpoint = golden_checkpoint();
    let key = golden_key();
    for bit in 0..GOLDEN_CHECKPOINT.len() * 8 {
        let mut bytes = GOLDEN_CHECKPOINT.as_bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(note) = String::from_utf8(bytes) {
            let opened = Checkpoint::open(&note, &checkpoint.origin, key.verifier());
            assert!(opened.is_err(), "{note}");
        }
    }
}

#[test]
fn a_checkpoint_of_another_log_is_refused() {
    let other = Origin::parse("log.example/another-org").expect("an origin");
    let opened = Checkpoint::open(GOLDEN_CHECKPOINT, &other, golden_key().verifier());
    let found = golden_checkpoint().origin;
    assert_eq!(
        opened,
        Err(CheckpointError::WrongOrigin {
            expected: other,
            found
        })
    );
}

#[test]
fn checkpoint_text_has_one_spelling() {
    let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
    let text = format!("example.com/behind-the-sofa\n20852163\n{root}\n");
    let checkpoint = Checkpoint::parse(&text).expect("the example of the specification");
    assert_eq!(checkpoint.head.size, 20_852_163);
    assert_eq!(checkpoint.to_string(), text);

    let check = |text: &str, what| {
        assert_eq!(
            Checkpoint::parse(text),
            Err(CheckpointError::Malformed(what)),
            "{text:?}"
        );
    };
    check("", "cut off");
    check(&format!("o\n1\n{root}"), "cut off");
    check(&format!("\n1\n{root}\n"), "origin");
    check(
        &format!("{}\n1\n{root}\n", "o".repeat(NAME_BYTES_MAX + 1)),
        "origin",
    );
    check(&format!("o\r\n1\n{root}\n"), "origin");
    check("o\n", "size");
    for size in [
        "",
        "01",
        "+1",
        "-1",
        " 1",
        "1 ",
        "0x1",
        "18446744073709551616",
    ] {
        check(&format!("o\n{size}\n{root}\n"), "size");
    }
    check("o\n1\n", "root");
    for root in [
        "",
        "CsUYapGG",
        &root[..43],
        &root.replace("2I=", "2J="),
        &format!("{root} "),
    ] {
        check(&format!("o\n1\n{root}\n"), "root");
    }
    check(&format!("o\n1\n{root}\nextension\n"), "extension line");
    check(&format!("o\n1\n{root}\n\n"), "extension line");
}
