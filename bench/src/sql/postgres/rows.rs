//! Plain PostgreSQL rows, as a design of the bench: one table, six B-trees, a GIN index, loaded by COPY.
//!
//! The server's settings are its own, so each COPY is durable before the next of its connection. B-trees end with the
//! row's number, which cursors name. The JSON is read once, by serde_json into borrowed fields, and kept as it came.

use anyhow::{Context, anyhow, ensure};
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};

use super::Connection;
use crate::clock::Stopwatch;
use crate::data::{Data, Lines, cut};
use crate::docket::GROUP;
use crate::sql::columns::Columns;

/// `id` stands for the position.
const TABLE: &str = "
CREATE TABLE event (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  org bigint NOT NULL,
  t bigint NOT NULL,
  type text NOT NULL,
  actor text,
  email text,
  credential text,
  project text,
  outcome text NOT NULL,
  ip text,
  request text,
  targets text[] NOT NULL,
  json text NOT NULL
);
CREATE INDEX event_time ON event (org, t, id);
CREATE INDEX event_type ON event (org, type, t, id);
CREATE INDEX event_actor ON event (org, actor, t, id);
CREATE INDEX event_outcome ON event (org, outcome, t, id);
CREATE UNIQUE INDEX event_request ON event (request);
CREATE INDEX event_targets ON event USING gin (targets);
";
const COPY: &str = "COPY event (org, t, type, actor, email, credential, project, outcome, ip, request, targets, json)
  FROM STDIN (FORMAT binary)";
const TYPES: [Type; 12] = [
    Type::INT8,
    Type::INT8,
    Type::TEXT,
    Type::TEXT,
    Type::TEXT,
    Type::TEXT,
    Type::TEXT,
    Type::TEXT,
    Type::TEXT,
    Type::TEXT,
    Type::TEXT_ARRAY,
    Type::TEXT,
];

/// An open database with a table of rows.
#[derive(Debug)]
pub struct Rows {
    pub(super) connection: Connection,
    url: String,
}

impl Rows {
    /// Makes the table in an empty database.
    pub fn make(url: &str) -> anyhow::Result<Self> {
        let connection = Connection::open(url)?;
        connection.run(TABLE)?;
        let url = url.to_owned();
        Ok(Rows { connection, url })
    }

    /// Takes in a file: each producer has a connection and copies [`GROUP`] lines in a transaction of their own, and
    /// the next when they are durable. Reading the JSON is part of it. Until the last commit, seconds.
    pub fn ingest(&self, data: &Data, producers: usize) -> anyhow::Result<f64> {
        let lines = Lines::open(data, 1)?;
        let url = self.url.as_str();
        let watch = Stopwatch::start();
        let stored = std::thread::scope(|scope| {
            let producers: Vec<_> = (0..producers)
                .map(|_| scope.spawn(|| produce(url, &lines)))
                .collect();
            let mut stored = 0;
            for producer in producers {
                stored += producer
                    .join()
                    .map_err(|_| anyhow!("a producer panicked"))??;
            }
            anyhow::Ok(stored)
        })?;
        let seconds = watch.seconds();
        ensure!(
            stored == data.spec.events,
            "{stored} rows of {} events",
            data.spec.events
        );
        Ok(seconds)
    }

    /// Has PostgreSQL count what its planner goes by, and put what waits beside the GIN index into it; how long it
    /// took, seconds.
    pub fn analyze(&self) -> anyhow::Result<f64> {
        let watch = Stopwatch::start();
        self.connection.run("VACUUM (ANALYZE) event")?;
        Ok(watch.seconds())
    }
}

fn produce(url: &str, lines: &Lines) -> anyhow::Result<u64> {
    let connection = Connection::open(url)?;
    let mut text = String::new();
    let mut stored = 0;
    loop {
        lines.next(GROUP, &mut text)?;
        if text.is_empty() {
            return Ok(stored);
        }
        stored += copy(&connection, &text).context("copying rows")?;
    }
}

/// Copies rows of some lines, which are durable when it returns; how many there were.
fn copy(connection: &Connection, text: &str) -> anyhow::Result<u64> {
    let statement = connection.prepared(COPY)?;
    connection.runtime.block_on(async {
        let sink = connection.client.copy_in(&statement).await?;
        let mut writer = Box::pin(BinaryCopyInWriter::new(sink, &TYPES));
        for line in text.lines() {
            let (org, json) = cut(line)?;
            let columns = Columns::of(json)?;
            let (org, time) = (i64::try_from(org)?, columns.time()?);
            let targets = columns.targets.iter();
            let targets: Vec<_> = targets.filter_map(|named| named.id.as_deref()).collect();
            let row: [&(dyn ToSql + Sync); TYPES.len()] = [
                &org,
                &time,
                &columns.r#type,
                &columns.actor.id,
                &columns.actor.email,
                &columns.credential.id,
                &columns.project.id,
                &columns.outcome(),
                &columns.source.ip,
                &columns.request_id,
                &targets,
                &json,
            ];
            writer.as_mut().write(&row).await?;
        }
        Ok(writer.as_mut().finish().await?)
    })
}
