//! The same pages as different clients ask for them: how long they wait, what it costs the server.

mod clarifai;
mod question;

use std::time::Duration;

use anyhow::{anyhow, ensure};
use serde_json::{Value, json};

use super::{Bench, serving};
use crate::bodies;
use crate::clock::Stopwatch;
use crate::data;
use crate::generate::Spec;
use crate::process::processor_seconds;
use crate::report::{Table, grouped, millis};
use crate::server::{Home, Server};
use crate::stats::Times;
use question::{Client, PAGE_EVENTS, Question, Way};

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

/// Measures it.
pub fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let (home, server) = filled(bench, clarifai::spec(bench.spec()))?;
    let title = format!(
        "Pages of {PAGE_EVENTS} events over HTTP/1.1 and HTTP/2 from {CONNECTIONS} connections"
    );
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
    for question in clarifai::questions()? {
        let ways = clarifai::ways();
        let asked = ask_all(bench, &server, home.token(0)?, &question, &ways)?;
        let native = asked.first().map_or(0.0, Asked::server_micros);
        for (way, asked) in ways.iter().zip(&asked) {
            table.row(asked.row(&question, way, native));
            figures.push(asked.json(&question, way, native));
        }
    }
    bench.report.add("pages", Value::Array(figures), &table)
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
            ids.len() == PAGE_EVENTS,
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
    let count = bench.options.page_requests / CONNECTIONS / ROUNDS;
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

    fn row(&self, question: &Question, way: &Way, native_micros: f64) -> [String; 8] {
        let spread = self.times.spread();
        [
            question.name.to_owned(),
            way.name.to_owned(),
            grouped(self.rate()),
            millis(spread.p50_micros),
            millis(spread.p99_micros),
            grouped(self.server_micros()),
            format!("{:.2}", self.server_micros() / native_micros),
            grouped(self.answer_bytes as f64),
        ]
    }

    fn json(&self, question: &Question, way: &Way, native_micros: f64) -> Value {
        json!({
            "page": question.name,
            "asked_by": way.name,
            "connections": CONNECTIONS,
            "events": PAGE_EVENTS,
            "requests_per_second": self.rate(),
            "waiting": self.times.spread().json(),
            "server_micros_per_request": self.server_micros(),
            "to_native": self.server_micros() / native_micros,
            "answer_bytes": self.answer_bytes,
        })
    }
}
