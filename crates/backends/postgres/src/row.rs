//! Rows as their tables promise them: checked types, checksums, and the name of the row that fails.

use std::borrow::Cow;

use docket_engine::codec::checksum;
use docket_engine::store::{BlockId, LogId, StoreError};
use sha2::{Digest, Sha256};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Type};

use crate::failure::Failure;

/// Bytes of a string that names a row, at most: an index holds rows up to a third of a page.
const KEY_BYTES_MAX: usize = 255;

/// Bytes of the hash that ends a cut string.
const HASH_BYTES: usize = 32;

/// What a table's rows look like in the statements of this crate.
#[derive(Debug)]
pub(crate) struct Table {
    pub name: &'static str,
    /// How many columns, from the front, name the row.
    pub keys: usize,
}

/// A value that a checksum covers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cell<'c> {
    Int(i64),
    Bytes(&'c [u8]),
}

/// The checksum of a row of `table` with these columns.
pub(crate) fn sum(table: &Table, cells: &[Cell<'_>]) -> i64 {
    let start = checksum(&[table.name.as_bytes()]);
    let state = cells.iter().fold(start, |state, cell| {
        let number;
        let (tag, content) = match *cell {
            Cell::Int(value) => {
                number = value.to_be_bytes();
                (b"i", number.as_slice())
            }
            Cell::Bytes(value) => (b"b", value),
        };
        // The length keeps two columns from exchanging bytes unnoticed.
        let length = (content.len() as u64).to_be_bytes();
        checksum(&[&state.to_be_bytes(), tag, &length, content])
    });
    i64::from(state)
}

/// A position or size as a column keeps it.
pub(crate) fn int(value: u64, what: &str) -> Result<i64, Failure> {
    i64::try_from(value)
        .map_err(|_| StoreError::corrupt(what, format!("{value} is no position or size")).into())
}

/// A position to compare with: what is too high for a column is higher than all of them.
pub(crate) fn bound(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A log as columns name it.
pub(crate) fn log_key(log: LogId) -> i64 {
    i64::from(log.0)
}

/// Log and number of a block as columns name it.
pub(crate) fn block_key(block: BlockId) -> (i64, i64) {
    let (log, number) = (block.0 >> 32, block.0 & u64::from(u32::MAX));
    (log.cast_signed(), number.cast_signed())
}

/// The block that columns name so.
pub(crate) fn block_id(log: LogId, number: u32) -> BlockId {
    BlockId(u64::from(log.0) << 32 | u64::from(number))
}

/// A string as it names a row: itself, or its beginning and its hash. Strings that differ have different keys.
pub(crate) fn key(text: &str) -> Cow<'_, [u8]> {
    let bytes = text.as_bytes();
    if is_whole(bytes) {
        return Cow::Borrowed(bytes);
    }
    let mut key = bytes.to_vec();
    key.truncate(KEY_BYTES_MAX - HASH_BYTES);
    key.extend(Sha256::digest(bytes));
    Cow::Owned(key)
}

/// Whether a key is the string itself.
pub(crate) fn is_whole(key: &[u8]) -> bool {
    key.len() < KEY_BYTES_MAX
}

/// A row that a statement found, with the table that it is of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Columns<'r> {
    row: &'r Row,
    table: &'static Table,
}

impl<'r> Columns<'r> {
    pub(crate) fn of(row: &'r Row, table: &'static Table) -> Self {
        Columns { row, table }
    }

    pub(crate) fn int(&self, index: usize) -> Result<i64, Failure> {
        self.get(index)
    }

    pub(crate) fn size<T: TryFrom<i64>>(&self, index: usize) -> Result<T, Failure> {
        T::try_from(self.int(index)?).map_err(|_| self.wrong(index, "is out of range"))
    }

    pub(crate) fn flag(&self, index: usize) -> Result<bool, Failure> {
        self.get(index)
    }

    pub(crate) fn bytes(&self, index: usize) -> Result<&'r [u8], Failure> {
        self.get(index)
    }

    pub(crate) fn array<const N: usize>(&self, index: usize) -> Result<[u8; N], Failure> {
        let wrong = |_| self.wrong(index, "has the wrong length");
        self.bytes(index)?.try_into().map_err(wrong)
    }

    /// What a column of the type text says.
    pub(crate) fn name(&self, index: usize) -> Result<String, Failure> {
        self.get(index)
    }

    /// What a column of bytes says.
    pub(crate) fn text(&self, index: usize) -> Result<String, Failure> {
        let text = String::from_utf8(self.bytes(index)?.to_vec());
        text.map_err(|_| self.wrong(index, "is not UTF-8"))
    }

    /// Compares the checksum in column `last` with the columns before it.
    pub(crate) fn summed(self, last: usize) -> Result<Self, Failure> {
        let cells = (0..last).map(|index| self.cell(index));
        let cells: Vec<Cell<'_>> = cells.collect::<Result<_, _>>()?;
        if sum(self.table, &cells) == self.int(last)? {
            return Ok(self);
        }
        Err(self.wrong(last, "does not match the row"))
    }

    /// A column that cannot be right.
    pub(crate) fn wrong(&self, index: usize, what: &str) -> Failure {
        let keys: Vec<String> = (0..self.table.keys)
            .map(|index| match self.cell(index) {
                Ok(Cell::Int(value)) => value.to_string(),
                Ok(Cell::Bytes(value)) => format!("{:?}", String::from_utf8_lossy(value)),
                Err(_) => "?".to_owned(),
            })
            .collect();
        let column = self.row.columns().get(index);
        let column = column.map_or("?", |column| column.name());
        let place = format!("{} {}", self.table.name, keys.join(", "));
        StoreError::corrupt(place, format!("{column} {what}")).into()
    }

    fn cell(&self, index: usize) -> Result<Cell<'r>, Failure> {
        match self.row.columns().get(index).map(|column| column.type_()) {
            Some(&Type::INT8) => Ok(Cell::Int(self.int(index)?)),
            Some(&Type::TEXT) => Ok(Cell::Bytes(self.get::<&str>(index)?.as_bytes())),
            _ => Ok(Cell::Bytes(self.bytes(index)?)),
        }
    }

    fn get<T: FromSql<'r>>(&self, index: usize) -> Result<T, Failure> {
        self.row.try_get(index).map_err(|error| {
            let what = format!("column {index}: {}", crate::failure::words(&error));
            StoreError::corrupt(self.table.name, what).into()
        })
    }
}
