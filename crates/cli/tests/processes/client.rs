//! As much of an HTTP client as the trial needs: kept connections, and going on to another process when one is gone.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::dice::Dice;
use crate::trial::{Trial, now};

/// A process that does not answer for so long counts as gone.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// When nobody has answered for so long, the trial has failed.
const PATIENCE: Duration = Duration::from_secs(120);
/// Requests with a key of which one is sent, and its answer not waited for.
const HANG_UP: u64 = 8;
/// Longest time until it is made again, elsewhere: the first process may be at it still.
const HANG_UP_MS: u64 = 40;
/// Pause before a request is made again.
const PAUSE: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub struct Ask<'a> {
    pub method: &'a str,
    pub target: String,
    pub token: &'a str,
    pub key: Option<String>,
    pub body: String,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
    /// Who answered.
    pub process: usize,
}

/// Connections of one thread to all processes.
#[derive(Debug)]
pub struct Client<'t> {
    trial: &'t Trial,
    connections: Vec<Option<BufReader<TcpStream>>>,
    dice: Dice,
}

impl<'t> Client<'t> {
    pub fn new(trial: &'t Trial, thread: &str) -> Self {
        let connections = trial.ports.iter().map(|_| None);
        Client {
            trial,
            connections: connections.collect(),
            dice: Dice::new(trial.seed, &format!("client of {thread}")),
        }
    }

    /// Asks that process, then any, until one answers other than that it cannot now. `None` when the trial has failed
    /// elsewhere.
    pub fn ask(&mut self, mut process: usize, ask: &Ask<'_>) -> Option<Answer> {
        let since = now();
        let mut last = None;
        if ask.key.is_some() && self.dice.below(HANG_UP) == 0 {
            self.hang_up(process, ask);
            process = self.dice.other(self.connections.len(), process);
        }
        while !self.trial.has_failed() {
            match self.ask_once(process, ask) {
                Some(answer) if answer.status != 503 => return Some(answer),
                Some(answer) => {
                    self.trial.counts.busy.fetch_add(1, Ordering::Relaxed);
                    last = Some(String::from_utf8_lossy(&answer.body).into_owned());
                }
                None => {
                    self.connections[process] = None;
                    self.trial.counts.lost.fetch_add(1, Ordering::Relaxed);
                }
            }
            assert!(
                since.elapsed() < PATIENCE,
                "nobody answers {}: {last:?}",
                ask.target
            );
            std::thread::sleep(PAUSE);
            process = self.dice.index(self.connections.len());
        }
        None
    }

    /// Sends a request and goes away, as a client does whose answer is lost.
    fn hang_up(&mut self, process: usize, ask: &Ask<'_>) {
        let sent = self.send(process, ask).is_some();
        self.trial
            .counts
            .hung_up
            .fetch_add(u64::from(sent), Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(self.dice.below(HANG_UP_MS)));
        self.connections[process] = None;
    }

    /// `None` when the process went away; whether it did what was asked is not known.
    fn ask_once(&mut self, process: usize, ask: &Ask<'_>) -> Option<Answer> {
        let (status, body) = answer(self.send(process, ask)?)?;
        Some(Answer {
            status,
            body,
            process,
        })
    }

    fn send(&mut self, process: usize, ask: &Ask<'_>) -> Option<&mut BufReader<TcpStream>> {
        let slot = &mut self.connections[process];
        if slot.is_none() {
            let stream = TcpStream::connect(("127.0.0.1", self.trial.ports[process])).ok()?;
            stream.set_nodelay(true).ok()?;
            stream.set_read_timeout(Some(ANSWER_MAX)).ok()?;
            *slot = Some(BufReader::new(stream));
        }
        let connection = slot.as_mut()?;
        connection
            .get_mut()
            .write_all(request(ask).as_bytes())
            .ok()?;
        Some(connection)
    }
}

fn request(ask: &Ask<'_>) -> String {
    let Ask {
        method,
        target,
        token,
        key,
        body,
    } = ask;
    let key = key
        .as_ref()
        .map(|key| format!("Idempotency-Key: {key}\r\n"));
    format!(
        "{method} {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n{}\
         Content-Length: {}\r\n\r\n{body}",
        key.unwrap_or_default(),
        body.len()
    )
}

fn answer(connection: &mut BufReader<TcpStream>) -> Option<(u16, Vec<u8>)> {
    let mut line = String::new();
    connection.read_line(&mut line).ok()?;
    let status = line.split(' ').nth(1)?.parse().ok()?;
    let mut length = None;
    loop {
        line.clear();
        connection.read_line(&mut line).ok()?;
        match line.trim_end().split_once(':') {
            None => break,
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().ok();
            }
            Some(_) => {}
        }
    }
    let mut body = vec![0; length?];
    connection.read_exact(&mut body).ok()?;
    Some((status, body))
}
