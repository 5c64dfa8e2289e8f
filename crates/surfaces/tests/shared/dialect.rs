//! The dialects, a line each: how one writes a fact, asks for it, and where its entries say what.

use axum::body::Body;
use axum::http::Request;
use docket_event::Value;
use docket_event::vocabulary::{Surface, TargetRule, TypeEntry, vocabulary};

/// Somebody does something to something.
pub struct Fact {
    pub entry: &'static TypeEntry,
    /// Who; nobody else's id.
    pub actor: String,
    /// To what: the type's main target.
    pub target: String,
}

impl Fact {
    pub fn new(entry: &'static TypeEntry, mark: &str) -> Self {
        Fact {
            entry,
            actor: format!("u-{mark}"),
            target: format!("t-{mark}"),
        }
    }

    /// The kind of the main target.
    fn kind(&self) -> &'static str {
        self.entry.targets.first().map_or("", |rule| &rule.kind)
    }

    /// The rule for the main target of the entry whose word the surface prints.
    fn rule(&self, surface: Surface) -> Option<&'static TargetRule> {
        let word = self.entry.word(surface)?;
        let text = word.code.map_or(word.text.clone(), |code| code.to_string());
        vocabulary().by_word(surface, &text)?.target(self.kind())
    }
}

/// What an entry says.
pub struct Shown {
    pub word: String,
    pub actor: String,
}

/// One dialect.
pub struct Dialect {
    /// Its name as a format.
    pub format: &'static str,
    /// The fact in this dialect, if it has a word of its own for it.
    pub write: fn(&Fact) -> Option<String>,
    /// Asks for everything that this actor did.
    pub ask: fn(&str) -> Request<Body>,
    /// The member of an answer that holds the entries.
    pub page: &'static str,
    /// The word under which the type is shown, if it is.
    pub word: fn(&TypeEntry) -> Option<String>,
    /// What an entry says.
    pub read: fn(&Value<'_>) -> Shown,
    /// The id that stands in an entry of the fact where its target belongs, if there is a place for one.
    pub target: fn(&Fact, &Value<'_>) -> Option<String>,
}

/// All of them. To add a vendor, add a line.
pub const DIALECTS: &[Dialect] = &[NATIVE, OPENAI, CLARIFAI, CALYPSOAI];

fn get(path: String) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

fn text(value: &Value<'_>, path: &[&str]) -> String {
    let found = value.at(path).map(|value| match value {
        Value::String(text) => text.clone().into_owned(),
        other => other.to_text(),
    });
    found.unwrap_or_default()
}

const NATIVE: Dialect = Dialect {
    format: "native",
    write: |fact| {
        let (name, actor) = (&fact.entry.name, &fact.actor);
        let (kind, target) = (fact.kind(), &fact.target);
        Some(format!(
            r#"{{"type":"{name}","actor":{{"id":"{actor}"}},"targets":[{{"kind":"{kind}","id":"{target}"}}]}}"#
        ))
    },
    ask: |actor| get(format!("/api/v1/events?actor_id={actor}")),
    page: "events",
    word: |entry| Some(entry.name.clone()),
    read: |entry| Shown {
        word: text(entry, &["type"]),
        actor: text(entry, &["actor", "id"]),
    },
    target: |_, entry| {
        let targets = entry.get("targets").and_then(Value::as_array)?;
        Some(text(targets.first()?, &["id"]))
    },
};

const OPENAI: Dialect = Dialect {
    format: "openai",
    write: |fact| {
        let word = &fact.entry.own_word(Surface::OpenAi)?.text;
        let place = fact.rule(Surface::OpenAi)?.openai.clone()?;
        let payload = Value::object([(place, Value::string(fact.target.clone()))]).to_text();
        let actor = &fact.actor;
        Some(format!(
            r#"{{"type":"{word}","actor":{{"type":"session","session":{{"user":{{"id":"{actor}"}}}}}},"{word}":{payload}}}"#
        ))
    },
    ask: |actor| get(format!("/v1/organization/audit_logs?actor_ids[]={actor}")),
    page: "data",
    word: |entry| Some(entry.word(Surface::OpenAi)?.text.clone()),
    read: |entry| Shown {
        word: text(entry, &["type"]),
        actor: text(entry, &["actor", "session", "user", "id"]),
    },
    target: |fact, entry| {
        let word = &fact.entry.word(Surface::OpenAi)?.text;
        let place = fact.rule(Surface::OpenAi)?.openai.as_deref()?;
        Some(text(entry, &[word, place]))
    },
};

const CLARIFAI: Dialect = Dialect {
    format: "clarifai",
    write: |fact| {
        let code = fact.entry.own_word(Surface::Clarifai)?.code?;
        let kind = fact.rule(Surface::Clarifai)?.clarifai.clone()?;
        let (actor, target) = (&fact.actor, &fact.target);
        Some(format!(
            r#"{{"operation":{code},"user":{{"id":"{actor}"}},"success":true,"targets":[{{"{kind}":{{"id":"{target}"}}}}]}}"#
        ))
    },
    ask: |actor| {
        let body = format!(r#"{{"query":{{"user_ids":["{actor}"]}}}}"#);
        let request = Request::post("/v2/users/me/audit_log/searches");
        request.body(Body::from(body)).unwrap()
    },
    page: "entries",
    word: |entry| Some(entry.word(Surface::Clarifai)?.code?.to_string()),
    read: |entry| Shown {
        word: text(entry, &["operation"]),
        actor: text(entry, &["user", "id"]),
    },
    target: |fact, entry| {
        let kind = fact.rule(Surface::Clarifai)?.clarifai.as_deref()?;
        let targets = entry.get("targets").and_then(Value::as_array)?;
        let found = targets.iter().find_map(|target| target.get(kind));
        Some(found.map_or(String::new(), |found| text(found, &["id"])))
    },
};

const CALYPSOAI: Dialect = Dialect {
    format: "calypsoai",
    write: |fact| {
        let word = &fact.entry.own_word(Surface::CalypsoAi)?.text;
        let field = fact.rule(Surface::CalypsoAi)?.calypsoai.clone()?;
        let (actor, target) = (&fact.actor, &fact.target);
        Some(format!(
            r#"{{"type":"{word}","user":{{"id":"{actor}","org":"org_1"}},"{field}":"{target}"}}"#
        ))
    },
    ask: |actor| get(format!("/backend/v1/audit?userId={actor}")),
    page: "events",
    word: |entry| Some(entry.word(Surface::CalypsoAi)?.text.clone()),
    read: |entry| Shown {
        word: text(entry, &["type"]),
        actor: text(entry, &["user", "id"]),
    },
    target: |fact, entry| {
        let field = fact.rule(Surface::CalypsoAi)?.calypsoai.as_deref()?;
        Some(text(entry, &[field]))
    },
};
