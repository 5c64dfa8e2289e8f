//! A `docket serve` of our own, in its own process.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::clock::Stopwatch;
use crate::generate::org_name;
use crate::http::Connection;

const READY_TIME: Duration = Duration::from_secs(60);
/// How often it is looked whether the server is ready: no time is more exact than this.
const READY_PAUSE: Duration = Duration::from_millis(1);
/// Events that making an organization writes.
pub const INIT_EVENTS: u64 = 2;

/// A data folder with organizations, and a token for each.
#[derive(Debug)]
pub struct Home {
    program: PathBuf,
    folder: TempDir,
    tokens: Vec<String>,
}

/// A running server; killed when dropped, as by `kill -9`.
#[derive(Debug)]
pub struct Server {
    child: Child,
    port: u16,
    ready_seconds: f64,
}

impl Home {
    /// Makes organizations by `docket init`.
    pub fn make(program: &Path, folder: TempDir, orgs: usize) -> anyhow::Result<Self> {
        ensure!(
            program.exists(),
            "{} is missing: build docket-cli with the same profile, or give --server",
            program.display()
        );
        let mut home = Home {
            program: program.to_owned(),
            folder,
            tokens: Vec::new(),
        };
        for org in 0..orgs {
            let token = home.init(org)?;
            home.tokens.push(token);
        }
        Ok(home)
    }

    fn init(&self, org: usize) -> anyhow::Result<String> {
        let mut command = self.docket();
        command.args([
            "init",
            "--org",
            &org_name(org),
            "--owner",
            "bench@example.com",
        ]);
        token(&answer(command)?)
    }

    /// A token of a member who may read all of an organization's log. The member is added, by an id of elsewhere.
    pub fn reader(&self, org: usize, id: &str) -> anyhow::Result<String> {
        let (org, email) = (org_name(org), "reader@example.com");
        let who = ["--org", &org, "--role", "auditor", "--json"];
        let mut add = self.docket();
        add.args(["member", "add", "--email", email, "--id", id])
            .args(who);
        answer(add)?;
        let mut create = self.docket();
        create
            .args(["token", "create", "--owner", email, "--name", "bench"])
            .args(who);
        token(&answer(create)?)
    }

    /// The token of an organization.
    pub fn token(&self, org: usize) -> anyhow::Result<&str> {
        let token = self.tokens.get(org).map(String::as_str);
        token.context("an organization without a token")
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Starts a server over the folder and waits until it is ready.
    pub fn serve(&self) -> anyhow::Result<Server> {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = free.context("looking for a free port")?.port();
        let path = self.folder.path().join("server.log");
        let log = File::create(&path).context("making the server's log")?;
        let mut command = self.docket();
        command
            .args(["serve", "--listen", &format!("127.0.0.1:{port}")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        let watch = Stopwatch::start();
        let child = command.spawn().context("starting docket serve")?;
        let mut server = Server {
            child,
            port,
            ready_seconds: 0.0,
        };
        let shown = || std::fs::read_to_string(&path).unwrap_or_default();
        while !server.is_ready() {
            if let Some(status) = server.child.try_wait()? {
                bail!("docket serve ended: {status}\n{}", shown());
            }
            if watch.time() > READY_TIME {
                bail!("docket serve is not ready:\n{}", shown());
            }
            std::thread::sleep(READY_PAUSE);
        }
        server.ready_seconds = watch.seconds();
        Ok(server)
    }

    fn docket(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--data").arg(self.data());
        command
    }
}

/// The JSON that a command prints.
fn answer(mut command: Command) -> anyhow::Result<Value> {
    let output = command.output().context("running docket")?;
    ensure!(
        output.status.success(),
        "{command:?} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).with_context(|| format!("the answer of {command:?}"))
}

fn token(answer: &Value) -> anyhow::Result<String> {
    let token = answer.get("token").and_then(Value::as_str);
    Ok(token.context("an answer without a token")?.to_owned())
}

impl Server {
    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// From the start of its process until it said that it is ready, seconds.
    pub fn ready_seconds(&self) -> f64 {
        self.ready_seconds
    }

    /// Where it listens on this machine.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A connection to it.
    pub fn connect(&self) -> anyhow::Result<Connection> {
        Connection::open(self.port)
    }

    fn is_ready(&self) -> bool {
        let asked = self
            .connect()
            .and_then(|mut connection| connection.get("/readyz").map(|answer| answer.status));
        asked.is_ok_and(|status| status == 200)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
