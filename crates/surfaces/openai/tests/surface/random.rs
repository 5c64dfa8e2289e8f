//! Random documents and entries, well-formed and odd.

use docket_event::Value;
use proptest::prelude::*;

type Members = Vec<(String, Value<'static>)>;

/// Any JSON: numbers that no machine type holds, names that look like paths, nulls.
pub fn json() -> impl Strategy<Value = Value<'static>> {
    leaf().prop_recursive(4, 24, 4, |inner| {
        let members = proptest::collection::btree_map(name(), inner.clone(), 0..4);
        prop_oneof![
            proptest::collection::vec(inner, 0..4).prop_map(Value::Array),
            members.prop_map(Value::object),
        ]
    })
}

fn leaf() -> impl Strategy<Value = Value<'static>> {
    const NUMBERS: &[&str] = &[
        "0",
        "-0",
        "1",
        "1.0",
        "1.50",
        "8.533e+68",
        "12345678901234567890123",
        "1E5",
        "-7",
    ];
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        proptest::sample::select(NUMBERS).prop_map(|text| Value::Number(text.into())),
        "[a-c\"\\\\ü\u{1}]{0,4}".prop_map(Value::string),
    ]
}

fn name() -> impl Strategy<Value = String> {
    const NAMES: &[&str] = &[
        "", "a", "b", "a.b", "set", "cut", "id", "type", "user", "ü", "[]",
    ];
    proptest::sample::select(NAMES).prop_map(str::to_owned)
}

/// An entry; most of its members are what the vendor publishes, and any of them may be anything.
pub fn entry() -> impl Strategy<Value = Value<'static>> {
    let known = (
        id(),
        odd(Just(Value::string("organization.audit_log"))),
        effective_at(),
        odd(project()),
        odd(actor()),
    );
    let more = proptest::collection::btree_map("[w-z]{1,3}", json(), 0..3);
    (word(), known, odd(payload()), more)
        .prop_map(
            |(word, (id, object, effective_at, project, actor), payload, more)| {
                let mut members: Members = vec![("type".to_owned(), Value::string(word.clone()))];
                let known = [
                    ("id", id),
                    ("object", object),
                    ("effective_at", effective_at),
                    ("project", project),
                    ("actor", actor),
                    (word.as_str(), payload),
                ];
                for (name, value) in known {
                    if let Some(value) = value
                        && !members.iter().any(|(taken, _)| taken == name)
                    {
                        members.push((name.to_owned(), value));
                    }
                }
                members.extend(more);
                members
            },
        )
        .prop_shuffle()
        .prop_map(Value::object)
}

/// A type, listed or not.
pub fn word() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &[
        "project.created",
        "user.added",
        "login.failed",
        "logout.failed",
        "login.succeeded",
        "role.bound_to_resource",
        "role.assignment.created",
        "certificates.activated",
        "invite.sent",
        "tenant.user.added",
        "checkpoint.permission.created",
        "brand.new",
        "tenant.brand.new",
        "project.member.added",
        "Brand New!",
        "actor",
        "set",
        "ü",
    ];
    proptest::sample::select(WORDS).prop_map(str::to_owned)
}

fn id() -> impl Strategy<Value = Option<Value<'static>>> {
    let ids = prop_oneof![
        "(audit_log-[a-f0-9]{1,3}|req_x_20240101|sha256:ab|)".prop_map(Value::string),
        Just(Value::string("i".repeat(5_000))),
    ];
    proptest::option::weighted(0.8, ids)
}

fn effective_at() -> impl Strategy<Value = Option<Value<'static>>> {
    const TIMES: &[&str] = &[
        "0",
        "1722461446",
        "1722461446.0",
        "1.722461446e9",
        "253402300799",
        "-0",
        "17224614460E-1",
    ];
    let times = proptest::sample::select(TIMES).prop_map(|text| Value::Number(text.into()));
    proptest::option::weighted(0.8, times)
}

/// Mostly as given, sometimes absent, sometimes anything.
fn odd(
    usual: impl Strategy<Value = Value<'static>>,
) -> impl Strategy<Value = Option<Value<'static>>> {
    prop_oneof![6 => usual.prop_map(Some), 2 => json().prop_map(Some), 1 => Just(None)]
}

/// An object of these members, each of which may be missing or anything; and perhaps one more.
fn members(
    usual: Vec<(&'static str, BoxedStrategy<Value<'static>>)>,
) -> BoxedStrategy<Value<'static>> {
    let each: Vec<_> = usual
        .into_iter()
        .map(|(name, value)| {
            odd(value).prop_map(move |value| value.map(|value| (name.to_owned(), value)))
        })
        .collect();
    let more = proptest::option::weighted(0.1, json());
    (each, more)
        .prop_map(|(members, more)| {
            let more = more.map(|value| ("unknown".to_owned(), value));
            Value::object(
                members
                    .into_iter()
                    .flatten()
                    .chain(more)
                    .collect::<Members>(),
            )
        })
        .boxed()
}

fn text() -> BoxedStrategy<Value<'static>> {
    let long = Just("l".repeat(4_097));
    prop_oneof![20 => "[a-c@.]{0,5}", 1 => long]
        .prop_map(Value::string)
        .boxed()
}

fn word_of(words: &'static [&'static str]) -> BoxedStrategy<Value<'static>> {
    proptest::sample::select(words)
        .prop_map(Value::string)
        .boxed()
}

fn project() -> BoxedStrategy<Value<'static>> {
    members(vec![("id", text()), ("name", text())])
}

fn actor() -> BoxedStrategy<Value<'static>> {
    let user = || members(vec![("id", text()), ("email", text())]);
    let names = [
        "country",
        "city",
        "region",
        "region_code",
        "asn",
        "latitude",
        "longitude",
    ];
    let place = members(names.into_iter().map(|name| (name, text())).collect());
    let session = || {
        members(vec![
            ("user", user()),
            ("ip_address", text()),
            ("user_agent", text()),
            ("ja3", text()),
            ("ja4", text()),
            ("ip_address_details", place.clone()),
        ])
    };
    let key = || {
        members(vec![
            ("id", text()),
            ("type", word_of(&["user", "service_account"])),
            ("user", user()),
            ("service_account", members(vec![("id", text())])),
        ])
    };
    prop_oneof![
        members(vec![
            ("type", word_of(&["session"])),
            ("session", session())
        ]),
        members(vec![("type", word_of(&["api_key"])), ("api_key", key())]),
        members(vec![
            ("type", word_of(&["session", "api_key", "robot"])),
            ("session", session()),
            ("api_key", key()),
        ]),
    ]
    .boxed()
}

fn payload() -> BoxedStrategy<Value<'static>> {
    let list = proptest::collection::vec(members(vec![("id", text()), ("name", text())]), 0..3);
    members(vec![
        ("id", text()),
        (
            "data",
            members(vec![
                ("name", text()),
                ("project_id", text()),
                ("email", text()),
            ]),
        ),
        ("certificates", list.prop_map(Value::Array).boxed()),
        ("principal_type", word_of(&["user", "group"])),
        ("principal_id", text()),
        ("resource_id", text()),
        (
            "resource_type",
            word_of(&["api.project", "api.organization", "x"]),
        ),
        ("error_code", text()),
        ("error_message", text()),
    ])
}
