//! Event ⇄ what is stored and hashed of it: body and personal part, entry and leaf.
//!
//! `entry = 0x01 ‖ body ‖ SHA-256(salt ‖ personal) ‖ id (16) ‖ recorded_at (8, µs, big endian)` and
//! `leaf = SHA-256(0x00 ‖ entry)` (RFC 6962 §2.1). Both parts are compact JSON and are stored as hashed:
//! nobody ever has to canonicalise them. The salt keeps a hash from telling what could be guessed, so the
//! personal part can be destroyed while the tree stands.

use std::borrow::Cow;

use docket_event::json::{Node, ObjectWriter, Outline, write_array, write_string};
use docket_event::vocabulary::vocabulary;
use docket_event::{
    Event, EventId, Fault, Json, Source, read_source, read_stored, write_event, write_source,
};
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

/// Room for the parts of most events.
const BODY_BYTES: usize = 768;
const PERSONAL_BYTES: usize = 512;

/// Splits an event.
pub fn split(mut event: Event) -> Parts {
    let mut personal = String::with_capacity(PERSONAL_BYTES);
    let mut object = ObjectWriter::open(&mut personal);
    if let Some(actor) = &mut event.actor {
        let (email, name) = (actor.email.take(), actor.name.take());
        let (texts, profile) = ([email, name], actor.profile.take());
        split_person(&mut object, "actor", texts, profile.as_ref());
    }
    if let Some(other) = &mut event.on_behalf_of {
        let (email, name) = (other.email.take(), other.name.take());
        let (texts, profile) = ([email, name], other.profile.take());
        split_person(&mut object, "on_behalf_of", texts, profile.as_ref());
    }
    object.inner("source", event.source.take().as_ref(), write_source);
    if event.targets.iter().any(|target| target.name.is_some()) {
        let names = event.targets.iter_mut().map(|target| target.name.take());
        object.member("targets", |out| {
            write_array(out, names, |out, name| match name {
                Some(name) => write_string(out, &name),
                None => out.push_str("null"),
            });
        });
    }
    if let Some(origin) = &mut event.origin {
        let extra = origin.extra.take();
        object.inner_if_any("origin", |inner| inner.json("extra", extra.as_ref()));
    }
    split_listed(&mut event, &mut object);
    object.close();
    let mut body = String::with_capacity(BODY_BYTES);
    write_event(&mut body, &event);
    Parts {
        body,
        personal: Personal::Kept(personal),
    }
}

fn split_person(
    personal: &mut ObjectWriter<'_>,
    whose: &str,
    [email, name]: [Option<String>; 2],
    profile: Option<&Json>,
) {
    personal.inner_if_any(whose, |inner| {
        inner.text("email", email.as_deref());
        inner.text("name", name.as_deref());
        inner.json("profile", profile);
    });
}

/// Takes out what the vocabulary marks as personal for the event's type.
fn split_listed(event: &mut Event, personal: &mut ObjectWriter<'_>) {
    let mut inside: Vec<&[String]> = Vec::new();
    for path in vocabulary().personal_paths(&event.event_type) {
        match path.split_first() {
            Some((first, [])) if first == "data" => {
                personal.json("data", event.data.take().as_ref());
            }
            Some((first, [])) if first == "details" => {
                personal.texts("details", &std::mem::take(&mut event.details));
            }
            Some((first, rest)) if first == "data" => inside.push(rest),
            Some((first, [second])) if first == "error" && second == "message" => {
                let message = event.error.as_mut().and_then(|error| error.message.take());
                personal.inner_if_any("error", |inner| inner.text("message", message.as_deref()));
            }
            Some(_) | None => {}
        }
    }
    if let Some(data) = &mut event.data {
        let taken = cover(data, &inside);
        if !taken.is_empty() {
            personal.member("data_at", |out| write_array(out, &taken, write_taken));
        }
    }
}

/// What stood at a path of the payload.
type Taken<'p> = (&'p [String], Json);

/// Puts null where the paths lead, one after the other; the answer is what stood there.
fn cover<'p>(data: &mut Json, paths: &[&'p [String]]) -> Vec<Taken<'p>> {
    if paths.is_empty() {
        return Vec::new();
    }
    let outline = data.outline();
    let found = paths
        .iter()
        .filter(|path| outline.root().at(path).is_some());
    let found: Vec<&'p [String]> = found.copied().collect();
    drop(outline);
    // One path may lead into what stood at another.
    let taken = found
        .into_iter()
        .map(|path| (path, data.replace(path, &Json::null())));
    taken
        .filter_map(|(path, value)| Some((path, value?)))
        .collect()
}

fn write_taken(out: &mut String, (path, value): &Taken<'_>) {
    out.push('[');
    write_array(out, *path, |out, step| write_string(out, step));
    out.push(',');
    out.push_str(value.text());
    out.push(']');
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
    let personal = Outline::read(personal).map_err(|_| wrong)?;
    for member in personal.root().members().ok_or(wrong)? {
        put_back(&mut event, member).ok_or(wrong)?;
    }
    Ok(event)
}

fn put_back(event: &mut Event, member: Node<'_, '_>) -> Option<()> {
    let string = |node: Node<'_, '_>| node.string().map(Cow::into_owned);
    let text = |name: &str| member.get(name).and_then(string);
    let json = |name: &str| member.get(name).map(Json::of_node);
    match &*member.name() {
        "actor" => {
            let actor = event.actor.as_mut()?;
            (actor.email, actor.name) = (text("email"), text("name"));
            actor.profile = json("profile");
        }
        "on_behalf_of" => {
            let other = event.on_behalf_of.as_mut()?;
            (other.email, other.name) = (text("email"), text("name"));
            other.profile = json("profile");
        }
        "source" => {
            let source = read_source(member).ok()?;
            event.source = (source != Source::default()).then_some(source);
        }
        "targets" => {
            let names = member.elements()?;
            if member.count() != event.targets.len() {
                return None;
            }
            for (target, name) in event.targets.iter_mut().zip(names) {
                target.name = string(name);
            }
        }
        "origin" => event.origin.as_mut()?.extra = json("extra"),
        "data" => event.data = Some(Json::of_node(member)),
        "data_at" => uncover(event.data.as_mut()?, member)?,
        "details" => event.details = member.elements()?.map(string).collect::<Option<_>>()?,
        "error" => event.error.as_mut()?.message = text("message"),
        _ => return None,
    }
    Some(())
}

/// Puts back what [`cover`] took.
fn uncover(data: &mut Json, taken: Node<'_, '_>) -> Option<()> {
    for pair in taken.elements()? {
        let mut pair = pair.elements()?;
        let (path, value, None) = (pair.next()?, pair.next()?, pair.next()) else {
            return None;
        };
        let path: Vec<Cow<'_, str>> = path.elements()?.map(Node::string).collect::<Option<_>>()?;
        data.replace(&path, &Json::of_node(value))?;
    }
    Some(())
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
