//! What the engine asks of a database: the trait that backends fulfil, its promises in prose.
//!
//! A store keeps rows and pieces of bytes and knows neither events nor filters. It speaks in whole
//! intentions: lock these logs and judge these riders, write this group or nothing, put a block, read these
//! ranges. Calls block; the engine calls from threads that may.
//!
//! Promises that every method keeps:
//! - What a method has reported as done survives the death of the process and of the machine.
//! - A read sees everything that was reported as done before it began, by any process.
//! - An error of the kind [`StoreError::Busy`] means that nothing was written.
//! - No method panics on what it finds stored; what cannot be is [`StoreError::Corrupt`].

mod claim;

use std::fmt;
use std::ops::Range;

pub use claim::{Alone, Claim};

/// Number of a log inside one store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogId(pub u32);

/// Number of a block inside one store; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockId(pub u64);

/// Number of a group commit: random, so that the batches of one commit can be told from those of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GroupId(pub u64);

/// What tells one store from another.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// Random name of the store.
    pub store_id: [u8; 16],
    /// Key of the hashes in its indexes.
    pub term_key: [u8; 16],
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({:02x?}, ..)", self.store_id)
    }
}

/// A log as its store knows it. Everything up to `sealed` is in blocks, the rest in batches.
#[derive(Clone, PartialEq, Eq)]
pub struct LogRow {
    /// Its number.
    pub id: LogId,
    /// The organization that owns it.
    pub org: String,
    /// Key of its event ids.
    pub id_key: [u8; 16],
    /// How many events are sealed.
    pub sealed: u64,
    /// When the last sealed event was recorded, Unix microseconds; 0 without one.
    pub recorded_micros: i64,
    /// The tree's frontier over the sealed events; empty while there are none.
    pub frontier: Vec<u8>,
}

impl fmt::Debug for LogRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "LogRow({}, {}, sealed {})",
            self.id.0, self.org, self.sealed
        )
    }
}

/// How far a log has got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// How many events it has.
    pub size: u64,
    /// When the last one was recorded, Unix microseconds; 0 without one.
    pub recorded_micros: i64,
}

/// What a process must know of a log to know whether others have changed it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// How many events it has.
    pub size: u64,
    /// One more with every change of its list of blocks; 0 for ever in a store that is not shared.
    pub version: u64,
}

/// A log at one moment, as far as somebody does not know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// Its row.
    pub log: LogRow,
    /// Where it stands.
    pub standing: Standing,
    /// The list of blocks by first position, with empty `dir`; `None` when that is known.
    pub blocks: Option<Vec<BlockRow>>,
    /// The batches that hold unknown positions and are not sealed, in order.
    pub batches: Vec<BatchRow>,
}

/// The events that one group commit adds to one log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchRow {
    /// The log.
    pub log: LogId,
    /// Position of the first event.
    pub first: u64,
    /// The group that it was written with.
    pub group: GroupId,
    /// Encoded events ([`crate::batch`]); carries its own checksum, which covers the other members too.
    pub data: Vec<u8>,
}

/// An immutable block: its entry in the list of blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockRow {
    /// Its number.
    pub id: BlockId,
    /// The log.
    pub log: LogId,
    /// Position of the first event.
    pub first: u64,
    /// How many events.
    pub count: u32,
    /// Earliest event time, Unix microseconds.
    pub min_micros: i64,
    /// Latest event time, Unix microseconds.
    pub max_micros: i64,
    /// Format of body and directory.
    pub format: u32,
    /// Set of the fields that it indexes: bit [`docket_event::Field::code`].
    pub fields: u32,
    /// The directory ([`crate::block`]); carries its own checksum, which covers the other members too.
    pub dir: Vec<u8>,
}

/// A complete Merkle tile of level 1 or higher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TileRow {
    /// The log.
    pub log: LogId,
    /// Level, from 1.
    pub level: u8,
    /// Index within the level.
    pub index: u64,
    /// Its hashes, and a checksum that covers the other members too.
    pub data: Vec<u8>,
}

/// Name of a record: a small row that another room keeps beside the logs, such as a member or a token.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey {
    /// The organization that owns it; empty for the instance.
    pub org: String,
    /// What kind of record.
    pub kind: String,
    /// Its name within organization and kind.
    pub name: String,
}

/// A record.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// Its name.
    pub key: RecordKey,
    /// 1 when it is made, one more with each change.
    pub version: u64,
    /// Its content. May be secret: never printed.
    pub value: Vec<u8>,
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Record({:?}, version {}, {} bytes)",
            self.key,
            self.version,
            self.value.len()
        )
    }
}

/// What a record must be for a change to take place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// There is none of that name.
    Absent,
    /// It has this version.
    Version(u64),
}

/// A change of one record.
#[derive(Clone, PartialEq, Eq)]
pub struct RecordChange {
    /// Which one.
    pub key: RecordKey,
    /// The precondition.
    pub expect: Expect,
    /// The new content; `None` removes it.
    pub value: Option<Vec<u8>>,
}

impl fmt::Debug for RecordChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordChange({:?}, {:?})", self.key, self.expect)
    }
}

/// Makes a request to append safe to repeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// The token that asked; keys of different tokens are different keys.
    pub token: String,
    /// The key that the client chose.
    pub key: String,
    /// SHA-256 of the request's body.
    pub body_hash: [u8; 32],
    /// When it was asked, Unix microseconds. Older answers than [`IDEMPOTENCY_MICROS`] before this count as
    /// forgotten.
    pub at_micros: i64,
}

/// A request that was answered, and what is remembered as the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The request.
    pub asked: Idempotency,
    /// What [`RiderRows::answer`] was.
    pub answer: Vec<u8>,
}

/// How long an idempotency key is remembered: 24 hours.
pub const IDEMPOTENCY_MICROS: i64 = 24 * 3600 * 1_000_000;

/// What rides in the same commit as the events of a request: preconditions, and rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rider {
    /// Must not have been answered before.
    pub idempotency: Option<Idempotency>,
    /// All preconditions must hold.
    pub records: Vec<RecordChange>,
}

impl Rider {
    /// Whether nothing rides.
    pub fn is_empty(&self) -> bool {
        self.idempotency.is_none() && self.records.is_empty()
    }
}

/// Whether a rider's preconditions hold while its log is locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They hold until the group ends.
    Holds,
    /// The key was used before: with a body of this hash, and this was the answer.
    Repeated {
        /// SHA-256 of that request's body.
        body_hash: [u8; 32],
        /// What [`RiderRows::answer`] was.
        answer: Vec<u8>,
    },
    /// This record is not what the change expects.
    Stale(RecordKey),
}

/// A rider that goes into the commit.
#[derive(Clone, Copy, Debug)]
pub struct RiderRows<'r> {
    /// The log of its request.
    pub log: LogId,
    /// The rider; its verdict was [`Verdict::Holds`].
    pub rider: &'r Rider,
    /// What to remember as the answer under its idempotency key.
    pub answer: &'r [u8],
}

/// A part of a block's body.
#[derive(Clone, Copy, Debug)]
pub struct Part<'p> {
    /// The block.
    pub block: BlockId,
    /// Which part, from 0.
    pub part: u32,
    /// Its bytes.
    pub data: &'p [u8],
}

/// What is wanted of a block's body.
#[derive(Clone, Copy, Debug)]
pub struct Ranges<'r> {
    /// The block.
    pub block: BlockId,
    /// Ranges of its body.
    pub ranges: &'r [Range<u64>],
}

/// The bytes of some ranges of a body.
pub type Cuts = Vec<Vec<u8>>;

/// Finished blocks, and what their coming changes.
#[derive(Clone, Debug)]
pub struct Seal<'s> {
    /// The blocks, which follow each other. Their parts are there already. Behind what is sealed comes a single one; in
    /// the place of others there may be more.
    pub blocks: &'s [BlockRow],
    /// Blocks of the same log that they replace.
    pub replaces: &'s [BlockId],
    /// The log as it is now; batches below `log.sealed` go.
    pub log: &'s LogRow,
    /// Tiles that became complete.
    pub tiles: &'s [TileRow],
}

impl Seal<'_> {
    /// The positions of its blocks; `None` when they do not follow each other, or are not as many as there may be.
    pub fn span(&self) -> Option<Range<u64>> {
        let first = self.blocks.first()?.first;
        let end = self.blocks.iter().try_fold(first, |at, block| {
            (block.first == at).then(|| at + u64::from(block.count))
        })?;
        (self.blocks.len() == 1 || !self.replaces.is_empty()).then_some(first..end)
    }
}

/// Something that a store found wrong with itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Table and row.
    pub place: String,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// Why a store could not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Nothing was written; the same call may succeed later: no room on the disk, too many at once.
    #[error("the store is busy: {0}")]
    Busy(String),
    /// Whether anything was written is not known; the store must be reopened.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// What is stored cannot be right. Somebody must look.
    #[error("the store is corrupt: {0}")]
    Corrupt(Problem),
}

impl StoreError {
    /// A corrupt row of a table.
    pub fn corrupt(place: impl Into<String>, what: impl Into<String>) -> Self {
        StoreError::Corrupt(Problem {
            place: place.into(),
            what: what.into(),
        })
    }
}

/// A database that keeps logs.
pub trait Store: Send + Sync + fmt::Debug + 'static {
    /// The store's identity; the same for ever.
    fn identity(&self) -> &Identity;

    /// How many bytes a part of a block has, save the last: what suits the store's pages.
    fn part_bytes(&self) -> usize;

    /// Whether other processes may write to it while this one has it open. If not, whoever has opened it knows all
    /// that there is, and [`Store::standing`] and [`Store::claim`] are not called.
    fn shared(&self) -> bool;

    /// The log of `org`, if there is one.
    fn log_of(&self, org: &str) -> Result<Option<LogRow>, StoreError>;

    /// Where a log stands, in one round trip.
    fn standing(&self, log: LogId) -> Result<Standing, StoreError>;

    /// What is not known of a log, all of it as it is at one moment. Without `known`, everything.
    fn contents(&self, log: LogId, known: Option<Standing>) -> Result<Contents, StoreError>;

    /// Takes the right to seal, merge and prune `logs`, as far as no other process has it. Ends with the claim, and with the
    /// process. Calls of [`Store::put_parts`] and [`Store::finish_seals`] for a log that was not claimed, or no longer
    /// is, may fail as [`StoreError::Busy`]. One claim at a time.
    fn claim(&self, logs: &[LogId]) -> Result<Box<dyn Claim + '_>, StoreError>;

    /// All logs, by number.
    fn logs(&self) -> Result<Vec<LogRow>, StoreError>;

    /// The log of `org`, made empty with `id_key` if there is none. Durable when it returns.
    fn create_log(&self, org: &str, id_key: [u8; 16]) -> Result<LogRow, StoreError>;

    /// Locks `logs`, which are in ascending order and each named once, for one group commit, and judges
    /// `riders` (each with the log of its request) under that lock. Dropping the group gives the locks back
    /// and changes nothing. Riders are judged one by one, as if each were alone: the caller puts riders that
    /// touch the same key or record into different groups.
    fn begin<'a>(
        &'a self,
        logs: &[LogId],
        riders: &[(LogId, &Rider)],
    ) -> Result<Box<dyn Group + 'a>, StoreError>;

    /// The batches of a log that hold positions of `from` or higher, in order.
    fn batches(&self, log: LogId, from: u64) -> Result<Vec<BatchRow>, StoreError>;

    /// A number for a new block of a log.
    fn new_block(&self, log: LogId) -> Result<BlockId, StoreError>;

    /// In one commit: keeps parts of the bodies of blocks that no list names yet. Every part of a body but the
    /// last has [`Store::part_bytes`]. Parts of blocks that never get finished are removed when the store is next
    /// opened.
    fn put_parts(&self, parts: &[Part<'_>]) -> Result<(), StoreError>;

    /// In one commit, for each of `seals`: its blocks join their log's list, replaced blocks leave it, batches below
    /// the new `sealed` go, the log row and tiles are written. A log whose blocks have changed since its seal was
    /// worked out is left alone, and so are the others: [`StoreError::Busy`], or Corrupt where nobody else may write.
    /// A log may be sealed beyond its head, which rises with it, if all of it is sealed already: so it is copied.
    fn finish_seals(&self, seals: &[Seal<'_>]) -> Result<(), StoreError>;

    /// The list of a log's blocks by first position, with empty `dir`.
    fn blocks(&self, log: LogId) -> Result<Vec<BlockRow>, StoreError>;

    /// The rows of some blocks with their directories, in one round trip; `None` for one that is not listed (any more).
    fn block_rows(&self, blocks: &[BlockId]) -> Result<Vec<Option<BlockRow>>, StoreError>;

    /// The same of one block.
    fn block(&self, block: BlockId) -> Result<Option<BlockRow>, StoreError> {
        Ok(self.block_rows(&[block])?.pop().flatten())
    }

    /// How many blocks are best read at once: 1, or more where every read waits for a round trip.
    fn blocks_at_once(&self) -> usize;

    /// Ranges of the bodies of some blocks, in one round trip: for each of `wanted` its ranges in the order given, or
    /// `None` when the block is gone. A range that goes beyond a body is Corrupt.
    fn read_all(&self, wanted: &[Ranges<'_>]) -> Result<Vec<Option<Cuts>>, StoreError>;

    /// The same of one block.
    fn read(&self, block: BlockId, ranges: &[Range<u64>]) -> Result<Option<Cuts>, StoreError> {
        let mut found = self.read_all(&[Ranges { block, ranges }])?;
        Ok(found.pop().flatten())
    }

    /// All tiles of a log, by level and index.
    fn tiles(&self, log: LogId) -> Result<Vec<TileRow>, StoreError>;

    /// A record.
    fn record(&self, key: &RecordKey) -> Result<Option<Record>, StoreError>;

    /// All records of a kind that an organization has, by name.
    fn records(&self, org: &str, kind: &str) -> Result<Vec<Record>, StoreError>;

    /// The kinds of records that an organization has, in order.
    fn record_kinds(&self, org: &str) -> Result<Vec<String>, StoreError>;

    /// All answers that are remembered for requests to a log, by token and key; forgotten ones may be among them.
    fn answers(&self, log: LogId) -> Result<Vec<Answered>, StoreError>;

    /// Drops what is held of the database and opens it again, as after a failed commit.
    fn reopen(&self) -> Result<(), StoreError>;

    /// Looks at everything that only the store itself can look at: the file's structure, its schema, rows
    /// that nothing names, checksums of rows that the engine does not read. Calls `found` for each problem.
    fn examine(&self, found: &mut dyn FnMut(Problem)) -> Result<(), StoreError>;
}

/// One group commit between [`Store::begin`] and its end.
pub trait Group {
    /// The heads of the locked logs, in the order of the call.
    fn heads(&self) -> &[Head];

    /// What the clock says by which events are recorded, Unix microseconds; `None` when that is the process's own.
    fn now_micros(&self) -> Option<i64>;

    /// The verdicts on the riders, in the order of the call.
    fn verdicts(&self) -> &[Verdict];

    /// COMMIT POINT. Writes all of it or nothing and makes it durable: `batches` (those of one log follow each
    /// other and begin at its head), and the rows of `riders`, none of which stands for a rider whose verdict was
    /// not [`Verdict::Holds`]. `heads` are the locked logs' heads after the batches, in the order of the call.
    ///
    /// [`StoreError::Busy`]: nothing was written. [`StoreError::Unavailable`]: it may have been; after
    /// [`Store::reopen`], what stands at its places tells, to whoever has locked the logs. Without anything to write, it
    /// waits until all that was visible when the group began is as durable as the store promises.
    fn commit(
        self: Box<Self>,
        batches: &[BatchRow],
        riders: &[RiderRows<'_>],
        heads: &[Head],
    ) -> Result<(), StoreError>;
}
