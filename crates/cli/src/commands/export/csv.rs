//! Events as lines of CSV (RFC 4180: commas, double quotes, CRLF; UTF-8 without a mark).

use std::borrow::Cow;
use std::io::{self, Write};

use csv::{QuoteStyle, Terminator, Writer, WriterBuilder};
use docket_event::{Outcome, Recorded, Value, recorded_value};

/// The columns: paths of an event's members. What is a list or an object there is JSON text. The order is
/// part of the format: new columns come at the end.
const COLUMNS: [&str; 37] = [
    "id",
    "type",
    "occurred_at",
    "recorded_at",
    "outcome",
    "actor.kind",
    "actor.id",
    "actor.email",
    "actor.name",
    "actor.profile",
    "on_behalf_of.kind",
    "on_behalf_of.id",
    "on_behalf_of.email",
    "on_behalf_of.name",
    "on_behalf_of.profile",
    "on_behalf_of.reason",
    "credential.kind",
    "credential.id",
    "source.ip",
    "source.user_agent",
    "source.ja3",
    "source.ja4",
    "source.geo",
    "project.id",
    "project.name",
    "targets",
    "error.code",
    "error.message",
    "description",
    "details",
    "request_id",
    "data",
    "origin.surface",
    "origin.account",
    "origin.id",
    "origin.collected_at",
    "origin.extra",
];

/// What a spreadsheet takes for the beginning of a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Writes events under a line of headings.
pub struct Lines<W: Write> {
    out: Writer<W>,
}

impl<W: Write> Lines<W> {
    /// Writes the headings.
    pub fn begin(out: W) -> io::Result<Self> {
        let mut out = WriterBuilder::new()
            .terminator(Terminator::CRLF)
            .quote_style(QuoteStyle::Necessary)
            .from_writer(out);
        out.write_record(COLUMNS).map_err(failed)?;
        Ok(Lines { out })
    }

    /// Writes an event.
    pub fn write(&mut self, recorded: &Recorded) -> io::Result<()> {
        let event = recorded_value(recorded);
        for column in COLUMNS {
            let cell = cell(&event, column);
            self.out
                .write_field(neutral(&cell).as_bytes())
                .map_err(failed)?;
        }
        self.out.write_record(None::<&[u8]>).map_err(failed)
    }

    /// Writes what is still held back.
    pub fn end(mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn cell<'v>(event: &'v Value<'_>, column: &str) -> Cow<'v, str> {
    let found = column
        .split('.')
        .try_fold(event, |value, name| value.get(name));
    match found {
        Some(Value::String(text)) => Cow::Borrowed(text),
        Some(value) => Cow::Owned(value.to_text()),
        // The event's own form leaves it out.
        None if column == "outcome" => Cow::Borrowed(Outcome::Success.word()),
        None => Cow::Borrowed(""),
    }
}

/// The text behind an apostrophe where a spreadsheet would calculate it.
fn neutral(text: &str) -> Cow<'_, str> {
    if text.starts_with(FORMULA) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The reason below, so that whoever looks for a broken pipe finds it.
fn failed(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use docket_event::{EventId, read_event};

    use super::*;

    fn lines(events: &[&str]) -> String {
        let mut text = Vec::new();
        let mut lines = Lines::begin(&mut text).unwrap();
        for (position, event) in (0..).zip(events) {
            lines
                .write(&Recorded {
                    event: read_event(event).unwrap(),
                    id: EventId::parse("01a1fc6d-1d68-711c-8000-0002e6ae9fc3").unwrap(),
                    position,
                    recorded_micros: 1_795_236_371_000_000,
                })
                .unwrap();
        }
        lines.end().unwrap();
        String::from_utf8(text).unwrap()
    }

    const FULL: &str = r#"{"type":"a.b","occurred_at":"2026-11-20T00:00:00Z",
        "actor":{"kind":"agent","id":"u","email":"e@x.y","name":"N","profile":{"a":1}},
        "on_behalf_of":{"kind":"user","id":"p","email":"p@x.y","name":"P","profile":[2],"reason":"r"},
        "credential":{"kind":"token","id":"t"},
        "source":{"ip":"1.2.3.4","user_agent":"curl","ja3":"3","ja4":"4","geo":{"country":"DE"}},
        "project":{"id":"pr","name":"Pr"},
        "targets":[{"kind":"key","id":"k","name":"K","data":{"x":"y"}}],
        "outcome":"failure","error":{"code":"c","message":"m"},
        "description":"d","details":["e","f"],"request_id":"q","data":{"n":1.50},
        "origin":{"surface":"native","account":"acc","id":"o","collected_at":"2026-11-21T00:00:00Z","extra":{"z":null}}}"#;

    #[test]
    fn every_member_of_an_event_has_a_column() {
        let text = lines(&[FULL]);
        let row = text.lines().nth(1).unwrap();
        let expected = "01a1fc6d-1d68-711c-8000-0002e6ae9fc3,a.b,2026-11-20T00:00:00Z,\
            2026-11-21T04:46:11Z,failure,agent,u,e@x.y,N,\"{\"\"a\"\":1}\",user,p,p@x.y,P,[2],r,token,t,\
            1.2.3.4,curl,3,4,\"{\"\"country\"\":\"\"DE\"\"}\",pr,Pr,\
            \"[{\"\"kind\"\":\"\"key\"\",\"\"id\"\":\"\"k\"\",\"\"name\"\":\"\"K\"\",\"\"data\"\":{\"\"x\"\":\"\"y\"\"}}]\",\
            c,m,d,\"[\"\"e\"\",\"\"f\"\"]\",q,\"{\"\"n\"\":1.50}\",native,acc,o,2026-11-21T00:00:00Z,\
            \"{\"\"z\"\":null}\"";
        assert_eq!(row, expected);
        let event = recorded_value(&Recorded {
            event: read_event(FULL).unwrap(),
            id: EventId::parse("01a1fc6d-1d68-711c-8000-0002e6ae9fc3").unwrap(),
            position: 0,
            recorded_micros: 0,
        });
        for (name, value) in event.as_object().unwrap() {
            let inner: Vec<String> = match value {
                Value::Object(members) if name != "data" => members
                    .iter()
                    .map(|(inner, _)| format!("{name}.{inner}"))
                    .collect(),
                _ => vec![name.to_string()],
            };
            for path in inner {
                assert!(COLUMNS.contains(&path.as_str()), "{path}");
            }
        }
    }

    #[test]
    fn formulas_are_neutralised_and_the_rest_is_quoted_where_it_must_be() {
        let text = lines(&[
            r#"{"type":"a.b","description":"=1+1","request_id":"+1","actor":{"id":"@x","name":"-2"},"data":-3}"#,
            r#"{"type":"a.b","description":"\tx","request_id":"\rx","actor":{"id":"a,b","name":"say \"hi\""}}"#,
            r#"{"type":"a.b","description":"two\nlines","request_id":"a=b","actor":{"id":"'x","name":"é"}}"#,
        ]);
        let rows: Vec<&str> = text.split_terminator("\r\n").collect();
        assert_eq!(rows.len(), 4, "{rows:?}");
        assert_eq!(rows[0], COLUMNS.join(","));
        let cells = |row: usize| rows[row].split_once(",success,").unwrap().1;
        let (rest, gap) = (",,,,,,,,,,,,,,,,,,", ",");
        assert_eq!(
            cells(1),
            format!("user,'@x,,'-2{rest}{gap},'=1+1,,'+1,'-3,,,,,")
        );
        assert_eq!(
            cells(2),
            format!("user,\"a,b\",,\"say \"\"hi\"\"\"{rest}{gap},'\tx,,\"'\rx\",,,,,,")
        );
        assert_eq!(
            cells(3),
            format!("user,'x,,é{rest}{gap},\"two\nlines\",,a=b,,,,,,")
        );
    }
}
