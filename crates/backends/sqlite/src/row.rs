//! Rows as their tables promise them: checked types, checksums, and the name of the row that fails.

use docket_engine::codec::checksum;
use docket_engine::store::StoreError;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Row, params_from_iter};

use crate::failure::{At, Failure};

/// What a table's rows look like in the statements of this crate.
#[derive(Debug)]
pub(crate) struct Table {
    pub name: &'static str,
    /// The columns in the order in which statements name them.
    pub columns: &'static [&'static str],
    /// How many of them, from the front, name the row.
    pub keys: usize,
}

/// A value to be written or compared.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cell<'c> {
    Int(i64),
    Text(&'c str),
    Blob(&'c [u8]),
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Cell::Int(value) => ValueRef::Integer(value),
            Cell::Text(value) => ValueRef::Text(value.as_bytes()),
            Cell::Blob(value) => ValueRef::Blob(value),
        }))
    }
}

/// A position or size as SQLite keeps numbers.
pub(crate) fn int(value: u64, what: &str) -> Result<Cell<'static>, Failure> {
    let value = i64::try_from(value)
        .map_err(|_| StoreError::corrupt(what, format!("{value} is no position or size")))?;
    Ok(Cell::Int(value))
}

/// The checksum of a row of `table` with these columns.
pub(crate) fn sum(table: &Table, cells: &[Cell<'_>]) -> Cell<'static> {
    let state = cells
        .iter()
        .fold(checksum(&[table.name.as_bytes()]), |state, cell| {
            let number;
            let (tag, content) = match *cell {
                Cell::Int(value) => {
                    number = value.to_be_bytes();
                    (b"i", number.as_slice())
                }
                Cell::Text(value) => (b"t", value.as_bytes()),
                Cell::Blob(value) => (b"b", value),
            };
            // The length keeps two columns from exchanging bytes unnoticed.
            let length = u64::try_from(content.len())
                .unwrap_or(u64::MAX)
                .to_be_bytes();
            checksum(&[&state.to_be_bytes(), tag, &length, content])
        });
    Cell::Int(i64::from(state))
}

/// Runs a statement that changes rows; says how many.
pub(crate) fn execute(
    connection: &Connection,
    table: &Table,
    sql: &str,
    cells: &[Cell<'_>],
) -> Result<usize, Failure> {
    let mut statement = connection.prepare_cached(sql).at(table.name)?;
    statement.execute(params_from_iter(cells)).at(table.name)
}

/// Runs a statement that writes a row whose last column is the sum of the others.
pub(crate) fn put(
    connection: &Connection,
    table: &Table,
    sql: &str,
    cells: &[Cell<'_>],
) -> Result<usize, Failure> {
    let mut all = cells.to_vec();
    all.push(sum(table, cells));
    execute(connection, table, sql, &all)
}

/// Gives each row that a statement finds to `each`, in its order.
pub(crate) fn select(
    connection: &Connection,
    table: &'static Table,
    sql: &str,
    cells: &[Cell<'_>],
    mut each: impl FnMut(Columns<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut statement = connection.prepare_cached(sql).at(table.name)?;
    let mut rows = statement.query(params_from_iter(cells)).at(table.name)?;
    while let Some(row) = rows.next().at(table.name)? {
        each(Columns { row, table })?;
    }
    Ok(())
}

/// Like [`select`], for a statement that finds one row or none.
pub(crate) fn select_one<T>(
    connection: &Connection,
    table: &'static Table,
    sql: &str,
    cells: &[Cell<'_>],
    mut read: impl FnMut(Columns<'_>) -> Result<T, Failure>,
) -> Result<Option<T>, Failure> {
    let mut found = None;
    select(connection, table, sql, cells, |row| {
        found = Some(read(row)?);
        Ok(())
    })?;
    Ok(found)
}

/// Whether a statement finds a row.
pub(crate) fn exists(
    connection: &Connection,
    table: &'static Table,
    sql: &str,
    cells: &[Cell<'_>],
) -> Result<bool, Failure> {
    Ok(select_one(connection, table, sql, cells, |_| Ok(()))?.is_some())
}

/// The columns of a row that was found.
#[derive(Clone, Copy)]
pub(crate) struct Columns<'r> {
    row: &'r Row<'r>,
    table: &'static Table,
}

impl<'r> Columns<'r> {
    /// The same, if column `last` is the sum of all that stand before it.
    pub(crate) fn summed(self, last: usize) -> Result<Self, Failure> {
        let mut cells = Vec::with_capacity(last);
        for column in 0..last {
            cells.push(match self.value(column)? {
                ValueRef::Integer(value) => Cell::Int(value),
                ValueRef::Text(_) => Cell::Text(self.text(column)?),
                ValueRef::Blob(value) => Cell::Blob(value),
                ValueRef::Null | ValueRef::Real(_) => {
                    return Err(self.wrong(column, "has a type that it cannot have"));
                }
            });
        }
        let Cell::Int(sum) = sum(self.table, &cells) else {
            return Err(self.wrong(last, ""));
        };
        if self.int(last)? == sum {
            Ok(self)
        } else {
            Err(self.wrong(last, "does not fit the row"))
        }
    }

    /// A number.
    pub(crate) fn int(self, column: usize) -> Result<i64, Failure> {
        match self.value(column)? {
            ValueRef::Integer(value) => Ok(value),
            _ => Err(self.wrong(column, "is not a number")),
        }
    }

    /// A number of an unsigned type.
    pub(crate) fn size<N: TryFrom<i64>>(self, column: usize) -> Result<N, Failure> {
        N::try_from(self.int(column)?).map_err(|_| self.wrong(column, "is out of range"))
    }

    /// A string.
    pub(crate) fn text(self, column: usize) -> Result<&'r str, Failure> {
        match self.value(column)? {
            ValueRef::Text(value) => {
                str::from_utf8(value).map_err(|_| self.wrong(column, "is not UTF-8"))
            }
            _ => Err(self.wrong(column, "is not text")),
        }
    }

    /// Bytes.
    pub(crate) fn blob(self, column: usize) -> Result<&'r [u8], Failure> {
        match self.value(column)? {
            ValueRef::Blob(value) => Ok(value),
            _ => Err(self.wrong(column, "is not bytes")),
        }
    }

    /// `N` bytes.
    pub(crate) fn array<const N: usize>(self, column: usize) -> Result<[u8; N], Failure> {
        let bytes = self.blob(column)?;
        bytes
            .try_into()
            .map_err(|_| self.wrong(column, "has the wrong length"))
    }

    /// What is wrong with a column of this row.
    pub(crate) fn wrong(self, column: usize, what: &str) -> Failure {
        let name = self.table.columns.get(column).copied().unwrap_or("?");
        StoreError::corrupt(self.place(), format!("{name} {what}")).into()
    }

    /// Table and row.
    fn place(self) -> String {
        let keys: Vec<String> = (0..self.table.keys)
            .map(|column| match self.row.get_ref(column) {
                Ok(ValueRef::Integer(value)) => value.to_string(),
                Ok(ValueRef::Text(value)) => format!("{:?}", String::from_utf8_lossy(value)),
                Ok(ValueRef::Blob(_) | ValueRef::Null | ValueRef::Real(_)) | Err(_) => {
                    "?".to_owned()
                }
            })
            .collect();
        format!("{} {}", self.table.name, keys.join(", "))
    }

    fn value(self, column: usize) -> Result<ValueRef<'r>, Failure> {
        self.row.get_ref(column).at(self.table.name)
    }
}
