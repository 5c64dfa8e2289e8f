//! One event a request from many connections, while tails become full and are sealed.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, anyhow};
use serde_json::json;

use super::{Bench, TAIL_EVENTS};
use crate::bodies::{BODY_EVENTS, Filling};
use crate::clock::Stopwatch;
use crate::data::{self, Data, cut};
use crate::generate::Spec;
use crate::http::{JSON, LINES};
use crate::process::Watch;
use crate::report::{Table, grouped, mebibytes, millis};
use crate::server::{Home, INIT_EVENTS, Server};
use crate::sql::batches;
use crate::stats::Times;
use crate::zipf::Zipf;

const CONNECTIONS: usize = 64;
const STACK_BYTES: usize = 256 << 10;
/// Longest time that requests are sent for.
const TIME_MAX: Duration = Duration::from_secs(20);
const BUSY_PAUSE: Duration = Duration::from_millis(2);
/// The tail of the first organization is full after this share of the requests, the next one's a step later.
const FIRST_FULL: f64 = 0.05;
const NEXT_FULL: f64 = 0.03;

/// Measures it.
pub fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let data = data::file(&bench.options.folder, bench.spec())?;
    let requests = requests(&data, bench.options.singles)?;
    let home = Home::make(&bench.options.server, bench.store_folder()?, data.spec.orgs)?;
    let server = home.serve()?;
    let zipf = Zipf::new(data.spec.orgs, 1.0);
    for org in 0..bench.options.filled_orgs.min(data.spec.orgs) {
        let step = FIRST_FULL + NEXT_FULL * org as f64;
        let room = (zipf.share(org) * requests.len() as f64 * step) as u64;
        fill(
            &home,
            &server,
            data.spec,
            org,
            TAIL_EVENTS.saturating_sub(room),
        )?;
    }
    let before = batches::look(&home.data())?;
    let memory = Watch::start(server.pid())?;
    let watch = Stopwatch::start();
    let (times, busy) = send(&home, &server, &requests)?;
    let seconds = watch.seconds();
    let peak_bytes = memory.stop()?;
    let sealed = batches::look(&home.data())?
        .blocks
        .saturating_sub(before.blocks);
    let spread = times.spread();
    let rate = spread.count as f64 / seconds;
    let title = format!("HTTP: one event a request from {CONNECTIONS} connections");
    let mut table = Table::new(title, &["figure", ""]);
    table.row(["requests".to_owned(), grouped(spread.count as f64)]);
    table.row(["events/s".to_owned(), grouped(rate)]);
    table.row([
        "acknowledgement p50".to_owned(),
        format!("{} ms", millis(spread.p50_micros)),
    ]);
    table.row([
        "acknowledgement p99".to_owned(),
        format!("{} ms", millis(spread.p99_micros)),
    ]);
    table.row([
        "acknowledgement max".to_owned(),
        format!("{} ms", millis(spread.max_micros)),
    ]);
    table.row(["blocks sealed meanwhile".to_owned(), sealed.to_string()]);
    table.row(["answers that said busy".to_owned(), busy.to_string()]);
    table.row([
        "peak RssAnon of the server".to_owned(),
        format!("{} MiB", mebibytes(peak_bytes)),
    ]);
    let figures = json!({
        "connections": CONNECTIONS,
        "events_per_second": rate,
        "acknowledgement": spread.json(),
        "blocks_sealed": sealed,
        "busy_answers": busy,
        "peak_rss_anon_bytes": peak_bytes,
    });
    bench.report.add("single", figures, &table)
}

/// Puts so many events into the tail of an organization that has none but those of its making.
pub fn fill(
    home: &Home,
    server: &Server,
    spec: Spec,
    org: usize,
    events: u64,
) -> anyhow::Result<()> {
    let mut filling = Filling::new(spec);
    let mut connection = server.connect()?;
    let mut left = events.saturating_sub(INIT_EVENTS);
    let mut body = String::new();
    while left > 0 {
        let some = left.min(BODY_EVENTS);
        filling.body(org, some, &mut body);
        while connection
            .post(home.token(org)?, LINES, body.as_bytes())?
            .is_busy()
        {
            std::thread::sleep(BUSY_PAUSE);
        }
        left -= some;
    }
    Ok(())
}

/// The first events of a file.
fn requests(data: &Data, count: usize) -> anyhow::Result<Vec<(usize, String)>> {
    let file = File::open(&data.path).context("opening the file of events")?;
    let lines = BufReader::with_capacity(1 << 20, file).lines().take(count);
    let cut = |line: std::io::Result<String>| {
        let line = line?;
        let (org, json) = cut(&line)?;
        Ok((org, json.to_owned()))
    };
    lines.map(cut).collect()
}

fn send(
    home: &Home,
    server: &Server,
    requests: &[(usize, String)],
) -> anyhow::Result<(Times, u64)> {
    let next = AtomicUsize::new(0);
    let watch = Stopwatch::start();
    std::thread::scope(|scope| {
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
            let (next, watch) = (&next, &watch);
            let work = move || connection(home, server, requests, next, watch);
            connections.push(thread.spawn_scoped(scope, work)?);
        }
        let (mut times, mut busy) = (Times::default(), 0);
        for connection in connections {
            let (some, waits) = connection
                .join()
                .map_err(|_| anyhow!("a connection panicked"))??;
            times.extend(some);
            busy += waits;
        }
        Ok((times, busy))
    })
}

fn connection(
    home: &Home,
    server: &Server,
    requests: &[(usize, String)],
    next: &AtomicUsize,
    since: &Stopwatch,
) -> anyhow::Result<(Times, u64)> {
    let mut connection = server.connect()?;
    let (mut times, mut busy) = (Times::default(), 0);
    while since.time() < TIME_MAX
        && let Some((org, json)) = requests.get(next.fetch_add(1, Ordering::Relaxed))
    {
        let token = home.token(*org)?;
        let watch = Stopwatch::start();
        loop {
            let answer = connection.post(token, JSON, json.as_bytes())?;
            if !answer.is_busy() {
                answer.tree_size()?;
                break;
            }
            busy += 1;
            std::thread::sleep(BUSY_PAUSE);
        }
        times.add(watch.time());
    }
    Ok((times, busy))
}
