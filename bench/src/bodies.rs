//! Request bodies: the events of a file, sorted into JSON lines of one organization each.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use crate::data::{Data, cut};
use crate::generate::{Generator, Spec};
use crate::http::Stretch;

/// Events of a full body.
pub const BODY_EVENTS: u64 = 1_000;
/// Numbers of events that fill tails start here: their ids are not those of other events.
const FILLING_FROM: u64 = 1 << 41;

/// A file of bodies.
#[derive(Debug)]
pub struct Bodies {
    /// Where it is.
    pub path: PathBuf,
    /// The bodies, in the order in which they became full.
    pub all: Vec<Body>,
}

/// A body.
#[derive(Clone, Copy, Debug)]
pub struct Body {
    /// The organization of its events.
    pub org: usize,
    /// How many events.
    pub events: u64,
    /// Where it stands in the file.
    pub stretch: Stretch,
}

/// Sorts the events of a file into bodies. The file of bodies is made anew each time: what was just written is in
/// the system's memory.
pub fn of(data: &Data, folder: &Path) -> anyhow::Result<Bodies> {
    let path = folder.join("bodies.ndjson");
    let file = File::open(&data.path).context("opening the file of events")?;
    let mut lines = BufReader::with_capacity(1 << 20, file);
    let file = File::create(&path).context("making the file of bodies")?;
    let mut out = BufWriter::with_capacity(1 << 20, file);
    let mut open: BTreeMap<usize, (u64, String)> = BTreeMap::new();
    let (mut all, mut start) = (Vec::new(), 0);
    let mut write = |org, events, text: &str| -> anyhow::Result<()> {
        out.write_all(text.as_bytes())?;
        let bytes = text.len() as u64;
        let stretch = Stretch { start, bytes };
        all.push(Body {
            org,
            events,
            stretch,
        });
        start += bytes;
        Ok(())
    };
    let mut line = String::new();
    while lines.read_line(&mut line)? > 0 {
        let (org, json) = cut(&line)?;
        let (events, text) = open.entry(org).or_default();
        text.push_str(json);
        *events += 1;
        if *events == BODY_EVENTS {
            write(org, *events, text)?;
            (*events, *text) = (0, String::new());
        }
        line.clear();
    }
    for (org, (events, text)) in open.into_iter().filter(|(_, (events, _))| *events > 0) {
        write(org, events, &text)?;
    }
    let file = out
        .into_inner()
        .map_err(std::io::IntoInnerError::into_error);
    file.and_then(|file| file.sync_all())
        .context("writing the file of bodies")?;
    let sum: u64 = all.iter().map(|body| body.events).sum();
    ensure!(sum == data.spec.events, "bodies have {sum} events");
    Ok(Bodies { path, all })
}

/// Makes events of one organization, to fill its tail with.
#[derive(Debug)]
pub struct Filling {
    generator: Generator,
    number: u64,
}

impl Filling {
    /// Events like those of a specification.
    pub fn new(spec: Spec) -> Self {
        Filling {
            generator: Generator::new(spec),
            number: 0,
        }
    }

    /// A body of so many events.
    pub fn body(&mut self, org: usize, events: u64, text: &mut String) {
        text.clear();
        for _ in 0..events {
            self.generator.filling(org, FILLING_FROM, self.number, text);
            text.push('\n');
            self.number += 1;
        }
    }
}
