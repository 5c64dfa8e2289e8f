//! What an event's fields cannot hold of a vendor's entry: a patch that turns the rendered event back into it.
//!
//! The patch is an object: `{"set":[[path,value],…],"cut":[path,…],"text":[[path,json],…]}`, each of the three
//! left out when it is empty. A path is an array of member names from the root; an array that differs is
//! replaced as a whole. `text` holds what is nested too deep to be kept as it is. Members of another name
//! belong to others and are left alone.

use std::borrow::Cow;

use docket_event::json::{DEPTH_MAX, parse};
use docket_event::{Json, Value};
use sha2::{Digest, Sha256};

/// What stands around a value that is set: page, list, event, origin, extra, and two arrays; and one to spare.
const WRAPPED: usize = 8;

const SET: &str = "set";
const CUT: &str = "cut";
const TEXT: &str = "text";

/// The patch that turns `rendered` into `original`; `None` when they are the same document.
///
/// Documents are the same when they have the same members in any order and the same characters in every
/// number.
pub fn difference(rendered: &Value<'_>, original: &Value<'_>) -> Option<Value<'static>> {
    let mut patch = Patch::default();
    patch.compare(&mut Vec::new(), rendered, original);
    patch.into_value()
}

/// `rendered`, changed by the patch among the members of `extra`.
///
/// For every two documents, `apply(rendered, difference(rendered, original))` is `original`. What is no
/// patch, or does not fit the document, changes nothing.
pub fn apply<'a>(rendered: Value<'a>, extra: &Value<'_>) -> Value<'a> {
    let mut document = rendered;
    for path in list(extra, CUT) {
        cut(&mut document, &names(path));
    }
    for (path, value) in list(extra, SET).iter().filter_map(pair) {
        set(&mut document, &names(path), value.clone().into_owned());
    }
    for (path, text) in list(extra, TEXT).iter().filter_map(pair) {
        if let Some(value) = text.as_str().and_then(|text| parse(text).ok()) {
            set(&mut document, &names(path), value.into_owned());
        }
    }
    document
}

/// 64 hex digits that stand for an entry that has no id of its own: the SHA-256 of its compact text, with the members
/// of every object sorted by name, as their order makes no other document.
pub fn hash(entry: &Value<'_>) -> String {
    let digest = Sha256::digest(sorted(entry).to_text());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The document with the members of every object sorted by name.
pub(crate) fn sorted<'v>(value: &'v Value<'_>) -> Value<'v> {
    match value {
        Value::Array(all) => Value::Array(all.iter().map(sorted).collect()),
        Value::Object(all) => {
            let members = all
                .iter()
                .map(|(name, value)| (Cow::Borrowed(&**name), sorted(value)));
            let mut members: Vec<(Cow<'_, str>, Value<'_>)> = members.collect();
            members.sort_by(|(one, _), (other, _)| one.cmp(other));
            Value::Object(members)
        }
        Value::String(text) => Value::String(Cow::Borrowed(text)),
        Value::Number(text) => Value::Number(Cow::Borrowed(text)),
        Value::Bool(flag) => Value::Bool(*flag),
        Value::Null => Value::Null,
    }
}

#[derive(Default)]
struct Patch {
    set: Vec<Value<'static>>,
    cut: Vec<Value<'static>>,
    text: Vec<Value<'static>>,
}

impl Patch {
    fn compare<'v>(
        &mut self,
        path: &mut Vec<&'v str>,
        rendered: &'v Value<'_>,
        original: &'v Value<'_>,
    ) {
        // Most of a document is equal to the letter, and this needs no look-ups by name.
        if rendered == original {
            return;
        }
        let (Some(ours), Some(theirs)) = (rendered.as_object(), original.as_object()) else {
            if !same(rendered, original) {
                self.put(path, original);
            }
            return;
        };
        for (name, _) in ours {
            if original.get(name).is_none() {
                path.push(name);
                self.cut.push(path_value(path));
                path.pop();
            }
        }
        for (name, value) in theirs {
            path.push(name);
            match rendered.get(name) {
                Some(ours) => self.compare(path, ours, value),
                None => self.put(path, value),
            }
            path.pop();
        }
    }

    fn put(&mut self, path: &[&str], value: &Value<'_>) {
        let path = path_value(path);
        if depth(value) + WRAPPED > DEPTH_MAX {
            let text = Value::string(Json::of(value).text().to_owned());
            self.text.push(Value::Array(vec![path, text]));
        } else {
            let value = value.clone().into_owned();
            self.set.push(Value::Array(vec![path, value]));
        }
    }

    fn into_value(self) -> Option<Value<'static>> {
        let parts = [(SET, self.set), (CUT, self.cut), (TEXT, self.text)];
        let members: Vec<_> = parts
            .into_iter()
            .filter(|(_, list)| !list.is_empty())
            .map(|(name, list)| (name, Value::Array(list)))
            .collect();
        (!members.is_empty()).then(|| Value::object(members))
    }
}

/// Whether two values are the same document.
fn same(one: &Value<'_>, other: &Value<'_>) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(ours), Value::Object(theirs)) => {
            one == other
                || (ours.len() == theirs.len()
                    && ours.iter().all(|(name, value)| {
                        other.get(name).is_some_and(|theirs| same(value, theirs))
                    }))
        }
        _ => one == other,
    }
}

/// Levels of arrays and objects.
fn depth(value: &Value<'_>) -> usize {
    match value {
        Value::Array(all) => 1 + all.iter().map(depth).max().unwrap_or(0),
        Value::Object(all) => 1 + all.iter().map(|(_, value)| depth(value)).max().unwrap_or(0),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

fn path_value(path: &[&str]) -> Value<'static> {
    let names = path.iter().map(|name| Value::string((*name).to_owned()));
    Value::Array(names.collect())
}

fn list<'v, 'a>(extra: &'v Value<'a>, name: &str) -> &'v [Value<'a>] {
    extra
        .get(name)
        .and_then(Value::as_array)
        .unwrap_or_default()
}

fn pair<'v, 'a>(value: &'v Value<'a>) -> Option<(&'v Value<'a>, &'v Value<'a>)> {
    match value.as_array()? {
        [path, value] => Some((path, value)),
        _ => None,
    }
}

/// The names of a path; `None` where it is none.
fn names<'v>(path: &'v Value<'_>) -> Option<Vec<&'v str>> {
    path.as_array()?.iter().map(Value::as_str).collect()
}

fn cut(document: &mut Value<'_>, path: &Option<Vec<&str>>) {
    let Some((last, parents)) = path.as_deref().and_then(<[_]>::split_last) else {
        return;
    };
    let parent = parents
        .iter()
        .try_fold(document, |value, name| member(value, name));
    if let Some(Value::Object(members)) = parent {
        members.retain(|(name, _)| name != last);
    }
}

fn set<'a>(document: &mut Value<'a>, path: &Option<Vec<&str>>, new: Value<'a>) {
    let Some(path) = path.as_deref() else {
        return;
    };
    let Some((last, parents)) = path.split_last() else {
        *document = new;
        return;
    };
    let parent = parents
        .iter()
        .try_fold(document, |value, name| member(value, name));
    if let Some(parent) = parent {
        parent.set(last, new);
    }
}

fn member<'v, 'a>(value: &'v mut Value<'a>, name: &str) -> Option<&'v mut Value<'a>> {
    let Value::Object(members) = value else {
        return None;
    };
    let named = |(key, _): &&mut (Cow<'a, str>, Value<'a>)| key == name;
    members.iter_mut().find(named).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rendered: &str, original: &str, expected: Option<&str>) {
        let (rendered, original) = (parse(rendered).unwrap(), parse(original).unwrap());
        let patch = difference(&rendered, &original);
        assert_eq!(patch.as_ref().map(Value::to_text).as_deref(), expected);
        let patch = patch.unwrap_or(Value::Null);
        assert!(same(&apply(rendered, &patch), &original), "{patch:?}");
    }

    #[test]
    fn a_patch_says_what_differs() {
        check("{}", "{}", None);
        check(
            r#"{"a":1,"b":[{"c":1,"d":2}]}"#,
            r#"{"b":[{"d":2,"c":1}],"a":1}"#,
            None,
        );
        check(
            r#"{"a":1}"#,
            r#"{"a":1.0}"#,
            Some(r#"{"set":[[["a"],1.0]]}"#),
        );
        check(r#"{"a":1}"#, "7", Some(r#"{"set":[[[],7]]}"#));
        check("null", r#"{"a":{}}"#, Some(r#"{"set":[[[],{"a":{}}]]}"#));
        check(
            r#"{"a":{"b":1,"c":{}},"d":[1,2]}"#,
            r#"{"a":{"b":null,"x.y":"z"},"d":[1]}"#,
            Some(r#"{"set":[[["a","b"],null],[["a","x.y"],"z"],[["d"],[1]]],"cut":[["a","c"]]}"#),
        );
        check(
            r#"{"a":{}}"#,
            r#"{"a":[]}"#,
            Some(r#"{"set":[[["a"],[]]]}"#),
        );
        check(r#"{"":{"":1}}"#, r#"{"":{}}"#, Some(r#"{"cut":[["",""]]}"#));
    }

    #[test]
    fn what_is_nested_deep_is_kept_as_text() {
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let entry = |levels: usize| format!(r#"{{"x":{}}}"#, deep(levels));
        let fits = format!(r#"{{"set":[[["x"],{}]]}}"#, deep(56));
        check("{}", &entry(56), Some(&fits));
        let text = format!(r#"{{"text":[[["x"],"{}"]]}}"#, deep(63));
        check("{}", &entry(63), Some(&text));
    }

    #[test]
    fn what_is_no_patch_changes_nothing() {
        for extra in [
            "null",
            r#"{"id":"1","recorded_at":2}"#,
            r#"{"set":7,"cut":{},"text":"a"}"#,
            r#"{"set":[[["a"]],[[1],2],["a",3],[["no","where"],4]],"cut":[[],["no","where"],[1],"a"]}"#,
            r#"{"text":[[["a"],"{"],[["a"],5]]}"#,
        ] {
            let document = parse(r#"{"a":1}"#).unwrap();
            let extra = parse(extra).unwrap();
            assert_eq!(apply(document.clone(), &extra), document, "{extra:?}");
        }
    }
}
