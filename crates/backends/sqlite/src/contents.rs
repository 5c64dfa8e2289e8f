//! What there is of a log, at one moment.

use docket_engine::store::{Contents, LogId, LogRow, Standing, StoreError};
use rusqlite::Connection;

use crate::failure::Failure;
use crate::{batches, blocks, logs};

/// A log that must be there.
pub(crate) fn row(connection: &Connection, log: LogId) -> Result<LogRow, Failure> {
    let missing = || StoreError::corrupt(format!("log {}", log.0), "is not there");
    Ok(logs::get(connection, log)?.ok_or_else(missing)?)
}

/// Where it stands. Its version stays 0, since one process has the file.
pub(crate) fn standing(connection: &Connection, log: &LogRow) -> Result<Standing, Failure> {
    Ok(Standing {
        size: batches::head_of(connection, log)?.size,
        version: 0,
    })
}

/// What is not known of it.
pub(crate) fn read(
    connection: &Connection,
    log: LogId,
    known: Option<Standing>,
) -> Result<Contents, Failure> {
    let row = row(connection, log)?;
    let blocks = match known {
        None => Some(blocks::list(connection, log)?),
        Some(_) => None,
    };
    let from = known.map_or(0, |known| known.size);
    Ok(Contents {
        standing: standing(connection, &row)?,
        blocks,
        batches: batches::from(connection, log, from)?,
        log: row,
    })
}
