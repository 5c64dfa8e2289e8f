//! Writes objects member by member, straight into a text.

use super::{Json, write_string};

/// Writes the members of one object, leaving out what is absent. Names are written as they are: they must need
/// no escapes.
#[derive(Debug)]
pub struct ObjectWriter<'o> {
    out: &'o mut String,
    first: bool,
}

impl<'o> ObjectWriter<'o> {
    /// Begins an object at the end of `out`.
    pub fn open(out: &'o mut String) -> Self {
        out.push('{');
        ObjectWriter { out, first: true }
    }

    /// Ends the object.
    pub fn close(self) {
        self.out.push('}');
    }

    /// A member whose value `write` appends, as compact JSON.
    pub fn member(&mut self, name: &str, write: impl FnOnce(&mut String)) {
        self.out.push_str(match std::mem::take(&mut self.first) {
            true => "\"",
            false => ",\"",
        });
        self.out.push_str(name);
        self.out.push_str("\":");
        write(self.out);
    }

    /// A string.
    pub fn text(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.member(name, |out| write_string(out, text));
        }
    }

    /// An array of strings; absent when empty.
    pub fn texts(&mut self, name: &str, texts: &[String]) {
        if !texts.is_empty() {
            self.member(name, |out| {
                write_array(out, texts, |out, text| write_string(out, text));
            });
        }
    }

    /// Any value.
    pub fn json(&mut self, name: &str, json: Option<&Json>) {
        if let Some(json) = json {
            self.member(name, |out| out.push_str(json.text()));
        }
    }

    /// An object.
    pub fn inner<T>(
        &mut self,
        name: &str,
        value: Option<&T>,
        write: impl FnOnce(&mut ObjectWriter<'_>, &T),
    ) {
        if let Some(value) = value {
            self.member(name, |out| write_object(out, |inner| write(inner, value)));
        }
    }

    /// An object; absent when `write` writes no members.
    pub fn inner_if_any(&mut self, name: &str, write: impl FnOnce(&mut ObjectWriter<'_>)) {
        let (start, first) = (self.out.len(), self.first);
        let mut empty = true;
        self.member(name, |out| {
            write_object(out, |inner| {
                write(inner);
                empty = inner.first;
            });
        });
        if empty {
            self.out.truncate(start);
            self.first = first;
        }
    }

    /// An array of objects; absent when empty.
    pub fn list<T>(&mut self, name: &str, all: &[T], write: impl Fn(&mut ObjectWriter<'_>, &T)) {
        if !all.is_empty() {
            self.member(name, |out| {
                write_array(out, all, |out, value| {
                    write_object(out, |inner| write(inner, value));
                });
            });
        }
    }
}

fn write_object(out: &mut String, write: impl FnOnce(&mut ObjectWriter<'_>)) {
    let mut object = ObjectWriter::open(out);
    write(&mut object);
    object.close();
}

/// Appends an array, each of whose elements `write` appends.
pub fn write_array<T>(
    out: &mut String,
    all: impl IntoIterator<Item = T>,
    write: impl Fn(&mut String, T),
) {
    out.push('[');
    for (index, element) in all.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(out, element);
    }
    out.push(']');
}
