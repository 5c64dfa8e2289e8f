//! From the bytes of a line or an element to the entry that is sent.

use std::io::{self, BufRead};

use docket_server::operations::{ENTRY_BYTES_MAX, Entry};
use docket_surfaces_kit::PageShape;
use docket_surfaces_kit::split::{self, Form};
use sha2::{Digest, Sha256};

use crate::output::hex;

/// Longer lines are not kept in memory: they are set aside, whatever they hold.
pub const LINE_BYTES_MAX: usize = 16 << 20;
/// Most entries of a line that is a whole page.
const PAGE_ENTRIES_MAX: usize = 100_000;

/// A line as it was read.
#[derive(Debug)]
pub enum Line {
    /// Its bytes, without its end.
    Bytes(Vec<u8>),
    /// A line longer than [`LINE_BYTES_MAX`].
    TooLong {
        /// SHA-256 of its bytes, in hex.
        sha256: String,
        /// How many bytes it has.
        bytes: u64,
    },
}

impl Line {
    /// Reads a line of at most `left` bytes; answers with how many bytes it took, 0 at the end.
    pub fn read(reader: &mut impl BufRead, left: u64) -> io::Result<(Line, u64)> {
        let mut taken = 0;
        let mut kept = Vec::new();
        let mut hasher: Option<Sha256> = None;
        loop {
            let buffer = reader.fill_buf()?;
            let left = usize::try_from(left - taken).unwrap_or(usize::MAX);
            let buffer = buffer.get(..left).unwrap_or(buffer);
            let ends = buffer.iter().position(|byte| *byte == b'\n');
            let piece = buffer
                .get(..ends.unwrap_or(buffer.len()))
                .unwrap_or_default();
            let used = piece.len() + usize::from(ends.is_some());
            match &mut hasher {
                Some(hasher) => hasher.update(piece),
                None => kept.extend_from_slice(piece),
            }
            if hasher.is_none() && kept.len() > LINE_BYTES_MAX {
                hasher = Some(Sha256::new_with_prefix(&kept));
                kept = Vec::new();
            }
            reader.consume(used);
            taken += used as u64;
            if ends.is_some() || used == 0 {
                let bytes = taken - u64::from(ends.is_some());
                let line = match hasher {
                    Some(hasher) => Line::TooLong {
                        sha256: hex(&hasher.finalize()),
                        bytes,
                    },
                    None => Line::Bytes(kept),
                };
                return Ok((line, taken));
            }
        }
    }

    /// The entries that the line holds: one, or those of a page or an array.
    pub fn entries(self, page: PageShape) -> Vec<Entry> {
        let bytes = match self {
            Line::TooLong { sha256, bytes } => {
                let reason =
                    format!("has {bytes} bytes; at most {LINE_BYTES_MAX} of a line are read");
                return vec![Entry::Unreadable {
                    reason,
                    sha256,
                    bytes,
                }];
            }
            Line::Bytes(bytes) => bytes,
        };
        let Ok(text) = str::from_utf8(&bytes) else {
            return vec![unreadable("is not UTF-8", &bytes)];
        };
        let text = text.trim_ascii();
        if text.is_empty() {
            return Vec::new();
        }
        match split::entries(text, Form::Document, page, PAGE_ENTRIES_MAX) {
            Ok(entries) => entries.into_iter().map(entry).collect(),
            // What is no page is one entry, and whoever reads it says what is wrong with it.
            Err(_) => vec![entry(text)],
        }
    }
}

/// The entry of that text.
pub fn entry(text: &str) -> Entry {
    if text.len() > ENTRY_BYTES_MAX {
        let reason = format!(
            "has {} bytes; at most {ENTRY_BYTES_MAX} are read",
            text.len()
        );
        return unreadable(&reason, text.as_bytes());
    }
    Entry::Text(text.to_owned())
}

fn unreadable(reason: &str, bytes: &[u8]) -> Entry {
    Entry::Unreadable {
        reason: reason.to_owned(),
        sha256: hex(&Sha256::digest(bytes)),
        bytes: bytes.len() as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Vec<Vec<Entry>> {
        let mut reader = io::BufReader::with_capacity(3, text);
        let mut left = text.len() as u64;
        let mut all = Vec::new();
        loop {
            let (line, taken) = Line::read(&mut reader, left).unwrap();
            if taken == 0 {
                assert_eq!(left, 0);
                return all;
            }
            left -= taken;
            all.push(line.entries(PageShape {
                member: "data",
                entry_member: "type",
            }));
        }
    }

    fn text(text: &str) -> Entry {
        Entry::Text(text.to_owned())
    }

    #[test]
    fn a_line_is_an_entry_a_page_or_nothing() {
        let file = b"{\"type\":\"a.b\"}\r\n\n  \n{\"data\":[1,2],\"object\":\"list\"}\n[3]\n{\"bad";
        let expected = [
            vec![text("{\"type\":\"a.b\"}")],
            vec![],
            vec![],
            vec![text("1"), text("2")],
            vec![text("3")],
            vec![text("{\"bad")],
        ];
        assert_eq!(lines(file), expected);
    }

    #[test]
    fn what_is_no_text_is_told_by_its_hash() {
        let all = lines(b"\xff\n");
        assert!(
            matches!(&all[0][0], Entry::Unreadable { bytes: 1, .. }),
            "{all:?}"
        );
        let mut long = vec![b'x'; LINE_BYTES_MAX + 1];
        let sha256 = hex(&Sha256::digest(&long));
        long.extend(b"\n7");
        let mut reader = io::BufReader::new(long.as_slice());
        let (line, _) = Line::read(&mut reader, long.len() as u64).unwrap();
        match line {
            Line::TooLong {
                sha256: found,
                bytes,
            } => {
                assert_eq!((found, bytes), (sha256, LINE_BYTES_MAX as u64 + 1));
            }
            Line::Bytes(_) => panic!("kept"),
        }
    }
}
