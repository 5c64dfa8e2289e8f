//! What is remembered under an idempotency key: the answer, without the ids, which the events give back.

use crate::codec::{Bytes, Malformed, put_varint};
use crate::request::Appended;

const VERSION: u8 = 1;

/// The bytes to remember: positions as runs.
pub fn encode(answer: &Appended) -> Vec<u8> {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for position in &answer.positions {
        match runs.last_mut() {
            Some((first, count)) if *first + *count == *position => *count += 1,
            _ => runs.push((*position, 1)),
        }
    }
    let mut out = vec![VERSION];
    put_varint(&mut out, answer.tree_size);
    put_varint(&mut out, answer.duplicates);
    for (first, count) in runs {
        put_varint(&mut out, first);
        put_varint(&mut out, count);
    }
    out
}

/// The answer, with no ids yet.
pub fn decode(data: &[u8]) -> Result<Appended, Malformed> {
    let mut bytes = Bytes::new(data);
    if bytes.byte()? != VERSION {
        return Err(Malformed("an answer of an unknown version"));
    }
    let tree_size = bytes.varint()?;
    let duplicates = bytes.varint()?;
    let mut answer = Appended {
        tree_size,
        duplicates,
        ..Appended::default()
    };
    while !bytes.is_empty() {
        let first = bytes.varint()?;
        let count = bytes.length(docket_event::BATCH_EVENTS_MAX)? as u64;
        let end = first
            .checked_add(count)
            .ok_or(Malformed("a position is too large"))?;
        answer.positions.extend(first..end);
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn answers_come_back(positions in proptest::collection::vec(0_u64..50, 0..40), tree_size: u64, duplicates: u64) {
            let answer = Appended { positions, tree_size, duplicates, ids: Vec::new() };
            proptest::prop_assert_eq!(decode(&encode(&answer)), Ok(answer));
        }

        #[test]
        fn no_bytes_panic(data: Vec<u8>) {
            let _ = decode(&data);
        }
    }
}
