//! A `docket serve` of our own, and what it wrote to its log.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use docket_testkit::loopback::{free_ports, is_ready};

use super::{Place, docket};

const READY_TRIES: u32 = 600;
const READY_PAUSE: Duration = Duration::from_millis(50);
const STOP_TRIES: u32 = 400;
/// What stands in front of the authority's file in the log.
const AUTHORITY: &str = "TLS clients must trust ";
/// How the demo's banner ends.
const BANNER_END: &str = "Stop with Ctrl-C.";

/// A started server; killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    port: u16,
    log: PathBuf,
}

impl Server {
    /// Starts a server on a free port of loopback and waits until it is ready.
    pub fn start(place: &Place, arguments: &[&str]) -> anyhow::Result<Self> {
        let mut command = docket();
        place.name_to_server(command.arg("serve")).args(arguments);
        command.stdout(Stdio::null()).current_dir(place.beside());
        Self::spawn(command, place.log().to_owned())
    }

    /// Starts the demo, and gives what it printed. Its log and its banner go to the folder.
    pub fn demo(folder: &Path) -> anyhow::Result<(Self, String)> {
        let path = folder.join("banner.txt");
        let banner = std::fs::File::create(&path).context("making the demo's banner")?;
        let mut command = docket();
        command
            .args(["serve", "--demo", "--dev-tls"])
            .stdout(banner);
        // With it, the demo would not be a new one.
        command.env_remove("DOCKET_DATA");
        let server = Self::spawn(command, folder.join("demo.log"))?;
        for _ in 0..READY_TRIES {
            let text = std::fs::read_to_string(&path).context("reading the demo's banner")?;
            if text.contains(BANNER_END) {
                return Ok((server, text));
            }
            std::thread::sleep(READY_PAUSE);
        }
        bail!(
            "docket serve --demo printed no banner:\n{}",
            server.log_text()
        )
    }

    /// Whether nobody listens on these ports of loopback.
    pub fn are_free(ports: &[u16]) -> bool {
        let bound = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
        ports.iter().all(bound)
    }

    fn spawn(mut command: Command, log: PathBuf) -> anyhow::Result<Self> {
        // TLS takes the one above.
        let port = free_ports(2).context("no two neighbouring ports are free")?;
        let errors = std::fs::File::create(&log).context("making the server's log")?;
        command
            .arg("--listen")
            .arg(format!("127.0.0.1:{port}"))
            .stderr(errors)
            .stdin(Stdio::null());
        let child = command.spawn().context("starting docket serve")?;
        let mut server = Server { child, port, log };
        for _ in 0..READY_TRIES {
            if is_ready(server.port) {
                return Ok(server);
            }
            if let Ok(Some(status)) = server.child.try_wait() {
                bail!("docket serve ended: {status}\n{}", server.log_text());
            }
            std::thread::sleep(READY_PAUSE);
        }
        bail!("docket serve is not ready:\n{}", server.log_text())
    }

    /// Where it answers.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Where it answers over TLS, if it was told to.
    pub fn url_tls(&self) -> String {
        format!("https://127.0.0.1:{}", self.port + 1)
    }

    /// The file that its TLS clients must trust, as its log says.
    pub fn authority(&self) -> anyhow::Result<PathBuf> {
        let text = self.log_text();
        let told = text.lines().find_map(|line| line.split_once(AUTHORITY));
        let (_, path) = told.context("the log names no authority")?;
        Ok(PathBuf::from(path.trim()))
    }

    /// Asks it to stop, waits, and looks for what must never be in its log.
    pub fn stop(mut self) -> anyhow::Result<()> {
        let mut kill = Command::new("kill");
        ensure!(
            kill.arg(self.child.id().to_string()).status()?.success(),
            "kill failed"
        );
        for _ in 0..STOP_TRIES {
            if let Some(status) = self.child.try_wait()? {
                ensure!(
                    status.success(),
                    "docket serve ended with {status}:\n{}",
                    self.log_text()
                );
                let text = self.log_text();
                ensure!(!text.contains("panicked"), "docket serve panicked:\n{text}");
                return Ok(());
            }
            std::thread::sleep(READY_PAUSE);
        }
        bail!("docket serve does not stop:\n{}", self.log_text())
    }

    fn log_text(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
