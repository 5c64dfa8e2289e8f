//! Whether an input has its newest entry first.

use std::io;

use docket_event::Timestamp;
use docket_event::json::parse;
use docket_server::operations::Entry;
use docket_surfaces_kit::Ingest;
use indicatif::ProgressBar;

use super::plan::{Direction, Plan};

/// From which end the input is to be appended: from its last entry if times never increase from its first
/// one on, so that it reads back, newest first, as it stands. Entries without a time say nothing.
pub fn direction(
    plan: &mut Plan,
    ingest: &Ingest,
    account: Option<&str>,
    bar: &ProgressBar,
) -> io::Result<Direction> {
    let mut earliest: Option<Timestamp> = None;
    let mut several = false;
    for step in 0..plan.chunks() {
        for entry in plan.chunk(step, Direction::Forward)?.iter().flatten() {
            let Some(time) = time(entry, ingest, account) else {
                continue;
            };
            match earliest {
                Some(earliest) if time > earliest => return Ok(Direction::Forward),
                Some(_) => several = true,
                None => {}
            }
            earliest = Some(time);
        }
        bar.tick();
    }
    Ok(if several {
        Direction::Backward
    } else {
        Direction::Forward
    })
}

fn time(entry: &Entry, ingest: &Ingest, account: Option<&str>) -> Option<Timestamp> {
    match entry {
        Entry::Text(text) => {
            (ingest.import)(&parse(text).ok()?, account)
                .ok()?
                .occurred_at
        }
        Entry::Unreadable { .. } => None,
    }
}
