//! The same pages as different clients ask for them: how long they wait, what it costs the server.

mod calypsoai;
mod clarifai;
mod question;

use std::time::Duration;

use anyhow::{anyhow, ensure};
use serde_json::{Value, json};

use super::{Bench, serving};
use crate::bodies;
use crate::clock::Stopwatch;
use crate::data;
use crate::generate::{Spec, Words, actor_id};
use crate::process::processor_seconds;
use crate::report::{Table, grouped, millis, ratio};
use crate::server::{Home, Server};
use crate::stats::Times;
use question::{Client, Question, Vendor, Way};

const CONNECTIONS: usize = 8;
/// The ways take turns so often, so that what else the machine does meets all of them.
const ROUNDS: usize = 8;
/// Part of a round's requests that come before what is measured.
const WARM_UP: usize = 8;

/// What a question came to in one way.
#[derive(Debug, Default)]
struct Asked {
    times: Times,
    time: Duration,
    server_seconds: f64,
    answer_bytes: usize,
}

/// Measures the pages of each vendor's clients.
pub fn run(bench: &mut Bench) -> anyhow::Result<()> {
    for vendor in [clarifai::VENDOR, calypsoai::VENDOR] {
        measure(bench, &vendor)?;
    }
    Ok(())
}

fn measure(bench: &mut Bench, vendor: &Vendor) -> anyhow::Result<()> {
    let spec = Spec {
        orgs: 1,
        words: Words::Of(vendor.surface),
        ..bench.spec()
    };
    let (home, server) = filled(bench, spec)?;
    // The most active actor, so that there are pages of one's own actions.
    let token = home.reader(0, &actor_id(0, 0))?;
    let name = vendor.surface.name();
    let title = format!("Pages by {name}, over {CONNECTIONS} connections");
    let head = [
        "page",
        "asked by",
        "requests/s",
        "p50 ms",
        "p99 ms",
        "server µs/request",
        "to native",
        "B/answer",
    ];
    let mut table = Table::new(title, &head);
    let mut figures = Vec::new();
    for question in (vendor.questions)(spec.events) {
        let ways = (vendor.ways)(&question);
        let asked = ask_all(bench, &server, &token, &question, &ways)?;
        let native = asked.first().filter(|_| ways.len() > 1);
        let native = native.map(Asked::server_micros);
        for (way, asked) in ways.iter().zip(&asked) {
            table.row(asked.row(&question, way, native));
            figures.push(asked.json(&question, way, native));
        }
    }
    let part = format!("pages_{name}");
    bench.report.add(&part, Value::Array(figures), &table)
}

/// A server with all events of a specification, at rest.
fn filled(bench: &Bench, spec: Spec) -> anyhow::Result<(Home, Server)> {
    let folder = bench.store_folder()?;
    let data = data::file(&bench.options.folder, spec)?;
    let bodies = bodies::of(&data, folder.path())?;
    let home = Home::make(&bench.options.server, folder, spec.orgs)?;
    let server = home.serve()?;
    let watch = Stopwatch::start();
    serving::send(&home, &server, &bodies)?.check(spec)?;
    serving::quiet(&home, &watch)?;
    std::fs::remove_file(&bodies.path)?;
    Ok((home, server))
}

/// Asks a question in all ways, which must find the same events.
fn ask_all(
    bench: &Bench,
    server: &Server,
    token: &str,
    question: &Question,
    ways: &[Way],
) -> anyhow::Result<Vec<Asked>> {
    let mut found = Vec::new();
    for way in ways {
        let mut client = (way.client)(server, token, question)?;
        let ids = (way.request_ids)(&client.ask()?)?;
        ensure!(
            ids.len() == question.events,
            "{} by {}: a page of {} events",
            question.name,
            way.name,
            ids.len()
        );
        found.push(ids);
    }
    ensure!(
        found.windows(2).all(|two| two.first() == two.last()),
        "{}: the pages differ",
        question.name
    );
    let count = bench.options.page_requests / CONNECTIONS / ROUNDS / question.rarer;
    let count = count.max(1);
    let mut all: Vec<Asked> = ways.iter().map(|_| Asked::default()).collect();
    for _ in 0..ROUNDS {
        for (way, asked) in ways.iter().zip(&mut all) {
            let clients = (0..CONNECTIONS).map(|_| (way.client)(server, token, question));
            let mut clients = clients.collect::<anyhow::Result<Vec<_>>>()?;
            ask(&mut clients, count.div_ceil(WARM_UP))?;
            asked.round(server, &mut clients, count)?;
        }
    }
    Ok(all)
}

/// Each client asks so often, again as soon as it has the answer.
fn ask(clients: &mut [Client], count: usize) -> anyhow::Result<(Times, usize)> {
    std::thread::scope(|scope| {
        let asking: Vec<_> = clients
            .iter_mut()
            .map(|client| {
                scope.spawn(move || {
                    let (mut times, mut bytes) = (Times::default(), 0);
                    for _ in 0..count {
                        let watch = Stopwatch::start();
                        bytes = client.ask()?.len();
                        times.add(watch.time());
                    }
                    anyhow::Ok((times, bytes))
                })
            })
            .collect();
        let (mut times, mut bytes) = (Times::default(), 0);
        for client in asking {
            let (some, last) = client.join().map_err(|_| anyhow!("a client panicked"))??;
            times.extend(some);
            bytes = last;
        }
        Ok((times, bytes))
    })
}

impl Asked {
    fn round(
        &mut self,
        server: &Server,
        clients: &mut [Client],
        count: usize,
    ) -> anyhow::Result<()> {
        let before = processor_seconds(server.pid())?;
        let watch = Stopwatch::start();
        let (times, bytes) = ask(clients, count)?;
        self.time += watch.time();
        self.server_seconds += processor_seconds(server.pid())? - before;
        self.times.extend(times);
        self.answer_bytes = bytes;
        Ok(())
    }

    fn server_micros(&self) -> f64 {
        self.server_seconds * 1e6 / self.times.count().max(1) as f64
    }

    fn rate(&self) -> f64 {
        self.times.count() as f64 / self.time.as_secs_f64()
    }

    fn row(&self, question: &Question, way: &Way, native_micros: Option<f64>) -> [String; 8] {
        let spread = self.times.spread();
        [
            question.name.to_owned(),
            way.name.to_owned(),
            grouped(self.rate()),
            millis(spread.p50_micros),
            millis(spread.p99_micros),
            grouped(self.server_micros()),
            ratio(native_micros.map(|native| self.server_micros() / native)),
            grouped(self.answer_bytes as f64),
        ]
    }

    fn json(&self, question: &Question, way: &Way, native_micros: Option<f64>) -> Value {
        json!({
            "page": question.name,
            "asked_by": way.name,
            "connections": CONNECTIONS,
            "events": question.events,
            "row": question.row,
            "requests_per_second": self.rate(),
            "waiting": self.times.spread().json(),
            "server_micros_per_request": self.server_micros(),
            "to_native": native_micros.map(|native| self.server_micros() / native),
            "answer_bytes": self.answer_bytes,
        })
    }
}
