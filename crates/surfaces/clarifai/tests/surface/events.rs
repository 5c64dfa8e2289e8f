//! Random events: those that came in as entries, and those that came from elsewhere.

use docket_event::{Event, Value, read_event};
use docket_surfaces_clarifai::ingest::ingest;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::value;

pub const IDS: &[&str] = &["a", "b", "acme", "me"];
pub const IPS: &[&str] = &[
    "1.2.3.4",
    "::1",
    "0:0::1",
    "2001:DB8::1",
    "2001:db8:0::1",
    "no address",
];
/// Operations of entries; the last three are in no list.
pub const OPERATIONS: &[i32] = &[100, 107, 300, 403, 600, 700, 800, 901, 0, 9_999, -5];
pub const KINDS: &[&str] = &[
    "app",
    "user",
    "team",
    "role",
    "model",
    "workflow_version",
    "nodepool",
];
/// Times at which something happens, around those that are asked for.
pub const TIMES: &[&str] = &[
    "1970-01-01T00:00:00Z",
    "1970-01-01T00:00:01Z",
    "1970-01-01T00:00:01.000001Z",
    "1970-01-01T00:00:01.000001500Z",
    "1970-01-01T00:00:01.000002Z",
    "1970-01-01T01:00:02+01:00",
];

fn object(members: Vec<Option<(&'static str, String)>>) -> Value<'static> {
    let members: Vec<String> = members
        .into_iter()
        .flatten()
        .map(|(name, json)| format!("\"{name}\":{json}"))
        .collect();
    value(&format!("{{{}}}", members.join(",")))
}

fn text(pool: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(pool).prop_map(|text| format!("\"{text}\""))
}

fn maybe(
    name: &'static str,
    json: impl Strategy<Value = String>,
) -> impl Strategy<Value = Option<(&'static str, String)>> {
    proptest::option::weighted(0.8, json.prop_map(move |json| (name, json)))
}

fn list(of: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    proptest::collection::vec(of, 0..3).prop_map(|all| format!("[{}]", all.join(",")))
}

/// An entry of the vendor's.
pub fn entry() -> impl Strategy<Value = Value<'static>> {
    let user = text(IDS).prop_map(|id| format!("{{\"id\":{id},\"first_name\":\"F\"}}"));
    let target = (select(KINDS), text(IDS), any::<bool>()).prop_map(|(kind, id, more)| {
        let more = if more { ",\"user_id\":\"u\"" } else { "" };
        format!("{{\"{kind}\":{{\"id\":{id}{more}}}}}")
    });
    let operation = select(OPERATIONS).prop_map(|number| Some(("operation", number.to_string())));
    (
        maybe("timestamp", text(TIMES)),
        maybe("user", user),
        operation,
        maybe("targets", list(target)),
        maybe("success", any::<bool>().prop_map(|flag| flag.to_string())),
        maybe("source_ip", text(IPS)),
        maybe("unknown", Just("{\"x\":1.50}".to_owned())),
    )
        .prop_map(|(time, user, operation, targets, success, ip, more)| {
            object(vec![time, user, operation, targets, success, ip, more])
        })
}

/// An event that came in as an entry.
pub fn own() -> impl Strategy<Value = Event> {
    (entry(), proptest::option::of(Just("acct")))
        .prop_map(|(entry, account)| ingest(&entry, account).unwrap())
}

/// An event that was written natively, or as an entry of another vendor.
pub fn elsewhere() -> impl Strategy<Value = Event> {
    const TYPES: &[&str] = &[
        "project.created",
        "project.member.added",
        "model.created",
        "organization.member.added",
        "user_account.created",
        "user_account.updated",
        "group.created",
        "login.failed",
        "shop.opened",
        "workflow_version.created",
    ];
    const ACTORS: &[&str] = &["user", "service_account", "agent", "system"];
    const TARGETS: &[&str] = &[
        "project",
        "user",
        "group",
        "model",
        "workflow_version",
        "invite",
    ];
    let actor = (select(ACTORS), maybe("id", text(IDS)))
        .prop_map(|(kind, id)| object(vec![Some(("kind", format!("\"{kind}\""))), id]).to_text());
    let target = (select(TARGETS), maybe("id", text(IDS))).prop_map(|(kind, id)| {
        object(vec![
            Some(("kind", format!("\"{kind}\""))),
            id,
            Some(("name", "\"N\"".to_owned())),
        ])
        .to_text()
    });
    let origin = subsequence(vec!["openai", "calypsoai", "native"], 1).prop_map(|surface| {
        format!(
            "{{\"surface\":\"{}\",\"account\":\"acct\"}}",
            surface.concat()
        )
    });
    (
        select(TYPES),
        maybe("occurred_at", text(TIMES)),
        maybe("actor", actor),
        maybe(
            "project",
            text(IDS).prop_map(|id| format!("{{\"id\":{id}}}")),
        ),
        maybe("targets", list(target)),
        any::<bool>(),
        maybe(
            "source",
            text(IPS).prop_map(|ip| format!("{{\"ip\":{ip}}}")),
        ),
        proptest::option::weighted(0.2, origin.prop_map(|json| ("origin", json))),
    )
        .prop_map(
            |(name, time, actor, project, targets, failed, source, origin)| {
                let failed = failed || name == "login.failed";
                let outcome = failed.then(|| ("outcome", "\"failure\"".to_owned()));
                let name = Some(("type", format!("\"{name}\"")));
                let event = object(vec![
                    name, time, actor, project, targets, outcome, source, origin,
                ]);
                read_event(&event.to_text()).unwrap_or_else(|faults| panic!("{faults:?}"))
            },
        )
}
