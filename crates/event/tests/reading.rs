//! However a document is spelled, and by whichever way it is read, the answer is the same.

#![expect(clippy::unwrap_used, reason = "a test that fails panics")]

use docket_event::json::{Outline, parse, write_string};
use docket_event::{Event, Faults, Json, Value, read_event, read_value, write_event};
use proptest::prelude::*;

const FULL: &str = include_str!("../testdata/full-event.json");

/// What a document is made of, and what is put in to spoil it.
const PIECES: [&str; 24] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    " ",
    "\n",
    "\u{1}",
    "null",
    "01",
    "-1.5e3",
    "é",
    "\\ud800",
    "\\u00e9",
    "\\/",
    "\"type\":\"a.b\",",
    "\"id\":7,",
    "\"kind\":\"agent\",",
    "\"targets\":[{}],",
    "\"d\\u0061ta\":1,",
    "\"outcome\":null,",
];

/// A document with a few pieces put in and a few characters taken out.
fn spoiled() -> impl Strategy<Value = String> {
    let edit = (0..FULL.len(), 0..PIECES.len(), 0..5_usize);
    proptest::collection::vec(edit, 0..4).prop_map(|edits| {
        let mut text: Vec<char> = FULL.trim_end().chars().collect();
        for (at, piece, cut) in edits {
            let at = at.min(text.len());
            let end = (at + cut).min(text.len());
            text.splice(at..end, PIECES[piece].chars());
        }
        text.into_iter().collect()
    })
}

/// The document with white space between its tokens, and every character of its strings escaped that is drawn.
fn spelled_otherwise(value: &Value<'_>, dice: &mut impl Iterator<Item = u8>) -> String {
    let space = [" ", "", "\n\t", ""][usize::from(dice.next().unwrap() % 4)];
    let mut string = |text: &str| {
        let mut out = String::from("\"");
        for unit in text.chars() {
            match dice.next().unwrap() % 8 {
                0 => {
                    let mut units = [0; 2];
                    for unit in unit.encode_utf16(&mut units) {
                        out.push_str(&format!("\\u{unit:04X}"));
                    }
                }
                _ => {
                    let mut plain = String::new();
                    write_string(&mut plain, &unit.to_string());
                    out.push_str(&plain[1..plain.len() - 1]);
                }
            }
        }
        out + "\""
    };
    let inner = match value {
        Value::String(text) => string(text),
        Value::Array(all) => {
            let all: Vec<String> = all.iter().map(|one| spelled_otherwise(one, dice)).collect();
            format!("[{}{space}]", all.join(","))
        }
        Value::Object(all) => {
            let names: Vec<String> = all.iter().map(|(name, _)| string(name)).collect();
            let values = all.iter().map(|(_, one)| spelled_otherwise(one, dice));
            let members: Vec<String> = names
                .into_iter()
                .zip(values)
                .map(|(name, one)| format!("{space}{name}{space}:{one}"))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_text(),
    };
    format!("{space}{inner}{space}")
}

fn by_tree(text: &str) -> Result<Event, Faults> {
    parse(text)
        .map_err(|error| vec![error.into()])
        .and_then(|tree| read_value(&tree))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn text_and_tree_read_the_same(text in spoiled()) {
        prop_assert_eq!(read_event(&text), by_tree(&text), "{}", text);
        match (parse(&text), Json::read(&text)) {
            (Ok(tree), Ok(json)) => {
                prop_assert_eq!(json.text(), tree.to_text());
                prop_assert_eq!(json.value(), tree);
            }
            (Err(one), Err(other)) => prop_assert_eq!(one, other),
            (one, other) => prop_assert!(false, "{:?} {:?}", one, other),
        }
    }

    #[test]
    fn spelling_changes_nothing(text in spoiled(), dice in proptest::collection::vec(any::<u8>(), 1..200)) {
        let Ok(tree) = parse(&text) else { return Ok(()) };
        let other = spelled_otherwise(&tree, &mut dice.iter().copied().cycle());
        prop_assert_eq!(read_event(&text), read_event(&other), "{}", other);
        prop_assert_eq!(Outline::read(&other).unwrap().root().value(), tree);
        if let Ok(event) = read_event(&text) {
            let mut written = String::new();
            write_event(&mut written, &event);
            prop_assert_eq!(read_event(&written), Ok(event));
        }
    }
}
