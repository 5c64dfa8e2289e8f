//! The parser: RFC 8259, and an error for everything that it leaves to chance.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use super::{DEPTH_MAX, NUMBER_CHARS_MAX, Value};

/// Objects up to this many members are searched for a repeated name one by one.
const FEW_MEMBERS: usize = 16;

/// One step of a path into a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// A member of an object.
    Name(String),
    /// An element of an array, from 0.
    Index(usize),
}

/// Why a text is not accepted, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} (byte {offset})")]
pub struct JsonError {
    /// Offset of the offending byte in the text.
    pub offset: usize,
    /// What is wrong, in words for the sender.
    pub reason: String,
    /// Steps from the root to the value that is wrong.
    pub path: Vec<Segment>,
}

impl JsonError {
    /// The path as text, such as `targets[2].data.note`; empty for the root.
    pub fn path_text(&self) -> String {
        self.path
            .iter()
            .fold(String::new(), |path, segment| join(&path, segment))
    }

    fn inside(mut self, segment: Segment) -> Self {
        self.path.insert(0, segment);
        self
    }
}

fn join(path: &str, segment: &Segment) -> String {
    match segment {
        Segment::Name(name) if path.is_empty() => name.clone(),
        Segment::Name(name) => format!("{path}.{name}"),
        Segment::Index(index) => format!("{path}[{index}]"),
    }
}

/// Parses one whole document.
///
/// # Errors
/// Anything that is not exactly one JSON value; two members of one name; half a surrogate pair; nesting
/// deeper than [`DEPTH_MAX`]; numbers longer than [`NUMBER_CHARS_MAX`].
pub fn parse(text: &str) -> Result<Value<'_>, JsonError> {
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
    };
    parser.space();
    let value = parser.value()?;
    parser.end()?;
    Ok(value)
}

/// Cuts a document that is an array into the texts of its elements, building no tree, so that a large
/// array costs no more memory than its text.
///
/// # Errors
/// A document that is not an array, more than `max` elements, or bad syntax. What an element holds is
/// checked when it is parsed.
pub fn elements(text: &str, max: usize) -> Result<Vec<&str>, JsonError> {
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
    };
    let mut found = Vec::new();
    parser.space();
    parser.expect(b'[', "an array")?;
    parser.space();
    if parser.peek() == Some(b']') {
        parser.at += 1;
        parser.end()?;
        return Ok(found);
    }
    loop {
        parser.space();
        if found.len() == max {
            return Err(parser.error(format!("more than {max} elements")));
        }
        let start = parser.at;
        parser
            .skip()
            .map_err(|error| error.inside(Segment::Index(found.len())))?;
        found.push(text.get(start..parser.at).unwrap_or_default());
        parser.space();
        match parser.peek() {
            Some(b',') => parser.at += 1,
            Some(b']') => {
                parser.at += 1;
                parser.end()?;
                return Ok(found);
            }
            _ => return Err(parser.error("expected `,` or `]`")),
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn value(&mut self) -> Result<Value<'a>, JsonError> {
        match self.peek() {
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => {
                self.number().map(|text| Value::Number(Cow::Borrowed(text)))
            }
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            Some(_) => Err(self.error("expected a JSON value")),
            None => Err(self.error("the text ends where a value should stand")),
        }
    }

    fn object(&mut self) -> Result<Value<'a>, JsonError> {
        self.enter()?;
        let mut members: Vec<(Cow<'a, str>, Value<'a>)> = Vec::new();
        let mut many: HashSet<Cow<'a, str>> = HashSet::new();
        self.space();
        if self.peek() == Some(b'}') {
            return self.leave(Value::Object(members));
        }
        loop {
            self.space();
            let start = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.error("expected a member name in quotes"));
            }
            let name = self.string()?;
            if repeated(&members, &mut many, &name) {
                let reason = "the same member name twice".to_owned();
                let path = vec![Segment::Name(name.into_owned())];
                return Err(JsonError {
                    offset: start,
                    reason,
                    path,
                });
            }
            self.space();
            self.expect(b':', "`:`")?;
            self.space();
            match self.value() {
                Ok(value) => members.push((name, value)),
                Err(error) => return Err(error.inside(Segment::Name(name.into_owned()))),
            }
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => return self.leave(Value::Object(members)),
                _ => return Err(self.error("expected `,` or `}`")),
            }
        }
    }

    fn array(&mut self) -> Result<Value<'a>, JsonError> {
        self.enter()?;
        let mut elements = Vec::new();
        self.space();
        if self.peek() == Some(b']') {
            return self.leave(Value::Array(elements));
        }
        loop {
            self.space();
            match self.value() {
                Ok(value) => elements.push(value),
                Err(error) => return Err(error.inside(Segment::Index(elements.len()))),
            }
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => return self.leave(Value::Array(elements)),
                _ => return Err(self.error("expected `,` or `]`")),
            }
        }
    }

    /// Passes over one value: brackets are matched and strings respected, nothing else is looked at. How deep it
    /// nests is for its own parsing to judge, so that only this element is refused; nothing recurses here.
    fn skip(&mut self) -> Result<(), JsonError> {
        let mut open: Vec<u8> = Vec::new();
        loop {
            self.space();
            match self.peek() {
                Some(b'"') => self.skip_string()?,
                Some(b'{') => open.push(b'}'),
                Some(b'[') => open.push(b']'),
                Some(close @ (b'}' | b']')) if open.pop() != Some(close) => {
                    return Err(self.error("a bracket that closes nothing"));
                }
                Some(b',' | b':') if open.is_empty() => return Err(self.error("expected a value")),
                Some(_) => {}
                None => return Err(self.error("the text ends inside a value")),
            }
            self.skip_token();
            if open.is_empty() {
                return Ok(());
            }
        }
    }

    /// Passes over a bracket, a comma, a colon, the end quote of a string, or a bare word.
    fn skip_token(&mut self) {
        let bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        let first = self.peek();
        self.at += 1;
        if first.is_some_and(bare) {
            while self.peek().is_some_and(bare) {
                self.at += 1;
            }
        }
        while self.at < self.text.len() && !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
    }

    /// Stops on the closing quote.
    fn skip_string(&mut self) -> Result<(), JsonError> {
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => return Ok(()),
                Some(b'\\') => self.at += 2,
                Some(_) => self.at += 1,
                None => return Err(self.error("a string that does not end")),
            }
        }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        self.at += 1;
        let start = self.at;
        let mut owned: Option<String> = None;
        let mut clean = start;
        loop {
            match self.peek() {
                Some(b'"') => {
                    let tail = self.slice(clean, self.at);
                    self.at += 1;
                    return Ok(match owned {
                        None => Cow::Borrowed(tail),
                        Some(mut text) => {
                            text.push_str(tail);
                            Cow::Owned(text)
                        }
                    });
                }
                Some(b'\\') => {
                    let piece = self.slice(clean, self.at);
                    let text = owned.get_or_insert_with(String::new);
                    text.push_str(piece);
                    let decoded = self.escape()?;
                    owned.get_or_insert_with(String::new).push(decoded);
                    clean = self.at;
                }
                Some(0..0x20) => return Err(self.error("a control character in a string")),
                Some(_) => self.at += 1,
                None => return Err(self.error("a string that does not end")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        self.at += 1;
        let escaped = self.peek();
        self.at += 1;
        Ok(match escaped {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => {
                self.at -= 1;
                return Err(self.error("an unknown escape"));
            }
        })
    }

    fn unicode(&mut self) -> Result<char, JsonError> {
        let first = self.hex4()?;
        let code = if (0xd800..0xdc00).contains(&first) {
            if self.text.as_bytes().get(self.at..self.at + 2) != Some(b"\\u") {
                return Err(self.error("half a surrogate pair"));
            }
            self.at += 2;
            let second = self.hex4()?;
            if !(0xdc00..0xe000).contains(&second) {
                return Err(self.error("half a surrogate pair"));
            }
            0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
        } else {
            first
        };
        char::from_u32(code).ok_or_else(|| self.error("half a surrogate pair"))
    }

    fn hex4(&mut self) -> Result<u32, JsonError> {
        let digits = self
            .text
            .as_bytes()
            .get(self.at..self.at + 4)
            .unwrap_or_default();
        if digits.len() < 4 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(self.error("`\\u` without four hex digits"));
        }
        let value = digits
            .iter()
            .fold(0, |sum, digit| sum * 16 + hex_value(*digit));
        self.at += 4;
        Ok(value)
    }

    fn number(&mut self) -> Result<&'a str, JsonError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        if self.at - start > NUMBER_CHARS_MAX {
            self.at = start;
            return Err(self.error(format!(
                "a number longer than {NUMBER_CHARS_MAX} characters"
            )));
        }
        Ok(self.slice(start, self.at))
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start {
            Err(self.error("expected a digit"))
        } else {
            Ok(())
        }
    }

    fn word(&mut self, word: &str, value: Value<'a>) -> Result<Value<'a>, JsonError> {
        if self.text.as_bytes().get(self.at..self.at + word.len()) != Some(word.as_bytes()) {
            return Err(self.error("expected a JSON value"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn enter(&mut self) -> Result<(), JsonError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.error(format!("nested deeper than {DEPTH_MAX}")));
        }
        self.at += 1;
        Ok(())
    }

    fn leave(&mut self, value: Value<'a>) -> Result<Value<'a>, JsonError> {
        self.depth -= 1;
        self.at += 1;
        Ok(value)
    }

    fn expect(&mut self, byte: u8, what: &str) -> Result<(), JsonError> {
        if self.peek() != Some(byte) {
            return Err(self.error(format!("expected {what}")));
        }
        self.at += 1;
        Ok(())
    }

    fn end(&mut self) -> Result<(), JsonError> {
        self.space();
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.error("something stands behind the value")),
        }
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }

    fn error(&self, reason: impl fmt::Display) -> JsonError {
        let offset = self.at.min(self.text.len());
        JsonError {
            offset,
            reason: reason.to_string(),
            path: Vec::new(),
        }
    }
}

/// Whether `name` stands in `members` already; `many` takes over when they are more than a few.
fn repeated<'a>(
    members: &[(Cow<'a, str>, Value<'a>)],
    many: &mut HashSet<Cow<'a, str>>,
    name: &str,
) -> bool {
    if members.len() < FEW_MEMBERS {
        return members.iter().any(|(known, _)| known == name);
    }
    if members.len() == FEW_MEMBERS {
        many.extend(members.iter().map(|(known, _)| known.clone()));
    }
    !many.insert(Cow::Owned(name.to_owned()))
}

fn hex_value(digit: u8) -> u32 {
    char::from(digit).to_digit(16).unwrap_or_default()
}
