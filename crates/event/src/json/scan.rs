//! Finds the bytes of a string that need a closer look, eight at a time.

/// Bytes that are looked at together.
const STEP: usize = 8;
/// The highest bit of every byte: where the tests below leave their answers.
const HIGH: u64 = repeat(0x80);

/// How many bytes from the start of `bytes` a string holds as they are: all up to the first quote, backslash
/// or control character.
pub(super) fn plain_bytes(bytes: &[u8]) -> usize {
    let mut plain = 0;
    while let Some(step) = bytes.get(plain..).and_then(<[u8]>::first_chunk::<STEP>) {
        match special(u64::from_le_bytes(*step)) {
            0 => plain += STEP,
            found => return plain + found.trailing_zeros() as usize / STEP,
        }
    }
    let tail = bytes.get(plain..).unwrap_or_default();
    let special = |byte: &u8| *byte < 0x20 || matches!(*byte, b'"' | b'\\');
    plain + tail.iter().position(special).unwrap_or(tail.len())
}

/// Marks the special ones of eight bytes. A borrow can mark a byte above a special one wrongly, never below it:
/// the lowest mark is right.
fn special(step: u64) -> u64 {
    // With this bit turned, the quote comes right behind the control characters, and the space does not.
    let quote_or_control = less(step ^ repeat(b'"' ^ 0x20), 0x21);
    let backslash = less(step ^ repeat(b'\\'), 1);
    (quote_or_control | backslash) & HIGH
}

/// Sets the high bit of every byte that is less than `limit`, at most 0x80.
fn less(step: u64, limit: u8) -> u64 {
    step.wrapping_sub(repeat(limit)) & !step
}

const fn repeat(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; STEP])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_special_byte_is_found_at_every_place() {
        for special in (0..0x20).chain([b'"', b'\\']) {
            for length in 1..40 {
                for at in 0..length {
                    for filler in [b' ', b'a', b'!', b'#', b'[', b']', 0x7f, 0x80, 0xff] {
                        let mut bytes = vec![filler; length];
                        assert_eq!(plain_bytes(&bytes), length);
                        bytes[at] = special;
                        assert_eq!(plain_bytes(&bytes), at);
                        bytes[length - 1] = b'"';
                        assert_eq!(plain_bytes(&bytes), at);
                    }
                }
            }
        }
    }
}
