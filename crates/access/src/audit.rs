//! The events that tell of changes to access.

use docket_event::{
    Actor, ActorKind, Credential, Event, Json, Origin, Project, Source, Target, Timestamp, Value,
};

use serde_json::Value as JsonValue;

use crate::AccessError;
use crate::authority::Authority;
use crate::permission::{Permission, Permissions};

/// Id of the actor of everything that is done on the command line.
pub(crate) const COMMAND_LINE: &str = "docket-cli";
/// Id of the actor of what the server does by itself.
pub(crate) const SERVER: &str = "docket-server";
/// Surface of what Docket records of itself.
const SURFACE: &str = "docket";

/// Who makes a change, from where: what its event tells of its maker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub actor: Actor,
    /// With which credential.
    pub credential: Option<Credential>,
    /// From where.
    pub source: Option<Source>,
    /// In which request.
    pub request_id: Option<String>,
    /// What the maker may hand on; by default nothing.
    pub authority: Authority,
}

impl Caller {
    /// The command line, run by this user of the operating system.
    pub fn command_line(user: Option<&str>) -> Self {
        let profile = user.map(|user| Json::of(&Value::object([("user", Value::string(user))])));
        let actor = Actor {
            kind: ActorKind::System,
            id: Some(COMMAND_LINE.to_owned()),
            profile,
            ..Actor::default()
        };
        Caller {
            actor,
            authority: Authority::ALL,
            ..Caller::default()
        }
    }

    /// The server itself, such as when it carries out what an organization has set.
    pub fn server() -> Self {
        let actor = Actor {
            kind: ActorKind::System,
            id: Some(SERVER.to_owned()),
            ..Actor::default()
        };
        Caller {
            actor,
            authority: Authority::ALL,
            ..Caller::default()
        }
    }

    /// An event of Docket about itself, made by this caller.
    pub fn event(&self, event_type: &str, targets: Vec<Target>, data: &Value<'_>) -> Event {
        self.event_of(event_type, targets, Some(Json::of(data)))
    }

    /// The event that tells of a change: what was before, what is after.
    pub(crate) fn tells(
        &self,
        event_type: &str,
        targets: Vec<Target>,
        before: Option<Attributes>,
        after: Option<Attributes>,
    ) -> Result<Event, AccessError> {
        let members = [("before", before), ("after", after)];
        let members: Attributes = members
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), JsonValue::Object(value?))))
            .collect();
        let unreadable = |error: &dyn std::fmt::Display| {
            AccessError::Corrupt(format!("the data of {event_type}: {error}"))
        };
        let text = serde_json::to_string(&members).map_err(|error| unreadable(&error))?;
        let data = Json::read(&text).map_err(|error| unreadable(&error))?;
        let data = (!members.is_empty()).then_some(data);
        Ok(self.event_of(event_type, targets, data))
    }

    fn event_of(&self, event_type: &str, targets: Vec<Target>, data: Option<Json>) -> Event {
        Event {
            event_type: event_type.to_owned(),
            actor: Some(self.actor.clone()),
            credential: self.credential.clone(),
            source: self.source.clone(),
            request_id: self.request_id.clone(),
            targets,
            data,
            origin: Some(Origin {
                surface: SURFACE.to_owned(),
                ..Origin::default()
            }),
            ..Event::default()
        }
    }
}

/// The members of a JSON object.
pub(crate) type Attributes = serde_json::Map<String, JsonValue>;

/// The members of an object that say something.
pub(crate) fn attributes(value: JsonValue) -> Attributes {
    match value {
        JsonValue::Object(mut members) => {
            members.retain(|_, value| !value.is_null());
            members
        }
        _ => Attributes::new(),
    }
}

/// The members that differ, before and after; `None` if none does.
pub(crate) fn changed(
    mut before: Attributes,
    mut after: Attributes,
) -> Option<(Attributes, Attributes)> {
    let same: Vec<String> = before
        .iter()
        .filter(|(name, value)| after.get(*name) == Some(*value))
        .map(|(name, _)| name.clone())
        .collect();
    for name in same {
        before.remove(&name);
        after.remove(&name);
    }
    (!before.is_empty() || !after.is_empty()).then_some((before, after))
}

/// An object of the members that are there.
pub(crate) fn object<'a, const N: usize>(members: [(&'a str, Option<Value<'a>>); N]) -> Value<'a> {
    Value::object(
        members
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?))),
    )
}

pub(crate) fn text(text: &str) -> Option<Value<'_>> {
    Some(Value::string(text))
}

pub(crate) fn time(micros: i64) -> Option<Value<'static>> {
    Timestamp::from_micros(micros).map(|time| Value::string(time.to_string()))
}

pub(crate) fn scopes(permissions: Permissions) -> Option<Value<'static>> {
    let names = permissions.iter().map(Permission::name).map(Value::string);
    Some(Value::Array(names.collect()))
}

pub(crate) fn target(kind: &str, id: &str, name: Option<&str>) -> Target {
    Target {
        kind: kind.to_owned(),
        id: Some(id.to_owned()),
        name: name.map(str::to_owned),
        data: None,
    }
}

pub(crate) fn project(id: Option<&str>) -> Option<Project> {
    id.map(|id| Project {
        id: Some(id.to_owned()),
        name: None,
    })
}
