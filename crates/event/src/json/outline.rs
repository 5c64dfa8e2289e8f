//! A parsed document as a list of where its values stand in the text, so that reading one costs no tree.

use std::borrow::Cow;
use std::cell::Cell;

use super::parse::{spots, unescaped};
use super::{JsonError, Value, write_array, write_string};

/// A document and the places of its values, in the order of the text.
#[derive(Clone, Debug)]
pub struct Outline<'a> {
    text: &'a str,
    spots: Vec<Spot>,
}

/// A value of an outline.
#[derive(Clone, Copy, Debug)]
pub struct Node<'o, 'a> {
    outline: &'o Outline<'a>,
    spot: &'o Spot,
    /// The place of its spot.
    at: usize,
}

/// The values inside an array or an object, or what is left of them.
#[derive(Clone, Copy, Debug)]
pub struct Nodes<'o, 'a> {
    outline: &'o Outline<'a>,
    /// The place of the next one's spot, and the one behind the last.
    at: usize,
    end: usize,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true`
    True,
    /// `false`
    False,
    /// A number.
    Number,
    /// A string without escapes.
    Plain,
    /// A string with escapes.
    Escaped,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// Where a value stands. Offsets are of bytes in the text, which is at most [`TEXT_BYTES_MAX`] long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    /// First byte, and the one behind the last.
    pub range: (u32, u32),
    /// Its name, if it is a member.
    pub name: Name,
    pub kind: Kind,
    /// Whether the text of the value is what a writer of compact text would write.
    pub compact: bool,
    /// How many spots there are from this one to the next value at its level.
    pub count: u32,
    /// How many members or elements it has.
    pub inside: u32,
    /// The bits of its members' names, if it is an object.
    pub names: NameBits,
}

/// Where a member's name stands, without its quotes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Name {
    pub range: (u32, u32),
    pub escaped: bool,
}

impl Name {
    #[inline]
    pub fn of<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let name = slice(text, self.range);
        match self.escaped {
            true => Cow::Owned(unescaped(name)),
            false => Cow::Borrowed(name),
        }
    }
}

/// One bit of 64 for each name of an object: a name without its bit is not there.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct NameBits(u64);

impl NameBits {
    /// The bit of a name. The members of an event's objects have different bits, by and large.
    #[inline]
    pub fn of(name: &str) -> Self {
        let end = |byte: Option<&u8>| byte.map_or(0, |byte| u32::from(*byte));
        let bytes = name.as_bytes();
        let mix = end(bytes.first()) + end(bytes.last()) * 3 + name.len() as u32 * 6;
        NameBits(1 << (mix % u64::BITS))
    }

    #[inline]
    pub fn may_have(self, name: NameBits) -> bool {
        self.0 & name.0 != 0
    }

    pub fn add(&mut self, name: NameBits) {
        self.0 |= name.0;
    }
}

#[inline]
fn slice(text: &str, (from, to): (u32, u32)) -> &str {
    text.get(from as usize..to as usize).unwrap_or_default()
}

thread_local! {
    /// The list of the last outline, for the next one.
    static SPARE: Cell<Vec<Spot>> = const { Cell::new(Vec::new()) };
}

/// Largest list that is kept for the next outline.
const SPARE_SPOTS_MAX: usize = 4_096;

impl Drop for Outline<'_> {
    fn drop(&mut self) {
        if self.spots.capacity() <= SPARE_SPOTS_MAX {
            // A thread that ends has no place for it.
            let _ = SPARE.try_with(|spare| spare.set(std::mem::take(&mut self.spots)));
        }
    }
}

impl<'a> Outline<'a> {
    /// Reads one whole document.
    ///
    /// # Errors
    /// Whatever [`super::parse()`] refuses.
    pub fn read(text: &'a str) -> Result<Self, JsonError> {
        let mut outline = Outline {
            text,
            spots: SPARE.try_with(Cell::take).unwrap_or_default(),
        };
        outline.spots.clear();
        spots(text, &mut outline.spots).map_err(|refusal| *refusal)?;
        Ok(outline)
    }

    /// The document as a whole.
    pub fn root(&self) -> Node<'_, 'a> {
        let spot = self.spots.first();
        Node {
            outline: self,
            spot: spot.expect("a text that was read has a value"),
            at: 0,
        }
    }
}

impl<'o, 'a> Node<'o, 'a> {
    /// What it is.
    #[inline]
    pub fn kind(self) -> Kind {
        self.spot.kind
    }

    /// Its text, as it was written.
    #[inline]
    pub fn source(self) -> &'a str {
        slice(self.outline.text, self.spot.range)
    }

    /// Where its text stands in the document: the first byte, and the one behind the last.
    pub fn range(self) -> (usize, usize) {
        let (from, to) = self.spot.range;
        (from as usize, to as usize)
    }

    /// The text of a string.
    #[inline]
    pub fn string(self) -> Option<Cow<'a, str>> {
        let (from, to) = self.spot.range;
        let inside = || slice(self.outline.text, (from + 1, to - 1));
        match self.kind() {
            Kind::Plain => Some(Cow::Borrowed(inside())),
            Kind::Escaped => Some(Cow::Owned(unescaped(inside()))),
            Kind::Null | Kind::True | Kind::False | Kind::Number | Kind::Array | Kind::Object => {
                None
            }
        }
    }

    /// The members of an object.
    #[inline]
    pub fn members(self) -> Option<Nodes<'o, 'a>> {
        (self.kind() == Kind::Object).then(|| self.inside())
    }

    /// The elements of an array.
    #[inline]
    pub fn elements(self) -> Option<Nodes<'o, 'a>> {
        (self.kind() == Kind::Array).then(|| self.inside())
    }

    /// The member `name` of an object; `None` for anything else.
    pub fn get(self, name: &str) -> Option<Self> {
        self.may_have(name)
            .then(|| self.inside().find(|member| member.is_named(name)))?
    }

    /// Whether it is an object that may have a member `name`: a quick look, for names that mostly are absent.
    #[inline]
    pub fn may_have(self, name: &str) -> bool {
        self.spot.names.may_have(NameBits::of(name))
    }

    /// The member at a path of names.
    pub fn at<S: AsRef<str>>(self, path: &[S]) -> Option<Self> {
        path.iter()
            .try_fold(self, |node, name| node.get(name.as_ref()))
    }

    /// Whether it is a member of that name.
    #[inline]
    pub fn is_named(self, name: &str) -> bool {
        let known = &self.spot.name;
        match known.escaped {
            true => known.of(self.outline.text) == name,
            false => slice(self.outline.text, known.range) == name,
        }
    }

    /// The name of a member; nothing for an element.
    #[inline]
    pub fn name(self) -> Cow<'a, str> {
        self.spot.name.of(self.outline.text)
    }

    /// How many members or elements it has.
    pub fn count(self) -> usize {
        self.spot.inside as usize
    }

    #[inline]
    fn inside(self) -> Nodes<'o, 'a> {
        Nodes {
            outline: self.outline,
            at: self.at + 1,
            end: self.at + self.spot.count as usize,
        }
    }

    /// Whether its text is what [`Node::write`] writes.
    pub fn is_compact(self) -> bool {
        self.spot.compact
    }

    /// Appends it as compact text.
    pub fn write(self, out: &mut String) {
        if self.is_compact() {
            return out.push_str(self.source());
        }
        match self.kind() {
            Kind::Plain | Kind::Escaped => write_string(out, &self.string().unwrap_or_default()),
            Kind::Array => {
                write_array(out, self.inside(), |out, element| element.write(out));
            }
            Kind::Object => {
                out.push('{');
                for (index, member) in self.inside().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_string(out, &member.name());
                    out.push(':');
                    member.write(out);
                }
                out.push('}');
            }
            Kind::Null | Kind::True | Kind::False | Kind::Number => out.push_str(self.source()),
        }
    }

    /// It as a tree.
    pub fn value(self) -> Value<'a> {
        match self.kind() {
            Kind::Null => Value::Null,
            Kind::True => Value::Bool(true),
            Kind::False => Value::Bool(false),
            Kind::Number => Value::Number(Cow::Borrowed(self.source())),
            Kind::Plain | Kind::Escaped => Value::String(self.string().unwrap_or_default()),
            Kind::Array => Value::Array(self.inside().map(Node::value).collect()),
            Kind::Object => Value::Object(
                self.inside()
                    .map(|member| (member.name(), member.value()))
                    .collect(),
            ),
        }
    }
}

impl<'o, 'a> Iterator for Nodes<'o, 'a> {
    type Item = Node<'o, 'a>;

    #[inline]
    fn next(&mut self) -> Option<Node<'o, 'a>> {
        if self.at >= self.end {
            return None;
        }
        let (outline, at) = (self.outline, self.at);
        let spot = outline.spots.get(at)?;
        self.at += spot.count as usize;
        Some(Node { outline, spot, at })
    }
}

impl Kind {
    /// The kind in words, for messages: `a string`, `an object`, …
    pub fn words(self) -> &'static str {
        match self {
            Kind::Null => "null",
            Kind::True | Kind::False => "a boolean",
            Kind::Number => "a number",
            Kind::Plain | Kind::Escaped => "a string",
            Kind::Array => "an array",
            Kind::Object => "an object",
        }
    }
}
