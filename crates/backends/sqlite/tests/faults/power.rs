//! Power cuts: at many moments, in every phase, and during the recovery from one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, sync_channel};

use docket_engine::testing::random::Dice;

use crate::disk::{Disk, Fates, Image, Syncs};
use crate::shim;
use crate::trace::{Kind, Record, Trace};
use crate::verify::{Told, verify, verify_backups};
use crate::workload::{Faults, PHASES, Plan};

/// How many cuts a run has, unless `DOCKET_CUTS` says otherwise.
const CUTS: usize = 60;
/// Rounds of the workload for each cut.
const ROUNDS_PER_CUT: usize = 2;
const ROUNDS_MAX: usize = 150;
/// One in so many cuts is followed by cuts of the recovery from it.
const RECOVERIES: usize = 12;
const CUTS_OF_A_RECOVERY: usize = 3;
/// Cuts that are looked at at the same time: they wait for the disk most of the time.
const AT_ONCE: usize = 4;

/// A moment to cut the power: behind this record.
#[derive(Clone, Copy, Debug)]
struct Moment {
    record: usize,
    phase: &'static str,
}

/// A cut, to be looked at.
struct Cut {
    moment: Moment,
    image: Image,
    told: Told,
}

/// What came of a number of cuts.
#[derive(Debug, Default)]
struct Outcome {
    phases: BTreeMap<&'static str, usize>,
    recoveries: usize,
    fates: Fates,
    losses: Vec<String>,
}

fn cuts() -> usize {
    let wish = std::env::var("DOCKET_CUTS").ok();
    wish.and_then(|text| text.parse().ok()).unwrap_or(CUTS)
}

fn seed() -> u64 {
    let wish = std::env::var("DOCKET_SEED").ok();
    wish.and_then(|text| text.parse().ok()).unwrap_or(1)
}

#[test]
fn power_cuts_take_nothing_that_was_acknowledged() {
    let cuts = cuts();
    let folder = tempfile::tempdir().unwrap();
    let trace = work(folder.path(), cuts, Faults::None);
    let records = trace.records();
    // What the shim does not see would be missing here.
    let mut disk = Disk::new(Image::empty(), Syncs::Honest, 0);
    records.iter().for_each(|record| disk.apply(record));
    compare_files(&disk.now(), &folder.path().join("root"));
    let outcome = cut_all(&records, cuts, Syncs::Honest);
    println!("{outcome:?}");
    assert!(outcome.losses.is_empty(), "{:#?}", outcome.losses);
    for phase in PHASES {
        assert!(
            outcome.phases.contains_key(phase),
            "no cut fell into {phase}"
        );
    }
    assert!(outcome.recoveries > 0, "no recovery was cut");
}

#[test]
fn power_cuts_after_failed_calls_take_nothing_that_was_acknowledged() {
    let cuts = cuts();
    let folder = tempfile::tempdir().unwrap();
    let trace = work(folder.path(), cuts, Faults::Some);
    let records = trace.records();
    let outcome = cut_all(&records, cuts, Syncs::Honest);
    println!("{outcome:?}");
    assert!(outcome.losses.is_empty(), "{:#?}", outcome.losses);
    let faults = records.iter().filter(|record| record.kind == Kind::Fault);
    assert!(faults.count() > 0, "no call failed");
}

#[test]
fn a_disk_that_does_not_sync_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let trace = work(folder.path(), CUTS / 2, Faults::None);
    let outcome = cut_all(&trace.records(), CUTS / 2, Syncs::Ignored);
    assert!(
        !outcome.losses.is_empty(),
        "these tests would not notice a lost write"
    );
}

/// Has the workload done in a process of its own.
fn work(folder: &Path, cuts: usize, faults: Faults) -> Trace {
    let (root, trace) = (folder.join("root"), folder.join("trace"));
    fs::create_dir(&root).unwrap();
    let plan = Plan {
        rounds: (cuts * ROUNDS_PER_CUT).min(ROUNDS_MAX) as u64,
        first: seed() * 1_000_000,
        faults,
    };
    shim::run(
        "workload::under_the_shim",
        &root,
        &trace,
        &[plan.variable()],
    );
    Trace::read(&trace)
}

fn compare_files(image: &Image, root: &Path) {
    for (name, content) in &image.files {
        // The first is mapped, the other two are the test's own.
        if name.ends_with("-shm") || name == "notes" || name == "rules" {
            continue;
        }
        let found = fs::read(root.join(name)).unwrap();
        assert!(found == *content, "{name} has {} bytes", found.len());
    }
    for entry in fs::read_dir(root.join("data")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(image.files.contains_key(&format!("data/{name}")), "{name}");
    }
}

fn cut_all(records: &[Record<'_>], cuts: usize, syncs: Syncs) -> Outcome {
    let mut dice = Dice::new(seed());
    let moments = moments(records, cuts, &mut dice);
    let mut fates = Fates::default();
    let outcome = Mutex::new(Outcome::default());
    let (queue, waiting) = sync_channel::<Cut>(AT_ONCE);
    let waiting = Mutex::new(waiting);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE)
            .map(|_| scope.spawn(|| look_at_cuts(&waiting, &outcome, syncs)))
            .collect();
        let mut disk = Disk::new(Image::empty(), syncs, seed());
        let (mut notes, mut at) = (Vec::new(), 0);
        for moment in moments {
            for record in &records[at..=moment.record] {
                notes.extend(note(&disk, record));
                disk.apply(record);
            }
            at = moment.record + 1;
            let image = disk.cut(&mut dice, &mut fates);
            let told = Told::of(notes.iter().copied());
            queue
                .send(Cut {
                    moment,
                    image,
                    told,
                })
                .unwrap();
        }
        drop(queue);
        workers
            .into_iter()
            .for_each(|worker| worker.join().unwrap());
    });
    let mut outcome = outcome.into_inner().unwrap();
    outcome.fates = fates;
    outcome
}

fn look_at_cuts(waiting: &Mutex<Receiver<Cut>>, outcome: &Mutex<Outcome>, syncs: Syncs) {
    loop {
        let next = waiting.lock().unwrap().recv();
        let Ok(cut) = next else { return };
        let place = format!(
            "seed {}, {:?}, {} acknowledged",
            seed(),
            cut.moment,
            cut.told.done()
        );
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        cut.image.write(&root);
        let mut losses = Vec::new();
        let recovers = syncs == Syncs::Honest && cut.moment.record.is_multiple_of(RECOVERIES);
        if recovers {
            losses.extend(cut_recovery(folder.path(), &cut));
        }
        losses.extend(verify(&root.join("data"), &cut.told).err());
        losses.extend(verify_backups(&root, &cut.told).err());
        let mut outcome = outcome.lock().unwrap();
        *outcome.phases.entry(cut.moment.phase).or_default() += 1;
        outcome.recoveries += usize::from(recovers);
        let losses = losses.into_iter().map(|loss| format!("{place}: {loss}"));
        outcome.losses.extend(losses);
    }
}

/// Starts on a copy of what a cut left, and cuts the power again.
fn cut_recovery(folder: &Path, cut: &Cut) -> Vec<String> {
    let (root, trace) = (folder.join("again"), folder.join("trace"));
    cut.image.write(&root);
    let plan = Plan {
        rounds: 2,
        first: 900_000_000,
        faults: Faults::None,
    };
    shim::run(
        "workload::under_the_shim",
        &root,
        &trace,
        &[plan.variable()],
    );
    let trace = Trace::read(&trace);
    let records = trace.records();
    let mut dice = Dice::new(cut.moment.record as u64);
    let mut losses = Vec::new();
    for number in 0..CUTS_OF_A_RECOVERY {
        let image = Image {
            folders: cut.image.folders.clone(),
            files: cut.image.files.clone(),
        };
        let mut disk = Disk::new(image, Syncs::Honest, 0);
        let (mut told, end) = (cut.told.clone(), dice.below(records.len()));
        for record in &records[..end] {
            note(&disk, record)
                .into_iter()
                .for_each(|line| told.note(line));
            disk.apply(record);
        }
        let place = folder.join(format!("cut {number}"));
        disk.cut(&mut dice, &mut Fates::default()).write(&place);
        let loss = verify(&place.join("data"), &told).and_then(|()| verify_backups(&place, &told));
        let loss = loss.err();
        losses.extend(loss.map(|loss| format!("cut again behind {end}: {loss}")));
    }
    losses
}

/// The line that a record notes, if it is one that does.
fn note<'t>(disk: &Disk<'_>, record: &Record<'t>) -> Option<&'t str> {
    (record.kind == Kind::Write && disk.name(record) == "notes").then(|| record.text())
}

/// Moments behind writes and other changes, spread over the phases, in order.
fn moments(records: &[Record<'_>], cuts: usize, dice: &mut Dice) -> Vec<Moment> {
    let mut disk = Disk::new(Image::empty(), Syncs::Ignored, 0);
    let mut phases: BTreeMap<&'static str, Vec<Moment>> = BTreeMap::new();
    let mut marker = "";
    for (number, record) in records.iter().enumerate() {
        if let Some(line) = note(&disk, record) {
            marker = line.strip_prefix("phase ").unwrap_or(marker);
        }
        let phase = phase(marker, record, disk.name(record));
        if let Some(phase) = phase {
            let moment = Moment {
                record: number,
                phase,
            };
            phases.entry(phase).or_default().push(moment);
        }
        disk.apply(record);
    }
    let mut chosen: BTreeMap<usize, Moment> = BTreeMap::new();
    let mut rounds = phases.values().cycle();
    // Some are chosen twice; a short trace has fewer moments than are asked for.
    for _ in 0..cuts * 8 {
        let Some(moment) = rounds.next().and_then(|moments| dice.pick(moments)) else {
            break;
        };
        if chosen.len() < cuts {
            chosen.insert(moment.record, *moment);
        }
    }
    chosen.into_values().collect()
}

/// What was going on at a record that changes something.
fn phase(marker: &str, record: &Record<'_>, name: &str) -> Option<&'static str> {
    let changes = match record.kind {
        Kind::Write | Kind::Truncate => name.starts_with("data/") || name.starts_with("backup"),
        Kind::Unlink | Kind::Rename | Kind::Mkdir => true,
        Kind::Open => record.at != 0 && record.text() != "notes" && record.text() != "rules",
        Kind::SyncEnd => true,
        Kind::Close | Kind::SyncBegin | Kind::Fault => false,
    };
    if !changes || name.ends_with("-shm") {
        return None;
    }
    Some(match (record.thread, marker) {
        ("docket-sqlite", _) if name.ends_with("-wal") && record.kind == Kind::Write => "remove",
        ("docket-sqlite", _) => "checkpoint",
        ("sealer", "merge") => "merge",
        ("sealer", _) => "seal",
        ("writer", _) => "append",
        (_, "open") => "open",
        (_, "close") => "close",
        (_, "backup") => "backup",
        _ => return None,
    })
}
