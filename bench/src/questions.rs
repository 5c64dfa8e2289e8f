//! The ten questions, with values drawn from a seed: the same for every design.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};

use anyhow::{Context, ensure};
use docket_engine::testing::random::Dice;
use docket_event::{Direction, read_event};

use crate::data::{Data, cut};
use crate::generate::{SHUNNED_TYPES, SHUNNING_ACTORS, actor_id, type_names};

/// The questions, in the order of their figures.
pub const NAMES: [&str; 10] = [
    "latest 20",
    "one type",
    "one rare actor",
    "common actor and common type, together rare",
    "one unique target id",
    "1 h in the middle",
    "oldest first, one type",
    "page 50 by cursor",
    "1,000 rows",
    "3 types x 2 actors x failure x 30 days",
];
/// The organization that is asked about: the largest.
pub const ORG: usize = 0;

const PAGE: usize = 20;
const LONG_PAGE: usize = 1_000;
const HOUR_MICROS: i64 = 3_600 * 1_000_000;
const MONTH_MICROS: i64 = 30 * 24 * HOUR_MICROS;
/// Places in the file that events are sampled at, and how far is looked for one.
const SPOTS: u64 = 400;
const LINES_MAX: usize = 200;

/// A question about one organization; members that are left out ask for nothing. Events are sorted by event time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Any of these types.
    pub types: Vec<&'static str>,
    /// Any of these actors.
    pub actors: Vec<String>,
    /// This target.
    pub target: Option<String>,
    /// Failures only.
    pub failure: bool,
    /// From this time on, Unix microseconds.
    pub from: Option<i64>,
    /// Before this time, Unix microseconds.
    pub to: Option<i64>,
    /// Only what follows this event of the latest ones, which a cursor names.
    pub after: Option<usize>,
    /// Which end first.
    pub direction: Direction,
    /// Most events of the page.
    pub limit: usize,
}

impl Question {
    /// The latest events, however they look.
    pub fn latest(limit: usize) -> Self {
        Question {
            types: Vec::new(),
            actors: Vec::new(),
            target: None,
            failure: false,
            from: None,
            to: None,
            after: None,
            direction: Direction::Descending,
            limit,
        }
    }
}

/// Questions of all ten kinds.
#[derive(Clone, Debug)]
pub struct Set {
    /// Asked first, to warm what is warm in use; not timed.
    pub warming: Vec<Vec<Question>>,
    /// The ones that are timed.
    pub timed: Vec<Vec<Question>>,
}

impl Set {
    /// Draws `draws` questions of each kind, about a file's events.
    pub fn draw(data: &Data, draws: usize) -> anyhow::Result<Self> {
        let sample = Sample::take(data)?;
        let mut dice = Dice::new(data.spec.seed ^ 0x7175_6573_7469_6f6e);
        let mut all = || {
            let kinds = 0..NAMES.len();
            let of_kind = |kind| {
                (0..draws.max(1))
                    .map(|_| sample.question(kind, &mut dice))
                    .collect()
            };
            kinds.map(of_kind).collect()
        };
        Ok(Set {
            warming: all(),
            timed: all(),
        })
    }
}

/// What occurs in the events, to ask for.
#[derive(Debug)]
struct Sample {
    times: Vec<i64>,
    targets: Vec<String>,
    types: Vec<&'static str>,
}

impl Sample {
    /// Times and unique targets of events from all over the file.
    fn take(data: &Data) -> anyhow::Result<Self> {
        let mut file = File::open(&data.path).context("opening the file of events")?;
        let bytes = file.metadata()?.len();
        let mut sample = Sample {
            times: Vec::new(),
            targets: Vec::new(),
            types: type_names(),
        };
        for spot in 0..SPOTS {
            file.seek(SeekFrom::Start(bytes * spot / SPOTS))?;
            sample.look(&mut BufReader::new(&file))?;
        }
        ensure!(
            !sample.times.is_empty() && !sample.targets.is_empty(),
            "too few events to ask about; give more --events"
        );
        Ok(sample)
    }

    /// Takes the next event that has a target of its own.
    fn look(&mut self, reader: &mut impl BufRead) -> anyhow::Result<()> {
        let mut line = String::new();
        // What is left of a line that began before.
        reader.read_until(b'\n', &mut Vec::new())?;
        for _ in 0..LINES_MAX {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                break;
            }
            let (org, json) = cut(line.trim_end())?;
            if org != ORG || !json.contains("\"kind\":\"model\"") {
                continue;
            }
            let event = read_event(json).map_err(|faults| anyhow::anyhow!("{faults:?}"))?;
            let time = event.occurred_at.context("an event without a time")?;
            let unique = event
                .targets
                .into_iter()
                .find(|target| target.kind == "model");
            self.targets.extend(unique.and_then(|target| target.id));
            self.times.push(time.micros());
            break;
        }
        Ok(())
    }

    fn question(&self, kind: usize, dice: &mut Dice) -> Question {
        let latest = Question::latest(PAGE);
        let frequent = dice.below(SHUNNED_TYPES.start);
        let of_type = self.types.get(frequent).copied().into_iter().collect();
        let actor = |ranks: std::ops::Range<usize>, dice: &mut Dice| {
            actor_id(ORG, ranks.start + dice.below(ranks.len()))
        };
        match kind {
            1 => Question {
                types: of_type,
                ..latest
            },
            2 => Question {
                actors: vec![actor(3_000..5_000, dice)],
                ..latest
            },
            3 => Question {
                actors: vec![actor(SHUNNING_ACTORS, dice)],
                types: {
                    let rank = SHUNNED_TYPES.start + dice.below(SHUNNED_TYPES.len());
                    self.types.get(rank).copied().into_iter().collect()
                },
                ..latest
            },
            4 => Question {
                target: dice.pick(&self.targets).cloned(),
                ..latest
            },
            5 => {
                let middle = self.times.len() / 4 + dice.below(self.times.len() / 2);
                let from = self.times.get(middle).copied();
                Question {
                    from,
                    to: from.map(|from| from + HOUR_MICROS),
                    ..latest
                }
            }
            6 => Question {
                types: of_type,
                direction: Direction::Ascending,
                ..latest
            },
            7 => Question {
                after: Some(49 * PAGE - 1 - dice.below(PAGE)),
                ..latest
            },
            8 => Question::latest(LONG_PAGE),
            9 => {
                let to = dice.pick(&self.times).copied();
                let types = self.types.get(frequent..).unwrap_or_default();
                Question {
                    types: types.iter().take(3).copied().collect(),
                    actors: vec![actor(0..5, dice), actor(5..25, dice)],
                    failure: true,
                    from: to.map(|to| to - MONTH_MICROS),
                    to,
                    ..latest
                }
            }
            _ => latest,
        }
    }
}
