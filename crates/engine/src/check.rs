//! Recomputes everything that a store holds and reports every difference.

use docket_event::IdKey;
use docket_merkle::{Frontier, Hash, TileHeight};

use crate::block::{
    BlockInput, BlockReader, Built, Dir, HashesInput, build, build_hashes, is_hashes, time_order,
};
use crate::cache::Cache;
use crate::columns::Columns;
use crate::params::Params;
use crate::rebuild::{read_batch, read_block};
use crate::store::{BlockRow, LogRow, Problem, Store, StoreError, TileRow};
use crate::tail::Joining;
use crate::terms::Terms;
use crate::tiles::{tile_hashes, tile_height};

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// How many logs were looked at.
    pub logs: u64,
    /// How many events.
    pub events: u64,
    /// How many leaves there are of events that were pruned.
    pub pruned: u64,
    /// Everything that is wrong; empty when all is well.
    pub problems: Vec<Problem>,
}

/// Looks at everything: the database itself, and of every log each event, hash, index and tile. `progress` is
/// called with the number of events looked at so far.
///
/// # Errors
/// The store cannot be read at all. What is merely wrong is in the report.
pub fn check(
    store: &dyn Store,
    params: &Params,
    progress: &mut dyn FnMut(u64),
) -> Result<CheckReport, StoreError> {
    let mut report = CheckReport::default();
    let examined = store.examine(&mut |problem| report.problems.push(problem));
    report.note(examined)?;
    let logs = report.note(store.logs())?.unwrap_or_default();
    for log in logs {
        let mut checker = LogCheck {
            store,
            log: &log,
            terms: Terms::new(&store.identity().term_key, params.term_bits),
            frontier: Frontier::new(),
            tiles: TileCheck::new(tile_height(params.tile_height)),
            last_recorded: 0,
            report: &mut report,
            progress,
        };
        checker.run()?;
        report.logs += 1;
    }
    Ok(report)
}

impl CheckReport {
    fn problem(&mut self, place: impl Into<String>, what: impl Into<String>) {
        self.problems.push(Problem {
            place: place.into(),
            what: what.into(),
        });
    }

    /// Takes a result apart: what is corrupt goes into the report, what cannot be read ends the check.
    fn note<T>(&mut self, result: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(StoreError::Corrupt(problem)) => {
                self.problems.push(problem);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

struct LogCheck<'c> {
    store: &'c dyn Store,
    log: &'c LogRow,
    terms: Terms,
    frontier: Frontier,
    tiles: TileCheck,
    last_recorded: i64,
    report: &'c mut CheckReport,
    progress: &'c mut dyn FnMut(u64),
}

impl LogCheck<'_> {
    fn run(&mut self) -> Result<(), StoreError> {
        let name = format!("log {}", self.log.org);
        let blocks = self.store.blocks(self.log.id);
        let Some(blocks) = self.report.note(blocks)? else {
            return Ok(());
        };
        if !blocks.is_sorted_by_key(|row| !is_hashes(row)) {
            self.report
                .problem(&name, "it is pruned behind events that are there");
        }
        for row in &blocks {
            if row.first != self.frontier.size() {
                self.report.problem(
                    &name,
                    format!("its blocks do not follow each other at {}", row.first),
                );
                return Ok(());
            }
            let checked = self.block(row);
            if self.report.note(checked)?.is_none() {
                return Ok(());
            }
            (self.progress)(self.report.events);
        }
        let expected = if blocks.is_empty() {
            Vec::new()
        } else {
            self.frontier.to_bytes()
        };
        if expected != self.log.frontier || self.frontier.size() != self.log.sealed {
            self.report
                .problem(&name, "its frontier is not that of its leaves");
        }
        if self.last_recorded != self.log.recorded_micros {
            self.report.problem(
                &name,
                "it was last written at another time than its events say",
            );
        }
        let stored = self.store.tiles(self.log.id);
        if let Some(stored) = self.report.note(stored)? {
            self.compare_tiles(&stored);
        }
        self.batches(&name)
    }

    fn block(&mut self, row: &BlockRow) -> Result<(), StoreError> {
        let key = IdKey(self.log.id_key);
        let cache = Cache::new(0);
        let reader = BlockReader {
            row,
            store: self.store,
            cache: &cache,
            key: &key,
        };
        let dir = reader.dir()?;
        let place = format!("block {}", row.id.0);
        let body = reader.body(&dir)?;
        if is_hashes(row) {
            return self.hashes(&place, (&reader, &dir), &body);
        }
        let Joining { columns, frames } = read_block(&reader, &dir, &body, &self.terms)?;
        self.append(&place, &columns);
        let built = build(&BlockInput {
            id: row.id,
            log: row.log,
            first: row.first,
            columns: &columns,
            order: &time_order(&columns.micros),
            frames: &frames,
            page_bytes: dir.page_bytes as usize,
            scanned_events: if dir.groups.is_empty() { u32::MAX } else { 0 },
        });
        self.compare_block(&place, row, &dir, &body, &built)
    }

    /// What is left of pruned events. Their hashes are right if the tree is.
    fn hashes(
        &mut self,
        place: &str,
        (reader, dir): (&BlockReader<'_>, &Dir),
        body: &[u8],
    ) -> Result<(), StoreError> {
        let row = reader.row;
        let leaves = reader.leaves(dir)?;
        self.leaves(&leaves);
        self.recorded(place, row.max_micros);
        self.report.pruned += u64::from(row.count);
        let built = build_hashes(&HashesInput {
            id: row.id,
            log: row.log,
            first: row.first,
            leaves: &leaves,
            recorded_micros: row.max_micros,
        });
        self.compare_block(place, row, dir, body, &built)
    }

    fn compare_block(
        &mut self,
        place: &str,
        row: &BlockRow,
        dir: &Dir,
        body: &[u8],
        built: &Built,
    ) -> Result<(), StoreError> {
        // An older format or index is good as it is; the directory's checksum covers what says so.
        let rebuilt = BlockRow {
            dir: Vec::new(),
            format: row.format,
            fields: row.fields,
            ..built.row.clone()
        };
        if rebuilt != *row {
            self.report
                .problem(place, "its row is not that of its events");
        }
        // An index of another vocabulary holds other terms; its checksums have been looked at.
        let current = docket_event::vocabulary::vocabulary().version();
        let index = (dir.vocabulary, row.format, row.fields);
        if !is_hashes(row) && index != (current, built.row.format, built.row.fields) {
            return Ok(());
        }
        if built.body != body {
            self.report
                .problem(place, "its body is not that of its events");
        }
        let stored = self
            .store
            .block(row.id)?
            .map(|row| row.dir)
            .unwrap_or_default();
        if built.row.dir != stored {
            self.report
                .problem(place, "its directory is not that of its events");
        }
        Ok(())
    }

    fn append(&mut self, place: &str, columns: &Columns) {
        self.leaves(&columns.leaves);
        for (_, recorded_micros) in &columns.recorded {
            self.recorded(place, *recorded_micros);
        }
        self.report.events += columns.len() as u64;
    }

    fn leaves(&mut self, leaves: &[Hash]) {
        for leaf in leaves {
            self.frontier.append(*leaf);
            self.tiles.append(*leaf);
        }
    }

    fn recorded(&mut self, place: &str, recorded_micros: i64) {
        if recorded_micros < self.last_recorded {
            self.report
                .problem(place, "an event was recorded before the one in front of it");
        }
        self.last_recorded = recorded_micros;
    }

    fn compare_tiles(&mut self, stored: &[TileRow]) {
        let name = |level: u8, index: u64| format!("tile {level}/{index} of log {}", self.log.org);
        let mut problems = Vec::new();
        for (level, index, hashes) in &self.tiles.complete {
            let row = stored
                .iter()
                .find(|row| (row.level, row.index) == (*level, *index));
            match row.map(tile_hashes) {
                Some(Ok(found)) if found == *hashes => {}
                Some(_) => problems.push((name(*level, *index), "is not that of its leaves")),
                None => problems.push((name(*level, *index), "is missing")),
            }
        }
        for row in stored {
            let known = |(level, index, _): &(u8, u64, Vec<Hash>)| {
                (*level, *index) == (row.level, row.index)
            };
            if !self.tiles.complete.iter().any(known) {
                problems.push((name(row.level, row.index), "has no leaves"));
            }
        }
        problems
            .into_iter()
            .for_each(|(place, what)| self.report.problem(place, what));
    }

    fn batches(&mut self, name: &str) -> Result<(), StoreError> {
        let batches = self.store.batches(self.log.id, 0);
        for row in self.report.note(batches)?.unwrap_or_default() {
            if row.first != self.frontier.size() {
                self.report
                    .problem(name, format!("its batches have a gap at {}", row.first));
                return Ok(());
            }
            match read_batch(&row, &IdKey(self.log.id_key), &self.terms) {
                Ok(joining) => {
                    let place = format!("batch {} of {name}", row.first);
                    self.append(&place, &joining.columns);
                }
                Err(error) => {
                    self.report
                        .problem(format!("batch {} of {name}", row.first), error.0);
                    return Ok(());
                }
            }
        }
        (self.progress)(self.report.events);
        Ok(())
    }
}

/// Builds all tiles of a log as its leaves go by.
pub struct TileCheck {
    height: TileHeight,
    open: Vec<Vec<Hash>>,
    done: Vec<u64>,
    /// Level, from 1, index and hashes of the complete ones.
    pub complete: Vec<(u8, u64, Vec<Hash>)>,
}

impl TileCheck {
    /// No leaf has gone by.
    pub fn new(height: TileHeight) -> Self {
        TileCheck {
            height,
            open: Vec::new(),
            done: Vec::new(),
            complete: Vec::new(),
        }
    }

    /// The next leaf goes by.
    pub fn append(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for level in 0.. {
            if self.open.len() == level {
                self.open.push(Vec::new());
                self.done.push(0);
            }
            let (Some(open), Some(done)) = (self.open.get_mut(level), self.done.get_mut(level))
            else {
                return;
            };
            open.push(hash);
            let Some(root) = self.height.root(open) else {
                return;
            };
            let hashes = std::mem::take(open);
            if let (Ok(number), 1..) = (u8::try_from(level), level) {
                self.complete.push((number, *done, hashes));
            }
            *done += 1;
            hash = root;
        }
    }
}
