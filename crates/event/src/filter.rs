//! Which events are wanted: a filter is data, and [`Filter::matches`] is what it means.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::event::{ActorKind, CredentialKind, Event, Recorded};
use crate::json::Json;
use crate::search::Needle;
use crate::vocabulary::{Shown, ShownFacts, Surface, vocabulary};

/// What of an event a test looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// Canonical event type.
    Type,
    /// Id of the actor.
    ActorId,
    /// E-mail address of the actor, in lower case (ASCII).
    ActorEmail,
    /// Kind of the actor.
    ActorKind,
    /// Id of the credential.
    CredentialId,
    /// Id of the credential, unless that is a browser session: what a reader of keys means. Found by way of
    /// [`Field::CredentialId`].
    KeyId,
    /// Id of the project ([`Event::project_of`]).
    ProjectId,
    /// Id of the project, where no target is one: what a reader of targets would otherwise miss. Found by way of
    /// [`Field::ProjectId`].
    ProjectBeside,
    /// Id of a target.
    TargetId,
    /// Kind of a target.
    TargetKind,
    /// Kind and id of one target, joined by [`target_value`].
    Target,
    /// `success` or `failure`.
    Outcome,
    /// Network address of the source, as [`usual_address`] writes it.
    SourceIp,
    /// Id of the request.
    RequestId,
    /// Surface of the origin.
    Origin,
    /// Account of the origin. Not indexed.
    OriginAccount,
    /// The vendor's own id.
    OriginId,
    /// The surfaces that show the event: `openai` for everyone, `openai+` for views that cross vendors only.
    ShownOn,
}

impl Field {
    /// Every field.
    pub const ALL: [Field; 18] = [
        Field::Type,
        Field::ActorId,
        Field::ActorEmail,
        Field::ActorKind,
        Field::CredentialId,
        Field::KeyId,
        Field::ProjectId,
        Field::ProjectBeside,
        Field::TargetId,
        Field::TargetKind,
        Field::Target,
        Field::Outcome,
        Field::SourceIp,
        Field::RequestId,
        Field::Origin,
        Field::OriginAccount,
        Field::OriginId,
        Field::ShownOn,
    ];

    /// The number that stands for the field in stored indexes; never changes.
    pub const fn code(self) -> u8 {
        match self {
            Field::Type => 1,
            Field::ActorId => 2,
            Field::ActorEmail => 3,
            Field::ActorKind => 4,
            Field::CredentialId => 5,
            Field::ProjectId => 6,
            Field::TargetId => 7,
            Field::TargetKind => 8,
            Field::Target => 9,
            Field::Outcome => 10,
            Field::SourceIp => 11,
            Field::RequestId => 12,
            Field::Origin => 13,
            Field::OriginAccount => 14,
            Field::OriginId => 15,
            Field::ShownOn => 16,
            Field::KeyId => 17,
            Field::ProjectBeside => 18,
        }
    }

    /// Whether the engine keeps an index of the field.
    pub const fn indexed(self) -> bool {
        !matches!(
            self,
            Field::KeyId | Field::OriginAccount | Field::ProjectBeside
        )
    }
}

/// The value of [`Field::Target`] for a target of that kind and id.
pub fn target_value(kind: &str, id: &str) -> String {
    let mut value = String::new();
    put_target_value(&mut value, kind, id);
    value
}

fn put_target_value(out: &mut String, kind: &str, id: &str) {
    out.reserve(kind.len() + 1 + id.len());
    out.push_str(kind);
    out.push('\0');
    out.push_str(id);
}

/// An address as it is usually written (RFC 5952), so that all its spellings are one value. What is no address
/// stays as it is.
pub fn usual_address(text: &str) -> Cow<'_, str> {
    // IPv4 has one spelling only.
    let address = text
        .contains(':')
        .then(|| text.parse::<IpAddr>().ok())
        .flatten();
    match address.map(|address| address.to_string()) {
        Some(usual) if usual != text => Cow::Owned(usual),
        Some(_) | None => Cow::Borrowed(text),
    }
}

fn lower_case(text: &str) -> Cow<'_, str> {
    match text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => Cow::Owned(text.to_ascii_lowercase()),
        false => Cow::Borrowed(text),
    }
}

/// Calls `found` with each value that the event has in `field`; a value may come twice.
///
/// Terms of an index and [`Filter::matches`] both come from here, so they cannot disagree.
pub fn each_value(event: &Event, field: Field, mut found: impl FnMut(&str)) {
    let mut give = |value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            found(value);
        }
    };
    let actor = event.actor.as_ref();
    let origin = event.origin.as_ref();
    match field {
        Field::Type => give(Some(&event.event_type)),
        Field::ActorId => give(actor.and_then(|actor| actor.id.as_deref())),
        Field::ActorEmail => {
            let email = actor.and_then(|actor| actor.email.as_deref());
            give(email.map(lower_case).as_deref());
        }
        Field::ActorKind => give(actor.map(|actor| actor.kind.word())),
        Field::CredentialId => give(event.credential.as_ref().and_then(|one| one.id.as_deref())),
        Field::KeyId => {
            let key = event
                .credential
                .as_ref()
                .filter(|one| one.kind != CredentialKind::Session);
            give(key.and_then(|one| one.id.as_deref()));
        }
        Field::ProjectId => give(event.project_of().map(|(id, _)| id)),
        Field::ProjectBeside => give(event.project_beside()),
        Field::TargetId => event
            .targets
            .iter()
            .for_each(|target| give(target.id.as_deref())),
        Field::TargetKind => event
            .targets
            .iter()
            .for_each(|target| give(Some(&target.kind))),
        Field::Target => {
            let mut value = String::new();
            for target in &event.targets {
                if let Some(id) = target.id.as_deref() {
                    value.clear();
                    put_target_value(&mut value, &target.kind, id);
                    give(Some(&value));
                }
            }
        }
        Field::Outcome => give(Some(event.outcome.word())),
        Field::SourceIp => {
            let ip = event
                .source
                .as_ref()
                .and_then(|source| source.ip.as_deref());
            give(ip.map(usual_address).as_deref());
        }
        Field::RequestId => give(event.request_id.as_deref()),
        Field::Origin => give(origin.map(|origin| &*origin.surface)),
        Field::OriginAccount => give(origin.and_then(|origin| origin.account.as_deref())),
        Field::OriginId => give(origin.and_then(|origin| origin.id.as_deref())),
        Field::ShownOn => each_surface(event, found),
    }
}

fn each_surface(event: &Event, mut found: impl FnMut(&str)) {
    let origin = event.origin.as_ref();
    let facts = ShownFacts {
        event_type: &event.event_type,
        failed: event.failed(),
        origin_surface: origin.map(|origin| &*origin.surface),
        origin_account: origin.is_some_and(|origin| origin.account.is_some()),
    };
    for (surface, shown) in vocabulary().shown_on_each(&facts) {
        match shown {
            Shown::No => {}
            Shown::Everyone => found(surface.name()),
            Shown::CrossVendorOnly => found(surface.crossing()),
        }
    }
}

/// One test of an event.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Test {
    /// The field has this value.
    Is(Field, String),
    /// The type begins with this text.
    TypeStartsWith(String),
    /// The type contains this text.
    TypeContains(Needle),
    /// One of the texts that are searched contains this one: [`crate::each_text`].
    Contains(Needle),
    /// The event came in under this vendor word, which no list knows. Several words can share a canonical type,
    /// as characters that it cannot have are replaced; the vendor's spelling tells them apart.
    Unlisted {
        /// Canonical type, `x.<surface>.<word>`.
        event_type: String,
        /// The vendor's word as the vendor spells it.
        word: String,
    },
}

impl Test {
    /// Whether the event passes.
    pub fn matches(&self, recorded: &Recorded) -> bool {
        let event = &recorded.event;
        match self {
            Test::Is(field, wanted) => {
                let mut hit = false;
                each_value(event, *field, |value| hit |= value == wanted);
                hit
            }
            Test::TypeStartsWith(prefix) => event.event_type.starts_with(&**prefix),
            Test::TypeContains(needle) => needle.is_in(&event.event_type),
            Test::Contains(needle) => needle.is_in_event(recorded),
            Test::Unlisted { event_type, word } => {
                event.event_type == *event_type && unlisted_word(event).as_deref() == Some(word)
            }
        }
    }
}

/// The vendor's word of an event whose type no list knows: as `origin.extra.type` spells it, else as the type
/// does.
pub fn unlisted_word(event: &Event) -> Option<Cow<'_, str>> {
    let (surface, plain) = event.event_type.strip_prefix("x.")?.split_once('.')?;
    let extra = event
        .origin
        .as_ref()
        .filter(|origin| origin.surface == surface);
    let extra = extra
        .and_then(|origin| origin.extra.as_ref())
        .map(Json::value);
    let spelled = extra.as_ref().and_then(|extra| extra.get("type")?.as_str());
    let same_type = |word: &&str| {
        let surface = Surface::parse(surface);
        surface.is_some_and(|surface| vocabulary().unlisted(surface, word) == event.event_type)
    };
    Some(match spelled.filter(same_type) {
        Some(word) => Cow::Owned(word.to_owned()),
        None => Cow::Borrowed(plain),
    })
}

/// Alternatives: the group holds when one of its tests does, or, negated, when none does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Group {
    /// The alternatives. An empty group holds for no event; negated, for every event.
    pub any: Vec<Test>,
    /// Turns the answer round.
    pub negated: bool,
}

impl Group {
    /// Holds when one of `tests` does.
    pub fn any(tests: impl IntoIterator<Item = Test>) -> Self {
        Group {
            any: tests.into_iter().collect(),
            negated: false,
        }
    }

    /// Holds when none of `tests` does.
    pub fn none(tests: impl IntoIterator<Item = Test>) -> Self {
        Group {
            any: tests.into_iter().collect(),
            negated: true,
        }
    }

    /// Whether the group holds for the event.
    pub fn matches(&self, recorded: &Recorded) -> bool {
        self.any.iter().any(|test| test.matches(recorded)) != self.negated
    }
}

/// A half-open span of Unix microseconds; a missing end is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// First microsecond inside.
    pub from: Option<i64>,
    /// First microsecond behind.
    pub to: Option<i64>,
}

impl Span {
    /// Whether `micros` lies inside.
    pub fn contains(&self, micros: i64) -> bool {
        self.from.is_none_or(|from| micros >= from) && self.to.is_none_or(|to| micros < to)
    }

    /// The part that both spans contain.
    #[must_use]
    pub fn and(self, other: Span) -> Span {
        let later = |a: Option<i64>, b: Option<i64>| a.max(b);
        let sooner = |a: Option<i64>, b: Option<i64>| match (a, b) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (one, None) | (None, one) => one,
        };
        Span {
            from: later(self.from, other.from),
            to: sooner(self.to, other.to),
        }
    }
}

/// Which events are wanted: all groups hold and both times lie inside their spans.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Filter {
    /// All of these must hold.
    pub groups: Vec<Group>,
    /// When it happened.
    pub occurred: Span,
    /// When it was recorded.
    pub recorded: Span,
}

impl Filter {
    /// Whether the event is wanted. This is the definition; every faster way must give the same answer.
    pub fn matches(&self, recorded: &Recorded) -> bool {
        self.occurred.contains(recorded.micros())
            && self.recorded.contains(recorded.recorded_micros)
            && self.groups.iter().all(|group| group.matches(recorded))
    }

    /// This filter, and that the field has one of `values`. No values: unchanged.
    #[must_use]
    pub fn with<S: Into<String>>(
        mut self,
        field: Field,
        values: impl IntoIterator<Item = S>,
    ) -> Self {
        let any: Vec<Test> = values
            .into_iter()
            .map(|value| Test::Is(field, value.into()))
            .collect();
        if !any.is_empty() {
            self.groups.push(Group {
                any,
                negated: false,
            });
        }
        self
    }

    /// This filter, and that the actor is not of these kinds.
    #[must_use]
    pub fn without_actors(mut self, kinds: &[ActorKind]) -> Self {
        let kinds = kinds
            .iter()
            .map(|kind| Test::Is(Field::ActorKind, kind.word().to_owned()));
        self.groups.push(Group::none(kinds));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EventId;
    use crate::read::read_event;

    fn recorded(text: &str) -> Recorded {
        Recorded {
            event: read_event(text).unwrap(),
            id: EventId::from_bytes([0; 16]),
            position: 0,
            recorded_micros: 5_000_000,
        }
    }

    fn values(text: &str, field: Field) -> Vec<String> {
        let mut all = Vec::new();
        each_value(&recorded(text).event, field, |value| {
            all.push(value.to_owned())
        });
        all
    }

    #[test]
    fn addresses_are_one_value_in_every_spelling() {
        let check = |ip: &str, expected: &str| {
            let text = format!(r#"{{"type":"a.b","source":{{"ip":"{ip}"}}}}"#);
            assert_eq!(values(&text, Field::SourceIp), [expected]);
            assert_eq!(usual_address(ip), expected);
        };
        check("1.2.3.4", "1.2.3.4");
        check("2001:DB8:0:0:0::1", "2001:db8::1");
        check("2001:db8::1", "2001:db8::1");
        check("::ffff:1.2.3.4", "::ffff:1.2.3.4");
        check("fe80::1%eth0", "fe80::1%eth0");
        check("by: mail", "by: mail");
    }

    #[test]
    fn a_project_stands_beside_targets_that_are_none() {
        let check = |members: &str, expected: &[&str]| {
            let text = format!(r#"{{"type":"a.b",{members}}}"#);
            assert_eq!(values(&text, Field::ProjectBeside), expected, "{text}");
        };
        let project = r#""project":{"id":"p"}"#;
        check(project, &["p"]);
        check(
            &format!(r#"{project},"targets":[{{"kind":"user","id":"p"}}]"#),
            &["p"],
        );
        check(
            &format!(r#"{project},"targets":[{{"kind":"project","name":"n"}}]"#),
            &["p"],
        );
        check(
            &format!(r#"{project},"targets":[{{"kind":"project","id":"q"}}]"#),
            &[],
        );
        check(r#""targets":[{"kind":"project","id":"q"}]"#, &[]);
    }

    #[test]
    fn codes_are_distinct() {
        let mut codes: Vec<u8> = Field::ALL.iter().map(|field| field.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Field::ALL.len());
    }

    #[test]
    fn an_event_is_found_by_what_it_says() {
        let text = r#"{"type":"project.created","actor":{"id":"u1","email":"A@B.c"},
            "targets":[{"kind":"project","id":"p1"}],"occurred_at":"1970-01-01T00:00:09Z"}"#;
        assert_eq!(values(text, Field::ActorEmail), ["a@b.c"]);
        assert_eq!(values(text, Field::ProjectId), ["p1"]);
        assert_eq!(values(text, Field::Target), ["project\0p1"]);
        assert_eq!(
            values(text, Field::ShownOn),
            ["openai", "clarifai", "calypsoai"]
        );
        let hit = |filter: &Filter| filter.matches(&recorded(text));
        let base = Filter::default().with(Field::ActorId, ["u0", "u1"]);
        assert!(hit(&base));
        assert!(!hit(&base.clone().with(Field::Outcome, ["failure"])));
        assert!(!hit(&base.clone().without_actors(&[ActorKind::User])));
        let span = |from, to| Filter {
            occurred: Span { from, to },
            ..Filter::default()
        };
        assert!(hit(&span(Some(9_000_000), Some(9_000_001))));
        assert!(!hit(&span(None, Some(9_000_000))));
        assert!(!hit(&Filter {
            groups: vec![Group::any([])],
            ..Filter::default()
        }));
    }

    #[test]
    fn accounts_of_other_vendors_need_a_view_that_crosses() {
        let text =
            r#"{"type":"project.created","origin":{"surface":"clarifai","account":"c","id":"1"}}"#;
        assert_eq!(
            values(text, Field::ShownOn),
            ["openai+", "clarifai", "calypsoai+"]
        );
        assert_eq!(values(text, Field::ProjectId), [""; 0]);
    }
}
