//! What a backup says of itself, so that it can be compared with its files before it is used.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use docket_backends::Location;
use docket_engine::store::Store;
use docket_engine::{Engine, Environment, Params, WhatIsSealed};
use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::interrupt::Interrupt;
use crate::output::hex;

/// Its file.
pub const NAME: &str = "manifest.json";
/// Its form. A newer one is refused.
const BACKUP_FORMAT: u32 = 1;
/// Longest manifest that is read.
const BYTES_MAX: u64 = 1 << 30;
/// What is read and written at once.
const PIECE_BYTES: usize = 1 << 20;

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    backup_format: u32,
    /// Version of the program that made it.
    pub docket: String,
    /// The store's format.
    pub store_format: u64,
    /// The store's random name, in hex.
    pub store_id: String,
    /// When it was begun, RFC 3339.
    pub created_at: String,
    /// The heads of all logs, by organization.
    pub logs: Vec<LogHead>,
    /// All files but this one.
    pub files: Vec<FileEntry>,
}

/// A log's size and root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogHead {
    /// The organization.
    pub org: String,
    /// How many events.
    pub size: u64,
    /// Root of their tree, in hex.
    pub root: String,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Its name in the folder.
    pub name: String,
    /// How many bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
}

impl Manifest {
    /// A manifest of a store, so far without logs and files.
    pub fn new(store_format: u64, store_id: &[u8], created_at: String) -> Self {
        Manifest {
            backup_format: BACKUP_FORMAT,
            docket: env!("CARGO_PKG_VERSION").to_owned(),
            store_format,
            store_id: hex(store_id),
            created_at,
            logs: Vec::new(),
            files: Vec::new(),
        }
    }

    /// Reads the manifest of the backup in `folder`.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(NAME);
        let file = File::open(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => anyhow!(
                "there is no backup in {}: it has no {NAME}",
                folder.display()
            ),
            _ => anyhow::Error::new(error).context(format!("read {}", path.display())),
        })?;
        let mut text = String::new();
        file.take(BYTES_MAX)
            .read_to_string(&mut text)
            .with_context(|| format!("read {}", path.display()))?;
        let manifest = Manifest::parse(&text);
        manifest.with_context(|| format!("{} is damaged", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Probe {
            backup_format: u32,
        }
        let Probe { backup_format } = serde_json::from_str(text)?;
        if backup_format != BACKUP_FORMAT {
            bail!(
                "it has format {backup_format} and this docket knows {BACKUP_FORMAT}: \
                 use the docket that made it, or a newer one"
            );
        }
        let manifest: Manifest = serde_json::from_str(text)?;
        for file in &manifest.files {
            // What is put into the folder must stay in it.
            if Path::new(&file.name).file_name() != Some(file.name.as_ref()) {
                bail!("`{}` is no name of a file", file.name);
            }
        }
        Ok(manifest)
    }

    /// Writes it into `folder`; on the disk when this returns.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        let mut file = private(&folder.join(NAME))?;
        file.write_all(text.as_bytes())?;
        Ok(file.sync_all()?)
    }

    /// Bytes of all its files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Events in all its logs.
    pub fn events(&self) -> u64 {
        self.logs.iter().map(|log| log.size).sum()
    }
}

/// Heads of all logs of the store in `folder`, as it is now. Nothing is written to it.
pub fn heads(folder: &Path) -> Result<Vec<LogHead>> {
    let store: Arc<dyn Store> =
        docket_backends::open_snapshot(&Location::Folder(folder.to_owned()))?;
    let params = Params {
        sealing: WhatIsSealed::Nothing,
        ..Params::default()
    };
    let engine = Engine::open(store, params, Environment::system())?;
    let logs = engine.logs()?;
    let heads = logs.iter().map(|log| {
        let head = log.head();
        LogHead {
            org: log.org().to_owned(),
            size: head.size,
            root: head.root.to_string(),
        }
    });
    Ok(heads.collect())
}

/// What `folder` has under that name.
pub fn entry(folder: &Path, name: &str, step: &Step<'_>) -> Result<FileEntry> {
    let path = folder.join(name);
    through(&path, name, &mut io::sink(), step).with_context(|| format!("read {}", path.display()))
}

/// Copies a file, readable by its owner only; on the disk when this returns. Answers with what was copied.
pub fn copy(from: &Path, to: &Path, name: &str, step: &Step<'_>) -> Result<FileEntry> {
    let path = to.join(name);
    let mut file = private(&path).with_context(|| format!("write {}", path.display()))?;
    let copied = through(&from.join(name), name, &mut file, step)
        .with_context(|| format!("copy {} to {}", from.join(name).display(), path.display()))?;
    file.sync_all()
        .with_context(|| format!("write {}", path.display()))?;
    Ok(copied)
}

/// What long work looks at between two pieces.
#[derive(Debug)]
pub struct Step<'s> {
    /// Told how many bytes are done.
    pub bar: &'s ProgressBar,
    /// Tells when to stop.
    pub interrupt: &'s Interrupt,
}

fn through(from: &Path, name: &str, to: &mut impl Write, step: &Step<'_>) -> Result<FileEntry> {
    let mut file = File::open(from)?;
    let mut piece = vec![0; PIECE_BYTES];
    let (mut hasher, mut bytes) = (Sha256::new(), 0);
    loop {
        step.interrupt.check()?;
        let read = file.read(&mut piece)?;
        let Some(piece) = piece.get(..read).filter(|piece| !piece.is_empty()) else {
            break;
        };
        hasher.update(piece);
        to.write_all(piece)?;
        bytes += read as u64;
        step.bar.inc(read as u64);
    }
    Ok(FileEntry {
        name: name.to_owned(),
        bytes,
        sha256: hex(&hasher.finalize()),
    })
}

fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(path)
}

/// Names in a folder are on the disk when this returns.
pub fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Removes from `folder` what is not listed, such as what looking at a database leaves beside it.
pub fn sweep(folder: &Path, files: &[FileEntry]) -> io::Result<()> {
    for found in fs::read_dir(folder)? {
        let found = found?;
        if !files.iter().any(|file| *file.name == *found.file_name()) {
            fs::remove_file(found.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Manifest {
        let mut manifest = Manifest::new(1, &[7; 16], "2026-11-25T00:00:00Z".to_owned());
        manifest.files.push(FileEntry {
            name: "docket.db".to_owned(),
            bytes: 3,
            sha256: "ab".to_owned(),
        });
        manifest
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = sample();
        manifest.write(folder.path()).unwrap();
        assert_eq!(Manifest::read(folder.path()).unwrap(), manifest);
        assert!(manifest.write(folder.path()).is_err(), "overwritten");
    }

    #[test]
    fn what_leads_out_of_the_folder_or_is_newer_is_refused() {
        let text = serde_json::to_string(&sample()).unwrap();
        for bad in ["../docket.db", "/docket.db", "a/b", "..", ""] {
            let text = text.replace("docket.db", bad);
            assert!(Manifest::parse(&text).is_err(), "{bad}");
        }
        let newer = text.replace("\"backup_format\":1", "\"backup_format\":2,\"more\":3");
        let told = Manifest::parse(&newer).unwrap_err().to_string();
        assert!(told.contains("newer"), "{told}");
    }
}
