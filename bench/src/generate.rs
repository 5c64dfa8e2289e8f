//! Believable events, always the same for a seed, as lines of organization, tab, native JSON.
//!
//! 20 organizations, zipf(1.0); 50 types, zipf(1.0); 5,000 actors, zipf(1.0) inside an organization; 1 to 3
//! targets, 30 % of them unique, else one of 20,000, zipf(0.8); every event a request id of its own; 20 % random
//! addresses; 94 % success; 2 % up to an hour late; 180 days.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use docket_engine::testing::random::Dice;
use docket_event::Timestamp;
use docket_event::vocabulary::vocabulary;

use crate::zipf::Zipf;

/// Unix microseconds of the first event: 2026-01-01T00:00:00Z.
const START_MICROS: i64 = 1_767_225_600_000_000;
const SPAN_MICROS: i64 = 180 * 24 * 3_600 * 1_000_000;
const LATE_MICROS_MAX: u64 = 3_600 * 1_000_000;

/// A file of events.
#[derive(Clone, Debug)]
pub struct Data {
    /// Where it is.
    pub path: PathBuf,
    /// How many events it has.
    pub events: u64,
    /// The seed it was made from.
    pub seed: u64,
    /// Bytes of all JSON in it.
    pub json_bytes: u64,
}

/// The file for a number of events and a seed, made if it is not there.
pub fn file(folder: &Path, events: u64, seed: u64) -> anyhow::Result<Data> {
    let path = folder.join(format!("events-{events}-{seed}.tsv"));
    if !path.exists() {
        let partial = path.with_extension("partial");
        write(&partial, events, seed)?;
        std::fs::rename(&partial, &path).context("naming the file of events")?;
    }
    let bytes = std::fs::metadata(&path)
        .context("looking at the file of events")?
        .len();
    // Organization, tab and line feed are 8 bytes a line.
    Ok(Data {
        path,
        events,
        seed,
        json_bytes: bytes - 8 * events,
    })
}

fn write(path: &Path, events: u64, seed: u64) -> anyhow::Result<()> {
    let mut out = BufWriter::with_capacity(
        1 << 20,
        File::create(path).context("making the file of events")?,
    );
    let mut generator = Generator::new(seed, events);
    let mut line = String::new();
    for number in 0..events {
        line.clear();
        generator.line(number, &mut line);
        out.write_all(line.as_bytes())?;
    }
    out.flush().context("writing the file of events")
}

/// Makes lines.
#[derive(Debug)]
pub struct Generator {
    dice: Dice,
    step_micros: i64,
    orgs: Zipf,
    types: Zipf,
    actors: Zipf,
    objects: Zipf,
    names: Vec<&'static str>,
}

impl Generator {
    /// The generator of a seed, for so many events.
    pub fn new(seed: u64, events: u64) -> Self {
        let names = vocabulary().types().map(|entry| entry.name.as_str());
        let plain = |name: &&str| !name.starts_with("docket.") && !name.starts_with("ingest.");
        Generator {
            dice: Dice::new(seed),
            step_micros: SPAN_MICROS / i64::try_from(events.max(1)).unwrap_or(1),
            orgs: Zipf::new(20, 1.0),
            types: Zipf::new(50, 1.0),
            actors: Zipf::new(5_000, 1.0),
            objects: Zipf::new(20_000, 0.8),
            names: names.filter(plain).take(50).collect(),
        }
    }

    /// Appends the line of an event.
    pub fn line(&mut self, number: u64, out: &mut String) {
        let org = self.orgs.roll(&mut self.dice);
        let name = self
            .names
            .get(self.types.roll(&mut self.dice))
            .copied()
            .unwrap_or("project.created");
        let actor = self.actors.roll(&mut self.dice);
        let _ = write!(
            out,
            "org-{org:02}\t{{\"type\":\"{name}\",\"occurred_at\":\"{}\",",
            self.time(number)
        );
        let _ = write!(
            out,
            "\"actor\":{{\"kind\":\"user\",\"id\":\"user_{org:02}{actor:05}\",\"email\":\"person{actor:05}@org{org:02}.example.com\",\
             \"name\":\"Person {actor:05}\"}},\"credential\":{{\"kind\":\"api_key\",\"id\":\"key_{org:02}{actor:05}\"}},"
        );
        let address = if self.dice.once_in(5) {
            self.dice.roll() as u32
        } else {
            u32::try_from(actor).unwrap_or(0)
        };
        let [a, b, c, d] = address.to_be_bytes();
        let _ = write!(
            out,
            "\"source\":{{\"ip\":\"{a}.{b}.{c}.{d}\",\"user_agent\":\"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36\"}},\
             \"project\":{{\"id\":\"proj_{org:02}{:03}\"}},\"targets\":[",
            actor % 200
        );
        self.targets(number, out);
        out.push(']');
        if !fixed(name) && self.dice.below(100) < 6 {
            out.push_str(",\"outcome\":\"failure\",\"error\":{\"code\":\"permission_denied\",\"message\":\"not allowed\"}");
        }
        let (one, two) = (self.dice.roll(), self.dice.roll());
        let _ = writeln!(
            out,
            ",\"request_id\":\"req_{number:012x}{:08x}\",\"data\":{{\"before\":{{\"title\":\"Title {}\",\"limit\":{}}},\
             \"after\":{{\"title\":\"Title {}\",\"limit\":{},\"scopes\":[\"api.model.request\",\"api.model.read\"]}},\"trace\":\"{one:016x}\"}}}}",
            one & 0xffff_ffff,
            one % 1_000,
            one % 10_000,
            two % 1_000,
            two % 10_000
        );
    }

    fn time(&mut self, number: u64) -> Timestamp {
        let even = START_MICROS + i64::try_from(number).unwrap_or(0) * self.step_micros;
        let late = if self.dice.once_in(50) {
            self.dice.roll() % LATE_MICROS_MAX
        } else {
            0
        };
        let micros = even - i64::try_from(late).unwrap_or(0);
        Timestamp::from_micros(micros.max(START_MICROS)).expect("the span lies after 1970")
    }

    fn targets(&mut self, number: u64, out: &mut String) {
        for index in 0..=self.dice.below(3) {
            let comma = if index > 0 { "," } else { "" };
            let object = self.objects.roll(&mut self.dice);
            let unique = self.dice.below(10) < 3;
            let _ = if unique {
                write!(
                    out,
                    "{comma}{{\"kind\":\"model\",\"id\":\"model_{number:012x}{index}\"}}"
                )
            } else {
                write!(
                    out,
                    "{comma}{{\"kind\":\"file\",\"id\":\"file_{object:08}\",\"name\":\"File {object}\"}}"
                )
            };
        }
    }
}

/// Whether the type fixes its outcome.
fn fixed(name: &str) -> bool {
    vocabulary().fixed_outcome(name).is_some()
}
