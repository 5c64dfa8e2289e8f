//! Who and what the demo is about: people, machines, projects, keys.

use serde_json::{Value, json};

use super::dice::Dice;

/// Names of the people; the first two are owners.
const PEOPLE: [&str; 12] = [
    "ada", "grace", "alan", "barbara", "edsger", "frances", "donald", "margaret", "niklaus",
    "radia", "tony", "shafi",
];
const PROJECTS: [&str; 6] = [
    "Support assistant",
    "Search",
    "Invoices",
    "Translation",
    "Sandbox",
    "Voice",
];
const MACHINES: [&str; 3] = ["ci", "nightly-evals", "gateway"];
const AGENTS: [&str; 3] = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) \
     Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) \
     Version/26.0 Safari/605.1.15",
];

#[derive(Clone, Debug)]
pub(super) struct Person {
    pub id: String,
    pub email: String,
    ip: String,
    agent: &'static str,
}

#[derive(Clone, Debug)]
pub(super) struct Project {
    pub id: String,
    pub name: String,
}

#[derive(Clone, Debug)]
pub(super) struct Key {
    pub id: String,
    pub project: Project,
}

/// Everybody and everything that is there at some moment.
#[derive(Debug)]
pub(super) struct Cast {
    pub people: Vec<Person>,
    pub machines: Vec<String>,
    pub projects: Vec<Project>,
    pub keys: Vec<Key>,
    /// Names of projects that are still to come.
    pub plans: Vec<&'static str>,
}

impl Cast {
    pub(super) fn new(dice: &mut Dice) -> Self {
        let people = PEOPLE.iter().enumerate().map(|(number, name)| Person {
            id: dice.id("user-"),
            email: format!("{name}@example.com"),
            // A network that is kept for documentation (RFC 5737).
            ip: format!("203.0.113.{}", 10 + number),
            agent: dice.pick(&AGENTS).copied().unwrap_or_default(),
        });
        Cast {
            people: people.collect(),
            machines: MACHINES.iter().map(|name| format!("sa-{name}")).collect(),
            projects: Vec::new(),
            keys: Vec::new(),
            plans: PROJECTS.iter().rev().copied().collect(),
        }
    }

    pub(super) fn anyone(&self, dice: &mut Dice) -> Option<Person> {
        dice.pick(&self.people).cloned()
    }

    /// One of the two owners.
    pub(super) fn owner(&self, dice: &mut Dice) -> Option<Person> {
        dice.pick(self.people.get(..2)?).cloned()
    }

    pub(super) fn project(&self, dice: &mut Dice) -> Option<Project> {
        dice.pick(&self.projects).cloned()
    }
}

impl Person {
    /// From now on the person is at this address.
    pub(super) fn move_to(&mut self, ip: &str) {
        ip.clone_into(&mut self.ip);
    }

    /// The person in a browser, as OpenAI's entries show it.
    pub(super) fn session(&self) -> Value {
        json!({"type": "session", "session": {
            "user": {"id": self.id, "email": self.email},
            "ip_address": self.ip,
            "user_agent": self.agent,
        }})
    }

    /// The person in a native event.
    pub(super) fn actor(&self) -> Value {
        json!({"kind": "user", "id": self.id, "email": self.email})
    }
}

impl Project {
    pub(super) fn reference(&self) -> Value {
        json!({"id": self.id, "name": self.name})
    }
}
