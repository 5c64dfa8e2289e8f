//! Cuts a document of many entries into the texts of its entries, building no tree of the whole, so that a
//! large batch costs no more memory than its text and one entry.

mod scan;

use std::ops::Range;

use docket_event::json::{self, JsonError};
use docket_event::{Event, Fault, Faults};

use crate::contract::{PageShape, ReadEntry, ReadText};

use scan::Scan;

/// Most bytes of one entry's text. What is kept of it is smaller still; this bounds the work before that.
pub const ENTRY_BYTES_MAX: usize = 1 << 20;

/// The member that holds the entries of a batch in every dialect.
const BATCH_MEMBER: &str = "events";
/// The other members of an answer page of ours, which may be handed back as a batch.
const PAGE_MEMBERS: [&str; 5] = ["next", "prev", "has_more", "count", "count_complete"];

/// How the entries stand in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One JSON document: an entry, an array of entries, or an object with a member that is such an array.
    Document,
    /// An entry on each line; blank lines count for nothing.
    Lines,
}

/// Why a text cannot be cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SplitError {
    /// It is not what the form says; the path of a fault inside an array begins with its index.
    Malformed(Fault),
    /// It has more entries than asked for.
    TooMany,
}

/// Cuts `text` into its entries, at most `max`. `page` is the dialect's answer page; `events` is understood for its
/// member besides.
///
/// # Errors
/// [`SplitError`]. What the entries hold is checked when they are read.
pub fn entries(
    text: &str,
    form: Form,
    page: PageShape,
    max: usize,
) -> Result<Vec<&str>, SplitError> {
    match form {
        Form::Document => document(text, page, max),
        Form::Lines => lines(text, max),
    }
}

/// Reads one entry's text, unless it is too long.
///
/// # Errors
/// Every fault found.
pub fn read(text: &str, read: ReadText, account: Option<&str>) -> Result<Event, Faults> {
    if text.len() > ENTRY_BYTES_MAX {
        let reason = format!(
            "has {} bytes; at most {ENTRY_BYTES_MAX} are read",
            text.len()
        );
        return Err(vec![Fault::new("", reason)]);
    }
    read(text, account)
}

/// Parses one entry's text and reads the tree.
///
/// # Errors
/// Every fault found.
pub fn by_tree(text: &str, account: Option<&str>, read: ReadEntry) -> Result<Event, Faults> {
    match json::parse(text) {
        Ok(value) => read(&value, account),
        Err(error) => Err(vec![error.into()]),
    }
}

fn lines(text: &str, max: usize) -> Result<Vec<&str>, SplitError> {
    let lines = text
        .split('\n')
        .map(str::trim_ascii)
        .filter(|line| !line.is_empty());
    let found: Vec<&str> = lines.take(max.saturating_add(1)).collect();
    if found.len() > max {
        Err(SplitError::TooMany)
    } else {
        Ok(found)
    }
}

fn document(text: &str, page: PageShape, max: usize) -> Result<Vec<&str>, SplitError> {
    let start = text.len() - text.trim_ascii_start().len();
    if text.get(start..).is_some_and(|rest| rest.starts_with('[')) {
        return elements(text, 0..text.len(), max);
    }
    let Some((member, array)) = entries_member(text, page.member) else {
        return Ok(vec![text]);
    };
    let Some(others) = other_members(text, &array, page.entry_member)? else {
        return Ok(vec![text]);
    };
    let stranger = others
        .iter()
        .find(|name| !PAGE_MEMBERS.contains(&name.as_str()));
    match stranger {
        Some(name) if member == BATCH_MEMBER => {
            let reason = format!("is no member of a batch, which has `{BATCH_MEMBER}` alone");
            Err(SplitError::Malformed(Fault::new(name, reason)))
        }
        Some(_) | None => elements(text, array, max),
    }
}

fn elements(text: &str, array: Range<usize>, max: usize) -> Result<Vec<&str>, SplitError> {
    let start = array.start;
    let found = json::elements(text.get(array).unwrap_or_default(), max);
    found.map_err(|mut error| {
        if error.reason == format!("more than {max} elements") {
            return SplitError::TooMany;
        }
        error.offset += start;
        SplitError::Malformed(error.into())
    })
}

/// The names beside the member whose value stands at `array`; `None` if the object is an entry after all.
fn other_members(
    text: &str,
    array: &Range<usize>,
    entry_member: &str,
) -> Result<Option<Vec<String>>, SplitError> {
    let before = text.get(..array.start).unwrap_or_default();
    let after = text.get(array.end..).unwrap_or_default();
    let without = format!("{before}null{after}");
    let shifted = |mut error: JsonError| {
        if error.offset > array.start {
            error.offset = error.offset + array.len() - "null".len();
        }
        SplitError::Malformed(error.into())
    };
    if without.len() > ENTRY_BYTES_MAX {
        return Ok(None);
    }
    let rest = json::parse(&without).map_err(shifted)?;
    let members = rest.as_object().unwrap_or_default();
    if members.iter().any(|(name, _)| name == entry_member) {
        return Ok(None);
    }
    let holder = [BATCH_MEMBER, before_name(before)];
    let names = members.iter().map(|(name, _)| name.clone().into_owned());
    Ok(Some(
        names
            .filter(|name| !holder.contains(&name.as_str()))
            .collect(),
    ))
}

/// The last name in quotes in front of a value.
fn before_name(before: &str) -> &str {
    let inner = before.trim_end_matches([' ', '\t', '\n', '\r', ':', '"']);
    inner.rsplit('"').next().unwrap_or_default()
}

/// Where the array of entries of a page stands: the value of the first member of one of the two names, if it
/// is an array. An array that does not end reaches to the end of the text.
fn entries_member<'m>(text: &str, page_member: &'m str) -> Option<(&'m str, Range<usize>)> {
    let mut scan = Scan::new(text);
    scan.space();
    scan.take(b'{')?;
    loop {
        scan.space();
        let name = scan.string()?;
        scan.space();
        scan.take(b':')?;
        scan.space();
        let start = scan.at();
        let array = scan.peek() == Some(b'[');
        let ended = scan.value();
        let name = text.get(name).unwrap_or_default();
        let member = [BATCH_MEMBER, page_member]
            .into_iter()
            .find(|member| *member == name);
        if let Some(member) = member.filter(|_| array) {
            return Some((member, start..scan.at()));
        }
        ended?;
        scan.space();
        scan.take(b',')?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: PageShape = PageShape {
        member: "data",
        entry_member: "type",
    };

    fn check(text: &str, expected: &[&str]) {
        let found = entries(text, Form::Document, PAGE, 3);
        assert_eq!(found.as_deref(), Ok(expected), "{text}");
    }

    fn refused(text: &str, path: &str, reason: &str) {
        match entries(text, Form::Document, PAGE, 3) {
            Err(SplitError::Malformed(fault)) => {
                assert_eq!(fault.path, path, "{text}");
                assert!(fault.reason.contains(reason), "{text}: {fault}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn documents_are_cut_into_entries() {
        check(r#"{"type":"a.b"}"#, &[r#"{"type":"a.b"}"#]);
        check(" [ 1, {\"a\":[2]} ] ", &["1", r#"{"a":[2]}"#]);
        check("[]", &[]);
        check(r#"{"events":[]}"#, &[]);
        check(
            r#" {"events" : [1,"]}"], "next":null,"has_more":false} "#,
            &["1", "\"]}\""],
        );
        check(
            r#"{"object":"list","data":[1,2],"x":{"events":[3]}}"#,
            &["1", "2"],
        );
        for entry in [
            r#"{"type":"a.b","events":[1]}"#,
            r#"{"data":{"x":[]},"type":"a.b"}"#,
            r#"{"events":7}"#,
            "7",
            "",
            "nonsense",
            "{\"a",
        ] {
            check(entry, &[entry]);
        }
    }

    #[test]
    fn what_is_no_batch_is_refused_where_it_is_wrong() {
        refused("[1,]", "[1]", "closes nothing");
        refused("[1", "", "expected");
        refused(r#"{"events":[1"#, "", "(byte 12)");
        refused(r#"{"events":[1],"foo":2}"#, "foo", "no member of a batch");
        refused(r#"{"events":[1],"events":[2]}"#, "events", "twice");
        refused(r#"{"events":[1,2]"#, "", "expected `,` or `}` (byte 15)");
        refused(r#"{"events":[1]}x"#, "", "behind the value (byte 14)");
        let four = ["[1,2,3,4]", r#"{"events":[1,2,3,4]}"#];
        for text in four {
            assert_eq!(
                entries(text, Form::Document, PAGE, 3),
                Err(SplitError::TooMany)
            );
        }
    }

    #[test]
    fn an_entry_is_told_from_a_page_as_its_dialect_has_it() {
        let page = PageShape {
            member: "entries",
            entry_member: "operation",
        };
        let cut = |text| entries(text, Form::Document, page, 3);
        for entry in [
            r#"{"operation":600,"entries":[]}"#,
            r#"{"entries":[{"operation":1}],"operation":600}"#,
            r#"{"operation":600,"events":[1,2]}"#,
        ] {
            assert_eq!(cut(entry), Ok(vec![entry]));
        }
        assert_eq!(cut(r#"{"type":"list","entries":[1]}"#), Ok(vec!["1"]));
    }

    #[test]
    fn lines_are_entries() {
        let lines = |text| entries(text, Form::Lines, PAGE, 2);
        assert_eq!(lines("\n1\r\n\n \t\n2"), Ok(vec!["1", "2"]));
        assert_eq!(lines(""), Ok(vec![]));
        assert_eq!(lines("1\n2\n3"), Err(SplitError::TooMany));
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics_the_scanner(text in "[\\[\\]{}\",:\\\\a-z0-9 \n]{0,60}") {
            let _ = entries(&text, Form::Document, PAGE, 3);
            let paged = format!("{{\"data\":{text}");
            let _ = entries(&paged, Form::Document, PAGE, 3);
        }
    }
}
