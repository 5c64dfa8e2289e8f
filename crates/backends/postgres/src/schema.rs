//! The tables, how a schema gets them, and which binaries may use them.

use docket_engine::Random;
use docket_engine::store::{Identity, StoreError};

use crate::failure::Failure;
use crate::row::{Cell, Columns, Table, sum};
use crate::session::{Session, Step, bind};

/// The format that this binary writes: how many migrations there are.
pub(crate) const FORMAT: u32 = 1;

/// Each makes the next format. What was released never changes; what is new comes at the end.
const MIGRATIONS: [&str; FORMAT as usize] = [include_str!("../migrations/0001_tables.sql")];

/// The oldest binary, by the format that it writes, that may read what this one writes.
const MIN_READER: u32 = 1;

/// The oldest binary that may write to what this one writes.
const MIN_WRITER: u32 = 1;

/// Key of the lock under which tables are made: "docket" in bytes. One for all schemas of a database.
const LOCK: i64 = 0x646f_636b_6574;

/// How long a process waits for another one that makes the tables; how long that takes has no limit.
const LIMITS: &str = "SET LOCAL lock_timeout = 60000; SET LOCAL statement_timeout = 0";

pub(crate) const META: Table = Table {
    name: "meta",
    keys: 1,
};

/// The rows that meta has, with the length of their values.
pub(crate) const META_ROWS: [(&str, usize); 6] = [
    ("distributed", 8),
    ("format", 8),
    ("min_reader", 8),
    ("min_writer", 8),
    ("store_id", 16),
    ("term_key", 16),
];

/// Tables that every node of a distributed database has whole.
const REFERENCE: [&str; 3] = ["meta", "org", "ring"];

/// Tables that are distributed, with the column that says where a row goes. Those by log lie together.
const DISTRIBUTED: [(&str, &str, &str); 11] = [
    ("log", "id", "default"),
    ("head", "log", "log"),
    ("block", "log", "log"),
    ("seg", "log", "log"),
    ("tile", "log", "log"),
    ("idem", "log", "log"),
    ("batch_0", "log", "log"),
    ("batch_1", "log", "log"),
    ("batch_2", "log", "log"),
    ("batch_3", "log", "log"),
    ("record", "org", "none"),
];

/// What a store is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Read,
    Write,
}

/// Why a schema cannot be used as a store.
#[derive(Debug)]
pub(crate) enum Unusable {
    /// There is no store in it.
    Missing,
    /// A newer binary made it, which says that this one is too old.
    Newer {
        format: u64,
    },
    Failure(Failure),
}

impl From<Failure> for Unusable {
    fn from(failure: Failure) -> Self {
        Unusable::Failure(failure)
    }
}

/// What stands in a connection's way that was made later.
impl From<Unusable> for Failure {
    fn from(unusable: Unusable) -> Self {
        match unusable {
            Unusable::Missing => Failure::refused("there is no store in the database any more"),
            Unusable::Newer { format } => Failure::refused(format!(
                "the database has format {format} now and this docket knows none above {FORMAT}: \
                 use the newer docket"
            )),
            Unusable::Failure(failure) => failure,
        }
    }
}

/// Brings the schema to [`FORMAT`]: makes a store in an empty one, leaves a newer one as it is when its maker allows
/// that. Whoever comes meanwhile waits.
pub(crate) async fn prepare(session: &Session, random: &dyn Random) -> Result<(), Unusable> {
    session.plain("BEGIN").await?;
    let outcome = migrate(session, random).await;
    let end = if outcome.is_ok() {
        "COMMIT"
    } else {
        "ROLLBACK"
    };
    let ended = session.plain(end).await;
    outcome?;
    Ok(ended?)
}

/// Finds out whether this binary may use what is there, and what that is.
pub(crate) async fn check(session: &Session, purpose: Use) -> Result<Identity, Unusable> {
    if !is_there(session).await? {
        return Err(Unusable::Missing);
    }
    let meta = Meta::read(session).await?;
    meta.allows(purpose)?;
    Ok(Identity {
        store_id: meta.array("store_id")?,
        term_key: meta.array("term_key")?,
    })
}

/// Whether the tables are spread over several servers.
pub(crate) async fn is_distributed(session: &Session) -> Result<bool, Failure> {
    Ok(Meta::read(session).await?.number("distributed")? != 0)
}

async fn migrate(session: &Session, random: &dyn Random) -> Result<(), Unusable> {
    session.plain(LIMITS).await?;
    session
        .query("SELECT pg_advisory_xact_lock($1)", bind![LOCK])
        .await?;
    let is_new = !is_there(session).await?;
    let from = if is_new {
        0
    } else {
        let meta = Meta::read(session).await?;
        meta.allows(Use::Write)?;
        usize::try_from(meta.number("format")?).unwrap_or(usize::MAX)
    };
    if from >= MIGRATIONS.len() {
        return Ok(());
    }
    for sql in MIGRATIONS.iter().skip(from) {
        session.plain(sql).await?;
    }
    if is_new {
        found(session, random).await?;
    }
    for (key, value) in [
        ("format", FORMAT),
        ("min_reader", MIN_READER),
        ("min_writer", MIN_WRITER),
    ] {
        write(session, key, &u64::from(value).to_be_bytes()).await?;
    }
    Ok(())
}

async fn is_there(session: &Session) -> Result<bool, Failure> {
    // What the search path finds elsewhere is another store.
    let sql = "SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = current_schema() AND c.relname = 'meta'";
    Ok(session.query_opt(sql, bind![]).await?.is_some())
}

async fn found(session: &Session, random: &dyn Random) -> Result<(), Failure> {
    let sql = "SELECT 1 FROM pg_catalog.pg_proc
        WHERE proname = 'create_distributed_table' AND pg_function_is_visible(oid)";
    let distributed = session.query_opt(sql, bind![]).await?.is_some();
    if distributed {
        distribute(session).await?;
    }
    write(
        session,
        "distributed",
        &u64::from(distributed).to_be_bytes(),
    )
    .await?;
    for key in ["store_id", "term_key"] {
        let mut bytes = [0; 16];
        random.fill(&mut bytes);
        write(session, key, &bytes).await?;
    }
    Ok(())
}

async fn distribute(session: &Session) -> Result<(), Failure> {
    for table in REFERENCE {
        let sql = "SELECT create_reference_table($1::text::regclass)";
        session.query(sql, bind![table]).await?;
    }
    for (table, column, beside) in DISTRIBUTED {
        let sql = "SELECT create_distributed_table($1::text::regclass, $2::text, colocate_with => $3::text)";
        session.query(sql, bind![table, column, beside]).await?;
    }
    Ok(())
}

async fn write(session: &Session, key: &str, value: &[u8]) -> Result<(), Failure> {
    let sum = sum(&META, &[Cell::Bytes(key.as_bytes()), Cell::Bytes(value)]);
    let sql = "INSERT INTO meta (k, v, sum) VALUES ($1, $2, $3)
        ON CONFLICT (k) DO UPDATE SET v = EXCLUDED.v, sum = EXCLUDED.sum";
    let steps = vec![Step::Bound(sql, bind![key, value, sum])];
    session.all(steps).await.map(drop)
}

/// What meta says.
struct Meta(Vec<(String, Vec<u8>)>);

impl Meta {
    async fn read(session: &Session) -> Result<Self, Failure> {
        let mut rows = Vec::new();
        for row in session.query("SELECT k, v, sum FROM meta", bind![]).await? {
            let row = Columns::of(&row, &META).summed(2)?;
            rows.push((row.name(0)?, row.bytes(1)?.to_vec()));
        }
        Ok(Meta(rows))
    }

    fn allows(&self, purpose: Use) -> Result<(), Unusable> {
        let bound = match purpose {
            Use::Read => "min_reader",
            Use::Write => "min_writer",
        };
        if self.number(bound)? <= u64::from(FORMAT) {
            return Ok(());
        }
        Err(Unusable::Newer {
            format: self.number("format")?,
        })
    }

    fn number(&self, key: &str) -> Result<u64, Failure> {
        Ok(u64::from_be_bytes(self.array(key)?))
    }

    fn array<const N: usize>(&self, key: &str) -> Result<[u8; N], Failure> {
        let found = self.0.iter().find(|(name, _)| name == key);
        let value = found.and_then(|(_, value)| value.as_slice().try_into().ok());
        let wrong = || StoreError::corrupt(format!("meta {key:?}"), "is missing, or is not ours");
        Ok(value.ok_or_else(wrong)?)
    }
}
