//! A server on a place's data.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::place::Place;

pub struct Server {
    pub child: Child,
    pub url: String,
}

impl Server {
    /// Starts a server and waits until it answers.
    pub fn start(place: &Place, words: &str) -> Self {
        let mut command = place.command(&format!("serve --listen 127.0.0.1:0 {words}"));
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut url = String::new();
        let mut ready = false;
        while !ready || url.is_empty() {
            let line = lines.next().unwrap().unwrap();
            if let Some((_, address)) = line.split_once("listening on ") {
                url = address.trim().to_owned();
            }
            ready |= line.contains("taking orders");
        }
        // Keeps the pipe from filling up.
        std::thread::spawn(move || lines.for_each(drop));
        Server { child, url }
    }

    pub fn stop(mut self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").arg(id).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
    }
}
