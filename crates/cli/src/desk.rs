//! Has actions on access done, and prints what they answer: a document, or a whole list as a table.

use std::process::ExitCode;

use anyhow::{Result, anyhow};
use docket_access::{Action, Done, InstanceAction, LIST_MAX, Listed, Part};
use docket_server::operations::{Operation, Reply};
use serde_json::{Map, Value};

use crate::args::{Common, Org};
use crate::output;
use crate::reach::{Missing, Reach, unexpected};

/// The members that are printed of an answer; all of it if empty.
pub type Shown = &'static [&'static str];
/// All of an answer is printed.
pub const WHOLE: Shown = &[];
/// Only the id of what was made, changed or ended.
pub const ID: Shown = &["id"];
/// A token, which is shown this once.
pub const ID_AND_TOKEN: Shown = &["id", "token"];
/// An invite's code, which is shown this once.
pub const ID_AND_CODE: Shown = &["id", "code"];
/// The columns of a list: their headings, and where an item has what stands below (RFC 6901).
pub type Columns = &'static [(&'static str, &'static str)];

/// Has something done in an organization, and prints these members of the answer.
pub fn act(org: &Org, action: Action, shown: Shown, common: &Common) -> Result<ExitCode> {
    let mut reach = Reach::open(common, Missing::Refuse)?;
    let answer = ask(&mut reach, of(&org.org, action))?;
    print(&answer, shown)
}

/// Prints all of a list of an organization.
pub fn list(
    org: &Org,
    part: fn(Part) -> Action,
    columns: Columns,
    common: &Common,
) -> Result<ExitCode> {
    whole_list(|asked| of(&org.org, part(asked)), columns, common)
}

/// Prints all of a list of the instance.
pub fn list_of_instance(
    part: fn(Part) -> InstanceAction,
    columns: Columns,
    common: &Common,
) -> Result<ExitCode> {
    whole_list(|asked| Operation::Instance(part(asked)), columns, common)
}

/// An action in an organization, as an operation.
pub fn of(org: &str, action: Action) -> Operation {
    Operation::Access {
        org: org.to_owned(),
        action: Box::new(action),
    }
}

/// Has it done. The answer may hold a secret.
pub fn ask(reach: &mut Reach, operation: Operation) -> Result<Done> {
    match reach.call(operation)? {
        Reply::Done(done) => Ok(done),
        other => Err(unexpected(&other)),
    }
}

/// Prints these members of an answer as one JSON document.
pub fn print(answer: &Done, shown: Shown) -> Result<ExitCode> {
    let document = answer.document();
    if shown.is_empty() {
        output::json(document)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut printed = Map::new();
    for name in shown {
        let value = document.get(name);
        let value = value.ok_or_else(|| anyhow!("the answer has no `{name}`"))?;
        printed.insert((*name).to_owned(), value.clone());
    }
    output::json(&printed)?;
    Ok(ExitCode::SUCCESS)
}

fn whole_list(
    part: impl Fn(Part) -> Operation,
    columns: Columns,
    common: &Common,
) -> Result<ExitCode> {
    let mut reach = Reach::open(common, Missing::Refuse)?;
    let mut all: Vec<Value> = Vec::new();
    let mut after = None;
    loop {
        let asked = Part {
            after,
            limit: Some(LIST_MAX),
        };
        let answer = ask(&mut reach, part(asked))?;
        let listed: Listed<Value> = serde_json::from_value(answer.document().clone())?;
        all.extend(listed.data);
        match listed.next.filter(|_| listed.has_more) {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    drop(reach);
    if common.json {
        output::json(&all)?;
    } else {
        let headings: Vec<&str> = columns.iter().map(|(heading, _)| *heading).collect();
        let row = |item: &Value| -> Vec<Option<String>> {
            let cells = columns.iter();
            cells
                .map(|(_, at)| item.pointer(at).and_then(cell))
                .collect()
        };
        let rows: Vec<_> = all.iter().map(row).collect();
        output::table(&headings, &rows)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A value as people read it.
fn cell(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Bool(truth) => Some(if *truth { "yes" } else { "no" }.to_owned()),
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().filter_map(cell).collect();
            Some(items.join(", "))
        }
        Value::Number(_) | Value::Object(_) => Some(value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn cells_are_for_people() {
        let check = |value: Value, expected: Option<&str>| {
            assert_eq!(cell(&value).as_deref(), expected, "{value}");
        };
        check(json!(null), None);
        check(json!("a"), Some("a"));
        check(json!(true), Some("yes"));
        check(json!(["a", "b"]), Some("a, b"));
        check(json!(7), Some("7"));
    }
}
