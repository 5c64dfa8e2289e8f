//! Docket's engine over PostgreSQL and plain rows in it, on one server that the bench starts: ingest, disk, questions.

pub mod bloat;
mod goals;
pub mod hot;

use docket_backends::Location;
use docket_testkit::postgres::Cluster;
use serde_json::{Value, json};

use super::Bench;
use super::queries::Pair;
use crate::data::Data;
use crate::docket::{Docket, GROUP, Ingested};
use crate::machine;
use crate::questions::Set;
use crate::sql::postgres::rows::Rows;
use crate::sql::postgres::sizes::{Look, Sizes};

/// The database that a new server has: where databases are made and removed.
const FIRST: &str = "postgres";

/// Both designs, each in a database of its own.
struct Stores<'c> {
    cluster: &'c Cluster,
    docket: Docket,
    rows: Rows,
    docket_look: Look,
    rows_look: Look,
    names: [String; 2],
}

/// What one round came to.
#[derive(Clone, Debug)]
struct Round {
    docket: Ingested,
    seal_all_seconds: f64,
    docket_open: Sizes,
    docket_sealed: Sizes,
    rows_seconds: f64,
    analyze_seconds: f64,
    rows: Sizes,
}

/// Ingests as often as wanted, Docket before rows, and asks the stores of the last round.
pub fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let data = bench.data()?;
    let set = Set::draw(&data, bench.options.draws)?;
    let cluster = start(bench);
    let mut rounds = Vec::new();
    loop {
        let stores = Stores::make(&cluster, data.spec.orgs)?;
        let mut round = stores.ingest(&data, bench.options.producers)?;
        let last = rounds.len() + 1 == bench.options.runs;
        let with_tails = last.then(|| stores.ask(&set)).transpose()?;
        round.seal_all_seconds = stores.docket.seal_all()?;
        stores.docket.settle()?;
        round.docket_sealed = stores.docket_look.sizes()?;
        rounds.push(round);
        let sealed = last.then(|| stores.ask(&set)).transpose()?;
        stores.remove();
        if let (Some(with_tails), Some(sealed)) = (with_tails, sealed) {
            let server = facts(&cluster);
            return goals::report(bench, &data, &server, &rounds, &with_tails, &sealed);
        }
    }
}

/// Starts a server with its own settings, so commits are as durable as in earnest, and those that are wished.
fn start(bench: &Bench) -> Cluster {
    let settings = bench.options.postgres_settings.iter();
    let settings: Vec<(&str, &str)> = settings
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    Cluster::with(&settings)
}

/// What the server is, and how it keeps things.
fn facts(cluster: &Cluster) -> Value {
    let shown = |name: &str| cluster.psql(FIRST, &format!("SHOW {name}"));
    json!({
        "version": shown("server_version"),
        "fsync": shown("fsync"),
        "synchronous_commit": shown("synchronous_commit"),
        "shared_buffers": shown("shared_buffers"),
        "max_wal_size": shown("max_wal_size"),
        "file_system": machine::file_system(&std::env::temp_dir()),
    })
}

impl<'c> Stores<'c> {
    fn make(cluster: &'c Cluster, orgs: usize) -> anyhow::Result<Self> {
        let names = [cluster.create_named(), cluster.create_named()];
        let [docket, rows] = names.each_ref().map(|name| cluster.url(name));
        Ok(Stores {
            cluster,
            docket: Docket::open_at(&Location::Url(docket.clone()), orgs)?,
            rows: Rows::make(&rows)?,
            docket_look: Look::open(&docket)?,
            rows_look: Look::open(&rows)?,
            names,
        })
    }

    /// Takes in the events. Before each design the server puts on the disk what it still holds of the other.
    fn ingest(&self, data: &Data, producers: usize) -> anyhow::Result<Round> {
        self.cluster.psql(FIRST, "CHECKPOINT");
        let docket = self.docket.ingest(data, producers)?;
        eprintln!("docket: {:.1} s", docket.settled_seconds);
        let docket_open = self.docket_look.sizes()?;
        self.cluster.psql(FIRST, "CHECKPOINT");
        let rows_seconds = self.rows.ingest(data, producers)?;
        eprintln!("rows: {rows_seconds:.1} s");
        let analyze_seconds = self.rows.analyze()?;
        let rows = self.rows_look.sizes()?;
        self.cluster.psql(FIRST, "CHECKPOINT");
        Ok(Round {
            docket,
            seal_all_seconds: 0.0,
            docket_open,
            docket_sealed: Sizes::default(),
            rows_seconds,
            analyze_seconds,
            rows,
        })
    }

    fn ask(&self, set: &Set) -> anyhow::Result<Pair> {
        Pair::ask(&self.docket, Some(&self.rows), set)
    }

    fn remove(self) {
        self.docket.close();
        drop((self.rows, self.docket_look, self.rows_look));
        for name in self.names {
            let sql = format!("DROP DATABASE {name} WITH (FORCE)");
            self.cluster.psql(FIRST, &sql);
        }
    }
}

impl Round {
    fn json(&self) -> Value {
        json!({
            "group": GROUP,
            "docket_acked_seconds": self.docket.acked_seconds,
            "docket_settled_seconds": self.docket.settled_seconds,
            "docket_busy": self.docket.busy,
            "docket_seal_all_seconds": self.seal_all_seconds,
            "docket_open": sizes_json(&self.docket_open),
            "docket_sealed": sizes_json(&self.docket_sealed),
            "rows_seconds": self.rows_seconds,
            "rows_analyze_seconds": self.analyze_seconds,
            "rows": sizes_json(&self.rows),
        })
    }
}

fn sizes_json(sizes: &Sizes) -> Value {
    let tables: serde_json::Map<String, Value> = sizes
        .tables
        .iter()
        .map(|(name, bytes)| (name.clone(), json!(bytes)))
        .collect();
    json!({
        "all_tables_bytes": sizes.all(),
        "database_bytes": sizes.database,
        "tables_bytes": tables,
    })
}
