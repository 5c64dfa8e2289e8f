//! A temporary PostgreSQL for tests: a fresh cluster on a free loopback port, gone when it is dropped.
//!
//! Nothing is shared with a PostgreSQL that the machine may run: own folder, own port, no sockets. What goes wrong
//! panics with what the programs said, since a test can do nothing about it.

mod programs;
mod server;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tempfile::TempDir;

use crate::loopback::free_ports;
use programs::Programs;
use server::Server;

/// Who made the cluster, and may do everything in it.
const SUPERUSER: &str = "postgres";
/// Who owns the databases of [`Cluster::create_database`], and has no rights beyond them.
const ORDINARY: &str = "docket";
/// The name under which a standby replicates.
const STANDBY: &str = "standby";
/// Bytes of the random password.
const PASSWORD_BYTES: usize = 16;
/// A standby that has not caught up after so many looks, each of which takes a few milliseconds, never will.
const LOOKS_MAX: u32 = 2_000;

/// A running PostgreSQL of its own.
#[derive(Debug)]
pub struct Cluster {
    programs: Programs,
    server: Server,
    port: u16,
    password: String,
    settings: Vec<(String, String)>,
    databases: AtomicU32,
    /// Removed last, when nothing runs in it any more.
    folder: TempDir,
}

/// Whether PostgreSQL is there; only its programs are needed, not a server that the machine runs.
pub fn is_installed() -> bool {
    Programs::are_there()
}

impl Cluster {
    /// Makes a cluster with PostgreSQL's own settings, so commits are as durable as in earnest, and starts it.
    ///
    /// # Panics
    /// PostgreSQL is not installed, or does not start; the message says what it said.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// Makes and starts a cluster with these settings, such as `("fsync", "off")`.
    ///
    /// # Panics
    /// As [`Cluster::start`].
    pub fn with(settings: &[(&str, &str)]) -> Self {
        let programs = Programs::find();
        let folder = programs.folder();
        let password = random_password();
        let file = folder.path().join("password");
        write(&file, &password);
        programs.give(&file);
        programs.run(
            programs
                .command("initdb")
                .args(["--encoding=UTF8", "--locale=C", "--auth=scram-sha-256"])
                .args(["--no-sync", "--no-instructions", "--username", SUPERUSER])
                .arg("--pwfile")
                .arg(&file)
                .arg("--pgdata")
                .arg(data(&folder)),
        );
        let settings = owned(settings);
        let (server, port) = Server::start(&programs, &data(&folder), &settings);
        let cluster = Self {
            programs,
            server,
            port,
            password,
            settings,
            databases: AtomicU32::new(0),
            folder,
        };
        let login = format!("LOGIN PASSWORD '{}'", cluster.password);
        cluster.psql(SUPERUSER, &format!("CREATE ROLE {ORDINARY} {login}"));
        cluster
    }

    /// The cluster that tests of one program share while any of them holds it; it does not wait for its disk.
    pub fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cluster) = shared.upgrade() {
            return cluster;
        }
        let cluster = Arc::new(Self::with(&[("fsync", "off")]));
        *shared = Arc::downgrade(&cluster);
        cluster
    }

    /// URL of `database` for the ordinary role.
    pub fn url(&self, database: &str) -> String {
        self.url_of(&self.host(), database)
    }

    /// URL of `database` on whichever of the two clusters takes writes, for the ordinary role.
    pub fn url_with(&self, standby: &Self, database: &str) -> String {
        let hosts = format!("{},{}", self.host(), standby.host());
        format!(
            "{}?target_session_attrs=read-write",
            self.url_of(&hosts, database)
        )
    }

    /// Makes an empty database that the ordinary role owns, and returns its URL for that role.
    ///
    /// # Panics
    /// PostgreSQL refuses.
    pub fn create_database(&self) -> String {
        self.url(&self.create_named())
    }

    /// As [`Cluster::create_database`], but returns the database's name.
    ///
    /// # Panics
    /// PostgreSQL refuses.
    pub fn create_named(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("docket_{number}");
        self.psql(
            SUPERUSER,
            &format!("CREATE DATABASE {name} OWNER {ORDINARY}"),
        );
        name
    }

    /// What `psql` prints when it runs `sql` in `database` as superuser: a line per row, columns split by `|`.
    ///
    /// # Panics
    /// The statement fails.
    pub fn psql(&self, database: &str, sql: &str) -> String {
        let mut command = self.programs.command("psql");
        command
            .args(["--no-psqlrc", "--no-align", "--tuples-only", "--quiet"])
            .args(["--set", "ON_ERROR_STOP=1", "--host", "127.0.0.1"])
            .args(["--port", &self.port.to_string(), "--username", SUPERUSER])
            .args(["--dbname", database, "--command", sql])
            .env("PGPASSWORD", &self.password);
        self.programs.run(&mut command).trim_end().to_owned()
    }

    /// Ends up to so many of the ordinary role's connections to `database`, any of them, and says how many.
    ///
    /// # Panics
    /// PostgreSQL refuses.
    pub fn terminate(&self, database: &str, count: u64) -> u64 {
        let any = format!(
            "SELECT pid FROM pg_stat_activity WHERE datname = '{database}' \
             AND usename = '{ORDINARY}' ORDER BY random() LIMIT {count}"
        );
        let ended = format!("SELECT count(*) FROM ({any}) few WHERE pg_terminate_backend(pid)");
        let count = self.psql(SUPERUSER, &ended);
        count
            .parse()
            .unwrap_or_else(|error| complain(&format!("psql printed {count}: {error}")))
    }

    /// Ends the server as a crash would: nothing is written any more, and the next start recovers.
    pub fn stop_hard(&mut self) {
        self.server.stop_hard();
    }

    /// Starts a stopped server again, on the port it had.
    ///
    /// # Panics
    /// It does not start; the message has its log.
    pub fn start_again(&mut self) {
        let data = data(&self.folder);
        self.server = Server::start_at(&self.programs, &data, &self.settings, self.port)
            .unwrap_or_else(|log| complain(&format!("PostgreSQL does not start again: {log}")));
    }

    /// Makes and starts a standby; from then on a commit here is answered when the standby has it on its disk too.
    ///
    /// # Panics
    /// PostgreSQL refuses, or the standby does not catch up.
    pub fn standby(&self) -> Self {
        let folder = self.programs.folder();
        let source = format!(
            "host=127.0.0.1 port={} user={SUPERUSER} password={} application_name={STANDBY}",
            self.port, self.password
        );
        self.programs.run(
            self.programs
                .command("pg_basebackup")
                .args(["--write-recovery-conf", "--create-slot", "--slot", STANDBY])
                .args(["--checkpoint=fast", "--wal-method=stream", "--no-sync"])
                .args(["--dbname", &source, "--pgdata"])
                .arg(data(&folder)),
        );
        let (server, port) = Server::start(&self.programs, &data(&folder), &self.settings);
        // The standby's copy of the settings was made before, so that it waits for nobody once it is promoted.
        let sql = format!("ALTER SYSTEM SET synchronous_standby_names = '{STANDBY}'");
        self.psql(SUPERUSER, &sql);
        self.psql(SUPERUSER, "SELECT pg_reload_conf()");
        self.wait_for("SELECT sync_state FROM pg_stat_replication", "sync");
        Self {
            programs: self.programs.clone(),
            server,
            port,
            password: self.password.clone(),
            settings: self.settings.clone(),
            databases: AtomicU32::new(0),
            folder,
        }
    }

    /// Makes a standby a primary, and returns when it takes writes.
    ///
    /// # Panics
    /// It is none, or is not promoted within PostgreSQL's own limit of a minute.
    pub fn promote(&self) {
        let promoted = self.psql(SUPERUSER, "SELECT pg_promote()");
        assert_eq!(promoted, "t", "the standby was not promoted");
    }

    /// Asks until the answer is `wanted`.
    fn wait_for(&self, sql: &str, wanted: &str) {
        for _ in 0..LOOKS_MAX {
            if self.psql(SUPERUSER, sql) == wanted {
                return;
            }
        }
        complain(&format!("PostgreSQL never answered {wanted} to {sql}"));
    }

    fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn url_of(&self, hosts: &str, database: &str) -> String {
        format!("postgres://{ORDINARY}:{}@{hosts}/{database}", self.password)
    }
}

fn data(folder: &TempDir) -> PathBuf {
    folder.path().join("data")
}

fn owned(settings: &[(&str, &str)]) -> Vec<(String, String)> {
    let pairs = settings.iter();
    pairs
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// A port that nobody listens on at this moment.
fn free_port() -> u16 {
    free_ports(1).unwrap_or_else(|| complain("there is no free loopback port"))
}

fn random_password() -> String {
    use std::io::Read;
    let mut bytes = [0; PASSWORD_BYTES];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .unwrap_or_else(|error| complain(&format!("reading /dev/urandom: {error}")));
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn write(path: &std::path::Path, text: &str) {
    std::fs::write(path, text)
        .unwrap_or_else(|error| complain(&format!("writing {}: {error}", path.display())));
}

/// Ends the test, saying why.
#[expect(clippy::panic, reason = "a test can do nothing about it")]
fn complain(message: &str) -> ! {
    panic!("{message}")
}
