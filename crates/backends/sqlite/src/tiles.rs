//! The table of Merkle tiles.

use docket_engine::store::{LogId, TileRow};
use rusqlite::Connection;

use crate::failure::Failure;
use crate::row::{Cell, Table, execute, int, select};

pub(crate) const TILE: Table = Table {
    name: "tile",
    columns: &["log", "level", "idx", "data"],
    keys: 3,
};

/// All tiles of a log, by level and index.
pub(crate) fn list(connection: &Connection, log: LogId) -> Result<Vec<TileRow>, Failure> {
    let sql = "SELECT log, level, idx, data FROM tile WHERE log = ? ORDER BY level, idx";
    let mut tiles = Vec::new();
    select(
        connection,
        &TILE,
        sql,
        &[Cell::Int(i64::from(log.0))],
        |row| {
            tiles.push(TileRow {
                log: LogId(row.size(0)?),
                level: row.size(1)?,
                index: row.size(2)?,
                data: row.blob(3)?.to_vec(),
            });
            Ok(())
        },
    )?;
    Ok(tiles)
}

/// Adds a tile. One that is there is the same one, from a commit that was not answered.
pub(crate) fn put(connection: &Connection, tile: &TileRow) -> Result<(), Failure> {
    let sql = "INSERT INTO tile (log, level, idx, data) VALUES (?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET data = excluded.data";
    let cells = [
        Cell::Int(i64::from(tile.log.0)),
        Cell::Int(i64::from(tile.level)),
        int(tile.index, "tile")?,
        Cell::Blob(&tile.data),
    ];
    execute(connection, &TILE, sql, &cells).map(drop)
}
