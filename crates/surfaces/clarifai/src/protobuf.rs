//! Writes a JSON value as the protobuf message that it spells.

use docket_event::Value;

use crate::moment::Moment;
use crate::schema::{Field, Kind, Message, message};

/// The wire type of strings and messages.
const LENGTH_DELIMITED: u64 = 2;

/// Appends the message that `value` spells. What the proto file does not declare, and what is no value of its
/// field, has no place on this wire and is left out.
pub fn encode(value: &Value<'_>, message: &Message, out: &mut Vec<u8>) {
    for (name, member) in value.as_object().unwrap_or_default() {
        let Some(field) = message.field(name) else {
            continue;
        };
        match member {
            Value::Array(all) if field.repeated => {
                for one in all {
                    element(one, field, out);
                }
            }
            one if !field.repeated => element(one, field, out),
            _ => {}
        }
    }
}

/// One value of a field. Without presence, a default value is the same as none.
fn element(value: &Value<'_>, field: &Field, out: &mut Vec<u8>) {
    let listed = field.repeated;
    match (&field.kind, value) {
        (Kind::Text, Value::String(text)) if listed || !text.is_empty() => {
            bytes(field.number, text.as_bytes(), out);
        }
        (Kind::Flag, Value::Bool(true)) => varint(field.number, 1, out),
        (Kind::Whole, Value::Number(text)) => {
            if let Ok(number) = text.parse::<u32>()
                && (listed || number != 0)
            {
                varint(field.number, number.into(), out);
            }
        }
        (Kind::Enum(_), Value::Number(text)) => {
            if let Ok(number) = text.parse::<i32>()
                && (listed || number != 0)
            {
                // Negative numbers take ten bytes, as the encoding has it.
                varint(field.number, i64::from(number).cast_unsigned(), out);
            }
        }
        (Kind::Time, Value::String(text)) => {
            if let Ok(moment) = Moment::parse(text) {
                bytes(field.number, &moment.to_message(), out);
            }
        }
        (Kind::FlagValue, Value::Bool(flag)) => {
            let mut inner = Vec::new();
            if *flag {
                varint(1, 1, &mut inner);
            }
            bytes(field.number, &inner, out);
        }
        (Kind::Message(name), Value::Object(_)) => {
            let mut inner = Vec::new();
            encode(value, message(name), &mut inner);
            bytes(field.number, &inner, out);
        }
        _ => {}
    }
}

/// A field of a number.
pub fn varint(number: u32, value: u64, out: &mut Vec<u8>) {
    push(u64::from(number) << 3, out);
    push(value, out);
}

/// A field of bytes: a string or a message.
pub fn bytes(number: u32, value: &[u8], out: &mut Vec<u8>) {
    push(u64::from(number) << 3 | LENGTH_DELIMITED, out);
    push(value.len() as u64, out);
    out.extend_from_slice(value);
}

/// A base-128 number, low bits first.
fn push(mut value: u64, out: &mut Vec<u8>) {
    while value > 0x7f {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto;
    use crate::schema::{ENTRY, REQUEST};
    use docket_event::json::parse;
    use prost::Message as _;

    fn encoded(text: &str, message: &Message) -> Vec<u8> {
        let mut out = Vec::new();
        encode(&parse(text).unwrap(), message, &mut out);
        out
    }

    #[test]
    fn requests_are_those_of_the_vendors_clients() {
        let check = |text: &str, expected: &str| {
            let found: String = encoded(text, *REQUEST)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            assert_eq!(found, expected.replace(' ', ""), "{text}");
        };
        let user = r#""user_app_id":{"user_id":"alfrick"}"#;
        check(
            &format!(r#"{{{user},"query":{{"operations":[300,400,600]}}}}"#),
            // Unpacked, which every reader of packed fields takes as well.
            "0a09 0a07 616c667269636b 1209 20ac02 209003 20d804",
        );
        check(
            &format!(
                r#"{{{user},"query":{{"timestamp_from":"2024-05-01T00:00:00Z","timestamp_to":"2024-05-31T23:59:59Z"}}}}"#
            ),
            "0a09 0a07 616c667269636b 1210 0a06 08808cc6b106 1206 08ffc8e9b206",
        );
        check(r#"{"query":{"success":true}}"#, "1204 3202 0801");
        check(r#"{"query":{"success":false}}"#, "1202 3200");
        check(r#"{"sort_ascending":true}"#, "1801");
        check(
            r#"{"pagination":{"page":2,"per_page":20}}"#,
            "2a04 0802 1014",
        );
        check(
            r#"{"sort_ascending":false,"pagination":{"page":0}}"#,
            "2a00",
        );
    }

    #[test]
    fn entries_are_read_back_as_they_were_written() {
        let text = r#"{"timestamp":"2025-01-17T12:04:55.449860Z","user":{"id":"u","visibility":{"gettable":10}},
            "operation":-3,"targets":[{"app":{"id":"a","unknown":1}},{}],"details":["","d"],"success":true,"req_id":7}"#;
        let entry = proto::AuditLogEntry::decode(&*encoded(text, *ENTRY)).unwrap();
        assert_eq!(entry.timestamp.unwrap().nanos, 449_860_000);
        assert_eq!(entry.user.unwrap().visibility.unwrap().gettable, 10);
        assert_eq!((entry.operation, entry.success), (-3, true));
        assert_eq!(entry.details, ["", "d"]);
        assert_eq!(entry.req_id, "");
        let [app, nothing] = &entry.targets[..] else {
            panic!("{:?}", entry.targets);
        };
        let app = app.target.clone().unwrap();
        let proto::audit_log_target::Target::App(app) = app else {
            panic!("{app:?}");
        };
        assert_eq!((app.id.as_str(), nothing.target.is_none()), ("a", true));
    }
}
