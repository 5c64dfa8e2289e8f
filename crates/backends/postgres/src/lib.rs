//! The store in PostgreSQL, which many processes read and write at a time.
//!
//! Whoever commits holds the rows of the logs' heads, so positions are given in one order by whichever process has them;
//! nothing is kept here that another process could change unseen. What a commit wrote is on the server's disk when it
//! returns. A row that does not carry a checksum made by the engine has one of its own, which every read compares.

mod address;
mod batches;
mod blocks;
mod claims;
mod contents;
mod examine;
mod failure;
mod group;
mod heads;
mod idempotency;
mod live;
mod logs;
mod open;
mod pool;
mod records;
mod ring;
mod row;
mod schema;
mod seals;
mod segs;
mod session;
mod tiles;
mod tls;
mod wait;

use std::sync::Arc;

use docket_engine::store::{
    Answered, BatchRow, BlockId, BlockRow, Claim, Contents, Cuts, Group, Identity, LogId, LogRow,
    Part, Problem, Ranges, Record, RecordKey, Rider, Seal, Standing, Store, StoreError, TileRow,
};
use parking_lot::Mutex;

use crate::failure::Failure;
use crate::live::Live;
use crate::pool::Door;
use crate::session::Session;
use crate::wait::block_on;

pub use open::{OpenError, Options};

/// Blocks that are read at once: with more, a statement takes longer than the round trips that it saves.
const BLOCKS_AT_ONCE: usize = 16;

/// A store in a schema of a PostgreSQL database.
#[derive(Debug)]
pub struct Postgres {
    identity: Identity,
    database: Database,
}

#[derive(Debug)]
enum Database {
    Live(Box<Live>),
    Snapshot {
        session: Box<Mutex<Session>>,
        /// Drives the connection.
        _door: Arc<Door>,
    },
}

impl Postgres {
    /// Opens the store at a `postgres://` address, as one of many processes. Makes it if the schema is empty.
    ///
    /// # Errors
    /// No server that takes writes answers, it refuses, a newer docket made the tables, or they cannot be right.
    pub fn open(url: &str, options: &Options) -> Result<Self, OpenError> {
        let (identity, live) = open::live(url, options)?;
        Ok(Postgres {
            identity,
            database: Database::Live(Box::new(live)),
        })
    }

    /// Opens the store at a `postgres://` address as it is now, to be read while others write to it. Until this is
    /// dropped the server keeps what they replace, and empties no table of batches.
    ///
    /// # Errors
    /// As [`Postgres::open`], and there is no store.
    pub fn open_snapshot(url: &str) -> Result<Self, OpenError> {
        let (identity, session, door) = open::snapshot(url)?;
        Ok(Postgres {
            identity,
            database: Database::Snapshot {
                session: Box::new(Mutex::new(session)),
                _door: door,
            },
        })
    }

    fn live(&self) -> Result<&Live, StoreError> {
        match &self.database {
            Database::Live(live) => Ok(live),
            Database::Snapshot { .. } => {
                Err(StoreError::Unavailable("opened read-only".to_owned()))
            }
        }
    }

    fn read<T>(&self, work: impl AsyncFn(&Session) -> Result<T, Failure>) -> Result<T, StoreError> {
        Ok(match &self.database {
            Database::Live(live) => live.retried(work)?,
            Database::Snapshot { session, .. } => block_on(work(&*session.lock()))?,
        })
    }

    /// Whether statements run within a transaction whose view stays.
    fn is_snapshot(&self) -> bool {
        matches!(self.database, Database::Snapshot { .. })
    }
}

impl Store for Postgres {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn part_bytes(&self) -> usize {
        segs::PART_BYTES
    }

    fn shared(&self) -> bool {
        true
    }

    fn log_of(&self, org: &str) -> Result<Option<LogRow>, StoreError> {
        self.read(async |session: &Session| logs::of(session, org).await)
    }

    fn standing(&self, log: LogId) -> Result<Standing, StoreError> {
        self.read(async |session: &Session| {
            let answers = session.all(vec![heads::standing_step(log)]).await?;
            let answer = answers.first().ok_or_else(|| logs::missing(log))?;
            heads::standing(answer, log)
        })
    }

    fn contents(&self, log: LogId, known: Option<Standing>) -> Result<Contents, StoreError> {
        let within = self.is_snapshot();
        self.read(async |session: &Session| {
            if within {
                contents::read_within(session, log, known).await
            } else {
                contents::read(session, log, known).await
            }
        })
    }

    fn claim(&self, logs: &[LogId]) -> Result<Box<dyn Claim + '_>, StoreError> {
        self.live()?.claim(logs)
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
        self.live()?.begin(logs, riders)
    }

    fn batches(&self, log: LogId, from: u64) -> Result<Vec<BatchRow>, StoreError> {
        self.read(async |session: &Session| batches::from(session, log, from).await)
    }

    fn new_block(&self, log: LogId) -> Result<BlockId, StoreError> {
        self.live()?.new_block(log)
    }

    fn put_parts(&self, parts: &[Part<'_>]) -> Result<(), StoreError> {
        self.live()?.put_parts(parts)
    }

    fn finish_seals(&self, seals: &[Seal<'_>]) -> Result<(), StoreError> {
        self.live()?.finish_seals(seals)
    }

    fn blocks(&self, log: LogId) -> Result<Vec<BlockRow>, StoreError> {
        self.read(async |session: &Session| blocks::list(session, log).await)
    }

    fn block_rows(&self, wanted: &[BlockId]) -> Result<Vec<Option<BlockRow>>, StoreError> {
        self.read(async |session: &Session| blocks::get(session, wanted).await)
    }

    fn blocks_at_once(&self) -> usize {
        BLOCKS_AT_ONCE
    }

    fn read_all(&self, wanted: &[Ranges<'_>]) -> Result<Vec<Option<Cuts>>, StoreError> {
        self.read(async |session: &Session| segs::read(session, wanted).await)
    }

    fn tiles(&self, log: LogId) -> Result<Vec<TileRow>, StoreError> {
        self.read(async |session: &Session| tiles::list(session, log).await)
    }

    fn record(&self, key: &RecordKey) -> Result<Option<Record>, StoreError> {
        self.read(async |session: &Session| records::get(session, key).await)
    }

    fn records(&self, org: &str, kind: &str) -> Result<Vec<Record>, StoreError> {
        self.read(async |session: &Session| records::list(session, org, kind).await)
    }

    fn record_kinds(&self, org: &str) -> Result<Vec<String>, StoreError> {
        self.read(async |session: &Session| records::kinds(session, org).await)
    }

    fn answers(&self, log: LogId) -> Result<Vec<Answered>, StoreError> {
        self.read(async |session: &Session| idempotency::all(session, log).await)
    }

    fn reopen(&self) -> Result<(), StoreError> {
        self.live()?.reopen()
    }

    fn examine(&self, found: &mut dyn FnMut(Problem)) -> Result<(), StoreError> {
        let within = self.is_snapshot();
        let problems = self.read(async |session: &Session| {
            let mut problems = Vec::new();
            if !within {
                session.plain(batches::MOMENT).await?;
                session.plain(examine::NO_LIMIT).await?;
            }
            examine::examine(session, &mut |problem| problems.push(problem)).await?;
            if !within {
                session.plain("COMMIT").await?;
            }
            Ok(problems)
        })?;
        problems.into_iter().for_each(found);
        Ok(())
    }
}
