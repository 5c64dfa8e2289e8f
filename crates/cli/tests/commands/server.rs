//! A server on a place's data.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use crate::place::Place;

pub struct Server {
    pub child: Child,
    /// Its last address in the clear.
    pub url: String,
    /// Its last address with TLS, if it has one.
    pub tls_url: Option<String>,
    /// What it logs from now on.
    lines: Receiver<String>,
}

/// Longest time that a test waits for a line.
const PATIENCE: Duration = Duration::from_secs(10);

impl Server {
    /// Starts a server and waits until it answers.
    pub fn start(place: &Place, words: &str) -> Self {
        Server::spawn(&mut place.command(&format!("serve --listen 127.0.0.1:0 {words}")))
    }

    pub fn spawn(command: &mut Command) -> Self {
        Server::until(command, "taking orders")
    }

    fn until(command: &mut Command, last: &str) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (mut url, mut tls_url) = (String::new(), None);
        let mut ready = false;
        while !ready || url.is_empty() {
            let line = lines.next().unwrap().unwrap();
            match line.split_once("listening on ") {
                Some((_, found)) if found.starts_with("https") => tls_url = Some(found.to_owned()),
                Some((_, found)) => url = found.trim().to_owned(),
                None => {}
            }
            ready |= line.contains(last);
        }
        let (tell, told) = mpsc::channel();
        // Keeps the pipe from filling up, also when nobody listens.
        std::thread::spawn(move || {
            lines.for_each(|line| drop(line.map(|line| tell.send(line))));
        });
        Server {
            child,
            url,
            tls_url,
            lines: told,
        }
    }

    /// Starts a server that keeps nothing in a folder, and waits until it answers.
    pub fn on_database(command: &mut Command) -> Self {
        Server::until(command, "serving")
    }

    /// What it answers to a question.
    pub fn ask(&self, path: &str, token: &str) -> String {
        let header = format!("Authorization: Bearer {token}");
        let mut curl = Command::new("curl");
        curl.args(["-s", "-H", &header, &format!("{}{path}", self.url)]);
        String::from_utf8(curl.output().unwrap().stdout).unwrap()
    }

    /// Sends a signal, and gives the first line with this in it that is logged afterwards.
    pub fn after_signal(&self, signal: &str, part: &str) -> String {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status();
        assert!(sent.unwrap().success());
        loop {
            let line = self.lines.recv_timeout(PATIENCE).unwrap();
            if line.contains(part) {
                return line;
            }
        }
    }

    pub fn stop(mut self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").arg(id).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
    }
}
