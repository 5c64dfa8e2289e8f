//! A JSON document as a tree, and as the compact text in which it is kept.

use std::borrow::Cow;

use super::{JsonError, Kind, Node, Outline, parse, write_value};

/// A parsed document. Strings are unescaped, numbers are the characters that were read, members stand in
/// the order in which they were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// The characters of a number, such as `8.533e+68`.
    Number(Cow<'a, str>),
    /// A string without its quotes and escapes.
    String(Cow<'a, str>),
    /// An array.
    Array(Vec<Value<'a>>),
    /// An object; no two members have the same name.
    Object(Vec<(Cow<'a, str>, Value<'a>)>),
}

impl<'a> Value<'a> {
    /// A string value.
    pub fn string(text: impl Into<Cow<'a, str>>) -> Self {
        Value::String(text.into())
    }

    /// A whole number.
    pub fn integer(number: i64) -> Self {
        Value::Number(Cow::Owned(number.to_string()))
    }

    /// An object of the given members, which must have different names.
    pub fn object<K: Into<Cow<'a, str>>>(members: impl IntoIterator<Item = (K, Self)>) -> Self {
        Value::Object(
            members
                .into_iter()
                .map(|(name, value)| (name.into(), value))
                .collect(),
        )
    }

    /// The member `name` of an object; `None` for anything else.
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.as_object()?
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    /// The member at a path of names.
    pub fn at<S: AsRef<str>>(&self, path: &[S]) -> Option<&Value<'a>> {
        path.iter()
            .try_fold(self, |value, name| value.get(name.as_ref()))
    }

    /// Sets the member `name` of an object, in its place or at the end. Other values stay as they are.
    pub fn set(&mut self, name: &str, new: Value<'a>) {
        if let Value::Object(members) = self {
            match members.iter_mut().find(|(key, _)| key == name) {
                Some((_, value)) => *value = new,
                None => members.push((Cow::Owned(name.to_owned()), new)),
            }
        }
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The members of an object.
    pub fn as_object(&self) -> Option<&[(Cow<'a, str>, Value<'a>)]> {
        match self {
            Value::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The elements of an array.
    pub fn as_array(&self) -> Option<&[Value<'a>]> {
        match self {
            Value::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// What kind of value this is, for messages: `a string`, `an object`, …
    pub fn kind(&self) -> &'static str {
        let kind = match self {
            Value::Null => Kind::Null,
            Value::Bool(true) => Kind::True,
            Value::Bool(false) => Kind::False,
            Value::Number(_) => Kind::Number,
            Value::String(_) => Kind::Plain,
            Value::Array(_) => Kind::Array,
            Value::Object(_) => Kind::Object,
        };
        kind.words()
    }

    /// The same document, borrowing nothing.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Value::Null => Value::Null,
            Value::Bool(bit) => Value::Bool(bit),
            Value::Number(text) => Value::Number(Cow::Owned(text.into_owned())),
            Value::String(text) => Value::String(Cow::Owned(text.into_owned())),
            Value::Array(all) => Value::Array(all.into_iter().map(Value::into_owned).collect()),
            Value::Object(all) => Value::Object(
                all.into_iter()
                    .map(|(name, value)| (Cow::Owned(name.into_owned()), value.into_owned()))
                    .collect(),
            ),
        }
    }

    /// The compact text of the document.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        write_value(&mut text, self);
        text
    }
}

/// A valid JSON document as compact text: no white space, escapes only where JSON demands them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Json(Box<str>);

impl Json {
    /// The compact text of a parsed document.
    pub fn of(value: &Value<'_>) -> Self {
        Json(value.to_text().into_boxed_str())
    }

    /// Reads a document, keeping numbers as they are written.
    ///
    /// # Errors
    /// Whatever [`parse`] refuses.
    pub fn read(text: &str) -> Result<Self, JsonError> {
        Outline::read(text).map(|outline| Json::of_node(outline.root()))
    }

    /// The compact text of a value of an outline.
    pub fn of_node(node: Node<'_, '_>) -> Self {
        if node.is_compact() {
            return Json(node.source().into());
        }
        let mut text = String::with_capacity(node.source().len());
        node.write(&mut text);
        Json(text.into_boxed_str())
    }

    /// The document as an outline.
    pub fn outline(&self) -> Outline<'_> {
        Outline::read(&self.0).expect("a Json is only made from a parsed document")
    }

    /// `null`
    pub fn null() -> Self {
        Json("null".into())
    }

    /// Puts `new` where a path of member names leads, and hands out what stood there. A path that leads nowhere
    /// changes nothing.
    pub fn replace<S: AsRef<str>>(&mut self, path: &[S], new: &Json) -> Option<Json> {
        let outline = self.outline();
        let node = outline.root().at(path)?;
        let old = Json::of_node(node);
        let (from, to) = node.range();
        let (before, after) = (self.0.get(..from)?, self.0.get(to..)?);
        let text = [before, new.text(), after].concat();
        drop(outline);
        self.0 = text.into_boxed_str();
        Some(old)
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The document as a tree.
    pub fn value(&self) -> Value<'_> {
        parse(&self.0).expect("a Json is only made from a parsed document")
    }
}
