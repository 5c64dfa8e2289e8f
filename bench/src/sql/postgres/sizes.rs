//! What tables take in PostgreSQL, and how much of it is still needed.

use anyhow::Context;

use super::Connection;

/// Tables of all schemas but the server's own, with their indexes and TOAST.
const TABLES: &str = "SELECT c.relname::text, pg_total_relation_size(c.oid) FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' ORDER BY 2 DESC, 1";
const DATABASE: &str = "SELECT pg_database_size(current_database())";
/// Docket's own content that would be read again: batches that are not sealed, and everything that blocks have.
const LIVE: &str = "SELECT
  (SELECT coalesce(sum(octet_length(b.data)), 0)::bigint FROM batch b JOIN log ON log.id = b.log
    WHERE b.end_seq > log.sealed),
  (SELECT coalesce(sum(octet_length(data)), 0)::bigint FROM seg)
    + (SELECT coalesce(sum(octet_length(dir)), 0)::bigint FROM block)
    + (SELECT coalesce(sum(octet_length(data)), 0)::bigint FROM tile)";
/// Docket's tables of batches are named so.
const BATCHES: &str = "batch_";

/// Looks at the tables of a database.
#[derive(Debug)]
pub struct Look(Connection);

/// What a database takes.
#[derive(Clone, Debug, Default)]
pub struct Sizes {
    /// Bytes of each table, the largest first.
    pub tables: Vec<(String, u64)>,
    /// Bytes of the database, the server's catalogs included.
    pub database: u64,
}

/// Bytes of Docket's content that are still needed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Live {
    /// Batches that are not sealed.
    pub batches: u64,
    /// Blocks and tiles.
    pub blocks: u64,
}

impl Sizes {
    /// Bytes of all tables.
    pub fn all(&self) -> u64 {
        self.tables.iter().map(|(_, bytes)| bytes).sum()
    }

    /// Bytes of Docket's tables of batches.
    pub fn batches(&self) -> u64 {
        let batches = self.tables.iter();
        let batches = batches.filter(|(name, _)| name.starts_with(BATCHES));
        batches.map(|(_, bytes)| bytes).sum()
    }
}

impl Look {
    /// Connects to a database.
    pub fn open(url: &str) -> anyhow::Result<Self> {
        Connection::open(url).map(Look)
    }

    /// What it takes now.
    pub fn sizes(&self) -> anyhow::Result<Sizes> {
        let [database] = self.numbers(DATABASE)?;
        let rows = self.0.query(TABLES, &[])?;
        let read = |row: &tokio_postgres::Row| {
            // A table that was dropped meanwhile has no size. None is ever negative.
            let bytes = row.try_get::<_, Option<i64>>(1)?.unwrap_or_default();
            anyhow::Ok((row.try_get(0)?, bytes.unsigned_abs()))
        };
        Ok(Sizes {
            tables: rows.iter().map(read).collect::<Result<_, _>>()?,
            database,
        })
    }

    /// How much of Docket's content is needed now. This reads all rows, though not their content.
    pub fn live(&self) -> anyhow::Result<Live> {
        let [batches, blocks] = self.numbers(LIVE)?;
        Ok(Live { batches, blocks })
    }

    fn numbers<const N: usize>(&self, sql: &str) -> anyhow::Result<[u64; N]> {
        let rows = self.0.query(sql, &[])?;
        let row = rows.first().context("no answer")?;
        let mut numbers = [0; N];
        for (at, number) in numbers.iter_mut().enumerate() {
            *number = row.try_get::<_, i64>(at)?.unsigned_abs();
        }
        Ok(numbers)
    }
}
