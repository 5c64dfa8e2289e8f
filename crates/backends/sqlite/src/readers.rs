//! The connections that read, a few, each used by one thread at a time.

use std::path::PathBuf;

use parking_lot::{Condvar, Mutex};
use rusqlite::Connection;

use crate::connection::{self, Use};
use crate::failure::{At, Failure};

/// Connections that read at the same time; whoever comes when all are in use waits.
const READERS: usize = 8;

/// Connections that read.
#[derive(Debug)]
pub(crate) struct Readers {
    path: PathBuf,
    pool: Mutex<Pool>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct Pool {
    idle: Vec<Connection>,
    /// How many there are, idle or not.
    open: usize,
    /// Connections of an earlier round are not used again.
    round: u64,
}

impl Readers {
    pub(crate) fn new(path: PathBuf) -> Self {
        Readers {
            path,
            pool: Mutex::default(),
            freed: Condvar::new(),
        }
    }

    /// Reads in one transaction: all that `work` sees is of one moment.
    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.read_once(|connection| in_transaction(connection, work))
    }

    /// Reads statement by statement.
    pub(crate) fn read_once<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut lent = self.lend()?;
        let connection = match lent.connection.take() {
            Some(connection) => connection,
            None => connection::open(&self.path, Use::Read)?,
        };
        let connection = lent.connection.insert(connection);
        work(connection)
    }

    /// Closes all connections: those in use when they come back.
    pub(crate) fn close(&self) {
        let mut pool = self.pool.lock();
        pool.round += 1;
        pool.open -= pool.idle.len();
        pool.idle.clear();
    }

    fn lend(&self) -> Result<Lent<'_>, Failure> {
        let mut pool = self.pool.lock();
        while pool.idle.is_empty() && pool.open == READERS {
            self.freed.wait(&mut pool);
        }
        let connection = pool.idle.pop();
        if connection.is_none() {
            pool.open += 1;
        }
        Ok(Lent {
            readers: self,
            round: pool.round,
            connection,
        })
    }
}

/// A place in the pool; it is free again when this is dropped.
struct Lent<'r> {
    readers: &'r Readers,
    round: u64,
    connection: Option<Connection>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        // One that a panic left inside a transaction would show the past to whoever is next.
        let connection = self.connection.take().filter(Connection::is_autocommit);
        let mut pool = self.readers.pool.lock();
        match connection {
            Some(connection) if pool.round == self.round => pool.idle.push(connection),
            Some(_) | None => pool.open -= 1,
        }
        self.readers.freed.notify_one();
    }
}

/// Runs `work` in a read transaction.
pub(crate) fn in_transaction<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, Failure>,
) -> Result<T, Failure> {
    run(connection, "BEGIN")?;
    let outcome = work(connection);
    // Some failures end the transaction by themselves.
    if connection.is_autocommit() {
        return outcome;
    }
    // There is nothing to lose: a transaction that read ends either way.
    let ended = run(connection, "COMMIT").or_else(|_| run(connection, "ROLLBACK"));
    // What went wrong first is what counts.
    outcome.and_then(|done| ended.map(|()| done))
}

fn run(connection: &Connection, sql: &str) -> Result<(), Failure> {
    let mut statement = connection.prepare_cached(sql).at("the file")?;
    statement.execute([]).at("the file").map(drop)
}
