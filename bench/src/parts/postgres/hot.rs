//! One log in PostgreSQL that four processes write to, each through an engine of its own.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Lines, Stdin, StdinLock, Write, stdin};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, ensure};
use docket_backends::Location;
use docket_engine::AppendError;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::clock::Stopwatch;
use crate::data;
use crate::docket::Docket;
use crate::generate::Spec;
use crate::parts::Bench;
use crate::report::{Table, grouped, millis};
use crate::stats::Times;

const WRITERS: usize = 4;
/// Events that are sent again and again.
const EVENTS: u64 = 20_000;
/// Events of a batch, and how many batches each writer sends before it waits for the oldest.
const LOADS: [(usize, usize); 4] = [(1, 1), (1, 64), (500, 1), (500, 4)];
/// What a writer says when it can begin, and is told when it shall.
const READY: &str = "ready";
const GO: &str = "go";

/// What a writer is to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Order {
    url: String,
    lines: PathBuf,
    batch: usize,
    in_flight: usize,
    seconds: f64,
}

/// What it did.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Written {
    events: u64,
    seconds: f64,
    busy: u64,
    p50_micros: f64,
    p99_micros: f64,
}

/// Measures each load. All acknowledged events must be in the log at the end.
pub fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let spec = Spec {
        events: EVENTS,
        orgs: 1,
        ..bench.spec()
    };
    let data = data::file(&bench.options.folder, spec)?;
    let cluster = super::start(bench);
    let url = cluster.create_database();
    // The tables and the log are there before anybody writes.
    Docket::open_at(&Location::Url(url.clone()), spec.orgs)?.close();
    let head = [
        "events of a batch",
        "batches in flight, each writer",
        "events/s, all together",
        "slowest writer",
        "fastest writer",
        "acknowledgement p50 ms",
        "worst p99 ms",
        "busy",
    ];
    let title = format!("PostgreSQL: one log, {WRITERS} processes");
    let mut table = Table::new(title, &head);
    let (mut figures, mut acked) = (Vec::new(), 0);
    for (batch, in_flight) in LOADS {
        let written = together(&Order {
            url: url.clone(),
            lines: data.path.clone(),
            batch,
            in_flight,
            seconds: bench.options.hot_seconds,
        })?;
        acked += written.iter().map(|written| written.events).sum::<u64>();
        let (row, figure) = line(batch, in_flight, &written);
        table.row(row);
        figures.push(figure);
    }
    let docket = Docket::open_at(&Location::Url(url), spec.orgs)?;
    let there = docket.events();
    docket.close();
    ensure!(
        there == acked,
        "{acked} events were acknowledged, {there} are there"
    );
    let server = super::facts(&cluster);
    let figures =
        json!({ "writers": WRITERS, "events": acked, "server": server, "loads": figures });
    bench.report.add("postgres_hot", figures, &table)
}

fn line(batch: usize, in_flight: usize, written: &[Written]) -> (Vec<String>, Value) {
    let rates = written.iter().map(|one| one.events as f64 / one.seconds);
    let rates: Vec<f64> = rates.collect();
    let slowest = rates.iter().copied().fold(f64::INFINITY, f64::min);
    let fastest = rates.iter().copied().fold(0.0, f64::max);
    let seconds = written.iter().map(|one| one.seconds).fold(0.0, f64::max);
    let events: u64 = written.iter().map(|one| one.events).sum();
    let rate = events as f64 / seconds;
    let p50 = written.iter().map(|one| one.p50_micros).sum::<f64>() / written.len().max(1) as f64;
    let p99 = written.iter().map(|one| one.p99_micros).fold(0.0, f64::max);
    let busy: u64 = written.iter().map(|one| one.busy).sum();
    let row = vec![
        batch.to_string(),
        in_flight.to_string(),
        grouped(rate),
        grouped(slowest),
        grouped(fastest),
        millis(p50),
        millis(p99),
        busy.to_string(),
    ];
    let figure = json!({
        "batch": batch,
        "in_flight": in_flight,
        "events_per_second": rate,
        "writers": written,
    });
    (row, figure)
}

/// Has all writers do the same at the same time.
fn together(order: &Order) -> anyhow::Result<Vec<Written>> {
    let mut writers = Vec::new();
    for _ in 0..WRITERS {
        writers.push(Writer::start(order)?);
    }
    for writer in &mut writers {
        let said = writer.hear()?;
        ensure!(said == READY, "a writer says {said} instead of {READY}");
    }
    for writer in &mut writers {
        writer.tell(GO)?;
    }
    let read = |writer: &mut Writer| Ok(serde_json::from_str(&writer.hear()?)?);
    writers.iter_mut().map(read).collect()
}

/// A process that writes; it ends, at the latest, when this is dropped.
struct Writer {
    child: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Writer {
    fn start(order: &Order) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("--hot-writer")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting a writer")?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (orders, answers) = pipes.context("a writer without pipes")?;
        let answers = BufReader::new(answers).lines();
        let mut writer = Writer {
            child,
            orders,
            answers,
        };
        // The order has a password, so it is no argument.
        writer.tell(&serde_json::to_string(order)?)?;
        Ok(writer)
    }

    fn tell(&mut self, text: &str) -> anyhow::Result<()> {
        writeln!(self.orders, "{text}").context("telling a writer")
    }

    fn hear(&mut self) -> anyhow::Result<String> {
        let line = self.answers.next();
        Ok(line.context("a writer ended before its time")??)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // One that is done has ended by itself, or is about to.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What one of the processes does.
pub fn writer() -> anyhow::Result<()> {
    let mut orders: Lines<StdinLock<'static>> = Stdin::lines(stdin());
    let mut hear = || anyhow::Ok(orders.next().context("nobody gives orders")??);
    let order: Order = serde_json::from_str(&hear()?)?;
    let docket = Docket::open_at(&Location::Url(order.url.clone()), 1)?;
    let lines = std::fs::read_to_string(&order.lines).context("reading the events")?;
    let lines: Vec<&str> = lines.split_inclusive('\n').collect();
    let batches: Vec<String> = lines.chunks_exact(order.batch).map(<[_]>::concat).collect();
    println!("{READY}");
    let told = hear()?;
    ensure!(told == GO, "was told {told} instead of {GO}");
    let written = write(&docket, &batches, &order)?;
    println!("{}", serde_json::to_string(&written)?);
    docket.close();
    Ok(())
}

/// Sends batches until it is time, and waits for all of them.
fn write(docket: &Docket, batches: &[String], order: &Order) -> anyhow::Result<Written> {
    let watch = Stopwatch::start();
    let mut written = Written::default();
    let mut times = Times::default();
    let mut sent = VecDeque::new();
    let mut next = batches.iter().cycle();
    loop {
        let over = watch.seconds() >= order.seconds;
        if sent.len() == order.in_flight || over {
            let Some((since, ticket)): Option<(Stopwatch, docket_engine::Ticket)> =
                sent.pop_front()
            else {
                break;
            };
            match ticket.wait() {
                Ok(_) => written.events += order.batch as u64,
                Err(AppendError::Busy(_)) => written.busy += 1,
                Err(error) => return Err(error.into()),
            }
            times.add(since.time());
        } else {
            let since = Stopwatch::start();
            let (ticket, busy) = docket.send(next.next().context("there are no events")?)?;
            written.busy += busy;
            sent.push_back((since, ticket));
        }
    }
    let spread = times.spread();
    Ok(Written {
        seconds: watch.seconds(),
        p50_micros: spread.p50_micros,
        p99_micros: spread.p99_micros,
        ..written
    })
}
