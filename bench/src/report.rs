//! The figures, as a table and as JSON.

use serde_json::json;

use crate::generate::Data;
use crate::ingest::Ingested;
use crate::queries::Answered;

/// All figures of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was measured with.
    pub data: Data,
    /// Ingest.
    pub ingested: Ingested,
    /// Queries.
    pub answered: Vec<Answered>,
}

impl Report {
    /// Prints the table.
    pub fn print(&self) {
        let events = self.data.events as f64;
        println!("| figure | |");
        println!("|---|---|");
        println!(
            "| events | {} ({} B of JSON each, seed {}) |",
            self.data.events,
            self.data.json_bytes / self.data.events.max(1),
            self.data.seed
        );
        println!(
            "| durable ingest, groups of 1,000 | {:.0} events/s |",
            events / self.ingested.seconds
        );
        println!(
            "| disk, everything included | {:.0} B/event |",
            self.ingested.disk_bytes as f64 / events
        );
        println!();
        println!("| query (all sealed, warm) | p50 µs | p99 µs | first, cold µs | events |");
        println!("|---|---|---|---|---|");
        for answer in &self.answered {
            println!(
                "| {} | {} | {} | {} | {} |",
                answer.name,
                answer.p50_micros,
                answer.p99_micros,
                answer.first_micros,
                answer.events
            );
        }
    }

    /// The figures as JSON.
    pub fn json(&self) -> String {
        let queries: Vec<_> = self
            .answered
            .iter()
            .map(|answer| {
                json!({
                    "name": answer.name,
                    "p50_micros": answer.p50_micros,
                    "p99_micros": answer.p99_micros,
                    "first_micros": answer.first_micros,
                    "events": answer.events,
                })
            })
            .collect();
        let report = json!({
            "events": self.data.events,
            "seed": self.data.seed,
            "json_bytes": self.data.json_bytes,
            "ingest_seconds": self.ingested.seconds,
            "disk_bytes": self.ingested.disk_bytes,
            "queries": queries,
        });
        format!("{report:#}\n")
    }
}
