//! Where an export goes: complete, or an error.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::Result;
use clap::ValueEnum;
use zstd::stream::write::Encoder;

/// Level of compression: fast, and most of what can be had.
const ZSTD_LEVEL: i32 = 3;
/// Ending of a file's name that asks for compression.
const ZSTD_ENDING: &str = "zst";

/// How an export is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Compress {
    /// Not at all
    None,
    /// As a Zstandard frame with a checksum
    Zstd,
}

impl Compress {
    /// What the option says, else what the file's name says.
    pub fn of(option: Option<Compress>, path: Option<&Path>) -> Self {
        let named = path
            .and_then(Path::extension)
            .is_some_and(|ending| ending == ZSTD_ENDING);
        option.unwrap_or(if named {
            Compress::Zstd
        } else {
            Compress::None
        })
    }
}

/// What is written to.
pub type Sink<'s> = &'s mut dyn Write;

/// Has `work` write to a file that has its name when it is complete and on the disk, and is gone otherwise.
pub fn to_file(
    path: &Path,
    compress: Compress,
    work: impl FnOnce(Sink<'_>) -> Result<()>,
) -> Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    if path.exists() && !path.is_file() {
        // A device or a pipe is written to as it is.
        return through(&mut File::create(path)?, compress, work);
    }
    let mut part = tempfile::NamedTempFile::new_in(folder)?;
    through(part.as_file_mut(), compress, work)?;
    part.as_file().sync_all()?;
    part.persist(path)?;
    Ok(())
}

/// Has `work` write to standard output.
pub fn to_stdout(compress: Compress, work: impl FnOnce(Sink<'_>) -> Result<()>) -> Result<()> {
    through(&mut io::stdout().lock(), compress, work)
}

/// Compresses; what is held back is written before this returns, and its failure is told.
fn through(
    out: &mut dyn Write,
    compress: Compress,
    work: impl FnOnce(Sink<'_>) -> Result<()>,
) -> Result<()> {
    let mut out = BufWriter::new(out);
    match compress {
        Compress::None => work(&mut out)?,
        Compress::Zstd => {
            let mut encoder = Encoder::new(&mut out, ZSTD_LEVEL)?;
            encoder.include_checksum(true)?;
            work(&mut encoder)?;
            encoder.finish()?;
        }
    }
    Ok(out.flush()?)
}
