//! What a folder takes on the disk, and how the system is made to forget it.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::Context;
use rustix::fs::{Advice, fadvise};

/// The unit of a file's allocated blocks, whatever the file system's own is.
const BLOCK_BYTES: u64 = 512;

/// Bytes that a folder's files have allocated, as `du` counts them.
pub fn allocated_bytes(folder: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder).context("reading the data folder")? {
        let entry = entry?;
        match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => bytes += allocated_bytes(&entry.path())?,
            Ok(metadata) => bytes += metadata.blocks() * BLOCK_BYTES,
            // Temporary files come and go beside us.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).context("looking at a file of the data folder"),
        }
    }
    Ok(bytes)
}

/// Makes the system forget what it holds of a folder's files. Nobody has them open.
pub fn forget(folder: &Path) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder).context("reading the data folder")? {
        let path = entry?.path();
        if path.is_file() {
            let file = File::open(&path).context("opening a file to forget it")?;
            // Only what is on the disk can be forgotten.
            file.sync_all()?;
            fadvise(&file, 0, None, Advice::DontNeed).context("forgetting a file")?;
        }
    }
    Ok(())
}

/// Makes the system forget all files, which only its administrator may. Whether it did.
pub fn forget_all() -> bool {
    std::fs::write("/proc/sys/vm/drop_caches", "3").is_ok()
}
