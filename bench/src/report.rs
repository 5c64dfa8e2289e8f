//! The figures, as tables on standard output and as JSON in a file.

use std::path::PathBuf;

use anyhow::Context;
use serde_json::{Map, Value};

/// A table of Markdown.
#[derive(Clone, Debug)]
pub struct Table {
    title: String,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table.
    pub fn new(title: impl Into<String>, head: &[&str]) -> Self {
        let head = head.iter().map(|text| (*text).to_owned()).collect();
        Table {
            title: title.into(),
            rows: vec![head],
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    fn text(&self) -> String {
        let mut text = format!("### {}\n\n", self.title);
        for (number, row) in self.rows.iter().enumerate() {
            text.push_str(&format!("| {} |\n", row.join(" | ")));
            if number == 0 {
                text.push_str(&format!("|{}\n", "---|".repeat(row.len())));
            }
        }
        text
    }
}

/// All figures of a run.
#[derive(Debug)]
pub struct Report {
    figures: Map<String, Value>,
    path: PathBuf,
}

impl Report {
    /// No figures yet.
    pub fn new(path: PathBuf) -> Self {
        Report {
            figures: Map::new(),
            path,
        }
    }

    /// Adds the figures of a part: its table is printed, and all figures so far are in the file, so that a later
    /// part that fails takes nothing away.
    pub fn add(&mut self, part: &str, figures: Value, table: &Table) -> anyhow::Result<()> {
        println!("{}", table.text());
        self.note(part, figures)
    }

    /// Adds figures that no table shows.
    pub fn note(&mut self, part: &str, figures: Value) -> anyhow::Result<()> {
        self.figures.insert(part.to_owned(), figures);
        let text = format!("{:#}\n", Value::Object(self.figures.clone()));
        std::fs::write(&self.path, text).with_context(|| format!("writing {}", self.path.display()))
    }
}

/// A number with its thousands set apart.
pub fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A ratio, or that it was not measured.
pub fn ratio(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"))
}

/// Microseconds as milliseconds.
pub fn millis(micros: f64) -> String {
    format!("{:.3}", micros / 1e3)
}

/// Bytes as mebibytes.
pub fn mebibytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / f64::from(1 << 20))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_markdown() {
        let mut table = Table::new("Disk", &["what", "B"]);
        table.row(["all".to_owned(), grouped(1_234_567.0)]);
        assert_eq!(
            table.text(),
            "### Disk\n\n| what | B |\n|---|---|\n| all | 1,234,567 |\n"
        );
        assert_eq!(grouped(999.0), "999");
        assert_eq!(millis(1_500.0), "1.500");
    }
}
