//! What a process did to the watched files, in order.

use std::path::Path;

const HEADER_BYTES: usize = 40;

/// Something that was done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'t> {
    pub kind: Kind,
    pub file: i32,
    pub at: u64,
    /// What was written, or names.
    pub data: &'t [u8],
    /// The name of the thread that did it.
    pub thread: &'t str,
}

/// As `shim.c` numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Open,
    Close,
    Write,
    Truncate,
    SyncBegin,
    SyncEnd,
    Unlink,
    Rename,
    Mkdir,
    Fault,
}

const KINDS: [Kind; 10] = [
    Kind::Open,
    Kind::Close,
    Kind::Write,
    Kind::Truncate,
    Kind::SyncBegin,
    Kind::SyncEnd,
    Kind::Unlink,
    Kind::Rename,
    Kind::Mkdir,
    Kind::Fault,
];

/// A trace, whole.
pub(crate) struct Trace(Vec<u8>);

impl Trace {
    pub(crate) fn read(path: &Path) -> Self {
        Trace(std::fs::read(path).unwrap())
    }

    pub(crate) fn records(&self) -> Vec<Record<'_>> {
        let (mut rest, mut records) = (self.0.as_slice(), Vec::new());
        while let Some((header, tail)) = rest.split_at_checked(HEADER_BYTES) {
            let word = |at: usize| u32::from_ne_bytes(header[at..at + 4].try_into().unwrap());
            let long = |at: usize| u64::from_ne_bytes(header[at..at + 8].try_into().unwrap());
            let (data, tail) = tail.split_at(usize::try_from(long(16)).unwrap());
            let thread = std::str::from_utf8(&header[24..]).unwrap();
            records.push(Record {
                kind: KINDS[word(0) as usize - 1],
                file: word(4).cast_signed(),
                at: long(8),
                data,
                thread: thread.split('\0').next().unwrap_or_default(),
            });
            rest = tail;
        }
        assert!(rest.is_empty(), "the trace ends inside a record");
        records
    }
}

impl<'t> Record<'t> {
    /// Its bytes as text.
    pub(crate) fn text(&self) -> &'t str {
        std::str::from_utf8(self.data).unwrap()
    }
}
