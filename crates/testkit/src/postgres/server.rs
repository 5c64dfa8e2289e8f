//! The running server: started, waited for, ended by its id.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::thread::sleep;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::programs::Programs;
use super::{complain, free_port};

/// Ports that are tried until one is still free when PostgreSQL takes it.
const PORTS_MAX: u32 = 5;
/// Time between two looks at a server that starts or ends.
const LOOK: Duration = Duration::from_millis(20);
/// Looks at one that starts: it may have much to recover.
const START_LOOKS_MAX: u32 = 6_000;
/// Looks at one that ends, until it is killed.
const STOP_LOOKS_MAX: u32 = 1_000;
/// Lines of the log that a failure shows.
const LOG_LINES: usize = 30;

/// A running server, or what is left of one.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    /// Ends the thread that started the server: were that a test's thread, the server would end with the test.
    _starter: Sender<()>,
}

impl Server {
    /// Starts PostgreSQL on a free port, which is returned, and waits until it answers.
    pub(super) fn start(
        programs: &Programs,
        data: &Path,
        settings: &[(String, String)],
    ) -> (Self, u16) {
        let mut said = String::new();
        for _ in 0..PORTS_MAX {
            let port = free_port();
            match Self::start_at(programs, data, settings, port) {
                Ok(server) => return (server, port),
                Err(log) => said = log,
            }
        }
        complain(&format!("PostgreSQL does not start: {said}"))
    }

    /// Starts PostgreSQL on that port; if it ends instead, what it said.
    pub(super) fn start_at(
        programs: &Programs,
        data: &Path,
        settings: &[(String, String)],
        port: u16,
    ) -> Result<Self, String> {
        let log = data.with_file_name("log");
        let file = File::create(&log).map_err(|error| format!("making its log: {error}"))?;
        let mut command = programs.command("postgres");
        command.arg("-D").arg(data);
        command.args([
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "unix_socket_directories=",
        ]);
        command.args(["-p", &port.to_string()]);
        for (name, value) in settings {
            command.args(["-c", &format!("{name}={value}")]);
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file);
        let mut server = spawn(command)?;
        match server.wait_ready(programs, port) {
            true => Ok(server),
            false => Err(last_lines(&log)),
        }
    }

    /// Ends the server at once, as a crash would, and waits for its end.
    pub(super) fn stop_hard(&mut self) {
        self.end(Signal::QUIT);
    }

    fn wait_ready(&mut self, programs: &Programs, port: u16) -> bool {
        for _ in 0..START_LOOKS_MAX {
            if !self.runs() {
                return false;
            }
            let mut ask = programs.command("pg_isready");
            ask.args([
                "--quiet",
                "--host",
                "127.0.0.1",
                "--port",
                &port.to_string(),
            ]);
            if ask.status().is_ok_and(|status| status.success()) {
                return true;
            }
            sleep(LOOK);
        }
        false
    }

    fn end(&mut self, signal: Signal) {
        if !self.runs() {
            return;
        }
        // A server that does not take the signal is killed below.
        let _ = kill_process(Pid::from_child(&self.child), signal);
        for _ in 0..STOP_LOOKS_MAX {
            if !self.runs() {
                return;
            }
            sleep(LOOK);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end(Signal::INT);
    }
}

/// Starts the command from a thread that lives as long as what is returned: the command ends with its thread.
fn spawn(mut command: Command) -> Result<Server, String> {
    let (started, child) = channel();
    let (starter, wait) = channel();
    std::thread::spawn(move || {
        if started.send(command.spawn()).is_ok() {
            // Nothing is ever sent: this returns when the sender is gone.
            let _ = wait.recv();
        }
    });
    let child = child.recv().map_err(|error| error.to_string())?;
    Ok(Server {
        child: child.map_err(|error| format!("running setpriv: {error}"))?,
        _starter: starter,
    })
}

fn last_lines(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let skipped = lines.len().saturating_sub(LOG_LINES);
    lines.get(skipped..).unwrap_or_default().join("\n")
}
