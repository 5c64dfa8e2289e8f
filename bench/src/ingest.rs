//! Durable ingest through the engine, in groups of 1,000, each durable before its producer sends the next.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use anyhow::{Context, anyhow};
use docket_backends::Location;
use docket_engine::{Engine, Environment, Log, Params, Request};
use docket_event::{Event, Writer, check_event, read_event};

use crate::generate::Data;

const GROUP: usize = 1_000;
const PRODUCERS: usize = 2;
const LINE_BYTES: usize = 900;

/// What ingest came to.
#[derive(Clone, Copy, Debug)]
pub struct Ingested {
    /// Seconds until the last acknowledgement.
    pub seconds: f64,
    /// Bytes of the data folder after closing.
    pub disk_bytes: u64,
}

/// Ingests all events into a new store.
#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
pub fn run(data: &Data, folder: &Path) -> anyhow::Result<Ingested> {
    let store = docket_backends::open(&Location::Folder(folder.to_owned()))?;
    let engine = Engine::open(store, Params::default(), Environment::system())?;
    let logs = (0..20).map(|org| format!("org-{org:02}")).map(|org| {
        let log = engine.create_log(&org)?;
        Ok((org, log))
    });
    let logs: Arc<BTreeMap<String, Log>> = Arc::new(logs.collect::<anyhow::Result<_>>()?);
    let file = std::fs::File::open(&data.path).context("opening the file of events")?;
    let lines = Mutex::new(BufReader::with_capacity(1 << 20, file));
    let start = Instant::now();
    std::thread::scope(|scope| {
        let producers: Vec<_> = (0..PRODUCERS)
            .map(|_| scope.spawn(|| produce(&lines, &logs)))
            .collect();
        producers.into_iter().try_for_each(|producer| {
            producer
                .join()
                .map_err(|_| anyhow!("a producer panicked"))?
        })
    })?;
    let seconds = start.elapsed().as_secs_f64();
    engine.seal_all()?;
    engine.close();
    drop(logs);
    drop(engine);
    let disk_bytes = folder_bytes(folder)?;
    Ok(Ingested {
        seconds,
        disk_bytes,
    })
}

fn produce(
    lines: &Mutex<BufReader<std::fs::File>>,
    logs: &BTreeMap<String, Log>,
) -> anyhow::Result<()> {
    let now = Environment::system().now_micros();
    let mut text = String::with_capacity(GROUP * LINE_BYTES);
    loop {
        text.clear();
        let mut reader = lines.lock().map_err(|_| anyhow!("a producer panicked"))?;
        for _ in 0..GROUP {
            if reader.read_line(&mut text)? == 0 {
                break;
            }
        }
        drop(reader);
        if text.is_empty() {
            return Ok(());
        }
        let mut groups: BTreeMap<&str, Vec<Event>> = BTreeMap::new();
        for line in text.lines() {
            let (org, json) = line.split_once('\t').context("a line without a tab")?;
            let event = read_event(json).map_err(|faults| anyhow!("{faults:?}"))?;
            check_event(&event, Writer::Client, now).map_err(|faults| anyhow!("{faults:?}"))?;
            groups.entry(org).or_default().push(event);
        }
        let mut tickets = Vec::with_capacity(groups.len());
        for (org, events) in groups {
            let log = logs.get(org).context("an unknown organization")?;
            tickets.push(log.append(Request {
                events,
                ..Request::default()
            })?);
        }
        for ticket in tickets {
            ticket.wait()?;
        }
    }
}

fn folder_bytes(folder: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder).context("reading the data folder")? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes)
}
