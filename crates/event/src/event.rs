//! The canonical record of one event.

use crate::id::EventId;
use crate::json::Json;
use crate::time::Timestamp;
use crate::vocabulary::Surface;

/// Who did what to what, in the words of the vocabulary. Absent parts are `None` or empty.
///
/// An event of this type may be wrong in itself (a failure's error on a success, a type that is no name);
/// [`crate::check_event`] tells. Its id and the time it was recorded are in [`Recorded`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Canonical type, dotted, such as `project.created`.
    pub event_type: String,
    /// When it happened, if the writer said so; else it counts as the time at which it was recorded.
    pub occurred_at: Option<Timestamp>,
    /// Who did it.
    pub actor: Option<Actor>,
    /// For whom the actor did it: impersonation, agents.
    pub on_behalf_of: Option<OnBehalfOf>,
    /// What the actor showed to be let in; never a secret.
    pub credential: Option<Credential>,
    /// Where the request came from.
    pub source: Option<Source>,
    /// The project that the action was limited to.
    pub project: Option<Project>,
    /// What was acted upon, main one first.
    pub targets: Vec<Target>,
    /// Whether it happened or was merely tried.
    pub outcome: Outcome,
    /// Why it failed; only with [`Outcome::Failure`].
    pub error: Option<EventError>,
    /// One sentence for people.
    pub description: Option<String>,
    /// More sentences for people.
    pub details: Vec<String>,
    /// Id of the request that caused it; several events may share one.
    pub request_id: Option<String>,
    /// The payload; `before` and `after` are its agreed members for changes.
    pub data: Option<Json>,
    /// For an event that came in another way than as a native event.
    pub origin: Option<Origin>,
}

/// Who did it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Actor {
    /// What kind of actor.
    pub kind: ActorKind,
    /// The actor's id.
    pub id: Option<String>,
    /// E-mail address. Personal.
    pub email: Option<String>,
    /// Display name. Personal.
    pub name: Option<String>,
    /// Snapshot of the actor as the vendor shows it. Personal.
    pub profile: Option<Json>,
}

/// What kind of actor did it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ActorKind {
    /// A person.
    #[default]
    User,
    /// An account for programs.
    ServiceAccount,
    /// An AI agent.
    Agent,
    /// The platform itself.
    System,
}

/// For whom the actor did it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OnBehalfOf {
    /// What kind of actor.
    pub kind: ActorKind,
    /// Id.
    pub id: Option<String>,
    /// E-mail address. Personal.
    pub email: Option<String>,
    /// Display name. Personal.
    pub name: Option<String>,
    /// Snapshot. Personal.
    pub profile: Option<Json>,
    /// Why.
    pub reason: Option<String>,
}

/// What the actor showed to be let in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credential {
    /// What kind.
    pub kind: CredentialKind,
    /// Its public id, never the secret.
    pub id: Option<String>,
}

/// What kind of credential.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CredentialKind {
    /// A browser session.
    #[default]
    Session,
    /// An API key.
    ApiKey,
    /// Any other token.
    Token,
}

/// Where the request came from. Personal as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// Network address.
    pub ip: Option<String>,
    /// The client program's own words about itself.
    pub user_agent: Option<String>,
    /// JA3 fingerprint of the TLS client.
    pub ja3: Option<String>,
    /// JA4 fingerprint of the TLS or QUIC client.
    pub ja4: Option<String>,
    /// Where the address lies.
    pub geo: Option<Geo>,
}

/// Where an address lies; all text, as lookup services give it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Geo {
    /// Two-letter country code.
    pub country: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// Code of the region.
    pub region_code: Option<String>,
    /// Autonomous system number.
    pub asn: Option<String>,
    /// Degrees north.
    pub latitude: Option<String>,
    /// Degrees east.
    pub longitude: Option<String>,
}

/// The project that the action was limited to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Project {
    /// Id.
    pub id: Option<String>,
    /// Display name.
    pub name: Option<String>,
}

/// Something that was acted upon.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// Kind, one of the vocabulary's or the writer's own.
    pub kind: String,
    /// Id.
    pub id: Option<String>,
    /// Display name. Personal.
    pub name: Option<String>,
    /// Whatever else is to be said of it.
    pub data: Option<Json>,
}

/// Whether it happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It happened.
    #[default]
    Success,
    /// It was tried.
    Failure,
}

/// Why it failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventError {
    /// Code for programs.
    pub code: Option<String>,
    /// Text for people.
    pub message: Option<String>,
}

/// Which way an event came in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The dialect that it came in: a surface's name, or `docket` for what Docket records of itself.
    pub surface: String,
    /// The vendor organization or source, for imports and collections that name one.
    pub account: Option<String>,
    /// The vendor's own id, or the hash of the entry.
    pub id: Option<String>,
    /// When a collector fetched it.
    pub collected_at: Option<Timestamp>,
    /// What the other members cannot hold. Personal.
    pub extra: Option<Json>,
}

/// An event at its place in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The event as it was written.
    pub event: Event,
    /// Its id.
    pub id: EventId,
    /// Its 0-based position in the log, which is its leaf index in the tree.
    pub position: u64,
    /// When it was recorded, Unix microseconds.
    pub recorded_micros: i64,
}

impl Recorded {
    /// When it happened, Unix microseconds, cut: the first key of occurred order.
    pub fn micros(&self) -> i64 {
        self.event
            .occurred_at
            .map_or(self.recorded_micros, Timestamp::micros)
    }

    /// When it happened, as precisely as the writer said.
    pub fn occurred_at(&self) -> Timestamp {
        self.event.occurred_at.unwrap_or_else(|| self.recorded_at())
    }

    /// When it was recorded.
    pub fn recorded_at(&self) -> Timestamp {
        Timestamp::from_micros(self.recorded_micros)
            .expect("recorded times come from a clock after 1970")
    }
}

impl Event {
    /// The project that the event belongs to: the one it names, else its only target of kind project. What
    /// came in a vendor's dialect has a project only if its entry did.
    pub fn project_of(&self) -> Option<(&str, Option<&str>)> {
        if let Some(project) = &self.project {
            return project
                .id
                .as_deref()
                .map(|id| (id, project.name.as_deref()));
        }
        let vendor = |origin: &Origin| Surface::parse(&origin.surface).is_some();
        if self.origin.as_ref().is_some_and(vendor) {
            return None;
        }
        let mut projects = self
            .targets
            .iter()
            .filter(|target| target.kind == "project");
        match (projects.next(), projects.next()) {
            (Some(only), None) => only.id.as_deref().map(|id| (id, only.name.as_deref())),
            _ => None,
        }
    }

    /// The id of the project that the event names beside its targets: none of them is a project with an id.
    pub fn project_beside(&self) -> Option<&str> {
        let named = |target: &Target| target.kind == "project" && target.id.is_some();
        let id = self.project.as_ref()?.id.as_deref()?;
        (!self.targets.iter().any(named)).then_some(id)
    }

    /// Whether the event says that something was tried and not done.
    pub fn failed(&self) -> bool {
        self.outcome == Outcome::Failure
    }
}

macro_rules! words {
    ($kind:ty, $what:literal, $($variant:ident = $word:literal),+) => {
        impl $kind {
            #[doc = concat!("The word for it in JSON: one of ", $("`", $word, "` ",)+ ".")]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The kind that `word` names.
            ///
            /// # Errors
            /// Words that list what may stand there.
            pub fn parse(word: &str) -> Result<Self, String> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    other => Err(format!(
                        concat!("`{}` is no ", $what, "; write one of", $(" ", $word,)+),
                        other.chars().take(40).collect::<String>()
                    )),
                }
            }
        }
    };
}

words!(
    ActorKind,
    "kind of actor",
    User = "user",
    ServiceAccount = "service_account",
    Agent = "agent",
    System = "system"
);
words!(
    CredentialKind,
    "kind of credential",
    Session = "session",
    ApiKey = "api_key",
    Token = "token"
);
words!(Outcome, "outcome", Success = "success", Failure = "failure");
