//! The input of an import as a file that can be read twice, whatever it came as.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use crate::output::hex;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Byte order mark of UTF-8, which some programs put in front.
const MARK: [u8; 3] = [0xef, 0xbb, 0xbf];
const BUFFER_BYTES: usize = 1 << 20;

/// An input, decompressed.
#[derive(Debug)]
pub struct Source {
    /// The text.
    pub file: File,
    /// Where the text begins, behind a byte order mark.
    pub start: u64,
    /// Where it ends.
    pub end: u64,
    /// SHA-256 of the input as it was given, in hex.
    pub sha256: String,
    /// How many bytes the input had.
    pub bytes: u64,
}

impl Source {
    /// Opens a file; `-` is standard input. What cannot be read twice is copied to a temporary file.
    pub fn open(path: &Path) -> io::Result<Self> {
        if path.as_os_str() == "-" {
            return Source::read(spool(io::stdin().lock())?);
        }
        let file = File::open(path)?;
        let kind = file.metadata()?;
        if kind.is_dir() {
            return Err(io::Error::new(
                io::ErrorKind::IsADirectory,
                "is a folder; give a file",
            ));
        }
        if kind.is_file() {
            Source::read(file)
        } else {
            Source::read(spool(file)?)
        }
    }

    fn read(mut file: File) -> io::Result<Self> {
        let (sha256, bytes) = digest(&mut file)?;
        let magic = first_bytes(&mut file)?;
        let reader = BufReader::with_capacity(BUFFER_BYTES, &mut file);
        let decompressed = if magic.starts_with(&GZIP_MAGIC) {
            Some(spool(MultiGzDecoder::new(reader))?)
        } else if magic.starts_with(&ZSTD_MAGIC) {
            Some(spool(zstd::stream::read::Decoder::new(reader)?)?)
        } else {
            None
        };
        let mut file = decompressed.unwrap_or(file);
        let marked = first_bytes(&mut file)?.starts_with(&MARK);
        let start = if marked { MARK.len() as u64 } else { 0 };
        let end = file.seek(SeekFrom::End(0))?;
        Ok(Source {
            file,
            start,
            end,
            sha256,
            bytes,
        })
    }
}

/// Copies everything into a file that is gone when it is closed.
fn spool(mut reader: impl Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(&mut reader, &mut file)?;
    file.flush()?;
    file.rewind()?;
    Ok(file)
}

fn digest(file: &mut File) -> io::Result<(String, u64)> {
    file.rewind()?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut buffer)?;
        let Some(piece) = buffer.get(..read).filter(|piece| !piece.is_empty()) else {
            return Ok((hex(&hasher.finalize()), bytes));
        };
        hasher.update(piece);
        bytes += read as u64;
    }
}

fn first_bytes(file: &mut File) -> io::Result<Vec<u8>> {
    file.rewind()?;
    let mut first = Vec::new();
    Read::by_ref(file).take(4).read_to_end(&mut first)?;
    file.rewind()?;
    Ok(first)
}
