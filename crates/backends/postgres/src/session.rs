//! One connection to the database: its settings, its prepared statements, and statements that are sent together.

use std::collections::HashMap;
use std::fmt;
use std::pin::pin;

use futures_util::TryStreamExt;
use futures_util::future::LocalBoxFuture;
use parking_lot::Mutex;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, SimpleQueryMessage, Statement};

use crate::failure::Failure;
use crate::wait::in_order;

/// Set on every connection. Timeouts are milliseconds.
const SETTINGS: &str = "
    SET statement_timeout = 60000;
    SET lock_timeout = 10000;
    SET idle_in_transaction_session_timeout = 10000;
    SET client_min_messages = warning;
    SET jit = off;
    SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SHOW synchronous_commit";

/// For a connection that keeps a snapshot: it is idle between two reads, and some of them read everything.
const SNAPSHOT_SETTINGS: &str =
    "SET idle_in_transaction_session_timeout = 0; SET statement_timeout = 0";

/// A value that is bound to a statement.
pub(crate) type Param<'p> = Box<dyn ToSql + Sync + 'p>;

/// Values that are bound to a statement.
macro_rules! bind {
    ($($value:expr),* $(,)?) => {
        vec![$(Box::new($value) as $crate::session::Param<'_>),*]
    };
}
pub(crate) use bind;

/// Something that is sent to the server.
pub(crate) enum Step<'p> {
    /// As it is, without values, such as COMMIT.
    Plain(&'static str),
    /// A statement with its values.
    Bound(&'static str, Vec<Param<'p>>),
}

/// What a statement gave.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// The rows that it found.
    pub rows: Vec<Row>,
    /// How many rows it found or changed.
    pub count: u64,
}

/// A connection.
pub(crate) struct Session {
    client: Client,
    statements: Mutex<HashMap<&'static str, Statement>>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session")
    }
}

impl Session {
    pub(crate) fn new(client: Client) -> Self {
        Session {
            client,
            statements: Mutex::default(),
        }
    }

    /// Makes the settings; what `synchronous_commit` is.
    pub(crate) async fn set_up(&self) -> Result<String, Failure> {
        let messages = self.client.simple_query(SETTINGS).await?;
        let shown = messages.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        Ok(shown.unwrap_or_default().to_owned())
    }

    /// Lets a transaction stay open for as long as it likes.
    pub(crate) async fn set_up_for_snapshot(&self) -> Result<(), Failure> {
        Ok(self.client.batch_execute(SNAPSHOT_SETTINGS).await?)
    }

    /// Whether the connection is known to be gone.
    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Runs statements as they are.
    pub(crate) async fn plain(&self, sql: &str) -> Result<(), Failure> {
        Ok(self.client.batch_execute(sql).await?)
    }

    /// Runs a statement; the rows that it finds.
    pub(crate) async fn query(
        &self,
        sql: &'static str,
        params: Vec<Param<'_>>,
    ) -> Result<Vec<Row>, Failure> {
        Ok(self.execute(sql, params).await?.rows)
    }

    /// Runs a statement that finds one row or none.
    pub(crate) async fn query_opt(
        &self,
        sql: &'static str,
        params: Vec<Param<'_>>,
    ) -> Result<Option<Row>, Failure> {
        Ok(self.query(sql, params).await?.into_iter().next())
    }

    /// Runs a statement.
    pub(crate) async fn execute(
        &self,
        sql: &'static str,
        params: Vec<Param<'_>>,
    ) -> Result<Answer, Failure> {
        let steps = vec![Step::Bound(sql, params)];
        let answers = self.all(steps).await?;
        Ok(answers.into_iter().next().unwrap_or_default())
    }

    /// Sends all steps in one go and gives their answers, or what first went wrong. The steps behind a failed one may
    /// have been run, unless they are of one transaction.
    pub(crate) async fn all(&self, steps: Vec<Step<'_>>) -> Result<Vec<Answer>, Failure> {
        self.each(steps).await?.into_iter().collect()
    }

    /// Sends all steps in one go and gives what became of each. Fails when nothing was sent.
    pub(crate) async fn each(
        &self,
        steps: Vec<Step<'_>>,
    ) -> Result<Vec<Result<Answer, Failure>>, Failure> {
        if self.is_closed() {
            return Err(Failure::Ended(
                "the connection to the database was closed".to_owned(),
            ));
        }
        let prepared = self.prepared(&steps).await?;
        let sent = steps.into_iter().zip(prepared).map(|(step, statement)| {
            let future: LocalBoxFuture<'_, Result<Answer, Failure>> = Box::pin(async move {
                match (step, statement) {
                    (Step::Bound(_, params), Some(statement)) => {
                        self.bound(&statement, params).await
                    }
                    (Step::Plain(sql) | Step::Bound(sql, _), _) => {
                        self.plain(sql).await?;
                        Ok(Answer::default())
                    }
                }
            });
            future
        });
        Ok(in_order(sent.collect()).await)
    }

    async fn bound(
        &self,
        statement: &Statement,
        params: Vec<Param<'_>>,
    ) -> Result<Answer, Failure> {
        let mut stream = pin!(self.client.query_raw(statement, params).await?);
        let mut rows = Vec::new();
        while let Some(row) = stream.try_next().await? {
            rows.push(row);
        }
        let count = stream.rows_affected().unwrap_or_default();
        Ok(Answer { rows, count })
    }

    /// The statements of the steps, in their order. Those that this connection has not seen are prepared together
    /// before anything is run: a step that had to wait for that would be overtaken by those behind it.
    async fn prepared(&self, steps: &[Step<'_>]) -> Result<Vec<Option<Statement>>, Failure> {
        let known = |sql| self.statements.lock().get(sql).cloned();
        let mut missing: Vec<&'static str> = Vec::new();
        for step in steps {
            if let Step::Bound(sql, _) = step
                && known(*sql).is_none()
                && !missing.contains(sql)
            {
                missing.push(sql);
            }
        }
        let prepare = |sql: &&'static str| {
            let sql = *sql;
            let future: LocalBoxFuture<'_, _> = Box::pin(self.client.prepare(sql));
            future
        };
        let prepared = in_order(missing.iter().map(prepare).collect()).await;
        for (sql, statement) in missing.into_iter().zip(prepared) {
            self.statements.lock().insert(sql, statement?);
        }
        let statement = |step: &Step<'_>| match step {
            Step::Plain(_) => None,
            Step::Bound(sql, _) => known(sql),
        };
        Ok(steps.iter().map(statement).collect())
    }
}
