//! What happens in the demo, day by day.

mod scenes;

use docket_event::Timestamp;
use serde_json::{Value, json};

use super::cast::{Cast, Project};
use super::dice::Dice;
use scenes::SCENES;

const SEED: u64 = 1815;
const DAY_S: i64 = 86_400;
const WEEKDAY_EVENTS: u32 = 42;
const WEEKEND_EVENTS: u32 = 9;
/// How many days ago somebody tried to get in.
const ATTACK_DAY: u32 = 9;

/// An entry in a dialect.
#[derive(Debug)]
pub(super) struct Entry {
    pub format: &'static str,
    pub text: String,
}

/// The entries of the last `days` days before `now_micros`, oldest first.
pub(super) fn entries(now_micros: i64, days: u32) -> Vec<Entry> {
    let now_s = now_micros / 1_000_000;
    let mut dice = Dice::new(SEED);
    let mut story = Story {
        cast: Cast::new(&mut dice),
        dice,
        entries: Vec::new(),
    };
    for ago in (0..=days).rev() {
        let midnight_s = now_s - now_s % DAY_S - i64::from(ago) * DAY_S;
        for at_s in story.times(midnight_s) {
            // The last day is only as long as it is.
            if at_s < now_s {
                story.happen(at_s);
            }
        }
        if ago == ATTACK_DAY {
            story.attack(midnight_s + 20 * 3_600);
        }
    }
    story.entries
}

struct Story {
    cast: Cast,
    dice: Dice,
    entries: Vec<Entry>,
}

impl Story {
    /// When things happen on a day: more by day than by night, less at the weekend.
    fn times(&mut self, midnight_s: i64) -> Vec<i64> {
        // 1970-01-01 was a Thursday.
        let weekend = matches!((midnight_s / DAY_S + 4) % 7, 0 | 6);
        let usual = if weekend {
            WEEKEND_EVENTS
        } else {
            WEEKDAY_EVENTS
        };
        let count = usual / 2 + self.dice.below(usual);
        let hour = |dice: &mut Dice| 7 * 3_600 + dice.below(6 * 3_600) + dice.below(6 * 3_600);
        let mut times: Vec<i64> = (0..count)
            .map(|_| midnight_s + i64::from(hour(&mut self.dice)))
            .collect();
        times.sort_unstable();
        times
    }

    fn happen(&mut self, at_s: i64) {
        let scene = if self.cast.projects.len() < 2 {
            Story::create_project
        } else if self.cast.keys.len() < 3 {
            Story::create_key
        } else {
            self.dice.weigh(&SCENES, Story::sign_in)
        };
        // Where a scene lacks its cast, nothing happens.
        let _ = scene(self, at_s);
    }

    /// Adds an entry in OpenAI's dialect. It keeps whole seconds.
    fn openai(&mut self, at_s: i64, name: &str, actor: &Value, payload: &Value) {
        self.openai_in(at_s, name, actor, payload, None);
    }

    fn openai_in(
        &mut self,
        at_s: i64,
        name: &str,
        actor: &Value,
        payload: &Value,
        project: Option<&Project>,
    ) {
        let mut entry = json!({
            "id": self.dice.id("audit_log-"),
            "object": "organization.audit_log",
            "type": name,
            "effective_at": at_s,
            "actor": actor,
            name: payload,
        });
        if let (Some(project), Some(entry)) = (project, entry.as_object_mut()) {
            entry.insert("project".to_owned(), project.reference());
        }
        self.entries.push(Entry {
            format: "openai",
            text: entry.to_string(),
        });
    }

    /// Adds a native event at some moment of that second.
    fn native(&mut self, at_s: i64, mut event: Value) {
        let micros = at_s * 1_000_000 + i64::from(self.dice.below(1_000_000));
        let time = Timestamp::from_micros(micros).map(|time| time.to_string());
        if let Some(event) = event.as_object_mut() {
            event.insert("occurred_at".to_owned(), json!(time));
        }
        self.entries.push(Entry {
            format: "native",
            text: event.to_string(),
        });
    }
}
