//! The ten queries, over the largest organization, with everything sealed.

use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use docket_backends::Location;
use docket_engine::testing::random::Dice;
use docket_engine::{Engine, Environment, Log, Params};
use docket_event::{Direction, Field, Filter, Order, Place, Query, Recorded, Span};

const HOUR_MICROS: i64 = 3_600 * 1_000_000;
const SAMPLE: usize = 200;

/// How long one query took.
#[derive(Clone, Debug)]
pub struct Answered {
    /// Which query.
    pub name: &'static str,
    /// Median, microseconds.
    pub p50_micros: u64,
    /// 99th percentile, microseconds.
    pub p99_micros: u64,
    /// The very first answer, with nothing in the engine's memory, microseconds.
    pub first_micros: u64,
    /// Events in all pages together.
    pub events: usize,
}

/// Asks each query `repeat` times, with other values each time.
pub fn run(folder: &Path, repeat: usize) -> anyhow::Result<Vec<Answered>> {
    let mut answers = Vec::new();
    for (number, name) in NAMES.iter().enumerate() {
        // Opened anew for each query, so that its first answer is cold.
        let store = docket_backends::open(&Location::Folder(folder.to_owned()))?;
        let engine = Engine::open(store, Params::default(), Environment::system())?;
        let log = engine
            .log("org-00")
            .context("the largest organization is not there")?;
        answers.push(ask(&log, number, name, repeat)?);
        engine.close();
    }
    Ok(answers)
}

const NAMES: [&str; 10] = [
    "latest 20",
    "one type",
    "one rare actor",
    "common actor and common type",
    "one unique target id",
    "1 h in the middle",
    "oldest first, one type",
    "page 50 by cursor",
    "1,000 rows",
    "3 types x 2 actors x failure x 30 days",
];

#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn ask(log: &Log, number: usize, name: &'static str, repeat: usize) -> anyhow::Result<Answered> {
    let mut dice = Dice::new(42);
    let sample = sample(log, &mut dice)?;
    let fiftieth = fiftieth_page(log)?;
    let mut times = Vec::with_capacity(repeat);
    let mut events = 0;
    for _ in 0..repeat.max(1) {
        let query = query(number, &sample, fiftieth, &mut dice);
        let start = Instant::now();
        let page = log.query(&query)?;
        times.push(u64::try_from(start.elapsed().as_micros())?);
        events += page.events.len();
    }
    let first_micros = times.first().copied().unwrap_or_default();
    times.sort_unstable();
    let at = |part: usize| {
        times
            .get((times.len() * part / 100).min(times.len() - 1))
            .copied()
    };
    let (p50_micros, p99_micros) = (at(50).unwrap_or_default(), at(99).unwrap_or_default());
    Ok(Answered {
        name,
        p50_micros,
        p99_micros,
        first_micros,
        events,
    })
}

/// Some events from all over the log, to take values from.
fn sample(log: &Log, dice: &mut Dice) -> anyhow::Result<Vec<Recorded>> {
    let size = usize::try_from(log.size())?;
    let some = (0..SAMPLE).map(|_| log.get(dice.below(size) as u64));
    Ok(some
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .flatten()
        .collect())
}

fn fiftieth_page(log: &Log) -> anyhow::Result<Option<Place>> {
    let mut query = Query {
        order: Order::Occurred,
        limit: 20,
        ..Query::default()
    };
    for _ in 0..49 {
        query.after = log.query(&query)?.events.last().map(Place::of);
    }
    Ok(query.after)
}

fn query(number: usize, sample: &[Recorded], fiftieth: Option<Place>, dice: &mut Dice) -> Query {
    let latest = Query {
        order: Order::Occurred,
        limit: 20,
        ..Query::default()
    };
    let filtered = |filter: Filter| Query {
        filter,
        ..latest.clone()
    };
    let any = Filter::default;
    let types = [
        "api_key.created",
        "api_key.updated",
        "api_key.deleted",
        "certificate.created",
    ];
    let of_type = dice.pick(&types).copied().unwrap_or("api_key.created");
    let common = format!("user_00{:05}", dice.below(5));
    let rare = format!("user_00{:05}", 3_000 + dice.below(2_000));
    let target = |event: &Recorded| {
        let unique = event
            .event
            .targets
            .iter()
            .find(|target| target.kind == "model")?;
        unique.id.clone()
    };
    match number {
        1 => filtered(any().with(Field::Type, [of_type])),
        2 => filtered(any().with(Field::ActorId, [rare])),
        3 => filtered(
            any()
                .with(Field::ActorId, [common])
                .with(Field::Type, ["invite.sent"]),
        ),
        4 => {
            let ids: Vec<String> = sample.iter().filter_map(target).collect();
            filtered(any().with(Field::TargetId, dice.pick(&ids).cloned()))
        }
        5 => {
            let middle = dice.pick(sample).map(Recorded::micros);
            let to = middle.map(|micros| micros + HOUR_MICROS);
            filtered(Filter {
                occurred: Span { from: middle, to },
                ..any()
            })
        }
        6 => Query {
            direction: Direction::Ascending,
            ..filtered(any().with(Field::Type, [of_type]))
        },
        7 => Query {
            after: fiftieth,
            ..latest
        },
        8 => Query {
            limit: 1_000,
            ..latest
        },
        9 => {
            let to = dice.pick(sample).map(Recorded::micros);
            let from = to.map(|micros| micros - 30 * 24 * HOUR_MICROS);
            let others = [common, format!("user_00{:05}", 5 + dice.below(20))];
            filtered(
                Filter {
                    occurred: Span { from, to },
                    ..any()
                }
                .with(Field::Type, types.into_iter().take(3))
                .with(Field::ActorId, others)
                .with(Field::Outcome, ["failure"]),
            )
        }
        _ => latest,
    }
}
