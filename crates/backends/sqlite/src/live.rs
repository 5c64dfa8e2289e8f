//! A store that this process owns and writes to.

use std::collections::BTreeMap;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use docket_engine::store::{BlockId, Identity, LogId, LogRow, Part, Seal, StoreError};
use parking_lot::Mutex;
use rusqlite::Connection;

use crate::connection::{self, Use};
use crate::copied::Copied;
use crate::failure::{At, Failure};
use crate::keeper::{self, Chores, Rubbish};
use crate::readers::Readers;
use crate::renew::{is_full, renew};
use crate::schema::{self, Unfit};
use crate::writer::{Slot, Writer, forget};
use crate::{blocks, logs, segs, tiles};

/// A store that this process owns.
#[derive(Debug)]
pub(crate) struct Live {
    pub path: PathBuf,
    pub slot: Mutex<Slot>,
    pub readers: Readers,
    pub chores: Arc<Chores>,
    /// Locked before the slot.
    pub copied: Mutex<Copied>,
}

impl Live {
    /// Takes over from the connection that prepared the file.
    pub(crate) fn new(
        folder: &Path,
        path: PathBuf,
        connection: Connection,
        chores: Chores,
    ) -> Result<Self, Failure> {
        let chores = Arc::new(chores);
        let mut copied = Copied::new(&path);
        let connection = settle(connection, &mut copied)?;
        let writer = Writer::load(listen(connection, &chores)?)?;
        let slot = Mutex::new(Slot::new(folder.to_owned(), writer));
        let live = Live {
            copied: Mutex::new(copied),
            readers: Readers::new(path.clone()),
            path,
            slot,
            chores,
        };
        let mut slot = live.slot.lock();
        let blocks = orphans(&slot.writer()?.connection, |_| true)?;
        let logs: Vec<LogId> = slot.writer()?.heads.keys().copied().collect();
        let logs = logs.into_iter().map(Rubbish::Batches);
        let mut rubbish: Vec<Rubbish> = blocks
            .into_iter()
            .map(Rubbish::Slices)
            .chain(logs)
            .collect();
        while !rubbish.is_empty() {
            match slot.transaction(|connection| keeper::remove_some(connection, &rubbish)) {
                Ok(removed) => drop(rubbish.drain(..removed)),
                // It can be read all the same.
                Err(StoreError::Busy(_)) => live.chores.remove(rubbish.drain(..)),
                Err(error) => return Err(error.into()),
            }
        }
        drop(slot);
        Ok(live)
    }

    /// The log of `org`, made if there is none.
    pub(crate) fn create_log(&self, org: &str, id_key: [u8; 16]) -> Result<LogRow, StoreError> {
        let mut slot = self.slot.lock();
        if let Some(log) = logs::of(&slot.writer()?.connection, org)? {
            return Ok(log);
        }
        let log = slot.transaction(|connection| logs::insert(connection, org, id_key))?;
        slot.writer()?.heads.insert(log.id, Default::default());
        Ok(log)
    }

    /// Keeps parts of the bodies of blocks that are not listed yet.
    pub(crate) fn put_parts(&self, parts: &[Part<'_>]) -> Result<(), StoreError> {
        let mut slot = self.slot.lock();
        // Numbers are never used again: of a block that was not heard of there is nothing yet.
        let heard = |part: &Part<'_>| slot.unfinished.contains_key(&part.block);
        let heard: Vec<bool> = parts.iter().map(heard).collect();
        // From the first attempt on: an answer that is lost must not make its slices anybody's rubbish.
        for part in parts {
            slot.unfinished.entry(part.block).or_default();
        }
        slot.transaction(|connection| {
            let next = schema::meta_number(connection, "next_block")?;
            for (Part { block, part, data }, heard) in parts.iter().zip(heard) {
                let place = || format!("block {}", block.0);
                if block.0 >= next {
                    let what = "has a number that was not given out";
                    return Err(StoreError::corrupt(place(), what).into());
                }
                if blocks::body_bytes(connection, *block)?.is_some() {
                    return Err(StoreError::corrupt(place(), "is finished").into());
                }
                if heard {
                    segs::clear(connection, *block, *part)?;
                }
                segs::put(connection, *block, *part, data)?;
            }
            Ok(())
        })?;
        for Part { block, part, data } in parts {
            let lengths = slot.unfinished.entry(*block).or_default();
            lengths.insert(*part, data.len());
        }
        Ok(())
    }

    /// Puts blocks on their lists, with all that this changes.
    pub(crate) fn finish_seals(&self, seals: &[Seal<'_>]) -> Result<(), StoreError> {
        let mut slot = self.slot.lock();
        let mut lengths = Vec::with_capacity(seals.len());
        for seal in seals {
            let bytes = seal.blocks.iter();
            let bytes = bytes.map(|block| body_bytes(slot.unfinished.get(&block.id), block.id));
            lengths.push(bytes.collect::<Result<Vec<u64>, _>>()?);
            let writer = slot.writer()?;
            let head = writer.head(seal.log.id)?;
            let reaches = seal.log.sealed <= head.size
                || logs::get(&writer.connection, seal.log.id)?
                    .is_some_and(|log| log.sealed == head.size);
            let ours = seal.blocks.iter().all(|block| block.log == seal.log.id);
            if !ours || !reaches || seal.span().is_none() {
                let what = format!(
                    "its blocks are not of its log, or do not follow each other, or the log ends at {}",
                    head.size
                );
                return Err(StoreError::corrupt(
                    format!("a seal of log {}", seal.log.id.0),
                    what,
                ));
            }
        }
        slot.transaction(|connection| {
            let seals = seals.iter().zip(lengths);
            seals
                .into_iter()
                .try_for_each(|(seal, bytes)| finish(connection, seal, &bytes))
        })?;
        let mut rubbish = Vec::new();
        for seal in seals {
            for block in seal.blocks {
                slot.unfinished.remove(&block.id);
            }
            slot.writer()?.rise(seal.log);
            rubbish.extend(seal.replaces.iter().copied().map(Rubbish::Slices));
            rubbish.push(Rubbish::Batches(seal.log.id));
        }
        // What nobody can see any more: to remove it here would keep appends waiting.
        self.chores.remove(rubbish.into_iter());
        Ok(())
    }

    /// Closes all connections and opens the file again, which must be the same store.
    pub(crate) fn reopen(&self, identity: &Identity) -> Result<(), StoreError> {
        let mut copied = self.copied.lock();
        let mut slot = self.slot.lock();
        drop(slot.take());
        self.readers.close();
        let connection = self.open_again(identity, &mut copied);
        let connection = connection.map_err(|error| self.place(error))?;
        let writer = Writer::load(listen(connection, &self.chores)?)?;
        let listed = |block: &BlockId| blocks::body_bytes(&writer.connection, *block);
        let mut unfinished = BTreeMap::new();
        for (block, parts) in mem::take(&mut slot.unfinished) {
            if listed(&block)?.is_none() {
                unfinished.insert(block, parts);
            }
        }
        // What a lost commit has replaced or sealed.
        let blocks = orphans(&writer.connection, |block| !unfinished.contains_key(block))?;
        let logs = writer.heads.keys().copied().map(Rubbish::Batches);
        self.chores
            .remove(blocks.into_iter().map(Rubbish::Slices).chain(logs));
        slot.unfinished = unfinished;
        slot.renew(writer);
        Ok(())
    }

    /// The connection that writes from now on. All that can be read is in the database file then.
    fn open_again(
        &self,
        identity: &Identity,
        copied: &mut Copied,
    ) -> Result<Connection, StoreError> {
        renew(&self.path).map_err(|error| match is_full(&error) {
            true => StoreError::Busy(error.to_string()),
            false => StoreError::Unavailable(error.to_string()),
        })?;
        let connection = connection::open(&self.path, Use::Write)?;
        connection::checkpoint_on_close(&connection, false).at("the file")?;
        match schema::check_readable(&connection) {
            Ok(found) if found == *identity => {}
            Ok(_) => {
                return Err(StoreError::Unavailable(
                    "it is another store now".to_owned(),
                ));
            }
            Err(Unfit::Newer { .. }) => {
                return Err(StoreError::Unavailable(
                    "it has a newer format now".to_owned(),
                ));
            }
            Err(Unfit::Failure(failure)) => return Err(failure.into()),
        }
        copied.look(&connection)?;
        // Nothing is added to what failed once.
        let done = connection::checkpoint_all(&connection);
        if done.map_err(|failure| copied.fail(failure))?.left > 0 {
            let what = "another process reads a snapshot (check, export or backup); wait for it";
            return Err(StoreError::Busy(what.to_owned()));
        }
        copied.all();
        connection::checkpoint_on_close(&connection, true).at("the file")?;
        Ok(connection)
    }

    /// The same error with the file that it is about, for whoever must look.
    fn place(&self, error: StoreError) -> StoreError {
        let path = self.path.display();
        match error {
            StoreError::Busy(what) => StoreError::Busy(format!("{path}: {what}")),
            StoreError::Unavailable(what) => StoreError::Unavailable(format!("{path}: {what}")),
            StoreError::Corrupt(problem) => {
                StoreError::corrupt(format!("{path}: {}", problem.place), problem.what)
            }
        }
    }

    /// Leaves the database file complete by itself. Nothing runs any more.
    pub(crate) fn close(&self) {
        self.readers.close();
        let Some(writer) = self.slot.lock().take() else {
            return;
        };
        // The write-ahead log stays if others read it.
        if let Err(failure) = connection::checkpoint_all(&writer.connection) {
            // The write-ahead log is read when the store is next opened.
            tracing::warn!(?failure, "the last checkpoint failed");
            // Not once more, unasked: it might seem to succeed.
            forget(writer.connection);
        }
    }
}

/// Puts the blocks of a seal on their list.
fn finish(connection: &Connection, seal: &Seal<'_>, body_bytes: &[u64]) -> Result<(), Failure> {
    for replaced in seal.replaces {
        blocks::remove(connection, seal.log.id, *replaced)?;
    }
    for (block, bytes) in seal.blocks.iter().zip(body_bytes) {
        blocks::insert(connection, block, *bytes)?;
    }
    logs::update(connection, seal.log)?;
    seal.tiles
        .iter()
        .try_for_each(|tile| tiles::put(connection, tile))
}

/// Has what can be read in the database file. What a process that died has left in the write-ahead log need not
/// be on the disk, if there was no room to renew it: what is written behind it would be lost with it.
fn settle(connection: Connection, copied: &mut Copied) -> Result<Connection, StoreError> {
    let left = match connection::checkpoint_all(&connection) {
        Ok(done) if done.left == 0 => return Ok(connection),
        Ok(_) => "another process reads a snapshot (check, export or backup)".to_owned(),
        Err(failure) => match copied.fail(failure) {
            StoreError::Busy(what) => what,
            error => {
                forget(connection);
                return Err(error);
            }
        },
    };
    tracing::warn!(left, "the write-ahead log stays as it is for now");
    Ok(connection)
}

/// The blocks that no list names and that have slices, of those that `is_candidate` says.
fn orphans(
    connection: &Connection,
    is_candidate: impl Fn(&BlockId) -> bool,
) -> Result<Vec<BlockId>, Failure> {
    let mut orphans = Vec::new();
    for block in segs::blocks(connection)?.into_iter().filter(is_candidate) {
        if blocks::body_bytes(connection, block)?.is_none() {
            orphans.push(block);
        }
    }
    Ok(orphans)
}

/// How long the body is that these parts make. They are all there, and full but for the last.
fn body_bytes(parts: Option<&BTreeMap<u32, usize>>, block: BlockId) -> Result<u64, StoreError> {
    let place = || format!("block {}", block.0);
    let parts = parts.filter(|parts| !parts.is_empty());
    let parts = parts.ok_or_else(|| StoreError::corrupt(place(), "has no parts"))?;
    let (mut expected, mut bytes) = (0, 0_u64);
    for (part, length) in parts {
        if *part != expected || bytes != u64::from(*part) * segs::PART_BYTES as u64 {
            let what = format!("part {expected} is missing, or an earlier one is not full");
            return Err(StoreError::corrupt(place(), what));
        }
        expected += 1;
        bytes += *length as u64;
    }
    Ok(bytes)
}

/// Tells the keeper of each commit.
fn listen(mut connection: Connection, chores: &Arc<Chores>) -> Result<Connection, Failure> {
    let chores = Arc::clone(chores);
    let hook = move |_: &mut rusqlite::hooks::Wal, pages: std::ffi::c_int| {
        chores.committed(i64::from(pages));
        Ok(())
    };
    connection.wal_hook(Some(hook)).at("the file")?;
    Ok(connection)
}
