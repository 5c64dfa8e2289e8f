//! Payloads: which of their members are targets, and how one is made for an event from elsewhere.
//!
//! Both directions follow the vocabulary's rules, which name every member by its path.

use std::borrow::Cow;

use docket_event::vocabulary::{ErrorPart, Source, Surface, TargetRule, TypeEntry};
use docket_event::{Event, TARGETS_MAX, Target, Value};

use crate::ingest::text;

/// Kinds of those who get or lose a role.
const PRINCIPALS: [&str; 3] = ["user", "group", "service_account"];
/// Kinds of what limits a role, narrowest first.
const SCOPES: [&str; 3] = ["project", "organization", "resource"];
/// Marks a member of a path whose elements are walked.
const EACH: &str = "[].";

/// The targets that a payload names, main one first, at most [`TARGETS_MAX`].
pub fn targets(entry: &TypeEntry, payload: &Value<'_>) -> Vec<Target> {
    let mut found = Vec::new();
    for rule in &entry.targets {
        if let Some(path) = rule.openai.as_deref() {
            targets_at(rule, path, payload, &mut found);
        }
    }
    found.truncate(TARGETS_MAX);
    found
}

fn targets_at(rule: &TargetRule, path: &str, payload: &Value<'_>, found: &mut Vec<Target>) {
    let name = rule.openai_name.as_deref();
    if let Some((list, id)) = path.split_once(EACH) {
        let name = name
            .and_then(|name| name.split_once(EACH))
            .map(|(_, name)| name);
        let elements = at(payload, list)
            .and_then(Value::as_array)
            .unwrap_or_default();
        let each = elements
            .iter()
            .filter_map(|element| target(rule, id, name, element));
        found.extend(each.take(TARGETS_MAX));
    } else {
        found.extend(target(rule, path, name, payload));
    }
}

fn target(rule: &TargetRule, id: &str, name: Option<&str>, payload: &Value<'_>) -> Option<Target> {
    let id = text(at(payload, id));
    let name = name.and_then(|name| text(at(payload, name)));
    if let Some(when) = &rule.openai_when
        && !when.holds(id.as_deref()?, |member| payload.get(member)?.as_str())
    {
        return None;
    }
    (id.is_some() || name.is_some()).then(|| Target {
        kind: rule.kind.clone(),
        id,
        name,
        data: None,
    })
}

/// The payload of an event that came from elsewhere, by the rules of `owner`, whose word is printed.
pub fn payload<'a>(owner: &TypeEntry, event: &'a Event) -> Value<'a> {
    let data = agreed_data(event);
    let mut payload = Value::Object(Vec::new());
    for (index, rule) in owner.targets.iter().enumerate() {
        fill_ids(&mut payload, owner, index, rule, event);
    }
    for (path, source) in &owner.openai_payload {
        if let Some(value) = sourced(source, event, data.as_ref()) {
            fill(&mut payload, path, value);
        }
    }
    // Names come last: one that `data.after` gives stays.
    for rule in &owner.targets {
        let path = rule
            .openai_name
            .as_deref()
            .filter(|path| !path.contains(EACH));
        let named = of_kind(event, &rule.kind)
            .next()
            .and_then(|target| target.name.as_deref());
        if let (Some(path), Some(name)) = (path, named) {
            fill(&mut payload, path, Value::string(name));
        }
    }
    payload
}

fn fill_ids<'a>(
    payload: &mut Value<'a>,
    owner: &TypeEntry,
    index: usize,
    rule: &TargetRule,
    event: &'a Event,
) {
    let Some(path) = rule.openai.as_deref() else {
        return;
    };
    if let Some((list, id)) = path.split_once(EACH) {
        let name = rule
            .openai_name
            .as_deref()
            .and_then(|name| Some(name.split_once(EACH)?.1));
        let elements: Vec<Value<'a>> = of_kind(event, &rule.kind)
            .map(|target| element(target, id, name))
            .collect();
        if !elements.is_empty() {
            fill(payload, list, Value::Array(elements));
        }
        return;
    }
    // The second rule for a kind speaks of the second target of that kind.
    let earlier = owner
        .targets
        .iter()
        .take(index)
        .filter(|other| other.kind == rule.kind)
        .count();
    let nth = of_kind(event, &rule.kind).nth(earlier);
    let Some(id) = nth.and_then(|target| target.id.as_deref()) else {
        return;
    };
    let holds = rule.openai_when.as_ref().is_none_or(|when| {
        when.holds(id, |member| {
            let planned = owner.openai_payload.iter().find(|(path, _)| path == member);
            match planned {
                Some((_, source)) => kind_word(source, event),
                None => first_id(owner, member, event),
            }
        })
    });
    if holds {
        fill(payload, path, Value::string(id));
    }
}

fn element<'a>(target: &'a Target, id: &str, name: Option<&str>) -> Value<'a> {
    let mut element = Value::Object(Vec::new());
    if let Some(value) = target.id.as_deref() {
        fill(&mut element, id, Value::string(value));
    }
    if let (Some(path), Some(value)) = (name, target.name.as_deref()) {
        fill(&mut element, path, Value::string(value));
    }
    element
}

/// The id that stands at a plain path of the payload.
fn first_id<'a>(owner: &TypeEntry, path: &str, event: &'a Event) -> Option<&'a str> {
    let rule = owner
        .targets
        .iter()
        .find(|rule| rule.openai.as_deref() == Some(path))?;
    of_kind(event, &rule.kind).next()?.id.as_deref()
}

fn sourced<'a>(source: &Source, event: &'a Event, data: Option<&Value<'a>>) -> Option<Value<'a>> {
    let member = |side: &str, name: &str| data?.get(side)?.get(name).cloned();
    let value = match source {
        Source::After => data?
            .get("after")
            .filter(|after| after.as_object().is_some())?
            .clone(),
        Source::AfterMember(name) => member("after", name)?,
        Source::BeforeMember(name) => member("before", name)?,
        Source::Error(part) => {
            let error = event.error.as_ref()?;
            let text = match part {
                ErrorPart::Code => error.code.as_deref(),
                ErrorPart::Message => error.message.as_deref(),
            };
            Value::string(text?)
        }
        Source::TargetRole => {
            let role = of_kind(event, "role").next()?;
            Value::string(role.name.as_deref().or(role.id.as_deref())?)
        }
        Source::TargetPrincipalKind | Source::TargetScopeKind => {
            Value::string(kind_word(source, event)?)
        }
        Source::TargetResourceId => {
            Value::string(of_kind(event, "resource").next()?.id.as_deref()?)
        }
    };
    let empty = match &value {
        Value::Null => true,
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => false,
    };
    (!empty).then_some(value)
}

/// The kind that a `…kind` source stands for: what decides where the ids of a role assignment go.
fn kind_word<'a>(source: &Source, event: &'a Event) -> Option<&'a str> {
    match source {
        Source::TargetPrincipalKind => event
            .targets
            .iter()
            .map(|target| target.kind.as_str())
            .find(|kind| PRINCIPALS.contains(kind)),
        Source::TargetScopeKind => SCOPES
            .into_iter()
            .find(|kind| of_kind(event, kind).next().is_some()),
        Source::After
        | Source::AfterMember(_)
        | Source::BeforeMember(_)
        | Source::Error(_)
        | Source::TargetRole
        | Source::TargetResourceId => None,
    }
}

fn of_kind<'a>(event: &'a Event, kind: &str) -> impl Iterator<Item = &'a Target> {
    event
        .targets
        .iter()
        .filter(move |target| target.kind == kind)
}

/// The event's `data`, where `before` and `after` mean what the vocabulary says: not in a vendor's own.
fn agreed_data(event: &Event) -> Option<Value<'_>> {
    let vendor = event
        .origin
        .as_ref()
        .is_some_and(|origin| Surface::parse(&origin.surface).is_some());
    let data = event.data.as_ref().filter(|_| !vendor)?;
    Some(data.value())
}

fn at<'v, 'a>(value: &'v Value<'a>, path: &str) -> Option<&'v Value<'a>> {
    path.split('.')
        .try_fold(value, |value, name| value.get(name))
}

/// Puts `new` at `path`; what stands there already stays, and objects take only the members they lack.
fn fill<'a>(object: &mut Value<'a>, path: &str, new: Value<'a>) {
    let Value::Object(members) = object else {
        return;
    };
    let (name, rest) = match path.split_once('.') {
        Some((name, rest)) => (name, Some(rest)),
        None => (path, None),
    };
    let place = match members.iter().position(|(key, _)| key == name) {
        Some(place) => place,
        None => {
            let value = if rest.is_some() {
                Value::Object(Vec::new())
            } else {
                Value::Null
            };
            members.push((Cow::Owned(name.to_owned()), value));
            members.len() - 1
        }
    };
    let Some((_, value)) = members.get_mut(place) else {
        return;
    };
    match (rest, new) {
        (Some(rest), new) => fill(value, rest, new),
        (None, Value::Object(more)) if value.as_object().is_some() => {
            for (name, member) in more {
                if value.get(&name).is_none() {
                    value.set(&name, member);
                }
            }
        }
        (None, new) => {
            if *value == Value::Null {
                *value = new;
            }
        }
    }
}
