//! A disk as it may be after a power cut: what was synced is there, the rest is there, torn, or lost.
//!
//! A sync of a file keeps its content, not its name; a sync of a folder keeps the names in it. A write
//! reaches the disk in sectors, in any order; bytes outside of it stay as they are (what SQLite calls
//! powersafe overwrite). When a sync fails, what it was to keep is there or lost for good: later syncs of the
//! same file succeed and do not bring it back, as Linux has it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use docket_engine::testing::random::Dice;

use crate::trace::{Kind, Record};

const SECTOR_BYTES: u64 = 512;

/// What is believed of syncs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Syncs {
    /// They do what they say.
    Honest,
    /// They do nothing: a store on such a disk must lose something.
    Ignored,
}

/// Files and folders, and what of them is not on the disk for sure.
pub(crate) struct Disk<'t> {
    syncs: Syncs,
    dice: Dice,
    files: Vec<File<'t>>,
    /// Names as the process sees them.
    names: BTreeMap<String, usize>,
    /// Names that are on the disk for sure.
    kept: BTreeMap<String, usize>,
    kept_folders: BTreeSet<String>,
    /// Changes of names that are not, in order, each with the number of its record.
    renaming: Vec<(usize, Renaming)>,
    open: BTreeMap<i32, Open>,
    /// What was pending when each sync that is under way began, by thread and file.
    syncing: BTreeMap<(String, i32), usize>,
    records: usize,
}

/// What pending changes became of in the images so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fates {
    pub kept: u64,
    pub dropped: u64,
    pub torn: u64,
}

/// Files by name, with their content.
pub(crate) struct Image {
    pub folders: BTreeSet<String>,
    pub files: BTreeMap<String, Vec<u8>>,
}

#[derive(Default)]
struct File<'t> {
    kept: Vec<u8>,
    pending: Vec<(usize, Change<'t>)>,
}

#[derive(Clone, Copy)]
enum Change<'t> {
    Write(u64, &'t [u8]),
    Truncate(u64),
}

#[derive(Clone, Debug)]
enum Renaming {
    Make(String, usize),
    MakeFolder(String),
    Remove(String),
    Move(String, String),
}

#[derive(Clone, Debug)]
enum Open {
    File(usize),
    Folder(String),
}

/// How a cut treats what is pending.
#[derive(Clone, Copy)]
enum Mood {
    Nothing,
    Everything,
    /// What came before some moment.
    Older(usize),
    /// One in so many is lost, one in so many torn.
    Some(usize, usize),
}

impl<'t> Disk<'t> {
    /// The disk that holds `image` and nothing else.
    pub(crate) fn new(image: Image, syncs: Syncs, seed: u64) -> Self {
        let mut disk = Disk {
            syncs,
            dice: Dice::new(seed),
            files: Vec::new(),
            names: BTreeMap::new(),
            kept: BTreeMap::new(),
            kept_folders: image.folders,
            renaming: Vec::new(),
            open: BTreeMap::new(),
            syncing: BTreeMap::new(),
            records: 0,
        };
        disk.kept_folders.insert(String::new());
        for (name, kept) in image.files {
            disk.names.insert(name.clone(), disk.files.len());
            disk.kept.insert(name, disk.files.len());
            disk.files.push(File {
                kept,
                pending: Vec::new(),
            });
        }
        disk
    }

    /// The name of the file that a record is about, when it is about an open one.
    pub(crate) fn name(&self, record: &Record<'_>) -> &str {
        match self.open.get(&record.file) {
            Some(Open::File(file)) => self
                .names
                .iter()
                .find_map(|(name, number)| (number == file).then_some(name.as_str()))
                .unwrap_or("(removed)"),
            Some(Open::Folder(name)) => name,
            None => "",
        }
    }

    /// Does what a record says.
    pub(crate) fn apply(&mut self, record: &Record<'t>) {
        self.records += 1;
        match record.kind {
            Kind::Open => self.opened(record),
            Kind::Close => drop(self.open.remove(&record.file)),
            Kind::Write => self.change(record.file, Change::Write(record.at, record.data)),
            Kind::Truncate => self.change(record.file, Change::Truncate(record.at)),
            Kind::SyncBegin => {
                let key = (record.thread.to_owned(), record.file);
                self.syncing.insert(key, self.records);
            }
            Kind::SyncEnd => {
                let key = (record.thread.to_owned(), record.file);
                let begin = self.syncing.remove(&key).expect("a sync begins first");
                self.synced(record.file, begin, record.at == 1);
            }
            Kind::Unlink => {
                self.names.remove(record.text());
                self.rename(Renaming::Remove(record.text().to_owned()));
            }
            Kind::Rename => {
                let (from, to) = record.text().split_once('\n').expect("two names");
                rename(&mut self.names, from, to);
                self.rename(Renaming::Move(from.to_owned(), to.to_owned()));
            }
            Kind::Mkdir => self.rename(Renaming::MakeFolder(record.text().to_owned())),
            Kind::Fault => {}
        }
    }

    fn opened(&mut self, record: &Record<'_>) {
        let name = record.text().to_owned();
        let (made, emptied) = (record.at & 1 != 0, record.at & 2 != 0);
        if made {
            self.names.insert(name.clone(), self.files.len());
            self.rename(Renaming::Make(name.clone(), self.files.len()));
            self.files.push(File::default());
        }
        let Some(file) = self.names.get(&name).copied() else {
            self.open.insert(record.file, Open::Folder(name));
            return;
        };
        self.open.insert(record.file, Open::File(file));
        if emptied && !made {
            self.change(record.file, Change::Truncate(0));
        }
    }

    fn change(&mut self, file: i32, change: Change<'t>) {
        if let Some(Open::File(file)) = self.open.get(&file) {
            self.files[*file].pending.push((self.records, change));
        }
    }

    fn rename(&mut self, renaming: Renaming) {
        self.renaming.push((self.records, renaming));
    }

    /// Keeps what was pending when the sync began, or what the dice leave of it.
    fn synced(&mut self, file: i32, begin: usize, worked: bool) {
        if self.syncs == Syncs::Ignored {
            return;
        }
        match self.open.get(&file).cloned() {
            Some(Open::File(file)) => {
                let mood = if worked {
                    Mood::Everything
                } else {
                    mood(&mut self.dice, begin)
                };
                let file = &mut self.files[file];
                let (old, new) = split(&mut file.pending, |(number, _)| *number < begin);
                file.pending = new;
                let (kept, mut fates) = (std::mem::take(&mut file.kept), Fates::default());
                file.kept = after(kept, &old, mood, &mut self.dice, &mut fates);
            }
            Some(Open::Folder(name)) if worked => {
                let inside = |renaming: &Renaming| parent(renaming.name()) == name;
                let (old, new) = split(&mut self.renaming, |(number, renaming)| {
                    *number < begin && inside(renaming)
                });
                self.renaming = new;
                for (_, renaming) in &old {
                    renaming.apply(&mut self.kept, &mut self.kept_folders);
                }
            }
            Some(Open::Folder(_)) | None => {}
        }
    }

    /// What is there when the power comes back.
    pub(crate) fn cut(&self, dice: &mut Dice, fates: &mut Fates) -> Image {
        let mood = mood(dice, self.records);
        let (mut names, mut folders) = (self.kept.clone(), self.kept_folders.clone());
        for (number, renaming) in &self.renaming {
            if keeps(mood, *number, dice) {
                renaming.apply(&mut names, &mut folders);
            }
        }
        let files = names.into_iter().map(|(name, file)| {
            let file = &self.files[file];
            let content = after(file.kept.clone(), &file.pending, mood, dice, fates);
            (name, content)
        });
        let mut files: BTreeMap<String, Vec<u8>> = files.collect();
        files.retain(|name, _| folders.contains(parent(name)));
        for (_, index) in files.iter_mut().filter(|(name, _)| name.ends_with("-shm")) {
            // Nobody ever syncs it: it may be anything.
            index.resize(32 << 10, 0);
            let noise = dice.once_in(2);
            index.iter_mut().for_each(|byte| {
                *byte = if noise { dice.roll() as u8 } else { 0 };
            });
        }
        Image { folders, files }
    }

    /// What the process itself sees.
    pub(crate) fn now(&self) -> Image {
        let mut folders = self.kept_folders.clone();
        let mut names = self.kept.clone();
        for (_, renaming) in &self.renaming {
            renaming.apply(&mut names, &mut folders);
        }
        let content = |file: usize| {
            let File { kept, pending } = &self.files[file];
            let (mut dice, mut fates) = (Dice::new(0), Fates::default());
            after(
                kept.clone(),
                pending,
                Mood::Everything,
                &mut dice,
                &mut fates,
            )
        };
        let files = names
            .into_iter()
            .map(|(name, file)| (name, content(file)))
            .collect();
        Image { folders, files }
    }
}

impl Renaming {
    fn name(&self) -> &str {
        match self {
            Renaming::Make(name, _) | Renaming::MakeFolder(name) | Renaming::Remove(name) => name,
            Renaming::Move(_, to) => to,
        }
    }

    fn apply(&self, names: &mut BTreeMap<String, usize>, folders: &mut BTreeSet<String>) {
        match self {
            Renaming::Make(name, file) => drop(names.insert(name.clone(), *file)),
            Renaming::MakeFolder(name) => drop(folders.insert(name.clone())),
            Renaming::Remove(name) => drop(names.remove(name)),
            Renaming::Move(from, to) => {
                rename(names, from, to);
                if folders.remove(from) {
                    folders.insert(to.clone());
                }
            }
        }
    }
}

impl Image {
    /// An empty disk.
    pub(crate) fn empty() -> Self {
        Image {
            folders: BTreeSet::new(),
            files: BTreeMap::new(),
        }
    }

    /// Makes the files in a folder that is empty.
    pub(crate) fn write(&self, folder: &Path) {
        for name in &self.folders {
            fs::create_dir_all(folder.join(name)).unwrap();
        }
        for (name, content) in &self.files {
            fs::write(folder.join(name), content).unwrap();
        }
    }
}

/// Renames a file, or a folder with the files in it.
fn rename(names: &mut BTreeMap<String, usize>, from: &str, to: &str) {
    let is_moved = |name: &String| name == from || parent(name) == from;
    let moved: Vec<String> = names
        .keys()
        .filter(|name| is_moved(name))
        .cloned()
        .collect();
    for name in moved {
        if let Some(file) = names.remove(&name) {
            names.insert(name.replacen(from, to, 1), file);
        }
    }
}

/// The folder that a name is in, by its own name.
fn parent(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn split<T>(all: &mut Vec<T>, is_first: impl FnMut(&T) -> bool) -> (Vec<T>, Vec<T>) {
    std::mem::take(all).into_iter().partition(is_first)
}

fn mood(dice: &mut Dice, records: usize) -> Mood {
    match dice.below(8) {
        0 => Mood::Nothing,
        1 => Mood::Everything,
        2 | 3 => Mood::Older(records.saturating_sub(dice.below(12))),
        4 | 5 => Mood::Some(2, 4),
        _ => Mood::Some(8, 3),
    }
}

fn keeps(mood: Mood, number: usize, dice: &mut Dice) -> bool {
    match mood {
        Mood::Nothing => false,
        Mood::Everything => true,
        Mood::Older(than) => number < than,
        Mood::Some(lost, _) => !dice.once_in(lost),
    }
}

/// A file's content when some of `pending` was done to it.
fn after(
    mut content: Vec<u8>,
    pending: &[(usize, Change<'_>)],
    mood: Mood,
    dice: &mut Dice,
    fates: &mut Fates,
) -> Vec<u8> {
    for (number, change) in pending {
        if !keeps(mood, *number, dice) {
            fates.dropped += 1;
            continue;
        }
        match change {
            Change::Truncate(bytes) => content.resize(usize::try_from(*bytes).unwrap(), 0),
            Change::Write(at, data) => {
                let tears = match mood {
                    Mood::Nothing | Mood::Everything => false,
                    // The last one was under way.
                    Mood::Older(than) => number + 1 == than,
                    Mood::Some(_, torn) => dice.once_in(torn),
                };
                if tears {
                    fates.torn += 1;
                    tear(&mut content, *at, data, dice);
                } else {
                    fates.kept += 1;
                    put(&mut content, *at, data);
                }
            }
        }
    }
    content
}

fn put(content: &mut Vec<u8>, at: u64, data: &[u8]) {
    let at = usize::try_from(at).unwrap();
    if content.len() < at + data.len() {
        content.resize(at + data.len(), 0);
    }
    content[at..at + data.len()].copy_from_slice(data);
}

/// Puts some sectors of a write where they belong; of others the bytes that were to be written are lost or
/// turn into noise, whole or from some byte on.
fn tear(content: &mut Vec<u8>, at: u64, data: &[u8], dice: &mut Dice) {
    let (mut at, mut rest) = (at, data);
    while !rest.is_empty() {
        let room = usize::try_from(SECTOR_BYTES - at % SECTOR_BYTES).unwrap();
        let (sector, tail) = rest.split_at(room.min(rest.len()));
        match dice.below(8) {
            0..4 => put(content, at, sector),
            4..6 => {}
            6 => {
                let noise: Vec<u8> = sector.iter().map(|_| dice.roll() as u8).collect();
                put(content, at, &noise);
            }
            _ => {
                let mut noise = sector.to_vec();
                let from = dice.below(sector.len());
                noise[from..]
                    .iter_mut()
                    .for_each(|byte| *byte = dice.roll() as u8);
                put(content, at, &noise);
            }
        }
        at += sector.len() as u64;
        rest = tail;
    }
}
