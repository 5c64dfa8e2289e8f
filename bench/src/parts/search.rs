//! Text searches in one organization, all sealed, warm: what is rare, what is nowhere, and what is everywhere.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};

use anyhow::{Context, ensure};
use docket_engine::QueryError;
use docket_engine::testing::random::Dice;
use docket_event::{Needle, read_event};
use serde_json::{Value, json};

use super::Bench;
use crate::clock::Stopwatch;
use crate::data::{self, Data, cut};
use crate::disk::allocated_bytes;
use crate::docket::Docket;
use crate::generate::Spec;
use crate::report::{Table, millis};
use crate::stats::{Spread, Times};

/// Events of a usual page, and of a long one.
const PAGE: usize = 20;
const LONG_PAGE: usize = 1_000;
/// Lines after a place in the file among which one is whole.
const LINES: usize = 2;

/// The kinds of needles.
const KINDS: [Kind; 9] = [
    Kind::new("rare: a trace id in the payload, 16 hex digits", PAGE),
    Kind::new("rare: 8 digits of one", PAGE),
    Kind::new("rare: one of 2,000 rare actors' address", PAGE),
    Kind::new("miss: 16 hex digits", PAGE),
    Kind::new("miss: a word of 8 letters", PAGE),
    Kind::new("miss: a word of 4 letters", PAGE),
    Kind::new("common: a word", PAGE),
    Kind::new("common: a word, 1,000 rows", LONG_PAGE),
    Kind::new("common: 2 characters", PAGE),
];

#[derive(Clone, Copy, Debug)]
struct Kind {
    name: &'static str,
    limit: usize,
}

impl Kind {
    const fn new(name: &'static str, limit: usize) -> Self {
        Kind { name, limit }
    }
}

/// How the questions of a kind were answered.
#[derive(Debug)]
struct Answered {
    name: &'static str,
    spread: Spread,
    events: usize,
    /// Questions that would have looked through too much.
    too_broad: usize,
}

/// Measures it.
pub fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let spec = Spec {
        orgs: 1,
        ..bench.spec()
    };
    let data = data::file(&bench.options.folder, spec)?;
    let folder = bench.store_folder()?;
    let docket = Docket::open(folder.path(), 1)?;
    docket.ingest(&data, bench.options.producers)?;
    docket.seal_all()?;
    let mut dice = Dice::new(spec.seed ^ 0x006e_6565_646c_6573);
    let mut answers = Vec::new();
    for (number, kind) in KINDS.iter().enumerate() {
        // Once to warm what is warm in use, with other needles than those that are timed.
        let mut ask = || -> anyhow::Result<Answered> {
            let needles = (0..bench.options.draws.max(1)).map(|_| needle(number, &data, &mut dice));
            answered(
                &docket,
                *kind,
                &needles.collect::<anyhow::Result<Vec<_>>>()?,
            )
        };
        ask()?;
        answers.push(ask()?);
    }
    docket.close();
    let bytes = allocated_bytes(folder.path())? as f64 / spec.events.max(1) as f64;
    report(bench, spec, bytes, &answers)
}

fn answered(docket: &Docket, kind: Kind, needles: &[Needle]) -> anyhow::Result<Answered> {
    let (mut times, mut events, mut too_broad) = (Times::default(), 0, 0);
    for needle in needles {
        let watch = Stopwatch::start();
        let found = docket.search(needle, kind.limit)?;
        times.add(watch.time());
        match found {
            Ok(page) => events += page.events.len(),
            Err(QueryError::TooBroad(_)) => too_broad += 1,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Answered {
        name: kind.name,
        spread: times.spread(),
        events,
        too_broad,
    })
}

/// A needle of a kind.
fn needle(kind: usize, data: &Data, dice: &mut Dice) -> anyhow::Result<Needle> {
    let letters = |dice: &mut Dice, count: usize| -> String {
        let letter = |_| char::from(b'a' + u8::try_from(dice.below(26)).unwrap_or(0));
        (0..count).map(letter).collect()
    };
    let text = match kind {
        0 => trace_id(data, dice)?,
        1 => trace_id(data, dice)?.chars().skip(4).take(8).collect(),
        2 => format!("person{:04}@", 3_000 + dice.below(2_000)),
        3 => format!("{:016x}", dice.roll()),
        4 => letters(dice, 8),
        5 => letters(dice, 4),
        6 | 7 => dice
            .pick(&["quarterly", "rotation", "on-call"])
            .copied()
            .unwrap_or_default()
            .to_owned(),
        _ => dice
            .pick(&["qu", "7f", "-c"])
            .copied()
            .unwrap_or_default()
            .to_owned(),
    };
    Needle::new(&text).map_err(anyhow::Error::msg)
}

/// The trace id of some event.
fn trace_id(data: &Data, dice: &mut Dice) -> anyhow::Result<String> {
    let mut file = File::open(&data.path).context("opening the file of events")?;
    let bytes = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    // Not among the last lines, behind which there is none.
    let place = dice.below(bytes - bytes / 16);
    file.seek(SeekFrom::Start(place as u64))?;
    let lines = BufReader::new(file).lines().take(LINES);
    let line = lines.last().context("the file of events is too short")??;
    let (_, json) = cut(&line)?;
    let event = read_event(json).map_err(|faults| anyhow::anyhow!("{faults:?}"))?;
    let payload = event.data.context("an event without a payload")?;
    let id = payload
        .value()
        .get("trace_id")
        .and_then(|id| Some(id.as_str()?.to_owned()));
    id.context("an event without a trace id")
}

fn report(bench: &mut Bench, spec: Spec, bytes: f64, answers: &[Answered]) -> anyhow::Result<()> {
    ensure!(!answers.is_empty(), "nothing was asked");
    let title = format!(
        "Text searches, one organization of {} events, sealed, warm",
        spec.events
    );
    let mut table = Table::new(
        &title,
        &[
            "needle",
            "p50 ms",
            "p99 ms",
            "max ms",
            "events",
            "too broad",
        ],
    );
    for answer in answers {
        table.row([
            answer.name.to_owned(),
            millis(answer.spread.p50_micros),
            millis(answer.spread.p99_micros),
            millis(answer.spread.max_micros),
            answer.events.to_string(),
            answer.too_broad.to_string(),
        ]);
    }
    table.row([
        "disk, store closed".to_owned(),
        format!("{bytes:.1} B/event"),
        "-".to_owned(),
        "-".to_owned(),
        "-".to_owned(),
        "-".to_owned(),
    ]);
    let one = |answer: &Answered| -> Value {
        json!({
            "name": answer.name,
            "times": answer.spread.json(),
            "events": answer.events,
            "too_broad": answer.too_broad,
        })
    };
    let figures = json!({
        "events": spec.events,
        "disk_bytes_per_event": bytes,
        "searches": answers.iter().map(one).collect::<Vec<_>>(),
    });
    bench.report.add("search", figures, &table)
}
