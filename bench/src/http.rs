//! As much of an HTTP client as the bench needs: it shares the processors with the server, so it does little.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::net::TcpStream;

use anyhow::{Context, ensure};

/// Most bytes of an answer's head.
const HEAD_BYTES_MAX: usize = 16 << 10;

/// Content type of one JSON document.
pub const JSON: &str = "application/json";
/// Content type of a JSON document on each line.
pub const LINES: &str = "application/x-ndjson";

/// A connection that is kept.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    request: Vec<u8>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer<'c> {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: &'c [u8],
}

/// Where a body stands in a file.
#[derive(Clone, Copy, Debug)]
pub struct Stretch {
    /// First byte.
    pub start: u64,
    /// How many bytes.
    pub bytes: u64,
}

impl Connection {
    /// Connects to a port of this machine.
    pub fn open(port: u16) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).context("connecting to the server")?;
        stream.set_nodelay(true)?;
        Ok(Connection {
            stream,
            buffer: Vec::new(),
            request: Vec::new(),
        })
    }

    /// Asks for a path.
    pub fn get(&mut self, path: &str) -> anyhow::Result<Answer<'_>> {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        self.ask(request.as_bytes())
    }

    /// Sends a request, head and body as they are.
    pub fn ask(&mut self, request: &[u8]) -> anyhow::Result<Answer<'_>> {
        self.stream
            .write_all(request)
            .context("sending a request")?;
        self.answer()
    }

    /// Posts events.
    pub fn post(&mut self, token: &str, kind: &str, body: &[u8]) -> anyhow::Result<Answer<'_>> {
        self.request.clear();
        head(&mut self.request, token, kind, body.len() as u64);
        self.request.extend_from_slice(body);
        self.stream
            .write_all(&self.request)
            .context("sending a request")?;
        self.answer()
    }

    /// Posts events that stand in a file: the system copies them into the connection, we do not.
    pub fn post_file(
        &mut self,
        token: &str,
        kind: &str,
        file: &mut File,
        body: Stretch,
    ) -> anyhow::Result<Answer<'_>> {
        self.request.clear();
        head(&mut self.request, token, kind, body.bytes);
        self.stream
            .write_all(&self.request)
            .context("sending a request's head")?;
        file.seek(SeekFrom::Start(body.start))?;
        let sent = std::io::copy(&mut file.take(body.bytes), &mut self.stream)
            .context("sending a request's body")?;
        ensure!(sent == body.bytes, "the file of bodies is too short");
        self.answer()
    }

    fn answer(&mut self) -> anyhow::Result<Answer<'_>> {
        self.buffer.clear();
        let head = loop {
            let found = self.buffer.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(end) = found {
                break end + 4;
            }
            ensure!(
                self.buffer.len() < HEAD_BYTES_MAX,
                "an answer's head has no end"
            );
            self.more(4 << 10)?;
        };
        let text = std::str::from_utf8(self.buffer.get(..head).unwrap_or_default())
            .context("an answer's head is no text")?;
        let (status, bytes) = (status(text)?, content_length(text)?);
        while self.buffer.len() < head + bytes {
            self.more((head + bytes - self.buffer.len()).max(1))?;
        }
        let body = self.buffer.get(head..head + bytes);
        Ok(Answer {
            status,
            body: body.unwrap_or_default(),
        })
    }

    fn more(&mut self, bytes_max: usize) -> anyhow::Result<()> {
        let start = self.buffer.len();
        self.buffer.resize(start + bytes_max, 0);
        let space = self.buffer.get_mut(start..).unwrap_or_default();
        let read = self.stream.read(space).context("reading an answer")?;
        self.buffer.truncate(start + read);
        ensure!(read > 0, "the server closed the connection");
        Ok(())
    }
}

impl Answer<'_> {
    /// Whether the server asks to come back later.
    pub fn is_busy(&self) -> bool {
        matches!(self.status, 429 | 503)
    }

    /// The size of the log after events were stored.
    pub fn tree_size(&self) -> anyhow::Result<u64> {
        let text = String::from_utf8_lossy(self.body);
        ensure!(
            self.status == 200,
            "the server answered {}: {text}",
            self.status
        );
        let found = text.rsplit_once("\"tree_size\":").map(|(_, rest)| rest);
        let digits: String = found
            .context("an answer without a tree size")?
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        Ok(digits.parse()?)
    }
}

fn head(request: &mut Vec<u8>, token: &str, kind: &str, bytes: u64) {
    let head = format!(
        "POST /api/v1/events HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
         content-type: {kind}\r\ncontent-length: {bytes}\r\n\r\n"
    );
    request.extend_from_slice(head.as_bytes());
}

fn status(head: &str) -> anyhow::Result<u16> {
    let word = head.split(' ').nth(1).context("an answer without status")?;
    word.parse().context("an answer's status is no number")
}

fn content_length(head: &str) -> anyhow::Result<usize> {
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    let mut lengths = lines.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let (_, length) = lengths.next().context("an answer without a length")?;
    length
        .trim()
        .parse()
        .context("an answer's length is no number")
}
