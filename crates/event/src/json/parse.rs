//! The parser: RFC 8259, and an error for everything that it leaves to chance.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use super::outline::{Kind, Name, NameBits, Outline, Spot};
use super::scan::plain_bytes;
use super::{DEPTH_MAX, NUMBER_CHARS_MAX, Value};

/// Objects up to this many members are searched for a repeated name one by one.
const FEW_MEMBERS: usize = 16;
/// Bytes of text for which room for one value is made at the start; more is made when it is needed.
const BYTES_PER_VALUE: usize = 16;
/// Longest text: what offsets of 32 bits reach.
const TEXT_BYTES_MAX: usize = u32::MAX as usize;

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

    pub(super) fn inside(mut self: Box<Self>, segment: Segment) -> Box<Self> {
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
    Outline::read(text).map(|outline| outline.root().value())
}

/// Appends where the values of one whole document stand.
pub(super) fn spots(text: &str, spots: &mut Vec<Spot>) -> Result<(), Refusal> {
    let mut parser = Parser::new(text);
    if text.len() > TEXT_BYTES_MAX {
        return Err(parser.error(format!("a text longer than {TEXT_BYTES_MAX} bytes")));
    }
    parser.spots = std::mem::take(spots);
    parser.spots.reserve(text.len() / BYTES_PER_VALUE + 1);
    parser.space();
    let read = parser.value(Name::default()).and_then(|()| parser.end());
    *spots = parser.spots;
    read
}

/// What a string says whose inside is `text`, which the parser has passed.
pub(super) fn unescaped(text: &str) -> String {
    let mut parser = Parser::new(text);
    let mut plain = String::with_capacity(text.len());
    loop {
        let start = parser.at;
        parser.at += plain_bytes(parser.rest());
        plain.push_str(parser.slice(start, parser.at));
        if parser.peek().is_none() {
            return plain;
        }
        match parser.escape() {
            Ok((decoded, _)) => plain.push(decoded),
            Err(_) => return plain,
        }
    }
}

/// What the parser's steps answer when they refuse: a pointer, as they mostly do not.
pub(super) type Refusal = Box<JsonError>;

pub(super) struct Parser<'a> {
    pub text: &'a str,
    pub at: usize,
    depth: usize,
    spots: Vec<Spot>,
    /// The end of the text so far that is not as compact as a writer would make it.
    loose: usize,
}

impl<'a> Parser<'a> {
    pub fn new(text: &'a str) -> Self {
        Parser {
            text,
            at: 0,
            depth: 0,
            spots: Vec::new(),
            loose: 0,
        }
    }

    fn value(&mut self, name: Name) -> Result<(), Refusal> {
        match self.peek() {
            Some(b'{') => self.object(name),
            Some(b'[') => self.array(name),
            Some(b'"') => {
                let start = self.at;
                let (_, escaped) = self.string()?;
                let kind = match escaped {
                    true => Kind::Escaped,
                    false => Kind::Plain,
                };
                self.leaf(kind, name, start);
                Ok(())
            }
            Some(b'-' | b'0'..=b'9') => {
                let start = self.at;
                self.number()?;
                self.leaf(Kind::Number, name, start);
                Ok(())
            }
            Some(b't') => self.word("true", Kind::True, name),
            Some(b'f') => self.word("false", Kind::False, name),
            Some(b'n') => self.word("null", Kind::Null, name),
            Some(_) => Err(self.error("expected a JSON value")),
            None => Err(self.error("the text ends where a value should stand")),
        }
    }

    fn object(&mut self, name: Name) -> Result<(), Refusal> {
        let spot = self.enter(Kind::Object, name)?;
        let mut names = Names::default();
        self.space();
        if self.peek() == Some(b'}') {
            self.leave(spot, names.count, names.bits);
            return Ok(());
        }
        loop {
            self.space();
            let start = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.error("expected a member name in quotes"));
            }
            let (range, escaped) = self.string()?;
            let name = Name { range, escaped };
            let members = self.spots.get(spot + 1..).unwrap_or_default();
            if names.repeated(self.text, members, &name) {
                return Err(Box::new(JsonError {
                    offset: start,
                    reason: "the same member name twice".to_owned(),
                    path: vec![self.segment(&name)],
                }));
            }
            self.space();
            self.expect(b':', "`:`")?;
            self.space();
            if let Err(error) = self.value(name) {
                return Err(error.inside(self.segment(&name)));
            }
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.leave(spot, names.count, names.bits);
                    return Ok(());
                }
                _ => return Err(self.error("expected `,` or `}`")),
            }
        }
    }

    fn array(&mut self, name: Name) -> Result<(), Refusal> {
        let spot = self.enter(Kind::Array, name)?;
        let mut elements = 0;
        self.space();
        if self.peek() == Some(b']') {
            self.leave(spot, elements, NameBits::default());
            return Ok(());
        }
        loop {
            self.space();
            if let Err(error) = self.value(Name::default()) {
                return Err(error.inside(Segment::Index(elements)));
            }
            elements += 1;
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.leave(spot, elements, NameBits::default());
                    return Ok(());
                }
                _ => return Err(self.error("expected `,` or `]`")),
            }
        }
    }

    fn segment(&self, name: &Name) -> Segment {
        Segment::Name(name.of(self.text).into_owned())
    }

    /// Passes over a string: where its inside stands, and whether that has escapes.
    fn string(&mut self) -> Result<((u32, u32), bool), Refusal> {
        self.at += 1;
        let start = self.at;
        let mut escaped = false;
        loop {
            self.at += plain_bytes(self.rest());
            match self.peek() {
                Some(b'"') => {
                    let end = self.at;
                    self.at += 1;
                    return Ok(((start as u32, end as u32), escaped));
                }
                Some(b'\\') => {
                    escaped = true;
                    let (_, minimal) = self.escape()?;
                    if !minimal {
                        self.loose = self.at;
                    }
                }
                Some(_) => return Err(self.error("a control character in a string")),
                None => return Err(self.error("a string that does not end")),
            }
        }
    }

    /// The character that an escape stands for, and whether a writer would write it so.
    fn escape(&mut self) -> Result<(char, bool), Refusal> {
        self.at += 1;
        let escaped = self.peek();
        self.at += 1;
        Ok(match escaped {
            Some(b'"') => ('"', true),
            Some(b'\\') => ('\\', true),
            Some(b'/') => ('/', false),
            Some(b'b') => ('\u{8}', false),
            Some(b'f') => ('\u{c}', false),
            Some(b'n') => ('\n', true),
            Some(b'r') => ('\r', true),
            Some(b't') => ('\t', true),
            Some(b'u') => (self.unicode()?, false),
            _ => {
                self.at -= 1;
                return Err(self.error("an unknown escape"));
            }
        })
    }

    fn unicode(&mut self) -> Result<char, Refusal> {
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

    fn hex4(&mut self) -> Result<u32, Refusal> {
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

    fn number(&mut self) -> Result<(), Refusal> {
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
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Refusal> {
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

    fn word(&mut self, word: &str, kind: Kind, name: Name) -> Result<(), Refusal> {
        if !self.rest().starts_with(word.as_bytes()) {
            return Err(self.error("expected a JSON value"));
        }
        let start = self.at;
        self.at += word.len();
        self.leaf(kind, name, start);
        Ok(())
    }

    /// Notes a value that began at `start` and has nothing inside.
    fn leaf(&mut self, kind: Kind, name: Name, start: usize) {
        self.spots.push(Spot {
            kind,
            compact: self.loose <= start,
            name,
            range: (start as u32, self.at as u32),
            count: 1,
            inside: 0,
            names: NameBits::default(),
        });
    }

    /// Begins an array or object; the answer is for [`Parser::leave`].
    fn enter(&mut self, kind: Kind, name: Name) -> Result<usize, Refusal> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.error(format!("nested deeper than {DEPTH_MAX}")));
        }
        let spot = self.spots.len();
        self.leaf(kind, name, self.at);
        self.at += 1;
        Ok(spot)
    }

    fn leave(&mut self, spot: usize, inside: usize, names: NameBits) {
        self.depth -= 1;
        self.at += 1;
        let end = self.spots.len();
        if let Some(begun) = self.spots.get_mut(spot) {
            begun.compact = self.loose <= begun.range.0 as usize;
            begun.range.1 = self.at as u32;
            begun.count = (end - spot) as u32;
            begun.inside = inside as u32;
            begun.names = names;
        }
    }

    pub fn expect(&mut self, byte: u8, what: &str) -> Result<(), Refusal> {
        if self.peek() != Some(byte) {
            return Err(self.error(format!("expected {what}")));
        }
        self.at += 1;
        Ok(())
    }

    pub fn end(&mut self) -> Result<(), Refusal> {
        self.space();
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.error("something stands behind the value")),
        }
    }

    pub fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
            self.loose = self.at;
        }
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    pub fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }

    pub fn error(&self, reason: impl fmt::Display) -> Refusal {
        let offset = self.at.min(self.text.len());
        Box::new(JsonError {
            offset,
            reason: reason.to_string(),
            path: Vec::new(),
        })
    }
}

/// Tells whether an object's names repeat.
#[derive(Default)]
struct Names<'a> {
    count: usize,
    bits: NameBits,
    /// All names so far, when they are more than a few.
    many: Option<HashSet<Cow<'a, str>>>,
}

impl<'a> Names<'a> {
    /// Whether one of `members`, which are all before it, has that name, too.
    fn repeated(&mut self, text: &'a str, members: &[Spot], name: &Name) -> bool {
        let name = name.of(text);
        let known = members_of(members).map(|member| member.name.of(text));
        let bit = NameBits::of(&name);
        let perhaps = self.bits.may_have(bit);
        self.bits.add(bit);
        self.count += 1;
        if self.count > FEW_MEMBERS {
            let many = self.many.get_or_insert_with(|| known.collect());
            return !many.insert(name);
        }
        perhaps && known.into_iter().any(|known| known == name)
    }
}

/// The spots of an object's members, without what is inside them.
fn members_of(spots: &[Spot]) -> impl Iterator<Item = &Spot> {
    let mut rest = spots;
    std::iter::from_fn(move || {
        let first = rest.first()?;
        rest = rest.get(first.count as usize..)?;
        Some(first)
    })
}

fn hex_value(digit: u8) -> u32 {
    char::from(digit).to_digit(16).unwrap_or_default()
}
