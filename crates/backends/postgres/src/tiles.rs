//! The table of Merkle tiles.

use docket_engine::store::{LogId, TileRow};

use crate::failure::Failure;
use crate::row::{Columns, Table, int, log_key};
use crate::session::{Session, Step, bind};

const TILE: Table = Table {
    name: "tile",
    keys: 3,
};

/// All tiles of a log, by level and index.
pub(crate) async fn list(session: &Session, log: LogId) -> Result<Vec<TileRow>, Failure> {
    let sql = "SELECT log, level, idx, data FROM tile WHERE log = $1 ORDER BY level, idx";
    let rows = session.query(sql, bind![log_key(log)]).await?;
    let rows = rows.iter().map(|row| Columns::of(row, &TILE));
    rows.map(|row| {
        Ok(TileRow {
            log: LogId(row.size(0)?),
            level: row.size(1)?,
            index: row.size(2)?,
            data: row.bytes(3)?.to_vec(),
        })
    })
    .collect()
}

/// Writes tiles.
pub(crate) fn insert_step(tiles: &[TileRow]) -> Result<Step<'_>, Failure> {
    let sql = "INSERT INTO tile (log, level, idx, data)
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bytea[])
        ON CONFLICT (log, level, idx) DO UPDATE SET data = EXCLUDED.data";
    let logs: Vec<i64> = tiles.iter().map(|tile| log_key(tile.log)).collect();
    let levels: Vec<i64> = tiles.iter().map(|tile| i64::from(tile.level)).collect();
    let indexes: Result<Vec<i64>, Failure> =
        tiles.iter().map(|tile| int(tile.index, "tile")).collect();
    let data: Vec<&[u8]> = tiles.iter().map(|tile| &tile.data[..]).collect();
    Ok(Step::Bound(sql, bind![logs, levels, indexes?, data]))
}
