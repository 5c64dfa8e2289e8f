//! Event ⇄ what is stored and hashed of it: body and personal part, entry and leaf.
//!
//! `entry = 0x01 ‖ body ‖ SHA-256(salt ‖ personal) ‖ id (16) ‖ recorded_at (8, µs, big endian)` and
//! `leaf = SHA-256(0x00 ‖ entry)` (RFC 6962 §2.1). Both parts are compact JSON and are stored as hashed:
//! nobody ever has to canonicalise them. The salt keeps a hash from telling what could be guessed, so the
//! personal part can be destroyed while the tree stands.

use docket_event::json::{parse, write_string};
use docket_event::vocabulary::vocabulary;
use docket_event::{Event, EventId, Fault, Json, Value, read_event, read_stored, write_event};
use docket_merkle::{Hash, LeafHasher};
use sha2::{Digest, Sha256};

use crate::codec::Malformed;

/// First byte of every entry.
const ENTRY_VERSION: u8 = 1;
/// Bytes of a salt.
pub const SALT_BYTES: usize = 16;

/// The two parts of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// What stays for ever.
    pub body: String,
    /// What can be destroyed.
    pub personal: Personal,
}

/// The personal part of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Personal {
    /// Compact JSON; `{}` when there is nothing personal.
    Kept(String),
    /// It was destroyed; this is the SHA-256 of salt and part.
    Erased([u8; 32]),
}

impl Personal {
    /// What the entry says of the part: SHA-256(salt ‖ personal).
    pub fn commitment(&self, salt: &[u8; SALT_BYTES]) -> [u8; 32] {
        match self {
            Personal::Kept(text) => Sha256::new()
                .chain_update(salt)
                .chain_update(text.as_bytes())
                .finalize()
                .into(),
            Personal::Erased(commitment) => *commitment,
        }
    }
}

impl Parts {
    /// Bytes of both parts.
    pub fn len(&self) -> usize {
        let personal = match &self.personal {
            Personal::Kept(text) => text.len(),
            Personal::Erased(commitment) => commitment.len(),
        };
        self.body.len() + personal
    }

    /// Whether there is nothing in it; never so for an event.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The leaf's hash up to the last 24 bytes of its entry, which are known only when the event has its place.
pub fn begin_leaf(parts: &Parts, salt: &[u8; SALT_BYTES]) -> LeafHasher {
    let mut leaf = LeafHasher::new();
    leaf.update(&[ENTRY_VERSION]);
    leaf.update(parts.body.as_bytes());
    leaf.update(&parts.personal.commitment(salt));
    leaf
}

/// The leaf's hash.
pub fn finish_leaf(mut begun: LeafHasher, id: EventId, recorded_micros: i64) -> Hash {
    begun.update(&id.to_bytes());
    begun.update(&recorded_micros.to_be_bytes());
    begun.finish()
}

/// The bytes whose leaf hash stands in the tree.
pub fn entry(parts: &Parts, salt: &[u8; SALT_BYTES], id: EventId, recorded_micros: i64) -> Vec<u8> {
    let mut entry = vec![ENTRY_VERSION];
    entry.extend(parts.body.as_bytes());
    entry.extend(parts.personal.commitment(salt));
    entry.extend(id.to_bytes());
    entry.extend(recorded_micros.to_be_bytes());
    entry
}

/// Splits an event.
pub fn split(mut event: Event) -> Parts {
    let mut personal = ObjectText::default();
    if let Some(actor) = &mut event.actor {
        let taken = [
            text(actor.email.take()),
            text(actor.name.take()),
            json(actor.profile.take()),
        ];
        personal.inner("actor", PERSON.into_iter().zip(taken));
    }
    if let Some(other) = &mut event.on_behalf_of {
        let taken = [
            text(other.email.take()),
            text(other.name.take()),
            json(other.profile.take()),
        ];
        personal.inner("on_behalf_of", PERSON.into_iter().zip(taken));
    }
    if let Some(source) = event.source.take() {
        let alone = Event {
            source: Some(source),
            ..Event::default()
        };
        let mut whole = String::new();
        write_event(&mut whole, &alone);
        let value = parse(&whole).expect("what the writer writes is JSON");
        personal.member("source", value.get("source").map(Value::to_text));
    }
    if event.targets.iter().any(|target| target.name.is_some()) {
        let names = event.targets.iter_mut().map(|target| target.name.take());
        let names = names
            .map(|name| name.map_or(Value::Null, Value::string))
            .collect();
        personal.member("targets", Some(Value::Array(names).to_text()));
    }
    if let Some(origin) = &mut event.origin {
        personal.inner("origin", [("extra", json(origin.extra.take()))]);
    }
    split_listed(&mut event, &mut personal);
    let mut body = String::new();
    write_event(&mut body, &event);
    Parts {
        body,
        personal: Personal::Kept(personal.close()),
    }
}

const PERSON: [&str; 3] = ["email", "name", "profile"];

/// Takes out what the vocabulary marks as personal for the event's type.
fn split_listed(event: &mut Event, personal: &mut ObjectText) {
    let mut covered: Option<Value<'static>> = None;
    let mut taken = Vec::new();
    for path in vocabulary().personal_paths(&event.event_type) {
        let steps: Vec<&str> = path.iter().map(String::as_str).collect();
        match steps.as_slice() {
            ["data"] => personal.member("data", json(event.data.take())),
            ["details"] if !event.details.is_empty() => {
                let details = std::mem::take(&mut event.details);
                let details = details.into_iter().map(Value::string).collect();
                personal.member("details", Some(Value::Array(details).to_text()));
            }
            ["error", "message"] => {
                let message = event.error.as_mut().and_then(|error| error.message.take());
                personal.inner("error", [("message", text(message))]);
            }
            ["data", inner @ ..] => {
                let Some(data) = &event.data else { continue };
                let root = covered.take().unwrap_or_else(|| data.value().into_owned());
                covered = Some(cover(root, inner, &mut taken));
            }
            _ => {}
        }
    }
    if let (Some(covered), false) = (covered, taken.is_empty()) {
        event.data = Some(Json::of(&covered));
        personal.member("data_at", Some(Value::Array(taken).to_text()));
    }
}

/// Puts null where `path` leads, and what stood there into `taken` with its path.
fn cover(
    mut root: Value<'static>,
    path: &[&str],
    taken: &mut Vec<Value<'static>>,
) -> Value<'static> {
    if let Some(found) = find_mut(&mut root, path) {
        let value = std::mem::replace(found, Value::Null);
        let steps = path
            .iter()
            .map(|step| Value::string((*step).to_owned()))
            .collect();
        taken.push(Value::Array(vec![Value::Array(steps), value]));
    }
    root
}

fn find_mut<'v, 'a>(root: &'v mut Value<'a>, path: &[&str]) -> Option<&'v mut Value<'a>> {
    path.iter().try_fold(root, |value, step| match value {
        Value::Object(members) => members
            .iter_mut()
            .find(|(name, _)| name == step)
            .map(|(_, member)| member),
        _ => None,
    })
}

/// Puts an event together again; an erased personal part leaves gaps.
///
/// # Errors
/// The parts are not what [`split`] makes.
pub fn merge(parts: &Parts) -> Result<Event, Malformed> {
    let mut event = read_stored(&parts.body).map_err(|_| Malformed("the body is no event"))?;
    let Personal::Kept(personal) = &parts.personal else {
        return Ok(event);
    };
    if personal == "{}" {
        return Ok(event);
    }
    let wrong = Malformed("the personal part is not what was split off");
    let personal = parse(personal).map_err(|_| wrong)?;
    for (name, value) in personal.as_object().ok_or(wrong)? {
        put_back(&mut event, name, value).ok_or(wrong)?;
    }
    Ok(event)
}

fn put_back(event: &mut Event, name: &str, value: &Value<'_>) -> Option<()> {
    let string = |value: &Value<'_>| value.as_str().map(str::to_owned);
    let inner = |name: &str| value.get(name);
    match name {
        "actor" => {
            let actor = event.actor.as_mut()?;
            actor.email = inner("email").and_then(string);
            actor.name = inner("name").and_then(string);
            actor.profile = inner("profile").map(Json::of);
        }
        "on_behalf_of" => {
            let other = event.on_behalf_of.as_mut()?;
            other.email = inner("email").and_then(string);
            other.name = inner("name").and_then(string);
            other.profile = inner("profile").map(Json::of);
        }
        "source" => {
            let alone = format!("{{\"type\":\"a.b\",\"source\":{}}}", value.to_text());
            event.source = read_event(&alone).ok()?.source;
        }
        "targets" => {
            let names = value
                .as_array()
                .filter(|names| names.len() == event.targets.len())?;
            for (target, name) in event.targets.iter_mut().zip(names) {
                target.name = string(name);
            }
        }
        "origin" => event.origin.as_mut()?.extra = inner("extra").map(Json::of),
        "data" => event.data = Some(Json::of(value)),
        "data_at" => event.data = Some(uncover(event.data.as_ref()?, value)?),
        "details" => {
            event.details = value
                .as_array()?
                .iter()
                .map(string)
                .collect::<Option<_>>()?
        }
        "error" => event.error.as_mut()?.message = inner("message").and_then(string),
        _ => return None,
    }
    Some(())
}

fn uncover(data: &Json, taken: &Value<'_>) -> Option<Json> {
    let mut root = data.value().into_owned();
    for pair in taken.as_array()? {
        let [Value::Array(steps), value] = pair.as_array()? else {
            return None;
        };
        let steps: Vec<&str> = steps.iter().map(Value::as_str).collect::<Option<_>>()?;
        *find_mut(&mut root, &steps)? = value.clone().into_owned();
    }
    Some(Json::of(&root))
}

fn text(text: Option<String>) -> Option<String> {
    text.map(|text| {
        let mut quoted = String::with_capacity(text.len() + 2);
        write_string(&mut quoted, &text);
        quoted
    })
}

fn json(json: Option<Json>) -> Option<String> {
    json.map(|json| json.text().to_owned())
}

/// An object whose members come as JSON text; absent ones are left out.
#[derive(Default)]
struct ObjectText {
    members: String,
}

impl ObjectText {
    fn member(&mut self, name: &str, value: Option<String>) {
        if let Some(value) = value {
            if !self.members.is_empty() {
                self.members.push(',');
            }
            write_string(&mut self.members, name);
            self.members.push(':');
            self.members.push_str(&value);
        }
    }

    fn inner<'n>(
        &mut self,
        name: &str,
        members: impl IntoIterator<Item = (&'n str, Option<String>)>,
    ) {
        let mut inner = ObjectText::default();
        for (name, value) in members {
            inner.member(name, value);
        }
        if !inner.members.is_empty() {
            self.member(name, Some(inner.close()));
        }
    }

    fn close(self) -> String {
        format!("{{{}}}", self.members)
    }
}

/// The fault of an event whose parts are too large to store.
pub fn too_large(bytes: usize) -> Fault {
    let max = docket_event::EVENT_BYTES_MAX;
    Fault::new(
        "",
        format!("the event has {bytes} bytes; at most {max} are stored"),
    )
}

#[cfg(test)]
mod tests;
