//! Reads the JSON form of a request by the rules of protobuf's JSON mapping, refusing what it does not know.

use std::borrow::Cow;

use docket_event::{Fault, Value};

use crate::moment::Moment;
use crate::schema::{Enum, Field, Kind, Message, message, named_numbers};

/// Most characters of what was sent that a fault repeats.
const SHOWN_CHARS: usize = 60;

/// `value` as `message` in the one spelling that [`crate::protobuf::encode`] takes: names in snake case, named
/// numbers as numbers, nothing that is null.
///
/// # Errors
/// The first thing that the message cannot hold, by its path. A field that the vendor does not have is one: a
/// filter with a typing error that was dropped in silence would widen the question.
pub fn read(value: &Value<'_>, message: &Message) -> Result<Value<'static>, Fault> {
    let mut path = Path::default();
    object(value, message, &mut path)
}

/// Where in the document we are.
#[derive(Default)]
struct Path(Vec<String>);

impl Path {
    fn fault(&self, reason: impl Into<String>) -> Fault {
        Fault::new(self.0.concat().trim_start_matches('.'), reason)
    }

    fn within<T>(
        &mut self,
        step: String,
        read: impl FnOnce(&mut Path) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.0.push(step);
        let done = read(self);
        self.0.pop();
        done
    }
}

fn object(value: &Value<'_>, message: &Message, path: &mut Path) -> Result<Value<'static>, Fault> {
    let Value::Object(members) = value else {
        return Err(path.fault(format!("is {}; write an object", value.kind())));
    };
    let mut read: Vec<(Cow<'static, str>, Value<'static>)> = Vec::with_capacity(members.len());
    for (name, member) in members {
        path.within(format!(".{}", shown(name)), |path| {
            let Some(field) = message.field(name) else {
                return match message.ignores(name) {
                    true => Ok(()),
                    false => Err(path.fault(format!("is no field of {}", message.name))),
                };
            };
            if *member == Value::Null {
                return Ok(());
            }
            if read.iter().any(|(other, _)| *other == field.name) {
                return Err(path.fault("is given twice, in two spellings"));
            }
            if message.is_choice && !read.is_empty() {
                return Err(path.fault("is a second kind; write one kind for each element"));
            }
            read.push((Cow::Owned(field.name.clone()), whole(member, field, path)?));
            Ok(())
        })?;
    }
    Ok(Value::Object(read))
}

fn whole(value: &Value<'_>, field: &Field, path: &mut Path) -> Result<Value<'static>, Fault> {
    if !field.repeated {
        return element(value, field, path);
    }
    let Value::Array(all) = value else {
        return Err(path.fault(format!("is {}; write an array", value.kind())));
    };
    let read = all
        .iter()
        .enumerate()
        .map(|(index, one)| path.within(format!("[{index}]"), |path| element(one, field, path)));
    read.collect::<Result<_, _>>().map(Value::Array)
}

fn element(value: &Value<'_>, field: &Field, path: &mut Path) -> Result<Value<'static>, Fault> {
    match &field.kind {
        Kind::Message(name) => object(value, message(name), path),
        Kind::Text => match value {
            Value::String(_) => Ok(value.clone().into_owned()),
            other => Err(path.fault(format!("is {}; write a string", other.kind()))),
        },
        Kind::Flag | Kind::FlagValue => match value {
            Value::Bool(_) => Ok(value.clone().into_owned()),
            other => Err(path.fault(format!("is {}; write true or false", other.kind()))),
        },
        Kind::Time => time(value, path),
        Kind::Enum(name) => number_of(value, named_numbers(name), path),
        Kind::Whole => {
            let reason = "write a whole number from 0 to 4294967295";
            match integer(value).map(u32::try_from) {
                Some(Ok(number)) => Ok(Value::integer(number.into())),
                Some(Err(_)) | None => Err(path.fault(format!("is {}; {reason}", said(value)))),
            }
        }
    }
}

fn time(value: &Value<'_>, path: &Path) -> Result<Value<'static>, Fault> {
    let Value::String(text) = value else {
        let reason = "write an RFC 3339 time such as 2024-05-01T00:00:00Z";
        return Err(path.fault(format!("is {}; {reason}", value.kind())));
    };
    match Moment::parse(text) {
        Ok(_) => Ok(value.clone().into_owned()),
        Err(reason) => Err(path.fault(format!("{reason:.200}"))),
    }
}

fn number_of(value: &Value<'_>, names: &Enum, path: &Path) -> Result<Value<'static>, Fault> {
    let number = match value {
        Value::String(name) => names.number(name).map(i64::from),
        other => integer(other).filter(|number| i32::try_from(*number).is_ok()),
    };
    number.map(Value::integer).ok_or_else(|| {
        let reason = format!(
            "is {}, no {}; write a name or a number",
            said(value),
            names.name
        );
        path.fault(reason)
    })
}

/// The whole number that a value spells, also as a string or with a fraction of zero.
pub fn integer(value: &Value<'_>) -> Option<i64> {
    let (Value::Number(text) | Value::String(text)) = value else {
        return None;
    };
    if let Ok(number) = text.parse::<i64>() {
        return Some(number);
    }
    let plain = text
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
    let number = text.parse::<f64>().ok().filter(|_| plain)?;
    // Beyond 32 bits no field takes it anyway, and within them every whole number is exact.
    let fits = number.fract() == 0.0 && number.abs() <= f64::from(u32::MAX);
    fits.then_some(number as i64)
}

fn said(value: &Value<'_>) -> String {
    match value {
        Value::String(text) => format!("\"{}\"", shown(text)),
        Value::Number(text) => text.clone().into_owned(),
        other => other.kind().to_owned(),
    }
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::REQUEST;
    use docket_event::json::parse;

    #[test]
    fn all_spellings_become_one() {
        let check = |text: &str, expected: &str| {
            let read = read(&parse(text).unwrap(), *REQUEST).unwrap();
            assert_eq!(read.to_text(), expected, "{text}");
        };
        check("{}", "{}");
        check(
            r#"{"userAppId":{"user_id":"u"},"query":null,"sortAscending":true}"#,
            r#"{"user_app_id":{"user_id":"u"},"sort_ascending":true}"#,
        );
        check(
            r#"{"query":{"operations":["MODEL_CREATE",200,-1,3e2,12345],"success":false}}"#,
            r#"{"query":{"operations":[300,200,-1,300,12345],"success":false}}"#,
        );
        check(
            r#"{"pagination":{"page":"2","perPage":1.0}}"#,
            r#"{"pagination":{"page":2,"per_page":1}}"#,
        );
        check(
            r#"{"query":{"targets":[{"app":{"id":"a","defaultLanguage":{"x":[1]},"name":null}},{"user":null,"team":{}}]}}"#,
            r#"{"query":{"targets":[{"app":{"id":"a"}},{"team":{}}]}}"#,
        );
    }

    #[test]
    fn what_is_no_request_is_refused_by_its_path() {
        let check = |text: &str, expected: &str| {
            let fault = read(&parse(text).unwrap(), *REQUEST).unwrap_err();
            assert_eq!(fault.to_string(), expected, "{text}");
        };
        check("[]", "is an array; write an object");
        check(
            r#"{"queri":{}}"#,
            "queri: is no field of PostAuditLogSearchesRequest",
        );
        check(
            r#"{"query":{"user_ids":"u"}}"#,
            "query.user_ids: is a string; write an array",
        );
        check(
            r#"{"query":{"user_ids":[null]}}"#,
            "query.user_ids[0]: is null; write a string",
        );
        check(
            r#"{"query":{"operations":[300,"MODEL_CREAT"]}}"#,
            "query.operations[1]: is \"MODEL_CREAT\", no EventType; write a name or a number",
        );
        check(
            r#"{"query":{"operations":[3000000000]}}"#,
            "query.operations[0]: is 3000000000, no EventType; write a name or a number",
        );
        check(
            r#"{"query":{"targets":[{"app":{"id":"a"},"user":{"id":"u"}}]}}"#,
            "query.targets[0].user: is a second kind; write one kind for each element",
        );
        check(
            r#"{"query":{"targets":[{"ap":{}}]}}"#,
            "query.targets[0].ap: is no field of AuditLogTarget",
        );
        check(
            r#"{"query":{"success":"true"}}"#,
            "query.success: is a string; write true or false",
        );
        check(
            r#"{"query":{"timestamp_from":"2024-05-01"}}"#,
            "query.timestamp_from: 2024-05-01 is not an RFC 3339 time; write 2026-11-20T00:00:00Z",
        );
        check(
            r#"{"pagination":{"page":-1}}"#,
            "pagination.page: is -1; write a whole number from 0 to 4294967295",
        );
        check(
            r#"{"pagination":{"page":1.5}}"#,
            "pagination.page: is 1.5; write a whole number from 0 to 4294967295",
        );
        check(
            r#"{"sort_ascending":true,"sortAscending":true}"#,
            "sortAscending: is given twice, in two spellings",
        );
    }
}
