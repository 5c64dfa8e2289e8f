//! What the built-in dictionary is trained on: events of every listed type, with made-up values.
//!
//! Nothing here was seen at a customer: names of members, types, kinds and of well-known client programs are
//! public, every id and name is drawn by the dice.

use std::fmt::Write as _;

use docket_event::vocabulary::{TypeEntry, vocabulary};

use super::random::Dice;

/// What well-known programs call themselves.
const USER_AGENTS: [&str; 12] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
    "python-requests/2.32.3",
    "OpenAI/Python 1.54.3",
    "okhttp/4.12.0",
    "curl/8.5.0",
    "Go-http-client/2.0",
    "grpc-python/1.67.1 grpc-c/43.1.0 (linux; chttp2)",
];

/// Members that payloads of configuration changes commonly have.
const MEMBERS: [&str; 24] = [
    "name",
    "title",
    "description",
    "status",
    "role",
    "roles",
    "scopes",
    "permissions",
    "limit",
    "enabled",
    "email",
    "model",
    "provider",
    "project_id",
    "expires_at",
    "created_at",
    "updated_at",
    "owner",
    "visibility",
    "region",
    "max_requests_per_1_minute",
    "ip_allowlist",
    "version",
    "tags",
];

/// Makes the JSON of events.
#[derive(Debug)]
pub struct Corpus {
    dice: Dice,
    types: Vec<&'static TypeEntry>,
    kinds: Vec<&'static str>,
}

impl Corpus {
    /// The corpus of a seed.
    pub fn new(seed: u64) -> Self {
        Corpus {
            dice: Dice::new(seed),
            types: vocabulary().types().collect(),
            kinds: vocabulary()
                .kinds()
                .map(|kind| kind.name.as_str())
                .collect(),
        }
    }

    /// The JSON of an event.
    pub fn event(&mut self) -> String {
        let kind = self.dice.pick(&self.types).copied();
        let name = kind.map_or("project.created", |entry| entry.name.as_str());
        let mut out = format!("{{\"type\":\"{name}\",\"occurred_at\":\"{}\"", self.time());
        self.actor(&mut out);
        if self.dice.once_in(2) {
            let kind = ["session", "api_key", "token"];
            let kind = self.dice.pick(&kind).copied().unwrap_or("session");
            let id = self.id("key");
            let _ = write!(
                out,
                ",\"credential\":{{\"kind\":\"{kind}\",\"id\":\"{id}\"}}"
            );
        }
        self.source(&mut out);
        if self.dice.once_in(2) {
            let (id, name) = (self.id("proj"), self.word());
            let _ = write!(out, ",\"project\":{{\"id\":\"{id}\",\"name\":\"{name}\"}}");
        }
        self.targets(kind, &mut out);
        if kind.is_some_and(|entry| entry.outcome.is_none()) && self.dice.once_in(12) {
            out.push_str(
                ",\"outcome\":\"failure\",\"error\":{\"code\":\"permission_denied\",\"message\":\"",
            );
            let _ = write!(out, "{}\"}}", self.word());
        }
        let request = self.id("req");
        let _ = write!(out, ",\"request_id\":\"{request}\"");
        self.data(&mut out);
        self.origin(&mut out);
        out.push('}');
        out
    }

    fn actor(&mut self, out: &mut String) {
        let kinds = ["user", "user", "user", "service_account", "agent", "system"];
        let kind = self.dice.pick(&kinds).copied().unwrap_or("user");
        let (id, word) = (self.id("user"), self.word());
        let _ = write!(
            out,
            ",\"actor\":{{\"kind\":\"{kind}\",\"id\":\"{id}\",\"email\":\"{word}@{}.com\",\"name\":\"{word}\"}}",
            self.word()
        );
    }

    fn source(&mut self, out: &mut String) {
        let [a, b, c, d, ..] = self.dice.roll().to_be_bytes();
        let agent = self.dice.pick(&USER_AGENTS).copied().unwrap_or_default();
        let _ = write!(
            out,
            ",\"source\":{{\"ip\":\"{a}.{b}.{c}.{d}\",\"user_agent\":\"{agent}\"}}"
        );
    }

    fn targets(&mut self, entry: Option<&TypeEntry>, out: &mut String) {
        out.push_str(",\"targets\":[");
        let rules = entry.map_or(&[][..], |entry| &entry.targets);
        for index in 0..=self.dice.below(2) {
            let own = rules.get(index).map(|rule| rule.kind.as_str());
            let kind = own.or_else(|| self.dice.pick(&self.kinds).copied());
            let kind = kind.unwrap_or("project");
            let comma = if index > 0 { "," } else { "" };
            let (id, name) = (self.id(kind), self.word());
            let _ = write!(
                out,
                "{comma}{{\"kind\":\"{kind}\",\"id\":\"{id}\",\"name\":\"{name}\"}}"
            );
        }
        out.push(']');
    }

    fn data(&mut self, out: &mut String) {
        out.push_str(",\"data\":{\"before\":{");
        let members: Vec<&str> = (0..1 + self.dice.below(3))
            .filter_map(|_| self.dice.pick(&MEMBERS).copied())
            .collect();
        self.values(&members, out);
        out.push_str("},\"after\":{");
        self.values(&members, out);
        out.push_str("}}");
    }

    fn values(&mut self, members: &[&str], out: &mut String) {
        let mut comma = "";
        let mut seen: Vec<&str> = Vec::new();
        for name in members.iter().copied() {
            if seen.contains(&name) {
                continue;
            }
            seen.push(name);
            let _ = match self.dice.below(4) {
                0 => write!(out, "{comma}\"{name}\":{}", self.dice.below(10_000)),
                1 => write!(out, "{comma}\"{name}\":{}", self.dice.once_in(2)),
                2 => write!(
                    out,
                    "{comma}\"{name}\":[\"{}\",\"{}\"]",
                    self.word(),
                    self.word()
                ),
                _ => write!(out, "{comma}\"{name}\":\"{}\"", self.word()),
            };
            comma = ",";
        }
    }

    fn origin(&mut self, out: &mut String) {
        if self.dice.once_in(4) {
            let surface = ["openai", "clarifai", "calypsoai"];
            let surface = self.dice.pick(&surface).copied().unwrap_or("openai");
            let id = self.id("audit_log");
            let _ = write!(
                out,
                ",\"origin\":{{\"surface\":\"{surface}\",\"id\":\"{id}\"}}"
            );
        }
    }

    fn time(&mut self) -> String {
        let mut two = |below| self.dice.below(below);
        format!(
            "20{:02}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
            24 + two(9),
            1 + two(12),
            1 + two(28),
            two(24),
            two(60),
            two(60),
            two(1_000_000)
        )
    }

    /// An id with a prefix and characters that nobody guesses.
    fn id(&mut self, prefix: &str) -> String {
        match self.dice.below(3) {
            0 => format!("{prefix}-{:016x}", self.dice.roll()),
            1 => format!("{prefix}_{:012x}", self.dice.roll() >> 16),
            _ => format!("{:016x}{:016x}", self.dice.roll(), self.dice.roll()),
        }
    }

    fn word(&mut self) -> String {
        let length = 4 + self.dice.below(7);
        let letter = |dice: &mut Dice| char::from(b'a' + u8::try_from(dice.below(26)).unwrap_or(0));
        (0..length).map(|_| letter(&mut self.dice)).collect()
    }
}
