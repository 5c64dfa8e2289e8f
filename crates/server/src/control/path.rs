//! Paths that fit into a socket's address, however deep the data folder lies.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::SOCKET_NAME;

/// Most bytes of a path in a socket's address (`sun_path` has 108 on Linux, with a zero at the end).
const PATH_BYTES_MAX: usize = 107;

/// The path of a folder's socket in a form that fits; valid as long as this lives.
#[derive(Debug)]
pub(super) struct SocketPath {
    path: PathBuf,
    /// Open folder that a shortened path goes through.
    _folder: Option<File>,
}

impl SocketPath {
    pub(super) fn of(folder: &Path) -> io::Result<Self> {
        let path = folder.join(SOCKET_NAME);
        if path.as_os_str().as_bytes().len() <= PATH_BYTES_MAX {
            return Ok(SocketPath {
                path,
                _folder: None,
            });
        }
        if !cfg!(target_os = "linux") {
            let reason = format!(
                "{} has more than {PATH_BYTES_MAX} bytes; use a data folder with a shorter path",
                path.display()
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
        }
        let folder = File::open(folder)?;
        let path = format!("/proc/self/fd/{}/{SOCKET_NAME}", folder.as_raw_fd());
        Ok(SocketPath {
            path: PathBuf::from(path),
            _folder: Some(folder),
        })
    }

    pub(super) fn as_path(&self) -> &Path {
        &self.path
    }
}
