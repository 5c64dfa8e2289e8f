//! What commands print: one JSON document, or a table for people.

use std::io::{self, ErrorKind, Write};

use anyhow::Error;
use serde::Serialize;

/// What stands in a table where there is nothing.
const NOTHING: &str = "-";

/// Prints a value as one line of JSON.
pub fn json<T: Serialize>(value: &T) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, value)?;
    writeln!(out)
}

/// Prints text as it is.
pub fn text(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Prints a line of text.
pub fn line(text: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{text}")
}

/// Prints rows under their headings, in columns as wide as they need.
pub fn table<R: AsRef<[Option<String>]>>(headings: &[&str], rows: &[R]) -> io::Result<()> {
    let text = |cell: &Option<String>| match cell {
        Some(text) if !text.is_empty() => printable(text),
        Some(_) | None => NOTHING.to_owned(),
    };
    let mut lines: Vec<Vec<String>> = vec![headings.iter().map(|&one| one.to_owned()).collect()];
    lines.extend(
        rows.iter()
            .map(|row| row.as_ref().iter().map(text).collect()),
    );
    let mut widths = vec![0; headings.len()];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut out = io::stdout().lock();
    for line in &lines {
        let mut padded = String::new();
        for (width, cell) in widths.iter().zip(line) {
            padded.push_str(&format!("{cell:<width$}  "));
        }
        writeln!(out, "{}", padded.trim_end())?;
    }
    Ok(())
}

/// A number and what it counts.
pub fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// Lower-case hex digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Tells on stderr what went wrong, the causes too.
pub fn complain(error: &Error) {
    let told: Vec<String> = error.chain().map(ToString::to_string).collect();
    // An error whose text ends with that of its cause has told it already.
    let mut text = String::new();
    for part in &told {
        if text.is_empty() {
            text.push_str(part);
        } else if !text.ends_with(part.as_str()) {
            text.push_str(": ");
            text.push_str(part);
        }
    }
    // Nobody is left to tell if this fails.
    let _ = writeln!(io::stderr(), "docket: {text}");
}

/// Whether whoever reads the output has gone, such as `head`.
pub fn is_broken_pipe(error: &Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
    })
}

/// A text without what would move a terminal's cursor.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}
