//! The processes under trial: `docket serve` on one database, killed and started again.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use docket_testkit::loopback::{free_ports, is_ready};
use serde_json::Value;
use tempfile::TempDir;

/// Pause between two looks at a process that starts or stops.
const LOOK: Duration = Duration::from_millis(20);
/// Looks at a process that starts: it may wait for the database.
const LOOKS_MAX: u32 = 3_000;
/// Events of a block: small, so that processes seal and merge while they are killed.
const BLOCK_EVENTS: &str = "512";
/// How much of a log a failure shows.
const LOG_LINES: usize = 40;

#[derive(Debug)]
pub struct Servers {
    url: String,
    processes: Vec<Process>,
    folder: TempDir,
}

#[derive(Debug)]
struct Process {
    port: u16,
    log: PathBuf,
    child: Mutex<Child>,
}

impl Servers {
    /// Starts so many at once, on a database that none of them has seen.
    pub fn start(url: &str, count: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let process = |number: usize| {
            let (port, log) = (
                free_ports(1).expect("a free port"),
                folder.path().join(format!("{number}.log")),
            );
            let child = Mutex::new(spawn(url, folder.path(), port, &log));
            Process { port, log, child }
        };
        let processes: Vec<Process> = (0..count).map(process).collect();
        let servers = Servers {
            url: url.to_owned(),
            processes,
            folder,
        };
        servers.processes.iter().for_each(Process::wait_ready);
        servers
    }

    pub fn ports(&self) -> Vec<u16> {
        self.processes.iter().map(|process| process.port).collect()
    }

    /// Makes an organization; its owner's token.
    pub fn init(&self, org: &str) -> String {
        let init = [
            "init",
            "--org",
            org,
            "--owner",
            "owner@example.com",
            "--json",
        ];
        let made = docket(&self.url).args(init).output().unwrap();
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        let made: Value = serde_json::from_slice(&made.stdout).unwrap();
        made["token"].as_str().unwrap().to_owned()
    }

    /// `kill -9`, and a new process in its place after a pause.
    pub fn kill(&self, number: usize, pause: Duration) {
        let process = &self.processes[number];
        let mut child = process.child.lock().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        std::thread::sleep(pause);
        *child = spawn(&self.url, self.folder.path(), process.port, &process.log);
        drop(child);
        process.wait_ready();
    }

    /// Asks all of them to stop, and looks at what they left.
    pub fn stop(self) {
        for process in &self.processes {
            let mut child = process.child.lock().unwrap();
            let asked = Command::new("kill").arg(child.id().to_string()).status();
            assert!(asked.unwrap().success());
            let ended = (0..LOOKS_MAX).find_map(|_| {
                std::thread::sleep(LOOK);
                child.try_wait().unwrap()
            });
            let log = process.log();
            assert!(
                ended.is_some_and(|status| status.success()),
                "{ended:?}\n{log}"
            );
            assert!(!log.contains("panicked"), "{log}");
        }
    }
}

impl Process {
    fn wait_ready(&self) {
        for _ in 0..LOOKS_MAX {
            if is_ready(self.port) {
                return;
            }
            let ended = self.child.lock().unwrap().try_wait().unwrap();
            assert!(
                ended.is_none(),
                "a process ended with {ended:?}:\n{}",
                self.log()
            );
            std::thread::sleep(LOOK);
        }
        panic!("a process does not get ready:\n{}", self.log());
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for process in &self.processes {
            if let Ok(mut child) = process.child.lock() {
                let _ = child.kill();
                let _ = child.wait();
            }
            if std::thread::panicking() {
                let log = process.log();
                let lines: Vec<&str> = log.lines().collect();
                let skipped = lines.len().saturating_sub(LOG_LINES);
                println!(
                    "{}:\n{}",
                    process.log.display(),
                    lines[skipped..].join("\n")
                );
            }
        }
    }
}

/// The command under trial, told of the database and of nothing else.
pub fn docket(url: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_docket"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("DOCKET_") {
            command.env_remove(name);
        }
    }
    command.args(["--database-url", url]);
    command
}

fn spawn(url: &str, folder: &Path, port: u16, log: &Path) -> Child {
    let log: File = OpenOptions::new()
        .create(true)
        .append(true)
        .open(log)
        .unwrap();
    let mut command = docket(url);
    command
        .args([
            "serve",
            "--log",
            "warn",
            "--block-events",
            BLOCK_EVENTS,
            "--listen",
        ])
        .arg(format!("127.0.0.1:{port}"))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log);
    command.spawn().unwrap()
}
