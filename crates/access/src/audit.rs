//! The events that tell of changes to access.

use docket_event::{
    Actor, ActorKind, Credential, Event, Json, Origin, Project, Source, Target, Timestamp, Value,
};

use crate::permission::{Permission, Permissions};

/// Id of the actor of everything that is done on the command line.
pub(crate) const COMMAND_LINE: &str = "docket-cli";
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
            ..Caller::default()
        }
    }

    /// An event of Docket about itself, made by this caller.
    pub fn event(&self, event_type: &str, targets: Vec<Target>, data: &Value<'_>) -> Event {
        Event {
            event_type: event_type.to_owned(),
            actor: Some(self.actor.clone()),
            credential: self.credential.clone(),
            source: self.source.clone(),
            request_id: self.request_id.clone(),
            targets,
            data: Some(Json::of(data)),
            origin: Some(Origin {
                surface: SURFACE.to_owned(),
                ..Origin::default()
            }),
            ..Event::default()
        }
    }
}

/// What changed: the members before and after, those that are there.
pub(crate) fn before_after<'a>(before: Option<Value<'a>>, after: Option<Value<'a>>) -> Value<'a> {
    let members = [("before", before), ("after", after)];
    Value::object(
        members
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?))),
    )
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
