//! How an input is cut into chunks that can be read in either direction.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::ops::Range;

use docket_server::operations::{CHUNK_BYTES_MAX, CHUNK_ENTRIES_MAX, Entry};
use docket_surfaces_kit::PageShape;
use docket_surfaces_kit::split::{self, Form, SplitError};
use serde::de::IgnoredAny;

use super::entries::{LINE_BYTES_MAX, Line, entry};
use super::source::Source;

/// Most bytes of an input that is one JSON document: it is held in memory.
pub const DOCUMENT_BYTES_MAX: u64 = 1 << 30;

/// Which end comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// As the input has it.
    Forward,
    /// From its end.
    Backward,
}

/// An input, cut.
#[derive(Debug)]
pub struct Plan {
    shape: Shape,
    page: PageShape,
}

#[derive(Debug)]
enum Shape {
    /// An entry or a page on each line; chunks are ranges of the file.
    Lines { file: File, chunks: Vec<Range<u64>> },
    /// One document; chunks are ranges of its entries, which are ranges of its text.
    Document {
        text: String,
        entries: Vec<Range<usize>>,
        chunks: Vec<Range<usize>>,
    },
}

impl Plan {
    /// Looks at the input's first lines and cuts all of it.
    pub fn of(source: Source, page: PageShape) -> io::Result<Self> {
        let Source {
            mut file,
            start,
            end,
            ..
        } = source;
        let shape = if is_lines(&mut file, start, end)? {
            let chunks = cut_lines(&mut file, start, end)?;
            Shape::Lines { file, chunks }
        } else {
            let text = read_document(&mut file, start, end)?;
            let entries = cut_document(&text, page)?;
            let chunks = cut_entries(&entries);
            Shape::Document {
                text,
                entries,
                chunks,
            }
        };
        Ok(Plan { shape, page })
    }

    /// How many chunks there are.
    pub fn chunks(&self) -> usize {
        match &self.shape {
            Shape::Lines { chunks, .. } => chunks.len(),
            Shape::Document { chunks, .. } => chunks.len(),
        }
    }

    /// The entries of the chunk that comes at `step`, from 0, in lots that fit an order.
    pub fn chunk(&mut self, step: usize, direction: Direction) -> io::Result<Vec<Vec<Entry>>> {
        let index = match direction {
            Direction::Forward => Some(step),
            Direction::Backward => self.chunks().checked_sub(step + 1),
        };
        let Some(index) = index else {
            return Ok(Vec::new());
        };
        let mut entries = match &mut self.shape {
            Shape::Lines { file, chunks } => match chunks.get(index) {
                Some(range) => read_lines(file, range, self.page)?,
                None => Vec::new(),
            },
            Shape::Document {
                text,
                entries,
                chunks,
            } => {
                let chosen = chunks
                    .get(index)
                    .and_then(|range| entries.get(range.clone()));
                let texts = chosen.unwrap_or_default().iter();
                texts
                    .map(|range| entry(text.get(range.clone()).unwrap_or_default()))
                    .collect()
            }
        };
        if direction == Direction::Backward {
            entries.reverse();
        }
        Ok(lots(entries))
    }
}

/// Whether the input has an entry on each line: its first line is a whole document, or broken beside a
/// second one that is whole.
fn is_lines(file: &mut File, start: u64, end: u64) -> io::Result<bool> {
    file.seek(SeekFrom::Start(start))?;
    let mut reader = BufReader::new(file);
    let (first, left) = full_line(&mut reader, end - start)?;
    let (second, _) = full_line(&mut reader, left)?;
    let Some(first) = first else {
        return Ok(false);
    };
    let continued = matches!(first.last(), Some(b'{' | b'[' | b',' | b':'));
    let second_whole = second.is_some_and(|second| is_whole(&second));
    Ok(is_whole(&first) || (!continued && second_whole))
}

/// The next line that is not blank, and how many bytes are left; `None` for what is too long or not there.
fn full_line(
    reader: &mut BufReader<&mut File>,
    mut left: u64,
) -> io::Result<(Option<Vec<u8>>, u64)> {
    loop {
        let (line, taken) = Line::read(reader, left)?;
        left -= taken;
        match line {
            Line::Bytes(bytes) if taken > 0 => match bytes.trim_ascii() {
                [] => {}
                full => return Ok((Some(full.to_vec()), left)),
            },
            Line::Bytes(_) | Line::TooLong { .. } => return Ok((None, left)),
        }
    }
}

fn is_whole(line: &[u8]) -> bool {
    line.first().is_some_and(|byte| matches!(byte, b'{' | b'['))
        && serde_json::from_slice::<IgnoredAny>(line).is_ok()
}

/// Cuts a file at line ends into chunks of so many lines or bytes.
fn cut_lines(file: &mut File, start: u64, end: u64) -> io::Result<Vec<Range<u64>>> {
    file.seek(SeekFrom::Start(start))?;
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let mut chunks = Vec::new();
    let (mut from, mut at, mut lines) = (start, start, 0);
    while at < end {
        let (_, taken) = Line::read(&mut reader, end - at)?;
        if taken == 0 {
            return Err(io::Error::new(
                ErrorKind::UnexpectedEof,
                "the file became shorter",
            ));
        }
        (at, lines) = (at + taken, lines + 1);
        if lines == CHUNK_ENTRIES_MAX || at - from >= CHUNK_BYTES_MAX as u64 {
            chunks.push(from..at);
            (from, lines) = (at, 0);
        }
    }
    if from < at {
        chunks.push(from..at);
    }
    Ok(chunks)
}

fn read_lines(file: &mut File, range: &Range<u64>, page: PageShape) -> io::Result<Vec<Entry>> {
    file.seek(SeekFrom::Start(range.start))?;
    let mut reader = BufReader::with_capacity(LINE_BYTES_MAX >> 4, file);
    let mut left = range.end - range.start;
    let mut entries = Vec::new();
    while left > 0 {
        let (line, taken) = Line::read(&mut reader, left)?;
        if taken == 0 {
            return Err(io::Error::new(
                ErrorKind::UnexpectedEof,
                "the file became shorter",
            ));
        }
        left -= taken;
        entries.extend(line.entries(page));
    }
    Ok(entries)
}

fn read_document(file: &mut File, start: u64, end: u64) -> io::Result<String> {
    if end - start > DOCUMENT_BYTES_MAX {
        let reason = format!(
            "one JSON document of {} bytes, of which at most {DOCUMENT_BYTES_MAX} are read; \
             write an entry on each line instead, which has no limit: jq -c '.[]'",
            end - start
        );
        return Err(invalid(reason));
    }
    file.seek(SeekFrom::Start(start))?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    Ok(text)
}

/// Where the entries of a document stand in its text.
fn cut_document(text: &str, page: PageShape) -> io::Result<Vec<Range<usize>>> {
    if text.trim_ascii().is_empty() {
        return Ok(Vec::new());
    }
    // An entry has at least one character and a comma.
    let entries = split::entries(text, Form::Document, page, text.len());
    let entries = entries.map_err(|error| match error {
        SplitError::Malformed(fault) => not_json(&fault.to_string()),
        SplitError::TooMany => invalid("more entries than characters"),
    })?;
    if let [only] = entries.as_slice()
        && only.len() == text.len()
        && let Err(error) = docket_event::json::parse(only)
    {
        return Err(not_json(&error.to_string()));
    }
    let start_of = |entry: &str| entry.as_ptr().addr() - text.as_ptr().addr();
    let range = |entry: &&str| start_of(entry)..start_of(entry) + entry.len();
    Ok(entries.iter().map(range).collect())
}

fn cut_entries(entries: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut chunks = Vec::new();
    let (mut from, mut bytes) = (0, 0);
    for (index, entry) in entries.iter().enumerate() {
        bytes += entry.len();
        let count = index + 1 - from;
        if count == CHUNK_ENTRIES_MAX || bytes >= CHUNK_BYTES_MAX || index + 1 == entries.len() {
            chunks.push(from..index + 1);
            (from, bytes) = (index + 1, 0);
        }
    }
    chunks
}

/// Pages on lines can make a chunk of lines hold more entries than an order takes.
fn lots(entries: Vec<Entry>) -> Vec<Vec<Entry>> {
    let mut lots: Vec<Vec<Entry>> = Vec::new();
    let mut bytes = 0;
    for entry in entries {
        let open = lots.last().map_or(CHUNK_ENTRIES_MAX, Vec::len);
        if open >= CHUNK_ENTRIES_MAX || bytes >= CHUNK_BYTES_MAX {
            lots.push(Vec::new());
            bytes = 0;
        }
        bytes += match &entry {
            Entry::Text(text) => text.len(),
            Entry::Unreadable { .. } => 0,
        };
        if let Some(last) = lots.last_mut() {
            last.push(entry);
        }
    }
    lots
}

fn not_json(what: &str) -> io::Error {
    invalid(format!(
        "neither a JSON array, nor an answer page, nor JSON lines: {what}; nothing was stored"
    ))
}

fn invalid(reason: impl Into<String>) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, reason.into())
}

#[cfg(test)]
mod tests;
