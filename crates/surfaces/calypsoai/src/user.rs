//! The `user` of an entry: who did it, as they stood when it was written.

use std::borrow::Cow;

use docket_event::{Actor, ActorKind, Event, STANDING, Value};

use crate::entry::is_own;

/// Members that the event's actor has fields for.
pub const FIELDS: [&str; 3] = ["id", "email", "name"];
/// Marks a user that is no person; printed only when true.
pub const MACHINE: &str = "machine";
/// Who has this permission administers the organization.
const ADMIN: &str = "access:admin";

/// The user of an event's entry, all members in their order. `org` is the organization that is asked.
pub fn user<'a>(event: &'a Event, org: &'a str) -> Value<'a> {
    let mut user = blank(org);
    let Some(actor) = &event.actor else {
        return user;
    };
    if actor.kind != ActorKind::User {
        user.set(MACHINE, Value::Bool(true));
    }
    let profile = actor.profile.as_ref().map(|profile| profile.value());
    match profile {
        Some(Value::Object(members)) if is_own(event) => {
            for (name, value) in members {
                user.set(&name, value);
            }
        }
        Some(profile) => {
            if let Some(member) = profile.get(STANDING) {
                stood(&mut user, member, org);
            }
        }
        None => {}
    }
    for (name, text) in FIELDS.into_iter().zip(fields(actor)) {
        if let Some(text) = text {
            user.set(name, Value::string(text));
        }
    }
    user
}

/// The values of [`FIELDS`].
pub fn fields(actor: &Actor) -> [Option<&str>; 3] {
    [&actor.id, &actor.email, &actor.name].map(|text| text.as_deref())
}

fn blank(org: &str) -> Value<'_> {
    let list = || Value::Array(Vec::new());
    let text = || Value::string("");
    Value::object([
        ("admin", Value::Null),
        ("blocked", Value::Bool(false)),
        ("createdAt", Value::Null),
        ("email", text()),
        ("id", text()),
        ("lastInvitationSentAt", Value::Null),
        ("name", text()),
        ("org", Value::string(org)),
        ("permissions", list()),
        ("roleIds", list()),
        ("roles", list()),
        ("social", Value::Bool(false)),
        ("teams", list()),
        ("verified", Value::Bool(true)),
    ])
}

/// Fills in how a member of ours stood.
fn stood<'a>(user: &mut Value<'a>, member: &Value<'a>, org: &str) {
    for (ours, theirs) in [
        ("email", "email"),
        ("name", "name"),
        ("created_at", "createdAt"),
    ] {
        if let Some(text) = member.get(ours).filter(|value| value.as_str().is_some()) {
            user.set(theirs, text.clone());
        }
    }
    if let Some(role) = member.get("role").filter(|value| value.as_str().is_some()) {
        user.set("roles", Value::Array(vec![role.clone()]));
    }
    if let Some(Value::Bool(blocked)) = member.get("blocked") {
        user.set("blocked", Value::Bool(*blocked));
    }
    if let Some(names) = member.get("permissions").and_then(Value::as_array) {
        let names = names.iter().filter_map(Value::as_str);
        let permissions = names.clone().map(|name| permission(name, org));
        user.set("permissions", Value::Array(permissions.collect()));
        let admin = names.clone().any(|name| name == ADMIN);
        user.set("admin", Value::Bool(admin));
    }
}

/// A permission of ours in the vendor's three parts: what it is for, its id, what it allows.
fn permission(name: &str, org: &str) -> Value<'static> {
    let name = name.replace(':', "_");
    Value::String(Cow::Owned(format!("organization:{org}:{name}")))
}
