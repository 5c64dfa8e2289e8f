//! The store in one folder: SQLite, owned by one process.
//!
//! One connection writes, a few read, one thread makes checkpoints. What a commit wrote is on the disk when
//! it returns. A row that does not carry a checksum made by the engine has one of its own, which every
//! read compares.

mod backup;
mod batches;
mod blocks;
mod bodies;
mod connection;
mod contents;
mod copied;
mod examine;
mod failure;
mod group;
mod idempotency;
mod keeper;
mod live;
mod logs;
mod open;
mod readers;
mod records;
mod renew;
mod restore;
mod row;
mod schema;
mod segs;
mod tiles;
mod writer;

use std::ops::Range;
use std::path::Path;

use docket_engine::store::{
    Alone, Answered, BatchRow, BlockId, BlockRow, Claim, Contents, Cuts, Group, Identity, LogId,
    LogRow, Part, Problem, Ranges, Record, RecordKey, Rider, Seal, Standing, Store, StoreError,
    TileRow,
};
use parking_lot::Mutex;
use rusqlite::Connection;

use crate::bodies::Bodies;
use crate::failure::{At, Failure};
use crate::group::SqliteGroup;
use crate::live::Live;
use crate::open::Owned;

pub use backup::{BackupError, Copied, CopyProgress, backup, whole};
pub use open::{OpenError, Options};
pub use restore::{RestoreError, Vacant};

/// A store in a folder.
///
/// A group holds the writer from begin to end: a thread that calls something else that writes in between
/// waits for itself.
#[derive(Debug)]
pub struct Sqlite {
    identity: Identity,
    database: Database,
    bodies: Bodies,
}

#[derive(Debug)]
enum Database {
    Owned(Owned),
    Snapshot(Mutex<Connection>),
}

impl Sqlite {
    /// Opens the store in `folder` for this process alone. Makes folder and store if they are not there.
    pub fn open(folder: &Path, options: &Options) -> Result<Self, OpenError> {
        let (identity, owned) = open::own(folder, options)?;
        Ok(Sqlite {
            identity,
            database: Database::Owned(owned),
            bodies: Bodies::default(),
        })
    }

    /// Opens the store in `folder` as it is now, to be read while another process may write to it. What
    /// that process writes meanwhile stays in its write-ahead log until this is dropped.
    pub fn open_snapshot(folder: &Path) -> Result<Self, OpenError> {
        let (identity, connection) = open::snapshot(folder)?;
        Ok(Sqlite {
            identity,
            database: Database::Snapshot(Mutex::new(connection)),
            bodies: Bodies::default(),
        })
    }

    /// Lets the file have at most `pages` pages of 8,192 bytes; what needs more is answered with Busy, as on
    /// a full disk.
    pub fn set_page_limit(&self, pages: u32) -> Result<(), StoreError> {
        let mut slot = self.live()?.slot.lock();
        let connection = &slot.writer()?.connection;
        Ok(connection::set(connection, "max_page_count", pages).at("the file")?)
    }

    fn live(&self) -> Result<&Live, StoreError> {
        match &self.database {
            Database::Owned(owned) => Ok(&owned.live),
            Database::Snapshot(_) => Err(StoreError::Unavailable("opened read-only".to_owned())),
        }
    }

    /// Reads with statements that need not see one moment.
    fn read_once<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        Ok(match &self.database {
            Database::Owned(owned) => owned.live.readers.read_once(work)?,
            Database::Snapshot(connection) => work(&connection.lock())?,
        })
    }

    fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        Ok(match &self.database {
            Database::Owned(owned) => owned.live.readers.read(work)?,
            Database::Snapshot(connection) => work(&connection.lock())?,
        })
    }

    fn read_body(&self, block: BlockId, ranges: &[Range<u64>]) -> Result<Option<Cuts>, StoreError> {
        // Blocks never change: with a length that was read before, one statement is enough. What it misses may have
        // been replaced meanwhile, which a transaction tells.
        if let Some(bytes) = self.bodies.length(block)
            && let Ok(found) =
                self.read_once(|connection| segs::read(connection, block, bytes, ranges))
        {
            return Ok(Some(found));
        }
        self.read(|connection| match blocks::body_bytes(connection, block)? {
            Some(bytes) => {
                let found = segs::read(connection, block, bytes, ranges)?;
                self.bodies.learn(block, bytes);
                Ok(Some(found))
            }
            None => Ok(None),
        })
    }
}

impl Store for Sqlite {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn part_bytes(&self) -> usize {
        segs::PART_BYTES
    }

    fn shared(&self) -> bool {
        false
    }

    fn log_of(&self, org: &str) -> Result<Option<LogRow>, StoreError> {
        self.read(|connection| logs::of(connection, org))
    }

    fn standing(&self, log: LogId) -> Result<Standing, StoreError> {
        self.read(|connection| contents::standing(connection, &contents::row(connection, log)?))
    }

    fn contents(&self, log: LogId, known: Option<Standing>) -> Result<Contents, StoreError> {
        self.read(|connection| contents::read(connection, log, known))
    }

    fn claim(&self, _: &[LogId]) -> Result<Box<dyn Claim + '_>, StoreError> {
        Ok(Box::new(Alone))
    }

    fn logs(&self) -> Result<Vec<LogRow>, StoreError> {
        self.read(logs::all)
    }

    fn create_log(&self, org: &str, id_key: [u8; 16]) -> Result<LogRow, StoreError> {
        self.live()?.create_log(org, id_key)
    }

    fn begin<'a>(
        &'a self,
        logs: &[LogId],
        riders: &[(LogId, &Rider)],
    ) -> Result<Box<dyn Group + 'a>, StoreError> {
        Ok(Box::new(SqliteGroup::begin(
            self.live()?.slot.lock(),
            logs,
            riders,
        )?))
    }

    fn batches(&self, log: LogId, from: u64) -> Result<Vec<BatchRow>, StoreError> {
        self.read(|connection| batches::from(connection, log, from))
    }

    fn new_block(&self, _: LogId) -> Result<BlockId, StoreError> {
        self.live()?.slot.lock().new_block()
    }

    fn put_parts(&self, parts: &[Part<'_>]) -> Result<(), StoreError> {
        self.live()?.put_parts(parts)
    }

    fn finish_seals(&self, seals: &[Seal<'_>]) -> Result<(), StoreError> {
        self.live()?.finish_seals(seals)
    }

    fn blocks(&self, log: LogId) -> Result<Vec<BlockRow>, StoreError> {
        self.read(|connection| blocks::list(connection, log))
    }

    fn block_rows(&self, wanted: &[BlockId]) -> Result<Vec<Option<BlockRow>>, StoreError> {
        self.read(|connection| {
            let each = wanted.iter();
            each.map(|block| blocks::get(connection, *block)).collect()
        })
    }

    fn blocks_at_once(&self) -> usize {
        1
    }

    fn read_all(&self, wanted: &[Ranges<'_>]) -> Result<Vec<Option<Cuts>>, StoreError> {
        let each = wanted.iter();
        each.map(|one| self.read_body(one.block, one.ranges))
            .collect()
    }

    fn tiles(&self, log: LogId) -> Result<Vec<TileRow>, StoreError> {
        self.read(|connection| tiles::list(connection, log))
    }

    fn record(&self, key: &RecordKey) -> Result<Option<Record>, StoreError> {
        self.read(|connection| records::get(connection, key))
    }

    fn records(&self, org: &str, kind: &str) -> Result<Vec<Record>, StoreError> {
        self.read(|connection| records::list(connection, org, kind))
    }

    fn record_kinds(&self, org: &str) -> Result<Vec<String>, StoreError> {
        self.read(|connection| records::kinds(connection, org))
    }

    fn answers(&self, log: LogId) -> Result<Vec<Answered>, StoreError> {
        self.read(|connection| idempotency::all(connection, log))
    }

    fn reopen(&self) -> Result<(), StoreError> {
        self.live()?.reopen(&self.identity)
    }

    fn examine(&self, found: &mut dyn FnMut(Problem)) -> Result<(), StoreError> {
        let live = self.live().ok();
        self.read(|connection| examine::examine(connection, live, found))
    }
}
