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
    const SUBJECTS: &[&str] = &[
        "projectId",
        "scannerId",
        "versionId",
        "orgId",
        "userId",
        "tokenId",
    ];
    let known = (id(), created_at(), odd(json()), odd(text()), odd(user()));
    let subjects = proptest::collection::btree_map(
        proptest::sample::select(SUBJECTS).prop_map(str::to_owned),
        prop_oneof![4 => text(), 1 => json()],
        0..4,
    );
    let more = proptest::collection::btree_map("[w-z]{1,3}", json(), 0..3);
    (word(), known, subjects, more)
        .prop_map(
            |(word, (id, created_at, data, request, user), subjects, more)| {
                let mut members: Members = vec![("type".to_owned(), Value::string(word))];
                let known = [
                    ("id", id),
                    ("createdAt", created_at),
                    ("data", data),
                    ("requestId", request),
                    ("user", user),
                ];
                let there = known
                    .into_iter()
                    .filter_map(|(name, value)| Some((name.to_owned(), value?)));
                members.extend(there);
                members.extend(subjects);
                members.extend(more);
                members
            },
        )
        .prop_shuffle()
        .prop_map(Value::object)
}

/// A type, listed or not.
fn word() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &[
        "project-created",
        "scanner-version-published",
        "scanner-enabled",
        "organization-updated",
        "user-role-granted",
        "api-token-created",
        "oauth_client_created",
        "branding-updated",
        "oauth-client-created",
        "project_created",
        "brand-new",
        "Brand New!",
        "user",
        "set",
        "ü",
    ];
    proptest::sample::select(WORDS).prop_map(str::to_owned)
}

fn id() -> impl Strategy<Value = Option<Value<'static>>> {
    let ids = prop_oneof![
        "(01942500-aaaa-7000-8000-00000000000[0-9]|x{1,3}|sha256:ab|)".prop_map(Value::string),
        Just(Value::string("i".repeat(5_000))),
    ];
    proptest::option::weighted(0.8, ids)
}

fn created_at() -> impl Strategy<Value = Option<Value<'static>>> {
    const TIMES: &[&str] = &[
        "2025-01-02T03:04:05.678901Z",
        "2025-01-02T03:04:05.678901",
        "2025-01-02 03:04:05+02:00",
        "2025-01-02T03:04:05.123456789Z",
        "1970-01-01T00:00:00Z",
    ];
    let times = prop_oneof![
        4 => proptest::sample::select(TIMES).prop_map(Value::string),
        1 => Just(Value::Null),
    ];
    proptest::option::weighted(0.8, times)
}

/// Mostly as given, sometimes absent, sometimes anything.
fn odd(
    usual: impl Strategy<Value = Value<'static>>,
) -> impl Strategy<Value = Option<Value<'static>>> {
    prop_oneof![6 => usual.prop_map(Some), 2 => json().prop_map(Some), 1 => Just(None)]
}

fn text() -> BoxedStrategy<Value<'static>> {
    let long = Just("l".repeat(4_097));
    prop_oneof![20 => "[a-c@.]{0,5}", 1 => long]
        .prop_map(Value::string)
        .boxed()
}

fn user() -> BoxedStrategy<Value<'static>> {
    const TEXTS: [&str; 5] = ["id", "email", "name", "org", "createdAt"];
    let texts = TEXTS.map(|name| odd(text()).prop_map(move |value| (name, value)));
    const BITS: [&str; 5] = ["admin", "blocked", "machine", "social", "verified"];
    let bit = || any::<bool>().prop_map(Value::Bool);
    let bits = BITS.map(|name| odd(bit()).prop_map(move |value| (name, value)));
    const LISTS: [&str; 4] = ["permissions", "roleIds", "roles", "teams"];
    let list = || proptest::collection::vec(text(), 0..3).prop_map(Value::Array);
    let lists = LISTS.map(|name| odd(list()).prop_map(move |value| (name, value)));
    let more = proptest::option::weighted(0.1, json()).prop_map(|value| [("unknown", value)]);
    (texts, bits, lists, more)
        .prop_map(|(texts, bits, lists, more)| {
            let all = texts.into_iter().chain(bits).chain(lists).chain(more);
            let there = all.filter_map(|(name, value)| Some((name.to_owned(), value?)));
            Value::object(there.collect::<Members>())
        })
        .boxed()
}
