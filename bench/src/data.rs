//! Files of events: made once for a specification, looked through before each run.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context, anyhow, ensure};
use sha2::{Digest, Sha256};

use crate::generate::{Generator, Spec, Times, Words};

/// So many lines are hashed, to tell whether two runs had the same events.
pub const HASHED_LINES: u64 = 10_000;

const BUFFER_BYTES: usize = 1 << 20;

/// A file of events: on each line the organization's number, a tab, the event's JSON.
#[derive(Clone, Debug)]
pub struct Data {
    /// Where it is.
    pub path: PathBuf,
    /// What it holds.
    pub spec: Spec,
    /// Bytes of all JSON in it.
    pub json_bytes: u64,
    /// SHA-256 of its first lines, line feeds included.
    pub sha256: String,
}

/// The lines of a file, handed out in groups to several threads.
#[derive(Debug)]
pub struct Lines(Mutex<BufReader<Repeated>>);

impl Lines {
    /// The lines of a file, so many times one after the other.
    pub fn open(data: &Data, times: u64) -> anyhow::Result<Self> {
        let file = File::open(&data.path).context("opening the file of events")?;
        let repeated = Repeated { file, times };
        let reader = BufReader::with_capacity(BUFFER_BYTES, repeated);
        Ok(Lines(Mutex::new(reader)))
    }

    /// Puts the next lines in place of a text; fewer at the end, and none beyond it.
    pub fn next(&self, count: usize, text: &mut String) -> anyhow::Result<()> {
        text.clear();
        let mut reader = self.0.lock().map_err(|_| anyhow!("a producer panicked"))?;
        for _ in 0..count {
            if reader.read_line(text)? == 0 {
                break;
            }
        }
        Ok(())
    }
}

/// A file that begins anew at its end, until it was read so many times.
#[derive(Debug)]
struct Repeated {
    file: File,
    times: u64,
}

impl Read for Repeated {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let count = self.file.read(buffer)?;
            if count > 0 || self.times <= 1 {
                return Ok(count);
            }
            self.times -= 1;
            self.file.rewind()?;
        }
    }
}

/// The file of a specification, made if it is not there. Reading it through puts it into the system's memory, so
/// that no measurement waits for the disk to give events.
pub fn file(folder: &Path, spec: Spec) -> anyhow::Result<Data> {
    let kind = match spec.times {
        Times::Forward => "events",
        Times::Scattered => "scattered",
    };
    let words = match spec.words {
        Words::Any => String::new(),
        Words::Of(surface) => format!("-{}", surface.name()),
    };
    let name = format!(
        "{kind}{words}-{}-{}-{}.tsv",
        spec.events, spec.orgs, spec.seed
    );
    let path = folder.join(name);
    if !path.exists() {
        let partial = path.with_extension("partial");
        write(&partial, spec)?;
        std::fs::rename(&partial, &path).context("naming the file of events")?;
    }
    let data = look_through(path, spec)?;
    // A file of an older generator has the same name.
    ensure!(
        data.sha256 == fingerprint(spec),
        "{} was made by another generator; remove it",
        data.path.display()
    );
    Ok(data)
}

/// SHA-256 of the first lines of a specification.
pub fn fingerprint(spec: Spec) -> String {
    let mut generator = Generator::new(spec);
    let mut hash = Sha256::new();
    let mut line = String::new();
    for number in 0..spec.events.min(HASHED_LINES) {
        generate(&mut generator, number, &mut line);
        hash.update(line.as_bytes());
    }
    hex(&hash.finalize())
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Cuts a line into the organization's number and the JSON.
pub fn cut(line: &str) -> anyhow::Result<(usize, &str)> {
    let (org, json) = line.split_once('\t').context("a line without a tab")?;
    Ok((org.parse().context("a line without a number")?, json))
}

fn generate(generator: &mut Generator, number: u64, line: &mut String) {
    let mut json = String::with_capacity(1 << 10);
    let org = generator.event(number, &mut json);
    line.clear();
    line.push_str(&org.to_string());
    line.push('\t');
    line.push_str(&json);
    line.push('\n');
}

fn write(path: &Path, spec: Spec) -> anyhow::Result<()> {
    let file = File::create(path).context("making the file of events")?;
    let mut out = BufWriter::with_capacity(BUFFER_BYTES, file);
    let mut generator = Generator::new(spec);
    let mut line = String::new();
    for number in 0..spec.events {
        generate(&mut generator, number, &mut line);
        out.write_all(line.as_bytes())?;
    }
    let file = out
        .into_inner()
        .map_err(std::io::IntoInnerError::into_error);
    // What is still to be written would be written while something is measured.
    file.and_then(|file| file.sync_all())
        .context("writing the file of events")
}

fn look_through(path: PathBuf, spec: Spec) -> anyhow::Result<Data> {
    let file = File::open(&path).context("opening the file of events")?;
    let mut reader = BufReader::with_capacity(BUFFER_BYTES, file);
    let (mut hash, mut json_bytes, mut lines) = (Sha256::new(), 0, 0);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        if lines < HASHED_LINES {
            hash.update(&line);
        }
        let head = line.iter().take_while(|byte| **byte != b'\t').count();
        json_bytes += (line.len() - head - 2) as u64;
        lines += 1;
        line.clear();
    }
    ensure!(
        lines == spec.events,
        "{} has {lines} lines; remove it",
        path.display()
    );
    Ok(Data {
        path,
        spec,
        json_bytes,
        sha256: hex(&hash.finalize()),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashSet};

    use docket_event::vocabulary::Surface;
    use docket_event::{EventId, Field, Filter, Recorded, Writer, check_event, read_event};

    use super::*;

    const SPEC: Spec = Spec {
        seed: 1,
        events: 2_000_000,
        orgs: 20,
        times: Times::Forward,
        words: Words::Any,
    };

    #[test]
    fn seed_1_makes_the_events_that_the_figures_are_about() {
        assert_eq!(
            fingerprint(SPEC),
            "1d01b542de10573a403e399f10c0cc20645e6db9c699bd9dbb68415c863fc423"
        );
    }

    #[test]
    fn events_are_as_described() {
        let mut generator = Generator::new(SPEC);
        let (mut bytes, mut unique, mut failed, mut first_org) = (0, 0, 0, 0);
        let (mut times, mut requests) = (HashSet::new(), HashSet::new());
        let mut types: BTreeMap<String, u32> = BTreeMap::new();
        let mut json = String::new();
        const EVENTS: u64 = 20_000;
        for number in 0..EVENTS {
            json.clear();
            let org = generator.event(number, &mut json);
            let event = read_event(&json).unwrap();
            check_event(&event, Writer::Client, i64::MAX).unwrap();
            bytes += json.len() as u64;
            first_org += u64::from(org == 0);
            unique += u64::from(event.targets.iter().any(|target| target.kind == "model"));
            let always = event.event_type.ends_with(".failed");
            failed += u64::from(always || json.contains("\"outcome\":\"failure\""));
            assert!(times.insert(event.occurred_at), "{json}");
            assert!(requests.insert(event.request_id), "{json}");
            *types.entry(event.event_type).or_default() += 1;
        }
        let mean = bytes / EVENTS;
        assert!((789..=805).contains(&mean), "{mean} bytes");
        assert!((290..310).contains(&(unique * 1_000 / EVENTS)), "{unique}");
        assert!(
            (270..290).contains(&(first_org * 1_000 / EVENTS)),
            "{first_org}"
        );
        assert!((55..=65).contains(&(failed * 1_000 / EVENTS)), "{failed}");
        assert_eq!(types.len(), 50);
    }

    #[test]
    fn lines_are_handed_out_again_and_again() {
        let folder = tempfile::tempdir().unwrap();
        let data = file(folder.path(), Spec { events: 5, ..SPEC }).unwrap();
        let lines = Lines::open(&data, 3).unwrap();
        let (mut text, mut all) = (String::new(), String::new());
        for count in [7, 7, 1, 0, 0] {
            lines.next(7, &mut text).unwrap();
            assert_eq!(text.lines().count(), count);
            all.push_str(&text);
        }
        assert_eq!(all, std::fs::read_to_string(&data.path).unwrap().repeat(3));
    }

    #[test]
    fn events_of_a_surface_are_shown_there() {
        let surface = Surface::Clarifai;
        let mut generator = Generator::new(Spec {
            words: Words::Of(surface),
            ..SPEC
        });
        let shown = Filter::default().with(Field::ShownOn, [surface.name()]);
        let mut json = String::new();
        for number in 0..2_000 {
            json.clear();
            generator.event(number, &mut json);
            let event = read_event(&json).unwrap();
            check_event(&event, Writer::Client, i64::MAX).unwrap();
            let recorded = Recorded {
                event,
                id: EventId::from_bytes([0; 16]),
                position: 0,
                recorded_micros: 0,
            };
            assert!(shown.matches(&recorded), "{json}");
        }
    }

    #[test]
    fn scattered_times_meet_no_others() {
        let mut times = HashSet::new();
        let scattered = Spec {
            events: 200_000,
            times: Times::Scattered,
            ..SPEC
        };
        for spec in [SPEC, scattered] {
            let mut generator = Generator::new(spec);
            let mut json = String::new();
            for number in 0..20_000 {
                json.clear();
                generator.event(number, &mut json);
                let event = read_event(&json).unwrap();
                assert!(times.insert(event.occurred_at), "{json}");
            }
        }
    }
}
