//! The ten questions from two threads while events come in at full speed.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, anyhow, ensure};
use serde_json::{Value, json};

use super::Bench;
use crate::data;
use crate::design::{Design, after, latest_places};
use crate::docket::Docket;
use crate::generate::Spec;
use crate::questions::{NAMES, Set};
use crate::report::{Table, grouped, millis};
use crate::stats::Times;

const READERS: usize = 2;
/// Share of the events that are in the store before anybody reads.
const BEFORE: u64 = 4;

/// Measures it.
pub fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let data = data::file(&bench.options.folder, bench.spec())?;
    let first = Spec {
        events: (data.spec.events / BEFORE).max(1),
        seed: data.spec.seed + 1,
        ..data.spec
    };
    let first = data::file(&bench.options.folder, first)?;
    let set = Set::draw(&data, bench.options.draws)?;
    let folder = bench.store_folder()?;
    let docket = Docket::open(folder.path(), data.spec.orgs)?;
    docket.ingest(&first, bench.options.producers)?;
    let done = AtomicBool::new(false);
    let (ingested, times) = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS)
            .map(|reader| {
                scope.spawn({
                    let (docket, set, done) = (&docket, &set, &done);
                    move || read(docket, set, reader, done)
                })
            })
            .collect();
        let ingested = docket.ingest(&data, bench.options.producers);
        done.store(true, Ordering::Relaxed);
        let mut all = vec![Times::default(); NAMES.len()];
        for reader in readers {
            let times = reader.join().map_err(|_| anyhow!("a reader panicked"))??;
            all.iter_mut()
                .zip(times)
                .for_each(|(all, some)| all.extend(some));
        }
        anyhow::Ok((ingested?, all))
    })?;
    docket.close();
    report(
        bench,
        data.spec.events as f64 / ingested.settled_seconds,
        ingested.acked_seconds,
        &times,
    )
}

/// Asks one question of each kind in turn until ingest is done.
fn read(
    docket: &Docket,
    set: &Set,
    reader: usize,
    done: &AtomicBool,
) -> anyhow::Result<Vec<Times>> {
    let places = latest_places(docket)?;
    let mut times = vec![Times::default(); NAMES.len()];
    let mut round = reader;
    while !done.load(Ordering::Relaxed) {
        for (kind, times) in times.iter_mut().enumerate() {
            let questions = set.timed.get(kind).context("a kind without questions")?;
            let question = questions
                .get(round % questions.len().max(1))
                .context("no questions")?;
            let after = after(question, &places)?;
            let watch = crate::clock::Stopwatch::start();
            let page = docket.page(question, after)?;
            times.add(watch.time());
            ensure!(page.events.len() <= question.limit, "a page is too long");
        }
        round += READERS;
    }
    Ok(times)
}

fn report(bench: &mut Bench, rate: f64, acked_seconds: f64, times: &[Times]) -> anyhow::Result<()> {
    let mut together = Times::default();
    times
        .iter()
        .for_each(|times| together.extend(times.clone()));
    let asked = together.count();
    let title = format!(
        "{READERS} readers during ingest: {} events/s, {} questions/s",
        grouped(rate),
        grouped(asked as f64 / acked_seconds)
    );
    let mut table = Table::new(title, &["question", "asked", "p50 ms", "p99 ms", "max ms"]);
    let named = NAMES.iter().copied().zip(times).chain([("all", &together)]);
    let mut questions = Vec::<Value>::new();
    for (name, times) in named {
        let spread = times.spread();
        table.row([
            name.to_owned(),
            spread.count.to_string(),
            millis(spread.p50_micros),
            millis(spread.p99_micros),
            millis(spread.max_micros),
        ]);
        questions.push(json!({ "name": name, "times": spread.json() }));
    }
    let figures = json!({
        "readers": READERS,
        "events_per_second": rate,
        "to_engine_without_readers": bench.to_engine(rate),
        "questions_per_second": asked as f64 / acked_seconds,
        "questions": questions,
    });
    bench.report.add("readers", figures, &table)
}
