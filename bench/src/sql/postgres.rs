//! Connections to PostgreSQL, each driven by the thread that uses it.

mod ask;
pub mod rows;
pub mod sizes;

use std::cell::RefCell;
use std::collections::HashMap;

use anyhow::Context;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, Row, Statement};

/// A connection; statements are prepared once.
#[derive(Debug)]
struct Connection {
    client: Client,
    statements: RefCell<HashMap<String, Statement>>,
    /// One thread: an answer is read by whoever waits for it.
    runtime: Runtime,
}

impl Connection {
    fn open(url: &str) -> anyhow::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let connected = runtime.block_on(tokio_postgres::connect(url, NoTls));
        let (client, connection) = connected.context("connecting to PostgreSQL")?;
        runtime.spawn(async move {
            // What goes wrong is told to whoever asks next.
            drop(connection.await);
        });
        Ok(Connection {
            client,
            statements: RefCell::default(),
            runtime,
        })
    }

    fn run(&self, statements: &str) -> anyhow::Result<()> {
        let done = self.runtime.block_on(self.client.batch_execute(statements));
        done.with_context(|| format!("PostgreSQL refuses: {statements}"))
    }

    fn query(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> anyhow::Result<Vec<Row>> {
        let statement = self.prepared(sql)?;
        let rows = self.client.query(&statement, values);
        let rows = self.runtime.block_on(rows);
        rows.with_context(|| format!("PostgreSQL refuses: {sql}"))
    }

    fn prepared(&self, sql: &str) -> anyhow::Result<Statement> {
        if let Some(statement) = self.statements.borrow().get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.runtime.block_on(self.client.prepare(sql));
        let statement = statement.with_context(|| format!("PostgreSQL refuses: {sql}"))?;
        let mut statements = self.statements.borrow_mut();
        statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}
