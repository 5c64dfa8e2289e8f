//! Cursors: an offset into the listing, in the vendor's own spelling.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use docket_event::Value;
use docket_event::json::parse;

use crate::wire::{LIMIT_MAX, Parsed};

/// The constant of every cursor.
const KIND: &str = "row";
/// Longest text that is looked at; ours have at most 76 characters.
const CHARS_MAX: usize = 1_000;
/// The last row that can be asked for.
pub const ROW_MAX: u64 = i64::MAX.unsigned_abs();

/// Where a page begins, and how long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Offset of the page's first event.
    pub row: u64,
    /// Events of the page.
    pub limit: usize,
}

impl Cursor {
    /// The cursor as text: standard base64 of compact JSON.
    pub fn encode(self) -> String {
        let (row, limit) = (self.row, self.limit);
        STANDARD.encode(format!(
            r#"{{"row":{row},"limit":{limit},"type":"{KIND}"}}"#
        ))
    }

    /// Reads a cursor.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn decode(text: &str) -> Parsed<Self> {
        let bad = |what: &str| {
            let message = format!(
                "Input should be a cursor of an earlier answer, taken from next or prev: {what}"
            );
            Err(("value_error", message))
        };
        if text.len() > CHARS_MAX {
            return bad("it is too long");
        }
        let Ok(bytes) = STANDARD.decode(text) else {
            return bad("it is not base64");
        };
        let value = String::from_utf8(bytes)
            .ok()
            .and_then(|json| Some(parse(&json).ok()?.into_owned()));
        let Some(value) = value else {
            return bad("it holds no JSON");
        };
        let members = value.as_object().map(<[_]>::len);
        if members != Some(3) || value.get("type").and_then(Value::as_str) != Some(KIND) {
            return bad("it is no row cursor");
        }
        let Some(row) = whole(value.get("row")).filter(|row| *row <= ROW_MAX) else {
            return bad("its row is no offset");
        };
        let limit = whole(value.get("limit")).and_then(|limit| usize::try_from(limit).ok());
        match limit {
            Some(limit) if (1..=LIMIT_MAX).contains(&limit) => Ok(Cursor { row, limit }),
            Some(_) | None => bad("its limit is no page size"),
        }
    }
}

/// A whole number that is not negative, in digits alone.
fn whole(value: Option<&Value<'_>>) -> Option<u64> {
    match value? {
        Value::Number(digits) => digits.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_cursor_comes_back_byte_for_byte() {
        let published = "eyJyb3ciOjEwLCJsaW1pdCI6MTAsInR5cGUiOiJyb3cifQ==";
        let cursor = Cursor { row: 10, limit: 10 };
        assert_eq!(cursor.encode(), published);
        assert_eq!(Cursor::decode(published), Ok(cursor));
    }

    #[test]
    fn what_is_no_cursor_is_refused_with_the_reason() {
        let check = |json: &str, reason: &str| {
            let (kind, message) = Cursor::decode(&STANDARD.encode(json)).unwrap_err();
            assert_eq!(kind, "value_error");
            assert!(message.ends_with(reason), "{json}: {message}");
        };
        for json in ["", "{", "row", "\u{0}", r#"{"row":1,"row":2}"#] {
            check(json, "it holds no JSON");
        }
        for json in [
            "null",
            "7",
            "[]",
            "{}",
            r#"{"row":1,"limit":1}"#,
            r#"{"row":1,"limit":1,"type":"page"}"#,
            r#"{"row":1,"limit":1,"type":7}"#,
            r#"{"row":1,"limit":1,"type":"row","anchor":1}"#,
        ] {
            check(json, "it is no row cursor");
        }
        for row in [
            "-1",
            "-0",
            "1.0",
            "1e2",
            "\"1\"",
            "null",
            "true",
            "[]",
            "{}",
            "9223372036854775808",
            "1000000000000000000000000000000",
        ] {
            let json = format!(r#"{{"row":{row},"limit":10,"type":"row"}}"#);
            check(&json, "its row is no offset");
        }
        for limit in [
            "0",
            "-1",
            "1001",
            "1.5",
            "\"1\"",
            "null",
            "99999999999999999999",
        ] {
            let json = format!(r#"{{"row":0,"limit":{limit},"type":"row"}}"#);
            check(&json, "its limit is no page size");
        }
        for text in [
            "",
            "=",
            "%",
            "eyJyb3ciOjEwLCJsaW1pdCI6MTAsInR5cGUiOiJyb3cifQ",
            "é",
        ] {
            assert!(Cursor::decode(text).is_err(), "{text}");
        }
        let long = STANDARD.encode([b' '; 1_000]);
        assert!(Cursor::decode(&long).unwrap_err().1.ends_with("too long"));
        let last = Cursor {
            row: ROW_MAX,
            limit: 1_000,
        };
        assert_eq!(Cursor::decode(&last.encode()), Ok(last));
    }

    proptest::proptest! {
        #[test]
        fn cursors_come_back(row in 0..=ROW_MAX, limit in 1..=LIMIT_MAX, junk in "[ -~é]{0,60}") {
            let cursor = Cursor { row, limit };
            proptest::prop_assert_eq!(Cursor::decode(&cursor.encode()), Ok(cursor));
            let _ = Cursor::decode(&junk);
            let _ = Cursor::decode(&STANDARD.encode(junk));
        }
    }
}
