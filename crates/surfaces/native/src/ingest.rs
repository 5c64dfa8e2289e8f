//! From the native JSON form to an event: an id and a recorded time that the sender brings move to the origin.

use docket_event::json::{Kind, Node, Outline};
use docket_event::vocabulary::Surface;
use docket_event::{
    Event, Fault, Faults, Json, Origin, TEXT_BYTES_MAX, Timestamp, Value, read_beside,
};

use crate::NAME;

/// The surface of what Docket records of itself.
const DOCKET: &str = "docket";
/// Members of `origin.extra` in which an event keeps what it was called where it came from.
const ID: &str = "id";
const RECORDED_AT: &str = "recorded_at";
/// The same of the Docket before, and of the one before that.
const EARLIER: &str = "earlier";
/// Members of `origin.extra` by which a surface prints an entry as it came in.
const PATCH: [&str; 4] = ["set", "cut", "text", "type"];
/// What the origin was, where it could not stay.
const ORIGIN: &str = "origin";

/// Reads an event that a client sends. An origin that says `docket` is left for
/// [`docket_event::check_event`] to refuse.
///
/// # Errors
/// Every fault found.
pub fn read(text: &str, account: Option<&str>) -> Result<Event, Faults> {
    let (brought, mut event) = parts(text)?;
    if let Some(fault) = patched(&event) {
        return Err(vec![fault]);
    }
    settle(&mut event, brought, account)?;
    Ok(event)
}

/// What is wrong with an origin that tells how a vendor's surface should print the event: only that surface
/// may say so, from an entry that it has read.
fn patched(event: &Event) -> Option<Fault> {
    let origin = event.origin.as_ref()?;
    Surface::parse(&origin.surface)?;
    let extra = origin.extra.as_ref()?.outline();
    PATCH.iter().find(|name| extra.root().get(name).is_some())?;
    let reason = format!(
        "is for what came in as an entry of that surface; send the entry itself with format={}",
        origin.surface
    );
    Some(Fault::new("origin.extra", reason))
}

/// Reads an event of another Docket's export. What that one recorded of itself becomes an event of ours whose
/// origin tells so.
///
/// # Errors
/// Every fault found.
pub fn import(value: &Value<'_>, account: Option<&str>) -> Result<Event, Faults> {
    let (brought, mut event) = parts(&value.to_text())?;
    if event
        .origin
        .as_ref()
        .is_some_and(|origin| origin.surface == DOCKET)
    {
        let mut extra = Value::Object(Vec::new());
        extra.set(ORIGIN, value.get(ORIGIN).cloned().unwrap_or(Value::Null));
        event.origin = Some(Origin {
            surface: NAME.to_owned(),
            extra: Some(Json::of(&extra)),
            ..Origin::default()
        });
    }
    settle(&mut event, brought, account)?;
    Ok(event)
}

/// What the sender says that the event was called elsewhere.
#[derive(Default)]
struct Brought {
    id: Option<String>,
    recorded_at: Option<String>,
}

fn parts(text: &str) -> Result<(Brought, Event), Faults> {
    let document = Outline::read(text).map_err(|error| vec![error.into()])?;
    let mut faults = Faults::new();
    let brought = Brought {
        id: member(document.root(), ID, &mut faults),
        recorded_at: member(document.root(), RECORDED_AT, &mut faults),
    };
    if let Some(Err(reason)) = brought.recorded_at.as_deref().map(Timestamp::parse) {
        faults.push(Fault::new(RECORDED_AT, reason));
    }
    match read_beside(&document, &[ID, RECORDED_AT]) {
        Ok(event) if faults.is_empty() => Ok((brought, event)),
        Ok(_) => Err(faults),
        Err(more) => {
            faults.extend(more);
            Err(faults)
        }
    }
}

fn member(event: Node<'_, '_>, name: &str, faults: &mut Faults) -> Option<String> {
    let node = event.get(name).filter(|node| node.kind() != Kind::Null)?;
    let reason = match node.string() {
        Some(text) if text.is_empty() => "is empty".to_owned(),
        Some(text) if text.len() > TEXT_BYTES_MAX => {
            format!(
                "has {} bytes; at most {TEXT_BYTES_MAX} are kept",
                text.len()
            )
        }
        Some(text) => return Some(text.into_owned()),
        None => format!("is {}; write a string", node.kind().words()),
    };
    faults.push(Fault::new(name, reason));
    None
}

/// Puts into the origin what was brought. An origin that has an id keeps it.
fn settle(event: &mut Event, brought: Brought, account: Option<&str>) -> Result<(), Faults> {
    if brought.id.is_none() && brought.recorded_at.is_none() && account.is_none() {
        return Ok(());
    }
    let origin = event.origin.get_or_insert_with(|| Origin {
        surface: NAME.to_owned(),
        ..Origin::default()
    });
    if origin.account.is_none() {
        origin.account = account.map(str::to_owned);
    }
    let mut extra = Vec::new();
    match brought.id {
        Some(id) if origin.id.is_some() => extra.push((ID, id)),
        id => origin.id = origin.id.take().or(id),
    }
    extra.extend(brought.recorded_at.map(|time| (RECORDED_AT, time)));
    if !extra.is_empty() {
        origin.extra = Some(Json::of(&extended(origin.extra.as_ref(), extra)?));
    }
    Ok(())
}

/// The old members and the new ones; old ones of the same names move to `earlier`.
fn extended<'j>(
    old: Option<&'j Json>,
    new: Vec<(&'static str, String)>,
) -> Result<Value<'j>, Faults> {
    let mut members = match old.map(Json::value) {
        None => Vec::new(),
        Some(Value::Object(members)) => members,
        Some(other) => {
            let reason = format!("is {}; write an object", other.kind());
            return Err(vec![Fault::new("origin.extra", reason)]);
        }
    };
    if members
        .iter()
        .any(|(name, _)| name == ID || name == RECORDED_AT)
    {
        let theirs = |name: &str| matches!(name, ID | RECORDED_AT | EARLIER);
        let (earlier, kept) = members.into_iter().partition(|(name, _)| theirs(name));
        members = kept;
        members.push((EARLIER.into(), Value::Object(earlier)));
    }
    let new = new
        .into_iter()
        .map(|(name, text)| (name.into(), Value::string(text)));
    members.extend(new);
    Ok(Value::Object(members))
}

#[cfg(test)]
mod tests {
    use super::*;
    use docket_event::json::parse;
    use docket_surfaces_kit::contract::ReadText;

    fn imported(text: &str, account: Option<&str>) -> Result<Event, Faults> {
        import(&parse(text).unwrap(), account)
    }

    fn check(with: ReadText, text: &str, account: Option<&str>, origin: &str) {
        let event = with(text, account).unwrap();
        let mut written = String::new();
        docket_event::write_event(&mut written, &event);
        let value = parse(&written).unwrap();
        let found = value.get("origin").map(Value::to_text).unwrap_or_default();
        assert_eq!(found, origin, "{text}");
    }

    #[test]
    fn what_an_event_was_called_elsewhere_moves_to_its_origin() {
        check(read, r#"{"type":"a.b"}"#, None, "");
        check(
            read,
            r#"{"type":"a.b","id":"7","recorded_at":"2026-01-01T00:00:00+01:00"}"#,
            None,
            r#"{"surface":"native","id":"7","extra":{"recorded_at":"2026-01-01T00:00:00+01:00"}}"#,
        );
        check(
            read,
            r#"{"type":"a.b","id":"7","origin":{"surface":"openai","id":"v","extra":{"x":1}}}"#,
            Some("acme"),
            r#"{"surface":"openai","account":"acme","id":"v","extra":{"x":1,"id":"7"}}"#,
        );
        check(
            read,
            r#"{"type":"a.b","id":"9","origin":{"surface":"native","id":"7","extra":{"id":"8"}}}"#,
            None,
            r#"{"surface":"native","id":"7","extra":{"earlier":{"id":"8"},"id":"9"}}"#,
        );
        check(
            read,
            r#"{"type":"a.b","id":"9","origin":{"surface":"docket"}}"#,
            None,
            r#"{"surface":"docket","id":"9"}"#,
        );
        check(
            imported,
            r#"{"type":"a.b","id":"9","recorded_at":"2026-01-01T00:00:00Z","origin":{"surface":"docket"}}"#,
            None,
            r#"{"surface":"native","id":"9","extra":{"origin":{"surface":"docket"},"recorded_at":"2026-01-01T00:00:00Z"}}"#,
        );
    }

    #[test]
    fn only_a_surface_says_how_it_prints() {
        let text =
            r#"{"type":"a.b","origin":{"surface":"openai","id":"v","extra":{"set":[[[],null]]}}}"#;
        let faults = read(text, None).unwrap_err();
        assert_eq!(
            faults
                .iter()
                .map(|fault| fault.path.as_str())
                .collect::<Vec<_>>(),
            ["origin.extra"]
        );
        assert!(imported(text, None).is_ok());
    }

    #[test]
    fn faults_of_both_parts_are_told_together() {
        let text = r#"{"id":1,"recorded_at":"soon","typ":"a.b"}"#;
        let faults = read(text, None).unwrap_err();
        let paths: Vec<&str> = faults.iter().map(|fault| fault.path.as_str()).collect();
        assert_eq!(paths, ["id", "recorded_at", "type", "typ"]);
        assert!(read("null", None).is_err());
    }
}
